//! Exports from and imports into a cluster's store.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use starling_servers::cql_for_tests;

use crate::rig::{Rig, keyspace};
use crate::support::exports::{
    PEOPLE, done, export, exported, folder, import, made_file, places, rand_of, refused,
};

/// The flags that name the store.
fn flags(keyspace: &str) -> [String; 6] {
    let nodes = cql_for_tests().join(",");
    [
        "--scylla-nodes".to_owned(),
        nodes,
        "--scylla-keyspace".to_owned(),
        keyspace.to_owned(),
        "--scylla-replication".to_owned(),
        "1".to_owned(),
    ]
}

#[test]
fn an_installation_moves_to_a_cluster_and_back() {
    let (outer, [there, data, back]) = places(["there.jsonl", "data", "back.jsonl"]);
    let cluster = flags(&keyspace("moved"));
    let said = refused(export(&cluster, &there));
    assert!(said.contains("has tables of version 0"), "{said}");
    let file = exported(&outer, 2_000);
    let mut killed = 0;
    // Each later than the one before: the first is surely killed.
    for attempt in 1..=8 {
        let mut child = import(&cluster, &file).spawn().expect("the program runs");
        std::thread::sleep(Duration::from_millis(400 * attempt));
        child.kill().expect("it is there");
        killed += u32::from(!child.wait().expect("it ends").success());
    }
    assert!(killed > 0, "none was killed on its way");
    for _ in 0..2 {
        let said = done(import(&cluster, &file));
        assert!(said.contains("2 people, 1 conversations, 2000 messages, 2 members"), "{said}");
    }
    done(export(&cluster, &there));
    let whole = fs::read(&file).expect("a file");
    assert!(fs::read(&there).expect("a file") == whole);
    // What was written of it goes on from anywhere here, too.
    for n in 1..=3_u64 {
        let at = rand_of(n) as usize % whole.len();
        let half = fs::OpenOptions::new().write(true).open(&there).expect("it is there");
        half.set_len(at as u64).expect("it is cut");
        done(export(&cluster, &there));
        assert!(fs::read(&there).expect("a file") == whole, "cut at {at}");
    }
    done(import(&folder(&data), &there));
    done(export(&folder(&data), &back));
    assert!(fs::read(&back).expect("a file") == whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_room_appears_on_nodes_that_run() {
    let (_outer, [file]) = places(["made.jsonl"]);
    let rig = Rig::in_keyspace("import").await;
    let (ada, bob, _) = rig.people().await;
    let mut sockets = [rig.at(0, &ada).socket().await, rig.at(1, &ada).socket().await];
    made_file(&file, 20, &[(&ada.id, &ada.username), PEOPLE[1]]);
    done(import(&flags(&keyspace("import")), &file));
    let is_it = |frame: &Value| frame["type"] == "room" && frame["room"]["name"] == "Room";
    let [one, other] = &mut sockets;
    let room = one.find(is_it).await["room"]["id"].as_str().expect("an id").to_owned();
    other.find(is_it).await;
    for node in 0..2 {
        assert_eq!(rig.at(node, &ada).texts(&room).await.len(), 20);
    }
    // Both follow it from now on.
    bob.post(&format!("/rooms/{room}/join"), json!({})).await.ok();
    let id = bob.say(&room, "and on").await;
    for socket in &mut sockets {
        assert_eq!(socket.text("and on").await["message"]["id"], id);
    }
}
