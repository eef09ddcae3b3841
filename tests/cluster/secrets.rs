//! Secrets come from files, and go nowhere else: not into the log, the list of processes, help or
//! errors. All of them have one word in them, so that it is enough to look for that.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use starling_servers::{Node, NodeOptions, Redis, RedisOptions, WITHOUT_LIMITS, cql_for_tests};

use crate::support::register;

const WORD: &str = "hunter2";

/// Everything that a URL would have to encode.
const REDIS_PASSWORD: &str = "hunter2/redis @:%41+,";

struct Secrets(tempfile::TempDir);

impl Secrets {
    fn new() -> Self {
        let secrets = Self(tempfile::tempdir().expect("a folder"));
        secrets.put("redis-password", REDIS_PASSWORD);
        secrets.put("scylla-password", "hunter2-scylla\n");
        // Nobody is there; nothing is waited for.
        secrets.put("sentry-dsn", "http://hunter2@127.0.0.1:1/7\n");
        let keys = r#"[{"kid":"2026-11","secret":"hunter2-signs-0123456789abcdefghijklmnopqr0"}]"#;
        secrets.put("signing-keys.json", keys);
        secrets
    }

    /// A file that its owner alone can read; where it is.
    fn put(&self, name: &str, text: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let file = self.0.path().join(name);
        fs::write(&file, text).expect("it is written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode is set");
        file.to_string_lossy().into_owned()
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    /// The flags of a node on this Redis.
    fn flags(&self, redis_url: &str) -> Vec<String> {
        [
            ("--redis-url", redis_url.to_owned()),
            ("--redis-password-file", self.file("redis-password")),
            ("--redis-prefix", "secrets".to_owned()),
            ("--scylla-nodes", cql_for_tests().join(",")),
            ("--scylla-keyspace", format!("secrets_{}", std::process::id())),
            ("--scylla-replication", "1".to_owned()),
            ("--scylla-user", "chat".to_owned()),
            ("--scylla-password-file", self.file("scylla-password")),
            ("--sentry-dsn-file", self.file("sentry-dsn")),
            ("--signing-keys", self.file("signing-keys.json")),
        ]
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value])
        .collect()
    }
}

