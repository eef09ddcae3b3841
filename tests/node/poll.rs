//! Long polling.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use starling::store::catch_up::MAX_EVENTS;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Api, Node, PATIENCE, View, nonce};

fn events(reply: &Value) -> Vec<Value> {
    reply["events"].as_array().expect("events").clone()
}

fn cursor(reply: &Value) -> String {
    reply["cursor"].as_str().expect("a cursor").to_owned()
}

async fn start(person: &Api) -> String {
    let first = person.poll(None, 50).await.ok();
    assert_eq!((events(&first), &first["resumed"]), (vec![], &json!(true)));
    cursor(&first)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_is_answered_when_something_happens_and_empty_when_nothing_does() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let beginning = start(&bob).await;
    let waiting = tokio::spawn({
        let (bob, beginning) = (bob.clone(), beginning.clone());
        async move { bob.poll(Some(&beginning), 50).await }
    });
    ada.say(&room, "hello").await;
    let answer = tokio::time::timeout(PATIENCE, waiting).await.expect("an answer").unwrap().ok();
    // What was already there when the cursor was given may come first.
    let mut told = events(&answer);
    let mut next = cursor(&answer);
    while !told.iter().any(|event| event["message"]["text"] == "hello") {
        let answer = bob.poll(Some(&next), 50).await.ok();
        told.extend(events(&answer));
        next = cursor(&answer);
    }
    for wait in [0, 1] {
        let answer = bob.poll(Some(&next), wait).await.ok();
        assert_eq!(events(&answer), Vec::<Value>::new());
        next = cursor(&answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_and_watched_presence_are_told_to_a_poll() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let mut speaker = ada.socket().await;
    let mut next = start(&bob).await;
    let mut told = Vec::new();
    let is = |told: &[Value], kind: &str| told.iter().any(|event| event["type"] == kind);
    let mut on = false;
    while !is(&told, "typing") || !is(&told, "presence") {
        let path = format!("/events?wait=5&watch={}&cursor={next}", ada.id);
        let polling = tokio::spawn({
            let bob = bob.clone();
            async move { bob.get(&path).await.ok() }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        on = !on;
        speaker.ok(json!({ "type": "typing", "room_id": room, "on": on })).await;
        speaker.ok(json!({ "type": "activity", "idle": on })).await;
        let answer = polling.await.unwrap();
        told.extend(events(&answer));
        next = cursor(&answer);
    }
}

/// Polls until this text came; how often each state was told.
async fn poll_until(person: &Api, next: &mut String, end: &str) -> HashMap<String, u32> {
    let mut told: HashMap<String, u32> = HashMap::new();
    loop {
        let answer = person.poll(Some(next), 20).await.ok();
        assert_eq!(answer["resumed"], true);
        *next = cursor(&answer);
        let mut ended = false;
        for event in events(&answer) {
            ended |= event["message"]["text"] == end;
            if event["type"] == "message" {
                *told.entry(event["message"]["text"].to_string()).or_default() += 1;
            }
        }
        if ended {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_many_polls_nothing_is_missing_and_nothing_comes_twice() {
    const SAID: usize = 120;
    let node = Node::start().await;
    let [ada, bob, cid] = node.people().await;
    let room = ada.room_with("private", &[&bob, &cid]).await;
    let other = ada.room_with("private", &[&bob]).await;
    let mut next = start(&bob).await;
    let speak = async |person: &Api, room: &str, name: &str| {
        for number in 0..SAID {
            person.say(room, &format!("{name} {number}")).await;
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..25))).await;
        }
    };
    let speaking = async {
        tokio::join!(speak(&ada, &room, "ada"), speak(&cid, &room, "cid"));
        ada.say(&other, "end").await;
    };
    let ((), told) = tokio::join!(speaking, poll_until(&bob, &mut next, "end"));
    for name in ["ada", "cid"] {
        for number in 0..SAID {
            let text = json!(format!("{name} {number}")).to_string();
            assert_eq!(told.get(&text), Some(&1), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_outlives_the_server() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let mut next = start(&bob).await;
    ada.say(&room, "before").await;
    let first = bob.poll(Some(&next), 0).await.ok();
    next = cursor(&first);
    ada.say(&room, "before the end, and not yet told").await;
    let node = node.stop().await.start().await;
    ada.say(&room, "after").await;
    let mut told = poll_until(&bob, &mut next, "after").await;
    for event in events(&first) {
        *told.entry(event["message"]["text"].to_string()).or_default() += 1;
    }
    for text in ["before", "before the end, and not yet told", "after"] {
        assert_eq!(told.get(&json!(text).to_string()), Some(&1), "{text}: {told:?}");
    }
    drop(node);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_as_good_for_a_socket_and_the_other_way_round() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let next = start(&bob).await;
    ada.say(&room, "one").await;
    let mut socket = bob.resume(&next).await;
    assert_eq!(socket.hello["resumed"], true);
    socket.text("one").await;
    let from_socket = socket.cursor.clone();
    drop(socket);
    ada.say(&room, "two").await;
    let answer = bob.poll(Some(&from_socket), 20).await.ok();
    assert_eq!(answer["resumed"], true);
    let mut view = View::default();
    view.take_all(&events(&answer));
    assert!(view.texts().contains(&"two".to_owned()));
    // A cursor that names what was told in between tells a socket more than it lacks, never less.
    ada.say(&room, "three").await;
    let mut socket = bob.resume(&cursor(&answer)).await;
    socket.text("three").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_with_no_good_cursor_says_so_and_gives_one() {
    let node = Node::start().await;
    let ada = node.person().await;
    let answer = ada.poll(Some("nonsense"), 50).await.ok();
    assert_eq!((events(&answer), &answer["resumed"]), (vec![], &json!(false)));
    let answer = ada.poll(Some(&cursor(&answer)), 0).await.ok();
    assert_eq!(answer["resumed"], true);
    let nobody = Api::nobody(node.address);
    assert_eq!(nobody.poll(None, 0).await.refusal(), (401, "unauthenticated".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_missed_too_much_of_a_room_is_told_to_load_it() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let next = start(&bob).await;
    let mut socket = ada.socket().await;
    let most = MAX_EVENTS + 1;
    let send = |id: usize| json!({ "id": id, "type": "send", "room_id": room, "nonce": nonce(), "text": "x" });
    socket.send_together((1..=most).map(|id| Message::text(send(id).to_string()))).await;
    socket.answer(most as u64).await;
    let told = events(&bob.poll(Some(&next), 20).await.ok());
    let reload = json!({ "type": "reload", "room_id": room });
    assert_eq!(told.iter().filter(|event| **event == reload).count(), 1, "{told:?}");
}

/// Whoever joins between two polls is told of the room and of all that is said in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_poll_follows_a_room_that_its_person_comes_into() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    for waits in [true, false] {
        let mut next = start(&bob).await;
        let polling = tokio::spawn({
            let (bob, next) = (bob.clone(), next.clone());
            async move { bob.poll(Some(&next), if waits { 5 } else { 0 }).await.ok() }
        });
        let room = ada.room_with("private", &[&bob]).await;
        let welcome = format!("welcome, {waits}");
        ada.say(&room, &welcome).await;
        let first = polling.await.unwrap();
        next = cursor(&first);
        let mut view = View::default();
        view.take_all(&events(&first));
        while !view.texts().contains(&welcome) {
            let answer = bob.poll(Some(&next), 20).await.ok();
            view.take_all(&events(&answer));
            next = cursor(&answer);
        }
        assert_eq!(view.rooms[&room]["id"], room.as_str());
        assert_eq!(view.members[&(room, bob.id.clone())]["state"], "joined");
    }
}
