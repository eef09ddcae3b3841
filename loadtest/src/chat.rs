//! Clients that chat, change what they said, suffer faults, and keep everything they were told: the
//! recording side of `history`. What is checked afterwards stands in [`crate::check`].
//!
//! A client has one command under way at a time and repeats it, on whatever connection, until it
//! was answered. A change that may have been carried out twice (its connection broke) is the last
//! one made to that message, because a late first copy may then do no harm.
//!
//! At the end everything comes to rest in two phases. In the first, half of the clients connect
//! once more and the others stay as they are: what they lack the server has to find and tell by
//! itself. In the second all connect once more: what is missing then is lost, and what was missing
//! before was late.

mod faults;
mod loading;
mod rest;
mod saying;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::check::{self, Content, Id, Marks, Room, Sent, Violation};
use crate::clock::{self, MILLI, SECOND};
use crate::commands::What;
use crate::histogram::Histogram;
use crate::links::{Closed, Links, Next};
use crate::marks::RoomMarks;
use crate::presence::{PresenceReport, Watch, user_of};
use crate::sessions::{Crowd, FIRST_ID, Mode, Phase, Told};
use crate::views::{self, News, Views, hash, hash_reactions};
use crate::wire::{self, Answer, Member, Message, Refusal, ServerFrame};

/// HTTP connections that reload rooms.
const LOADERS: usize = 4;
/// Of a hundred commands: so many edits, deletions and reactions.
const EDITS: usize = 4;
const DELETIONS: usize = 1;
const REACTIONS: usize = 5;
/// A refused command is repeated after this long where the server names no time, doubled with each
/// attempt up to 3.2 s, and jittered.
const AGAIN: u64 = 200 * MILLI;
/// A command or a request without an answer for so long is taken for lost, and so is its connection.
const UNANSWERED: u64 = 30 * SECOND;
/// A connection on which nothing came for so long is dead (the protocol's number).
const SILENCE: u64 = 60 * SECOND;
/// Members above which a room's marks are told to their owner alone.
const MARKS_TOLD: usize = 100;
/// Clients that watch others' presence at most, and how many clients there are to each.
const WATCHERS: usize = 40;
const TO_A_WATCHER: usize = 5;
/// Beyond the bound on presence: what is later than that is not waited for.
const PRESENCE_GRACE: u64 = 2 * SECOND;
/// At rest: between two looks at whether all have everything, and after a check that failed.
const LOOK_AGAIN: u64 = 250 * MILLI;
const CHECK_AGAIN: u64 = 2 * SECOND;
/// How long a half-closed connection may take to end.
const HALF_CLOSED: u64 = 3 * SECOND;
/// All is quiet when nothing came for this long.
const QUIET: u64 = SECOND;

#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Commands a second, of all clients together.
    pub per_second: f64,
    /// Faults for each client in a minute.
    pub faults_per_minute: f64,
    /// Clean moves to any node, for each client in a minute.
    pub switches_per_minute: f64,
    /// Of a hundred commands: so many marks.
    pub marks: usize,
    /// Of all clients, those that poll.
    pub poll_share: f64,
    pub until: Until,
    /// Not before this time, whatever was delivered.
    pub not_before: u64,
    /// How long each step of coming to rest may take.
    pub settle: u64,
    pub presence: Option<PresenceCheck>,
    pub text_bytes: usize,
    pub run: u32,
    pub ack_log: Option<PathBuf>,
    /// Tell each stage on standard output.
    pub events: bool,
}

/// When it is enough.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    Deliveries(u64),
    /// After so long a chat.
    Time(u64),
}

