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

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;

use crate::check::{self, Content, Id, Marks, Room, Sent, Violation};
use crate::clock::{self, MILLI, SECOND};
use crate::commands::{EMOJIS, What, Words};
use crate::histogram::Histogram;
use crate::http::Request;
use crate::links::{Closed, Links, Next};
use crate::marks::RoomMarks;
use crate::presence::{PresenceReport, Watch, user_of};
use crate::sessions::{Crowd, FIRST_ID, Mode, Phase, Told};
use crate::views::{self, News, Views, hash, hash_reactions};
use crate::wire::{self, Answer, Member, Message, Presence, Reaction, Refusal, ServerFrame};

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
const PRESENCE_GRACE: u64 = 5 * SECOND;
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

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    more_before: bool,
}

#[derive(Deserialize)]
struct Members {
    members: Vec<Entry>,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    member: Member,
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

    // Commands

    fn act(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize) {
        if self.chatters[client].pending.is_some() || !crowd.is_ready(client) {
            return;
        }
        let mut what = None;
        if crowd.rng.below(100) < self.manner.marks {
            what = self.mark(crowd, client);
        }
        what = what.or_else(|| match crowd.rng.below(100) {
            roll if roll < EDITS + DELETIONS => self.change(crowd, client, roll < EDITS),
            roll if roll < EDITS + DELETIONS + REACTIONS => self.reaction(crowd, client),
            _ => None,
        });
        let what = what.unwrap_or_else(|| self.message(crowd, client));
        *self.tally.commands.entry(what.name()).or_default() += 1;
        let (began, said) = (clock::now(), 0);
        let pending = Pending { what, id: 0, began, said, refusals: 0, in_doubt: false, again: 0 };
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
        let record = Record {
            sent,
            acknowledged_at: 0,
            frozen: false,
            reactions: BTreeSet::new(),
            doubted: BTreeSet::new(),
        };
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

    /// Marks the newest message that this client was told of, or any: a lower mark than before has
    /// to leave the higher one.
    fn mark(&mut self, crowd: &mut Crowd, client: usize) -> Option<What> {
        let plan = crowd.world.plan;
        let slot = crowd.rng.below(plan.rooms_per_user);
        let room = plan.rooms_for(client).nth(slot)?;
        let first = self.places[room].first?;
        let id = if crowd.rng.below(2) == 0 {
            self.chatters[client].told[slot]
        } else {
            let at = crowd.rng.below(1 << 20) as f64 / f64::from(1 << 20);
            self.places[room].views.pick(plan.seat(client), at)?.2
        };
        // Those of earlier runs say nothing about this one.
        (id >= first).then(|| What::Mark { room, id, read: crowd.rng.below(2) == 0 })
    }

    /// The connection for the commands of a client that polls.
    fn command_owner(crowd: &Crowd, client: usize) -> usize {
        crowd.clients() + LOADERS + client
    }

    fn nonce_text(&self, room: usize, index: usize) -> String {
        format!("{:08x}-{room}-{index}", self.manner.run)
    }

    /// Says the pending command, for the first time or again.
    fn attempt(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize) {
        let polls = crowd.polls(client);
        let owner = Self::command_owner(crowd, client);
        if polls && links.is_open(owner) {
            return;
        }
        let Some(pending) = self.chatters[client].pending.as_mut() else { return };
        self.tally.retries += u64::from(pending.id != 0);
        pending.id = self.next_id;
        pending.again = 0;
        pending.said = clock::now();
        self.next_id += 1;
        let (id, retry, what) = (pending.id, pending.in_doubt, pending.what.clone());
        let (room, message, nonce) = match &what {
            What::Send { room, index, .. } => {
                (*room, String::new(), self.nonce_text(*room, *index))
            }
            What::Edit { room, index, .. }
            | What::Delete { room, index }
            | What::React { room, index, .. } => {
                let id = self.places[*room].records[*index].sent.acknowledged;
                (*room, check::uuid_text(id.unwrap_or_default()), String::new())
            }
            What::Mark { room, id, .. } => (*room, check::uuid_text(*id), String::new()),
        };
        let server = crowd.server();
        let words = Words { room: &crowd.world.rooms[room], message, nonce, retry };
        if polls {
            let request = what.request(&crowd.world.users[client].access_token, &words);
            links.open_http(owner, server);
            links.request(owner, &request, &server.to_string());
        } else {
            links.send_text(client, what.frame(id, &words).as_bytes());
        }
    }

    fn answered(&mut self, crowd: &Crowd, client: usize, id: u64, message: Option<Id>) {
        let chatter = &mut self.chatters[client];
        let Some(pending) = chatter.pending.take_if(|pending| pending.id == id) else { return };
        let now = clock::now();
        match pending.what {
            What::Send { room, index, .. } => {
                let id = message.unwrap_or_default();
                let slot = Self::slot(crowd, client, room);
                let newest = &mut chatter.newest[slot];
                *newest = id.max(*newest);
                chatter.own.push((room, index));
                let place = &mut self.places[room];
                place.first = Some(place.first.map_or(id, |first| first.min(id)));
                place.records[index].sent.acknowledged = Some(id);
                place.records[index].acknowledged_at = now;
                self.tally.acknowledged += 1;
                self.tally.acks.add(now - pending.began);
                let nonce = self.nonce_text(room, index);
                if let Some(log) = &mut self.ack_log {
                    let (room, author) = (&crowd.world.rooms[room], &crowd.world.users[client].id);
                    let _ = writeln!(log, "{room} {author} {nonce} {}", check::uuid_text(id));
                }
            }
            What::Mark { room, id, read } => {
                let seat = crowd.world.plan.seat(client);
                self.places[room].marks.acknowledge(seat, id, read);
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
    fn refused(&mut self, crowd: &mut Crowd, client: usize, id: u64, error: &Refusal) {
        let chatter = &mut self.chatters[client];
        let Some(pending) = chatter.pending.as_mut().filter(|pending| pending.id == id) else {
            return;
        };
        *self
            .tally
            .refused
            .entry(format!("{} {}", pending.what.name(), error.code))
            .or_default() += 1;
        let deletes = matches!(pending.what, What::Delete { .. });
        if deletes && pending.in_doubt && error.code == "not_found" {
            // An earlier attempt came through.
            return self.answered(crowd, client, id, None);
        }
        if error.is_worth_another_try() {
            // "Try again" does not say that nothing was stored.
            pending.in_doubt = true;
            let most = AGAIN << pending.refusals.min(4);
            pending.refusals += 1;
            let after = error.retry_after_ms.map_or(most / 2, |ms| ms * MILLI);
            pending.again = clock::now() + after + crowd.rng.below(most as usize / 2) as u64;
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
            What::Mark { room, .. } => {
                let seat = crowd.world.plan.seat(client);
                self.places[room].marks.refuse(seat);
            }
        }
    }

    // What comes

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

    fn reload(&mut self, crowd: &Crowd, client: usize, room: Option<usize>) {
        for one in crowd.world.plan.rooms_for(client) {
            if room.is_none_or(|room| room == one) {
                self.tally.reloads += 1;
                for part in [Part::Messages { before: None }, Part::Members { after: None }] {
                    self.reloads.push_back(Reload { client, room: one, part, due: 0 });
                }
            }
        }
    }

    fn load(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        for loader in 0..LOADERS {
            let owner = crowd.clients() + loader;
            if let Some((_, since)) = self.loading[loader]
                && since + UNANSWERED < now
            {
                links.drop_link(owner);
                self.load_again(loader, now);
            }
            if self.loading[loader].is_none()
                && self.reloads.front().is_some_and(|reload| reload.due <= now)
                && let Some(reload) = self.reloads.pop_front()
            {
                let room = &crowd.world.rooms[reload.room];
                let path = match &reload.part {
                    Part::Messages { before: None } => "messages?limit=200".to_owned(),
                    Part::Messages { before: Some(id) } => {
                        format!("messages?limit=200&before={id}")
                    }
                    Part::Members { after: None } => "members".to_owned(),
                    Part::Members { after: Some(id) } => format!("members?after={id}"),
                };
                let path = format!("/api/v1/rooms/{room}/{path}");
                let server = crowd.server();
                let request = Request::get(path, &crowd.world.users[reload.client].access_token);
                links.open_http(owner, server);
                links.request(owner, &request, &server.to_string());
                self.loading[loader] = Some((reload, now));
            }
        }
    }

    fn load_again(&mut self, loader: usize, now: u64) {
        if let Some((reload, _)) = self.loading[loader].take() {
            self.reloads.push_back(Reload { due: now + AGAIN, ..reload });
        }
    }

    fn loaded(&mut self, crowd: &Crowd, loader: usize, status: u16, body: &[u8]) {
        let now = clock::now();
        let rest = match &self.loading[loader] {
            Some((reload, _)) if status == 200 => {
                let (client, room) = (reload.client, reload.room);
                match reload.part {
                    Part::Messages { .. } => self.loaded_messages(crowd, client, room, body),
                    Part::Members { .. } => self.loaded_members(crowd, client, body),
                }
            }
            _ => None,
        };
        match rest {
            Some(Some(part)) => {
                if let Some((reload, _)) = self.loading[loader].take() {
                    self.reloads.push_back(Reload { part, due: 0, ..reload });
                }
            }
            Some(None) => self.loading[loader] = None,
            None => {
                let code = Refusal::of_response(status, body).code;
                *self.tally.refused.entry(format!("reload {code}")).or_default() += 1;
                self.load_again(loader, now);
            }
        }
    }

    /// What is to be loaded next; `None` where this was no page.
    fn loaded_messages(
        &mut self,
        crowd: &Crowd,
        client: usize,
        room: usize,
        body: &[u8],
    ) -> Option<Option<Part>> {
        let page: Page = serde_json::from_slice(body).ok()?;
        let own = |message: &Message| self.nonce(room, message.nonce.as_bytes()) & FOREIGN == 0;
        let reaches_back = !page.messages.iter().any(own);
        let oldest = page.messages.first().map(|message| message.id.clone());
        for message in &page.messages {
            self.keep(crowd, client, room, message);
        }
        let more = page.more_before && !reaches_back && oldest.is_some();
        Some(more.then_some(Part::Messages { before: oldest }))
    }

    fn loaded_members(
        &mut self,
        crowd: &Crowd,
        client: usize,
        body: &[u8],
    ) -> Option<Option<Part>> {
        let page: Members = serde_json::from_slice(body).ok()?;
        for entry in &page.members {
            self.tell_member(crowd, client, &entry.member);
        }
        Some(page.next.map(|next| Part::Members { after: Some(next) }))
    }

    // Faults

    fn trouble(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        let elapsed = (now - self.last_tick) as f64 / 1e9;
        let minutes = elapsed * crowd.clients() as f64 / 60.0;
        self.owed_switches += self.manner.switches_per_minute * minutes;
        while self.owed_switches >= 1.0 {
            self.owed_switches -= 1.0;
            let client = crowd.rng.below(crowd.clients());
            if crowd.is_ready(client) && !crowd.polls(client) {
                links.close(client);
                self.cut_off(crowd, client, now, 0);
                *self.tally.faults.entry("moved to any node").or_default() += 1;
            }
        }
        self.owed_faults += self.manner.faults_per_minute * minutes;
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
                2 if !crowd.polls(client) => {
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
        self.doubt(crowd, client);
        crowd.reconnect(client, now, away);
    }

    /// The connection is gone: what was under way may have been carried out.
    fn doubt(&mut self, crowd: &Crowd, client: usize) {
        if crowd.polls(client) {
            // Its commands have a connection of their own.
            return;
        }
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

    /// Takes commands that were not answered for lost.
    fn give_up_waiting(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + SECOND;
        if let Some(log) = &mut self.ack_log {
            let _ = log.flush();
        }
        for client in 0..self.chatters.len() {
            let pending = self.chatters[client].pending.as_ref();
            let over = pending
                .is_some_and(|pending| pending.again == 0 && pending.said + UNANSWERED < now);
            if !over || !crowd.is_ready(client) {
                continue;
            }
            self.tally.unanswered += 1;
            if crowd.polls(client) {
                links.drop_link(Self::command_owner(crowd, client));
                self.say_later(client, now);
            } else {
                links.drop_link(client);
                self.cut_off(crowd, client, now, 0);
            }
        }
    }

    /// For a client that polls: its command's connection ended.
    fn say_later(&mut self, client: usize, now: u64) {
        if let Some(pending) = &mut self.chatters[client].pending {
            pending.in_doubt = true;
            pending.again = now + AGAIN;
            self.retries.push(Reverse((pending.again, client)));
        }
    }

    fn watch(&mut self, crowd: &Crowd, links: &mut Links, client: usize) {
        let Some(watched) = self.watch.as_ref().and_then(|watch| watch.watched_by(client)) else {
            return;
        };
        let ids: Vec<&str> = watched.map(|user| crowd.world.users[user].id.as_str()).collect();
        let frame = json!({ "id": self.next_id, "type": "watch", "user_ids": ids });
        self.watch_ids.insert(client, self.next_id);
        self.next_id += 1;
        links.send_text(client, frame.to_string().as_bytes());
    }

    fn tell_presence(&mut self, client: usize, answer: bool, all: &[Presence]) {
        let known: Vec<(usize, bool)> = all
            .iter()
            .filter_map(|one| Some((user_of(&self.users, &one.user_id)?, one.status != "offline")))
            .collect();
        let now = clock::now();
        if let Some(watch) = &mut self.watch {
            if answer {
                watch.answered(client, &known, now);
            } else {
                known.iter().for_each(|&(user, online)| watch.told(client, user, online, now));
            }
        }
    }

    // Stages

    fn advance(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) -> bool {
        let all_ready = crowd.ready + self.closed == crowd.clients();
        let settled = all_ready
            && self.chatters.iter().all(|chatter| chatter.pending.is_none())
            && self.reloads.is_empty()
            && self.loading.iter().all(Option::is_none);
        let out_of_time = now > self.since + self.manner.settle;
        match self.stage {
            Stage::Gathering if all_ready => {
                self.enter(Stage::Chatting, now);
                for client in 0..crowd.clients() {
                    let due = now + crowd.rng.below(self.interval(crowd) as usize) as u64;
                    self.turns.push(Reverse((due, client)));
                }
            }
            Stage::Gathering if now > self.since + self.manner.settle.max(SILENCE) => {
                self.unsettled(crowd);
                return false;
            }
            Stage::Chatting if self.is_enough(now) => self.enter(Stage::Finishing, now),
            Stage::Finishing if settled || out_of_time => {
                if !settled {
                    self.unsettled(crowd);
                }
                self.enter(Stage::Settling, now);
                for client in 0..crowd.clients() {
                    let stays = client % 2 == 1 && !crowd.polls(client) && crowd.is_ready(client);
                    self.stays[client] = stays.then(|| crowd.readied_of(client));
                    if !stays {
                        links.drop_link(client);
                        crowd.reconnect(client, now, 0);
                    }
                }
            }
            Stage::Settling | Stage::Returning => {
                let quiet = now > self.newest_arrival.max(self.since) + QUIET;
                if out_of_time || (settled && quiet && now >= self.next_check) {
                    return self.look(crowd, links, now, settled, out_of_time);
                }
            }
            Stage::Watching => self.rest(crowd, links, now),
            Stage::Leaving => return self.watch_leaving(now),
            Stage::Gathering | Stage::Chatting | Stage::Finishing => {}
        }
        true
    }

    fn is_enough(&self, now: u64) -> bool {
        let enough = match self.manner.until {
            Until::Deliveries(deliveries) => self.tally.deliveries >= deliveries,
            Until::Time(time) => now >= self.since + time,
        };
        enough && now >= self.manner.not_before
    }

    /// Whether all have everything, and what follows then, or when there is no more time.
    fn look(
        &mut self,
        crowd: &mut Crowd,
        links: &mut Links,
        now: u64,
        settled: bool,
        out_of_time: bool,
    ) -> bool {
        self.next_check = now + LOOK_AGAIN;
        if !out_of_time && !self.all_complete(crowd) {
            return true;
        }
        let wrong = self.violations(crowd);
        if !out_of_time && !wrong.is_empty() {
            self.next_check = now + CHECK_AGAIN;
            return true;
        }
        if !settled {
            self.unsettled(crowd);
        }
        let took = now - self.since;
        if self.stage == Stage::Settling {
            let stayed: Vec<bool> = (0..crowd.clients())
                .map(|client| self.stays[client] == Some(crowd.readied_of(client)))
                .collect();
            let whose = |one: &Violation| one.client().map(|client| stayed[client as usize]);
            self.findings.first = wrong.into_iter().map(|one| (one.clone(), whose(&one))).collect();
            self.findings.stayed = stayed.iter().filter(|stayed| **stayed).count();
            self.findings.settled_after[0] = took;
            self.enter(Stage::Returning, now);
            for client in 0..crowd.clients() {
                links.drop_link(client);
                crowd.reconnect(client, now, 0);
            }
            return true;
        }
        self.findings.last = wrong;
        self.findings.settled_after[1] = took;
        if self.watch.is_some() {
            self.enter(Stage::Watching, now);
        }
        self.watch.is_some()
    }

    /// Presence is right, or will not become so: from now on it has to stay so, but for some who go.
    fn rest(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        let (Some(watch), Some(check)) = (&mut self.watch, self.manner.presence) else { return };
        let right = watch.wrong() == 0;
        if !right && now < self.since + check.bound {
            return;
        }
        watch.rest(right.then_some(now - self.since));
        let mut candidates: Vec<usize> = watch.only_watched().into_iter().collect();
        candidates.retain(|&client| crowd.is_ready(client) && !crowd.polls(client));
        for _ in 0..check.closes.min(candidates.len()) {
            let client = candidates.swap_remove(crowd.rng.below(candidates.len()));
            links.reset(client);
            crowd.stay_away(client);
            watch.close(client, now);
            self.closed += 1;
        }
        self.enter(Stage::Leaving, now);
    }

    fn watch_leaving(&mut self, now: u64) -> bool {
        let (Some(watch), Some(check)) = (&mut self.watch, self.manner.presence) else {
            return false;
        };
        let over = watch.wrong() == 0 || now > self.since + check.bound + PRESENCE_GRACE;
        if over {
            watch.finish(check.bound);
            self.tally.presence = Some(watch.report.clone());
        }
        !over
    }

    /// Notes that there was no rest in time, and what was still under way.
    fn unsettled(&mut self, crowd: &Crowd) {
        let unanswered = self.chatters.iter().filter(|chatter| chatter.pending.is_some()).count();
        let note = format!(
            "{:?}: {} of {} clients are ready, {unanswered} commands unanswered, {} rooms to load",
            self.stage,
            crowd.ready,
            crowd.clients(),
            self.reloads.len(),
        );
        self.tally.unsettled.get_or_insert(note);
    }

    fn enter(&mut self, stage: Stage, now: u64) {
        eprintln!("{stage:?} ({} deliveries)", self.tally.deliveries);
        if self.manner.events {
            let phase = format!("{stage:?}").to_lowercase();
            let (acknowledged, deliveries) = (self.tally.acknowledged, self.tally.deliveries);
            crate::report::event(&json!({
                "phase": phase, "acknowledged": acknowledged, "deliveries": deliveries,
            }));
        }
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
            let live = crowd.phase(client) == Phase::Ready;
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
