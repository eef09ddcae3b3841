//! The life of a client: connect, say hello with the newest cursor, catch up, be ready, answer
//! heartbeats, connect again after a jittered delay. Where a client uses long polling, its polls
//! stand for all that. What the clients do beyond that is a [`Mode`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use memchr::memmem;

use crate::clock::{MILLI, SECOND};
use crate::histogram::Histogram;
use crate::http::Request;
use crate::links::{Closed, Handler, Links, Next};
use crate::rng::Rng;
use crate::wire::{self, Answer, Polled, Refusal, ServerFrame};
use crate::world::World;

/// A connection that has not caught up after this long is begun again.
const PATIENCE: u64 = 30 * SECOND;

/// How long a poll waits for something to happen, in seconds, and after which time without an
/// answer it is given up.
const POLL_WAIT: u64 = 25;
const POLL_PATIENCE: u64 = (POLL_WAIT + 10) * SECOND;
/// Between the answer and the next poll: the server takes 600 a minute from a session.
const POLL_PAUSE: u64 = 120 * MILLI;
/// One of so many polls goes to any node instead of the one before.
const POLL_MOVES: usize = 10;

/// Command ids below are for `hello`; a mode's own begin here.
pub const FIRST_ID: u64 = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Away,
    /// Connecting, upgrading or awaiting the answer to hello.
    Greeting,
    /// Being told what was missed.
    CatchingUp,
    Ready,
}

#[derive(Default)]
struct Session {
    phase: Phase,
    /// Failed attempts in a row.
    attempts: u32,
    since: u64,
    /// When something came last.
    heard: u64,
    cursor: String,
    /// Connections made ready.
    readied: u32,
    /// Since when it is cut off, by no doing of its own.
    cut_off_at: Option<u64>,
    /// Uses long polling instead of a socket.
    polls: bool,
    /// A poll is under way.
    asked: bool,
    host: String,
}

/// What clients do once they are connected. Clients are numbered within their thread.
pub trait Mode {
    /// When to be asked again; [`Next::Stop`] ends the thread's run.
    fn tick(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) -> Next;
    /// A delivered message, as it came. `now` is when it was read.
    fn message(&mut self, crowd: &mut Crowd, links: &mut Links, told: Told<'_>);
    /// `send` was carried out; hot, so its parts are given as they stand in the frame.
    fn sent(
        &mut self,
        crowd: &mut Crowd,
        links: &mut Links,
        told: Told<'_>,
        id: u64,
        message: &[u8],
    );
    /// Any other frame, `hello`'s answer and `caught_up` included.
    fn frame(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize, frame: ServerFrame);
    fn lost(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize, why: Closed);
    /// Whether frames about members and presence are looked at; with large rooms there are many.
    fn follows_people(&self) -> bool {
        false
    }
    /// For connections beyond the clients' own.
    fn response(
        &mut self,
        _: &mut Crowd,
        _: &mut Links,
        _owner: usize,
        _status: u16,
        _body: &[u8],
    ) {
    }
}

/// Something that a client was told.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    pub client: usize,
    pub now: u64,
    pub payload: &'a [u8],
}

/// Which part of the clients this thread has: those with `number % shards == shard`.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    pub shard: usize,
    pub shards: usize,
}

impl Share {
    pub fn user(self, client: usize) -> usize {
        client * self.shards + self.shard
    }

    pub fn client(self, user: usize) -> Option<usize> {
        (user % self.shards == self.shard).then_some(user / self.shards)
    }

    pub fn count(self, users: usize) -> usize {
        (users + self.shards - 1 - self.shard) / self.shards
    }
}

/// The clients of one thread.
pub struct Crowd {
    pub world: Arc<World>,
    pub share: Share,
    pub rng: Rng,
    servers: Vec<SocketAddr>,
    sessions: Vec<Session>,
    in_flight: usize,
    opening: usize,
    waiting: VecDeque<usize>,
    later: BinaryHeap<Reverse<(u64, usize)>>,
    /// When whose next poll is due.
    polls: BinaryHeap<Reverse<(u64, usize)>>,
    /// A connection on which nothing came for so long is taken for dead.
    pub silence: Option<u64>,
    /// Those that were, until the mode was told.
    dead: Vec<usize>,
    checked: u64,
    scratch: Vec<u8>,
    pub ready: usize,
    /// Connections made ready, the repeated ones too.
    pub readied: u64,
    /// From the end of a connection that its client did not end itself, or a poll that failed, until the
    /// client had caught up again.
    pub interruptions: Histogram,
    /// Why connections ended, and how often.
    pub closes: BTreeMap<Closed, u64>,
    /// Errors by code, of `hello`.
    pub refusals: BTreeMap<String, u64>,
    pub timeouts: u64,
}

