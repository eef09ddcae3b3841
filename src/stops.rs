//! Places where a test may make the process fail: die as by `kill -9`, dawdle, or miss an event.
//!
//! Debug builds read what to do from the environment; release builds have none of it.
//!
//! - `STARLING_STOP=PLACE:N` ends the process when it passes that place for the N-th time.
//! - `STARLING_PAUSE=PLACE:N:MS` waits there for so long.
//! - `STARLING_PANIC=PLACE:N:TEXT` panics there with this text.
//! - `STARLING_MISS=N` makes the relay miss the N-th event of a room that it hears.

/// The places, in the order of a message's way.
pub const PLACES: &[&str] =
    &["received", "claimed", "noting", "stored", "logged_again", "left_unpublished", "published"];

#[cfg(not(debug_assertions))]
#[inline]
pub async fn pass(_place: &str) {}

#[cfg(not(debug_assertions))]
#[inline]
pub fn misses() -> bool {
    false
}

#[cfg(debug_assertions)]
pub use in_tests::{misses, pass};

#[cfg(debug_assertions)]
mod in_tests {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// What happens the N-th time.
    struct Nth<T> {
        what: T,
        left: AtomicU32,
    }

    impl<T> Nth<T> {
        fn new(what: T, times: &str) -> Option<Self> {
            Some(Self { what, left: AtomicU32::new(times.parse().ok()?) })
        }

        fn is_now(&self) -> bool {
            let step = |left: u32| left.checked_sub(1);
            self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, step) == Ok(1)
        }
    }

    static STOP: LazyLock<Option<Nth<String>>> = LazyLock::new(|| {
        let text = std::env::var("STARLING_STOP").ok()?;
        let (place, times) = text.split_once(':')?;
        Nth::new(place.to_owned(), times)
    });

    static PAUSE: LazyLock<Option<Nth<(String, Duration)>>> = LazyLock::new(|| {
        let text = std::env::var("STARLING_PAUSE").ok()?;
        let mut parts = text.split(':');
        let (place, times, millis) = (parts.next()?, parts.next()?, parts.next()?);
        Nth::new((place.to_owned(), Duration::from_millis(millis.parse().ok()?)), times)
    });

    static PANIC: LazyLock<Option<Nth<(String, String)>>> = LazyLock::new(|| {
        let text = std::env::var("STARLING_PANIC").ok()?;
        let mut parts = text.splitn(3, ':');
        let (place, times, text) = (parts.next()?, parts.next()?, parts.next()?);
        Nth::new((place.to_owned(), text.to_owned()), times)
    });

    static MISS: LazyLock<Option<Nth<()>>> =
        LazyLock::new(|| Nth::new((), &std::env::var("STARLING_MISS").ok()?));

    pub async fn pass(place: &str) {
        debug_assert!(super::PLACES.contains(&place), "{place} is not listed");
        if let Some(stop) = STOP.as_ref().filter(|stop| stop.what == place)
            && stop.is_now()
        {
            eprintln!("stopped at {place}");
            std::process::abort();
        }
        if let Some(pause) = PAUSE.as_ref().filter(|pause| pause.what.0 == place)
            && pause.is_now()
        {
            tokio::time::sleep(pause.what.1).await;
        }
        if let Some(panic) = PANIC.as_ref().filter(|panic| panic.what.0 == place)
            && panic.is_now()
        {
            panic!("{}", panic.what.1);
        }
    }

    pub fn misses() -> bool {
        MISS.as_ref().is_some_and(Nth::is_now)
    }
}
