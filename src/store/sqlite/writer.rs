//! The one thread that writes. It takes all that waits, runs it in one transaction, makes that
//! durable once, and only then answers: so an `fsync` is shared by everybody who waited for it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::db::{self, Db};
use super::metrics;
use crate::store::{StoreError, StoreResult};

/// Jobs that wait; more are refused with [`StoreError::Overloaded`]. A second or two of work.
pub(super) const QUEUE: usize = 8_192;

/// Jobs in one transaction: enough that the `fsync` hardly counts, few enough that nobody waits
/// long for the others.
const BATCH: usize = 512;

/// Jobs after which it is looked how long the log is: one adds a few pages.
const LOOK_AFTER: usize = 64;

/// Pages (4 KiB each) in the write-ahead log from which on it is copied into the file.
const CHECKPOINT_PAGES: i64 = 2_000;

/// The handle of the writer's thread. Dropping it waits until all that was taken is written.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work(&connection, &waiting))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction; answers once it is durable. Where it gives an error, nothing of
    /// it is kept. It runs even when the future is dropped.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Task { work: Some(work), outcome: None, caller });
        let stopped = || StoreError::Unavailable("The store has stopped.".to_owned());
        match self.jobs.as_ref().ok_or_else(stopped)?.try_send(job) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(stopped())),
            Err(TrySendError::Full(_)) => Err(StoreError::Overloaded),
            Err(TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

/// A write, whatever it returns.
trait Job: Send {
    /// Runs it; whether what it wrote is to be kept.
    fn run(&mut self, db: &Db<'_>) -> bool;

    /// Tells the caller: the job's own outcome, or why the transaction failed.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    outcome: Option<StoreResult<T>>,
    caller: oneshot::Sender<StoreResult<T>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Db<'_>) -> StoreResult<T> + Send,
{
    fn run(&mut self, db: &Db<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // Nothing of a job outlives it but what it wrote, and that is taken back.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(db))).unwrap_or_else(|_| {
            Err(StoreError::Damaged("A write panicked; nothing of it was kept.".to_owned()))
        });
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let outcome = match (failure, self.outcome) {
            (None, Some(outcome)) => outcome,
            (Some(failure), _) => Err(failure),
            (None, None) => Err(StoreError::Unavailable("The write was not tried.".to_owned())),
        };
        // Whoever gave up waiting does not want to know.
        drop(self.caller.send(outcome));
    }
}

fn work(connection: &Connection, waiting: &Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut since_look = 0;
    while let Ok(first) = waiting.recv() {
        batch.push(first);
        batch.extend(waiting.try_iter().take(BATCH - 1));
        let start = Instant::now();
        let failure = commit(connection, &mut batch).err();
        metrics::commit(start.elapsed(), batch.len());
        let failed = failure.is_some();
        if failed {
            roll_back(connection);
        }
        let jobs = batch.len();
        for job in batch.drain(..) {
            job.answer(failure.as_ref().map(db::copy));
        }
        since_look += jobs;
        if failed {
            // On a full disk the log's own space is the first that can be won back.
            checkpoint(connection, 1);
        } else if since_look >= LOOK_AFTER {
            since_look = 0;
            checkpoint(connection, CHECKPOINT_PAGES);
        }
    }
    checkpoint(connection, 1);
}

/// Runs all jobs in one transaction. On an error nothing of any of them is kept.
fn commit(connection: &Connection, batch: &mut [Box<dyn Job>]) -> StoreResult<()> {
    let uncounted = AtomicU64::new(0);
    let db = Db::new(connection, &uncounted);
    let step = |sql| connection.prepare_cached(sql)?.execute(()).map_err(StoreError::from);
    step("BEGIN IMMEDIATE")?;
    if let [alone] = batch {
        // It is taken back with the transaction.
        if !alone.run(&db) {
            roll_back(connection);
            return Ok(());
        }
    } else {
        for job in batch {
            step("SAVEPOINT job")?;
            if !job.run(&db) {
                // Some failures of the disk end the whole transaction.
                if connection.is_autocommit() {
                    let reason = "The disk failed while others wrote; all was taken back.";
                    return Err(StoreError::Unavailable(reason.to_owned()));
                }
                step("ROLLBACK TO job")?;
            }
            step("RELEASE job")?;
        }
    }
    if let Some(newest) = db.newest() {
        db.write(
            "INSERT INTO meta (key, value) VALUES ('newest_event', ?1) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value \
             WHERE excluded.value > value",
            (newest,),
        )?;
    }
    step("COMMIT")?;
    Ok(())
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "the store can't take back a failed transaction");
    }
}

/// Copies the write-ahead log into the file, once it has so many pages. Nobody writes meanwhile, and
/// readers don't keep long, so the log's space is then used again from its beginning.
fn checkpoint(connection: &Connection, from: i64) {
    let pages = |sql| connection.prepare_cached(sql)?.query_row((), |row| row.get::<_, i64>(1));
    let run = || {
        if pages("PRAGMA wal_checkpoint(NOOP)")? >= from {
            pages("PRAGMA wal_checkpoint(PASSIVE)")?;
        }
        Ok::<_, rusqlite::Error>(())
    };
    if let Err(error) = run() {
        tracing::warn!(%error, "the store's log could not be copied into its file; it grows");
    }
}
