//! The hub of one worker: takes what is in its inbox, a batch at a time, and hands it out.
//!
//! A send to a socket costs the kernel ten times what everything here costs. So all that waits is
//! taken at once, the frames of a topic are joined, and each follower is sent to once. There is no
//! delay: batches form only where there is a backlog. Nothing here awaits, locks or allocates for
//! each follower.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use slab::Slab;

use super::index::{ConnectionId, Index};
use super::outbox::Full;
use super::{HEARTBEAT_S, Inbox, Interest, Item, Outbox, SILENCE_LIMIT_S};
use crate::observe;
use crate::protocol::codes::CloseCode;
use crate::protocol::server::ServerFrame;
use crate::protocol::{Control, EventId, Frame, RoomId, SessionId, Topic, UserId};
use crate::trace;

/// Frames of a topic are joined up to about this many bytes: a fraction of an outbox.
const JOINED_BYTES: usize = 32 * 1024;

/// What is told again after a gap is no older than this, unless the store was away for as long.
const NEWEST_KEEPS_MS: u64 = 10 * 60 * 1000;

/// Where a connection's events go.
pub enum Peer {
    Socket(Outbox),
    /// A long poll, which wants its events one by one.
    Poll(Collector),
}

/// Takes an event with what it was published under; a transient one has nothing.
pub type Collector = Box<dyn Fn(Option<EventId>, &Frame)>;

/// The hub of this thread.
#[derive(Clone)]
pub struct Hub(Rc<Inner>);

struct Inner {
    worker: usize,
    interest: Arc<dyn Interest>,
    started: tokio::time::Instant,
    state: RefCell<State>,
    /// Makes the text of a cursor from the time that it stands for.
    cursor: fn(u64) -> String,
}

#[derive(Default)]
struct State {
    index: Index,
    connections: Slab<Connection>,
    /// Connections by the second of the heartbeat's round in which it is their turn.
    wheel: Vec<Vec<ConnectionId>>,
    /// Whose turn is next.
    turn: usize,
    proved_ms: u64,
    /// The newest word on whether a person follows a room: what is told again after a gap may be
    /// older than what was heard since.
    newest: HashMap<(Topic, RoomId), EventId>,
    sockets: usize,
    /// Whoever is here was told to go.
    draining: bool,
}

struct Connection {
    user: UserId,
    session: SessionId,
    peer: Peer,
    /// Seconds since the hub began.
    heard_s: Cell<u32>,
    /// When its access token expires, in seconds since the hub began.
    token_until_s: Cell<u32>,
    /// What its cursor stands for; `None` until it has caught up.
    cursor_ms: Cell<Option<u64>>,
    /// Rooms that its person left before it followed them: it may have been told of them in
    /// between, and must not follow them after all.
    left: RefCell<Vec<Topic>>,
}

/// A connection's place in the hub; given up when dropped.
pub struct Seat {
    hub: Hub,
    id: ConnectionId,
}

impl Hub {
    /// The hub of the worker with this number, and the task that runs it. `cursor` makes a cursor's
    /// text from the time, in milliseconds since 1970, that it stands for.
    pub fn new(
        worker: usize,
        inbox: Arc<Inbox>,
        interest: Arc<dyn Interest>,
        cursor: fn(u64) -> String,
    ) -> (Self, impl Future<Output = ()> + 'static) {
        let wheel = vec![Vec::new(); HEARTBEAT_S as usize];
        let hub = Self(Rc::new(Inner {
            worker,
            interest,
            started: tokio::time::Instant::now(),
            state: RefCell::new(State { wheel, ..State::default() }),
            cursor,
        }));
        (hub.clone(), hub.run(inbox))
    }