impl Crowd {
    pub fn new(world: Arc<World>, share: Share, servers: &[SocketAddr], in_flight: usize) -> Self {
        let count = share.count(world.users.len());
        Self {
            share,
            rng: Rng::new(crate::clock::unix_seconds() << 8 | share.shard as u64),
            servers: servers.to_vec(),
            sessions: std::iter::repeat_with(Session::default).take(count).collect(),
            in_flight: in_flight.div_ceil(share.shards),
            opening: 0,
            waiting: (0..count).collect(),
            later: BinaryHeap::new(),
            polls: BinaryHeap::new(),
            silence: None,
            dead: Vec::new(),
            checked: 0,
            scratch: Vec::new(),
            ready: 0,
            readied: 0,
            interruptions: Histogram::default(),
            closes: BTreeMap::new(),
            refusals: BTreeMap::new(),
            timeouts: 0,
            world,
        }
    }

    pub fn clients(&self) -> usize {
        self.sessions.len()
    }

    #[inline]
    pub fn phase(&self, client: usize) -> Phase {
        self.sessions[client].phase
    }

    /// Connections that this client made ready so far.
    pub fn readied_of(&self, client: usize) -> u32 {
        self.sessions[client].readied
    }

    /// This client is to use long polling; said before it connects.
    pub fn let_poll(&mut self, client: usize) {
        self.sessions[client].polls = true;
    }

    pub fn polls(&self, client: usize) -> bool {
        self.sessions[client].polls
    }

    pub fn is_ready(&self, client: usize) -> bool {
        self.phase(client) == Phase::Ready
    }

    pub fn server(&mut self) -> SocketAddr {
        let index = self.rng.below(self.servers.len());
        self.servers[index]
    }

    fn open(&mut self, links: &mut Links, client: usize, now: u64) {
        let server = match self.sessions[client].attempts {
            0 if self.sessions[client].cursor.is_empty() => {
                self.servers[self.share.user(client) % self.servers.len()]
            }
            _ => self.server(),
        };
        let session = &mut self.sessions[client];
        session.phase = Phase::Greeting;
        session.since = now;
        self.opening += 1;
        if session.polls {
            self.poll(links, client, Some(server), now);
        } else {
            links.open_socket(client, server);
        }
    }

    /// Asks for events: at `server` where it is given, else where it asked last or anywhere. The
    /// first poll of a connection is answered at once, which stands for having caught up.
    fn poll(&mut self, links: &mut Links, client: usize, server: Option<SocketAddr>, now: u64) {
        let moves = !links.is_open(client) || self.rng.below(POLL_MOVES) == 0;
        let server = server.or_else(|| moves.then(|| self.server()));
        let token = &self.world.users[self.share.user(client)].access_token;
        let session = &mut self.sessions[client];
        if let Some(server) = server {
            session.host = server.to_string();
            links.open_http(client, server);
        }
        let wait = if session.phase == Phase::Ready { POLL_WAIT } else { 0 };
        let mut path = format!("/api/v1/events?wait={wait}");
        if !session.cursor.is_empty() {
            path.extend(["&cursor=", &session.cursor]);
        }
        links.request(client, &Request::get(path, token), &session.host);
        session.asked = true;
        session.heard = now;
    }

    /// Leaves a client whose connection the mode has ended without one.
    pub fn stay_away(&mut self, client: usize) {
        self.leave(client);
    }

    fn leave(&mut self, client: usize) {
        self.sessions[client].asked = false;
        match std::mem::take(&mut self.sessions[client].phase) {
            Phase::Away => {}
            Phase::Ready => self.ready -= 1,
            Phase::Greeting | Phase::CatchingUp => self.opening -= 1,
        }
    }

