//! Messages.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use starling::domain::window::Limit;

use crate::support::{Node, View, nonce};

fn send(room: &str, nonce: &str, text: &str) -> Value {
    json!({ "type": "send", "room_id": room, "nonce": nonce, "text": text })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_everybody_its_sender_included_as_it_was_written() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let (mut mine, mut theirs) = (ada.socket().await, bob.socket().await);
    let text = " <script>alert('x')</script> & **bold** \u{202e}\n\tüñí🦀 ";
    let nonce = nonce();
    let sent = mine.ok(send(&room, &nonce, text)).await;
    assert_eq!(sent["duplicate"], false);
    for socket in [&mut mine, &mut theirs] {
        let message = socket.event("message").await["message"].clone();
        assert_eq!(message["id"], sent["message_id"]);
        assert_eq!(message["text"], text);
        assert_eq!(message["nonce"], nonce);
        assert_eq!(message["author_id"], ada.id.as_str());
        assert_eq!(message["version"], message["id"]);
    }
    assert_eq!(bob.texts(&room).await[0]["text"], text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_makes_one_message_whatever_way_it_comes_again() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let (mut one, mut two) = (ada.socket().await, ada.another_session().await.socket().await);
    let nonce = nonce();
    let first = one.ok(send(&room, &nonce, "once")).await;
    let again = one.ok(send(&room, &nonce, "once")).await;
    assert_eq!(again, json!({ "message_id": first["message_id"], "duplicate": true }));
    let mut retry = send(&room, &nonce, "once");
    retry["retry"] = true.into();
    assert_eq!(two.ok(retry).await["message_id"], first["message_id"]);
    let body = json!({ "nonce": nonce, "text": "once", "retry": true });
    let over_http = ada.post(&format!("/rooms/{room}/messages"), body).await.ok();
    assert_eq!(over_http["message_id"], first["message_id"]);
    assert_eq!(over_http["duplicate"], true);
    assert_eq!(bob.texts(&room).await.len(), 1);
    // It is the author's nonce; somebody else's is another.
    let path = format!("/rooms/{room}/messages");
    let other = bob.post(&path, json!({ "nonce": nonce, "text": "once" })).await;
    assert_ne!(other.ok()["message_id"], first["message_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_comes_thirty_two_times_at_once_makes_one_message() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let mut theirs = bob.socket().await;
    for round in 0..4 {
        let nonce = nonce();
        let text = format!("round {round}");
        let post = async |number: usize| {
            let body = json!({ "nonce": nonce, "text": text, "retry": number % 2 == 1 });
            ada.post(&format!("/rooms/{room}/messages"), body).await.ok()
        };
        let over_socket = async |number: usize| {
            let mut socket = ada.socket().await;
            let mut command = send(&room, &nonce, &text);
            command["retry"] = number.is_multiple_of(2).into();
            socket.ok(command).await
        };
        let (http, sockets) =
            tokio::join!(join_all((0..24).map(post)), join_all((0..8).map(over_socket)));
        let replies = [http, sockets].concat();
        let ids: HashSet<_> = replies.iter().map(|reply| reply["message_id"].to_string()).collect();
        assert_eq!(ids.len(), 1);
        let made = replies.iter().filter(|reply| reply["duplicate"] == false).count();
        assert!(made <= 1, "at most one attempt made it");
    }
    let texts = ada.texts(&room).await;
    let texts: Vec<_> = texts.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["round 0", "round 1", "round 2", "round 3"]);
    ada.say(&room, "end").await;
    theirs.text("end").await;
    let mut view = View::default();
    view.take_all(&theirs.drain());
    assert_eq!(view.texts().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_of_another_room_is_refused_and_nothing_is_written() {
    let node = Node::start().await;
    let ada = node.person().await;
    let (here, there) = (ada.room("private").await, ada.room("private").await);
    let mut socket = ada.socket().await;
    let nonce = nonce();
    socket.ok(send(&here, &nonce, "here")).await;
    assert_eq!(socket.refused(send(&there, &nonce, "there")).await, "nonce_reused");
    let body = json!({ "nonce": nonce, "text": "there", "retry": true });
    let reply = ada.post(&format!("/rooms/{there}/messages"), body).await;
    assert_eq!(reply.refusal(), (409, "nonce_reused".into()));
    assert!(ada.texts(&there).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_taken_at_its_limits_and_refused_one_past() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let mut socket = ada.socket().await;
    for text in ["x", &"x".repeat(4_000), &"🦀".repeat(4_000), &"\u{1}".repeat(4_000)] {
        socket.ok(send(&room, &nonce(), text)).await;
    }
    for text in ["", " \n\t", "a\0b", &"x".repeat(4_001), &"🦀".repeat(4_001)] {
        let answer = socket.ask(send(&room, &nonce(), text)).await;
        assert_eq!(answer["error"]["code"], "invalid", "{} bytes", text.len());
        assert_eq!(answer["error"]["fields"][0]["field"], "text");
    }
    for nonce in ["1234567", &"x".repeat(65), "with space"] {
        let answer = socket.ask(send(&room, nonce, "text")).await;
        assert_eq!(answer["error"]["fields"][0]["field"], "nonce", "{nonce}");
    }
    assert_eq!(ada.texts(&room).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_a_message_of_the_same_room() {
    let node = Node::start().await;
    let ada = node.person().await;
    let (room, other) = (ada.room("private").await, ada.room("private").await);
    let (question, elsewhere) = (ada.say(&room, "why?").await, ada.say(&other, "why?").await);
    let post = async |reply_to: &str| {
        let body = json!({ "nonce": nonce(), "text": "because", "reply_to": reply_to });
        ada.post(&format!("/rooms/{room}/messages"), body).await
    };
    post(&question).await.ok();
    assert_eq!(ada.texts(&room).await[1]["reply_to"], question.as_str());
    assert_eq!(post(&elsewhere).await.fields(), ["reply_to"]);
    assert_eq!(post(&uuid::Uuid::now_v7().to_string()).await.fields(), ["reply_to"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_replaces_the_text_everywhere() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let (mut mine, mut theirs) = (ada.socket().await, bob.socket().await);
    let id = mine.say(&room, "teh").await;
    let edit =
        |text: &str| json!({ "type": "edit", "room_id": room, "message_id": id, "text": text });
    let changed = mine.ok(edit("the")).await;
    let event = theirs.text("the").await["message"].clone();
    assert_eq!((&event["id"], &event["version"]), (&json!(id), &changed["version"]));
    assert!(event["edited_at"].as_u64() >= event["sent_at"].as_u64());
    assert_eq!(bob.texts(&room).await[0]["text"], "the");
    assert_eq!(theirs.refused(edit("mine")).await, "forbidden");
    assert_eq!(mine.refused(edit(" ")).await, "invalid");
    mine.ok(json!({ "type": "delete", "room_id": room, "message_id": id })).await;
    assert_eq!(mine.refused(edit("late")).await, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_deleted_message_only_a_tombstone_stays() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let mut theirs = bob.socket().await;
    let first = ada.say(&room, "a secret").await;
    let id = ada.say(&room, "regretted").await;
    bob.put(&format!("/rooms/{room}/messages/{id}/reactions/👍"), json!({})).await.ok();
    let path = format!("/rooms/{room}/messages/{id}");
    ada.delete(&path).await.ok();
    let event = theirs.find(|frame| frame["message"]["deleted"] == true).await;
    let tombstone = event["message"].clone();
    assert_eq!(
        (tombstone["id"].as_str(), tombstone["text"].as_str()),
        (Some(id.as_str()), Some(""))
    );
    let page = bob.get(&format!("/rooms/{room}/messages")).await;
    assert!(!page.text.contains("regretted") && !page.text.contains("👍"), "{}", page.text);
    let kept = bob.texts(&room).await;
    assert_eq!(kept.iter().map(|m| m["id"].as_str().unwrap()).collect::<Vec<_>>(), [&first, &id]);
    assert_eq!(ada.delete(&path).await.code(), "not_found");
    assert_eq!(bob.get(&format!("{path}/seen")).await.code(), "not_found");
    let react = bob.put(&format!("{path}/reactions/👍"), json!({})).await;
    assert_eq!(react.code(), "not_found");
    // The nonce stays used.
    let message = &kept[1];
    let body = json!({ "nonce": message["nonce"], "text": "regretted", "retry": true });
    let again = ada.post(&format!("/rooms/{room}/messages"), body).await.ok();
    assert_eq!(
        (again["message_id"].as_str(), again["duplicate"].as_bool()),
        (Some(id.as_str()), Some(true))
    );
    assert_eq!(bob.texts(&room).await[1]["text"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn system_messages_are_nobodys_to_change() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("public").await;
    let page = ada.get(&format!("/rooms/{room}/messages")).await.ok();
    let id = page["messages"][0]["id"].as_str().unwrap();
    let path = format!("/rooms/{room}/messages/{id}");
    assert_eq!(ada.patch(&path, json!({ "text": "I was here" })).await.code(), "forbidden");
    assert_eq!(ada.delete(&path).await.code(), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_counted_once_for_each_person() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let id = ada.say(&room, "like it?").await;
    let mut socket = bob.socket().await;
    let react = |emoji: &str, on: bool| json!({ "type": "react", "room_id": room, "message_id": id, "emoji": emoji, "on": on });
    socket.ok(react("👍", true)).await;
    socket.ok(react("👍", true)).await;
    socket.ok(react("❤️", true)).await;
    ada.put(&format!("/rooms/{room}/messages/{id}/reactions/👍"), json!({})).await.ok();
    let last =
        socket.find(|frame| frame["type"] == "reaction" && frame["user_id"] == ada.id.as_str());
    let last = last.await;
    assert_eq!(last["emojis"], json!(["👍"]));
    let count = |emoji: &str| {
        let list = last["reactions"].as_array().unwrap();
        list.iter().find(|entry| entry["emoji"] == emoji).map(|entry| entry["count"].clone())
    };
    assert_eq!((count("👍"), count("❤️")), (Some(json!(2)), Some(json!(1))));
    let events = socket.drain();
    assert_eq!(
        events.iter().filter(|event| event["type"] == "reaction").count(),
        2,
        "the second 👍 changed nothing: {events:?}"
    );

    let mine = bob.texts(&room).await[0]["my_reactions"].clone();
    let mine: HashSet<_> = mine.as_array().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(mine.len(), 2);
    socket.ok(react("👍", false)).await;
    socket.ok(react("❤️", false)).await;
    let message = bob.texts(&room).await[0].clone();
    assert_eq!(message["reactions"].as_array().unwrap().len(), 1);
    assert_eq!(message.get("my_reactions"), None);
    for bad in ["a", "", "👍👍"] {
        assert_eq!(socket.refused(react(bad, true)).await, "invalid", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_holds_twenty_different_reactions_and_not_one_more() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let id = ada.say(&room, "like it?").await;
    let mut socket = ada.socket().await;
    let react = |number: u32, on: bool| {
        let emoji = char::from_u32(0x1f600 + number).unwrap();
        json!({ "type": "react", "room_id": room, "message_id": id, "emoji": emoji, "on": on })
    };
    for number in 0..20 {
        socket.ok(react(number, true)).await;
    }
    assert_eq!(socket.refused(react(20, true)).await, "too_many_reactions");
    socket.ok(react(0, false)).await;
    socket.ok(react(20, true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_read_in_pages_in_every_direction() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let mut socket = ada.socket().await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(socket.say(&room, &format!("{number}")).await);
    }
    let page = async |query: &str| {
        let page = ada.get(&format!("/rooms/{room}/messages?{query}")).await.ok();
        let messages = page["messages"].as_array().unwrap().iter();
        let ids: Vec<_> =
            messages.map(|message| message["id"].as_str().unwrap().to_owned()).collect();
        let more = |name: &str| page[name].as_bool().unwrap();
        (ids, more("more_before"), more("more_after"))
    };
    assert_eq!(page("limit=10").await, (ids[20..].to_vec(), true, false));
    let before = format!("before={}&limit=10", ids[20]);
    assert_eq!(page(&before).await, (ids[10..20].to_vec(), true, true));
    let after = format!("after={}&limit=10", ids[9]);
    assert_eq!(page(&after).await, (ids[10..20].to_vec(), true, true));
    let (first, more_before, more_after) = page(&format!("before={}&limit=200", ids[5])).await;
    assert_eq!(
        (first.len(), more_before, more_after),
        (6, false, true),
        "with the room's beginning"
    );
    assert_eq!(page(&format!("after={}", ids[29])).await, (vec![], true, false));
    assert_eq!(
        page(&format!("after={}&limit=5", ids[24])).await,
        (ids[25..].to_vec(), true, false)
    );
    let around = format!("around={}&limit=10", ids[15]);
    assert_eq!(page(&around).await, (ids[10..21].to_vec(), true, true));
    let (near_end, more_before, more_after) = page(&format!("around={}&limit=10", ids[28])).await;
    assert_eq!((near_end, more_before, more_after), (ids[23..].to_vec(), true, false));
    // Page by page, the whole history, once.
    let (mut all, mut oldest) = (Vec::new(), None::<String>);
    loop {
        let query = oldest.map(|id| format!("before={id}&")).unwrap_or_default();
        let (part, more, _) = page(&format!("{query}limit=7")).await;
        oldest = part.first().cloned();
        all = [part, all].concat();
        if !more {
            break;
        }
    }
    assert_eq!(all[1..], ids);
    let both = ada.get(&format!("/rooms/{room}/messages?before={}&after={}", ids[1], ids[0])).await;
    assert_eq!(both.code(), "invalid");
    let unknown = uuid::Uuid::now_v7();
    let around = ada.get(&format!("/rooms/{room}/messages?around={unknown}")).await;
    assert_eq!(around.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn watermarks_rise_and_never_fall() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let first = ada.say(&room, "one").await;
    let second = ada.say(&room, "two").await;
    let mut watching = ada.socket().await;
    let mut socket = bob.socket().await;
    let mark = |what: &str, id: &str| json!({ "type": what, "room_id": room, "message_id": id });

    let member = socket.ok(mark("delivered", &second)).await;
    assert_eq!((&member["delivered"], &member["read"]), (&json!(second), &Value::Null));
    let member = socket.ok(mark("read", &first)).await;
    assert_eq!((&member["delivered"], &member["read"]), (&json!(second), &json!(first)));
    let member = socket.ok(mark("read", &second)).await;
    assert_eq!(member["read"], second.as_str());
    for what in ["read", "delivered"] {
        let member = socket.ok(mark(what, &first)).await;
        assert_eq!((&member["delivered"], &member["read"]), (&json!(second), &json!(second)));
    }
    let events = [
        watching.event("member").await,
        watching.event("member").await,
        watching.event("member").await,
    ];
    assert_eq!(events[2]["member"]["read"], second.as_str());
    assert!(events.iter().all(|event| event["member"]["user_id"] == bob.id.as_str()));

    let third = ada.say(&room, "three").await;
    let seen = ada.get(&format!("/rooms/{room}/messages/{second}/seen")).await.ok();
    assert_eq!(seen, json!({ "read": [bob.id], "delivered": [bob.id] }));
    let seen = ada.get(&format!("/rooms/{room}/messages/{third}/seen")).await.ok();
    assert_eq!(seen, json!({ "read": [], "delivered": [] }));
    let body = json!({ "delivered": third });
    bob.put(&format!("/rooms/{room}/receipt"), body).await.ok();
    let seen = ada.get(&format!("/rooms/{room}/messages/{third}/seen")).await.ok();
    assert_eq!(seen, json!({ "read": [], "delivered": [bob.id] }));
    let future = "ffffffff-ffff-7fff-bfff-ffffffffffff";
    assert_eq!(socket.refused(mark("read", future)).await, "invalid");
    assert_eq!(bob.put(&format!("/rooms/{room}/receipt"), json!({})).await.code(), "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_counts_what_others_wrote_and_stands() {
    let node = Node::start().await;
    let [ada, bob, cid] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let unread = async || bob.conversation(&room).await["unread"].as_u64().unwrap();
    assert_eq!(unread().await, 0, "system messages don't count");
    let first = ada.say(&room, "one").await;
    let second = ada.say(&room, "two").await;
    let third = ada.say(&room, "three").await;
    assert_eq!(unread().await, 3);
    bob.say(&room, "mine").await;
    assert_eq!(unread().await, 3, "own messages don't count");
    ada.delete(&format!("/rooms/{room}/messages/{second}")).await.ok();
    assert_eq!(unread().await, 2, "deleted ones don't count");
    ada.post(&format!("/rooms/{room}/members"), json!({ "user_id": cid.id })).await.ok();
    assert_eq!(unread().await, 2);
    let read = async |id: &str| {
        bob.put(&format!("/rooms/{room}/receipt"), json!({ "read": id })).await.ok();
    };
    read(&first).await;
    assert_eq!(unread().await, 1);
    read(&third).await;
    assert_eq!(unread().await, 0);
    for number in 0..101 {
        ada.say(&room, &number.to_string()).await;
    }
    assert_eq!(unread().await, 100, "counted up to a hundred");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_with_the_newest_message_stands_first() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let direct = ada.post("/direct", json!({ "user_id": bob.id })).await.ok();
    let direct = direct["room"]["id"].as_str().unwrap().to_owned();
    let rooms = [ada.room("private").await, ada.room("public").await, direct];
    for newest in &rooms {
        let id = ada.say(newest, "newest").await;
        let list = ada.get("/rooms").await.ok();
        let first = &list["conversations"][0];
        assert_eq!(
            (first["room"]["id"].as_str(), first["last_message"]["id"].as_str()),
            (Some(newest.as_str()), Some(id.as_str()))
        );
        assert_eq!(list["conversations"].as_array().unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_is_told_to_those_in_the_room_and_never_again() {
    let node = Node::start().await;
    let [ada, bob, eve] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let (mut mine, mut theirs) = (ada.socket().await, bob.socket().await);
    let cursor = theirs.cursor.clone();
    let typing = |on: bool| json!({ "type": "typing", "room_id": room, "on": on });
    mine.ok(typing(true)).await;
    mine.ok(typing(false)).await;
    let on = theirs.event("typing").await;
    assert_eq!((&on["user_id"], &on["on"]), (&json!(ada.id), &json!(true)));
    assert_eq!(theirs.event("typing").await["on"], false);
    let mut outside = eve.socket().await;
    assert_eq!(outside.refused(typing(true)).await, "not_found");
    let mut later = bob.resume(&cursor).await;
    assert!(!later.drain().iter().any(|frame| frame["type"] == "typing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_a_room_are_limited_and_a_retry_is_not_counted_again() {
    let node = Node::configured(&[], |config| {
        config.limit_messages = Limit { most: 3, per_ms: 600_000 };
    })
    .await;
    let ada = node.person().await;
    let (room, other) = (ada.room("private").await, ada.room("private").await);
    let mut socket = ada.socket().await;
    let first = nonce();
    socket.ok(send(&room, &first, "one")).await;
    for _ in 0..5 {
        let mut again = send(&room, &first, "one");
        again["retry"] = true.into();
        assert_eq!(socket.ok(again).await["duplicate"], true);
    }
    socket.ok(send(&room, &nonce(), "two")).await;
    socket.ok(send(&room, &nonce(), "three")).await;
    let refused = socket.ask(send(&room, &nonce(), "four")).await;
    assert_eq!(refused["error"]["code"], "rate_limited");
    assert_eq!(refused["error"]["advice"], "retry");
    assert!(refused["error"]["retry_after_ms"].as_u64().unwrap() <= 600_000);
    let reply = ada
        .post(&format!("/rooms/{room}/messages"), json!({ "nonce": nonce(), "text": "x" }))
        .await;
    assert_eq!(
        (reply.status, reply.header("ratelimit-limit"), reply.header("ratelimit-remaining")),
        (429, "3", "0")
    );
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    socket.ok(send(&other, &nonce(), "elsewhere")).await;
    socket.ok(send(&room, &first, "one")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn saying_that_it_is_a_retry_is_no_way_around_the_limit() {
    let node = Node::configured(&[], |config| {
        config.limit_messages = Limit { most: 3, per_ms: 600_000 };
    })
    .await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let mut socket = ada.socket().await;
    let mut accepted = 0;
    for _ in 0..10 {
        let mut command = send(&room, &nonce(), "flood");
        command["retry"] = true.into();
        accepted += usize::from(socket.ask(command).await["type"] == "ok");
    }
    assert_eq!(accepted, 3);
}
