//! What the embedded store counts, and under which names.

use std::time::Duration;

use crate::store::{StoreError, StoreResult};

/// One transaction of the writer: how long it took until it was on disk, and how many jobs it held.
pub(super) fn commit(took: Duration, jobs: usize) {
    metrics::histogram!("starling_store_commit_seconds").record(took.as_secs_f64());
    metrics::histogram!("starling_store_commit_jobs").record(jobs as f64);
}

/// One job of a reader.
pub(super) fn read(took: Duration) {
    metrics::histogram!("starling_store_read_seconds").record(took.as_secs_f64());
}

/// One statement that reads.
pub(super) fn statement_read() {
    metrics::counter!("starling_store_reads_total").increment(1);
}

/// Counts what failed. A name that is taken is an answer, not a failure.
pub(super) fn outcome<T>(result: StoreResult<T>) -> StoreResult<T> {
    let kind = match &result {
        Ok(_) | Err(StoreError::Taken(_)) => return result,
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Overloaded) => "overloaded",
        Err(StoreError::Damaged(_)) => "damaged",
    };
    metrics::counter!("starling_store_errors_total", "kind" => kind).increment(1);
    result
}