    async fn run(self, inbox: Arc<Inbox>) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = inbox.filled() => {
                    self.hand_out(inbox.take());
                    // The sockets' turn, or their readers starve.
                    tokio::task::yield_now().await;
                }
                _ = second.tick() => self.beat(),
            }
        }
    }

    /// Gives a connection a place. It follows nothing yet.
    pub fn join(&self, user: UserId, session: SessionId, peer: Peer) -> Seat {
        let mut state = self.0.state.borrow_mut();
        if matches!(peer, Peer::Socket(_)) {
            state.sockets += 1;
            observe::CONNECTIONS.change(1.0);
            observe::CONNECTIONS_OPENED.add("", 1);
        }
        let id = state.connections.insert(Connection {
            user,
            session,
            peer,
            heard_s: Cell::new(self.now_s()),
            token_until_s: Cell::new(u32::MAX),
            cursor_ms: Cell::new(None),
            left: RefCell::default(),
        });
        let turn = id % state.wheel.len();
        state.wheel[turn].push(id);
        drop(state);
        Seat { hub: self.clone(), id }
    }

    /// Whether everybody here was told to go elsewhere.
    pub fn is_draining(&self) -> bool {
        self.0.state.borrow().draining
    }

    /// How many sockets are here.
    pub fn sockets(&self) -> usize {
        self.0.state.borrow().sockets
    }

    /// Tells every socket when to come back, and closes it then: spread, so that the next server is
    /// not asked by all at once.
    fn drain(state: &mut State, within_ms: u64) {
        state.draining = true;
        let mut leaving = Vec::new();
        for (_, connection) in &state.connections {
            let Peer::Socket(outbox) = &connection.peer else { continue };
            let after_ms = rand::random_range(0..=within_ms);
            let goodbye = Frame::of(&ServerFrame::Goodbye { reconnect_after_ms: after_ms });
            // Whoever has no room for it is told by the close code.
            let _ = outbox.push(goodbye.bytes().clone());
            leaving.push((after_ms, outbox.clone()));
        }
        leaving.sort_by_key(|(after_ms, _)| *after_ms);
        let began = tokio::time::Instant::now();
        tokio::task::spawn_local(async move {
            for (after_ms, outbox) in leaving {
                tokio::time::sleep_until(began + Duration::from_millis(after_ms)).await;
                if !outbox.is_closed() {
                    outbox.close(CloseCode::Moving);
                    observe::CONNECTIONS_CLOSED.add(reason(CloseCode::Moving), 1);
                }
            }
        });
    }

    fn now_s(&self) -> u32 {
        self.0.started.elapsed().as_secs() as u32
    }

    fn hand_out(&self, items: Vec<Item>) {
        let mut state = self.0.state.borrow_mut();
        let mut batches: HashMap<Topic, Batch> = HashMap::new();
        let mut order = Vec::new();
        let mut oldest: Option<Instant> = None;
        let mut ended = Vec::new();
        let mut traced = Vec::new();
        for item in items {
            let (topic, event_id, frame) = match item {
                Item::Proved(millis) => {
                    state.proved_ms = state.proved_ms.max(millis);
                    continue;
                }
                Item::Drain { within_ms } => {
                    Self::drain(&mut state, within_ms);
                    continue;
                }
                Item::Sessions { user, alive } => {
                    let over =
                        |id: &&u32| !alive.contains(&state.connections[**id as usize].session);
                    let sockets = state.index.followers(Topic::User(user));
                    ended.extend(sockets.iter().filter(over).map(|id| *id as usize));
                    continue;
                }
                Item::Event { topic, event_id, control, frame, heard } => {
                    traced.extend(frame.trace().map(|parent| (parent, topic, heard)));
                    oldest = Some(oldest.map_or(heard, |oldest| oldest.min(heard)));
                    if let Some(control) = control {
                        self.control(&mut state, (topic, event_id), control, &mut ended);
                    }
                    (topic, Some(event_id), frame)
                }
                Item::Whisper { topic, frame } | Item::TooMany { topic, frame } => {
                    (topic, None, frame)
                }
            };
            let batch = batches.entry(topic).or_insert_with(|| {
                order.push(topic);
                Batch::default()
            });
            batch.add(event_id, frame);
        }

        let mut slow = Vec::new();
        for topic in order {
            let Some(batch) = batches.remove(&topic) else { continue };
            let joined = batch.joined();
            let followers = state.index.followers(topic);
            for id in followers {
                let connection = &state.connections[*id as usize];
                match &connection.peer {
                    Peer::Socket(outbox) => {
                        let full = |bytes: &Bytes| outbox.push_live(bytes.clone()) == Err(Full);
                        if joined.iter().any(full) {
                            slow.push(*id as usize);
                        }
                    }
                    Peer::Poll(give) => {
                        batch.frames.iter().for_each(|(event_id, frame)| give(*event_id, frame));
                    }
                }
            }
            let bytes: usize = joined.iter().map(Bytes::len).sum();
            observe::DELIVERIES.add("", (batch.frames.len() * followers.len()) as u64);
            observe::DELIVERED_BYTES.add("", (bytes * followers.len()) as u64);
        }
        for (parent, topic, heard) in traced {
            let connections = state.index.followers(topic).len();
            if connections > 0 {
                trace::delivered(parent, heard, connections);
            }
        }
        if let Some(oldest) = oldest {
            observe::PUBLISH_TO_SOCKET.time("", oldest);
        }
        for id in slow {
            self.close(&mut state, id, CloseCode::Slow);
        }
        for id in ended {
            self.close(&mut state, id, CloseCode::SessionEnded);
        }
    }

    fn control(
        &self,
        state: &mut State,
        (topic, event_id): (Topic, EventId),
        control: Control,
        ended: &mut Vec<ConnectionId>,
    ) {
        if let Control::Follow(room) | Control::Unfollow(room) = control {
            let newest = state.newest.entry((topic, room)).or_insert(event_id);
            if *newest > event_id {
                return;
            }
            *newest = event_id;
        }
        let followers: Vec<_> =
            state.index.followers(topic).iter().map(|id| *id as usize).collect();
        match control {
            Control::Follow(room) => {
                let room = Topic::Room(room);
                let mut any = false;
                for id in followers {
                    state.connections[id].left.borrow_mut().retain(|left| *left != room);
                    any |= state.index.follow(id, room);
                }
                if any {
                    self.0.interest.follow_from_now(self.0.worker, room);
                }
            }
            Control::Unfollow(room) => {
                let room = Topic::Room(room);
                let mut last = false;
                for id in followers {
                    let mut left = state.connections[id].left.borrow_mut();
                    if !state.index.followed(id).contains(&room) && !left.contains(&room) {
                        left.push(room);
                    }
                    last |= state.index.unfollow(id, room);
                }
                if last {
                    self.0.interest.unfollow(self.0.worker, &[room]);
                }
            }
            Control::EndSession(session) => {
                ended.extend(
                    followers.into_iter().filter(|id| state.connections[*id].session == session),
                );
            }
            Control::EndSessions { except } => {
                let goes = |id: &ConnectionId| Some(state.connections[*id].session) != except;
                ended.extend(followers.into_iter().filter(goes));
            }
            // The relay has seen to it.
            Control::Presence(_) | Control::Sessions | Control::Room | Control::Member(_) => {}
        }
    }

    /// Closes a connection and takes it out of the index at once; its seat stays until its own loop
    /// has seen that it ended.
    fn close(&self, state: &mut State, id: ConnectionId, code: CloseCode) {
        let Some(connection) = state.connections.get(id) else { return };
        if let Peer::Socket(outbox) = &connection.peer {
            if outbox.is_closed() {
                return;
            }
            outbox.close(code);
            observe::CONNECTIONS_CLOSED.add(reason(code), 1);
        }
        let gone = state.index.leave(id);
        if !gone.is_empty() {
            self.0.interest.unfollow(self.0.worker, &gone);
        }
    }

    /// A second has passed: the heartbeat of those whose turn it is.
    fn beat(&self) {
        let now = self.now_s();
        let mut state = self.0.state.borrow_mut();
        // Counted, not taken from the clock: a worker that was held up leaves nobody out.
        let turn = state.turn;
        state.turn = (turn + 1) % state.wheel.len();
        if turn == 0 {
            let newest = state.newest.values().map(|id| id.millis()).max().unwrap_or(0);
            state.newest.retain(|_, id| id.millis() + NEWEST_KEEPS_MS > newest);
        }
        let mut closing = Vec::new();
        let mut made: Option<(u64, Frame)> = None;
        for id in &state.wheel[turn] {
            let connection = &state.connections[*id];
            let Peer::Socket(outbox) = &connection.peer else { continue };
            if outbox.is_closed() {
                continue;
            }
            if u64::from(now - connection.heard_s.get()) > SILENCE_LIMIT_S {
                closing.push((*id, CloseCode::Silent));
                continue;
            }
            if now > connection.token_until_s.get() {
                closing.push((*id, CloseCode::LogIn));
                continue;
            }
            let Some(own) = connection.cursor_ms.get() else { continue };
            let cursor_ms = own.max(state.proved_ms);
            connection.cursor_ms.set(Some(cursor_ms));
            let frame = match &made {
                Some((made_for, frame)) if *made_for == cursor_ms => frame.clone(),
                _ => {
                    let cursor = (self.0.cursor)(cursor_ms);
                    let frame = Frame::of(&ServerFrame::Heartbeat { cursor });
                    made = Some((cursor_ms, frame.clone()));
                    frame
                }
            };
            if outbox.push(frame.bytes().clone()) == Err(Full) {
                closing.push((*id, CloseCode::Slow));
            }
        }
        for (id, code) in closing {
            self.close(&mut state, id, code);
        }
    }
}

