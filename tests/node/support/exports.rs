//! Files of exports, and the program that writes and reads them.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use starling::protocol::EventId;
use tempfile::TempDir;

/// The ids and names of two people.
pub const PEOPLE: [(&str, &str); 2] = [
    ("00000000-0000-4000-8000-000000000001", "ada"),
    ("00000000-0000-4000-8000-000000000002", "bob"),
];

/// The program, with a task for the store that these flags name.
pub fn program<S: AsRef<OsStr>>(store: &[S], task: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command.args(store).args(task).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// The embedded store in this folder.
pub fn folder(data: &Path) -> [&str; 2] {
    ["--data", text(data)]
}

/// An export of everything.
pub fn export<S: AsRef<OsStr>>(store: &[S], to: &Path) -> Command {
    program(store, &["export", "--with-passwords", text(to)])
}

pub fn import<S: AsRef<OsStr>>(store: &[S], from: &Path) -> Command {
    program(store, &["import", text(from)])
}

#[track_caller]
pub fn done(mut command: Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
pub fn refused(mut command: Command) -> String {
    let output: Output = command.output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder, and the paths of these names in it.
pub fn places<const N: usize>(names: [&str; N]) -> (TempDir, [PathBuf; N]) {
    let outer = tempfile::tempdir().expect("a folder");
    let paths = names.map(|name| outer.path().join(name));
    (outer, paths)
}

pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    since.as_millis() as u64
}

/// A file as an export writes it, to the byte.
pub fn exported(outer: &TempDir, messages: u64) -> PathBuf {
    let [made, data, file] = ["made.jsonl", "made", "exported.jsonl"].map(|n| outer.path().join(n));
    made_file(&made, messages, &PEOPLE);
    done(import(&folder(&data), &made));
    done(export(&folder(&data), &file));
    assert_eq!(lines(&file), lines(&made));
    file
}

/// A file that says what an export says: two people in a room, with messages of each sort.
pub fn made_file(path: &Path, messages: u64, people: &[(&str, &str); 2]) {
    let mut tick = (now() - 40 * 24 * 3600 * 1000) << 12;
    let mut id = move || {
        // Over a bucket of ten days and more.
        tick += 1 << 30;
        EventId::new(tick, rand_of(tick))
    };
    let [(ada, _), (bob, _)] = *people;
    let room = id();
    let mut lines = vec![
        json!({ "type": "starling", "format": 1, "version": "0.1.0", "room": null, "passwords": true }),
        person(people[0]),
        json!({
            "type": "room", "id": room, "kind": "public", "name": "Room", "description": "",
            "created_by": ada, "created_at": room.millis(), "deleted": false, "version": room,
        }),
    ];
    for number in 0..messages {
        let message = id();
        if number == 1 {
            lines.push(person(people[1]));
        }
        let author = if number % 2 == 0 { ada } else { bob };
        let mut line = json!({
            "type": "message", "room_id": room, "id": message,
            "author_id": author, "kind": "text",
            "text": format!("message {number}"), "nonce": format!("nonce-{number:08}"),
            "sent_at": message.millis(), "deleted": false, "version": message,
        });
        match number % 10 {
            3 => {
                let version = id();
                line["edited_at"] = version.millis().into();
                line["version"] = json!(version);
            }
            5 => {
                drop(line.as_object_mut().expect("an object").remove("text"));
                line["deleted"] = true.into();
                line["version"] = json!(id());
            }
            7 => {
                let version = id();
                line["reactions"] = json!([{ "emoji": "👍", "user_id": ada, "version": version }]);
                line["reactions_version"] = json!(version);
            }
            _ => {}
        }
        lines.push(line);
    }
    for user in [ada, bob] {
        let version = id();
        lines.push(json!({
            "type": "member", "room_id": room, "user_id": user, "state": "joined",
            "role": "member", "joined_at": version.millis(), "delivered": null, "read": null,
            "version": version,
        }));
    }
    lines.push(json!({
        "type": "end", "users": 2, "rooms": 1, "messages": messages, "members": 2,
    }));
    write(path, &lines);
}

fn person((id, name): (&str, &str)) -> Value {
    json!({
        "type": "user", "id": id, "username": name, "email": format!("{name}@example.org"),
        "display_name": name, "created_at": 1_700_000_000_000_u64, "presence": "auto",
    })
}

/// Something that looks random, and is the same each time.
pub fn rand_of(tick: u64) -> u64 {
    tick.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31)
}

pub fn write(path: &Path, lines: &[Value]) {
    let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .expect("it is made");
    file.write_all(text.as_bytes()).expect("it is written");
}

pub fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("it is there");
    text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
}
