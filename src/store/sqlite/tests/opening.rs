//! What data is opened, and what is refused and left as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use tempfile::TempDir;

use super::children::{bytes_of, child_after, given_folder};
use super::{folder, open, stage};
use crate::domain::history::Range;
use crate::protocol::RoomId;
use crate::store::sqlite::migrate;
use crate::store::sqlite::open::{DATA_FILE, LOCK_FILE};
use crate::store::sqlite::{OpenError, SqliteOptions, SqliteStore};
use crate::store::{Store, StoreError, StoreResult};

const PAGE: usize = 4_096;

fn refused(folder: &Path) -> OpenError {
    let error = SqliteStore::open(SqliteOptions::new(folder)).expect_err("it must be refused");
    let text = error.to_string();
    assert!(text.contains(&*folder.to_string_lossy()) && text.ends_with('.'), "{text}");
    error
}

/// Closed data of some hundred pages, and the room that its messages are in.
async fn written() -> StoreResult<(TempDir, RoomId)> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let room = s.room_of(&[]).await?;
    let author = s.account().await?.id;
    for _ in 0..400 {
        s.say(room, author).await?;
    }
    Ok((folder, room))
}

#[tokio::test]
async fn what_was_written_is_there_after_the_store_was_closed() -> StoreResult<()> {
    let (folder, room) = written().await?;
    let left: Vec<_> = bytes_of(folder.path()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(left, [DATA_FILE, LOCK_FILE].map(|name| folder.path().join(name)));
    let store = open(folder.path());
    assert_eq!(store.history(room, Range::Newest, 1_000).await?.len(), 400);
    Ok(())
}

#[tokio::test]
async fn a_commit_is_on_disk_before_it_is_answered() -> StoreResult<()> {
    const FULL: u32 = 2;
    let folder = folder();
    let store = open(folder.path());
    let setting = async |sql: &'static str| {
        store.write(move |db| db.row(sql, (), |row| row.get::<_, Value>(0))).await
    };
    let integer = Value::Integer(FULL.into());
    assert_eq!(setting("PRAGMA synchronous").await?, Some(integer));
    assert_eq!(setting("PRAGMA journal_mode").await?, Some(Value::Text("wal".to_owned())));
    Ok(())
}

