//! What an operator sees: metrics and logs.
//!
//! Every metric is declared here, with its unit and help text; one that is not can't be named. Logs
//! never hold a message's text, a password or a token.

use std::time::{Duration, Instant};

use metrics::Unit;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

/// The type of a metric. Its label, where it has one, takes few values, all from the code.
#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

pub struct Metric {
    pub name: &'static str,
    /// Empty where it has none.
    pub label: &'static str,
    unit: Unit,
    pub help: &'static str,
    kind: Kind,
}

impl Metric {
    /// Its type, in Prometheus' words.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }

    /// Counts `n` more, under the label's value (or `""` where it has none).
    pub fn add(&'static self, label: &'static str, n: u64) {
        if self.label.is_empty() {
            metrics::counter!(self.name).increment(n);
        } else {
            metrics::counter!(self.name, self.label => label).increment(n);
        }
    }

    pub fn change(&'static self, by: f64) {
        metrics::gauge!(self.name).increment(by);
    }

    pub fn set(&'static self, label: &'static str, value: f64) {
        if self.label.is_empty() {
            metrics::gauge!(self.name).set(value);
        } else {
            metrics::gauge!(self.name, self.label => label).set(value);
        }
    }

    pub fn record(&'static self, label: &'static str, value: f64) {
        if self.label.is_empty() {
            metrics::histogram!(self.name).record(value);
        } else {
            metrics::histogram!(self.name, self.label => label).record(value);
        }
    }

    pub fn time(&'static self, label: &'static str, since: Instant) {
        self.record(label, since.elapsed().as_secs_f64());
    }
}

macro_rules! metrics_table {
    ($($constant:ident: $kind:ident $name:literal [$label:literal] $unit:ident, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $constant: Metric = Metric {
                name: $name,
                label: $label,
                unit: Unit::$unit,
                help: $help,
                kind: Kind::$kind,
            };
        )*
        static TABLE: &[&Metric] = &[$(&$constant),*];
    };
}

metrics_table! {
    BUILD_INFO: Gauge "starling_build_info" ["version"] Count, "1, with the version of the program.";
    DRAINING: Gauge "starling_draining" [""] Count, "1 while the node sends its clients away because it stops, else 0.";
    CONNECTIONS: Gauge "starling_connections" [""] Count, "WebSocket connections that are logged in.";
    POLLS: Gauge "starling_polls" [""] Count, "Long polls that wait.";
    CONNECTIONS_OPENED: Counter "starling_connections_opened_total" [""] Count, "WebSocket connections that logged in.";
    CONNECTIONS_CLOSED: Counter "starling_connections_closed_total" ["reason"] Count, "WebSocket connections that ended, by reason.";
    CATCH_UP: Histogram "starling_catch_up_seconds" ["start"] Seconds, "From a socket's `hello` until it has caught up; by its cursor: `fresh` (it had none), `resumed`, `afresh` (too old, it starts again).";
    DELIVERIES: Counter "starling_deliveries_total" [""] Count, "Events handed to connections.";
    DELIVERED_BYTES: Counter "starling_delivered_bytes_total" [""] Bytes, "Bytes of events handed to connections.";
    PUBLISH_TO_SOCKET: Histogram "starling_publish_to_socket_seconds" [""] Seconds, "From an event's publication, as this node heard it, until its last follower on a worker was handed it.";
    COMMANDS: Histogram "starling_command_seconds" ["command"] Seconds, "From a command's arrival on a socket to its answer.";
    REQUESTS: Histogram "starling_http_request_seconds" ["status"] Seconds, "HTTP requests, by class of status. Without long polls, which take as long as nothing happens.";
    REFUSALS: Counter "starling_refusals_total" ["code"] Count, "Requests and commands that were refused, by error code.";
    EVENTS_HEARD: Counter "starling_events_heard_total" [""] Count, "Events that this node heard on the bus.";
    HAND_OVERS: Counter "starling_hand_overs_total" [""] Count, "Batches of events handed to a worker that has followers.";
    INBOX_BYTES: Gauge "starling_inbox_bytes" [""] Bytes, "Events that wait for the workers, in bytes.";
    INBOX_OVERFLOWS: Counter "starling_inbox_overflows_total" [""] Count, "Events that found no room in a worker's inbox. They are read from the store.";
    REPLAYS: Counter "starling_replayed_events_total" [""] Count, "Events that were told again on resuming.";
    GAPS: Counter "starling_gaps_total" [""] Count, "Times that a topic was found to lack events, and was repaired from the store.";
    REPAIRS: Histogram "starling_repair_seconds" [""] Seconds, "Repairs of a topic from the store that succeeded.";
    TOPICS: Gauge "starling_topics" [""] Count, "Topics that this node follows.";
    PROVED_AGE: Gauge "starling_proved_age_seconds" [""] Seconds, "How far behind now the time is up to which delivery is proved.";
    BUS_CALL: Histogram "starling_bus_seconds" ["call"] Seconds, "Calls to the bus.";
    REDIS_REACHABLE: Gauge "starling_redis_reachable" [""] Count, "1 while every master of Redis answers this node, else 0.";
    REDIS_RECONNECTS: Counter "starling_redis_reconnects_total" [""] Count, "Times that connections to a master of Redis were made anew.";
    REDIS_EPOCHS: Counter "starling_redis_epochs_total" [""] Count, "Times that another epoch was found in Redis: what it had counted before may have been lost.";
    REDIS_OVERFLOWS: Counter "starling_redis_overflows_total" [""] Count, "Events from Redis that were dropped because too many waited. They are read from the store.";
    REDIS_SCRIPT_LOADS: Counter "starling_redis_script_loads_total" [""] Count, "Times that the scripts were loaded into a Redis.";
    STORE_COMMIT: Histogram "starling_store_commit_seconds" [""] Seconds, "Durable commits of the store.";
    STORE_COMMIT_JOBS: Histogram "starling_store_commit_jobs" [""] Count, "Writes that were committed together.";
    STORE_READ: Histogram "starling_store_read_seconds" [""] Seconds, "Reads from the store, with the wait for a reader.";
    STORE_READS: Counter "starling_store_reads_total" [""] Count, "Statements that read from the store.";
    STORE_CALL: Histogram "starling_store_call_seconds" ["call"] Seconds, "Calls to a cluster's store, with the turns that were waited for.";
    STORE_ERRORS: Counter "starling_store_errors_total" ["kind"] Count, "Calls to the store that failed.";
    MESSAGES: Counter "starling_messages_total" [""] Count, "Messages that were accepted.";
    DUPLICATES: Counter "starling_duplicate_messages_total" [""] Count, "Messages that had been accepted before and were sent again.";
    LATE: Counter "starling_late_publications_total" [""] Count, "Events that were published under a later id because storing them took long.";
    UNPUBLISHED: Counter "starling_unpublished_total" [""] Count, "Events that were written down because the bus could not be reached.";
    PASSWORD_HASHES: Histogram "starling_password_hash_seconds" [""] Seconds, "Password hashes, with the wait for a turn.";
}

