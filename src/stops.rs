//! Places on a message's way where a test may end the process, as `kill -9` would.
//!
//! Debug builds read `STARLING_STOP=NAME:N`: the process aborts when it passes the place of that
//! name for the N-th time. Release builds have none of it.

/// The places, in the order of a message's way.
pub const PLACES: &[&str] =
    &["claimed", "stored", "logged_again", "left_unpublished", "published", "answered"];

#[cfg(not(debug_assertions))]
#[inline]
pub fn pass(_place: &str) {}

#[cfg(debug_assertions)]
pub fn pass(place: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static STOP: LazyLock<Option<(String, AtomicU32)>> = LazyLock::new(|| {
        let text = std::env::var("STARLING_STOP").ok()?;
        let (place, times) = text.split_once(':')?;
        Some((place.to_owned(), AtomicU32::new(times.parse().ok()?)))
    });
    debug_assert!(PLACES.contains(&place), "{place} is not listed");
    if let Some((stop, left)) = &*STOP
        && stop == place
        && left.fetch_sub(1, Ordering::AcqRel) == 1
    {
        eprintln!("stopped at {place}");
        std::process::abort();
    }
}
