//! What this store counts.

use std::time::Instant;

use crate::observe;
use crate::store::{StoreError, StoreResult};

/// Times a call by its name, and counts what failed. A name that is taken is an answer, not a failure.
pub(super) async fn call<T>(
    name: &'static str,
    work: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    let began = Instant::now();
    let result = work.await;
    observe::STORE_CALL.time(name, began);
    let kind = match &result {
        Ok(_) | Err(StoreError::Taken(_)) => return result,
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Overloaded) => "overloaded",
        Err(StoreError::Damaged(_)) => "damaged",
    };
    observe::STORE_ERRORS.add(kind, 1);
    result
}
