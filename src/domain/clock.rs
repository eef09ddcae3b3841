//! The hybrid logical clock that event ids are taken from (Kulkarni et al., "Logical Physical
//! Clocks", 2014): never behind the reference clock, never behind an id it has seen.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::EventId;

/// An id further ahead of the reference clock than this is not taken for a time: one node with a
/// wrong clock must not drag the others into the future.
pub const MAX_AHEAD_MS: u64 = 60_000;

/// Gives ids that rise, on one node, with each call.
#[derive(Debug, Default)]
pub struct HybridClock {
    /// The tick of the newest id given or seen: milliseconds in the upper 48 of 60 bits.
    last: AtomicU64,
}

impl HybridClock {
    /// A clock that gives nothing at or below `newest`.
    pub fn after(newest: Option<EventId>) -> Self {
        Self { last: AtomicU64::new(newest.map_or(0, EventId::tick)) }
    }

    /// The next id. `reference_ms`: the reference clock, in milliseconds since 1970.
    pub fn next(&self, reference_ms: u64, random: u64) -> EventId {
        let reference = reference_ms << 12;
        let step = |last: u64| reference.max(last + 1);
        let last = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(step(last)))
            .expect("the closure always gives a value");
        EventId::new(step(last), random)
    }

    /// Takes note of an id made elsewhere.
    pub fn observe(&self, id: EventId, reference_ms: u64) {
        if id.millis() <= reference_ms + MAX_AHEAD_MS {
            self.last.fetch_max(id.tick(), Ordering::AcqRel);
        }
    }

    /// The time of the clock, in milliseconds since 1970: the reference, or the newest id where
    /// that is ahead.
    pub fn now_ms(&self, reference_ms: u64) -> u64 {
        reference_ms.max(self.last.load(Ordering::Acquire) >> 12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_within_a_millisecond_and_when_the_clock_steps_back() {
        let clock = HybridClock::default();
        let mut last = clock.next(1_000, 7);
        for reference in [1_000, 1_000, 999, 5, 1_001, 1_001] {
            let next = clock.next(reference, 0);
            assert!(next > last, "at {reference}");
            last = next;
        }
        assert_eq!(last.millis(), 1_001);
    }

    #[test]
    fn an_answer_is_never_older_than_what_it_answers() {
        let (ahead, behind) = (HybridClock::default(), HybridClock::default());
        let question = ahead.next(30_000, 1);
        behind.observe(question, 1_000);
        assert!(behind.next(1_000, 0) > question);
    }

    #[test]
    fn a_time_far_ahead_is_not_believed() {
        let clock = HybridClock::default();
        clock.observe(EventId::floor(1_000 + MAX_AHEAD_MS), 1_000);
        assert_eq!(clock.now_ms(0), 1_000 + MAX_AHEAD_MS);
        clock.observe(EventId::floor(1_000 + MAX_AHEAD_MS + 1), 1_000);
        assert_eq!(clock.now_ms(0), 1_000 + MAX_AHEAD_MS);
    }
}
