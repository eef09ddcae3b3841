//! Reports of panics and errors, to a server that speaks Sentry's protocol. Off unless asked for.
//!
//! What is logged as an error holds no message's text, no password and no token by itself. What a panic
//! or a library says may: so everything that looks like one, or tells who somebody is, is taken out
//! before it leaves.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::sync::{Arc, LazyLock, mpsc};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use regex_lite::{Captures, Regex};
use sentry::integrations::backtrace::ProcessStacktraceIntegration;
use sentry::integrations::panic::PanicIntegration;
use sentry::integrations::tracing::ErrorLayer;
use sentry::protocol::{Context as EventContext, Event, Value};
use sentry::transports::ReqwestHttpTransportOptions;
use sentry::{ClientInitGuard, ClientOptions, Transport, TransportFactory, TransportOptions};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// A server that doesn't answer in this time is given up.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What is left when the process ends may take this long.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// Reports in a second: where the store is away, each call that fails is an error.
const A_SECOND: u32 = 5;

/// Where reports are sent, and the key for it.
#[derive(Clone)]
pub struct Dsn(sentry::types::Dsn);

impl FromStr for Dsn {
    type Err = sentry::types::ParseDsnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Without the key.
impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dsn").field(&self.0.host()).finish_non_exhaustive()
    }
}

/// Until it is dropped, panics and errors are reported, by a thread of its own. Where the server is away
/// or slow they are dropped: nothing waits for it.
pub struct Reports(Option<ClientInitGuard>);

impl Reports {
    /// Begins for the whole process.
    pub fn to(dsn: &Dsn) -> Result<Self, String> {
        let client = reqwest::Client::builder().timeout(ANSWERS_WITHIN).build();
        let client = client.map_err(|error| error.to_string())?;
        let mut options = ClientOptions::new()
            .release(concat!("starling@", env!("CARGO_PKG_VERSION")))
            // Theirs for panics waits until the report is sent, on the thread that panicked.
            .default_integrations(false)
            .add_integration(ProcessStacktraceIntegration::new())
            .in_app_include(["starling"])
            .max_breadcrumbs(0)
            .before_send(|event| Some(scrub(event)))
            .transport(Sending(client))
            .shutdown_timeout(LAST_WITHIN);
        options.dsn = Some(dsn.0.clone());
        let reports = Self(Some(sentry::init(options)));
        let panics = PanicIntegration::new();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if is_reported() {
                sentry::capture_event(panics.event_from_panic_info(panic));
            }
            before(panic);
        }));
        Ok(reports)
    }
}

impl Drop for Reports {
    /// Sends what is left; for a moment only.
    fn drop(&mut self) {
        let guard = self.0.take();
        let (done, wait) = mpsc::channel();
        // Theirs waits for the request that is under way.
        std::thread::spawn(move || {
            drop(guard);
            let _ = done.send(());
        });
        let _ = wait.recv_timeout(LAST_WITHIN);
    }
}

/// Sends with a client that gives up; theirs never does.
struct Sending(reqwest::Client);

impl TransportFactory for Sending {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let options = ReqwestHttpTransportOptions::from(options).with_client(self.0.clone());
        Arc::new(options.build())
    }
}

/// Reports what is logged as an error.
pub fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    Errors(ErrorLayer::new()).with_filter(LevelFilter::ERROR)
}

/// Not more of them than [`A_SECOND`].
struct Errors(ErrorLayer);

impl<S> Layer<S> for Errors
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if is_reported() {
            self.0.on_event(event, context);
        }
    }
}

/// Whether one more is reported in this second.
fn is_reported() -> bool {
    static SECOND: Mutex<Option<(Instant, u32)>> = Mutex::new(None);
    let mut second = SECOND.lock();
    let now = Instant::now();
    let began = second.filter(|(began, _)| now - *began < Duration::from_secs(1));
    let (began, count) = began.unwrap_or((now, 0));
    *second = Some((began, count + 1));
    count < A_SECOND
}

fn scrub(mut event: Event<'static>) -> Event<'static> {
    event.message = event.message.map(|text| without_secrets(&text));
    for exception in &mut event.exception.values {
        exception.value = exception.value.take().map(|text| without_secrets(&text));
    }
    for context in event.contexts.values_mut() {
        if let EventContext::Other(fields) = context {
            for value in fields.values_mut() {
                if let Value::String(text) = value {
                    *text = without_secrets(text);
                }
            }
        }
    }
    event
}

/// Without what stands between quotation marks (libraries quote what they were given), passwords in
/// addresses, e-mail addresses, addresses of machines, and what is as long as a token.
fn without_secrets(text: &str) -> String {
    static SECRETS: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
        [
            // From the first to the last: there may be quotation marks in between.
            (r#"(?s)".*""#, "\"[removed]\""),
            (r"(?s)`.*`", "`[removed]`"),
            (r"//[^/@\s]+@", "//[removed]@"),
            (r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", "[e-mail]"),
            (r"[A-Za-z0-9_\-+=.]{32,}", "[token]"),
            (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "[address]"),
        ]
        .map(|(form, instead)| (Regex::new(form).expect("it is an expression"), instead))
    });
    static COLONS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:]*[0-9A-Fa-f]").expect("it is an expression")
    });
    let mut text = Cow::Borrowed(text);
    for (form, instead) in SECRETS.iter() {
        if let Cow::Owned(scrubbed) = form.replace_all(&text, *instead) {
            text = Cow::Owned(scrubbed);
        }
    }
    let without_address = |found: &Captures<'_>| match found[0].parse::<Ipv6Addr>() {
        Ok(_) => "[address]".to_owned(),
        Err(_) => found[0].to_owned(),
    };
    COLONS.replace_all(&text, without_address).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_secret_is_taken_out() {
        for (text, expected) in [
            ("index 7 is out of range 5", "index 7 is out of range 5"),
            ("store::sqlite failed: 3 of 4", "store::sqlite failed: 3 of 4"),
            (r#"not UTF-8: "hello "there" Bob" at 3"#, r#"not UTF-8: "[removed]" at 3"#),
            ("it is inside 'é' of `caf`é\nat 8`", "it is inside 'é' of `[removed]`"),
            ("ada@example.org is known", "[e-mail] is known"),
            ("from 10.2.33.4:4711", "from [address]:4711"),
            ("from 2001:db8::17: refused", "from [address]: refused"),
            ("from [fe80::1]:4711", "from [[address]]:4711"),
            ("redis://user:pass@host:6379 is away", "redis://[removed]@host:6379 is away"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.abcdefghijk expired", "[token] expired"),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let dsn: Dsn = "https://abcdef0123456789@errors.example.org/7".parse().expect("a DSN");
        assert_eq!(format!("{dsn:?}"), r#"Dsn("errors.example.org", ..)"#);
    }
}
