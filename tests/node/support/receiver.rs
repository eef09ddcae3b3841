//! A server that takes what is posted to it, and keeps it: a collector of traces, a server of reports.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use parking_lot::Mutex;
use prost::Message;
use serde_json::Value;

use super::PATIENCE;

pub struct Receiver {
    pub address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    server: ServerHandle,
}

/// One request.
#[derive(Clone)]
pub struct Posted {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Bytes,
}

/// A span, as a collector sees it.
#[derive(Clone, Debug)]
pub struct Span {
    pub name: String,
    pub kind: i32,
    pub trace: String,
    pub id: String,
    /// Empty where it has none.
    pub parent: String,
    /// Which process it is of.
    #[allow(dead_code, reason = "of one node alone all are of the same")]
    pub instance: String,
    pub attributes: HashMap<String, String>,
}

impl Receiver {
    pub fn start() -> Self {
        let posted = Arc::new(Mutex::new(Vec::new()));
        let kept = Data::from(posted.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(kept.clone())
                .app_data(PayloadConfig::new(64 * 1024 * 1024))
                .default_service(web::to(keep))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, posted, server: handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().clone()
    }

    /// What is found in what was posted, as soon as it is there.
    pub async fn wait_for<T>(&self, what: &str, find: impl Fn(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{what} was not posted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All spans.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for posted in self.posted() {
            assert_eq!(posted.path, "/v1/traces");
            assert_eq!(posted.headers["content-type"], "application/x-protobuf");
            let request = ExportTraceServiceRequest::decode(posted.body).expect("a request");
            for resource in request.resource_spans {
                let of = attributes(&resource.resource.expect("a resource").attributes);
                assert_eq!(of["service.name"], "starling");
                let found = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.extend(found.map(|span| Span {
                    name: span.name,
                    kind: span.kind,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    instance: of["service.instance.id"].clone(),
                    attributes: attributes(&span.attributes),
                }));
            }
        }
        spans
    }

    /// All events in envelopes.
    pub fn events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        for posted in self.posted() {
            let text = String::from_utf8(posted.body.to_vec()).expect("it is text");
            // A header for all, then a header and a payload for each item, a line each.
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).expect("each line is JSON"))
                .collect();
            for item in lines[1..].chunks_exact(2) {
                if item[0]["type"] == "event" {
                    events.push(item[1].clone());
                }
            }
        }
        events
    }

    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn keep(request: HttpRequest, body: Bytes, posted: Data<Mutex<Vec<Posted>>>) -> HttpResponse {
    let header = |(name, value): (&actix_web::http::header::HeaderName, &_)| {
        let value: &actix_web::http::header::HeaderValue = value;
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = request.headers().iter().map(header).collect();
    posted.lock().push(Posted { path: request.path().to_owned(), headers, body });
    HttpResponse::Ok().finish()
}

fn attributes(given: &[KeyValue]) -> HashMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|it| it.value.as_ref()) {
        Some(Attribute::StringValue(text)) => text.clone(),
        Some(Attribute::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    given.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
