//! Set-up: servers, people, sockets. Nothing here asserts what a test is about; what can't go on
//! fails with what it waited for.

mod http;
mod node;
mod receiver;
mod socket;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use http::{Api, Reply, register};
pub use node::{Node, Process};
pub use receiver::{Receiver, Span};
pub use socket::{Socket, View};

/// Nothing that works takes this long, on a machine however busy.
pub const PATIENCE: Duration = Duration::from_secs(40);

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A name that nothing else in this run has.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn nonce() -> String {
    format!("nonce-{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}
