//! A small client: one account, one socket, and what it takes that nothing is lost and nothing is
//! shown twice. `docs/protocol.md` says why each step is taken.
//!
//! It needs nothing of the server's own code, so that it can be copied.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

mod api;
pub use api::{Api, Problem, text};

/// The server says something every 25 seconds. Whoever hears nothing for so long is cut off.
const SILENCE: Duration = Duration::from_mins(1);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const LONGEST_PAUSE_MS: u64 = 10_000;
/// Pages that are loaded at most after a `reload`.
const PAGES: usize = 20;

/// What a client tells. Each state of a thing is told once.
pub enum News {
    Online,
    Offline(String),
    /// An event, or a message that was loaded, in the same form.
    Event(Value),
    /// The server refused a message for good.
    Refused {
        text: String,
        why: String,
    },
    /// Everything before this has been told.
    Cursor(String),
}

/// What outlives the process, where there is a file for it.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    cursor: Option<String>,
    unsent: VecDeque<Unsent>,
}

/// A message that was not acknowledged yet.
#[derive(Clone, Serialize, Deserialize)]
struct Unsent {
    nonce: String,
    text: String,
    /// Whether it may have reached the server.
    tried: bool,
}

struct Shared {
    kept: Mutex<Kept>,
    file: Option<PathBuf>,
    more: Notify,
}

/// A client in one room.
pub struct Client {
    shared: Arc<Shared>,
    news: mpsc::UnboundedReceiver<News>,
}

impl Client {
    /// Connects, and stays connected. A fresh start tells the newest `history` messages. `file`:
    /// where the cursor and unsent messages are kept, so that another process can go on.
    pub fn start(api: Api, room: &str, history: usize, file: Option<&Path>) -> Self {
        let kept = file.and_then(|file| std::fs::read_to_string(file).ok());
        let kept: Kept = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let cursor = kept.cursor.clone();
        let file = file.map(Path::to_owned);
        let shared = Arc::new(Shared { kept: Mutex::new(kept), file, more: Notify::new() });
        let (tell, news) = mpsc::unbounded_channel();
        let room = room.to_owned();
        let known = HashMap::new();
        let connection =
            Connection { api, shared: shared.clone(), tell, room, history, cursor, known };
        tokio::spawn(connection.run());
        Self { shared, news }
    }

    /// What happened next. Asking for it says that what came before was dealt with.
    pub async fn next(&mut self) -> News {
        loop {
            match self.news.recv().await {
                Some(News::Cursor(cursor)) => {
                    self.shared.change(|kept| kept.cursor = Some(cursor));
                }
                Some(news) => return news,
                None => std::future::pending().await,
            }
        }
    }

    /// Sends a text, now or when the server can be reached again, once.
    pub fn send(&self, text: &str) {
        self.send_as(&format!("{:032x}", rand::random::<u128>()), text, false);
    }

    /// The same, under a nonce that stands for what the text answers. `again`: an earlier process
    /// may have sent it.
    pub fn send_as(&self, nonce: &str, text: &str, again: bool) {
        let message = Unsent { nonce: nonce.to_owned(), text: text.to_owned(), tried: again };
        self.shared.change(|kept| {
            if kept.unsent.iter().all(|other| other.nonce != nonce) {
                kept.unsent.push_back(message);
            }
        });
        self.shared.more.notify_one();
    }

    /// How many messages were not acknowledged yet.
    pub fn unsent(&self) -> usize {
        self.shared.lock().unsent.len()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is kept, and writes it down: beside the file first, so that it is never half
    /// there.
    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.lock();
        let result = change(&mut kept);
        if let Some(file) = &self.file {
            let half = file.with_extension("new");
            let text = serde_json::to_vec(&*kept).unwrap_or_default();
            let written = std::fs::write(&half, text).and_then(|()| std::fs::rename(&half, file));
            if let Err(error) = written {
                eprintln!("{} can't be written: {error}", file.display());
            }
        }
        result
    }
}

