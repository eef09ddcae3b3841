//! Reports of panics and errors, to a server that speaks Sentry's protocol. Off unless asked for.
//!
//! What is logged as an error holds no message's text, no password and no token by itself. What a panic
//! says may: so everything that looks like one, or tells who somebody is, is taken out before it leaves.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use regex_lite::Regex;
use sentry::protocol::Event;
use sentry::ClientOptions;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

pub use sentry::ClientInitGuard as Guard;
pub use sentry::types::Dsn;

/// What is still to be sent when the process ends may take this long.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// Until it is dropped, panics and errors are reported.
pub fn to(dsn: Dsn) -> Guard {
    sentry::init(ClientOptions {
        dsn: Some(dsn),
        release: Some(Cow::Borrowed(concat!("starling@", env!("CARGO_PKG_VERSION")))),
        // The machine's name is nobody's business.
        server_name: Some(Cow::Borrowed("starling")),
        send_default_pii: false,
        before_send: Some(Arc::new(|event| Some(scrub(event)))),
        shutdown_timeout: LAST_WITHIN,
        ..ClientOptions::default()
    })
}

/// Reports what is logged as an error.
pub fn layer<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    sentry::integrations::tracing::layer()
        .event_filter(|metadata| match *metadata.level() {
            tracing::Level::ERROR => sentry::integrations::tracing::EventFilter::Event,
            _ => sentry::integrations::tracing::EventFilter::Ignore,
        })
        .span_filter(|_| false)
}

fn scrub(mut event: Event<'static>) -> Event<'static> {
    event.user = None;
    event.request = None;
    event.breadcrumbs.values.clear();
    event.message = event.message.map(|text| without_secrets(&text));
    for exception in &mut event.exception.values {
        exception.value = exception.value.take().map(|text| without_secrets(&text));
    }
    for context in event.contexts.values_mut() {
        if let sentry::protocol::Context::Other(fields) = context {
            for value in fields.values_mut() {
                if let sentry::protocol::Value::String(text) = value {
                    *text = without_secrets(text);
                }
            }
        }
    }
    event
}

/// Tokens and keys, e-mail addresses, addresses of machines, what stands in quotation marks, and who
/// logs in by a URL.
fn without_secrets(text: &str) -> String {
    static SECRETS: LazyLock<[(Regex, &str); 5]> = LazyLock::new(|| {
        [
            (r"//[^/@\s]+@", "//[removed]@"),
            (r#""(?:[^"\\]|\\.)*""#, "\"[removed]\""),
            (r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", "[e-mail]"),
            (r"[A-Za-z0-9_\-+/=.]{32,}", "[token]"),
            (r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b[0-9a-f]*(?::[0-9a-f]*){3,}\b", "[address]"),
        ]
        .map(|(form, instead)| (Regex::new(form).expect("it is an expression"), instead))
    });
    let mut text = Cow::Borrowed(text);
    for (form, instead) in SECRETS.iter() {
        if let Cow::Owned(scrubbed) = form.replace_all(&text, *instead) {
            text = Cow::Owned(scrubbed);
        }
    }
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_secret_is_taken_out() {
        for (text, expected) in [
            ("index 7 is out of range 5", "index 7 is out of range 5"),
            (r#"not UTF-8: "hello \"there\" Bob""#, r#"not UTF-8: "[removed]""#),
            ("ada@example.org is known", "[e-mail] is known"),
            ("from 10.2.33.4:4711", "from [address]:4711"),
            ("from 2001:db8::17 again", "from [address] again"),
            ("redis://user:pass@host:6379 is away", "redis://[removed]@host:6379 is away"),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.abcdefghijk expired",
                "[token] expired",
            ),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
    }
}
