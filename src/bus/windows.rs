//! The limits that one node counts by itself.

use std::collections::HashMap;

use super::LimitKey;
use crate::domain::window::{Limit, Verdict, Window};

/// What passed under each limit.
#[derive(Default)]
pub(super) struct Windows(HashMap<LimitKey, (Limit, Window)>);

impl Windows {
    /// Asks for one more at `now_ms` (any clock that doesn't go back).
    pub(super) fn pass(&mut self, key: LimitKey, limit: Limit, now_ms: u64) -> Verdict {
        if limit.most == 0 {
            return limit.unlimited();
        }
        let (kept, window) = self.0.entry(key).or_insert_with(|| (limit, Window::default()));
        *kept = limit;
        window.pass(limit, now_ms)
    }

    /// Forgets what is over.
    pub(super) fn sweep(&mut self, now_ms: u64) {
        self.0.retain(|_, (limit, window)| !window.is_over(*limit, now_ms));
    }
}
