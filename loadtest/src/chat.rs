//! Clients that chat, change what they said, suffer faults, and keep everything they were told: the
//! recording side of `history`. What is checked afterwards stands in [`crate::check`].
//!
//! A client has one command under way at a time and repeats it, on whatever connection, until it
//! was answered. A change that may have been carried out twice (its connection broke) is the last
//! one made to that message, because a late first copy may then do no harm.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};

use serde::Deserialize;
use serde_json::json;

use crate::check::{Content, Id, Room, Sent};
use crate::clock::{self, MILLI, SECOND};
use crate::http::Request;
use crate::links::{Closed, Links, Next};
use crate::sessions::{Crowd, FIRST_ID, Mode, Phase, Told};
use crate::views::{self, Views, hash, hash_reactions};
use crate::wire::{self, Message, Reaction, ServerFrame};

/// HTTP connections that reload rooms.
const LOADERS: usize = 4;
const EMOJIS: [&str; 4] = ["👍", "❤️", "🎉", "🦀"];
/// Of a hundred commands: so many edits, deletions and reactions.
const EDITS: usize = 4;
const DELETIONS: usize = 1;
const REACTIONS: usize = 5;
/// A refused command is repeated after this long where the server names no time.
const AGAIN: u64 = 200 * MILLI;
/// How long a half-closed connection may take to end.
const HALF_CLOSED: u64 = 3 * SECOND;
/// All is quiet when nothing came for this long.
const QUIET: u64 = SECOND;

#[derive(Clone, Debug)]
pub struct Manner {
    /// Commands a second, of all clients together.
    pub per_second: f64,
    /// Faults for each client in a minute.
    pub faults_per_minute: f64,
    /// Deliveries after which it is enough.
    pub deliveries: u64,
    /// Not before this time, whatever was delivered.
    pub not_before: u64,
    /// How long all may take to settle at the end.
    pub patience: u64,
    pub text_bytes: usize,
    pub run: u32,
}

/// What the run counted.
#[derive(Debug, Default)]
pub struct Tally {
    pub deliveries: u64,
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
    /// Why it had to end before all had settled.
    pub unsettled: Option<String>,
}

#[derive(Clone, Debug)]
enum What {
    Send { room: usize, index: usize, text: String },
    Edit { room: usize, index: usize, text: String },
    Delete { room: usize, index: usize },
    React { room: usize, index: usize, emoji: usize, on: bool },
}

impl What {
    fn name(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::React { .. } => "react",
        }
    }
}

#[derive(Debug)]
struct Pending {
    what: What,
    /// The id of its newest attempt.
    id: u64,
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
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Gathering,
    Chatting,
    /// Nothing new is said; what is under way is finished.
    Finishing,
    /// All connect once more, with their cursors.
    Returning,
}

struct Reload {
    client: usize,
    room: usize,
    before: Option<String>,
    due: u64,
}

pub struct Chat {
    manner: Manner,
    stage: Stage,
    since: u64,
    chatters: Vec<Chatter>,
    places: Vec<Place>,
    rooms: HashMap<Vec<u8>, usize>,
    users: HashMap<u128, u32>,
    next_id: u64,
    turns: BinaryHeap<Reverse<(u64, usize)>>,
    retries: BinaryHeap<Reverse<(u64, usize)>>,
    ends: BinaryHeap<Reverse<(u64, usize, bool)>>,
    owed_faults: f64,
    last_tick: u64,
    newest_arrival: u64,
    reloads: VecDeque<Reload>,
    loading: Vec<Option<Reload>>,
    pub tally: Tally,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    more_before: bool,
}

impl Chat {
    pub fn new(crowd: &Crowd, manner: Manner) -> Self {
        let world = &crowd.world;
        let plan = world.plan;
        let ids = world.users.iter().filter_map(|user| wire::uuid(user.id.as_bytes()));
        let rooms = world.rooms.iter().map(|room| room.clone().into_bytes());
        Self {
            manner,
            stage: Stage::Gathering,
            since: clock::now(),
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
            last_tick: clock::now(),
            newest_arrival: 0,
            reloads: VecDeque::new(),
            loading: std::iter::repeat_with(|| None).take(LOADERS).collect(),
            tally: Tally::default(),
        }
    }

