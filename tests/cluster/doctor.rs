//! What `starling doctor` finds on servers that are well, and on some that aren't.

use std::process::{Command, Output};

use starling_servers::{Redis, cql_for_tests};

struct Flags {
    redis: String,
    nodes: String,
    keys: String,
}

impl Flags {
    fn doctor(&self) -> Output {
        Command::new(env!("CARGO_BIN_EXE_starling"))
            .args(["--listen", "127.0.0.1:0", "--scylla-keyspace", "never_made"])
            .args(["--redis-url", &self.redis, "--scylla-nodes", &self.nodes])
            .args(["--signing-keys", &self.keys, "doctor"])
            .output()
            .expect("the program runs")
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let redis = Redis::start();
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys.json").to_string_lossy().into_owned();
    let mut flags = Flags { redis: redis.url(), nodes: cql_for_tests().join(","), keys };

    let output = flags.doctor();
    let text = said(&output);
    assert!(text.contains("problem  There are no signing keys"), "{text}");
    assert_eq!(output.status.code(), Some(1));

    starling::auth::keys::Keys::load_or_create(flags.keys.as_ref()).expect("they are made");
    let output = flags.doctor();
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("well     Redis 127.0.0.1:"), "{text}");
    assert!(text.contains("1 of 1 nodes are connected"), "{text}");
    assert!(text.contains("The tables have version 0; this program knows "), "{text}");
    assert!(!text.contains("problem"), "{text}");

    redis.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let text = said(&flags.doctor());
    assert!(text.contains("advice   Redis 127.0.0.1:") && text.contains("allkeys-lru"), "{text}");
    assert!(text.contains("Set maxmemory-policy to noeviction."), "{text}");

    redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let output = flags.doctor();
    assert!(said(&output).contains("is a replica"), "{output:?}");
    assert_eq!(output.status.code(), Some(1));

    flags.redis = "redis://:a-secret@127.0.0.1:1".to_owned();
    flags.nodes = "127.0.0.1:1".to_owned();
    let output = flags.doctor();
    let text = said(&output);
    assert!(text.contains("problem  Redis at 127.0.0.1:1"), "{text}");
    assert!(text.contains("problem  ScyllaDB can't be used"), "{text}");
    assert!(!format!("{output:?}").contains("a-secret"), "{output:?}");
}
