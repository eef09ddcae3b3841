//! A raw WebSocket client, and what a client keeps.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};

use super::{Api, PATIENCE, nonce};

pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    next_id: u64,
    /// Frames that came while something else was waited for, oldest first.
    waiting: VecDeque<Value>,
    /// The newest cursor that the server gave.
    pub cursor: String,
    /// The answer to `hello`.
    pub hello: Value,
}

impl Socket {
    /// An open socket that has said nothing.
    pub async fn open(address: SocketAddr) -> Self {
        Self::try_open(address, "starling.v1", None).await.expect("the handshake is answered")
    }

    /// The handshake with this subprotocol and origin.
    pub async fn try_open(
        address: SocketAddr,
        protocol: &str,
        origin: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        Self::over(TcpStream::connect(address).await?, address, protocol, origin).await
    }

    async fn over(
        tcp: TcpStream,
        address: SocketAddr,
        protocol: &str,
        origin: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        tcp.set_nodelay(true)?;
        let mut request = format!("ws://{address}/api/v1/socket").into_client_request()?;
        if !protocol.is_empty() {
            let value = HeaderValue::from_str(protocol).expect("a header's value");
            request.headers_mut().insert("sec-websocket-protocol", value);
        }
        if let Some(origin) = origin {
            let value = HeaderValue::from_str(origin).expect("a header's value");
            request.headers_mut().insert("origin", value);
        }
        let handshake = tokio_tungstenite::client_async(request, tcp);
        let (stream, _) = timeout(PATIENCE, handshake).await.expect("an answer in time")?;
        Ok(Self {
            stream,
            next_id: 1,
            waiting: VecDeque::new(),
            cursor: String::new(),
            hello: Value::Null,
        })
    }

    /// An open socket that has said `hello` and has caught up. What it was told on the way waits.
    pub async fn log_in(person: &Api, cursor: Option<&str>) -> Self {
        Self::try_log_in(person, cursor).await.expect("the log-in is accepted")
    }

    /// `None` where the connection ends before it has caught up.
    pub async fn try_log_in(person: &Api, cursor: Option<&str>) -> Option<Self> {
        let socket = Self::try_open(person.address, "starling.v1", None).await.ok()?;
        socket.begin(person, cursor).await
    }

    /// A socket that has caught up, for which the kernel keeps next to nothing that is not read.
    pub async fn log_in_narrow(person: &Api) -> Self {
        let tcp = TcpSocket::new_v4().expect("a socket");
        tcp.set_recv_buffer_size(4 * 1024).expect("a small buffer");
        let tcp = tcp.connect(person.address).await.expect("the server listens");
        let socket = Self::over(tcp, person.address, "starling.v1", None).await;
        let socket = socket.expect("the handshake is answered");
        socket.begin(person, None).await.expect("the log-in is accepted")
    }

    async fn begin(self, person: &Api, cursor: Option<&str>) -> Option<Self> {
        let mut socket = self;
        let hello = json!({ "id": 0, "type": "hello", "token": person.token, "cursor": cursor });
        socket.stream.send(Message::text(hello.to_string())).await.ok()?;
        loop {
            let frame = socket.try_frame().await.ok()?;
            match frame["type"].as_str() {
                Some("ok") if frame["id"] == 0 => socket.hello = frame["data"].clone(),
                Some("caught_up") => return Some(socket),
                _ => socket.waiting.push_back(frame),
            }
        }
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.expect("the socket is open");
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.expect("the socket is open");
    }

    pub async fn try_send_raw(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.stream.send(message).await
    }

    /// Queues frames and sends them together.
    pub async fn send_together(&mut self, frames: impl IntoIterator<Item = Message>) {
        for frame in frames {
            self.stream.feed(frame).await.expect("the socket is open");
        }
        self.stream.flush().await.expect("the socket is open");
    }

    /// The next message of the socket, whatever it is.
    pub async fn message(&mut self) -> Option<Result<Message, tungstenite::Error>> {
        timeout(PATIENCE, self.stream.next()).await.expect("something in time")
    }