#[test]
fn nobody_else_may_look_into_the_folder() {
    let outer = folder();
    let folder = outer.path().join("a/b");
    let _store = open(&folder);
    let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for (path, _) in bytes_of(&folder) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_until_the_first_has_gone() {
    let folder = folder();
    let first = open(folder.path());
    assert!(matches!(refused(folder.path()), OpenError::InUse { .. }));
    drop(first);
    open(folder.path());
}

#[tokio::test]
async fn beside_a_server_data_is_read_and_never_written() -> StoreResult<()> {
    let folder = folder();
    let nothing = SqliteStore::beside(folder.path()).map(drop);
    assert!(matches!(nothing, Err(OpenError::Nothing { .. })), "{nothing:?}");
    let store = open(folder.path());
    let s = stage(&store);
    let first = s.account().await?;
    let beside = SqliteStore::beside(folder.path()).expect("it opens");
    let later = s.account().await?;
    for user in [first.id, later.id] {
        assert!(beside.account(user).await?.is_some());
    }
    let refused = beside.set_password(first.id, "other").await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn data_of_an_older_program_is_not_read_beside_it() -> StoreResult<()> {
    let (folder, _) = written().await?;
    let older = Connection::open(folder.path().join(DATA_FILE))?;
    older.pragma_update(None, "user_version", migrate::VERSION - 1)?;
    drop(older);
    let read = SqliteStore::beside(folder.path()).map(drop);
    assert!(matches!(read, Err(OpenError::Older { .. })), "{read:?}");
    Ok(())
}

#[tokio::test]
async fn data_of_a_newer_program_is_refused_and_left_alone() -> StoreResult<()> {
    let (folder, _) = written().await?;
    let file = folder.path().join(DATA_FILE);
    // Once as a newer program leaves it that was killed, once as one that was stopped.
    for was_killed in [true, false] {
        let newer = Connection::open(&file)?;
        newer.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, was_killed)?;
        newer.pragma_update(None, "user_version", migrate::VERSION + 1)?;
        drop(newer);
        let before = fs::read(&file).expect("the file");
        let OpenError::Newer { found, known, .. } = refused(folder.path()) else {
            panic!("it is newer");
        };
        assert_eq!((found, known), (migrate::VERSION + 1, migrate::VERSION));
        assert!(fs::read(&file).expect("the file") == before);
    }
    Ok(())
}

#[test]
fn the_data_of_another_program_is_refused_and_left_alone() -> rusqlite::Result<()> {
    let folder = folder();
    let foreign = Connection::open(folder.path().join(DATA_FILE))?;
    foreign
        .execute_batch("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')")?;
    drop(foreign);
    let before = bytes_of(folder.path());
    assert!(matches!(refused(folder.path()), OpenError::Foreign { .. }));
    assert!(bytes_of(folder.path()) == before);
    Ok(())
}

#[test]
fn a_foreign_database_that_is_still_in_its_log_is_refused() -> rusqlite::Result<()> {
    let folder = folder();
    let foreign = Connection::open(folder.path().join(DATA_FILE))?;
    foreign.pragma_update(None, "application_id", migrate::APPLICATION_ID)?;
    foreign.pragma_update(None, "journal_mode", "WAL")?;
    foreign.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    foreign.pragma_update(None, "application_id", 7)?;
    drop(foreign);
    assert!(matches!(refused(folder.path()), OpenError::Foreign { .. }));
    Ok(())
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    for text in ["x", &"Dear diary! ".repeat(1_000)] {
        let folder = folder();
        fs::write(folder.path().join(DATA_FILE), text).expect("it is written");
        let before = bytes_of(folder.path());
        assert!(matches!(refused(folder.path()), OpenError::NotADatabase { .. }));
        assert!(bytes_of(folder.path()) == before);
    }
}

#[tokio::test]
async fn damaged_data_is_refused_and_left_alone() -> StoreResult<()> {
    let (folder, _) = written().await?;
    let file = folder.path().join(DATA_FILE);
    let sound = fs::read(&file).expect("the file");
    let pages = sound.len() / PAGE;
    assert!(pages > 50, "{pages} pages");
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        change(&mut bytes);
        fs::write(&file, &bytes).expect("it is written");
        let error = refused(folder.path());
        assert!(fs::read(&file).expect("the file") == bytes, "it was changed");
        error
    };
    let middle = pages / 2 * PAGE;
    let header = damage(&|bytes| bytes[..100].fill(0xa5));
    assert!(matches!(header, OpenError::NotADatabase { .. }), "{header}");
    let page = damage(&|bytes| bytes[middle..middle + 3 * PAGE].fill(0xa5));
    assert!(matches!(page, OpenError::Damaged { .. }), "{page}");
    let zeros = damage(&|bytes| bytes[middle..middle + 3 * PAGE].fill(0));
    assert!(matches!(zeros, OpenError::Damaged { .. }), "{zeros}");
    let cut = damage(&|bytes| bytes.truncate(middle));
    assert!(matches!(cut, OpenError::Damaged { .. }), "{cut}");
    let first = damage(&|bytes| bytes[100..PAGE].fill(0xa5));
    assert!(matches!(first, OpenError::Damaged { .. }), "{first}");
    fs::write(&file, &sound).expect("it is written");
    open(folder.path());
    Ok(())
}

#[tokio::test]
async fn whatever_page_is_overwritten_no_read_panics() -> StoreResult<()> {
    let (folder, room) = written().await?;
    let file = folder.path().join(DATA_FILE);
    let sound = fs::read(&file).expect("the file");
    for at in (0..sound.len()).step_by(PAGE) {
        let mut bytes = sound.clone();
        for byte in &mut bytes[at..at + PAGE] {
            *byte = rand::random();
        }
        fs::write(&file, &bytes).expect("it is written");
        // What the check at the start can't see, a read may meet.
        if let Ok(store) = SqliteStore::open(SqliteOptions::new(folder.path())) {
            match store.history(room, Range::Newest, 1_000).await {
                Ok(_) => {}
                Err(StoreError::Damaged(reason)) => assert!(!reason.contains("panic"), "{reason}"),
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

#[test]
fn a_folder_that_can_only_be_read_is_refused() {
    let folder = folder();
    drop(open(folder.path()));
    let script = "mount --bind \"$1\" \"$1\"\nmount -o remount,bind,ro \"$1\"";
    let test = "opening::in_a_folder_that_can_only_be_read";
    let Some(mut child) = child_after(script, test, folder.path()) else { return };
    assert!(child.status().expect("it runs").success());
}

#[test]
#[ignore = "runs as a child of another test"]
fn in_a_folder_that_can_only_be_read() {
    let folder = given_folder();
    assert!(matches!(refused(&folder), OpenError::NotWritable { .. }));
    assert!(matches!(refused(&folder.join("new")), OpenError::NoFolder { .. }));
    fs::write(folder.join("probe"), "").expect_err("the folder can't be written to");
}
