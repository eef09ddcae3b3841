//! What this store counts.

use std::time::Instant;

use crate::observe;
use crate::store::{StoreResult, count_failure};

/// Times a call by its name, and counts what failed.
pub(super) async fn call<T>(
    name: &'static str,
    work: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    let began = Instant::now();
    let result = work.await;
    observe::STORE_CALL.time(name, began);
    count_failure(result)
}