    /// The next frame from the network; the close code where the connection ends instead.
    async fn try_frame(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match self.message().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
                    if let Some(cursor) = frame["cursor"].as_str() {
                        cursor.clone_into(&mut self.cursor);
                    }
                    if frame["type"] == "heartbeat" {
                        continue;
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next frame, whether it waited already or not; the close code where the connection ends.
    pub async fn next(&mut self) -> Result<Value, Option<u16>> {
        match self.waiting.pop_front() {
            Some(frame) => Ok(frame),
            None => self.try_frame().await,
        }
    }

    /// Sends a command without waiting for its answer; its number.
    pub async fn start(&mut self, mut command: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        command["id"] = id.into();
        self.send_text(command.to_string()).await;
        id
    }

    /// The answer to the command with this number.
    pub async fn answer(&mut self, id: u64) -> Value {
        let is_answer = |frame: &Value| {
            frame["id"] == id && matches!(frame["type"].as_str(), Some("ok" | "error"))
        };
        self.find(is_answer).await
    }

    /// Sends a command and gives its answer, whatever it is.
    pub async fn ask(&mut self, command: Value) -> Value {
        let id = self.start(command).await;
        self.answer(id).await
    }

    /// Sends a command that goes well, and gives what was answered.
    #[track_caller]
    pub fn ok(&mut self, command: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask(command).await;
            assert_eq!(answer["type"], "ok", "at {caller}: {answer}");
            answer["data"].clone()
        }
    }

    /// Sends a command that is refused, and gives the code.
    #[track_caller]
    pub fn refused(&mut self, command: Value) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask(command).await;
            assert_eq!(answer["type"], "error", "at {caller}: {answer}");
            answer["error"]["code"].as_str().expect("a code").to_owned()
        }
    }

    /// Sends a message; its id.
    pub async fn say(&mut self, room: &str, text: &str) -> String {
        let send = json!({ "type": "send", "room_id": room, "nonce": nonce(), "text": text });
        let sent = self.ok(send).await;
        sent["message_id"].as_str().expect("an id").to_owned()
    }

    /// The first frame that is like this, taken from those that wait or those to come. The others
    /// stay.
    pub async fn find(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.waiting.iter().position(&is) {
            return self.waiting.remove(place).expect("it was found there");
        }
        let mut passed = Vec::new();
        let looking = async {
            loop {
                let frame = self.try_frame().await;
                let frame = frame.unwrap_or_else(|code| panic!("it was closed: {code:?}"));
                if is(&frame) {
                    return frame;
                }
                passed.push(frame);
            }
        };
        let found = timeout(PATIENCE, looking).await;
        let found = found.unwrap_or_else(|_| panic!("it did not come; but {passed:#?}"));
        self.waiting.extend(passed);
        found
    }

    /// The first event of this type.
    pub async fn event(&mut self, kind: &str) -> Value {
        self.find(|frame| frame["type"] == kind).await
    }

    /// The message event with this text.
    pub async fn text(&mut self, text: &str) -> Value {
        self.find(|frame| frame["type"] == "message" && frame["message"]["text"] == text).await
    }

    /// Everything that waits now, oldest first.
    pub fn drain(&mut self) -> Vec<Value> {
        self.waiting.drain(..).collect()
    }

    /// Reads until the connection ends; its code, and `None` where there was no close frame.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.try_frame().await {
                Ok(frame) => self.waiting.push_back(frame),
                Err(code) => return code,
            }
        }
    }
}

/// What a client keeps: things by id, the higher version in place of the lower.
#[derive(Debug, Default, PartialEq)]
pub struct View {
    /// By id, which is their order.
    pub messages: BTreeMap<String, Value>,
    /// By message.
    pub reactions: BTreeMap<String, Value>,
    /// By room and user.
    pub members: BTreeMap<(String, String), Value>,
    pub rooms: BTreeMap<String, Value>,
}

impl View {
    pub fn take(&mut self, frame: &Value) {
        fn newer<K: Ord>(map: &mut BTreeMap<K, Value>, key: K, state: &Value) {
            let version = |state: &Value| state["version"].as_str().map(str::to_owned);
            if map.get(&key).is_none_or(|kept| version(kept) < version(state)) {
                map.insert(key, state.clone());
            }
        }
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        match frame["type"].as_str() {
            Some("message") => {
                newer(&mut self.messages, text(&frame["message"]["id"]), &frame["message"]);
            }
            Some("reaction") => {
                newer(&mut self.reactions, text(&frame["message_id"]), frame);
            }
            Some("member") => {
                let member = &frame["member"];
                let key = (text(&member["room_id"]), text(&member["user_id"]));
                newer(&mut self.members, key, member);
            }
            Some("room") => {
                newer(&mut self.rooms, text(&frame["room"]["id"]), &frame["room"]);
            }
            _ => {}
        }
    }

    pub fn take_all<'a>(&mut self, frames: impl IntoIterator<Item = &'a Value>) {
        frames.into_iter().for_each(|frame| self.take(frame));
    }

    /// The texts of text messages, in their order.
    pub fn texts(&self) -> Vec<String> {
        let texts = self.messages.values().filter(|message| message["kind"] == "text");
        texts.map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