    /// Connects a client again, whose connection the mode has ended, after `delay`.
    pub fn reconnect(&mut self, client: usize, now: u64, delay: u64) {
        self.sessions[client].cut_off_at = None;
        self.connect_later(client, now, delay);
    }

    fn connect_later(&mut self, client: usize, now: u64, delay: u64) {
        self.leave(client);
        self.later.push(Reverse((now + delay, client)));
    }

    fn tick(&mut self, links: &mut Links, now: u64) -> Option<u64> {
        if now >= self.checked + SECOND {
            self.checked = now;
            self.give_up_waiting(links, now);
        }
        while let Some(&Reverse((due, client))) = self.polls.peek()
            && due <= now
        {
            self.polls.pop();
            if self.is_ready(client) && !self.sessions[client].asked {
                self.poll(links, client, None, now);
            }
        }
        while let Some(&Reverse((due, client))) = self.later.peek()
            && due <= now
        {
            self.later.pop();
            self.waiting.push_back(client);
        }
        while self.opening < self.in_flight
            && let Some(client) = self.waiting.pop_front()
        {
            self.open(links, client, now);
        }
        let due = [self.later.peek(), self.polls.peek()];
        due.into_iter().flatten().map(|&Reverse((due, _))| due).min()
    }

    fn give_up_waiting(&mut self, links: &mut Links, now: u64) {
        if self.opening == 0 && self.silence.is_none() {
            return;
        }
        for client in 0..self.sessions.len() {
            let session = &self.sessions[client];
            let limit = if session.polls { Some(POLL_PATIENCE) } else { self.silence };
            let over = match session.phase {
                Phase::Away => false,
                Phase::Greeting | Phase::CatchingUp => session.since + PATIENCE < now,
                Phase::Ready => limit.is_some_and(|limit| session.heard + limit < now),
            };
            if over {
                self.timeouts += 1;
                links.drop_link(client);
                self.dead.push(client);
                self.retry(client, now);
            }
        }
    }

    /// It has caught up.
    fn is_up(&mut self, client: usize, now: u64) {
        let session = &mut self.sessions[client];
        if matches!(session.phase, Phase::Greeting | Phase::CatchingUp) {
            session.phase = Phase::Ready;
            session.attempts = 0;
            session.heard = now;
            session.readied += 1;
            if let Some(since) = session.cut_off_at.take() {
                self.interruptions.add(now.saturating_sub(since));
            }
            self.opening -= 1;
            self.ready += 1;
            self.readied += 1;
        }
    }

    /// Exponential backoff with full jitter: 50 ms, doubled up to 3.2 s.
    fn retry(&mut self, client: usize, now: u64) {
        let session = &mut self.sessions[client];
        if session.readied > 0 {
            session.cut_off_at.get_or_insert(now);
        }
        session.attempts += 1;
        let most = (50 * MILLI) << session.attempts.min(6);
        let delay = MILLI + self.rng.below(most as usize) as u64;
        self.connect_later(client, now, delay);
    }

