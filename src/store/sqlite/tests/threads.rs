//! How the writer and the readers share the data.

use std::cell::Cell;
use std::fs;
use std::sync::mpsc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::{folder, open, stage};
use crate::domain::history::Range;
use crate::protocol::{EventId, RoomId, ServerRole, Topic};
use crate::store::contract::{id_at, now, person, text};
use crate::store::sqlite::{SqliteStore, messages, people, writer};
use crate::store::{NewMessage, Store, StoreError, StoreResult};

/// Keeps the writer busy within a transaction that has written, until it is told to go on. Gives
/// once it is.
async fn hold(store: &SqliteStore, room_id: RoomId) -> mpsc::Sender<()> {
    let (go_on, told) = mpsc::channel();
    let (held, holding) = oneshot::channel();
    let message = text(person(), id_at(now()));
    let job = store.write(move |db| {
        messages::write(db, &NewMessage { room_id, message, first: true })?;
        held.send(()).expect("somebody waits for it");
        // The other end may be dropped instead.
        told.recv().ok();
        Ok(())
    });
    // Whoever does not wait for a write has it done all the same.
    assert!(job.now_or_never().is_none());
    holding.await.expect("the writer has begun");
    go_on
}

#[tokio::test]
async fn readers_do_not_wait_for_the_writer() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let room = s.room_of(&[]).await?;
    let message = s.say(room, person()).await?;
    let go_on = hold(&store, room).await;
    assert_eq!(store.history(room, Range::Newest, 9).await?, [message]);
    drop(go_on);
    store.write(|_| Ok(())).await?;
    assert_eq!(store.history(room, Range::Newest, 9).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_job_that_fails_or_panics_harms_no_other_of_its_transaction() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let (user, room) = (s.account().await?.id, s.room_of(&[]).await?);
    let go_on = hold(&store, room).await;
    let set = |hash: &'static str, end: fn() -> StoreResult<()>| {
        store.write(move |db| {
            people::set_password(db, user, hash)?;
            end()
        })
    };
    let jobs = [
        set("first", || Ok(())),
        set("failed", || Err(StoreError::Damaged("On purpose.".to_owned()))),
        set("panicked", || panic!("on purpose")),
    ];
    let last = store.write(move |db| people::by_id(db, user));
    let (outcomes, last, ()) = tokio::join!(join_all(jobs), last, async { drop(go_on) });
    assert!(matches!(outcomes[0], Ok(())));
    for failed in &outcomes[1..] {
        assert!(matches!(failed, Err(StoreError::Damaged(_))), "{failed:?}");
    }
    assert_eq!(last?.expect("the account").password_hash, "first");
    assert_eq!(store.account(user).await?.expect("the account").password_hash, "first");
    assert_eq!(store.history(room, Range::Newest, 9).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_read_that_panics_harms_no_other() {
    let folder = folder();
    let store = open(folder.path());
    for _ in 0..8 {
        let read: StoreResult<()> = store.read(|_| panic!("on purpose")).await;
        assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
    }
    assert!(store.newest_event().await.is_ok());
}

#[tokio::test]
async fn more_than_the_queue_holds_is_refused_at_once() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let go_on = hold(&store, RoomId::NIL).await;
    let refusals = Cell::new(0);
    let writes = (0..writer::QUEUE + 3).map(async |_| {
        let written = store.write(|_| Ok(())).await;
        if matches!(written, Err(StoreError::Overloaded)) {
            refusals.set(refusals.get() + 1);
            // No sooner: the writer makes room for those that are still to come.
            if refusals.get() == 3 {
                go_on.send(()).ok();
            }
        }
        written
    });
    let written = join_all(writes).await;
    let refused = written.iter().filter(|w| matches!(w, Err(StoreError::Overloaded))).count();
    assert_eq!(refused, 3);
    assert_eq!(written.iter().filter(|written| written.is_ok()).count(), writer::QUEUE);
    store.check().await
}

#[tokio::test]
async fn of_many_who_are_first_exactly_one_becomes_admin() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let made = join_all((0..32).map(|_| s.account())).await;
    let made = made.into_iter().collect::<StoreResult<Vec<_>>>()?;
    assert_eq!(made.iter().filter(|user| user.role == ServerRole::Admin).count(), 1);
    drop((s, store));
    let store = open(folder.path());
    assert_eq!(stage(&store).account().await?.role, ServerRole::User);
    Ok(())
}

/// How many statements a read costs.
async fn cost<T>(
    store: &SqliteStore,
    read: impl Future<Output = StoreResult<T>>,
) -> StoreResult<u64> {
    let before = store.statements_read();
    read.await?;
    Ok(store.statements_read() - before)
}

#[tokio::test]
async fn a_room_that_slept_for_three_years_opens_as_fast_as_a_busy_one() -> StoreResult<()> {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let (busy, slept) = (s.room_of(&[]).await?, s.room_of(&[]).await?);
    for n in 0..100 {
        s.put(busy, text(person(), id_at(now() - n))).await?;
        let ago = if n < 3 { n } else { 3 * 365 * DAY_MS + n };
        s.put(slept, text(person(), id_at(now() - ago))).await?;
    }
    let mut costs = Vec::new();
    for room in [busy, slept] {
        let (user, tails) = (person(), [(room, None)]);
        costs.push((
            cost(&store, store.history(room, Range::Newest, 50)).await?,
            cost(&store, store.tails(user, &tails, 99)).await?,
            cost(&store, store.changes(Topic::Room(room), id_at(now()), 100)).await?,
        ));
    }
    assert_eq!(costs[0], (2, 2, 2));
    // The page reaches into one more bucket.
    assert_eq!(costs[1], (3, 2, 2));
    Ok(())
}

#[tokio::test]
async fn a_topic_without_changes_costs_at_most_two_statements() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let user = person();
    let room = s.room_of(&[user]).await?;
    for _ in 0..50 {
        let message = s.say(room, user).await?;
        s.edit(room, message.id, "edited", s.id()).await?;
    }
    let since: EventId = s.id();
    assert_eq!(cost(&store, store.changes(Topic::Room(room), since, 100)).await?, 2);
    assert_eq!(cost(&store, store.changes(Topic::User(user), since, 100)).await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_log_of_a_busy_writer_stays_short() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let room = s.room_of(&[]).await?;
    let mut longest = 0;
    for _ in 0..40 {
        let mut message = text(person(), s.id());
        message.text = "x".repeat(8_000);
        let writes = (0..64).map(|_| {
            let message = crate::protocol::Message {
                text: message.text.clone(),
                ..text(message.author_id, s.id())
            };
            s.put(room, message)
        });
        join_all(writes).await.into_iter().collect::<StoreResult<Vec<_>>>()?;
        let log = fs::metadata(folder.path().join("starling.db-wal")).expect("the log");
        longest = longest.max(log.len());
    }
    let data = fs::metadata(folder.path().join("starling.db")).expect("the data");
    assert!(data.len() > 16 * 1024 * 1024, "{} bytes", data.len());
    assert!(longest < 16 * 1024 * 1024, "{longest} bytes");
    Ok(())
}
