//! Coming back with a cursor.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use starling::domain::cursor::{Cursor, LAG_MS, MAX_AGE_MS};
use starling::store::catch_up::MAX_EVENTS;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Api, Node, Socket, View, nonce};

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_told_all_that_happened_and_sees_what_others_see() {
    let node = Node::start().await;
    let [ada, bob, cid] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let at = |rest: &str| format!("/rooms/{room}{rest}");
    let (kept, edited, deleted) = (
        ada.say(&room, "stays").await,
        ada.say(&room, "teh").await,
        ada.say(&room, "regretted").await,
    );
    let mut there = ada.socket().await;
    let away = bob.socket().await;
    let cursor = away.cursor.clone();
    drop(away);

    ada.say(&room, "while you were away").await;
    ada.patch(&at(&format!("/messages/{edited}")), json!({ "text": "the" })).await.ok();
    ada.delete(&at(&format!("/messages/{deleted}"))).await.ok();
    ada.put(&at(&format!("/messages/{kept}/reactions/👍")), json!({})).await.ok();
    ada.put(&at(&format!("/messages/{edited}/reactions/❤️")), json!({})).await.ok();
    ada.delete(&at(&format!("/messages/{edited}/reactions/❤️"))).await.ok();
    ada.put(&at("/receipt"), json!({ "read": edited })).await.ok();
    ada.post(&at("/members"), json!({ "user_id": cid.id })).await.ok();
    ada.patch(&at(&format!("/members/{}", cid.id)), json!({ "role": "admin" })).await.ok();
    ada.patch(&at(""), json!({ "name": "Renamed" })).await.ok();
    ada.say(&room, "end").await;

    let mut back = bob.resume(&cursor).await;
    assert_eq!(back.hello["resumed"], true);
    let mut view = View::default();
    view.take_all(&back.drain());
    let member = |user: &Api| &view.members[&(room.clone(), user.id.clone())];
    assert!(view.texts().iter().any(|text| text == "while you were away"));
    assert_eq!(view.messages[&edited]["text"], "the");
    assert_eq!(view.messages[&deleted]["deleted"], true);
    assert_eq!(view.reactions[&kept]["emojis"], json!(["👍"]));
    assert_eq!(view.reactions[&edited]["emojis"], json!([]));
    assert_eq!(member(&ada)["read"], edited.as_str());
    assert_eq!(member(&cid)["role"], "admin");
    assert_eq!(view.rooms[&room]["name"], "Renamed");

    // The same states as whoever was there all the time.
    there.text("end").await;
    let mut seen = View::default();
    seen.take_all(&there.drain());
    for (id, message) in &seen.messages {
        // Reactions have a version of their own, and were told apart to whoever was there.
        for field in ["text", "version", "deleted", "author_id", "system"] {
            assert_eq!(view.messages[id][field], message[field], "{field}");
        }
    }
    for (key, member) in &seen.members {
        assert_eq!(view.members.get(key), Some(member));
    }
    assert_eq!(view.rooms, seen.rooms);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_events_come_after_caught_up() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let cursor = ada.socket().await.cursor;
    ada.say(&room, "missed").await;
    let mut socket = Socket::open(node.address).await;
    let hello = json!({ "id": 3, "type": "hello", "token": ada.token, "cursor": cursor });
    socket.send_text(hello.to_string()).await;
    let mut order = Vec::new();
    while order.last().is_none_or(|kind| kind != "live") {
        let frame = socket.next().await.unwrap();
        match (frame["type"].as_str().unwrap(), frame["message"]["text"].as_str()) {
            ("message", Some(text @ ("missed" | "live"))) => order.push(text.to_owned()),
            (kind @ ("ok" | "caught_up"), _) => order.push(kind.to_owned()),
            _ => {}
        }
        if order.last().is_some_and(|kind| kind == "caught_up") {
            ada.say(&room, "live").await;
        }
    }
    assert_eq!(order, ["ok", "missed", "caught_up", "live"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_socket_is_told_nothing_of_before() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    ada.say(&room, "before").await;
    let mut socket = ada.socket().await;
    assert_eq!(socket.hello["resumed"], true);
    ada.say(&room, "now").await;
    assert_eq!(socket.next().await.unwrap()["message"]["text"], "now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_none_or_too_old_means_to_load_everything_again() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    ada.say(&room, "before").await;
    let at = |millis: u64| Cursor::at(millis).encode();
    let now = now_ms();
    for (cursor, resumed) in [
        ("nonsense".to_owned(), false),
        (String::new(), false),
        (at(now - MAX_AGE_MS - 1_000), false),
        (at(now + LAG_MS + 60_000), false),
        (at(0), false),
        (at(now - MAX_AGE_MS + 60_000), true),
        (at(now), true),
    ] {
        let mut socket = ada.resume(&cursor).await;
        assert_eq!(socket.hello["resumed"], resumed, "{cursor:?}");
        assert!(Cursor::decode(&socket.cursor).is_some(), "it is given a good one");
        let told = socket.drain().iter().any(|frame| frame["message"]["text"] == "before");
        assert!(resumed || !told, "{cursor:?}");
        // And from then on it hears what happens.
        ada.say(&room, "live").await;
        socket.text("live").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_with_too_much_to_tell_is_loaded_again_and_the_others_are_told() {
    let node = Node::start().await;
    let ada = node.person().await;
    let (busy, calm) = (ada.room("private").await, ada.room("private").await);
    let mut socket = ada.socket().await;
    let cursor = socket.cursor.clone();
    let most = MAX_EVENTS + 1;
    let send = |id: usize| json!({ "id": id, "type": "send", "room_id": busy, "nonce": nonce(), "text": "x" });
    socket.send_together((1..=most).map(|id| Message::text(send(id).to_string()))).await;
    socket.answer(most as u64).await;
    ada.say(&calm, "just this").await;
    let mut back = ada.resume(&cursor).await;
    let told = back.drain();
    let reloads: Vec<_> = told.iter().filter(|frame| frame["type"] == "reload").collect();
    assert_eq!(reloads, [&json!({ "type": "reload", "room_id": busy })]);
    let in_room = |room: &str| {
        told.iter().filter(|frame| frame["room_id"] == room && frame["type"] == "message").count()
    };
    assert_eq!((in_room(&busy), in_room(&calm)), (0, 2), "with the room's beginning");
    ada.say(&busy, "live").await;
    back.text("live").await;
}

/// Nothing falls between what is told again and what is live.
#[tokio::test(flavor = "multi_thread")]
async fn no_event_falls_between_the_replay_and_what_is_live() {
    const SAID: u64 = 400;
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let start = bob.socket().await.cursor;
    let mut speaker = ada.socket().await;
    let speaking = tokio::spawn({
        let room = room.clone();
        async move {
            for number in 0..SAID {
                speaker.say(&room, &number.to_string()).await;
            }
        }
    });
    let number = |frame: &Value| -> Option<u64> { frame["message"]["text"].as_str()?.parse().ok() };
    let listen = async |hops: u64| {
        let mut cursor = start.clone();
        for hop in 0.. {
            let mut socket = bob.resume(&cursor).await;
            let (mut heard, mut last) = (Vec::new(), false);
            // Stay for a while, longer each time.
            while heard.len() < 20 + (hop * hops) as usize && !last {
                let frame = socket.next().await.unwrap();
                heard.extend(number(&frame));
                last = heard.last() == Some(&(SAID - 1));
            }
            heard.extend(socket.drain().iter().filter_map(&number));
            let (first, newest) = (heard.iter().min().unwrap(), heard.iter().max().unwrap());
            let mut distinct = heard.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len() as u64, newest - first + 1, "a hole: {heard:?}");
            cursor.clone_from(&socket.cursor);
            if last || *newest == SAID - 1 {
                return;
            }
        }
    };
    tokio::join!(listen(3), listen(7), listen(11), listen(31));
    speaking.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_come_and_go_while_people_are_added_and_removed_end_in_the_same_view() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room("private").await;
    let still = ada.room_with("private", &[&bob]).await;
    let coming_and_going = async {
        for _ in 0..12 {
            ada.post(&format!("/rooms/{room}/members"), json!({ "user_id": bob.id })).await.ok();
            ada.delete(&format!("/rooms/{room}/members/{}", bob.id)).await;
        }
    };
    let reconnecting = async {
        let mut cursor = bob.socket().await.cursor;
        for _ in 0..25 {
            cursor = bob.resume(&cursor).await.cursor;
        }
        cursor
    };
    let ((), cursor) = tokio::join!(coming_and_going, reconnecting);
    let mut socket = bob.resume(&cursor).await;
    ada.say(&room, "not for bob").await;
    ada.say(&still, "for bob").await;
    socket.text("for bob").await;
    let heard = socket.drain();
    assert!(!heard.iter().any(|frame| frame["message"]["text"] == "not for bob"), "{heard:?}");
    let mut view = View::default();
    view.take_all(&heard);
    assert_eq!(view.members[&(room, bob.id.clone())]["state"], "left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_with_as_much_to_tell_as_is_told_is_not_loaded_again() {
    // The room itself, its member, and that it was made.
    const MADE: usize = 3;
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let mut socket = ada.socket().await;
    let cursor = socket.cursor.clone();
    let most = MAX_EVENTS - MADE;
    let send = |id: usize| json!({ "id": id, "type": "send", "room_id": room, "nonce": nonce(), "text": "x" });
    socket.send_together((1..=most).map(|id| Message::text(send(id).to_string()))).await;
    socket.answer(most as u64).await;
    let told = ada.resume(&cursor).await.drain();
    assert!(!told.iter().any(|frame| frame["type"] == "reload"));
    assert_eq!(told.iter().filter(|frame| frame["message"]["text"] == "x").count(), most);

    ada.say(&room, "one more").await;
    let told = ada.resume(&cursor).await.drain();
    assert!(told.contains(&json!({ "type": "reload", "room_id": room })));
}
