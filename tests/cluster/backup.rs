//! A cluster comes back from a snapshot of its store and its signing keys, as docs/operations.md says.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use starling_servers::{Cassandra, Durability, Node, NodeOptions, Redis, WITHOUT_LIMITS};

use crate::support::register;

const KEYSPACE: &str = "saved";

fn flags(redis: &Redis, cassandra: &Cassandra, keys: &Path) -> Vec<String> {
    let own = [
        ("--redis-url", redis.url()),
        ("--scylla-nodes", cassandra.contact_points().join(",")),
        ("--scylla-keyspace", KEYSPACE.to_owned()),
        ("--scylla-replication", "1".to_owned()),
        ("--signing-keys", keys.to_string_lossy().into_owned()),
    ];
    let usual = WITHOUT_LIMITS.map(|(flag, value)| (flag, value.to_owned()));
    own.into_iter().chain(usual).flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
}

fn node(redis: &Redis, cassandra: &Cassandra, keys: &Path) -> Node {
    Node::start(&NodeOptions {
        program: env!("CARGO_BIN_EXE_starling").into(),
        arguments: flags(redis, cassandra, keys),
        ..NodeOptions::default()
    })
}

/// Each table's files of this snapshot, in a folder of the table's name.
fn copy_snapshot(cassandra: &Cassandra, tag: &str, to: &Path) {
    for table in fs::read_dir(cassandra.data(0).join(KEYSPACE)).expect("it has tables") {
        let table = table.expect("it is read");
        let name = table.file_name().to_string_lossy().into_owned();
        let (name, _) = name.rsplit_once('-').expect("NAME-ID");
        let to = to.join(name);
        fs::create_dir(&to).expect("it is made");
        for file in fs::read_dir(table.path().join("snapshots").join(tag)).expect("it was taken") {
            let file = file.expect("it is read");
            fs::copy(file.path(), to.join(file.file_name())).expect("it is copied");
        }
    }
}

/// The tables that have rows in this backup.
fn saved_tables(backup: &Path) -> Vec<String> {
    let tables = fs::read_dir(backup).expect("it is there").map(|table| table.expect("it is read"));
    let with_rows = tables.filter(|table| {
        let mut files = fs::read_dir(table.path()).expect("it is a folder");
        files.any(|file| file.expect("it is read").file_name().to_string_lossy().contains("-Data."))
    });
    with_rows.map(|table| table.file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_comes_back_from_a_snapshot() {
    let folder = tempfile::tempdir().expect("a folder");
    let (backup, keys) = (folder.path().join("backup"), folder.path().join("keys.json"));
    fs::create_dir(&backup).expect("it is made");
    let (redis, cassandra, mut first) = tokio::task::block_in_place(|| {
        let (redis, cassandra) = (Redis::start(), Cassandra::start(1, Durability::Batch));
        let node = node(&redis, &cassandra, &keys);
        (redis, cassandra, node)
    });
    let (ada, bob) = (register(first.address()).await, register(first.address()).await);
    let room = ada.room_with("private", &[&bob]).await;
    for number in 0..20 {
        ada.say(&room, &format!("message {number}")).await;
    }
    let changed = ada.say(&room, "before the change").await;
    let path = format!("/rooms/{room}/messages/{changed}");
    ada.patch(&path, json!({ "text": "after the change" })).await.ok();
    bob.put(&format!("{path}/reactions/👍"), json!({})).await.ok();
    let before = bob.texts(&room).await;
    assert_eq!(before.len(), 21);

    tokio::task::block_in_place(|| {
        cassandra.nodetool(0, &["snapshot", "--tag", "backup", KEYSPACE]);
        copy_snapshot(&cassandra, "backup", &backup);
    });
    ada.say(&room, "not in the backup").await;
    first.terminate();
    assert!(tokio::task::block_in_place(|| first.wait()).success());
    drop(cassandra);

    // Everything is lost but the backup and the keys. Redis still has what belongs to the time after it.
    let (_cassandra, second) = tokio::task::block_in_place(|| {
        let cassandra = Cassandra::start(1, Durability::Batch);
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_starling"));
        migrate.args(["--scylla-nodes", &cassandra.contact_points().join(",")]);
        migrate.args(["--scylla-keyspace", KEYSPACE, "--scylla-replication", "1", "migrate"]);
        let output = migrate.output().expect("the program runs");
        assert!(output.status.success(), "{output:?}");
        let tables = saved_tables(&backup);
        assert!(tables.len() > 10, "{tables:?}");
        for table in tables {
            let files = backup.join(&table).to_string_lossy().into_owned();
            cassandra.nodetool(0, &["import", KEYSPACE, &table, &files]);
        }
        redis.cli(&["FLUSHALL"]);
        let node = node(&redis, &cassandra, &keys);
        (cassandra, node)
    });
    // The same tokens, the same messages, and it goes on.
    let (ada, bob) = (ada.at(second.address()), bob.at(second.address()));
    assert_eq!(bob.texts(&room).await, before);
    let mut socket = bob.socket().await;
    ada.say(&room, "and on").await;
    socket.text("and on").await;
    ada.another_session().await.get("/me").await.ok();
}
