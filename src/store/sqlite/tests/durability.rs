//! What was acknowledged is there: after the process was killed, and when the disk was full.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::children::{child, child_after, given_folder};
use super::{folder, open, stage};
use crate::domain::history::Range;
use crate::protocol::{Message, MessageId, RoomId};
use crate::store::contract::{person, text};
use crate::store::{NewMessage, Store, StoreError, StoreResult, Written};

const ROOM: RoomId = RoomId(Uuid::from_u128(7));

#[tokio::test]
async fn whatever_was_acknowledged_survives_a_kill() -> StoreResult<()> {
    let folder = folder();
    let mut acknowledged = HashSet::new();
    for _ in 0..3 {
        let mut writer = child("durability::writes_until_it_is_killed", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child runs");
        let lines = BufReader::new(writer.stdout.take().expect("it is piped")).lines();
        let mut seen = 0;
        for line in lines {
            // A line that the kill cut off says nothing.
            let Ok(line) = line else { break };
            let Some(id) = line.strip_prefix("written ") else { continue };
            let Some(Ok(id)) = id.strip_suffix('.').map(str::parse::<MessageId>) else { continue };
            acknowledged.insert(id);
            seen += 1;
            if seen == 200 {
                writer.kill().expect("it is killed");
            }
        }
        writer.wait().expect("it has ended");
        assert!(seen >= 200, "the child wrote {seen} messages");

        let store = open(folder.path());
        let history = store.history(ROOM, Range::Newest, usize::MAX).await?;
        let there: HashSet<_> = history.iter().map(|message| message.id).collect();
        assert!(acknowledged.is_subset(&there));
        // Each message stands there with its nonce, or not at all.
        for message in history {
            let message_id = message.id;
            let again = NewMessage { room_id: ROOM, message, first: false };
            let already = Written::Already { room_id: ROOM, message_id };
            assert_eq!(store.write_message(again).await?, already);
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "runs as a child of another test"]
async fn writes_until_it_is_killed() -> StoreResult<()> {
    let store = open(&given_folder());
    let s = stage(&store);
    let writes = (0..16).map(async |_| -> StoreResult<()> {
        let author = person();
        loop {
            let message = s.say(ROOM, author).await?;
            let mut out = std::io::stdout();
            writeln!(out, "written {}.", message.id)
                .and_then(|()| out.flush())
                .expect("the parent listens");
        }
    });
    join_all(writes).await.into_iter().collect()
}

#[test]
fn a_full_disk_fails_writes_until_there_is_room_and_loses_nothing() {
    let folder = folder();
    let script = "mount -t tmpfs -o size=8m tmpfs \"$1\"";
    let test = "durability::on_a_disk_that_fills_up";
    let Some(mut child) = child_after(script, test, folder.path()) else { return };
    assert!(child.status().expect("it runs").success());
}

#[tokio::test]
#[ignore = "runs as a child of another test"]
async fn on_a_disk_that_fills_up() -> StoreResult<()> {
    let (disk, author) = (given_folder(), person());
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 4 * 1024 * 1024]).expect("there is room yet");
    let folder = disk.join("data");
    let store = open(&folder);
    let s = stage(&store);
    let mut acknowledged = Vec::new();
    let write = async || {
        let message = Message { text: "x".repeat(8_000), ..text(author, s.id()) };
        let new = NewMessage { room_id: ROOM, message: message.clone(), first: true };
        store.write_message(new).await.map(|_| message.id)
    };
    // The first failure may have made room by itself, by emptying the log.
    let mut failures = 0;
    while failures < 5 {
        match write().await {
            Ok(id) => {
                failures = 0;
                acknowledged.push(id);
            }
            Err(StoreError::Unavailable(reason)) => {
                failures += 1;
                assert!(reason.contains("full"), "{reason}");
            }
            Err(other) => return Err(other),
        }
    }
    assert!(acknowledged.len() > 50, "{} messages", acknowledged.len());
    let ids = async |store: &dyn Store| {
        let history = store.history(ROOM, Range::Newest, usize::MAX).await?;
        StoreResult::Ok(history.iter().map(|message| message.id).collect::<Vec<_>>())
    };
    assert_eq!(ids(&*store).await?, acknowledged, "reads go on");
    assert!(store.check().await.is_err(), "and the store says that it is not well");
    fs::remove_file(ballast).expect("it is removed");
    for _ in 0..20 {
        acknowledged.push(write().await?);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    store.check().await?;
    assert_eq!(ids(&*store).await?, acknowledged);
    drop(s);
    drop(store);
    assert_eq!(ids(&*open(&folder)).await?, acknowledged);
    Ok(())
}
