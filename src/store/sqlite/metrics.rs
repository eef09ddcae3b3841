//! What the embedded store counts.

use std::time::Duration;

use crate::observe;

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
