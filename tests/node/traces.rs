//! What a collector sees of one node; and that a node doesn't need one.

use std::net::TcpListener;

use reqwest::Method;
use serde_json::json;

use crate::support::{Process, Receiver, Span, nonce};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// OTLP's number for a span of whoever is asked.
const SERVER: i32 = 2;

/// A node that ends with all its spans sent.
async fn ended(node: Process) {
    let mut node = node;
    node.terminate();
    assert!(node.ended().await.success());
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_sends_what_is_left_and_each_trace_begins_where_something_was_asked() {
    let collector = Receiver::start();
    let flags = ["--otlp-endpoint", &collector.url(), "--otlp-share", "1"];
    // Nothing is sent by the clock.
    let slow = [("OTEL_BSP_SCHEDULE_DELAY", "600000")];
    let (node, _log) = Process::logging_with(&flags, &slow);
    let (ada, bob) = (node.person().await, node.person().await);
    let room = ada.room_with("public", &[&bob]).await;
    let mut socket = bob.socket().await;
    ada.say(&room, "a secret for two").await;
    socket.text("a secret for two").await;
    let refused = json!({ "type": "send", "room_id": room, "nonce": nonce(), "text": "" });
    assert_eq!(socket.refused(refused).await, "invalid");
    ended(node).await;

    let spans = collector.spans();
    let sent = named(&spans, "POST /api/v1/rooms/{id}/messages");
    assert_eq!(sent.len(), 1, "{spans:#?}");
    assert_eq!(sent[0].attributes["http.response.status_code"], "201");
    let inside = |name: &str, parent: &Span| {
        let found = named(&spans, name).into_iter().find(|span| span.parent == parent.id);
        found.unwrap_or_else(|| panic!("no {name} below {parent:?} in {spans:#?}")).clone()
    };
    inside("claim", sent[0]);
    inside("store write", sent[0]);
    let published = inside("publish", sent[0]);
    assert_eq!(inside("deliver", &published).attributes["starling.connections"], "1");
    assert_eq!(named(&spans, "command hello").len(), 1);
    assert_eq!(named(&spans, "command send")[0].attributes["error.type"], "invalid");
    for span in &spans {
        assert!(span.kind == SERVER || !span.parent.is_empty(), "nobody asked for {span:?}");
        assert_eq!(span.instance, spans[0].instance, "there is one process");
    }
    // What spans are made of is the code's own.
    let everything = format!("{spans:?}");
    for secret in ["a secret for two", &room, &ada.id, &ada.username, &ada.token] {
        assert!(!everything.contains(secret), "{secret} is in {everything}");
    }
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_believed_decides_what_is_traced_and_others_do_not() {
    let collector = Receiver::start();
    let ask = async |share: &str, proxies: &str, flags: &str| {
        let url = collector.url();
        let node = Process::with(&[
            "--otlp-endpoint",
            &url,
            "--otlp-share",
            share,
            "--trusted-proxies",
            proxies,
        ]);
        let ada = node.person().await;
        let before = format!("00-{TRACE}-{SPAN}-{flags}");
        let request = ada.request(Method::GET, "/api/v1/me").header("traceparent", before);
        assert_eq!(ada.send(request).await.status, 200);
        ended(node).await;
        let spans = collector.spans();
        named(&spans, "GET /api/v1/me").last().map(|span| (*span).clone())
    };
    assert!(ask("1", "127.0.0.1", "00").await.is_none(), "the proxy traces it not");
    assert!(ask("0", "10.0.0.1", "01").await.is_none(), "whoever asks for it");
    let own = ask("1", "10.0.0.1", "01").await.expect("a span");
    assert!(own.trace != TRACE && own.parent.is_empty());
    let followed = ask("0", "127.0.0.1", "01").await.expect("a span");
    assert_eq!((followed.trace.as_str(), followed.parent.as_str()), (TRACE, SPAN));
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_or_is_away_holds_nobody_up() {
    // It accepts connections, and nobody ever reads them.
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    for collector in [hanging.local_addr().unwrap(), away] {
        let collector = format!("http://{collector}");
        let flags = ["--otlp-endpoint", &collector, "--otlp-share", "1"];
        let small = [("OTEL_BSP_SCHEDULE_DELAY", "50"), ("OTEL_BSP_MAX_QUEUE_SIZE", "64")];
        let (node, log) = Process::logging_with(&flags, &small);
        let (ada, bob) = (node.person().await, node.person().await);
        let room = ada.room_with("public", &[&bob]).await;
        let (mut from, mut to) = (ada.socket().await, bob.socket().await);
        // More spans than are kept for a collector.
        for number in 0..100 {
            from.say(&room, &format!("message {number}")).await;
        }
        to.text("message 99").await;
        ended(node).await;
        let log = std::fs::read_to_string(log.path()).unwrap();
        assert!(log.contains("traces"), "it says so: {log}");
    }
}
