//! What is reported of panics and errors, and what of them never leaves.

use std::net::TcpListener;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Process, Receiver, nonce};

/// What a library might say, with everything in it that must not leave.
const SECRETS: &str = "it can't take \"hello Bob\" of ada@example.org at 10.1.2.3 with \
                       eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.abcdefghijk";
const SCRUBBED: &str = "it can't take \"[removed]\" of [e-mail] at [address] with [token]";

fn dsn(receiver: std::net::SocketAddr) -> String {
    format!("http://the-public-key@{receiver}/7")
}

/// The first event with this in its title.
fn find(events: &[Value], title: &str) -> Option<Value> {
    let in_title = |event: &&Value| {
        let exceptions = event["exception"]["values"].as_array().into_iter().flatten();
        let mut titles = exceptions.map(|it| &it["value"]).chain([&event["message"]]);
        titles.any(|text| text.as_str().is_some_and(|text| text.contains(title)))
    };
    events.iter().find(in_title).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_and_an_error_are_reported_without_secrets() {
    let receiver = Receiver::start();
    let panics = [("STARLING_PANIC", &*format!("stored:2:{SECRETS}"))];
    let dsn = dsn(receiver.address);
    let (node, log) = Process::logging_with(&["--sentry-dsn", &dsn], &panics);
    let ada = node.person().await;
    let room = ada.room("public").await;
    let mut socket = ada.socket().await;
    socket.say(&room, "before").await;
    let send = || json!({ "type": "send", "room_id": room, "nonce": nonce(), "text": "hello Bob" });
    assert_eq!(socket.refused(send()).await, "internal");
    let panic = receiver.wait_for("the panic", |it| find(&it.events(), "can't take")).await;
    let exception = &panic["exception"]["values"][0];
    assert_eq!((&exception["type"], &exception["value"]), (&json!("panic"), &json!(SCRUBBED)));
    let frames = exception["stacktrace"]["frames"].as_array().unwrap();
    assert!(frames.iter().any(|frame| frame["filename"] == "messages.rs"), "{frames:#?}");

    // The store itself fails, and says something.
    let database = Connection::open(node.data().join("starling.db")).unwrap();
    let fails = SECRETS.replace('\'', "''");
    let trigger = format!(
        "CREATE TRIGGER fails BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, '{fails}'); END"
    );
    database.execute_batch(&trigger).unwrap();
    assert_eq!(socket.refused(send()).await, "storage_unavailable");
    let error = receiver.wait_for("the error", |it| find(&it.events(), "the store failed")).await;
    let fields = &error["contexts"]["Rust Tracing Fields"];
    assert!(fields["error"].as_str().unwrap().contains(SCRUBBED), "{error:#}");
    database.execute_batch("DROP TRIGGER fails").unwrap();
    socket.say(&room, "after").await;

    for posted in receiver.posted() {
        assert_eq!(posted.path, "/api/7/envelope/");
        assert!(posted.headers["x-sentry-auth"].contains("sentry_key=the-public-key"));
        let text = String::from_utf8(posted.body.to_vec()).unwrap();
        for secret in ["hello Bob", "ada@", "10.1.2.3", "eyJhbG", &ada.token, &ada.username] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(!log.contains("the-public-key"), "{log}");
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_reported_last_is_sent_before_the_end_and_few_are_in_a_second() {
    let receiver = Receiver::start();
    let dsn = dsn(receiver.address);
    let (mut node, log) = Process::logging_with(&["--sentry-dsn", &dsn], &[]);
    let ada = node.person().await;
    let room = ada.room("public").await;
    let database = Connection::open(node.data().join("starling.db")).unwrap();
    let trigger =
        "CREATE TRIGGER fails BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END";
    database.execute_batch(trigger).unwrap();
    let mut socket = ada.socket().await;
    for _ in 0..200 {
        let send = json!({ "type": "send", "room_id": room, "nonce": nonce(), "text": "hello" });
        assert_eq!(socket.refused(send).await, "storage_unavailable");
    }
    node.terminate();
    assert!(node.ended().await.success());
    let log = std::fs::read_to_string(log.path()).unwrap();
    let errors = log.matches("the store failed").count();
    let reported = receiver.events().len();
    assert!(reported > 0 && errors >= 200, "{reported} of {errors}");
    assert!(reported < errors / 2, "{reported} of {errors}");
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_reports_that_hangs_or_is_away_holds_nobody_up() {
    // It accepts connections, and nobody ever reads them.
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    for receiver in [hanging.local_addr().unwrap(), away] {
        let panics = [("STARLING_PANIC", "stored:1:on purpose")];
        let (mut node, _log) = Process::logging_with(&["--sentry-dsn", &dsn(receiver)], &panics);
        let ada = node.person().await;
        let room = ada.room("public").await;
        let mut socket = ada.socket().await;
        let send = json!({ "type": "send", "room_id": room, "nonce": nonce(), "text": "hello" });
        assert_eq!(socket.refused(send).await, "internal");
        for number in 0..100 {
            socket.say(&room, &format!("message {number}")).await;
        }
        node.terminate();
        assert!(node.ended().await.success());
    }
}
