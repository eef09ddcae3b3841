//! Data that a newer program has used: this one works with it where each step beyond its own says so.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{folder, open, stage};
use crate::domain::history::Range;
use crate::protocol::{Role, Room, RoomKind};
use crate::store::contract::{Stage, contract_tests};
use crate::store::sqlite::migrate::{STEPS, VERSION, run_steps, tables};
use crate::store::sqlite::open::DATA_FILE;
use crate::store::sqlite::{OpenError, SqliteOptions, SqliteStore};
use crate::store::steps::{Step, Tables};
use crate::store::{Store, StoreResult};

/// What a next version may do without anybody noticing: columns for everything, a table and an index.
const ADDS: Step = Step {
    code: "
        ALTER TABLE meta         ADD COLUMN added TEXT;
        ALTER TABLE users        ADD COLUMN added TEXT;
        ALTER TABLE sessions     ADD COLUMN added TEXT NOT NULL DEFAULT 'nothing';
        ALTER TABLE rooms        ADD COLUMN added TEXT NOT NULL DEFAULT 'nothing';
        ALTER TABLE room_members ADD COLUMN added TEXT NOT NULL DEFAULT 'nothing';
        ALTER TABLE room_buckets ADD COLUMN added TEXT;
        ALTER TABLE messages     ADD COLUMN added TEXT NOT NULL DEFAULT 'nothing';
        ALTER TABLE reactions    ADD COLUMN added TEXT NOT NULL DEFAULT 'nothing';
        ALTER TABLE sends        ADD COLUMN added TEXT;
        ALTER TABLE changes      ADD COLUMN added TEXT;
        ALTER TABLE unpublished  ADD COLUMN added TEXT;
        CREATE TABLE more (id BLOB PRIMARY KEY) WITHOUT ROWID, STRICT;
        CREATE INDEX rooms_by_version ON rooms (version);
    ",
    oldest: VERSION,
};

/// What it may not do in one version.
const REMOVES: Step = Step { code: "DROP TABLE more", oldest: VERSION + 2 };

/// Brings the data further than this program could, as newer ones do.
fn bring(folder: &Path, steps: &[Step]) -> Tables {
    let mut connection = Connection::open(folder.join(DATA_FILE)).expect("it opens");
    let known: Vec<Step> = STEPS.iter().chain(steps).copied().collect();
    let before = found(&connection);
    run_steps(&mut connection, before, &known).expect("the steps are SQL");
    found(&connection)
}

fn found(connection: &Connection) -> Tables {
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    tables(version.expect("it has a version"))
}

fn ahead() -> (Arc<dyn Store>, TempDir) {
    let folder = folder();
    drop(open(folder.path()));
    assert_eq!(bring(folder.path(), &[ADDS]).version, VERSION + 1);
    (open(folder.path()), folder)
}

/// The whole contract, one step ahead.
mod contract {
    use super::{ahead, contract_tests};

    contract_tests!(ahead);
}

#[test]
fn every_table_is_changed_by_the_step_that_the_contract_is_tried_with() {
    let folder = folder();
    drop(open(folder.path()));
    let connection = Connection::open(folder.path().join(DATA_FILE)).expect("it opens");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let mut tables = connection.prepare(sql).expect("it is SQL");
    let names = tables.query_map((), |row| row.get::<_, String>(0)).expect("it runs");
    for name in names.map(|name| name.expect("a name")) {
        assert!(ADDS.code.contains(&format!("ALTER TABLE {name} ")), "{name}");
    }
}

#[tokio::test]
async fn data_goes_forth_and_back_and_loses_nothing() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let author = s.account().await?.id;
    let room = s.new_room(RoomKind::Private);
    let member = s.new_member(room.id, author, Role::Owner);
    s.store.create_room(room.clone(), vec![member]).await?;
    let before = s.say(room.id, author).await?;
    drop((s, store));

    bring(folder.path(), &[ADDS]);
    let newer = Connection::open(folder.path().join(DATA_FILE))?;
    newer.execute_batch("UPDATE rooms SET added = 'x'; UPDATE room_members SET added = 'y'")?;
    drop(newer);

    let store = open(folder.path());
    let s = Stage::new(store.clone());
    let after = s.say(room.id, author).await?;
    let renamed = Room { name: "Renamed".to_owned(), version: s.id(), ..room.clone() };
    s.store.update_room(renamed).await?;
    s.read_up_to(room.id, author, after.id).await?;
    drop((s, store));

    assert_eq!(
        bring(folder.path(), &[ADDS]),
        Tables { version: VERSION + 1, oldest: VERSION },
        "the older program has left that as it was"
    );
    let newer = Connection::open(folder.path().join(DATA_FILE))?;
    let sql = "SELECT rooms.name, rooms.added, room_members.added FROM rooms, room_members";
    let row = newer.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let row: (String, String, String) = row?;
    assert_eq!(row, ("Renamed".to_owned(), "x".to_owned(), "y".to_owned()));
    drop(newer);
    let history = open(folder.path()).history(room.id, Range::Newest, 10).await?;
    assert_eq!(history.iter().map(|message| message.id).collect::<Vec<_>>(), [before.id, after.id]);
    Ok(())
}

#[test]
fn data_is_refused_once_a_step_has_taken_away_what_is_needed() {
    let folder = folder();
    drop(open(folder.path()));
    bring(folder.path(), &[ADDS, REMOVES]);
    let opened = SqliteStore::open(SqliteOptions::new(folder.path()));
    let Err(OpenError::Newer { found, known, .. }) = opened else { panic!("it is too new") };
    assert_eq!((found, known), (VERSION + 2, VERSION));
}
