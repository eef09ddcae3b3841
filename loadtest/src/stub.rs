//! A server for tests: one thread for each connection, everything in memory under one lock. It can
//! be told to be a bad one.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::frame;
use crate::http::ACCEPT;

/// What it does wrong.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Faults {
    /// Every so many deliveries one is left out; it comes on resuming.
    pub lose_every: u64,
    /// Every hundredth event is told to nobody but the first, ever.
    pub lose_for_ever: bool,
    /// Every so many deliveries one is told twice.
    pub double_every: u64,
    /// A retry stores the message again.
    pub forget_nonces: bool,
    /// Edits are answered and not carried out.
    pub ignore_edits: bool,
    /// Deletions are answered and not carried out.
    pub ignore_deletions: bool,
    /// A mark takes the member back where it is lower.
    pub lower_marks: bool,
    /// Every so many commands are refused with "try again", after they were carried out.
    pub refuse_every: u64,
    /// Those who are gone are still shown as online.
    pub ghosts: bool,
    /// The connection is cut instead of answering every so many commands, which are carried out.
    pub cut_every: u64,
}

#[derive(Default)]
struct State {
    faults: Faults,
    ids: u128,
    commands: u64,
    deliveries: u64,
    members: HashMap<String, Vec<String>>,
    messages: HashMap<String, Value>,
    nonces: HashMap<String, String>,
    /// Every event: room and frame. A cursor is a place in it.
    log: Vec<(String, Vec<u8>)>,
    /// By room and user.
    marks: HashMap<(String, String), Value>,
    /// Per connection: whose it is and where to write.
    sockets: HashMap<u64, (String, TcpStream)>,
    /// By connection: who is watched.
    watching: HashMap<u64, Vec<String>>,
}

