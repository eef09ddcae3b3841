//! Rooms and direct conversations.

use futures_util::future::join_all;
use serde_json::{Value, json};

use starling::service::MAX_ROOMS;

use crate::support::{Api, Node, View};

#[tokio::test(flavor = "multi_thread")]
async fn a_public_room_is_found_joined_and_left() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let body = json!({ "kind": "public", "name": " Birds ", "description": "of a feather" });
    let made = ada.post("/rooms", body).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(
        (made["room"]["name"].as_str(), made["member"]["role"].as_str()),
        (Some("Birds"), Some("owner"))
    );
    let room = made["room"]["id"].as_str().unwrap();

    let found = bob.get("/rooms/public").await.ok();
    assert_eq!(found["rooms"][0]["room"]["id"], room);
    assert_eq!(bob.get(&format!("/rooms/{room}/messages")).await.code(), "forbidden");
    assert_eq!(bob.get(&format!("/rooms/{room}/members")).await.code(), "forbidden");

    let joined = bob.post(&format!("/rooms/{room}/join"), json!({})).await.ok();
    assert_eq!(
        (joined["member"]["role"].as_str(), joined["member_count"].as_u64()),
        (Some("member"), Some(2))
    );
    bob.post(&format!("/rooms/{room}/join"), json!({})).await.ok();
    let members = bob.get(&format!("/rooms/{room}/members")).await.ok();
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    assert!(members["members"][0]["user"]["username"].is_string());

    assert_eq!(bob.post(&format!("/rooms/{room}/leave"), json!({})).await.status, 204);
    assert_eq!(bob.conversation(room).await, Value::Null);
    assert_eq!(bob.get(&format!("/rooms/{room}/messages")).await.code(), "forbidden");
    let events: Vec<_> = ada.system_messages(room).await;
    let events: Vec<_> = events.iter().map(|system| system["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["created", "joined", "left"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn public_rooms_are_listed_in_pages_newest_first() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let mut made = Vec::new();
    for _ in 0..52 {
        made.push(ada.room("public").await);
    }
    ada.room("private").await;
    let ids = |page: &Value| -> Vec<String> {
        let rooms = page["rooms"].as_array().unwrap().iter();
        rooms.map(|room| room["room"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = bob.get("/rooms/public").await.ok();
    let next = first["next"].as_str().expect("there are more");
    let second = bob.get(&format!("/rooms/public?before={next}")).await.ok();
    assert_eq!(second["next"], Value::Null);
    let listed = [ids(&first), ids(&second)].concat();
    made.reverse();
    assert_eq!(listed, made);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_room_does_not_exist_for_others() {
    let node = Node::start().await;
    // The server's admin is no exception.
    let [admin, ada, bob] = node.people().await;
    let room = ada.room("private").await;
    let message = ada.say(&room, "psst").await;
    for outsider in [&admin, &bob] {
        let at = |rest: &str| format!("/rooms/{room}{rest}");
        let replies = [
            outsider.get(&at("")).await,
            outsider.get(&at("/messages")).await,
            outsider.get(&at("/members")).await,
            outsider.post(&at("/join"), json!({})).await,
            outsider.post(&at("/leave"), json!({})).await,
            outsider.post(&at("/messages"), json!({ "nonce": "12345678", "text": "hi" })).await,
            outsider.patch(&at(""), json!({ "name": "mine" })).await,
            outsider.delete(&at("")).await,
            outsider.post(&at("/members"), json!({ "user_id": outsider.id })).await,
            outsider.delete(&at(&format!("/messages/{message}"))).await,
            outsider.get(&at(&format!("/messages/{message}/seen"))).await,
            outsider.put(&at("/typing"), json!({ "on": true })).await,
            outsider.put(&at("/receipt"), json!({ "read": message })).await,
        ];
        for reply in replies {
            assert_eq!(reply.refusal(), (404, "not_found".into()));
        }
        assert_eq!(outsider.get("/rooms/public").await.ok()["rooms"], json!([]));
    }
    assert_eq!(ada.texts(&room).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_what_follows_the_table() {
    let node = Node::start().await;
    let [server_admin, owner, admin, member, other, stranger] = node.people().await;
    let room = owner.room_with("public", &[&admin, &member, &other]).await;
    let at = |rest: &str| format!("/rooms/{room}{rest}");
    let of = |person: &Api| format!("/rooms/{room}/members/{}", person.id);
    owner.patch(&of(&admin), json!({ "role": "admin" })).await.ok();
    let of_owner = owner.say(&room, "the owner's").await;
    let of_member = member.say(&room, "a member's").await;
    let of_other = other.say(&room, "another member's").await;
    let message = |id: &str| format!("/rooms/{room}/messages/{id}");

    let forbidden = (403, "forbidden".to_owned());
    let rename = json!({ "name": "renamed" });
    for (who, person) in [("member", &member), ("stranger", &stranger)] {
        let refused = [
            person.patch(&at(""), rename.clone()).await,
            person.delete(&at("")).await,
            person.post(&at("/members"), json!({ "user_id": stranger.id })).await,
            person.delete(&of(&other)).await,
            person.patch(&of(&other), json!({ "role": "admin" })).await,
            person.patch(&message(&of_owner), json!({ "text": "changed" })).await,
            person.delete(&message(&of_other)).await,
        ];
        for (number, reply) in refused.iter().enumerate() {
            assert_eq!(reply.refusal(), forbidden, "{who}, {number}");
        }
    }
    // An admin keeps order below the owner, and makes no admins.
    admin.patch(&at(""), rename).await.ok();
    admin.delete(&message(&of_member)).await.ok();
    for reply in [
        admin.delete(&message(&of_owner)).await,
        admin.patch(&message(&of_other), json!({ "text": "changed" })).await,
        admin.delete(&of(&owner)).await,
        admin.patch(&of(&member), json!({ "role": "admin" })).await,
        admin.patch(&of(&owner), json!({ "role": "member" })).await,
        admin.delete(&at("")).await,
    ] {
        assert_eq!(reply.refusal(), forbidden);
    }
    assert_eq!(admin.delete(&of(&other)).await.status, 204);
    // The server's admin cleans up, and reads no more than others.
    assert_eq!(server_admin.get(&at("/messages")).await.refusal(), forbidden);
    server_admin.delete(&message(&of_owner)).await.ok();
    assert_eq!(server_admin.delete(&of(&member)).await.status, 204);
    assert_eq!(server_admin.delete(&of(&owner)).await.refusal(), forbidden);
    assert_eq!(server_admin.patch(&at(""), json!({ "name": "x" })).await.refusal(), forbidden);
    assert_eq!(server_admin.delete(&at("")).await.status, 204);
    assert_eq!(owner.get(&at("")).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_has_one_owner_who_hands_it_over_before_leaving() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("public", &[&bob]).await;
    let leave = format!("/rooms/{room}/leave");
    assert_eq!(ada.post(&leave, json!({})).await.refusal(), (409, "owner_must_stay".into()));
    let of = |person: &Api| format!("/rooms/{room}/members/{}", person.id);
    assert_eq!(ada.delete(&of(&ada)).await.code(), "owner_must_stay");
    let handed = ada.patch(&of(&bob), json!({ "role": "owner" })).await.ok();
    assert_eq!(handed["role"], "owner");
    assert_eq!(ada.conversation(&room).await["member"]["role"], "admin");
    assert_eq!(ada.post(&leave, json!({})).await.status, 204);
    assert_eq!(bob.post(&leave, json!({})).await.code(), "owner_must_stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_handed_to_two_at_once_has_one_owner() {
    let node = Node::start().await;
    let [ada, bob, cid] = node.people().await;
    let room = ada.room_with("public", &[&bob, &cid]).await;
    let hand = async |person: &Api| {
        let path = format!("/rooms/{room}/members/{}", person.id);
        ada.patch(&path, json!({ "role": "owner" })).await.status
    };
    join_all([hand(&bob), hand(&cid)]).await;
    let members = ada.get(&format!("/rooms/{room}/members")).await.ok();
    let owners = members["members"].as_array().unwrap().iter();
    assert_eq!(owners.filter(|entry| entry["member"]["role"] == "owner").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_room_is_told_and_written_into_its_history() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("public", &[&bob]).await;
    let mut socket = bob.socket().await;
    let body = json!({ "name": "New", "kind": "private" });
    ada.patch(&format!("/rooms/{room}"), body).await.ok();
    let event = socket.event("room").await;
    assert_eq!(
        (event["room"]["name"].as_str(), event["room"]["kind"].as_str()),
        (Some("New"), Some("private"))
    );
    let system = socket.event("message").await;
    let expected = json!({ "event": "changed", "name": "New", "kind": "private" });
    assert_eq!(system["message"]["system"], expected);
    assert_eq!(system["message"]["author_id"], ada.id.as_str());
    // Nothing changed: nothing is told.
    ada.patch(&format!("/rooms/{room}"), json!({ "name": "New" })).await.ok();
    ada.say(&room, "next").await;
    assert_eq!(socket.next().await.unwrap()["message"]["text"], "next");
    for (body, field) in [
        (json!({ "name": "x".repeat(81) }), "name"),
        (json!({ "description": "x".repeat(1_001) }), "description"),
        (json!({ "kind": "direct" }), "kind"),
    ] {
        let reply = ada.patch(&format!("/rooms/{room}"), body).await;
        assert_eq!((reply.code(), reply.fields()), ("invalid".into(), vec![field.into()]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_room_is_gone_for_everybody_and_they_are_told() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    ada.say(&room, "soon gone").await;
    let mut socket = bob.socket().await;
    let cursor = socket.cursor.clone();
    assert_eq!(ada.delete(&format!("/rooms/{room}")).await.status, 204);
    assert_eq!(socket.event("room").await["room"]["deleted"], true);
    assert_eq!(ada.delete(&format!("/rooms/{room}")).await.status, 204, "it may be repeated");
    assert_eq!(bob.delete(&format!("/rooms/{room}")).await.code(), "not_found");
    for person in [&ada, &bob] {
        assert_eq!(person.get(&format!("/rooms/{room}/messages")).await.code(), "not_found");
        assert_eq!(person.conversation(&room).await, Value::Null);
    }
    let send = json!({ "type": "send", "room_id": room, "nonce": "12345678", "text": "hello?" });
    assert_eq!(socket.refused(send).await, "not_found");
    let mut later = bob.resume(&cursor).await;
    assert_eq!(later.event("room").await["room"]["deleted"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_open_a_direct_conversation_at_once_have_one() {
    let node = Node::start().await;
    let [ada, bob, eve] = node.people().await;
    let open = async |me: &Api, other: &Api| {
        me.post("/direct", json!({ "user_id": other.id })).await.ok()["room"]["id"].clone()
    };
    let (a, b) = (&ada, &bob);
    let mut opening = Vec::new();
    for _ in 0..8 {
        opening.push(open(a, b));
        opening.push(open(b, a));
    }
    let rooms = join_all(opening).await;
    assert!(rooms.iter().all(|room| *room == rooms[0]), "{rooms:?}");
    let room = rooms[0].as_str().unwrap();
    for person in [&ada, &bob] {
        let list = person.get("/rooms").await.ok();
        assert_eq!(list["conversations"].as_array().unwrap().len(), 1);
    }
    ada.say(room, "hello").await;
    assert_eq!(bob.texts(room).await.len(), 1);
    assert_eq!(eve.get(&format!("/rooms/{room}")).await.code(), "not_found");
    // Nobody joins, leaves, is added or removed.
    for reply in [
        ada.post(&format!("/rooms/{room}/leave"), json!({})).await,
        ada.post(&format!("/rooms/{room}/members"), json!({ "user_id": eve.id })).await,
        ada.delete(&format!("/rooms/{room}/members/{}", bob.id)).await,
        ada.patch(&format!("/rooms/{room}"), json!({ "name": "ours" })).await,
        ada.delete(&format!("/rooms/{room}")).await,
    ] {
        assert_eq!(reply.refusal(), (403, "forbidden".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_conversation_needs_somebody_else() {
    let node = Node::start().await;
    let ada = node.person().await;
    for id in [ada.id.clone(), uuid::Uuid::new_v4().to_string()] {
        let reply = ada.post("/direct", json!({ "user_id": id })).await;
        assert_eq!((reply.code(), reply.fields()), ("invalid".into(), vec!["user_id".into()]));
    }
    let body = json!({ "kind": "direct", "name": "us" });
    assert_eq!(ada.post("/rooms", body).await.fields(), ["kind"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_added_follows_the_room_at_once_on_every_device() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let (mut phone, mut tablet) = (bob.socket().await, bob.another_session().await.socket().await);
    let room = ada.room_with("private", &[&bob]).await;
    ada.say(&room, "welcome").await;
    for device in [&mut phone, &mut tablet] {
        let event = device.event("room").await;
        assert_eq!(event["room"]["id"], room.as_str());
        device
            .find(|frame| {
                frame["type"] == "member" && frame["member"]["user_id"] == bob.id.as_str()
            })
            .await;
        device.text("welcome").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_added_misses_nothing_that_is_said_from_then_on() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    // On both workers, so that the room is followed on one before the other hears of it.
    let mut listeners = Vec::new();
    for _ in 0..4 {
        listeners.push(bob.socket().await);
    }
    for round in 0..20 {
        let room = ada.room("private").await;
        let mut mine = ada.socket().await;
        let path = format!("/rooms/{room}/members");
        let add = ada.post(&path, json!({ "user_id": bob.id }));
        let welcome = async {
            for number in 0..5 {
                mine.say(&room, &format!("{round}-{number}")).await;
            }
        };
        let (added, ()) = tokio::join!(add, welcome);
        added.ok();
        mine.say(&room, &format!("{round}-last")).await;
        for listener in &mut listeners {
            listener.find(|frame| frame["message"]["system"]["event"] == "added").await;
            listener.text(&format!("{round}-last")).await;
            listener.drain();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_removed_is_told_and_hears_no_more() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let still = ada.room_with("private", &[&bob]).await;
    let mut socket = bob.socket().await;
    assert_eq!(ada.delete(&format!("/rooms/{room}/members/{}", bob.id)).await.status, 204);
    let gone = socket.find(|frame| frame["member"]["state"] == "left").await;
    assert_eq!(gone["member"]["user_id"], bob.id.as_str());
    ada.say(&room, "now that he is gone").await;
    ada.say(&still, "here").await;
    socket.text("here").await;
    let heard = socket.drain();
    assert!(
        !heard.iter().any(|frame| frame["message"]["text"] == "now that he is gone"),
        "{heard:?}"
    );
    // Nor when he comes back.
    let mut later = bob.resume(&socket.cursor).await;
    ada.say(&still, "again").await;
    later.text("again").await;
    let heard = later.drain();
    assert!(
        !heard.iter().any(|frame| frame["message"]["text"] == "now that he is gone"),
        "{heard:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_added_and_removed_while_away_is_told_on_coming_back() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let left = ada.room_with("private", &[&bob]).await;
    let socket = bob.socket().await;
    let cursor = socket.cursor.clone();
    drop(socket);
    let joined = ada.room_with("private", &[&bob]).await;
    ada.say(&joined, "before you came").await;
    ada.delete(&format!("/rooms/{left}/members/{}", bob.id)).await;
    let mut socket = bob.resume(&cursor).await;
    let mut view = View::default();
    view.take_all(&socket.drain());
    assert_eq!(view.members[&(left.clone(), bob.id.clone())]["state"], "left");
    assert_eq!(view.members[&(joined.clone(), bob.id.clone())]["state"], "joined");
    assert_eq!(view.rooms[&joined]["id"], joined.as_str());
    assert!(view.texts().contains(&"before you came".to_owned()), "{view:?}");
    ada.say(&joined, "live").await;
    socket.text("live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_members_are_system_messages_with_their_author() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room_with("private", &[&bob]).await;
    let of_bob = format!("/rooms/{room}/members/{}", bob.id);
    ada.patch(&of_bob, json!({ "role": "admin" })).await.ok();
    ada.delete(&of_bob).await;
    assert_eq!(
        ada.system_messages(&room).await,
        [
            json!({ "event": "created" }),
            json!({ "event": "added", "user_id": bob.id }),
            json!({ "event": "role_changed", "user_id": bob.id, "role": "admin" }),
            json!({ "event": "removed", "user_id": bob.id }),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_many_times_at_once_is_a_member_once() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let room = ada.room("public").await;
    let path = format!("/rooms/{room}/join");
    let replies = join_all((0..8).map(|_| bob.post(&path, json!({})))).await;
    for reply in &replies {
        assert!(reply.status == 200 || reply.code() == "conflict", "{}", reply.text);
    }
    let joined = ada.system_messages(&room).await;
    assert_eq!(joined.iter().filter(|system| system["event"] == "joined").count(), 1);
    assert_eq!(ada.get(&format!("/rooms/{room}")).await.ok()["member_count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_in_as_many_rooms_as_one_can_be_and_in_no_more() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let another = bob.room("public").await;
    for _ in 0..MAX_ROOMS / 50 {
        join_all((0..50).map(|_| ada.room("private"))).await;
    }
    let room = json!({ "kind": "private", "name": "one more" });
    assert_eq!(ada.post("/rooms", room).await.code(), "too_many_rooms");
    let join = format!("/rooms/{another}/join");
    assert_eq!(ada.post(&join, json!({})).await.code(), "too_many_rooms");
    let direct = json!({ "user_id": ada.id });
    assert_eq!(bob.post("/direct", direct).await.code(), "too_many_rooms");

    let conversations = ada.get("/rooms").await.ok();
    let conversations = conversations["conversations"].as_array().expect("a list");
    assert_eq!(conversations.len(), MAX_ROOMS);
    let mut socket = ada.socket().await;
    let last = conversations[0]["room"]["id"].as_str().expect("an id");
    ada.say(last, "it follows all of them").await;
    socket.text("it follows all of them").await;
}
