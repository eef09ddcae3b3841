//! Traces, over OTLP: from a request or a command, through store and bus, to the delivery on whichever
//! node. Off unless asked for; a span costs nothing then.

use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::protocol::TraceParent;

/// What the spans of traces are marked with; logs don't show them.
pub const TARGET: &str = "starling::trace";

const SERVICE: &str = "starling";

/// An exporter that doesn't answer in this time is given up.
const WITHIN: Duration = Duration::from_secs(5);

/// Sends spans to a collector, in the background.
#[derive(Clone, Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// To this address (`http://HOST:4318`, without `/v1/traces`), so great a share of what begins here.
    pub fn to(endpoint: &str, share: f64) -> Result<Self, String> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(WITHIN)
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder()
            .with_service_name(SERVICE)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_resource(resource)
            .build();
        global::set_tracer_provider(provider.clone());
        Ok(Self(provider))
    }

    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TARGET))
    }

    /// Sends what is left. Blocks for as long as the collector takes, at most for some seconds.
    pub fn finish(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(WITHIN) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// The span as others can continue from it, where it is sampled.
pub fn of(span: &Span) -> Option<TraceParent> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span().span_context().clone();
    span.is_sampled().then(|| TraceParent {
        trace: u128::from_be_bytes(span.trace_id().to_bytes()),
        span: u64::from_be_bytes(span.span_id().to_bytes()),
    })
}

/// The span was begun by somebody else.
pub fn continue_from(span: &Span, parent: TraceParent) {
    // It fails where traces are off.
    let _ = span.set_parent(remote(parent));
}

/// An event of a trace was handed to so many connections of this node, which had heard of it then.
pub fn delivered(parent: TraceParent, heard: Instant, connections: usize) {
    let tracer = global::tracer(SERVICE);
    let mut span = tracer
        .span_builder("deliver")
        .with_kind(SpanKind::Consumer)
        .with_start_time(SystemTime::now() - heard.elapsed())
        .with_attributes([KeyValue::new("starling.connections", connections as i64)])
        .start_with_context(&tracer, &remote(parent));
    span.end();
}

fn remote(parent: TraceParent) -> Context {
    let context = SpanContext::new(
        TraceId::from_bytes(parent.trace.to_be_bytes()),
        SpanId::from_bytes(parent.span.to_be_bytes()),
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    Context::new().with_remote_span_context(context)
}
