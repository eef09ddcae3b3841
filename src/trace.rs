//! Traces, sent to a collector over OTLP: from a request or a command, through store and bus, to the
//! delivery on whichever node. Off unless asked for; a span costs one comparison then.
//!
//! A span is made with [`tracing::trace_span`] under [`TARGET`]. Its names and attributes are the code's
//! own: no id, no name and no text of anybody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SamplingResult, SdkTracerProvider, ShouldSample, SpanData, SpanExporter,
};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

pub use crate::observe::SPANS as TARGET;
use crate::protocol::TraceParent;

const SERVICE: &str = "starling";

/// A collector that doesn't answer in this time is given up.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What is left when the process ends may take this long.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// Sends spans to a collector, in a thread of its own, until it is dropped. Where the collector is away
/// or slow they are dropped: nothing waits for it.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// To this address (`http://HOST:4318`, without `/v1/traces`), so great a share of what begins here.
    pub fn to(endpoint: &str, share: f64) -> Result<Self, String> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(ANSWERS_WITHIN)
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder()
            .with_service_name(SERVICE)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()))
            .build();
        let begins = Entrances(Sampler::TraceIdRatioBased(share));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Collector { exporter, fails: AtomicBool::new(false) })
            .with_sampler(Sampler::ParentBased(Box::new(begins)))
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
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TARGET))
    }
}

impl Drop for Traces {
    /// Sends what is left; for a moment only.
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_WITHIN) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Traces begin where somebody asks something of the server, and not where it looks after itself.
#[derive(Clone, Debug)]
struct Entrances(Sampler);

impl ShouldSample for Entrances {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let sampler = if *kind == SpanKind::Server { &self.0 } else { &Sampler::AlwaysOff };
        sampler.should_sample(parent, trace, name, kind, attributes, links)
    }
}

/// Says once in the log that the collector can't be reached, and once that it is back.
#[derive(Debug)]
struct Collector {
    exporter: opentelemetry_otlp::SpanExporter,
    fails: AtomicBool,
}

impl SpanExporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let failed = self.fails.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(error) if !failed => {
                tracing::warn!(%error, "traces can't be sent, and are dropped");
            }
            Ok(()) if failed => tracing::info!("traces are sent again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// The span as others can continue from it, where it is sampled.
pub fn parent(span: &Span) -> Option<TraceParent> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    span.is_sampled()
        .then(|| TraceParent { trace: span.trace_id().to_bytes(), span: span.span_id().to_bytes() })
}

/// Calls a span so that has begun, where it is sampled. (Recording `otel.name` is too late then.)
pub fn rename(span: &Span, name: impl FnOnce() -> String) {
    let context = span.context();
    let span = context.span();
    if span.is_recording() {
        span.update_name(name());
    }
}

/// Makes the span, which has not been entered yet, part of what another one began.
pub fn continue_from(span: &Span, parent: TraceParent, sampled: bool) {
    // It fails where traces are off.
    let _ = span.set_parent(remote(parent, sampled));
}

/// An event of a trace was handed to so many connections of this node, which had heard of it then.
pub fn delivered(parent: TraceParent, heard: Instant, connections: usize) {
    let tracer = global::tracer(SERVICE);
    let mut span = tracer
        .span_builder("deliver")
        .with_kind(SpanKind::Consumer)
        .with_start_time(SystemTime::now() - heard.elapsed())
        .with_attributes([KeyValue::new("starling.connections", connections as i64)])
        .start_with_context(&tracer, &remote(parent, true));
    span.end();
}

fn remote(parent: TraceParent, sampled: bool) -> Context {
    let context = SpanContext::new(
        TraceId::from_bytes(parent.trace),
        SpanId::from_bytes(parent.span),
        if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() },
        true,
        TraceState::NONE,
    );
    Context::new().with_remote_span_context(context)
}
