//! What this store counts.

use std::time::Instant;

use tracing::{Instrument, trace_span};

use crate::observe;
use crate::store::{StoreResult, count_failure};
use crate::trace;

/// Times a call by its name, and counts what failed.
pub(super) async fn call<T>(
    name: &'static str,
    work: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    let began = Instant::now();
    let span =
        trace_span!(target: trace::TARGET, "store", otel.name = format_args!("store {name}"));
    let result = work.instrument(span).await;
    observe::STORE_CALL.time(name, began);
    count_failure(result)
}