#[derive(Clone)]
pub struct Stub {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

fn nth(number: u64, every: u64) -> bool {
    every > 0 && number.is_multiple_of(every)
}

fn id(number: u128) -> String {
    let hex = format!("{number:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Stub {
    pub fn start(faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut state = State { faults, ids: 1 << 80, ..State::default() };
        state.members.insert(String::new(), Vec::new());
        let state = Arc::new(Mutex::new(state));
        let stub = Self { address, state };
        let accepting = stub.clone();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let stub = accepting.clone();
                std::thread::spawn(move || stub.serve(stream, number as u64));
            }
        });
        stub
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(&self, mut stream: TcpStream, number: u64) -> Option<()> {
        let mut bytes = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
                    break end + 4;
                }
                read_more(&mut stream, &mut bytes)?;
            };
            let head = String::from_utf8(bytes.drain(..end).collect()).ok()?;
            let mut words = head.split_whitespace();
            let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
            let header = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(name));
                line.map(str::to_owned)
            };
            if header("Upgrade: ").is_some() {
                let answer = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: starling.v1\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).ok()?;
                let over = self.socket(&mut stream, bytes, number);
                self.lock().gone(number);
                return over;
            }
            let length: usize =
                header("Content-Length: ").and_then(|text| text.parse().ok()).unwrap_or_default();
            while bytes.len() < length {
                read_more(&mut stream, &mut bytes)?;
            }
            let body: Vec<u8> = bytes.drain(..length).collect();
            let token = header("Authorization: Bearer ").unwrap_or_default();
            let (status, answer) = if let Some(query) = path.strip_prefix("/api/v1/events?") {
                (200, self.poll(query, &token))
            } else if let Some(command) = command(&method, &path, &body) {
                let mut state = self.lock();
                state.commands += 1;
                let answer = state.carry_out(&token, &command);
                if nth(state.commands, state.faults.cut_every) {
                    return stream.shutdown(std::net::Shutdown::Both).ok();
                }
                // As a proxy answers whose server went away meanwhile.
                if nth(state.commands, state.faults.refuse_every) {
                    (502, json!("<html>502 Bad Gateway</html>"))
                } else {
                    (200, answer)
                }
            } else {
                self.http(&path, &token, &body)
            };
            let answer = answer.to_string();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{answer}",
                answer.len()
            )
            .ok()?;
        }
    }

    fn poll(&self, query: &str, user: &str) -> Value {
        let field = |name: &str| {
            let mut fields = query.split('&').filter_map(|field| field.split_once('='));
            fields.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let begin = Instant::now();
        loop {
            let state = self.lock();
            let since = field("cursor").unwrap_or(state.log.len());
            let missed = state.log[since..].iter();
            let missed =
                missed.filter(|(room, _)| state.members[room].iter().any(|one| one == user));
            let events: Vec<Value> = missed
                .map(|(_, frame)| {
                    let (frame, _) = frame::decode(frame).unwrap().unwrap();
                    serde_json::from_slice(frame.payload).unwrap()
                })
                .collect();
            let waited = begin.elapsed().as_secs() >= field("wait").unwrap_or(25) as u64;
            if waited || !events.is_empty() || field("cursor").is_none() {
                let cursor = state.log.len().to_string();
                return json!({"events": events, "cursor": cursor, "resumed": true});
            }
            drop(state);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn http(&self, path: &str, token: &str, body: &[u8]) -> (u16, Value) {
        let mut state = self.lock();
        state.ids += 1;
        let fresh = id(state.ids);
        if path.starts_with("/api/v1/auth/") {
            let status = if path.ends_with("register") { 201 } else { 200 };
            let body: Value = serde_json::from_slice(body).unwrap();
            // A refresh token is the user's id, and so is an access token.
            let user = body["refresh_token"].as_str().map_or(fresh, str::to_owned);
            let tokens = json!({
                "access_token": user, "expires_in_s": 600, "refresh_token": user, "user": {"id": user},
            });
            return (status, tokens);
        }
        if path == "/api/v1/rooms" {
            state.members.insert(fresh.clone(), vec![token.to_owned()]);
            return (201, json!({"room": {"id": fresh}, "member_count": 1}));
        }
        if let Some(room) =
            path.strip_prefix("/api/v1/rooms/").and_then(|p| p.strip_suffix("/join"))
        {
            let members = state.members.entry(room.to_owned()).or_default();
            if !members.contains(&token.to_owned()) {
                members.push(token.to_owned());
            }
            return (200, json!({}));
        }
        (200, json!({}))
    }

    fn socket(&self, stream: &mut TcpStream, mut bytes: Vec<u8>, number: u64) -> Option<()> {
        let mut user = String::new();
        loop {
            let (opcode, payload) = loop {
                if let Some(frame) = unmask(&mut bytes) {
                    break frame;
                }
                read_more(stream, &mut bytes)?;
            };
            if opcode != frame::TEXT {
                return None;
            }
            let command: Value = serde_json::from_slice(&payload).unwrap();
            let mut state = self.lock();
            state.commands += 1;
            let id = &command["id"];
            let answer = match command["type"].as_str().unwrap() {
                "hello" => {
                    command["token"].as_str().unwrap().clone_into(&mut user);
                    let resumed =
                        command["cursor"].as_str().map(|text| text.parse::<usize>().unwrap());
                    write_json(stream, &json!({"type": "ok", "id": id, "data": {"resumed": true}}));
                    let since = resumed.unwrap_or(state.log.len());
                    for (room, frame) in &state.log[since..] {
                        if state.members[room].contains(&user) {
                            let _ = stream.write_all(frame);
                        }
                    }
                    let cursor = state.log.len().to_string();
                    write_json(stream, &json!({"type": "caught_up", "cursor": cursor}));
                    state.sockets.insert(number, (user.clone(), stream.try_clone().ok()?));
                    state.show(&user, "online");
                    continue;
                }
                "heartbeat" => continue,
                "watch" => state.watch(number, &command),
                _ => state.carry_out(&user, &command),
            };
            if nth(state.commands, state.faults.cut_every) {
                return stream.shutdown(std::net::Shutdown::Both).ok();
            }
            if nth(state.commands, state.faults.refuse_every) {
                let error = json!({"code": "storage_unavailable", "detail": "", "advice": "retry"});
                write_json(stream, &json!({"type": "error", "id": id, "error": error}));
                continue;
            }
            write_json(stream, &json!({"type": "ok", "id": id, "data": answer}));
        }
    }
}

/// The command of the socket that a request stands for.
fn command(method: &str, path: &str, body: &[u8]) -> Option<Value> {
    let parts: Vec<&str> = path.strip_prefix("/api/v1/rooms/")?.split('/').collect();
    let mut command: Value = serde_json::from_slice(body).ok()?;
    command["room_id"] = json!(parts[0]);
    command["message_id"] = json!(parts.get(2));
    let kind = match (method, &parts[1..]) {
        ("POST", ["messages"]) => "send",
        ("PATCH", ["messages", _]) => "edit",
        ("DELETE", ["messages", _]) => "delete",
        (method, ["messages", _, "reactions", emoji]) => {
            let hex = |code: &str| u8::from_str_radix(code, 16).unwrap();
            let bytes = emoji.split('%').skip(1).map(hex).collect();
            command["emoji"] = json!(String::from_utf8(bytes).unwrap());
            command["on"] = json!(method == "PUT");
            "react"
        }
        ("PUT", ["receipt"]) => {
            let kind = if command["read"].is_null() { "delivered" } else { "read" };
            command["message_id"] = command[kind].clone();
            kind
        }
        _ => return None,
    };
    command["type"] = json!(kind);
    Some(command)
}

impl State {
    fn carry_out(&mut self, user: &str, command: &Value) -> Value {
        match command["type"].as_str().unwrap() {
            "send" => self.send(user, command),
            "edit" | "delete" | "react" => self.change(user, command),
            "read" | "delivered" => self.mark(user, command),
            other => panic!("{other}"),
        }
    }

    fn send(&mut self, user: &str, command: &Value) -> Value {
        let text = |name: &str| command[name].as_str().unwrap().to_owned();
        let key = format!("{user} {}", text("nonce"));
        if let Some(known) = self.nonces.get(&key)
            && !self.faults.forget_nonces
        {
            return json!({"message_id": known, "duplicate": true});
        }
        self.ids += 1;
        let message_id = id(self.ids);
        let message = json!({
            "id": message_id, "author_id": user, "kind": "text", "text": text("text"),
            "nonce": text("nonce"), "sent_at": 1, "version": message_id, "room": text("room_id"),
        });
        self.messages.insert(message_id.clone(), message);
        self.nonces.insert(key, message_id.clone());
        self.tell(&message_id);
        json!({"message_id": message_id, "duplicate": false})
    }

    fn change(&mut self, user: &str, command: &Value) -> Value {
        self.ids += 1;
        let version = id(self.ids);
        let message_id = command["message_id"].as_str().unwrap().to_owned();
        let ignored = self.faults.ignore_edits;
        let message = self.messages.get_mut(&message_id).unwrap();
        match command["type"].as_str().unwrap() {
            "edit" if ignored => return json!({"version": version}),
            "delete" if self.faults.ignore_deletions => return json!({"version": version}),
            "edit" => message["text"] = command["text"].clone(),
            "delete" => {
                message["text"] = json!("");
                message["deleted"] = json!(true);
            }
            _ => {
                let emoji = command["emoji"].as_str().unwrap();
                let mut all: Vec<Value> =
                    message["reactions"].as_array().cloned().unwrap_or_default();
                let place = all.iter().position(|one| one["emoji"] == emoji).unwrap_or_else(|| {
                    all.push(json!({"emoji": emoji, "count": 0, "users": []}));
                    all.len() - 1
                });
                let mut users = all[place]["users"].as_array().cloned().unwrap();
                users.retain(|one| one != user);
                if command["on"] == true {
                    users.push(json!(user));
                }
                all[place]["count"] = json!(users.len());
                all[place]["users"] = json!(users);
                all.retain(|one| one["count"] != 0);
                message["reactions"] = json!(all);
                message["reactions_version"] = json!(version);
                let room = message["room"].as_str().unwrap().to_owned();
                let event = json!({
                    "type": "reaction", "room_id": room, "version": version,
                    "message_id": message_id, "user_id": user, "emojis": [], "reactions": all,
                });
                self.spread(room, event.to_string().as_bytes());
                return json!({"version": version});
            }
        }
        message["version"] = json!(version);
        self.tell(&message_id);
        json!({"version": version})
    }

    fn mark(&mut self, user: &str, command: &Value) -> Value {
        self.ids += 1;
        let version = id(self.ids);
        let room = command["room_id"].as_str().unwrap().to_owned();
        let lowers = self.faults.lower_marks;
        let fresh = json!({
            "room_id": room, "user_id": user, "state": "joined", "role": "member", "joined_at": 1,
        });
        let member = self.marks.entry((room.clone(), user.to_owned())).or_insert(fresh);
        let both = ["delivered", "read"];
        let raised = if command["type"] == "read" { &both[..] } else { &both[..1] };
        for &mark in raised {
            let to = command["message_id"].as_str();
            if lowers || to > member[mark].as_str() {
                member[mark] = json!(to);
            }
        }
        member["version"] = json!(version);
        let member = member.clone();
        let event = json!({"type": "member", "member": member});
        self.spread(room, event.to_string().as_bytes());
        member
    }

    fn watch(&mut self, number: u64, command: &Value) -> Value {
        let ids = command["user_ids"].as_array().unwrap().iter();
        let ids: Vec<String> = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
        let known = ids.iter().map(|id| json!({"user_id": id, "status": self.status(id)}));
        let known = known.collect();
        self.watching.insert(number, ids);
        known
    }

    fn status(&self, user: &str) -> &'static str {
        let here = self.sockets.values().any(|(one, _)| one == user);
        if here || self.faults.ghosts { "online" } else { "offline" }
    }

    fn show(&mut self, user: &str, status: &str) {
        let event = json!({"type": "presence", "user_id": user, "status": status});
        for (number, watched) in &self.watching {
            if let (true, Some((_, socket))) =
                (watched.iter().any(|one| one == user), self.sockets.get_mut(number))
            {
                write_json(socket, &event);
            }
        }
    }

    fn gone(&mut self, number: u64) {
        self.watching.remove(&number);
        let Some((user, _)) = self.sockets.remove(&number) else { return };
        let status = self.status(&user);
        self.show(&user, status);
    }

    fn tell(&mut self, message_id: &str) {
        let message = &self.messages[message_id];
        let text = |name: &str| message[name].clone();
        let room = message["room"].as_str().unwrap().to_owned();
        let mut changed = String::new();
        for name in ["deleted", "reactions", "reactions_version"] {
            if !message[name].is_null() {
                changed.extend([",\"", name, "\":", &message[name].to_string()]);
            }
        }
        // In the order in which the real server writes its fields, for the hot path.
        let frame = format!(
            r#"{{"type":"message","room_id":"{room}","message":{{"id":{},"author_id":{},"kind":"text","text":{},"nonce":{},"sent_at":1{changed},"version":{}}}}}"#,
            text("id"),
            text("author_id"),
            text("text"),
            text("nonce"),
            text("version"),
        );
        self.spread(room, frame.as_bytes());
    }

    fn spread(&mut self, room: String, payload: &[u8]) {
        let mut frame = Vec::new();
        frame::encode_as_server(&mut frame, frame::TEXT, payload);
        let mut told = 0;
        for (user, socket) in self.sockets.values_mut() {
            if self.members[&room].contains(user) {
                self.deliveries += 1;
                if self.faults.lose_for_ever && nth(self.log.len() as u64, 100) && told > 0 {
                    continue;
                }
                told += 1;
                if !nth(self.deliveries, self.faults.lose_every) {
                    let _ = socket.write_all(&frame);
                }
                if nth(self.deliveries, self.faults.double_every) {
                    let _ = socket.write_all(&frame);
                }
            }
        }
        // A room without members stands for nobody.
        let lost = self.faults.lose_for_ever && nth(self.log.len() as u64, 100);
        self.log.push((if lost { String::new() } else { room }, frame));
    }
}

fn write_json(stream: &mut TcpStream, value: &Value) {
    // Answers are written in the real server's field order where the hot path looks at them.
    let text = match (&value["type"], &value["data"]["message_id"]) {
        (kind, message) if kind == "ok" && message.is_string() => format!(
            r#"{{"type":"ok","id":{},"data":{{"message_id":{message},"duplicate":{}}}}}"#,
            value["id"], value["data"]["duplicate"]
        ),
        _ => value.to_string(),
    };
    let mut frame = Vec::new();
    frame::encode_as_server(&mut frame, frame::TEXT, text.as_bytes());
    let _ = stream.write_all(&frame);
}

fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer).ok().filter(|&read| read > 0)?;
    bytes.extend_from_slice(&buffer[..read]);
    Some(())
}

/// A client's frame from the front of `bytes`, once it is there.
fn unmask(bytes: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let (header, length) = match bytes.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => return None,
        length => (2, usize::from(length)),
    };
    let key: [u8; 4] = *bytes.get(header..)?.first_chunk()?;
    let mut payload = bytes.get(header + 4..header + 4 + length)?.to_vec();
    frame::mask(&mut payload, key);
    let opcode = bytes[0] & 0x0f;
    bytes.drain(..header + 4 + length);
    Some((opcode, payload))
}