    /// What was sent in each room and what everybody ended up with, one room after another.
    pub fn histories(self, crowd: &Crowd) -> impl Iterator<Item = Room> {
        let plan = crowd.world.plan;
        self.places.into_iter().enumerate().map(move |(room, place)| {
            let sent: Vec<Sent> = place
                .records
                .into_iter()
                .map(|record| {
                    let gone = record.sent.content != Some(Content::Deleted);
                    // What a tombstone shows of its reactions is the server's choice.
                    let reactions = record.sent.reactions.filter(|_| gone);
                    Sent { reactions, ..record.sent }
                })
                .collect();
            // Messages of an earlier run, which a reload has shown.
            let first = sent.iter().filter_map(|sent| sent.acknowledged).min().unwrap_or(Id::MAX);
            let views = plan.members(room).map(|user| {
                let mut view = place.views.view(plan.seat(user), user as u32);
                view.messages.retain(|seen| seen.id >= first || seen.nonce & FOREIGN == 0);
                view
            });
            Room { sent, views: views.collect() }
        })
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

    // Commands

    fn act(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize) {
        if self.chatters[client].pending.is_some() || !crowd.is_ready(client) {
            return;
        }
        let what = match crowd.rng.below(100) {
            roll if roll < EDITS + DELETIONS => self.change(crowd, client, roll < EDITS),
            roll if roll < EDITS + DELETIONS + REACTIONS => self.reaction(crowd, client),
            _ => None,
        };
        let what = what.unwrap_or_else(|| self.message(crowd, client));
        *self.tally.commands.entry(what.name()).or_default() += 1;
        let pending = Pending { what, id: 0, in_doubt: false, again: 0 };
        self.chatters[client].pending = Some(pending);
        self.attempt(crowd, links, client);
    }

    fn message(&mut self, crowd: &mut Crowd, client: usize) -> What {
        let plan = crowd.world.plan;
        let slot = crowd.rng.below(plan.rooms_per_user);
        let room = plan.rooms_for(client).nth(slot).unwrap_or_default();
        let index = self.places[room].records.len();
        let text = self.text(crowd, &format!("{client} says {index}"));
        let hashed = hash(text.as_bytes());
        let sent = Sent {
            author: client as u32,
            nonce: index as u64,
            text: hashed,
            acknowledged: None,
            after: self.chatters[client].newest[slot],
            content: Some(Content::Text(hashed)),
            reactions: Some(0),
        };
        let record =
            Record { sent, frozen: false, reactions: BTreeSet::new(), doubted: BTreeSet::new() };
        self.places[room].records.push(record);
        What::Send { room, index, text }
    }

    /// Every tenth text has what JSON escapes and what is not ASCII.
    fn text(&self, crowd: &mut Crowd, text: &str) -> String {
        let mut text = text.to_owned();
        if crowd.rng.below(10) == 0 {
            text.push_str(" \"quoted\" \\ ünï 🦀 {\"type\":\"message\"}");
        }
        while text.len() < self.manner.text_bytes {
            text.push('.');
        }
        text
    }

    fn change(&mut self, crowd: &mut Crowd, client: usize, edit: bool) -> Option<What> {
        let own = &mut self.chatters[client].own;
        if own.is_empty() {
            return None;
        }
        let place = crowd.rng.below(own.len());
        let (room, index) = own[place];
        if self.places[room].records[index].frozen {
            own.swap_remove(place);
            return None;
        }
        self.places[room].records[index].frozen = true;
        if edit {
            let text = self.text(crowd, &format!("{client} changes {index}, {}", self.next_id));
            Some(What::Edit { room, index, text })
        } else {
            Some(What::Delete { room, index })
        }
    }

    fn reaction(&mut self, crowd: &mut Crowd, client: usize) -> Option<What> {
        let plan = crowd.world.plan;
        let slot = crowd.rng.below(plan.rooms_per_user);
        let room = plan.rooms_for(client).nth(slot)?;
        let at = crowd.rng.below(1 << 20) as f64 / f64::from(1 << 20);
        let (_, nonce, _) = self.places[room].views.pick(plan.seat(client), at)?;
        let index = usize::try_from(nonce).ok()?;
        let record = self.places[room].records.get_mut(index)?;
        let emoji = crowd.rng.below(EMOJIS.len());
        let mine = (emoji, client as u32);
        // The id is taken from its author's answer, which may still be under way.
        if record.doubted.contains(&mine) || record.sent.acknowledged.is_none() {
            return None;
        }
        let on = !record.reactions.contains(&mine);
        Some(What::React { room, index, emoji, on })
    }

    /// Says the pending command, for the first time or again.
    fn attempt(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize) {
        let Some(pending) = self.chatters[client].pending.as_mut() else { return };
        self.tally.retries += u64::from(pending.id != 0);
        pending.id = self.next_id;
        pending.again = 0;
        self.next_id += 1;
        let id = pending.id;
        let world = &crowd.world;
        let message = |room: usize, index: usize| {
            let id = self.places[room].records[index].sent.acknowledged.unwrap_or_default();
            crate::check::uuid_text(id)
        };
        let frame = match &pending.what {
            What::Send { room, index, text } => json!({
                "id": id, "type": "send", "room_id": world.rooms[*room],
                "nonce": format!("{:08x}-{room}-{index}", self.manner.run),
                "text": text, "retry": pending.in_doubt,
            }),
            What::Edit { room, index, text } => json!({
                "id": id, "type": "edit", "room_id": world.rooms[*room],
                "message_id": message(*room, *index), "text": text,
            }),
            What::Delete { room, index } => json!({
                "id": id, "type": "delete", "room_id": world.rooms[*room],
                "message_id": message(*room, *index),
            }),
            What::React { room, index, emoji, on } => json!({
                "id": id, "type": "react", "room_id": world.rooms[*room],
                "message_id": message(*room, *index), "emoji": EMOJIS[*emoji], "on": on,
            }),
        };
        links.send_text(client, frame.to_string().as_bytes());
    }

    fn answered(&mut self, crowd: &Crowd, client: usize, id: u64, message: Option<Id>) {
        let chatter = &mut self.chatters[client];
        let Some(pending) = chatter.pending.take_if(|pending| pending.id == id) else { return };
        match pending.what {
            What::Send { room, index, .. } => {
                let id = message.unwrap_or_default();
                let slot = Self::slot(crowd, client, room);
                let newest = &mut chatter.newest[slot];
                *newest = id.max(*newest);
                chatter.own.push((room, index));
                self.places[room].records[index].sent.acknowledged = Some(id);
            }
            What::Edit { room, index, text } => {
                let record = &mut self.places[room].records[index];
                record.sent.content = Some(Content::Text(hash(text.as_bytes())));
                record.frozen = pending.in_doubt;
            }
            What::Delete { room, index } => {
                self.places[room].records[index].sent.content = Some(Content::Deleted);
            }
            What::React { room, index, emoji, on } => {
                let names = &crowd.world.users;
                let record = &mut self.places[room].records[index];
                let mine = (emoji, client as u32);
                if pending.in_doubt {
                    record.doubted.insert(mine);
                }
                if on {
                    record.reactions.insert(mine);
                } else {
                    record.reactions.remove(&mine);
                }
                let shown = EMOJIS.iter().enumerate().map(|(number, emoji)| {
                    let of_it = record.reactions.iter().filter(|(emoji, _)| *emoji == number);
                    let users: Vec<_> =
                        of_it.map(|(_, user)| names[*user as usize].id.clone()).collect();
                    Reaction { emoji: (*emoji).to_owned(), count: users.len() as u32, users }
                });
                let shown: Vec<_> = shown.collect();
                if record.sent.reactions.is_some() {
                    record.sent.reactions = Some(hash_reactions(&shown));
                }
            }
        }
    }

    /// Tries again where that may help, and else gives the command up.
    fn refused(&mut self, client: usize, id: u64, error: &wire::Refusal) {
        let chatter = &mut self.chatters[client];
        let Some(pending) = chatter.pending.as_mut().filter(|pending| pending.id == id) else {
            return;
        };
        *self
            .tally
            .refused
            .entry(format!("{} {}", pending.what.name(), error.code))
            .or_default() += 1;
        if matches!(error.advice.as_str(), "retry" | "resume" | "log_in") {
            // "Try again" does not say that nothing was stored.
            pending.in_doubt = true;
            let after = error.retry_after_ms.map_or(AGAIN, |ms| ms * MILLI);
            pending.again = clock::now() + after;
            self.retries.push(Reverse((pending.again, client)));
            return;
        }
        let what = pending.what.clone();
        chatter.pending = None;
        match what {
            // It stays in the records, never acknowledged, and the check will say so.
            What::Send { .. } => {}
            What::Edit { room, index, .. } | What::Delete { room, index } => {
                self.places[room].records[index].sent.content = None;
            }
            What::React { room, index, .. } => {
                self.places[room].records[index].sent.reactions = None;
            }
        }
    }

    // What comes

    /// Whether it was news.
    fn tell(
        &mut self,
        crowd: &Crowd,
        client: usize,
        room: usize,
        id: Id,
        told: &views::Told,
    ) -> bool {
        let seat = crowd.world.plan.seat(client);
        let news = self.places[room].views.tell(seat, id, told);
        self.tally.repeated += u64::from(!news);
        self.newest_arrival = clock::now();
        news
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

    fn reload(&mut self, crowd: &Crowd, client: usize, room: Option<usize>) {
        for one in crowd.world.plan.rooms_for(client) {
            if room.is_none_or(|room| room == one) {
                self.tally.reloads += 1;
                self.reloads.push_back(Reload { client, room: one, before: None, due: 0 });
            }
        }
    }

    fn load(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        for loader in 0..LOADERS {
            if self.loading[loader].is_none()
                && self.reloads.front().is_some_and(|reload| reload.due <= now)
                && let Some(reload) = self.reloads.pop_front()
            {
                let owner = crowd.clients() + loader;
                let before = reload.before.as_ref().map(|id| format!("&before={id}"));
                let path = format!(
                    "/api/v1/rooms/{}/messages?limit=200{}",
                    crowd.world.rooms[reload.room],
                    before.unwrap_or_default()
                );
                let server = crowd.server();
                let request = Request::get(path, &crowd.world.users[reload.client].access_token);
                links.open_http(owner, server);
                links.request(owner, &request, &server.to_string());
                self.loading[loader] = Some(reload);
            }
        }
    }

    // Faults

    fn trouble(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        let elapsed = (now - self.last_tick) as f64 / 1e9;
        let per_second = self.manner.faults_per_minute * crowd.clients() as f64 / 60.0;
        self.owed_faults += elapsed * per_second;
        while self.owed_faults >= 1.0 {
            self.owed_faults -= 1.0;
            let client = crowd.rng.below(crowd.clients());
            // Those that are still catching up are hit as well.
            if crowd.phase(client) == Phase::Away {
                continue;
            }
            let away = crowd.rng.below(2_000) as u64 * MILLI;
            let fault = match crowd.rng.below(4) {
                0 => {
                    links.drop_link(client);
                    self.cut_off(crowd, client, now, away);
                    "dropped"
                }
                1 => {
                    links.reset(client);
                    self.cut_off(crowd, client, now, away);
                    "reset"
                }
                2 => {
                    links.half_close(client);
                    self.ends.push(Reverse((now + HALF_CLOSED, client, true)));
                    "half-closed"
                }
                _ => {
                    links.pause(client);
                    self.ends.push(Reverse((now + 2 * away, client, false)));
                    "stopped reading"
                }
            };
            *self.tally.faults.entry(fault).or_default() += 1;
        }
    }

    fn cut_off(&mut self, crowd: &mut Crowd, client: usize, now: u64, away: u64) {
        self.doubt(client);
        crowd.reconnect(client, now, away);
    }

    /// The connection is gone: what was under way may have been carried out.
    fn doubt(&mut self, client: usize) {
        if let Some(pending) = &mut self.chatters[client].pending {
            pending.in_doubt = true;
            pending.again = 0;
        }
    }

    /// Ends what faults have begun, where its time has come (or at once).
    fn end_troubles(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        while let Some(&Reverse((due, client, half_closed))) = self.ends.peek()
            && (due <= now || self.stage != Stage::Chatting)
        {
            self.ends.pop();
            if !half_closed {
                links.resume(client);
            } else if links.is_half_closed(client) {
                *self.tally.faults.entry("half-closed and not ended").or_default() += 1;
                links.drop_link(client);
                self.cut_off(crowd, client, now, 0);
            }
        }
    }

    // Stages

    fn advance(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) -> bool {
        let all_ready = crowd.ready == crowd.clients();
        let settled = all_ready
            && self.chatters.iter().all(|chatter| chatter.pending.is_none())
            && self.reloads.is_empty()
            && self.loading.iter().all(Option::is_none);
        match self.stage {
            Stage::Gathering if all_ready => {
                self.enter(Stage::Chatting, now);
                for client in 0..crowd.clients() {
                    let due = now + crowd.rng.below(self.interval(crowd) as usize) as u64;
                    self.turns.push(Reverse((due, client)));
                }
            }
            Stage::Chatting
                if self.tally.deliveries >= self.manner.deliveries
                    && now >= self.manner.not_before =>
            {
                self.enter(Stage::Finishing, now);
            }
            Stage::Finishing if settled => {
                self.enter(Stage::Returning, now);
                for client in 0..crowd.clients() {
                    links.drop_link(client);
                    crowd.reconnect(client, now, 0);
                }
            }
            Stage::Returning if settled && now > self.newest_arrival.max(self.since) + QUIET => {
                return false;
            }
            Stage::Chatting => {}
            stage => {
                if now > self.since + self.manner.patience {
                    let unanswered =
                        self.chatters.iter().filter(|chatter| chatter.pending.is_some()).count();
                    self.tally.unsettled = Some(format!(
                        "{stage:?}: {} of {} clients are ready, {unanswered} commands unanswered, \
                         {} rooms to load",
                        crowd.ready,
                        crowd.clients(),
                        self.reloads.len(),
                    ));
                    return false;
                }
            }
        }
        true
    }

    fn enter(&mut self, stage: Stage, now: u64) {
        eprintln!("{stage:?} ({} deliveries)", self.tally.deliveries);
        self.stage = stage;
        self.since = now;
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
            if pending.is_some_and(|pending| pending.again == due) && crowd.is_ready(client) {
                self.attempt(crowd, links, client);
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
            let live = crowd.phase(client) == Phase::Ready;
            let older = id < self.chatters[client].told[slot];
            let author = self.author(message.author_id);
            self.arrived(crowd, client, room, id);
            let content = Content::Text(hash(message.text));
            let version = wire::uuid(message.version).unwrap_or_default();
            let nonce = self.nonce(room, message.nonce);
            let told = views::Told::Content { author, nonce, version, content };
            let news = self.tell(crowd, client, room, id, &told);
            self.tally.inversions += u64::from(news && live && older);
        } else if let Some(ServerFrame::Message { room_id, message }) = wire::parse(told.payload)
            && let Some(&room) = self.rooms.get(room_id.as_bytes())
        {
            let id = wire::uuid(message.id.as_bytes()).unwrap_or_default();
            self.arrived(crowd, client, room, id);
            self.keep(crowd, client, room, &message);
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
                let message = data.message_id.and_then(|id| wire::uuid(id.as_bytes()));
                self.answered(crowd, client, id, message);
            }
            ServerFrame::Error { id, error } => self.refused(client, id, &error),
            ServerFrame::CaughtUp { .. } => self.attempt(crowd, links, client),
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

    fn lost(&mut self, crowd: &mut Crowd, _: &mut Links, client: usize, _: Closed) {
        if client < crowd.clients() {
            self.doubt(client);
        } else if let Some(reload) = self.loading[client - crowd.clients()].take() {
            self.reloads.push_back(Reload { due: clock::now() + AGAIN, ..reload });
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
        let Some(reload) = self.loading[owner - crowd.clients()].take() else { return };
        links.drop_link(owner);
        let page: Page = match serde_json::from_slice(body) {
            Ok(page) if status == 200 => page,
            _ => {
                let refused = format!("reload {status}");
                *self.tally.refused.entry(refused).or_default() += 1;
                self.reloads.push_back(Reload { due: clock::now() + AGAIN, ..reload });
                return;
            }
        };
        let own =
            |message: &Message| self.nonce(reload.room, message.nonce.as_bytes()) & FOREIGN == 0;
        let reaches_back = !page.messages.iter().any(own);
        let oldest = page.messages.first().map(|message| message.id.clone());
        for message in &page.messages {
            self.keep(crowd, reload.client, reload.room, message);
        }
        if page.more_before && !reaches_back && oldest.is_some() {
            self.reloads.push_back(Reload { before: oldest, due: 0, ..reload });
        }
    }
}
