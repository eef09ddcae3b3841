//! What the embedded store counts.

use std::time::Duration;

use crate::observe;
use crate::store::{StoreError, StoreResult};

/// One transaction of the writer: how long it took until it was on disk, and how many jobs it held.
pub(super) fn commit(took: Duration, jobs: usize) {
    observe::STORE_COMMIT.record("", took.as_secs_f64());
    observe::STORE_COMMIT_JOBS.record("", jobs as f64);
}

/// One job of a reader.
pub(super) fn read(took: Duration) {
    observe::STORE_READ.record("", took.as_secs_f64());
}

/// One statement that reads.
pub(super) fn statement_read() {
    observe::STORE_READS.add("", 1);
}

/// Counts what failed. A name that is taken is an answer, not a failure.
pub(super) fn outcome<T>(result: StoreResult<T>) -> StoreResult<T> {
    let kind = match &result {
        Ok(_) | Err(StoreError::Taken(_)) => return result,
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Overloaded) => "overloaded",
        Err(StoreError::Damaged(_)) => "damaged",
    };
    observe::STORE_ERRORS.add(kind, 1);
    result
}