impl Default for Until {
    fn default() -> Self {
        Self::Deliveries(0)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PresenceCheck {
    /// How long presence may take to be right.
    pub bound: u64,
    /// Clients that are closed abruptly at the end.
    pub closes: usize,
}

/// What the run counted.
#[derive(Debug, Default)]
pub struct Tally {
    pub deliveries: u64,
    pub acknowledged: u64,
    /// From a message's acknowledgement to its arrival at each member; 0 where it came first.
    pub visible: Histogram,
    /// Who saw what last, and when.
    pub slowest: Option<String>,
    /// From a message's first attempt to its acknowledgement.
    pub acks: Histogram,
    /// States that came again or late: harmless.
    pub repeated: u64,
    /// A room's new message with a lower id than one that came before, live.
    pub inversions: u64,
    pub retries: u64,
    /// Retries that the server knew already.
    pub known_already: u64,
    pub reloads: u64,
    pub not_resumed: u64,
    pub commands: BTreeMap<&'static str, u64>,
    pub refused: BTreeMap<String, u64>,
    pub faults: BTreeMap<&'static str, u64>,
    /// Commands that were not answered in time.
    pub unanswered: u64,
    pub presence: Option<PresenceReport>,
    /// Why it had to end before all had settled.
    pub unsettled: Option<String>,
}

#[derive(Debug)]
struct Pending {
    what: What,
    /// The id of its newest attempt.
    id: u64,
    /// When it was first said, and when last.
    began: u64,
    said: u64,
    refusals: u32,
    /// Whether an attempt may have been carried out without our knowing.
    in_doubt: bool,
    /// When to try again; 0 while an answer is awaited.
    again: u64,
}

struct Chatter {
    pending: Option<Pending>,
    /// Own messages that may still be changed: room and index.
    own: Vec<(usize, usize)>,
    /// For each room of this client: the highest id that it was told or answered.
    newest: Vec<Id>,
    /// The highest id that it was told.
    told: Vec<Id>,
}

/// A sent message and what became of it.
struct Record {
    sent: Sent,
    /// When its author was answered; 0 until then.
    acknowledged_at: u64,
    /// A change is under way or in doubt; its author changes nothing more.
    frozen: bool,
    /// Emoji and user.
    reactions: BTreeSet<(usize, u32)>,
    /// Those that may have been said twice, which are left as they are.
    doubted: BTreeSet<(usize, u32)>,
}

struct Place {
    records: Vec<Record>,
    views: Views,
    marks: RoomMarks,
    /// The lowest acknowledged id.
    first: Option<Id>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Gathering,
    Chatting,
    /// Nothing new is said; what is under way is finished.
    Finishing,
    /// Phase one: half connect once more, the others have to get everything as they are.
    Settling,
    /// Phase two: all connect once more, with their cursors.
    Returning,
    /// Until all who watch believe that all are there.
    Watching,
    /// Some were closed abruptly; until all who watch know.
    Leaving,
}

/// What is wrong after the two phases of coming to rest.
#[derive(Debug, Default)]
pub struct Findings {
    /// After phase one, each with whether it is the view of a client that stayed connected.
    pub first: Vec<(Violation, Option<bool>)>,
    pub last: Vec<Violation>,
    /// How many clients stayed connected all through phase one.
    pub stayed: usize,
    /// How long the phases took.
    pub settled_after: [u64; 2],
}

#[derive(Clone)]
enum Part {
    Messages { before: Option<String> },
    Members { after: Option<String> },
}

struct Reload {
    client: usize,
    room: usize,
    part: Part,
    due: u64,
}

pub struct Chat {
    manner: Manner,
    stage: Stage,
    since: u64,
    started: u64,
    chatters: Vec<Chatter>,
    places: Vec<Place>,
    rooms: HashMap<Vec<u8>, usize>,
    users: HashMap<u128, u32>,
    next_id: u64,
    turns: BinaryHeap<Reverse<(u64, usize)>>,
    retries: BinaryHeap<Reverse<(u64, usize)>>,
    ends: BinaryHeap<Reverse<(u64, usize, bool)>>,
    owed_faults: f64,
    owed_switches: f64,
    last_tick: u64,
    newest_arrival: u64,
    reloads: VecDeque<Reload>,
    /// For each loader: what it loads and since when.
    loading: Vec<Option<(Reload, u64)>>,
    /// When to look for commands without an answer.
    next_look: u64,
    /// When to look whether all have everything.
    next_check: u64,
    /// In phase one, for those who are to stay: connections that they had made before.
    stays: Vec<Option<u32>>,
    watch: Option<Watch>,
    /// By client: the id of its `watch`, and who has to say it again when.
    watch_ids: HashMap<usize, u64>,
    watch_again: BinaryHeap<Reverse<(u64, usize)>>,
    /// Clients that were closed for those who watch.
    closed: usize,
    ack_log: Option<BufWriter<File>>,
    pub findings: Findings,
    pub tally: Tally,
}

impl Chat {
    pub fn new(crowd: &mut Crowd, manner: Manner) -> Result<Self> {
        crowd.silence = Some(SILENCE);
        // Spread over all rooms.
        let pollers = (crowd.clients() as f64 * manner.poll_share.clamp(0.0, 1.0)).ceil() as usize;
        for number in 0..pollers {
            crowd.let_poll(number * crowd.clients() / pollers);
        }
        let world = &crowd.world;
        let plan = world.plan;
        let watchers = (1..crowd.clients()).step_by(TO_A_WATCHER);
        let watchers = watchers.filter(|&client| !crowd.polls(client)).take(WATCHERS);
        let watch = manner.presence.map(|_| {
            Watch::new(watchers.map(|client| {
                let others: BTreeSet<usize> =
                    plan.rooms_for(client).flat_map(|room| plan.members(room)).collect();
                (client, others.into_iter().filter(|&other| other != client).collect())
            }))
        });
        let ack_log = manner.ack_log.as_ref().map(File::create).transpose();
        let ack_log = ack_log.context("the file for acknowledgements can't be written")?;
        let ids = world.users.iter().filter_map(|user| wire::uuid(user.id.as_bytes()));
        let rooms = world.rooms.iter().map(|room| room.clone().into_bytes());
        Ok(Self {
            manner,
            stage: Stage::Gathering,
            since: clock::now(),
            started: clock::now(),
            chatters: std::iter::repeat_with(|| Chatter {
                pending: None,
                own: Vec::new(),
                newest: vec![0; plan.rooms_per_user],
                told: vec![0; plan.rooms_per_user],
            })
            .take(crowd.clients())
            .collect(),
            places: std::iter::repeat_with(|| Place {
                records: Vec::new(),
                views: Views::new(plan.rooms_of),
                marks: RoomMarks::new(plan.rooms_of),
                first: None,
            })
            .take(plan.rooms())
            .collect(),
            rooms: rooms.enumerate().map(|(index, room)| (room, index)).collect(),
            users: ids.enumerate().map(|(index, id)| (id, index as u32)).collect(),
            next_id: FIRST_ID,
            turns: BinaryHeap::new(),
            retries: BinaryHeap::new(),
            ends: BinaryHeap::new(),
            owed_faults: 0.0,
            owed_switches: 0.0,
            last_tick: clock::now(),
            newest_arrival: 0,
            reloads: VecDeque::new(),
            loading: std::iter::repeat_with(|| None).take(LOADERS).collect(),
            next_look: 0,
            next_check: 0,
            stays: vec![None; crowd.clients()],
            watch,
            watch_ids: HashMap::new(),
            watch_again: BinaryHeap::new(),
            closed: 0,
            ack_log: ack_log.map(BufWriter::new),
            findings: Findings::default(),
            tally: Tally::default(),
        })
    }

    /// What was sent in a room and what everybody has of it.
    fn history(&self, crowd: &Crowd, room: usize) -> Room {
        let plan = crowd.world.plan;
        let place = &self.places[room];
        let sent: Vec<Sent> = place
            .records
            .iter()
            .map(|record| {
                let gone = record.sent.content != Some(Content::Deleted);
                // What a tombstone shows of its reactions is the server's choice.
                let reactions = record.sent.reactions.filter(|_| gone);
                Sent { reactions, ..record.sent.clone() }
            })
            .collect();
        // Messages of an earlier run, which a reload has shown.
        let first = place.first.unwrap_or(Id::MAX);
        let views = plan.members(room).map(|user| {
            let mut view = place.views.view(plan.seat(user), user as u32);
            view.messages.retain(|seen| seen.id >= first || seen.nonce & FOREIGN == 0);
            view
        });
        let told_to_all = plan.members(room).count() <= MARKS_TOLD;
        let marked = plan.members(room).map(|user| {
            let viewers = plan.members(room).filter(|&viewer| told_to_all || viewer == user);
            let viewers = viewers.map(|viewer| (plan.seat(viewer), viewer as u32));
            place.marks.marked(plan.seat(user), user as u32, viewers)
        });
        Room { sent, views: views.collect(), marked: marked.collect() }
    }

    /// All rooms as they should be: for what is asked over HTTP.
    pub fn histories(&self, crowd: &Crowd) -> Vec<Room> {
        (0..self.places.len()).map(|room| self.history(crowd, room)).collect()
    }

    fn violations(&self, crowd: &Crowd) -> Vec<Violation> {
        let rooms = 0..self.places.len();
        rooms.flat_map(|room| check::check(&self.history(crowd, room))).collect()
    }

    /// Whether all have all that anybody was told: sooner answered than by a check.
    fn all_complete(&self, crowd: &Crowd) -> bool {
        let plan = crowd.world.plan;
        self.places.iter().enumerate().all(|(room, place)| {
            plan.members(room)
                .all(|user| place.views.is_complete(plan.seat(user), |nonce| nonce & FOREIGN == 0))
        })
    }

    pub fn messages(&self) -> usize {
        self.places.iter().map(|place| place.records.len()).sum()
    }

    pub fn reactions_ahead(&self) -> u64 {
        self.places.iter().map(|place| place.views.reactions_ahead).sum()
    }

    /// Messages that came with different contents under one version, and how often.
    pub fn contradictions(&self) -> BTreeMap<String, u64> {
        self.places.iter().flat_map(|place| place.views.contradictions.clone()).collect()
    }

    fn slot(crowd: &Crowd, client: usize, room: usize) -> usize {
        crowd.world.plan.rooms_for(client).position(|one| one == room).unwrap_or_default()
    }

    fn tell(
        &mut self,
        crowd: &Crowd,
        client: usize,
        room: usize,
        id: Id,
        told: &views::Told,
    ) -> News {
        let now = clock::now();
        let place = &mut self.places[room];
        let news = place.views.tell(crowd.world.plan.seat(client), id, told);
        if let (News::First, views::Told::Content { nonce, .. }) = (news, told)
            && let Some(record) = place.records.get(*nonce as usize)
        {
            // Before the acknowledgement is at once.
            let since = if record.acknowledged_at == 0 { now } else { record.acknowledged_at };
            if now - since > self.tally.visible.max() {
                let (phase, after) = (crowd.phase(client), (now - self.started) / SECOND);
                self.tally.slowest = Some(format!(
                    "client {client}{}, {phase:?}, {}, {after} s after the start",
                    if crowd.polls(client) { " (polls)" } else { "" },
                    check::uuid_text(id)
                ));
            }
            self.tally.visible.add(now - since);
        }
        self.tally.repeated += u64::from(news == News::Old);
        self.newest_arrival = now;
        news
    }

    fn tell_member(&mut self, crowd: &Crowd, client: usize, member: &Member) {
        let Some(&room) = self.rooms.get(member.room_id.as_bytes()) else { return };
        let Some(user) = user_of(&self.users, &member.user_id) else { return };
        let id = |text: &Option<String>| {
            text.as_ref().and_then(|id| wire::uuid(id.as_bytes())).unwrap_or_default()
        };
        let version = wire::uuid(member.version.as_bytes()).unwrap_or_default();
        let marks = Marks { delivered: id(&member.delivered), read: id(&member.read) };
        let plan = crowd.world.plan;
        let place = &mut self.places[room];
        if !place.marks.tell(plan.seat(client), plan.seat(user), version, marks) {
            let what = format!("marks of {}", member.user_id);
            *place.views.contradictions.entry(what).or_default() += 1;
        }
        self.newest_arrival = clock::now();
    }

    /// A message in whatever way it was written, changed or not.
    fn any_message(&mut self, crowd: &Crowd, client: usize, room_id: &str, message: &Message) {
        let Some(&room) = self.rooms.get(room_id.as_bytes()) else { return };
        let id = wire::uuid(message.id.as_bytes()).unwrap_or_default();
        self.arrived(crowd, client, room, id);
        self.keep(crowd, client, room, message);
    }

    fn arrived(&mut self, crowd: &Crowd, client: usize, room: usize, id: Id) {
        self.tally.deliveries += 1;
        let slot = Self::slot(crowd, client, room);
        let chatter = &mut self.chatters[client];
        for highest in [&mut chatter.newest[slot], &mut chatter.told[slot]] {
            *highest = id.max(*highest);
        }
    }

    fn keep(&mut self, crowd: &Crowd, client: usize, room: usize, message: &Message) {
        let Some(id) = wire::uuid(message.id.as_bytes()) else { return };
        if message.kind != "text" {
            return;
        }
        let version = wire::uuid(message.version.as_bytes()).unwrap_or_default();
        let author = self.author(message.author_id.as_bytes());
        let nonce = self.nonce(room, message.nonce.as_bytes());
        let content = if message.deleted {
            Content::Deleted
        } else {
            Content::Text(hash(message.text.as_bytes()))
        };
        let told = views::Told::Content { author, nonce, version, content };
        self.tell(crowd, client, room, id, &told);
        // A tombstone shows no reactions, whatever their version.
        if let Some(version) = message.reactions_version.as_ref().filter(|_| !message.deleted) {
            let version = wire::uuid(version.as_bytes()).unwrap_or_default();
            let reactions = hash_reactions(&message.reactions);
            let told = views::Told::Reactions { version, reactions };
            self.tell(crowd, client, room, id, &told);
        }
    }

    fn author(&self, id: &[u8]) -> u32 {
        wire::uuid(id).and_then(|id| self.users.get(&id).copied()).unwrap_or(u32::MAX)
    }

    /// The number in a nonce of this run and room; a hash, marked as foreign, for any other.
    fn nonce(&self, room: usize, nonce: &[u8]) -> u64 {
        let number = std::str::from_utf8(nonce).ok().and_then(|text| {
            let (run, rest) = text.split_once('-')?;
            let (of_room, index) = rest.split_once('-')?;
            let same =
                u32::from_str_radix(run, 16) == Ok(self.manner.run) && of_room.parse() == Ok(room);
            index.parse::<u64>().ok().filter(|_| same)
        });
        number.unwrap_or_else(|| hash(nonce) | FOREIGN)
    }

    /// From one command of a client to its next, on average.
    fn interval(&self, crowd: &Crowd) -> u64 {
        (crowd.clients() as f64 / self.manner.per_second * 1e9) as u64 + 1
    }
}

/// Marks the nonces of other runs.
const FOREIGN: u64 = 1 << 63;

impl Mode for Chat {
    fn tick(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) -> Next {
        if !self.advance(crowd, links, now) {
            return Next::Stop;
        }
        self.give_up_waiting(crowd, links, now);
        self.end_troubles(crowd, links, now);
        self.load(crowd, links, now);
        if self.stage == Stage::Chatting {
            self.trouble(crowd, links, now);
            while let Some(&Reverse((due, client))) = self.turns.peek()
                && due <= now
            {
                self.turns.pop();
                self.act(crowd, links, client);
                let interval = self.interval(crowd);
                let next = now + interval / 2 + crowd.rng.below(interval as usize) as u64;
                self.turns.push(Reverse((next, client)));
            }
        }
        self.last_tick = now;
        while let Some(&Reverse((due, client))) = self.retries.peek()
            && due <= now
        {
            self.retries.pop();
            let pending = self.chatters[client].pending.as_ref();
            if pending.is_none_or(|pending| pending.again != due) {
                continue;
            }
            if crowd.is_ready(client) {
                self.attempt(crowd, links, client);
            } else if crowd.polls(client) {
                self.say_later(client, now);
            }
        }
        while let Some(&Reverse((due, client))) = self.watch_again.peek()
            && due <= now
        {
            self.watch_again.pop();
            if crowd.is_ready(client) {
                self.watch(crowd, links, client);
            }
        }
        Next::At(now + MILLI)
    }

    fn message(&mut self, crowd: &mut Crowd, _: &mut Links, told: Told<'_>) {
        let client = told.client;
        if let Some(message) = wire::plain_message(told.payload) {
            let Some(&room) = self.rooms.get(message.room_id) else { return };
            let id = wire::uuid(message.id).unwrap_or_default();
            let slot = Self::slot(crowd, client, room);
            // A poll may bring what was missed at any time.
            let live = crowd.phase(client) == Phase::Ready && !crowd.polls(client);
            let older = id < self.chatters[client].told[slot];
            let author = self.author(message.author_id);
            self.arrived(crowd, client, room, id);
            let content = Content::Text(hash(message.text));
            let version = wire::uuid(message.version).unwrap_or_default();
            let nonce = self.nonce(room, message.nonce);
            let told = views::Told::Content { author, nonce, version, content };
            let news = self.tell(crowd, client, room, id, &told);
            self.tally.inversions += u64::from(news == News::First && live && older);
        } else if let Some(ServerFrame::Message { room_id, message }) = wire::parse(told.payload) {
            self.any_message(crowd, client, &room_id, &message);
        }
    }

    fn sent(&mut self, crowd: &mut Crowd, _: &mut Links, told: Told<'_>, id: u64, message: &[u8]) {
        let duplicate = told.payload.ends_with(b"true}}");
        self.tally.known_already += u64::from(duplicate);
        self.answered(crowd, told.client, id, wire::uuid(message));
    }

    fn frame(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize, frame: ServerFrame) {
        match frame {
            ServerFrame::Ok { id, data } => {
                if data.resumed == Some(false) {
                    self.tally.not_resumed += 1;
                    self.reload(crowd, client, None);
                }
                if let Some(member) = &data.member {
                    self.tell_member(crowd, client, member);
                }
                if let Some(all) = &data.presence {
                    self.tell_presence(client, true, all);
                }
                let message = data.message_id.and_then(|id| wire::uuid(id.as_bytes()));
                self.answered(crowd, client, id, message);
            }
            ServerFrame::Error { id, error } if self.watch_ids.get(&client) == Some(&id) => {
                *self.tally.refused.entry(format!("watch {}", error.code)).or_default() += 1;
                self.watch_again.push(Reverse((clock::now() + SECOND, client)));
            }
            ServerFrame::Error { id, error } => self.refused(crowd, client, id, &error),
            ServerFrame::CaughtUp { .. } => {
                self.watch(crowd, links, client);
                self.attempt(crowd, links, client);
            }
            ServerFrame::Message { room_id, message } => {
                self.any_message(crowd, client, &room_id, &message);
            }
            ServerFrame::Member { member } => self.tell_member(crowd, client, &member),
            ServerFrame::Presence(one) => self.tell_presence(client, false, &[one]),
            ServerFrame::Reload { room_id } => {
                let room = room_id.and_then(|room| self.rooms.get(room.as_bytes()).copied());
                self.reload(crowd, client, room);
            }
            ServerFrame::Reaction { room_id, version, message_id, reactions } => {
                let Some(&room) = self.rooms.get(room_id.as_bytes()) else { return };
                self.tally.deliveries += 1;
                let id = wire::uuid(message_id.as_bytes()).unwrap_or_default();
                let version = wire::uuid(version.as_bytes()).unwrap_or_default();
                let reactions = hash_reactions(&reactions);
                let told = views::Told::Reactions { version, reactions };
                self.tell(crowd, client, room, id, &told);
            }
            _ => {}
        }
    }

    fn follows_people(&self) -> bool {
        true
    }

    fn lost(&mut self, crowd: &mut Crowd, _: &mut Links, owner: usize, _: Closed) {
        if let Some(client) = owner.checked_sub(crowd.clients() + LOADERS) {
            self.say_later(client, clock::now());
        } else if let Some(loader) = owner.checked_sub(crowd.clients()) {
            self.load_again(loader, clock::now());
        } else {
            self.doubt(crowd, owner);
        }
    }

    fn response(
        &mut self,
        crowd: &mut Crowd,
        links: &mut Links,
        owner: usize,
        status: u16,
        body: &[u8],
    ) {
        links.drop_link(owner);
        let Some(client) = owner.checked_sub(crowd.clients() + LOADERS) else {
            return self.loaded(crowd, owner - crowd.clients(), status, body);
        };
        let Some(id) = self.chatters[client].pending.as_ref().map(|pending| pending.id) else {
            return;
        };
        match Answer::parse(body).filter(|_| matches!(status, 200 | 201)) {
            Some(data) => {
                self.tally.known_already += u64::from(data.duplicate);
                self.frame(crowd, links, client, ServerFrame::Ok { id, data });
            }
            None => self.refused(crowd, client, id, &Refusal::of_response(status, body)),
        }
    }
}
