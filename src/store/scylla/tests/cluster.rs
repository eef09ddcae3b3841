//! Three servers, of which one dies, stops and comes back, under writes.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use starling_servers::{Cassandra, Durability};

use crate::domain::history::Range;
use crate::protocol::MessageId;
use crate::store::contract::{Stage, person, text, unique};
use crate::store::scylla::{ScyllaOptions, ScyllaStore};
use crate::store::{NewMessage, Store};

const WRITERS: usize = 16;

/// The request's timeout, and what this machine takes to notice.
const PLAIN_WITHIN: Duration = Duration::from_millis(2_500);
/// What a transaction may try for, and its last request.
const DECIDED_WITHIN: Duration = Duration::from_millis(7_500);

#[derive(Default)]
struct Outcome {
    kept: Vec<MessageId>,
    failed: usize,
    longest: Duration,
}

async fn write(
    stage: Arc<Stage>,
    room: crate::protocol::RoomId,
    first: bool,
    stop: Arc<AtomicBool>,
) -> Outcome {
    let (author, mut outcome) = (person(), Outcome::default());
    while !stop.load(Ordering::Relaxed) {
        let message = text(author, stage.id());
        let (id, began) = (message.id, Instant::now());
        match stage.store.write_message(NewMessage { room_id: room, message, first }).await {
            Ok(_) => outcome.kept.push(id),
            Err(error) => {
                eprintln!("after {:?}: {error}", began.elapsed());
                outcome.failed += 1;
            }
        }
        outcome.longest = outcome.longest.max(began.elapsed());
    }
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_or_stops_loses_nothing_and_holds_up_nobody() {
    let mut cluster = tokio::task::spawn_blocking(|| Cassandra::start(3, Durability::Batch))
        .await
        .expect("it runs");
    let options = ScyllaOptions::new(cluster.contact_points(), format!("test_{}", unique()));
    let store = Arc::new(ScyllaStore::connect(options).await.expect("it connects"));
    let stage = Arc::new(Stage::new(store.clone()));
    let room = stage.room_of(&[]).await.expect("a room");
    let stop = Arc::new(AtomicBool::new(false));
    let writer = |first| tokio::spawn(write(stage.clone(), room, first, stop.clone()));
    let plain: Vec<_> = (0..WRITERS).map(|_| writer(true)).collect();
    let decided: Vec<_> = (0..2).map(|_| writer(false)).collect();

    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.kill(2);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut cluster = tokio::task::spawn_blocking(move || {
        cluster.restart(2);
        cluster
    })
    .await
    .expect("it is back");
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.pause(1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    // Registrations go on while it is away.
    stage.account().await.expect("an account is made");
    cluster.resume(1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::Relaxed);

    let mut kept = Vec::new();
    for (tasks, within) in [(plain, PLAIN_WITHIN), (decided, DECIDED_WITHIN)] {
        let (mut written, mut failed, mut longest) = (0, 0, Duration::ZERO);
        for task in tasks {
            let outcome = task.await.expect("it ends");
            written += outcome.kept.len();
            failed += outcome.failed;
            longest = longest.max(outcome.longest);
            kept.extend(outcome.kept);
        }
        eprintln!("{written} written, {failed} failed, the longest took {longest:?}");
        assert!(written > 100, "{written} were written");
        assert!(longest < within, "one took {longest:?}");
        assert!(failed * 50 < written, "{failed} failed, {written} were written");
    }
    // What one of them had alone would be missing without it.
    let _cluster = tokio::task::spawn_blocking(move || {
        cluster.kill(0);
        cluster
    })
    .await
    .expect("it is gone");
    let (mut found, began) = (HashSet::new(), Instant::now());
    let mut range = Range::Newest;
    loop {
        // It takes the two that are left some seconds to know that they are.
        let page = match store.history(room, range, 500).await {
            Err(error) if began.elapsed() > Duration::from_secs(30) => panic!("{error}"),
            Err(_) => continue,
            Ok(page) => page,
        };
        let Some(first) = page.first() else { break };
        range = Range::Before(first.id);
        found.extend(page.into_iter().map(|message| message.id));
    }
    let lost: Vec<_> = kept.iter().filter(|id| !found.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost", lost.len(), kept.len());
}
