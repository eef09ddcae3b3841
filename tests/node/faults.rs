//! The server's process dies, stops, is started again; readers stop reading.

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Api, Node, Process, Socket, View, nonce};

/// Somebody in a room: sends messages, each until it is acknowledged, and keeps what they hear,
/// over however many connections it takes.
struct Member {
    person: Api,
    room: String,
    view: View,
    cursor: String,
    /// Text and id of what was acknowledged.
    acknowledged: Vec<(String, String)>,
}

impl Member {
    async fn new(person: Api, room: &str) -> (Self, Socket) {
        let socket = person.socket().await;
        let (view, cursor) = (View::default(), socket.cursor.clone());
        let member = Self { person, room: room.into(), view, cursor, acknowledged: Vec::new() };
        (member, socket)
    }

    /// Sends its texts, and stays until it has heard so many messages.
    async fn take_part(
        mut self,
        mut socket: Socket,
        texts: Vec<String>,
        until: usize,
        progress: Arc<AtomicUsize>,
    ) -> Self {
        let mut texts = texts.into_iter();
        let mut sending: Option<(String, String, bool)> = None;
        loop {
            if sending.is_none() {
                sending = texts.next().map(|text| (nonce(), text, false));
            }
            if sending.is_none() && self.view.texts().len() >= until {
                return self;
            }
            if self.exchange(&mut socket, &mut sending).await.is_err() {
                if let Some((_, _, retry)) = &mut sending {
                    *retry = true;
                }
                self.cursor.clone_from(&socket.cursor);
                self.view.take_all(&socket.drain());
                socket = self.reconnect().await;
            } else {
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Sends what is to be sent and waits for its answer, or else for one more event. An error
    /// where the connection ended.
    async fn exchange(
        &mut self,
        socket: &mut Socket,
        sending: &mut Option<(String, String, bool)>,
    ) -> Result<(), ()> {
        if let Some((nonce, text, retry)) = sending {
            let command = json!({
                "id": 1, "type": "send", "room_id": self.room, "nonce": nonce, "text": text, "retry": retry,
            });
            socket.try_send_raw(Message::text(command.to_string())).await.map_err(drop)?;
        }
        loop {
            let frame = socket.next().await.map_err(drop)?;
            self.view.take(&frame);
            match (frame["type"].as_str(), &*sending) {
                (Some("ok"), Some((_, text, _))) => {
                    let id = frame["data"]["message_id"].as_str().expect("an id");
                    self.acknowledged.push((text.clone(), id.to_owned()));
                    *sending = None;
                    return Ok(());
                }
                (Some("error"), _) => {
                    assert_ne!(frame["error"]["advice"], "give_up", "{frame}");
                    return Err(());
                }
                (_, None) => return Ok(()),
                _ => {}
            }
        }
    }

    async fn reconnect(&mut self) -> Socket {
        for _ in 0..2_000 {
            if let Some(socket) = Socket::try_log_in(&self.person, Some(&self.cursor)).await {
                assert_eq!(socket.hello["resumed"], true);
                return socket;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not come back");
    }
}

/// The whole history of a room, oldest first: text and id.
async fn history(person: &Api, room: &str) -> Vec<(String, String)> {
    let (mut all, mut query) = (Vec::new(), "limit=200".to_owned());
    loop {
        let page = person.get(&format!("/rooms/{room}/messages?{query}")).await.ok();
        let messages = page["messages"].as_array().unwrap().clone();
        let text = |message: &Value, field: &str| message[field].as_str().unwrap().to_owned();
        let oldest = messages.first().map(|message| text(message, "id"));
        let texts = messages.iter().filter(|message| message["kind"] == "text");
        all = [texts.map(|m| (text(m, "text"), text(m, "id"))).collect(), all].concat();
        match oldest.filter(|_| page["more_before"] == true) {
            Some(id) => query = format!("limit=200&before={id}"),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_everybody_has_everything_once_and_in_one_order() {
    const PEOPLE: usize = 8;
    const EACH: usize = 60;
    let mut server = Process::start();
    let owner = server.person().await;
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(server.person().await);
    }
    let room = owner.room_with("private", &people.iter().collect::<Vec<_>>()).await;
    // Half of them speak; all of them listen, and each speaker on a second device too.
    let speakers = PEOPLE / 2;
    let total = speakers * EACH;
    let progress = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for (number, person) in people.iter().chain(&people[..speakers]).enumerate() {
        let texts: Vec<_> = if number < speakers {
            (0..EACH).map(|n| format!("{number}/{n}")).collect()
        } else {
            Vec::new()
        };
        let (member, socket) = Member::new(person.clone(), &room).await;
        tasks.push(tokio::spawn(member.take_part(socket, texts, total, progress.clone())));
    }
    for kill in 1..=3 {
        while progress.load(Ordering::Relaxed) < kill * 400
            && !tasks.iter().all(tokio::task::JoinHandle::is_finished)
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.kill();
        server = server.start_again();
    }
    let members: Vec<Member> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();

    let truth = history(&owner, &room).await;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (text, _) in &truth {
        *counts.entry(text).or_default() += 1;
    }
    assert_eq!((truth.len(), counts.len()), (total, total), "each message once");
    for member in &members {
        let view: Vec<_> = member
            .view
            .messages
            .iter()
            .filter(|(_, message)| message["kind"] == "text")
            .map(|(id, message)| (message["text"].as_str().unwrap().to_owned(), id.clone()))
            .collect();
        assert_eq!(view, truth);
        assert!(member.acknowledged.iter().all(|sent| truth.contains(sent)));
    }
    let acknowledged: usize = members.iter().map(|member| member.acknowledged.len()).sum();
    assert_eq!(acknowledged, total);
    // Each author's own messages stand in the order in which they were sent.
    for author in 0..speakers {
        let prefix = format!("{author}/");
        let own = truth.iter().filter_map(|(text, _)| text.strip_prefix(&prefix));
        let own: Vec<usize> = own.map(|number| number.parse().unwrap()).collect();
        assert!(own.is_sorted(), "{own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_moves_its_clients_and_ends_well() {
    let mut server = Process::with(&["--drain-ms", "500"]);
    let (ada, bob) = (server.person().await, server.person().await);
    let room = ada.room_with("private", &[&bob]).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(bob.socket().await);
    }
    // Nobody who says nothing holds it up.
    let _silent = Socket::open(server.address).await;
    let cursor = bob.poll(None, 0).await.ok()["cursor"].as_str().unwrap().to_owned();
    // Up to the present, so that it really waits.
    let mut next = cursor.clone();
    loop {
        let answer = bob.poll(Some(&next), 0).await.ok();
        next = answer["cursor"].as_str().unwrap().to_owned();
        if answer["events"].as_array().unwrap().is_empty() {
            break;
        }
    }
    let polling = tokio::spawn({
        let bob = bob.clone();
        async move { bob.poll(Some(&next), 50).await }
    });
    let mut speaker = ada.socket().await;
    let speaking = async {
        let mut acknowledged = Vec::new();
        loop {
            let command =
                json!({ "id": 1, "type": "send", "room_id": room, "nonce": nonce(), "text": "x" });
            if speaker.try_send_raw(Message::text(command.to_string())).await.is_err() {
                return acknowledged;
            }
            loop {
                match speaker.next().await {
                    Ok(frame) if frame["type"] == "ok" => {
                        acknowledged.push(frame["data"]["message_id"].as_str().unwrap().to_owned());
                        break;
                    }
                    Ok(_) => {}
                    Err(_) => return acknowledged,
                }
            }
        }
    };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.terminate();
        for socket in &mut sockets {
            assert_eq!(socket.close_code().await, Some(4005));
            let goodbye = socket.drain().into_iter().find(|frame| frame["type"] == "goodbye");
            let after = goodbye.expect("a goodbye")["reconnect_after_ms"].as_u64().unwrap();
            assert!(after <= 500);
        }
        server.ended().await
    };
    let (acknowledged, status) = tokio::join!(speaking, stopping);
    assert_eq!(status.code(), Some(0));
    assert_eq!(polling.await.unwrap().status, 200, "whoever polls is answered");
    assert!(!acknowledged.is_empty());
    let server = server.start_again();
    let kept: Vec<_> = history(&ada, &room).await.into_iter().map(|(_, id)| id).collect();
    assert!(acknowledged.iter().all(|id| kept.contains(id)));
    let mut back = bob.resume(&cursor).await;
    assert!(
        back.drain().iter().any(|frame| frame["type"] == "message" || frame["type"] == "reload")
    );
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signing_key_is_its_owners_alone_and_tokens_outlive_the_process() {
    use std::os::unix::fs::PermissionsExt;
    let mut server = Process::start();
    let ada = server.person().await;
    let key = server.data().join("signing-keys.json");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.kill();
    let server = server.start_again();
    ada.get("/me").await.ok();
    let refresh = json!({ "refresh_token": ada.refresh_token });
    ada.post("/auth/refresh", refresh).await.ok();
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_text_no_password_and_no_token() {
    let (server, log) = Process::logging();
    let (ada, bob) = (server.person().await, server.person().await);
    let room = ada.room_with("private", &[&bob]).await;
    let mut socket = ada.socket().await;
    socket.say(&room, "a secret for two").await;
    bob.post(
        &format!("/rooms/{room}/messages"),
        json!({ "nonce": "?", "text": "a secret for two" }),
    )
    .await;
    socket.send_text(json!({ "type": "hello", "token": bob.token }).to_string()).await;
    ada.post("/auth/login", json!({ "login": ada.username, "password": "wrong secret" })).await;
    ada.post("/auth/refresh", json!({ "refresh_token": ada.refresh_token })).await.ok();
    bob.poll(None, 0).await.ok();
    let in_cookie = json!({ "login": bob.username, "password": "correct horse", "cookie": true });
    let reply = bob.post("/auth/login", in_cookie).await;
    let (cookie, _) = reply.header("set-cookie").split_once(';').unwrap();
    let refresh = bob.request(reqwest::Method::POST, "/api/v1/auth/refresh");
    let refresh = refresh.header("cookie", cookie).json(&json!({ "cookie": true }));
    let renewed = bob.send(refresh).await;
    assert_eq!(renewed.status, 200);
    let (renewed, _) = renewed.header("set-cookie").split_once(';').unwrap();
    let token = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    server.terminate();
    let mut server = server;
    assert!(server.ended().await.success());
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.lines().count() > 10, "it logs what it does: {log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
    let example = format!("{}@example.org", ada.username);
    for secret in [
        "a secret for two",
        "wrong secret",
        "correct horse",
        "argon2",
        &example,
        &ada.username,
        &ada.token,
        &ada.refresh_token,
        &bob.token,
        &token(cookie),
        &token(renewed),
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    let server = Process::start();
    let second = Command::new(env!("CARGO_BIN_EXE_starling"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(server.data())
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.starts_with("starling: "), "{said}");
    assert!(said.contains(server.data().to_str().unwrap()), "it names the folder: {said}");
    server.person().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_reading_is_closed_and_costs_the_others_nothing() {
    const SAID: usize = 80;
    let node = Node::start().await;
    let [ada, bob, cid] = node.people().await;
    let room = ada.room_with("private", &[&bob, &cid]).await;
    let mut stuck = Vec::new();
    for _ in 0..4 {
        stuck.push(Socket::log_in_narrow(&bob).await);
    }
    let (mut reading, mut speaker) = (cid.socket().await, ada.socket().await);
    // 16 KB each: 1.3 MB in all.
    let text = |number: usize| format!("{number:04}{}", "🦀".repeat(3_990));
    let speaking = async {
        for number in 0..SAID {
            speaker.say(&room, &text(number)).await;
            speaker.drain();
        }
    };
    let listening = async {
        for number in 0..SAID {
            let frame = reading.event("message").await;
            assert!(
                frame["message"]["text"].as_str().unwrap().starts_with(&format!("{number:04}"))
            );
        }
    };
    tokio::join!(speaking, listening);
    for socket in &mut stuck {
        let code = socket.close_code().await;
        assert!(code == Some(4004) || code.is_none(), "{code:?}");
        let bytes: usize = socket.drain().iter().map(|frame| frame.to_string().len()).sum();
        assert!(bytes < 512 * 1024, "{bytes} bytes waited for a reader that did not read");
    }
    // And it comes back to everything.
    let mut back = bob.resume(&stuck[0].cursor).await;
    let mut view = View::default();
    view.take_all(&back.drain());
    assert_eq!(view.texts().len(), SAID);
}

/// How many statements the store was read with so far.
async fn reads(person: &Api) -> u64 {
    let metrics = person.send(person.request(reqwest::Method::GET, "/metrics")).await.text;
    let line = metrics.lines().find(|line| line.starts_with("starling_store_reads_total "));
    line.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_where_nothing_happened_cost_no_read_on_coming_back() {
    let server = Process::start();
    let (ada, bob) = (server.person().await, server.person().await);
    for _ in 0..30 {
        ada.room("private").await;
    }
    let alone = ada.room("private").await;
    // Until what made the rooms is behind every cursor.
    tokio::time::sleep(Duration::from_secs(7)).await;
    let cost = async |person: &Api| {
        let cursor = person.socket().await.cursor;
        let before = reads(person).await;
        person.resume(&cursor).await;
        reads(person).await - before
    };
    let (in_none, in_many) = (cost(&bob).await, cost(&ada).await);
    assert!(in_many <= in_none, "{in_many} reads with many rooms, {in_none} with none");
    let cursor = ada.socket().await.cursor;
    ada.say(&alone, "something").await;
    let before = reads(&ada).await;
    ada.resume(&cursor).await;
    let with_one = reads(&ada).await - before;
    assert!(
        (in_many + 1..in_many + 8).contains(&with_one),
        "{with_one} reads with one busy room, {in_many} with none"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_who_come_back_to_one_room_after_a_restart_share_what_is_read() {
    const CLIENTS: usize = 300;
    let mut server = Process::start();
    let ada = server.person().await;
    let room = ada.room("private").await;
    let cursor = ada.socket().await.cursor;
    for number in 0..20 {
        ada.say(&room, &number.to_string()).await;
    }
    server.kill();
    let server = server.start_again();
    let before = reads(&ada).await;
    ada.resume(&cursor).await;
    let one = reads(&ada).await - before;
    let mut sockets = Vec::new();
    for _ in 0..CLIENTS {
        sockets.push(Socket::open(server.address).await);
    }
    let before = reads(&ada).await;
    let hello = json!({ "id": 0, "type": "hello", "token": ada.token, "cursor": cursor });
    for socket in &mut sockets {
        socket.send_text(hello.to_string()).await;
    }
    for socket in &mut sockets {
        socket.event("caught_up").await;
        let told = socket.drain().iter().filter(|frame| frame["message"]["kind"] == "text").count();
        assert_eq!(told, 20);
    }
    let all = reads(&ada).await - before;
    let each = all as f64 / CLIENTS as f64;
    assert!(each < one as f64 / 2.0, "{each} reads for each of many, {one} for one alone");
}
