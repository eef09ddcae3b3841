//! The reference clock: Redis's, carried on between two answers by this machine's monotonic clock. So
//! it makes no difference what time this machine believes it is, nor whether that is set back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

const UNHEARD: i64 = i64::MIN;

pub(super) struct ReferenceClock {
    started: Instant,
    /// The reference less the time since `started`, in milliseconds.
    offset: AtomicI64,
}

impl ReferenceClock {
    pub fn new() -> Self {
        Self { started: Instant::now(), offset: AtomicI64::new(UNHEARD) }
    }

    /// Milliseconds since 1970; `None` until Redis's clock was heard.
    pub fn now_ms(&self) -> Option<u64> {
        let offset = self.offset.load(Ordering::Relaxed);
        (offset != UNHEARD).then(|| self.since_start(Instant::now()).saturating_add(offset) as u64)
    }

    /// Redis read `redis_ms` off its clock at some moment between `asked` and `answered`. The offset
    /// stays where it agrees with that, and is moved by as little as it takes where it doesn't: an
    /// answer that took long says little, and moves nothing.
    pub fn hear(&self, asked: Instant, answered: Instant, redis_ms: u64) {
        let redis_ms = redis_ms as i64;
        let low = redis_ms - self.since_start(answered);
        let high = redis_ms + 1 - self.since_start(asked);
        let agree = |offset: i64| match offset {
            UNHEARD => low.midpoint(high),
            offset => offset.clamp(low, high),
        };
        let update = |offset| Some(agree(offset));
        // It can't fail: the closure always gives a value.
        let _ = self.offset.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
    }

    fn since_start(&self, at: Instant) -> i64 {
        at.saturating_duration_since(self.started).as_millis() as i64
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const REDIS: u64 = 1_790_000_000_000;

    fn heard(clock: &ReferenceClock, asked_ms: u64, answered_ms: u64, redis_ms: u64) -> i64 {
        let at = |millis| clock.started + Duration::from_millis(millis);
        clock.hear(at(asked_ms), at(answered_ms), redis_ms);
        clock.offset.load(Ordering::Relaxed) - REDIS as i64
    }

    #[test]
    fn it_is_unknown_until_it_was_heard() {
        let clock = ReferenceClock::new();
        assert_eq!(clock.now_ms(), None);
        heard(&clock, 0, 2, REDIS + 1);
        assert!(clock.now_ms().is_some_and(|now| now >= REDIS));
    }

    #[test]
    fn an_answer_moves_it_by_as_little_as_it_takes() {
        let clock = ReferenceClock::new();
        assert_eq!(heard(&clock, 0, 10, REDIS + 5), 0);
        assert_eq!(heard(&clock, 100, 101, REDIS + 100), 0, "it agrees");
        assert_eq!(heard(&clock, 100, 5_100, REDIS + 3_000), 0, "it says little");
        assert_eq!(heard(&clock, 200, 202, REDIS + 210), 8, "ten ahead, or nine, or eight");
        assert_eq!(heard(&clock, 300, 302, REDIS + 300), 1, "back again, by what it must");
    }
}
