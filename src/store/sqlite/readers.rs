//! The threads that read, each with a connection of its own. They see what was committed when a job
//! began, and never wait for the writer.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::db::Db;
use super::metrics;
use crate::store::{StoreError, StoreResult};

/// Jobs that wait; more are refused with [`StoreError::Overloaded`].
const QUEUE: usize = 8_192;

type Job = Box<dyn FnOnce(StoreResult<&Db<'_>>) + Send>;

/// The handle of the readers' threads. Dropping it waits until all that was taken is read.
#[derive(Debug)]
pub(super) struct Readers {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    selects: Arc<AtomicU64>,
}

impl Readers {
    pub(super) fn start(connections: Vec<Connection>) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let selects = Arc::new(AtomicU64::new(0));
        let start = |connection| {
            let (waiting, selects) = (waiting.clone(), selects.clone());
            thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || work(&connection, &waiting, &selects))
        };
        let threads = connections.into_iter().map(start).collect::<io::Result<_>>()?;
        Ok(Self { jobs: Some(jobs), threads, selects })
    }

    /// Runs `work` on one state of the data.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (caller, answer) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            // Whoever gave up waiting does not want to know.
            if !caller.is_closed() {
                drop(caller.send(db.and_then(work)));
            }
        });
        let stopped = || StoreError::Unavailable("The store has stopped.".to_owned());
        match self.jobs.as_ref().ok_or_else(stopped)?.try_send(job) {
            Ok(()) => answer
                .await
                .unwrap_or_else(|_| Err(StoreError::Damaged("A read panicked.".to_owned()))),
            Err(TrySendError::Full(_)) => Err(StoreError::Overloaded),
            Err(TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }

    /// Statements that have read so far.
    pub(super) fn statements(&self) -> u64 {
        self.selects.load(Ordering::Relaxed)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reader of the store panicked");
            }
        }
    }
}

fn work(connection: &Connection, waiting: &Mutex<Receiver<Job>>, selects: &AtomicU64) {
    // One thread waits at the queue, the others wait for their turn there.
    let next = || waiting.lock().recv();
    let step = |sql| connection.prepare_cached(sql)?.execute(()).map_err(StoreError::from);
    while let Ok(job) = next() {
        let start = Instant::now();
        let db = Db::new(connection, selects);
        let begun = step("BEGIN").map(|_| &db);
        // A job only reads: nothing that it leaves behind can be half done.
        if catch_unwind(AssertUnwindSafe(|| job(begun))).is_err() {
            tracing::error!("a read of the store panicked");
        }
        if !connection.is_autocommit()
            && let Err(error) = step("COMMIT")
        {
            tracing::error!(%error, "a reader of the store can't end its transaction");
        }
        metrics::read(start.elapsed());
    }
}