/// Every metric, for the documents.
pub fn table() -> impl Iterator<Item = &'static Metric> {
    TABLE.iter().copied()
}

/// Buckets from 0.1 ms to 10 s.
const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Installs the process's metrics recorder. Later calls give the same one.
pub fn metrics_handle() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)
                .and_then(|builder| {
                    builder.set_buckets_for_metric(Matcher::Suffix("_jobs".into()), COUNTS)
                })
                .expect("the buckets are not empty");
            let handle = builder.install_recorder().expect("it is installed once, here");
            metrics_process::Collector::default().describe();
            for metric in TABLE {
                let help = metric.help;
                match metric.kind {
                    Kind::Counter => {
                        metrics::describe_counter!(metric.name, metric.unit, help);
                        // What is first seen at 1 has risen for nobody.
                        if metric.label.is_empty() {
                            metric.add("", 0);
                        }
                    }
                    Kind::Gauge => metrics::describe_gauge!(metric.name, metric.unit, help),
                    Kind::Histogram => metrics::describe_histogram!(metric.name, metric.unit, help),
                }
            }
            handle
        })
        .clone()
}

/// All metrics, and what the process takes at this moment, as Prometheus reads them. Takes milliseconds
/// where many files are open.
pub fn render(handle: &PrometheusHandle) -> String {
    metrics_process::Collector::default().collect();
    handle.render()
}

/// Keeps the recorder's memory bounded between scrapes. Runs until dropped.
pub async fn keep_metrics(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        handle.run_upkeep();
    }
}

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the spans of traces are marked with. Logs don't show them.
pub const SPANS: &str = "starling::spans";

/// Where what is logged and traced goes to, beside standard error.
pub type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Installs the process's log, to standard error. `filter` as in `RUST_LOG`, for example
/// `info,starling=debug`.
pub fn install_log(format: LogFormat, filter: &str, beside: Layers) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    let without_spans = format!("{SPANS}=off").parse().expect("it is a directive");
    let filter = filter.add_directive(without_spans);
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Text => log.with_target(false).with_filter(filter).boxed(),
        LogFormat::Json => log.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let layers: Layers = std::iter::once(log).chain(beside).collect();
    tracing_subscriber::registry().with(layers).try_init().map_err(|error| error.to_string())
}