/// A topic's frames of one hand-over.
#[derive(Default)]
struct Batch {
    frames: Vec<(Option<EventId>, Frame)>,
}

impl Batch {
    fn add(&mut self, event_id: Option<EventId>, frame: Frame) {
        self.frames.push((event_id, frame));
    }

    /// The frames, one after the other, in few pieces.
    fn joined(&self) -> Vec<Bytes> {
        if let [(_, frame)] = &self.frames[..] {
            return vec![frame.bytes().clone()];
        }
        let mut pieces = Vec::new();
        let mut piece = BytesMut::new();
        for (_, frame) in &self.frames {
            if !piece.is_empty() && piece.len() + frame.bytes().len() > JOINED_BYTES {
                pieces.push(std::mem::take(&mut piece).freeze());
            }
            piece.extend_from_slice(frame.bytes());
        }
        pieces.push(piece.freeze());
        pieces
    }
}

impl Seat {
    /// Follows these topics, but no room that the person left since the connection came. Resolves as
    /// [`Interest::follow`] does.
    pub async fn follow(&self, topics: Vec<Topic>) -> bool {
        let mut topics = topics;
        {
            let mut guard = self.hub.0.state.borrow_mut();
            let state = &mut *guard;
            let left = state.connections[self.id].left.borrow();
            topics.retain(|topic| !left.contains(topic));
            for topic in &topics {
                state.index.follow(self.id, *topic);
            }
        }
        self.hub.0.interest.follow(self.hub.0.worker, topics).await
    }