fn starling(arguments: &[String]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_starling"));
    program.args(["--listen", "127.0.0.1:0", "--web-client", "off", "--log", "trace"]);
    program.args(arguments).output().expect("the program runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_takes_its_secrets_from_files_and_tells_nobody() {
    let secrets = Secrets::new();
    let (redis, mut node) = tokio::task::block_in_place(|| {
        let password = Some(REDIS_PASSWORD.to_owned());
        let redis = Redis::with(RedisOptions { password, ..RedisOptions::default() });
        let flags =
            WITHOUT_LIMITS.into_iter().chain([("--log", "trace"), ("--log-format", "json")]);
        let mut arguments = secrets.flags(&format!("redis://{}", redis.address()));
        arguments.extend(flags.flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]));
        let node = Node::start(&NodeOptions {
            program: env!("CARGO_BIN_EXE_starling").into(),
            arguments,
            ..NodeOptions::default()
        });
        (redis, node)
    });
    let (ada, bob) = (register(node.address()).await, register(node.address()).await);
    let room = ada.room_with("private", &[&bob]).await;
    let mut socket = bob.socket().await;
    ada.say(&room, "over Redis").await;
    socket.text("over Redis").await;
    // It logged in: without the password Redis takes no command.
    assert!(redis.cli(&["DBSIZE"]).parse::<u32>().expect("a number") > 0);

    for facts in ["cmdline", "environ"] {
        let text = fs::read(Path::new("/proc").join(node.pid().to_string()).join(facts));
        let text = String::from_utf8_lossy(&text.expect("it runs")).into_owned();
        assert!(text.contains("PATH=") || text.contains("--redis-password-file"), "{text}");
        assert!(!text.contains(WORD), "{facts}: {text}");
    }
    node.terminate();
    assert!(tokio::task::block_in_place(|| node.wait()).success());
    let log = node.log();
    assert!(log.matches(r#""level":"TRACE""#).count() > 100, "it logs all that it can: {log}");
    assert!(log.contains("connected to Redis"), "{log}");
    let line = log.lines().find(|line| line.contains(WORD));
    assert_eq!(line, None);
}

#[test]
fn a_start_that_fails_tells_no_secret() {
    let secrets = Secrets::new();
    let with = |url: &str, changes: &[(&str, String)]| {
        let mut flags = secrets.flags(url);
        for (flag, value) in changes {
            let place = flags.iter().position(|given| given == flag).expect("it is given");
            flags[place + 1].clone_from(value);
        }
        flags
    };
    let alone = |name: &str, keys: &str| {
        let keys = secrets.put(name, keys);
        ["--data", &secrets.file("data"), "--signing-keys", &keys].map(str::to_owned).to_vec()
    };
    let url = "redis://127.0.0.1:1";
    let empty = secrets.put("empty", "");
    let no_dsn = secrets.put("no-dsn", "hunter2@errors.example.org");
    let two_lines = secrets.put("two-lines", "hunter2\nhunter2\n");
    for (arguments, why) in [
        (with("redis://:hunter2@127.0.0.1:1", &[]), "given twice"),
        (with("redis://:hunter2@127.0.0.1:port", &[]), "the URL of Redis number 1 is no good"),
        (with("hunter2", &[]), "the URL of Redis number 1 is no good"),
        (with(url, &[("--redis-password-file", secrets.file("none"))]), "none can't be read"),
        (with(url, &[("--redis-password-file", empty.clone())]), "there is nothing in it"),
        (with(url, &[("--redis-password-file", two_lines)]), "there is more than one line in it"),
        (with(url, &[("--scylla-password-file", empty)]), "there is nothing in it"),
        (with(url, &[("--sentry-dsn-file", no_dsn)]), "no-dsn: it has the form https://KEY@"),
        (alone("text", r#""hunter2""#), "is not in its form: look at line 1, column 9"),
        (alone("field", r#"[{"hunter2":1}]"#), "is not in its form"),
        (alone("short", r#"[{"kid":"a","secret":"hunter2A"}]"#), "is shorter than 32 bytes"),
        (
            alone("padded", r#"[{"kid":"a","secret":"hunter2="}]"#),
            "is not base64url without padding",
        ),
    ] {
        let output = starling(&arguments);
        let said = format!("{output:?}");
        assert_eq!(output.status.code(), Some(1), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
        assert!(!said.contains(WORD), "{said}");
    }
}

#[test]
fn help_and_wrong_flags_tell_no_secret() {
    let ask = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_starling"));
        program.env("STARLING_REDIS_URL", "redis://:hunter2@redis.example");
        program.args(arguments).output().expect("the program runs")
    };
    for (arguments, code, says) in [
        (&["--help"][..], 0, "STARLING_REDIS_URL"),
        (&["-h"], 0, "STARLING_REDIS_URL"),
        (&[], 2, "--scylla-nodes"),
        (&["--redis-password", "hunter2"], 2, "--redis-password-file"),
        (&["--log-format", "xml"], 2, "--log-format"),
    ] {
        let output = ask(arguments);
        let said = format!("{output:?}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(!said.contains(WORD), "{arguments:?}: {said}");
    }
}

#[test]
fn the_doctor_tells_no_secret_and_who_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let secrets = Secrets::new();
    let password = Some("another one".to_owned());
    let redis = Redis::with(RedisOptions { password, ..RedisOptions::default() });
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(secrets.file("redis-password"), open).expect("its mode is set");
    let mut arguments = secrets.flags(&format!("redis://{}", redis.address()));
    arguments.push("doctor".to_owned());
    let output = starling(&arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains("problem  Redis at 127.0.0.1:"), "{said}");
    assert!(said.contains("advice   Everybody on this machine can read the secret in "), "{said}");
    assert!(!format!("{output:?}").contains(WORD), "{output:?}");
}
