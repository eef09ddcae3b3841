//! Tables that change under nodes that run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::statement::Statement;
use uuid::Uuid;

use super::{drop_keyspace, nodes, options, unique_keyspace};
use crate::store::contract::{
    Stage, changes, members, messages, people, reactions, rooms, sessions,
};
use crate::store::scylla::db::qualified;
use crate::store::scylla::schema::{STEPS, apply_steps, keyspace};
use crate::store::scylla::{ScyllaStore, connect, examine};
use crate::store::steps::Step;
use crate::store::{StoreError, StoreResult};

const KNOWN: u32 = STEPS.len() as u32;

/// What a next version may do without anybody noticing.
const ADDS: Step = Step {
    code: "
        ALTER TABLE users ADD added text;
        ALTER TABLE sessions ADD added text;
        ALTER TABLE rooms ADD added text;
        ALTER TABLE rooms_by_user ADD added text;
        ALTER TABLE messages ADD added text;
        ALTER TABLE reactions ADD added text;
        ALTER TABLE sends ADD added text;
        ALTER TABLE changes ADD added text;
        ALTER TABLE unpublished ADD added text;
        CREATE TABLE IF NOT EXISTS more (id uuid PRIMARY KEY);
    ",
    oldest: KNOWN,
};

/// What it may not do in one version.
const REMOVES: Step = Step { code: "DROP TABLE IF EXISTS more", oldest: KNOWN + 2 };

fn and(steps: &[Step]) -> Vec<Step> {
    STEPS.iter().chain(steps).copied().collect()
}

/// A keyspace of the test's own, on a server that surely listens.
fn new_keyspace() -> String {
    nodes();
    unique_keyspace()
}

/// A change of tables takes the server longer than a statement does.
async fn change(session: &Session, cql: String) -> StoreResult<()> {
    let mut statement = Statement::new(cql);
    statement.set_request_timeout(Some(Duration::from_secs(20)));
    session.query_unpaged(statement, ()).await?;
    Ok(())
}

#[tokio::test]
async fn a_dead_owners_lock_runs_out_and_a_newer_schema_is_refused() -> StoreResult<()> {
    let name = new_keyspace();
    let store = ScyllaStore::connect(options(&name)).await?;
    // Somebody took the lock and died.
    let lock = format!(
        "INSERT INTO {name}.schema_lock (name, owner) VALUES ('schema', ?) IF NOT EXISTS USING TTL 3"
    );
    store.db.session.query_unpaged(lock, (Uuid::new_v4(),)).await?;
    let code = "-- More.\nCREATE TABLE IF NOT EXISTS more (id uuid PRIMARY KEY);";
    let newer = and(&[Step { code, oldest: KNOWN + 1 }]);
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

#[tokio::test]
async fn nodes_go_on_and_start_with_tables_of_the_next_version() -> StoreResult<()> {
    let name = new_keyspace();
    let at = options(&name);
    let ran_before = Arc::new(ScyllaStore::connect(at.clone()).await?);
    let session = connect::session(&at).await?;
    // Somebody began, and died.
    change(&session, format!("ALTER TABLE {name}.messages ADD added text")).await?;
    let newer = and(&[ADDS]);
    assert_eq!(apply_steps(&session, &at, &newer).await?, KNOWN + 1);

    let started_after = Arc::new(ScyllaStore::connect(at.clone()).await?);
    assert_eq!(ScyllaStore::migrate(at.clone()).await?, KNOWN + 1, "it changes nothing");
    let facts = examine(&at).await?;
    assert_eq!((facts.version, facts.oldest, facts.known), (KNOWN + 1, KNOWN, KNOWN));
    for store in [&ran_before, &started_after] {
        let s = Stage::new(store.clone());
        people::a_password_and_a_presence_are_replaced(&s).await?;
        sessions::of_many_rotations_from_one_generation_exactly_one_succeeds(&s).await?;
        rooms::a_room_and_its_members_read_back(&s).await?;
        members::watermarks_only_ever_rise(&s).await?;
        messages::a_message_reads_back_as_it_was_written(&s).await?;
        messages::a_first_attempt_and_its_retries_write_one_message(&s).await?;
        messages::a_deletion_leaves_a_tombstone_for_good(&s).await?;
        reactions::a_reaction_is_told_with_all_others(&s).await?;
        changes::every_kind_of_change_is_found_under_its_version(&s).await?;
        changes::what_is_unpublished_stays_until_it_is_forgotten(&s).await?;
    }

    apply_steps(&session, &at, &and(&[ADDS, REMOVES])).await?;
    let refused = ScyllaStore::connect(at.clone()).await.map(drop);
    let Err(StoreError::Damaged(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("run the newer program"), "{reason}");
    drop_keyspace(&ran_before, &name).await;
    Ok(())
}

#[tokio::test]
async fn tables_of_a_program_that_noted_no_compatibility_are_taken_up() -> StoreResult<()> {
    let name = new_keyspace();
    let at = options(&name);
    let store = ScyllaStore::connect(at.clone()).await?;
    change(&store.db.session, format!("DROP TABLE {name}.schema_compatibility")).await?;
    let facts = examine(&at).await?;
    assert_eq!((facts.version, facts.oldest), (KNOWN, KNOWN));
    let newer = and(&[ADDS]);
    let session = connect::session(&at).await?;
    assert_eq!(apply_steps(&session, &at, &newer).await?, KNOWN + 1);
    assert_eq!(examine(&at).await?.oldest, KNOWN);
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
        ("ALTER TABLE b ADD a int", "ALTER TABLE k.b ADD a int"),
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
