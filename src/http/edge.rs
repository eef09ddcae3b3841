//! What happens to every request on its way in and out: its id, its log line, its metrics, and the
//! headers that keep a browser safe.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use tracing::{Instrument, Span, field, trace_span};

use super::extract::Surroundings;
use crate::domain::window::Verdict;
use crate::observe;
use crate::protocol::TraceParent;
use crate::trace;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Nothing is loaded and nothing frames us; a page that needs more sets its own.
const STRICT_CSP: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Answered well, it says for how long nothing happened, and hides how fast everything else is.
const LONG_POLL: &str = "/api/v1/events";

tokio::task_local! {
    static CURRENT_ID: String;
}

/// The id of the request under way.
pub fn current_request_id() -> String {
    CURRENT_ID.try_with(String::clone).unwrap_or_default()
}

/// The limit that a request was counted under, for its answer.
#[derive(Clone, Copy)]
pub struct RateLimitHeaders(pub Verdict);

impl RateLimitHeaders {
    /// As in draft-ietf-httpapi-ratelimit-headers-03; seconds are rounded up.
    pub fn pairs(self) -> Vec<(&'static str, String)> {
        let Self(verdict) = self;
        if verdict.limit.most == 0 {
            return Vec::new();
        }
        vec![
            ("ratelimit-limit", verdict.limit.most.to_string()),
            ("ratelimit-remaining", verdict.remaining.to_string()),
            ("ratelimit-reset", verdict.reset_ms.div_ceil(1000).to_string()),
        ]
    }
}

pub async fn middleware(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    // The pattern, not the path: no id and no name of anybody.
    let path = request.match_pattern().unwrap_or_default();
    let span = tracing::debug_span!("request", id = %id);
    let traced = traced(&request, &path);
    let answer = next.call(request).instrument(span).instrument(traced.clone());
    // Handlers and extractors answer with a problem; there is no error that gets here.
    let mut response = CURRENT_ID.scope(id.clone(), answer).await?;
    let status = response.status();
    traced.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        traced.record("otel.status_code", "error");
    }
    let verdict = response.request().extensions().get::<RateLimitHeaders>().copied();
    let headers = response.headers_mut();
    for (name, value) in verdict.map(RateLimitHeaders::pairs).unwrap_or_default() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    safe_headers(headers);
    if path != LONG_POLL || !status.is_success() {
        observe::REQUESTS.time(class(status.as_u16()), began);
    }
    tracing::debug!(
        request.id = %id,
        %method,
        path,
        status = status.as_u16(),
        duration_ms = began.elapsed().as_millis() as u64,
        "answered"
    );
    Ok(response)
}

/// The request's span: part of the trace of a proxy that is believed, or of one of its own.
fn traced(request: &ServiceRequest, path: &str) -> Span {
    let space = if path.is_empty() { "" } else { " " };
    let span = trace_span!(
        target: trace::TARGET,
        "request",
        otel.name = format_args!("{}{space}{path}", request.method()),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = %request.method(),
        http.route = path,
        http.response.status_code = field::Empty
    );
    let believed = |surroundings: &Data<Surroundings>| surroundings.is_proxied(request.request());
    if !span.is_disabled()
        && request.app_data().is_some_and(believed)
        && let Some(header) = request.headers().get("traceparent")
        && let Some((parent, sampled)) = header.to_str().ok().and_then(TraceParent::parse)
    {
        trace::continue_from(&span, parent, sampled);
    }
    span
}

/// The id that came with the request, if it is fit to be logged; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let fit = given.filter(|id| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    fit.map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned)
}

fn safe_headers(headers: &mut HeaderMap) {
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(CONTENT_SECURITY_POLICY, STRICT_CSP);
    default(CACHE_CONTROL, "no-store");
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::REFERRER_POLICY, "no-referrer");
    default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    );
}

fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