    /// Follows the presence of these people, and of nobody else.
    pub async fn watch(&self, users: &[UserId]) -> bool {
        let wanted: Vec<_> = users.iter().map(|user| Topic::Presence(*user)).collect();
        let mut gone = Vec::new();
        {
            let mut state = self.hub.0.state.borrow_mut();
            let stale: Vec<_> = state
                .index
                .followed(self.id)
                .iter()
                .copied()
                .filter(|topic| matches!(topic, Topic::Presence(_)) && !wanted.contains(topic))
                .collect();
            for topic in stale {
                if state.index.unfollow(self.id, topic) {
                    gone.push(topic);
                }
            }
        }
        if !gone.is_empty() {
            self.hub.0.interest.unfollow(self.hub.0.worker, &gone);
        }
        self.follow(wanted).await
    }

    /// Whether this connection follows the topic.
    pub fn follows(&self, topic: Topic) -> bool {
        self.hub.0.state.borrow().index.followed(self.id).contains(&topic)
    }

    /// Something came from the client.
    pub fn heard(&self) {
        self.with(|connection| connection.heard_s.set(self.hub.now_s()));
    }

    /// Its access token is valid for so many seconds more.
    pub fn token_for(&self, seconds: u64) {
        let until = self.hub.now_s().saturating_add(seconds.try_into().unwrap_or(u32::MAX));
        self.with(|connection| connection.token_until_s.set(until));
    }

    /// It has caught up: from now on its cursor advances with what is proved.
    pub fn caught_up(&self, cursor_ms: u64) {
        self.with(|connection| connection.cursor_ms.set(Some(cursor_ms)));
    }

    /// What is proved on this worker, in milliseconds since 1970.
    pub fn proved_ms(&self) -> u64 {
        self.hub.0.state.borrow().proved_ms
    }

    /// Closes the connection.
    pub fn close(&self, code: CloseCode) {
        self.hub.close(&mut self.hub.0.state.borrow_mut(), self.id, code);
    }

    fn with(&self, f: impl FnOnce(&Connection)) {
        f(&self.hub.0.state.borrow().connections[self.id]);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.hub.0.state.borrow_mut();
        let gone = state.index.leave(self.id);
        let connection = state.connections.remove(self.id);
        let turn = self.id % state.wheel.len();
        state.wheel[turn].retain(|id| *id != self.id);
        if let Peer::Socket(outbox) = &connection.peer {
            state.sockets -= 1;
            observe::CONNECTIONS.change(-1.0);
            if !outbox.is_closed() {
                observe::CONNECTIONS_CLOSED.add("client", 1);
            }
        }
        drop(state);
        if !gone.is_empty() {
            self.hub.0.interest.unfollow(self.hub.0.worker, &gone);
        }
        tracing::debug!(user.id = %connection.user, "a connection left");
    }
}