/// The task behind a client.
struct Connection {
    api: Api,
    shared: Arc<Shared>,
    tell: mpsc::UnboundedSender<News>,
    room: String,
    history: usize,
    cursor: Option<String>,
    /// The newest version of each thing that was told. It grows; a client that runs for years
    /// would forget what is older than its oldest page.
    known: HashMap<String, String>,
}

impl Connection {
    async fn run(mut self) {
        let (mut failures, mut told) = (0, false);
        while !self.tell.is_closed() {
            let mut connected = false;
            let problem = self.converse(&mut connected).await;
            failures = if connected { 0 } else { failures + 1 };
            if connected || !told {
                told = true;
                let _ = self.tell.send(News::Offline(problem.detail.clone()));
            }
            // Everybody comes back when a server was restarted: a random pause spreads them.
            let longest = LONGEST_PAUSE_MS.min(500 << failures.min(8));
            let pause = Duration::from_millis(rand::random_range(100..=longest));
            sleep(problem.wait.map_or(pause, |wait| wait + pause)).await;
        }
    }

    /// One connection, to its end.
    async fn converse(&mut self, connected: &mut bool) -> Problem {
        match self.try_converse(connected).await {
            Ok(never) => match never {},
            Err(problem) => problem,
        }
    }

    async fn try_converse(
        &mut self,
        connected: &mut bool,
    ) -> Result<std::convert::Infallible, Problem> {
        let token = self.api.token().await?;
        let mut request = format!("ws://{}/api/v1/socket", self.api.server())
            .into_client_request()
            .map_err(|error| Problem::offline(&error))?;
        let protocol = HeaderValue::from_static("starling.v1");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let opened = timeout(CONNECT_WITHIN, tokio_tungstenite::connect_async(request)).await;
        let opened = opened.map_err(|_| Problem::offline(&"no answer"))?;
        let (mut socket, _) = opened.map_err(|error| Problem::offline(&error))?;
        macro_rules! say {
            ($frame:expr) => {
                let frame = Message::text($frame.to_string());
                socket.send(frame).await.map_err(|error| Problem::offline(&error))?;
            };
        }
        let fresh = self.cursor.is_none();
        say!(json!({ "id": 1, "type": "hello", "token": token, "cursor": self.cursor }));

        let mut number = 1_u64;
        let mut resumed = true;
        // The number of the message under way, and when the next may go.
        let (mut under_way, mut not_before) = (None, Instant::now());
        let (mut heard, mut renew_at) = (Instant::now(), self.api.renew_at().await);
        loop {
            let may_send = *connected && under_way.is_none() && not_before <= Instant::now();
            if may_send && let Some(Unsent { nonce, text, tried }) = self.next_to_send() {
                number += 1;
                under_way = Some(number);
                say!(json!({ "id": number, "type": "send", "room_id": self.room,
                             "nonce": nonce, "text": text, "retry": tried }));
            }
            let received = tokio::select! {
                received = socket.next() => received,
                () = self.shared.more.notified() => continue,
                () = sleep_until(not_before), if not_before > Instant::now() => continue,
                () = sleep_until(renew_at) => {
                    number += 1;
                    let token = self.api.token().await?;
                    renew_at = self.api.renew_at().await;
                    say!(json!({ "id": number, "type": "renew", "token": token }));
                    continue;
                }
                () = sleep_until(heard + SILENCE) => {
                    return Err(Problem::offline(&"nothing was heard for a minute"));
                }
            };
            heard = Instant::now();
            let frame: Value = match received {
                Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap_or_default(),
                Some(Ok(Message::Close(Some(close)))) => {
                    if matches!(close.code.into(), 4001 | 4002) {
                        self.api.forget_token().await;
                    }
                    return Err(Problem::offline(&close.reason));
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(Problem::offline(&error)),
                None => return Err(Problem::offline(&"the connection ended")),
            };
            let id = frame["id"].as_u64();
            match text(&frame["type"]) {
                "ok" if id == Some(1) => resumed = frame["data"]["resumed"] == true,
                "caught_up" => {
                    if fresh {
                        self.load(self.history, 1).await?;
                    } else if !resumed {
                        self.load(200, PAGES).await?;
                    }
                    *connected = true;
                    self.advance(&frame);
                    let _ = self.tell.send(News::Online);
                }
                "heartbeat" => {
                    self.advance(&frame);
                    say!(json!({ "type": "heartbeat" }));
                }
                "reload" => self.load(200, PAGES).await?,
                "ok" if under_way.is_some() && id == under_way => {
                    under_way = None;
                    self.shared.change(|kept| kept.unsent.pop_front());
                }
                "error" if under_way.is_some() && id == under_way => {
                    under_way = None;
                    let problem = Problem::of(&frame["error"]);
                    if problem.is_passing() {
                        let wait = problem.wait.unwrap_or(Duration::from_secs(1));
                        not_before = Instant::now() + wait;
                    } else if let Some(Unsent { text, .. }) =
                        self.shared.change(|kept| kept.unsent.pop_front())
                    {
                        let _ = self.tell.send(News::Refused { text, why: problem.detail });
                    }
                }
                _ => self.take(frame),
            }
        }
    }

    /// The oldest message that was not acknowledged. From now on it may have reached the server.
    fn next_to_send(&self) -> Option<Unsent> {
        let message = self.shared.lock().unsent.front().cloned()?;
        if !message.tried {
            self.shared.change(|kept| kept.unsent.iter_mut().take(1).for_each(|m| m.tried = true));
        }
        Some(message)
    }

    fn advance(&mut self, frame: &Value) {
        let cursor = text(&frame["cursor"]).to_owned();
        self.cursor = Some(cursor.clone());
        let _ = self.tell.send(News::Cursor(cursor));
    }

    /// Tells an event, unless its state, or a newer one, was told before.
    fn take(&mut self, event: Value) {
        let (key, version) = match text(&event["type"]) {
            "message" => (&event["message"]["id"], &event["message"]["version"]),
            "reaction" => (&event["message_id"], &event["version"]),
            "room" => (&event["room"]["id"], &event["room"]["version"]),
            "member" => (&event["member"]["user_id"], &event["member"]["version"]),
            // Transient, or from a newer server.
            _ => return drop(self.tell.send(News::Event(event))),
        };
        // A person's place is a thing of its own in each room.
        let room = text(&event["member"]["room_id"]);
        let key = format!("{} {} {room}", text(&event["type"]), text(key));
        let version = text(version);
        if self.known.get(&key).is_none_or(|known| known.as_str() < version) {
            self.known.insert(key, version.to_owned());
            let _ = self.tell.send(News::Event(event));
        }
    }

    /// Loads the newest messages, back to one that is known, and tells those that are new.
    async fn load(&mut self, limit: usize, pages: usize) -> Result<(), Problem> {
        let mut loaded = Vec::new();
        let mut before = String::new();
        for _ in 0..if limit == 0 { 0 } else { pages } {
            let path = format!("/rooms/{}/messages?limit={limit}{before}", self.room);
            let mut page = self.api.get(&path).await?;
            let Some(messages) = page["messages"].as_array_mut().map(std::mem::take) else { break };
            let is_known = |message: &Value| {
                self.known.contains_key(&format!("message {} ", text(&message["id"])))
            };
            let reached = messages.iter().any(is_known);
            if let Some(oldest) = messages.first() {
                before = format!("&before={}", text(&oldest["id"]));
            }
            loaded.push(messages);
            if reached || page["more_before"] != true {
                break;
            }
        }
        for message in loaded.into_iter().rev().flatten() {
            self.take(json!({ "type": "message", "room_id": self.room, "message": message }));
        }
        Ok(())
    }
}
