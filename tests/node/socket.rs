//! The socket: log-in, commands, frames, closing.

use std::time::Duration;

use serde_json::{Value, json};
use starling::protocol::MAX_CLIENT_FRAME_BYTES;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{Node, Socket, nonce};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_frame_is_a_hello() {
    let node = Node::start().await;
    let ada = node.person().await;
    let mut socket = Socket::open(node.address).await;
    let first = json!({ "id": 7, "type": "heartbeat" });
    socket.send_text(first.to_string()).await;
    assert_eq!(socket.close_code().await, Some(4001));
    assert_eq!(socket.answer(7).await["error"]["code"], "unauthenticated");

    let mut socket = Socket::open(node.address).await;
    socket.send_text("nonsense").await;
    assert_eq!(socket.close_code().await, Some(4000));

    let mut socket = Socket::open(node.address).await;
    socket.send_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.close_code().await, Some(4000));

    let socket = ada.socket().await;
    assert_eq!(socket.hello["user_id"], ada.id.as_str());
    assert_eq!(socket.hello["session_id"], ada.session.as_str());
    assert_eq!(socket.hello["resumed"], true);
    assert!(socket.hello["heartbeat_s"].as_u64() < socket.hello["silence_limit_s"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_good_is_answered_and_closed() {
    let node = Node::start().await;
    let ada = node.person().await;
    let hello = async |token: &str| {
        let mut socket = Socket::open(node.address).await;
        let hello = json!({ "id": 1, "type": "hello", "token": token });
        socket.send_text(hello.to_string()).await;
        let code = socket.close_code().await;
        (socket.answer(1).await["error"]["code"].clone(), code)
    };
    assert_eq!(hello("nonsense").await, (json!("unauthenticated"), Some(4001)));
    let (head, tail) = ada.token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", tail.chars().rev().collect::<String>());
    assert_eq!(hello(&forged).await, (json!("unauthenticated"), Some(4001)));
    ada.post("/auth/logout", json!({})).await;
    assert_eq!(hello(&ada.token).await, (json!("session_ended"), Some(4002)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_hello_is_refused_and_changes_nothing() {
    let node = Node::start().await;
    let [ada, eve] = node.people().await;
    let mut socket = ada.socket().await;
    assert_eq!(socket.refused(json!({ "type": "hello", "token": eve.token })).await, "malformed");
    let room = ada.room("private").await;
    socket.say(&room, "still ada").await;
    assert_eq!(ada.texts(&room).await[0]["author_id"], ada.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_wants_our_subprotocol_and_a_known_origin() {
    let node = Node::with(&["--allowed-origins", "https://chat.example.org"]).await;
    let own = format!("http://{}", node.address);
    let status = async |protocol: &str, origin: Option<&str>| match Socket::try_open(
        node.address,
        protocol,
        origin,
    )
    .await
    {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    };
    for (protocol, origin, expected) in [
        ("starling.v1", None, 101),
        ("starling.v2, starling.v1", None, 101),
        ("starling.v2", None, 400),
        ("", None, 400),
        ("starling.v1", Some("https://chat.example.org"), 101),
        ("starling.v1", Some(own.as_str()), 101),
        ("starling.v1", Some("https://evil.example.org"), 403),
        ("starling.v1", Some("null"), 403),
    ] {
        assert_eq!(status(protocol, origin).await, expected, "{protocol:?} {origin:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_command_is_answered_and_the_socket_goes_on() {
    let node = Node::start().await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    for nonsense in [
        "nonsense",
        "",
        "{}",
        "[]",
        "null",
        r#"{"id":1}"#,
        r#"{"id":1,"type":"fly"}"#,
        r#"{"id":"one","type":"heartbeat"}"#,
        r#"{"id":-1,"type":"heartbeat"}"#,
        r#"{"id":1,"type":"typing","room_id":"x","on":true}"#,
        r#"{"id":1,"type":"send","room_id":"00000000-0000-0000-0000-000000000000"}"#,
    ] {
        socket.send_text(nonsense).await;
        let error = socket.event("error").await;
        assert_eq!(error["error"]["code"], "malformed", "{nonsense}");
    }
    socket.ok(json!({ "type": "activity", "idle": false })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_passes_at_its_limit_and_closes_one_byte_past() {
    let node = Node::start().await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    let frame = |length: usize| {
        let bare = json!({ "id": 9, "type": "renew", "token": "" }).to_string();
        let token = "x".repeat(length - bare.len());
        json!({ "id": 9, "type": "renew", "token": token }).to_string()
    };
    let largest = frame(MAX_CLIENT_FRAME_BYTES);
    assert_eq!(largest.len(), MAX_CLIENT_FRAME_BYTES);
    socket.send_text(largest).await;
    assert_eq!(socket.answer(9).await["error"]["code"], "unauthenticated");
    socket.send_text(frame(MAX_CLIENT_FRAME_BYTES + 1)).await;
    assert_eq!(socket.close_code().await, Some(1009));

    let mut early = Socket::open(node.address).await;
    early.send_text(frame(MAX_CLIENT_FRAME_BYTES + 1)).await;
    assert_eq!(early.close_code().await, Some(1009));
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_before_and_after_the_hello() {
    let node = Node::start().await;
    let ada = node.person().await;
    for mut socket in [Socket::open(node.address).await, ada.socket().await] {
        for payload in [&b""[..], b"hello", &[7; 125]] {
            socket.send_raw(Message::Ping(payload.to_vec().into())).await;
            let answer = socket.message().await.unwrap().unwrap();
            assert_eq!(answer, Message::Pong(payload.to_vec().into()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_closes_is_answered_with_a_close() {
    let node = Node::start().await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    socket.send_raw(Message::Close(None)).await;
    assert_eq!(socket.close_code().await, Some(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_commands_in_one_write_are_answered_in_their_order() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let mut socket = ada.socket().await;
    let send = |id: u64| json!({ "id": id, "type": "send", "room_id": room, "nonce": nonce(), "text": id.to_string() });
    let frames = (1..=1_000).map(|id| Message::text(send(id).to_string()));
    socket.send_together(frames).await;
    let (mut answered, mut told) = (Vec::<u64>::new(), Vec::<u64>::new());
    while answered.len() < 1_000 || told.len() < 1_000 {
        let frame = socket.next().await.expect("the socket stays open");
        match frame["type"].as_str().unwrap() {
            "ok" => answered.push(frame["id"].as_u64().unwrap()),
            "message" => told.push(frame["message"]["text"].as_str().unwrap().parse().unwrap()),
            other => panic!("{other}: {frame}"),
        }
    }
    assert_eq!(answered, (1..=1_000).collect::<Vec<u64>>());
    assert_eq!(told, (1..=1_000).collect::<Vec<u64>>());
}

/// Answers that cost nothing to make come faster than the socket can be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_what_is_refused_at_once_does_not_close_a_client_that_reads() {
    let node = Node::start().await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    let frames = (0..3_000).map(|_| Message::text("{}"));
    socket.send_together(frames).await;
    for number in 0..3_000 {
        let frame = socket.next().await;
        let frame = frame.unwrap_or_else(|code| panic!("closed with {code:?} after {number}"));
        assert_eq!(frame["error"]["code"], "malformed");
    }
    socket.ok(json!({ "type": "activity", "idle": false })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_come_too_fast_are_refused_and_then_closed() {
    let node = Node::with(&["--limit-commands", "5/1h"]).await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    let activity = json!({ "type": "activity", "idle": false });
    for _ in 0..5 {
        socket.ok(activity.clone()).await;
    }
    let refused = socket.ask(activity.clone()).await;
    assert_eq!(refused["error"]["code"], "rate_limited");
    assert!(refused["error"]["retry_after_ms"].as_u64().unwrap() > 0);
    // Heartbeats are free.
    socket.send_text(json!({ "type": "heartbeat" }).to_string()).await;
    for id in 0..1_100 {
        let command = json!({ "id": id, "type": "activity", "idle": true });
        if socket.try_send_raw(Message::text(command.to_string())).await.is_err() {
            break;
        }
    }
    assert_eq!(socket.close_code().await, Some(4007));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_fragments_is_one_frame() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    let node = Node::start().await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    let text = json!({ "id": 5, "type": "activity", "idle": true }).to_string();
    let (head, tail) = text.split_at(10);
    let first = Frame::message(head.to_owned(), OpCode::Data(Data::Text), false);
    let last = Frame::message(tail.to_owned(), OpCode::Data(Data::Continue), true);
    socket.send_raw(Message::Frame(first)).await;
    socket.send_raw(Message::Ping(b"between".to_vec().into())).await;
    socket.send_raw(Message::Frame(last)).await;
    assert_eq!(socket.answer(5).await["type"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_leaves_nothing_behind() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    for round in 0..20 {
        let mut sockets = Vec::new();
        for _ in 0..5 {
            sockets.push(bob.socket().await);
        }
        // In the middle of what is being said, without a word; and some before they logged in.
        let early = Socket::open(node.address).await;
        let text = round.to_string();
        let (said, ()) = tokio::join!(ada.say(&room, &text), async { drop(sockets) });
        drop(early);
        assert!(!said.is_empty());
    }
    let mut socket = bob.socket().await;
    ada.say(&room, "still there").await;
    socket.text("still there").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_watched_and_told() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let mut watching = bob.socket().await;
    let mut mine = ada.socket().await;
    watching.ok(json!({ "type": "watch", "user_ids": [ada.id] })).await;
    let status = async |socket: &mut Socket| {
        let event = socket.event("presence").await;
        assert_eq!(event["user_id"], ada.id.as_str());
        event["status"].as_str().unwrap().to_owned()
    };
    mine.ok(json!({ "type": "activity", "idle": true })).await;
    assert_eq!(status(&mut watching).await, "away");
    let mut second = ada.socket().await;
    assert_eq!(status(&mut watching).await, "online", "the best device counts");
    second.ok(json!({ "type": "presence", "choice": "do_not_disturb" })).await;
    assert_eq!(status(&mut watching).await, "do_not_disturb");
    second.ok(json!({ "type": "presence", "choice": "invisible" })).await;
    assert_eq!(status(&mut watching).await, "offline");
    assert_eq!(ada.get("/me").await.ok()["presence"], "invisible");
    let asked = bob.get(&format!("/presence?ids={}", ada.id)).await.ok();
    assert_eq!(asked[0]["status"], "offline");
    ada.put("/me/presence", json!({ "choice": "away" })).await;
    assert_eq!(status(&mut watching).await, "away");
    ada.put("/me/presence", json!({ "choice": "auto" })).await;
    assert_eq!(status(&mut watching).await, "online");
    // Nobody is told any more after the list was replaced.
    watching.ok(json!({ "type": "watch", "user_ids": [] })).await;
    ada.put("/me/presence", json!({ "choice": "away" })).await;
    watching.ok(json!({ "type": "activity", "idle": false })).await;
    let heard: Vec<Value> = watching.drain();
    assert!(!heard.iter().any(|frame| frame["type"] == "presence"), "{heard:?}");
    let many = vec![ada.id.as_str(); 201];
    assert_eq!(watching.refused(json!({ "type": "watch", "user_ids": many })).await, "invalid");
}

/// One test for all that has to be waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_not_shown_and_an_absence_is() {
    let node = Node::start().await;
    let [ada, bob, cid, eve] = node.people().await;
    let mut watching = eve.socket().await;
    let first = ada.socket().await;
    let mut bobs = bob.socket().await;
    bobs.ok(json!({ "type": "presence", "choice": "do_not_disturb" })).await;
    let cursor = cid.poll(None, 0).await.ok()["cursor"].as_str().unwrap().to_owned();
    let mut poll = tokio::net::TcpStream::connect(node.address).await.unwrap();
    let request = format!(
        "GET /api/v1/events?wait=50&cursor={cursor} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        cid.token
    );
    poll.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    watching.ok(json!({ "type": "watch", "user_ids": [ada.id, bob.id, cid.id] })).await;
    // A reload; somebody who goes; somebody whose poll breaks off.
    drop(first);
    let _again = ada.socket().await;
    drop(bobs);
    poll.set_zero_linger().unwrap();
    drop(poll);
    let mut gone = Vec::new();
    while gone.len() < 2 {
        let event = watching.event("presence").await;
        // How somebody is may be told once more after the watch began.
        if event["status"] != "offline" {
            continue;
        }
        assert!(event["last_seen"].as_u64().is_some());
        gone.push(event["user_id"].as_str().unwrap().to_owned());
    }
    gone.sort();
    let mut expected = vec![bob.id.clone(), cid.id.clone()];
    expected.sort();
    assert_eq!(gone, expected);
    let path = format!("/presence?ids={},{},{}", ada.id, bob.id, cid.id);
    let known = eve.get(&path).await.ok();
    let statuses: Vec<_> =
        known.as_array().unwrap().iter().map(|e| e["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["online", "offline", "offline"]);
    // It is told before it is stored.
    while eve.get(&path).await.ok()[1]["last_seen"].as_u64().is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_never_says_hello_is_closed() {
    let node = Node::start().await;
    let mut socket = Socket::open(node.address).await;
    assert_eq!(socket.close_code().await, Some(4001));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_nonsense_is_refused_and_ended() {
    let node = Node::with(&["--limit-commands", "5/1h"]).await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    for n in 0..6 {
        socket.send_text(json!({ "id": n + 1, "type": "nonsense" }).to_string()).await;
        let code = if n < 5 { "malformed" } else { "rate_limited" };
        assert_eq!(socket.answer(n + 1).await["error"]["code"], code, "{n}");
    }
    socket.send_together((0..1_000).map(|_| Message::text("nonsense"))).await;
    assert_eq!(socket.close_code().await, Some(4007));
}