/// A close code as a metric's label.
pub fn reason(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Done => "client",
        CloseCode::TooLarge | CloseCode::Malformed => "malformed",
        CloseCode::LogIn => "log_in",
        CloseCode::SessionEnded => "session_ended",
        CloseCode::Silent => "silent",
        CloseCode::Slow => "slow",
        CloseCode::Moving => "moving",
        CloseCode::Trouble => "trouble",
        CloseCode::RateLimited => "rate_limited",
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use tokio::task::LocalSet;
    use uuid::Uuid;

    use super::*;

    struct Willing;

    impl Interest for Willing {
        fn follow(&self, _: usize, _: Vec<Topic>) -> BoxFuture<'static, bool> {
            Box::pin(std::future::ready(true))
        }
        fn follow_from_now(&self, _: usize, _: Topic) {}
        fn unfollow(&self, _: usize, _: &[Topic]) {}
    }

    /// What a person's own topic says of their membership.
    fn told(user: UserId, control: Control, millis: u64) -> Item {
        Item::Event {
            topic: Topic::User(user),
            event_id: EventId::floor(millis),
            control: Some(control),
            frame: Frame::text(b"{}"),
            heard: Instant::now(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_or_has_no_good_token_is_closed_and_others_are_not() {
        let inbox = Arc::new(Inbox::default());
        let (hub, running) = Hub::new(0, inbox, Arc::new(Willing), |millis| millis.to_string());
        let join = || {
            let (outbox, end) = Outbox::holding();
            let (user, session) = (UserId(Uuid::new_v4()), SessionId(Uuid::new_v4()));
            (hub.join(user, session, Peer::Socket(outbox.clone())), outbox, end)
        };
        let second = Duration::from_secs(1);
        let test = async {
            let (silent, talking, expired) = (join(), join(), join());
            expired.0.token_for(10);
            for _ in 0..SILENCE_LIMIT_S {
                talking.0.heard();
                expired.0.heard();
                tokio::time::sleep(second).await;
            }
            assert!(!silent.1.is_closed() && !talking.1.is_closed());
            assert!(expired.1.is_closed(), "within a round of the heartbeat");
            for _ in 0..=HEARTBEAT_S {
                talking.0.heard();
                tokio::time::sleep(second).await;
            }
            assert!(silent.1.is_closed() && !talking.1.is_closed());
        };
        let set = LocalSet::new();
        set.spawn_local(running);
        set.run_until(test).await;
    }

    #[tokio::test]
    async fn a_room_that_was_left_while_its_person_arrived_is_not_followed() {
        let (user, session) = (UserId(Uuid::new_v4()), SessionId(Uuid::new_v4()));
        let room = RoomId(Uuid::new_v4());
        let inbox = Arc::new(Inbox::default());
        let (hub, running) =
            Hub::new(0, inbox.clone(), Arc::new(Willing), |millis| millis.to_string());
        let arriving = async {
            let (outbox, _end) = Outbox::holding();
            let seat = hub.join(user, session, Peer::Socket(outbox));
            seat.follow(vec![Topic::User(user)]).await;
            // The store said that they are in the room; then they were removed.
            let hears = async |control, millis| {
                assert!(inbox.push(vec![told(user, control, millis)]).is_empty());
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
            };
            hears(Control::Unfollow(room), 1).await;
            seat.follow(vec![Topic::Room(room)]).await;
            assert!(!seat.follows(Topic::Room(room)));

            hears(Control::Follow(room), 2).await;
            assert!(seat.follows(Topic::Room(room)), "they came back");
            hears(Control::Unfollow(room), 3).await;
            assert!(!seat.follows(Topic::Room(room)));
            hears(Control::Follow(room), 4).await;
            assert!(seat.follows(Topic::Room(room)));
            hears(Control::Unfollow(room), 3).await;
            assert!(seat.follows(Topic::Room(room)), "what is told again is old news");
        };
        let set = LocalSet::new();
        set.spawn_local(running);
        set.run_until(arriving).await;
    }
}
