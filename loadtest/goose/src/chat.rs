//! People who chat over sockets: they enter a room, talk and listen, and leave when all has come.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use goose::goose::{GooseUser, TransactionResult};
use serde_json::json;
use starling_loadtest::wire::ServerFrame;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout_at};

use crate::api;
use crate::run::{Over, Run, Seat};
use crate::socket::Socket;

/// A transaction lasts so long; between two of them Goose may end the run.
const TURN: Duration = Duration::from_secs(1);

/// In Goose's tables.
const METHOD: &str = "SOCKET";

type Member = Arc<Mutex<Chatter>>;

struct Chatter {
    seat: Seat,
    room: String,
    socket: Socket,
    connected: bool,
    /// When the next message should be sent.
    due: Instant,
    /// The nonces of messages that are not answered, by the command's number.
    waiting: HashMap<u64, String>,
}

pub async fn enter(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let _entering = run.entering();
    let token = api::new_token(user, run).await?;
    let seat = run.take_seat();
    let room = seat.join(user, run, &token).await?;
    let began = Instant::now();
    let socket = Socket::open(user.base_url.as_str(), &token).await;
    let took = began.elapsed();
    let why = socket.as_ref().err().map(String::as_str);
    user.record_custom_request_duration(METHOD, "connect", took, why.is_none(), None, why).await?;
    let socket = match socket {
        Ok(socket) => socket,
        Err(why) => {
            run.failed("connection_failed", &why);
            return Err(why.into());
        }
    };
    seat.ledger().enter(seat.number());
    run.connected();
    // So that the members of a room don't all speak at once.
    let share = (seat.number() + 1) as f64 / run.options.rooms_of as f64;
    let due = Instant::now() + run.every().mul_f64(share);
    let waiting = HashMap::new();
    let chatter = Chatter { seat, room, socket, connected: true, due, waiting };
    user.set_session_data(Arc::new(Mutex::new(chatter)));
    Ok(())
}

pub async fn talk(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let end = Instant::now() + TURN;
    let Some(member) = user.get_session_data::<Member>().cloned() else {
        sleep(TURN).await;
        return Err("there is no connection".into());
    };
    let mut chatter = member.lock().await;
    loop {
        let until = end.min(chatter.due);
        if !chatter.listen(user, run, until).await? {
            sleep(end.saturating_duration_since(Instant::now())).await;
            return Err("the connection ended".into());
        }
        if end <= Instant::now() {
            return Ok(());
        }
        if chatter.due <= Instant::now() {
            chatter.speak(run).await;
        }
    }
}

pub async fn leave(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let Some(member) = user.get_session_data::<Member>().cloned() else { return Ok(()) };
    let mut chatter = member.lock().await;
    let end = Instant::now() + run.drain();
    let mut present = true;
    while Instant::now() < end {
        if present && !run.is_somebody_entering() {
            chatter.seat.ledger().leave(chatter.seat.number());
            present = false;
        }
        let soon = Instant::now() + Duration::from_millis(50);
        if (!present && !chatter.owes()) || !chatter.listen(user, run, soon.min(end)).await? {
            break;
        }
    }
    for _ in 0..chatter.waiting.len() {
        run.failed("unanswered", "a message was neither acknowledged nor refused");
    }
    if chatter.connected {
        chatter.connected = false;
        run.disconnected();
        chatter.socket.close().await;
    }
    Ok(())
}

impl Chatter {
    fn owes(&self) -> bool {
        !self.waiting.is_empty() || self.seat.ledger().owes(self.seat.number())
    }

    /// Takes what comes until then; false where the connection ended.
    async fn listen(
        &mut self,
        user: &mut GooseUser,
        run: &Run,
        until: Instant,
    ) -> Result<bool, api::Failed> {
        while self.connected {
            match timeout_at(until.into(), self.socket.next()).await {
                Ok(Ok(frame)) => self.take(user, run, frame).await?,
                Ok(Err(why)) => {
                    self.connected = false;
                    run.disconnected();
                    run.failed("connection_closed", &why);
                }
                Err(_) => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn take(
        &mut self,
        user: &mut GooseUser,
        run: &Run,
        frame: ServerFrame,
    ) -> TransactionResult {
        let (name, took) = match frame {
            ServerFrame::Message { message, .. } => {
                let heard = run.heard(&self.seat, &message.nonce, Over::Socket);
                ("delivery", heard)
            }
            ServerFrame::Ok { id, .. } => {
                let nonce = self.waiting.remove(&id).unwrap_or_default();
                let due = self.seat.ledger().acknowledge(&nonce);
                let took = due.map(|due| due.elapsed());
                took.inspect(|took| run.acknowledged(*took));
                ("acknowledgement", took)
            }
            ServerFrame::Error { id, error } => {
                let nonce = self.waiting.remove(&id).unwrap_or_default();
                self.seat.ledger().refuse(&nonce);
                run.failed(&error.code, &error.detail);
                ("acknowledgement", None)
            }
            ServerFrame::Goodbye { .. } => {
                run.failed("goodbye", "the server is stopping");
                return Ok(());
            }
            _ => return Ok(()),
        };
        if let Some(took) = took {
            user.record_custom_request_duration(METHOD, name, took, true, None, None).await?;
        }
        Ok(())
    }

    async fn speak(&mut self, run: &Run) {
        let (due, nonce) = (self.due, new_nonce());
        self.due += run.every();
        self.seat.ledger().say(nonce.clone(), due);
        let text = "A message of a load test, with as many words as people tend to use.";
        let command = json!({"type": "send", "room_id": self.room, "nonce": &nonce, "text": text});
        match self.socket.say(command).await {
            Ok(id) => {
                self.waiting.insert(id, nonce);
            }
            // What ended the connection shows when it is read.
            Err(_) => self.seat.ledger().refuse(&nonce),
        }
    }
}

/// Of all members, so that no two messages have the same.
pub fn new_nonce() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("message-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
