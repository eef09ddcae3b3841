//! The cursor: one short text that says "everything up to here has surely been delivered".
//!
//! It is opaque to clients. Inside stands a time, and, for a client that polls, which events after
//! that time it was given already.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::protocol::EventId;

/// An event is published within this much time after its id was taken, or under a later id.
pub const LATE_MS: u64 = 3_000;

/// How far cursors stay behind what is proved: more than [`LATE_MS`], by what clocks and ids may
/// differ.
pub const LAG_MS: u64 = 5_000;

/// A cursor older than this is answered with "load afresh"; the change log reaches further back.
pub const MAX_AGE_MS: u64 = 6 * 24 * 3600 * 1000;

/// How long the change log keeps a change.
pub const LOG_KEEPS_MS: u64 = 7 * 24 * 3600 * 1000;

/// How many events after its time a cursor can name. More are given again, which is harmless.
pub const MAX_SEEN: usize = 256;

const VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Milliseconds since 1970; everything up to then was delivered.
    pub millis: u64,
    /// Fingerprints ([`EventId::fingerprint`]) of events after then that were delivered too.
    pub seen: Vec<u64>,
}

impl Cursor {
    pub fn at(millis: u64) -> Self {
        Self { millis, seen: Vec::new() }
    }

    /// Everything above this id may be missing.
    pub fn since(&self) -> EventId {
        EventId::floor(self.millis + 1)
    }

    /// Whether the change log still holds everything after it. One from the future was not made
    /// here.
    pub fn is_usable(&self, now_ms: u64) -> bool {
        self.millis + MAX_AGE_MS > now_ms && self.millis <= now_ms + LAG_MS
    }

    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(7 + self.seen.len() * 8);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.millis.to_be_bytes()[2..]);
        for fingerprint in &self.seen {
            bytes.extend_from_slice(&fingerprint.to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` for what [`Cursor::encode`] can't have made.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let ([VERSION], rest) = bytes.split_first_chunk::<1>()? else { return None };
        let (millis, seen) = rest.split_first_chunk::<6>()?;
        if seen.len() % 8 != 0 || seen.len() / 8 > MAX_SEEN {
            return None;
        }
        let mut time = [0; 8];
        time[2..].copy_from_slice(millis);
        let seen = seen
            .chunks_exact(8)
            .map(|chunk| u64::from_be_bytes(chunk.try_into().expect("chunks of eight")))
            .collect();
        Some(Self { millis: u64::from_be_bytes(time), seen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_short_and_reads_back() {
        let cursor = Cursor::at(1_790_000_000_123);
        assert_eq!(cursor.encode().len(), 10);
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        let seen = Cursor { millis: 5, seen: (0..MAX_SEEN as u64).collect() };
        assert_eq!(Cursor::decode(&seen.encode()), Some(seen));
    }

    #[test]
    fn what_is_no_cursor_is_not_taken_for_one() {
        let too_many = Cursor { millis: 5, seen: vec![0; MAX_SEEN + 1] }.encode();
        for text in ["", "?", "AAAA", "AQAAAAAAAAA", &too_many, "AgAAAAAAAA"] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_cursor_is_usable_while_the_log_holds_what_follows_it() {
        let now = 1_790_000_000_000;
        assert!(Cursor::at(now).is_usable(now));
        assert!(Cursor::at(now - MAX_AGE_MS + 1).is_usable(now));
        assert!(!Cursor::at(now - MAX_AGE_MS).is_usable(now));
        assert!(Cursor::at(now + LAG_MS).is_usable(now));
        assert!(!Cursor::at(now + LAG_MS + 1).is_usable(now));
    }
}
