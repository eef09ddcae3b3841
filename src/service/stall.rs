//! Whether this process was stopped a moment ago: by a signal, a swapped-out page, a machine that
//! moved. What it finds in its sockets then may have been sent long ago, and again elsewhere since.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Service;
use crate::domain::rules::{Rule, SLOW, STALL};

const TICK: Duration = Duration::from_millis(200);

pub(super) struct Stall {
    began: Instant,
    /// The last tick, and when a tick last came late, in milliseconds since it began.
    ticked: AtomicU64,
    woke: AtomicU64,
}

impl Default for Stall {
    fn default() -> Self {
        Self { began: Instant::now(), ticked: AtomicU64::new(0), woke: AtomicU64::new(0) }
    }
}

impl Stall {
    /// Whether it was stopped a moment ago. Sure even before the next tick.
    pub fn is_recent(&self) -> bool {
        let now = self.now();
        let since = |mark: &AtomicU64| now.saturating_sub(mark.load(Ordering::Acquire));
        let woke = self.woke.load(Ordering::Acquire) != 0 && since(&self.woke) < millis(STALL);
        Rule::Stall.holds() && (woke || since(&self.ticked) > millis(SLOW))
    }

    fn tick(&self) {
        let now = self.now();
        if now.saturating_sub(self.ticked.swap(now, Ordering::AcqRel)) > millis(SLOW) {
            self.woke.store(now, Ordering::Release);
        }
    }

    fn now(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

impl Service {
    /// Notices that the process was stopped. Runs until dropped.
    pub(super) async fn keep_watching_itself(self) {
        loop {
            self.0.stall.tick();
            tokio::time::sleep(TICK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_that_came_late_is_remembered_for_a_while() {
        let stall = Stall::default();
        assert!(!stall.is_recent());
        std::thread::sleep(SLOW + Duration::from_millis(50));
        assert!(stall.is_recent(), "before the next tick");
        stall.tick();
        assert!(stall.is_recent(), "after it");
        for _ in 0..25 {
            std::thread::sleep(Duration::from_millis(100));
            stall.tick();
        }
        assert!(!stall.is_recent());
    }
}
