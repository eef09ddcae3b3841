//! Tables that change under nodes that run.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{drop_keyspace, options, unique_keyspace};
use crate::store::scylla::db::qualified;
use crate::store::scylla::schema::{STEPS, apply_steps, keyspace};
use crate::store::scylla::{ScyllaStore, connect};
use crate::store::{StoreError, StoreResult};

#[tokio::test]
async fn a_dead_owners_lock_runs_out_and_a_newer_schema_is_refused() -> StoreResult<()> {
    let name = unique_keyspace();
    let store = ScyllaStore::connect(options(&name)).await?;
    // Somebody took the lock and died.
    let lock = format!(
        "INSERT INTO {name}.schema_lock (name, owner) VALUES ('schema', ?) IF NOT EXISTS USING TTL 3"
    );
    store.db.session.query_unpaged(lock, (Uuid::new_v4(),)).await?;
    let newer = [STEPS[0], "-- More.\nCREATE TABLE IF NOT EXISTS more (id uuid PRIMARY KEY);"];
    let (one, other) =
        (connect::session(&options(&name)).await?, connect::session(&options(&name)).await?);
    let began = Instant::now();
    let at = options(&name);
    let applied =
        futures_util::join!(apply_steps(&one, &at, &newer), apply_steps(&other, &at, &newer));
    assert_eq!((applied.0?, applied.1?), (2, 2));
    assert!(began.elapsed() > Duration::from_secs(1), "it waited for the dead one");
    store.db.session.query_unpaged(format!("SELECT id FROM {name}.more LIMIT 1"), ()).await?;
    let refused = ScyllaStore::connect(options(&name)).await.map(drop);
    let Err(StoreError::Damaged(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("version 2") && reason.contains("version 1"), "{reason}");
    drop_keyspace(&store, &name).await;
    Ok(())
}

#[test]
fn tables_are_named_in_their_keyspace() {
    for (cql, expected) in [
        ("SELECT a FROM b WHERE c = ?", "SELECT a FROM k.b WHERE c = ?"),
        (
            "INSERT INTO b (a) VALUES (?) IF NOT EXISTS",
            "INSERT INTO k.b (a) VALUES (?) IF NOT EXISTS",
        ),
        ("UPDATE b SET a = ? WHERE c = ?", "UPDATE k.b SET a = ? WHERE c = ?"),
        ("CREATE TABLE IF NOT EXISTS b (a int)", "CREATE TABLE IF NOT EXISTS k.b (a int)"),
        ("SELECT a FROM system.local", "SELECT a FROM system.local"),
        (
            "INSERT INTO b (a) VALUES (?) IF NOT EXISTS USING TTL 3",
            "INSERT INTO k.b (a) VALUES (?) IF NOT EXISTS USING TTL 3",
        ),
    ] {
        assert_eq!(qualified("k", cql), expected);
    }
}

#[test]
fn only_scylladb_is_told_to_do_without_tablets() {
    let options = super::ScyllaOptions::new(Vec::new(), "chat");
    let plain = "CREATE KEYSPACE IF NOT EXISTS chat WITH replication = \
                 {'class': 'NetworkTopologyStrategy', 'west': 3}";
    assert_eq!(keyspace(&options, "west", false), plain);
    let scylla = format!("{plain} AND tablets = {{'enabled': false}}");
    assert_eq!(keyspace(&options, "west", true), scylla);
}