    fn hello(&mut self, links: &mut Links, client: usize) {
        let token = &self.world.users[self.share.user(client)].access_token;
        let cursor = &self.sessions[client].cursor;
        self.scratch.clear();
        let _ = if cursor.is_empty() {
            write!(self.scratch, r#"{{"id":1,"type":"hello","token":"{token}","cursor":null}}"#)
        } else {
            write!(
                self.scratch,
                r#"{{"id":1,"type":"hello","token":"{token}","cursor":"{cursor}"}}"#
            )
        };
        links.send_text(client, &self.scratch);
    }
}

/// A crowd and what it does: the engine's handler.
pub struct Fleet<M> {
    pub crowd: Crowd,
    pub mode: M,
}

impl<M: Mode> Fleet<M> {
    fn other(&mut self, links: &mut Links, client: usize, now: u64, frame: ServerFrame) {
        let crowd = &mut self.crowd;
        let session = &mut crowd.sessions[client];
        match &frame {
            ServerFrame::Ok { id: 1, .. } if session.phase == Phase::Greeting => {
                session.phase = Phase::CatchingUp;
            }
            ServerFrame::Error { id: 1, error } if session.phase == Phase::Greeting => {
                *crowd.refusals.entry(error.code.clone()).or_default() += 1;
                links.drop_link(client);
                crowd.retry(client, now);
                return;
            }
            ServerFrame::CaughtUp { cursor } => {
                session.cursor.clone_from(cursor);
                if session.phase == Phase::CatchingUp {
                    crowd.is_up(client, now);
                }
            }
            ServerFrame::Heartbeat { cursor } => {
                session.cursor.clone_from(cursor);
                links.send_text(client, br#"{"type":"heartbeat"}"#);
                return;
            }
            _ => {}
        }
        self.mode.frame(crowd, links, client, frame);
    }

    /// The answer to a poll.
    fn polled(&mut self, links: &mut Links, client: usize, status: u16, body: &[u8]) {
        let now = crate::clock::now();
        self.crowd.sessions[client].asked = false;
        let polled = serde_json::from_slice(body).ok().filter(|_| status == 200);
        let Some(Polled { events, cursor, resumed }) = polled else {
            let code = format!("poll {}", Refusal::of_response(status, body).code);
            *self.crowd.refusals.entry(code).or_default() += 1;
            links.drop_link(client);
            self.crowd.retry(client, now);
            return;
        };
        for event in events {
            self.text(links, client, now, event.get().as_bytes());
        }
        // What came with it was dealt with.
        self.crowd.sessions[client].cursor.clone_from(&cursor);
        if !resumed {
            let data = Answer { resumed: Some(false), ..Answer::default() };
            self.mode.frame(&mut self.crowd, links, client, ServerFrame::Ok { id: 0, data });
        }
        if !self.crowd.is_ready(client) {
            self.crowd.is_up(client, now);
            let frame = ServerFrame::CaughtUp { cursor };
            self.mode.frame(&mut self.crowd, links, client, frame);
        }
        self.crowd.polls.push(Reverse((now + POLL_PAUSE, client)));
    }
}

impl<M: Mode> Handler for Fleet<M> {
    fn tick(&mut self, links: &mut Links, now: u64) -> Next {
        let due = self.crowd.tick(links, now);
        for client in std::mem::take(&mut self.crowd.dead) {
            *self.crowd.closes.entry(Closed::Silent).or_default() += 1;
            self.mode.lost(&mut self.crowd, links, client, Closed::Silent);
        }
        match self.mode.tick(&mut self.crowd, links, now) {
            Next::At(at) => Next::At(due.map_or(at, |due| due.min(at))),
            Next::Stop => Next::Stop,
        }
    }

    fn upgraded(&mut self, links: &mut Links, owner: usize) {
        self.crowd.hello(links, owner);
    }

    #[inline]
    fn text(&mut self, links: &mut Links, owner: usize, now: u64, payload: &[u8]) {
        let told = Told { client: owner, now, payload };
        self.crowd.sessions[owner].heard = now;
        if payload.starts_with(br#"{"type":"message","#) {
            self.mode.message(&mut self.crowd, links, told);
        } else if let Some((id, message, _)) = wire::plain_sent(payload) {
            self.mode.sent(&mut self.crowd, links, told, id, message);
        } else if !self.mode.follows_people() && is_about_people(payload) {
            // With large rooms there is a lot of it.
        } else if let Some(frame) = wire::parse(payload) {
            self.other(links, owner, now, frame);
        }
    }

    fn response(&mut self, links: &mut Links, owner: usize, status: u16, body: &[u8]) {
        if owner < self.crowd.clients() {
            self.polled(links, owner, status, body);
        } else {
            self.mode.response(&mut self.crowd, links, owner, status, body);
        }
    }

    fn closed(&mut self, links: &mut Links, owner: usize, why: Closed) {
        let sessions = &self.crowd.sessions;
        if sessions.get(owner).is_some_and(|session| session.polls && !session.asked) {
            // A kept connection between two polls; the next one makes another.
            return;
        }
        *self.crowd.closes.entry(why).or_default() += 1;
        if owner < self.crowd.clients() {
            self.crowd.retry(owner, crate::clock::now());
        }
        self.mode.lost(&mut self.crowd, links, owner, why);
    }
}

fn is_about_people(payload: &[u8]) -> bool {
    let head = &payload[..payload.len().min(24)];
    [
        &br#""type":"member""#[..],
        br#""type":"presence""#,
        br#""type":"room""#,
        br#""type":"typing""#,
    ]
    .iter()
    .any(|kind| memmem::find(head, kind).is_some())
}
