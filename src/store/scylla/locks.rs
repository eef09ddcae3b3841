//! Turns for what contends: within this process one after another, between processes by trying again.
//!
//! Transactions on one partition that run at the same time cost each other their rounds. Those of one
//! process need not: they wait here, where waiting is free.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use crate::store::{StoreError, StoreResult};

/// How long a call tries. More than one request's timeout, so that one lost answer is no failure.
const TRIES_FOR: Duration = Duration::from_secs(5);

/// The first pause is up to this long; each one after it up to twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(8);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A lock for each key that somebody holds or waits for.
#[derive(Debug, Default)]
pub(super) struct Locks {
    /// By the key's hash: two keys that share one only wait for each other.
    held: Arc<Mutex<HashMap<u64, Arc<Lock<()>>>>>,
    hasher: RandomState,
}

/// Frees the key when dropped.
pub(super) struct Held {
    key: u64,
    table: Arc<Mutex<HashMap<u64, Arc<Lock<()>>>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Locks {
    pub(super) async fn hold(&self, key: impl Hash) -> Held {
        let key = self.hasher.hash_one(key);
        let lock = self.held.lock().entry(key).or_default().clone();
        // Made before the wait: who gives up waiting may be the last one who has the key.
        let mut held = Held { key, table: self.held.clone(), guard: None };
        held.guard = Some(lock.lock_owned().await);
        held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.table.lock();
        drop(self.guard.take());
        // One is the table's own.
        if held.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            held.remove(&self.key);
        }
    }
}

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Attempts {
    until: Instant,
    made: u32,
    failure: Option<StoreError>,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { until: Instant::now() + TRIES_FOR, made: 0, failure: None }
    }

    /// Whether an attempt had no answer, so that it may have happened.
    pub(super) fn doubted(&self) -> bool {
        self.failure.is_some()
    }

    /// The last attempt had no answer.
    pub(super) fn failed(&mut self, error: StoreError) {
        self.failure = Some(error);
    }

    /// Why the last attempt without an answer had none.
    pub(super) fn failure(&mut self) -> Option<StoreError> {
        self.failure.take()
    }

    /// Waits for the next one: not at all for the first, a random while for those after it.
    pub(super) async fn next(&mut self) -> StoreResult<()> {
        self.made += 1;
        if self.made == 1 {
            return Ok(());
        }
        if Instant::now() >= self.until {
            let crowded =
                || StoreError::Unavailable("others write the same all the time".to_owned());
            return Err(self.failure.take().unwrap_or_else(crowded));
        }
        let longest = (FIRST_PAUSE * 2_u32.saturating_pow(self.made - 2)).min(LONGEST_PAUSE);
        tokio::time::sleep(longest.mul_f64(rand::random_range(0.2..1.0))).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_key_is_held_once_and_leaves_nothing_behind() {
        let locks = Locks::default();
        let one = locks.hold("a").await;
        let other = locks.hold("b").await;
        let again = tokio::time::timeout(Duration::from_millis(20), locks.hold("a")).await;
        assert!(again.is_err(), "it is held");
        drop((one, other));
        drop(locks.hold("a").await);
        assert!(locks.held.lock().is_empty());
    }
}
