//! Rate limits: at most so many in any stretch of so much time.
//!
//! A sliding window, exact: the times of the last `most` are kept. An average-rate limiter such as
//! GCRA needs less memory, but lets up to twice as many through in one stretch, and "5 messages in
//! 10 s" is what people are told.

use std::collections::VecDeque;

/// The most that a window may count: its memory is bounded by this, eight bytes each.
pub const MAX_COUNT: u32 = 10_000;

/// At most `most` in any `per_ms` milliseconds. `most` 0: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub most: u32,
    pub per_ms: u64,
}

/// Whether one more may pass, and what to tell whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    pub limit: Limit,
    /// How many more may pass now.
    pub remaining: u32,
    /// When the next may pass (0: now), in milliseconds from now.
    pub retry_after_ms: u64,
    /// When all are free again, in milliseconds from now.
    pub reset_ms: u64,
}

impl Limit {
    /// What is said where nothing is limited.
    pub fn unlimited(self) -> Verdict {
        Verdict { allowed: true, limit: self, remaining: u32::MAX, retry_after_ms: 0, reset_ms: 0 }
    }
}

/// The times of what passed, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Window {
    passed: VecDeque<u64>,
}

impl Window {
    /// Asks for one more at `now_ms` (any clock that doesn't go back). What is refused is not
    /// counted.
    pub fn pass(&mut self, limit: Limit, now_ms: u64) -> Verdict {
        if limit.most == 0 {
            return limit.unlimited();
        }
        self.forget(limit.per_ms, now_ms);
        let allowed = self.passed.len() < limit.most as usize;
        if allowed {
            self.passed.push_back(now_ms);
        }
        let wait = |time: Option<&u64>| {
            time.map_or(0, |time| (time + limit.per_ms).saturating_sub(now_ms))
        };
        let remaining = limit.most.saturating_sub(self.passed.len() as u32);
        let retry_after_ms = if remaining > 0 { 0 } else { wait(self.passed.front()) };
        Verdict { allowed, limit, remaining, retry_after_ms, reset_ms: wait(self.passed.back()) }
    }

    /// Whether nothing is left to remember.
    pub fn is_over(&self, limit: Limit, now_ms: u64) -> bool {
        self.passed.back().is_none_or(|last| last + limit.per_ms <= now_ms)
    }

    fn forget(&mut self, per_ms: u64, now_ms: u64) {
        while self.passed.front().is_some_and(|time| time + per_ms <= now_ms) {
            self.passed.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIVE_IN_TEN_SECONDS: Limit = Limit { most: 5, per_ms: 10_000 };

    #[test]
    fn the_fifth_passes_and_the_sixth_is_told_when() {
        let mut window = Window::default();
        for n in 0..5 {
            let verdict = window.pass(FIVE_IN_TEN_SECONDS, n * 1_000);
            assert!(verdict.allowed);
            assert_eq!(verdict.remaining, 4 - n as u32);
        }
        let refused = window.pass(FIVE_IN_TEN_SECONDS, 4_500);
        assert!(!refused.allowed);
        assert_eq!((refused.retry_after_ms, refused.reset_ms), (5_500, 9_500));
        assert!(!window.pass(FIVE_IN_TEN_SECONDS, 9_999).allowed);
        assert!(window.pass(FIVE_IN_TEN_SECONDS, 10_000).allowed);
        assert!(!window.pass(FIVE_IN_TEN_SECONDS, 10_001).allowed);
    }

    #[test]
    fn no_limit_counts_nothing() {
        let mut window = Window::default();
        let limit = Limit { most: 0, per_ms: 1 };
        assert!((0..1_000).all(|_| window.pass(limit, 0).allowed));
        assert!(window.is_over(limit, 0));
    }

    proptest! {
        #[test]
        fn no_stretch_ever_holds_more(steps in proptest::collection::vec(0_u64..4_000, 1..200)) {
            let (mut window, mut now, mut passed) = (Window::default(), 0, Vec::new());
            for step in steps {
                now += step;
                if window.pass(FIVE_IN_TEN_SECONDS, now).allowed {
                    passed.push(now);
                }
                let recent = passed.iter().filter(|time| **time + 10_000 > now).count();
                prop_assert!(recent <= 5);
            }
        }
    }
}
