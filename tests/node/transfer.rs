//! Exports and imports: what moves is all there, whatever ended on the way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use starling::protocol::EventId;
use uuid::Uuid;

use crate::support::exports::{
    PEOPLE, done, export, exported, folder, import, lines, made_file, now, places, program,
    rand_of, refused, text, write,
};
use crate::support::{Api, PASSWORD, Process};

/// The messages of a room, without what differs for each who looks.
async fn history(person: &Api, room: &str) -> Value {
    person.get(&format!("/rooms/{room}/messages?limit=200")).await.ok()["messages"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_whole() {
    let (_outer, [file, moved, again]) = places(["all.jsonl", "moved", "again.jsonl"]);
    let server = Process::start();
    let (ada, bob, eve) = (server.person().await, server.person().await, server.person().await);
    let room = ada.room_with("private", &[&bob, &eve]).await;
    let public = eve.room("public").await;
    let direct = ada.post("/direct", json!({ "user_id": bob.id })).await.ok();
    let direct = direct["room"]["id"].as_str().expect("an id").to_owned();
    let path = |message: &str| format!("/rooms/{room}/messages/{message}");
    let [said, edited, gone] =
        [ada.say(&room, "one").await, bob.say(&room, "two").await, ada.say(&room, "three").await];
    bob.patch(&path(&edited), json!({ "text": "changed" })).await.ok();
    ada.delete(&path(&gone)).await.ok();
    for (person, emoji) in [(&eve, "👍"), (&bob, "👍"), (&bob, "🎉")] {
        person.put(&format!("{}/reactions/{emoji}", path(&said)), json!({})).await.ok();
    }
    bob.say(&direct, "to you alone").await;
    eve.say(&public, "to all").await;
    bob.put(&format!("/rooms/{room}/receipt"), json!({ "read": said })).await.ok();
    eve.post(&format!("/rooms/{room}/leave"), json!({})).await.ok();

    let said_of_it = done(export(&folder(server.data()), &file));
    assert!(said_of_it.contains("3 people, 3 conversations, "), "{said_of_it}");
    let mode = fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    done(import(&folder(&moved), &file));
    done(export(&folder(&moved), &again));
    assert_eq!(fs::read(&file).expect("a file"), fs::read(&again).expect("a file"));

    let there = Process::on(&moved);
    let log_in = async |person: &Api| {
        let nobody = Api::nobody(there.address);
        let body = json!({ "login": person.username, "password": PASSWORD });
        nobody.with_tokens(&nobody.post("/auth/login", body).await.ok())
    };
    let (new_ada, new_bob) = (log_in(&ada).await, log_in(&bob).await);
    for place in [&room, &direct] {
        assert_eq!(history(&new_ada, place).await, history(&ada, place).await);
        let (before, after) = (bob.conversation(place).await, new_bob.conversation(place).await);
        assert_eq!(before, after);
    }
    assert_eq!(log_in(&eve).await.get(&format!("/rooms/{room}")).await.status, 404);
    // It goes on as it was: the first is the admin, and new ids come above all others.
    let admin = |me: Value| me["role"] == "admin";
    assert!(admin(new_ada.get("/me").await.ok()) && !admin(new_bob.get("/me").await.ok()));
    let newest = new_bob.say(&room, "and on").await;
    let after = history(&new_bob, &room).await;
    assert_eq!(after.as_array().and_then(|all| all.last()).expect("some")["id"], newest);
    let newcomer = there.person().await;
    assert!(!admin(newcomer.get("/me").await.ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_room_is_exported_alone_by_its_name_or_id() {
    let (_outer, [by_id, by_name, target]) = places(["id.jsonl", "name.jsonl", "target"]);
    let server = Process::start();
    let (ada, bob, eve) = (server.person().await, server.person().await, server.person().await);
    let room = ada.room_with("private", &[&bob]).await;
    ada.say(&room, "in it").await;
    let other = eve.room("private").await;
    eve.say(&other, "not in it").await;
    let name = ada.get(&format!("/rooms/{room}")).await.ok()["room"]["name"].clone();
    let name = name.as_str().expect("a name");
    let data = server.data();
    let alone =
        |room: &str, to: &Path| program(&folder(data), &["export", "--room", room, text(to)]);
    let said = done(alone(&room, &by_id));
    assert!(said.contains("2 people, 1 conversations, "), "{said}");
    done(alone(name, &by_name));
    assert_eq!(fs::read(&by_id).expect("a file"), fs::read(&by_name).expect("a file"));
    // Nothing that lets anybody in.
    let file = fs::read_to_string(&by_id).expect("a file");
    assert!(!file.contains("argon2") && !file.contains("not in it"), "{file}");
    assert!(refused(alone("nowhere", &target)).contains("no room with the name"));

    // On a server where somebody else has the name of one of them.
    let there = Process::on(&target);
    let body = json!({ "username": bob.username, "email": "b@example.org", "password": PASSWORD });
    let nobody = Api::nobody(there.address);
    let resident = nobody.with_tokens(&nobody.post("/auth/register", body).await.ok());
    drop(there);
    let said = refused(import(&folder(&target), &by_id));
    let bobs_line = |line: &Value| line["username"] == bob.username.as_str();
    let number = 1 + lines(&by_id).iter().position(bobs_line).expect("he is in the room");
    assert!(said.contains(&format!("line {number}: The username {}", bob.username)), "{said}");
    assert!(said.contains("nothing was imported"), "{said}");
    // As the sentence says: the name is changed in the file.
    let renamed = file.replace(&format!("\"{}\"", bob.username), "\"another.bob\"");
    fs::write(&by_id, &renamed).expect("it is written");
    done(import(&folder(&target), &by_id));
    fs::remove_file(&by_name).expect("it is there");
    done(program(&folder(&target), &["export", "--room", name, text(&by_name)]));
    assert_eq!(fs::read_to_string(&by_name).expect("a file"), renamed);
    let there = Process::on(&target);
    let resident = resident.at(there.address);
    let found = resident.get("/users/by-username/another.bob").await.ok();
    assert_eq!(found["id"], bob.id);
    // Who came without a password is let in by none.
    let body = json!({ "login": "another.bob", "password": PASSWORD });
    assert_eq!(nobody.at(there.address).post("/auth/login", body).await.status, 401);
}

#[test]
fn an_import_that_is_killed_is_completed_by_the_next() {
    let (outer, [data, again]) = places(["data", "again.jsonl"]);
    let file = exported(&outer, 6_000);
    let mut killed = 0;
    // Each a little later than the one before: the first is surely killed, however fast it is.
    for attempt in 1..=40 {
        let mut child = import(&folder(&data), &file).spawn().expect("the program runs");
        std::thread::sleep(Duration::from_millis(20 * attempt));
        child.kill().expect("it is there");
        if child.wait().expect("it ends").success() {
            break;
        }
        killed += 1;
    }
    assert!(killed > 0, "none was killed on its way");
    for _ in 0..2 {
        let said = done(import(&folder(&data), &file));
        assert!(said.contains("2 people, 1 conversations, 6000 messages, 2 members"), "{said}");
    }
    done(export(&folder(&data), &again));
    assert_eq!(fs::read(&file).expect("a file"), fs::read(&again).expect("a file"));
}

#[test]
fn an_export_that_was_cut_off_goes_on() {
    let (outer, [data, cut]) = places(["made", "cut.jsonl"]);
    let bytes = fs::read(exported(&outer, 1_500)).expect("a file");
    let cuts = (1..=12_u64).map(|n| rand_of(n) as usize % bytes.len());
    // In the first line, the last two, and at an end of a line.
    let end = bytes.iter().rposition(|byte| *byte == b'\n').expect("it has lines");
    let last = bytes[..end].iter().rposition(|byte| *byte == b'\n').expect("it has lines");
    for at in cuts.chain([0, 1, 20, last, last + 1, end]) {
        let _ = fs::remove_file(&cut);
        fs::write(&cut, &bytes[..at]).expect("it is written");
        fs::set_permissions(&cut, fs::Permissions::from_mode(0o600)).expect("it is ours");
        done(export(&folder(&data), &cut));
        assert!(fs::read(&cut).expect("a file") == bytes, "cut at {at} of {}", bytes.len());
    }
    for attempt in 1..=8 {
        let _ = fs::remove_file(&cut);
        let mut child = export(&folder(&data), &cut).spawn().expect("the program runs");
        std::thread::sleep(Duration::from_millis(15 * attempt));
        child.kill().expect("it is there");
        child.wait().expect("it ends");
        // It may have been whole by then.
        if fs::read(&cut).unwrap_or_default() != bytes {
            done(export(&folder(&data), &cut));
        }
        assert!(fs::read(&cut).expect("a file") == bytes);
    }
}

#[test]
fn an_export_leaves_every_other_file_as_it_is() {
    let (outer, [data, file]) = places(["made", "file"]);
    assert!(refused(export(&folder(&data), &file)).contains("There is no data in"));
    assert!(!data.exists() && !file.exists());
    let made = exported(&outer, 20);
    let try_on = |content: &[u8], mode: u32, says: &str| {
        fs::write(&file, content).expect("it is written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("it is ours");
        let said = refused(export(&folder(&data), &file));
        assert!(said.contains(says), "{said}");
        assert_eq!(fs::read(&file).expect("it is there"), content);
    };
    try_on(b"notes", 0o600, "is no export");
    try_on(b"notes\nof mine\n", 0o600, "is no export");
    try_on(b"", 0o644, "can be read by others");
    let whole = fs::read(&made).expect("a file");
    try_on(&whole, 0o600, "holds a whole export already");
    let first = whole.iter().position(|byte| *byte == b'\n').expect("it has lines");
    let begun = [&whole[..=first], &b"{\"type\":\"user\"}\n"[..]].concat();
    try_on(&begun, 0o600, "line 2: missing field");
    let text = String::from_utf8_lossy(&whole[..=first]).replace("true", "false");
    try_on(text.as_bytes(), 0o600, "begun with other flags");
    let foreign = json!({
        "type": "room", "id": EventId::new(1 << 12, 1), "kind": "private", "name": "Elsewhere",
        "description": "", "created_by": Uuid::nil(), "created_at": 1,
        "version": EventId::new(1 << 12, 1),
    });
    let text = format!("{}{foreign}\n", String::from_utf8_lossy(&whole[..=first]));
    try_on(text.as_bytes(), 0o600, "is of another installation");
    // In a folder it has a name of its own.
    done(export(&folder(&data), outer.path()));
    assert!(outer.path().join("starling.jsonl").exists());
}

#[test]
fn a_file_with_a_wrong_line_is_refused_with_its_number_and_nothing_is_taken() {
    /// A line, what is made of it, and what is said then.
    type Case<'a> = (usize, &'a dyn Fn(&mut Value), &'a str);
    let (_outer, [good, bad, data, nothing]) = places(["good", "bad", "data", "nothing"]);
    made_file(&good, 30, &PEOPLE);
    let good = lines(&good);
    let wrong = |at: usize, change: &dyn Fn(&mut Value)| {
        let mut lines = good.clone();
        change(&mut lines[at]);
        write(&bad, &lines);
        refused(import(&folder(&data), &bad))
    };
    // The lines: 1 the head, 2 Ada, 3 the room, 4 a message of hers, 5 Bob, then messages.
    let blank = "line 4: `text`: A message has at least one character that is not white space.";
    let future = EventId::new((now() + 3_600_000) << 12, 1);
    let cases: [Case<'_>; 9] = [
        (3, &|line| line["text"] = " ".into(), blank),
        (3, &|line| line["id"] = json!(Uuid::from_u128(7)), "line 4: 00000000-"),
        (3, &|line| line["version"] = json!(future), "is from the future"),
        (3, &|line| line["room_id"] = json!(EventId::new(5, 5)), "Its room does not stand above"),
        (
            3,
            &|line| drop(line.as_object_mut().map(|it| it.remove("kind"))),
            "line 4: missing field",
        ),
        (1, &|line| line["username"] = "a b".into(), "line 2: `username`: A username has"),
        (1, &|line| line["password"] = json!({ "hash": "secret", "role": "admin" }), "line 2: "),
        (2, &|line| line["kind"] = "direct".into(), "line 3: A direct conversation has `people`"),
        (
            10,
            &|line| {
                line["reactions"] =
                    json!([{ "emoji": "no", "user_id": Uuid::nil(), "version": future }]);
            },
            "line 11: `emoji`",
        ),
    ];
    for (at, change, says) in cases {
        let said = wrong(at, change);
        assert!(said.contains(says) && said.contains("has a line that"), "{says}: {said}");
        assert!(said.contains("nothing was imported") && !said.contains("secret"), "{said}");
    }
    let said = wrong(0, &|line| line["format"] = 2.into());
    assert!(said.contains("has the format 2; this program knows 1"), "{said}");
    for cut in [1, 2, 10, good.len() - 1] {
        write(&bad, &good[..cut]);
        let said = refused(import(&folder(&data), &bad));
        assert!(said.contains("its last line is missing"), "{said}");
    }
    let mut fewer = good.clone();
    fewer.remove(7);
    write(&bad, &fewer);
    assert!(refused(import(&folder(&data), &bad)).contains("lacks lines"));
    fs::write(&bad, "{}\n").expect("it is written");
    assert!(refused(import(&folder(&data), &bad)).contains("is not an export of Starling's"));
    // None of them left anything.
    let said = done(export(&folder(&data), &nothing));
    assert!(said.contains("0 people, 0 conversations, 0 messages"), "{said}");
}

#[test]
fn an_import_beside_a_running_server_is_refused() {
    let (_outer, [file]) = places(["made.jsonl"]);
    made_file(&file, 3, &PEOPLE);
    let server = Process::start();
    let said = refused(import(&folder(server.data()), &file));
    assert!(said.contains("Another server is using the data folder"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_told_of_a_room_that_came_in_meanwhile() {
    let (_outer, [file, data]) = places(["made.jsonl", "data"]);
    let server = Process::on(&data);
    let ada = server.person().await;
    let cursor = ada.poll(None, 0).await.ok()["cursor"].as_str().expect("a cursor").to_owned();
    drop(server);
    made_file(&file, 20, &[(&ada.id, &ada.username), PEOPLE[1]]);
    done(import(&folder(&data), &file));
    let server = Process::on(&data);
    let ada = ada.at(server.address);
    let mut socket = ada.resume(&cursor).await;
    let room = socket.event("room").await["room"].clone();
    assert_eq!(room["name"], "Room");
    let room = room["id"].as_str().expect("an id");
    let texts = ada.texts(room).await;
    assert_eq!(texts.len(), 20);
    let id = ada.say(room, "and on").await;
    assert_eq!(socket.text("and on").await["message"]["id"], id);
}
