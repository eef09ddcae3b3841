//! Between the bus and the hubs: brings each event to the workers that have followers, finds what
//! was lost, and repairs it from the store.
//!
//! For each followed topic it knows how far it has heard (the count), and up to which time it is
//! *proved* that every event was handed over. A hole in the count, a gap that the bus admits,
//! another epoch: the topic is read again from the store, from its proved time on. Only a
//! comparison with the bus's heads that finds nothing missing advances the proved time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::bus::{Bus, Ear, Head, Signal};
use crate::domain::cursor::LAG_MS;
use crate::domain::rules::Rule;
use crate::hub::{Inbox, Interest, Item};
use crate::observe;
use crate::protocol::server::ServerFrame;
use crate::protocol::{Control, Event, EventId, Frame, PresenceStatus, Topic, UserId};
use crate::stops;
use crate::store::catch_up::CatchUp;

/// Followed heads are compared with what was heard this often.
pub const COMPARE_EVERY: Duration = Duration::from_secs(4);
/// How long what is on its way may take, before a comparison counts it as missing.
const IN_FLIGHT: Duration = Duration::from_millis(200);
/// Topics that are looked at while the lock is held.
const BATCH: usize = 512;
/// A topic that nobody follows any more is heard for this long; somebody may come back.
const LINGER: Duration = Duration::from_secs(20);
/// How long a connection waits for a subscription to hold. After that it goes on, and the topic
/// is a gap until it does.
const CONFIRM_WITHIN: Duration = Duration::from_secs(3);
/// Presence is asked for in each so many comparisons.
const PRESENCE_EVERY: u32 = 4;
/// Topics that are repaired at the same time.
const REPAIRS: usize = 8;
/// For so long after a comparison found nothing missing, what was heard is taken for everything.
const SOUND_FOR_MS: u64 = 10_000;
/// Between attempts to repair a topic that could not be read.
const REPAIR_AGAIN: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    bus: Arc<dyn Bus>,
    catch_up: CatchUp,
    inboxes: Vec<Arc<Inbox>>,
    topics: Mutex<HashMap<Topic, Followed>>,
    /// Held together by those who subscribe, alone by who unsubscribes.
    subscribing: tokio::sync::RwLock<()>,
    /// Some subscription was confirmed.
    confirmed: Notify,
    /// Some topic has to be repaired.
    dirty: Notify,
    /// Told of each event that is heard or read.
    witness: OnceLock<Witness>,
}

/// Takes note of an event: where it was published, under which id, and what it asks of the node.
pub type Witness = Box<dyn Fn(Topic, EventId, Option<Control>) + Send + Sync>;

/// What the relay knows of a topic.
struct Followed {
    /// The workers that have followers, a bit each.
    workers: u64,
    /// Since when there are none.
    idle_since: Option<Instant>,
    /// The epoch and how far it was heard; `None` until the subscription holds.
    heard: Option<(u64, u64)>,
    /// Up to here everything was handed over, in milliseconds since 1970.
    proved_ms: u64,
    /// Something is missing.
    dirty: bool,
    /// Something is known to be missing, not only possible.
    moved: bool,
    /// What is missing is being read.
    repairing: bool,
    /// Everything that happened since was heard or read, as far as is known.
    sound_since: Option<Instant>,
    /// How the person of a presence topic was last seen.
    shown: Option<PresenceStatus>,
}

impl Relay {
    /// A relay for these workers, at most 64.
    pub fn new(bus: Arc<dyn Bus>, catch_up: CatchUp, inboxes: Vec<Arc<Inbox>>) -> Self {
        assert!((1..=64).contains(&inboxes.len()), "a worker is a bit of 64");
        Self(Arc::new(Inner {
            bus,
            catch_up,
            inboxes,
            topics: Mutex::default(),
            subscribing: tokio::sync::RwLock::default(),
            confirmed: Notify::new(),
            dirty: Notify::new(),
            witness: OnceLock::new(),
        }))
    }

    /// Starts the relay's tasks. They run until they are aborted. `witness` must not wait.
    pub fn start(&self, witness: Witness) -> Vec<JoinHandle<()>> {
        // A relay is started once.
        let _ = self.0.witness.set(witness);
        self.0.bus.listen(Box::new(RelayEar(Arc::downgrade(&self.0))));
        vec![
            tokio::spawn(self.clone().compare()),
            tokio::spawn(self.clone().repair()),
            tokio::spawn(self.clone().forget()),
        ]
    }

    /// Says of a topic since when this node has surely heard of everything that happened there;
    /// `None` where it may have missed something, or does not follow it. Does not keep the relay alive.
    pub fn soundness(&self) -> impl Fn(Topic) -> Option<Instant> + Send + Sync + use<> {
        let relay = Arc::downgrade(&self.0);
        move |topic| Relay(relay.upgrade()?).sound_since(topic)
    }

    fn sound_since(&self, topic: Topic) -> Option<Instant> {
        let now_ms = self.0.bus.now_ms()?;
        let topics = self.0.topics.lock();
        let followed = topics.get(&topic).filter(|followed| !followed.dirty)?;
        followed.sound_since.filter(|_| followed.proved_ms + SOUND_FOR_MS > now_ms)
    }

    fn witness(&self, topic: Topic, event_id: EventId, control: Option<Control>) {
        if let Some(witness) = self.0.witness.get() {
            witness(topic, event_id, control);
        }
    }

    /// Hands a batch of signals to the workers: one hand-over for each interested worker.
    fn relay(&self, signals: Vec<Signal>) {
        let is_event = |signal: &&Signal| matches!(signal, Signal::Event { .. });
        observe::EVENTS_HEARD.add("", signals.iter().filter(is_event).count() as u64);
        let mut batches: Vec<Vec<Item>> = vec![Vec::new(); self.0.inboxes.len()];
        let mut dirty = false;
        let mut topics = self.0.topics.lock();
        for signal in signals {
            match signal {
                Signal::Event { publication, epoch, count, heard } => {
                    let topic = publication.topic;
                    if matches!(topic, Topic::Room(_)) && stops::misses() {
                        continue;
                    }
                    self.witness(topic, publication.event_id, publication.control);
                    let Some(followed) = topics.get_mut(&topic) else { continue };
                    dirty |= followed.hear(epoch, count);
                    if publication.control == Some(Control::Sessions) {
                        followed.lack(true);
                        dirty = true;
                    }
                    if let Some(Control::Presence(status)) = publication.control {
                        followed.shown = Some(status);
                        let item = Item::Whisper { topic, frame: publication.frame };
                        followed.give(&mut batches, &item);
                        continue;
                    }
                    let item = Item::Event {
                        topic,
                        event_id: publication.event_id,
                        control: publication.control,
                        frame: publication.frame,
                        heard,
                    };
                    followed.give(&mut batches, &item);
                }
                Signal::Whisper { topic, frame } => {
                    if let Some(followed) = topics.get(&topic) {
                        followed.give(&mut batches, &Item::Whisper { topic, frame });
                    }
                }
                Signal::Subscribed { topic, head } => {
                    if let Some(followed) = topics.get_mut(&topic) {
                        dirty |= followed.confirm(head);
                        self.0.confirmed.notify_waiters();
                    }
                }
                Signal::Gap { topic } => {
                    if let Some(followed) = topics.get_mut(&topic) {
                        followed.lack(true);
                        dirty = true;
                    }
                }
                Signal::GapEverywhere => {
                    topics.values_mut().for_each(|followed| followed.lack(false));
                    dirty = true;
                }
            }
        }
        let filled = batches.iter().filter(|batch| !batch.is_empty()).count();
        observe::HAND_OVERS.add("", filled as u64);
        self.hand_over(&mut topics, batches);
        if dirty {
            self.0.dirty.notify_one();
        }
    }

    /// Hands batches over while the topics are locked, so that nothing proved overtakes an event.
    fn hand_over(&self, topics: &mut HashMap<Topic, Followed>, batches: Vec<Vec<Item>>) {
        for (inbox, batch) in self.0.inboxes.iter().zip(batches) {
            if batch.is_empty() {
                continue;
            }
            let left = inbox.push(batch);
            observe::INBOX_OVERFLOWS.add("", left.len() as u64);
            for item in left {
                let Item::Event { topic, .. } = item else { continue };
                if let Some(followed) = topics.get_mut(&topic) {
                    followed.lack(true);
                    self.0.dirty.notify_one();
                }
            }
        }
    }

    /// Compares, every few seconds, what was heard with what was published; what agrees is proved.
    async fn compare(self) {
        let mut round: u32 = 0;
        loop {
            tokio::time::sleep(COMPARE_EVERY).await;
            let Some(began_ms) = self.0.bus.now_ms() else { continue };
            if !Rule::Compare.holds() {
                self.prove(began_ms);
                continue;
            }
            let all: Vec<Topic> = self.0.topics.lock().keys().copied().collect();
            let mut oldest_ms = began_ms;
            let mut complete = true;
            for topics in all.chunks(BATCH) {
                let Ok(heads) = self.0.bus.heads(topics).await else {
                    complete = false;
                    break;
                };
                tokio::time::sleep(if all.len() > BATCH { IN_FLIGHT / 4 } else { IN_FLIGHT }).await;
                let mut followed = self.0.topics.lock();
                for (topic, head) in topics.iter().zip(heads) {
                    let Some(followed) = followed.get_mut(topic) else { continue };
                    followed.compare(head, began_ms);
                    // Nothing durable is published to a presence; no cursor waits for it.
                    if followed.workers != 0 && !matches!(topic, Topic::Presence(_)) {
                        oldest_ms = oldest_ms.min(followed.proved_ms);
                    }
                }
            }
            if complete {
                self.prove(oldest_ms);
            } else {
                oldest_ms = self.oldest_proved_ms(began_ms);
            }
            observe::PROVED_AGE.set("", (began_ms - oldest_ms) as f64 / 1000.0);
            observe::TOPICS.set("", all.len() as f64);
            round += 1;
            self.look_at_presence(&all, round.is_multiple_of(PRESENCE_EVERY)).await;
            self.0.dirty.notify_one();
        }
    }

    /// The oldest proved time of what is followed, and no later than now.
    fn oldest_proved_ms(&self, now_ms: u64) -> u64 {
        let topics = self.0.topics.lock();
        let followed = topics.iter().filter(|(topic, followed)| {
            followed.workers != 0 && !matches!(topic, Topic::Presence(_))
        });
        followed.map(|(_, followed)| followed.proved_ms).fold(now_ms, u64::min)
    }

    /// Asks how people are, where what was heard of them may not be all; or of everybody: whoever
    /// was to announce them may have died. Tells what is new.
    async fn look_at_presence(&self, topics: &[Topic], all: bool) {
        let users: Vec<(UserId, Option<PresenceStatus>)> = {
            let followed = self.0.topics.lock();
            let asked = |topic: &Topic| match topic {
                Topic::Presence(user) => {
                    let followed = followed.get(topic)?;
                    let wanted = followed.workers != 0 && followed.heard.is_some();
                    let asked = wanted && (all || followed.dirty || followed.shown.is_none());
                    asked.then_some((*user, followed.shown))
                }
                _ => None,
            };
            topics.iter().filter_map(asked).collect()
        };
        for users in users.chunks(BATCH) {
            let ids: Vec<_> = users.iter().map(|(user, _)| *user).collect();
            let Ok(statuses) = self.0.bus.presence_of(&ids).await else { return };
            let mut topics = self.0.topics.lock();
            let mut batches = vec![Vec::new(); self.0.inboxes.len()];
            for ((user_id, shown), status) in users.iter().zip(statuses) {
                let topic = Topic::Presence(*user_id);
                // Where it is not known yet, it is asked again.
                let (Some(followed), Some(status)) = (topics.get_mut(&topic), status) else {
                    continue;
                };
                // What was heard meanwhile is newer.
                if followed.shown != *shown {
                    continue;
                }
                (followed.dirty, followed.moved) = (false, false);
                if followed.shown.replace(status) != Some(status) {
                    let event = Event::Presence { user_id: *user_id, status, last_seen: None };
                    followed.give(&mut batches, &Item::Whisper { topic, frame: Frame::of(&event) });
                }
            }
            self.hand_over(&mut topics, batches);
        }
    }

    /// Tells the workers, behind everything they were handed, what is proved; less the lag by which
    /// an event may be published after its id was taken, and in full seconds, so that clients which
    /// come back together ask for the same.
    fn prove(&self, proved_ms: u64) {
        let lag_ms = if Rule::Lag.holds() { LAG_MS } else { 0 };
        let cursor_ms = proved_ms.saturating_sub(lag_ms) / 1000 * 1000;
        self.hand_over(
            &mut self.0.topics.lock(),
            vec![vec![Item::Proved(cursor_ms)]; self.0.inboxes.len()],
        );
    }

    /// Reads from the store what topics lack, and hands it over.
    async fn repair(self) {
        loop {
            self.0.dirty.notified().await;
            let mut wanting: Vec<(bool, Topic)> = {
                let topics = self.0.topics.lock();
                let wanting = topics.iter().filter(|(topic, followed)| {
                    followed.wants_repair() && !matches!(topic, Topic::Presence(_))
                });
                wanting.map(|(topic, followed)| (!followed.moved, *topic)).collect()
            };
            // What is missing for sure comes first; all of it a few at a time.
            wanting.sort_unstable();
            let failed = AtomicBool::new(!Rule::Repair.holds());
            stream::iter(wanting)
                .for_each_concurrent(REPAIRS, async |(_, topic)| {
                    if !failed.load(Ordering::Relaxed) && !self.repair_topic(topic).await {
                        failed.store(true, Ordering::Relaxed);
                    }
                })
                .await;
            if failed.into_inner() {
                // The store is in trouble; the next comparison asks again, too.
                tokio::time::sleep(REPAIR_AGAIN).await;
                self.0.dirty.notify_one();
            }
        }
    }

    /// Whether the topic could be read.
    async fn repair_topic(&self, topic: Topic) -> bool {
        let since = {
            let mut topics = self.0.topics.lock();
            let Some(followed) = topics.get_mut(&topic) else { return true };
            (followed.dirty, followed.moved, followed.repairing) = (false, false, true);
            followed.sound_since = Some(Instant::now());
            EventId::floor(followed.proved_ms.saturating_sub(LAG_MS))
        };
        observe::GAPS.add("", 1);
        let began = Instant::now();
        let replay = self.0.catch_up.since(topic, since).await;
        // A session's end is no state that could be read again; what goes on is.
        let sessions = match topic {
            Topic::User(user) => {
                self.0.catch_up.sessions(user).await.map(|alive| Some((user, alive.into())))
            }
            Topic::Room(_) | Topic::Presence(_) => Ok(None),
        };

        let mut topics = self.0.topics.lock();
        let Some(followed) = topics.get_mut(&topic) else { return true };
        followed.repairing = false;
        let (Ok(replay), Ok(sessions)) = (replay, sessions) else {
            followed.lack(true);
            return false;
        };
        let mut batches = vec![Vec::new(); self.0.inboxes.len()];
        if let Some((user, alive)) = sessions {
            followed.give(&mut batches, &Item::Sessions { user, alive });
        }
        if replay.too_many {
            followed.give(&mut batches, &too_many(topic));
        }
        for event in &replay.events {
            self.witness(topic, event.change, event.control);
            let item = Item::Event {
                topic,
                event_id: event.change,
                control: event.control,
                frame: event.frame.clone(),
                heard: Instant::now(),
            };
            followed.give(&mut batches, &item);
        }
        self.hand_over(&mut topics, batches);
        observe::REPAIRS.time("", began);
        true
    }

    /// Ends subscriptions that nobody has wanted for a while.
    async fn forget(self) {
        loop {
            tokio::time::sleep(LINGER / 4).await;
            let stale: Vec<Topic> = {
                let mut topics = self.0.topics.lock();
                let is_stale = |followed: &Followed| {
                    followed.idle_since.is_some_and(|since| since.elapsed() >= LINGER)
                };
                topics
                    .extract_if(|_, followed| is_stale(followed))
                    .map(|(topic, _)| topic)
                    .collect()
            };
            for topics in stale.chunks(BATCH) {
                let _alone = self.0.subscribing.write().await;
                // Whoever came back meanwhile has a new entry, whose subscription this would end.
                let gone: Vec<_> = {
                    let followed = self.0.topics.lock();
                    topics.iter().copied().filter(|topic| !followed.contains_key(topic)).collect()
                };
                if let Err(error) = self.0.bus.unsubscribe(&gone).await {
                    tracing::warn!(%error, "topics stay subscribed");
                }
            }
        }
    }

    /// Notes a worker's interest. Gives the topics that have to be subscribed. `from_store`: a
    /// worker that is new to a topic lacks what was handed to the others before now, and is read to.
    fn note(&self, worker: usize, topics: &[Topic], from_store: bool) -> Vec<Topic> {
        let now_ms = self.0.bus.now_ms().unwrap_or(0);
        let mut new = Vec::new();
        let mut followed = self.0.topics.lock();
        for topic in topics {
            let entry = followed.entry(*topic).or_insert_with(|| {
                new.push(*topic);
                Followed::since(now_ms)
            });
            if !Rule::Reset.holds() {
                *entry = Followed { workers: entry.workers, ..Followed::since(now_ms) };
                new.push(*topic);
            }
            entry.dirty |= from_store && entry.workers & (1 << worker) == 0;
            entry.workers |= 1 << worker;
            entry.idle_since = None;
        }
        new
    }

    fn all_confirmed(&self, topics: &[Topic]) -> bool {
        let followed = self.0.topics.lock();
        topics.iter().all(|topic| followed.get(topic).is_some_and(|topic| topic.heard.is_some()))
    }

    async fn subscribe(&self, new: Vec<Topic>) {
        let _together = self.0.subscribing.read().await;
        for topics in new.chunks(BATCH) {
            // Where it fails the bus says a gap for everything once it is back.
            let Ok(heads) = self.0.bus.subscribe(topics).await else { continue };
            let mut followed = self.0.topics.lock();
            let mut dirty = false;
            for (topic, head) in topics.iter().zip(heads) {
                if let (Some(followed), Some(head)) = (followed.get_mut(topic), head) {
                    dirty |= followed.confirm(head);
                }
            }
            drop(followed);
            self.0.confirmed.notify_waiters();
            if dirty {
                self.0.dirty.notify_one();
            }
        }
    }

    async fn confirm(self, worker: usize, topics: Vec<Topic>) -> bool {
        let new = self.note(worker, &topics, false);
        if !Rule::Confirm.holds() {
            tokio::spawn(async move { self.subscribe(new).await });
            return true;
        }
        self.subscribe(new).await;
        let confirmed = async {
            loop {
                let next = self.0.confirmed.notified();
                tokio::pin!(next);
                next.as_mut().enable();
                if self.all_confirmed(&topics) {
                    return;
                }
                next.await;
            }
        };
        if tokio::time::timeout(CONFIRM_WITHIN, confirmed).await.is_ok() {
            return true;
        }
        let mut followed = self.0.topics.lock();
        for topic in &topics {
            if let Some(followed) = followed.get_mut(topic).filter(|topic| topic.heard.is_none()) {
                followed.lack(true);
            }
        }
        false
    }
}

/// The relay, as the bus knows it: it doesn't keep it alive.
struct RelayEar(Weak<Inner>);

impl Ear for RelayEar {
    fn hear(&self, signals: Vec<Signal>) {
        if let Some(relay) = self.0.upgrade() {
            Relay(relay).relay(signals);
        }
    }
}

impl Interest for Relay {
    fn follow(&self, worker: usize, topics: Vec<Topic>) -> BoxFuture<'static, bool> {
        let relay = self.clone();
        Box::pin(relay.confirm(worker, topics))
    }

    fn follow_from_now(&self, worker: usize, topic: Topic) {
        let new = self.note(worker, &[topic], true);
        if new.is_empty() {
            self.0.dirty.notify_one();
        } else {
            let relay = self.clone();
            tokio::spawn(async move { relay.subscribe(new).await });
        }
    }

    fn unfollow(&self, worker: usize, topics: &[Topic]) {
        let mut followed = self.0.topics.lock();
        for topic in topics {
            if let Some(followed) = followed.get_mut(topic) {
                followed.workers &= !(1 << worker);
                if followed.workers == 0 {
                    followed.idle_since = Some(Instant::now());
                }
            }
        }
    }
}

impl Followed {
    fn since(now_ms: u64) -> Self {
        Self {
            workers: 0,
            idle_since: None,
            heard: None,
            proved_ms: now_ms,
            dirty: false,
            moved: false,
            repairing: false,
            sound_since: None,
            shown: None,
        }
    }

    /// Something is missing, or may be.
    fn lack(&mut self, surely: bool) {
        self.dirty = true;
        self.moved |= surely;
    }

    fn wants_repair(&self) -> bool {
        self.dirty && !self.repairing && self.heard.is_some() && self.workers != 0
    }

    fn give(&self, batches: &mut [Vec<Item>], item: &Item) {
        for (worker, batch) in batches.iter_mut().enumerate() {
            if self.workers & (1 << worker) != 0 {
                batch.push(item.clone());
            }
        }
    }

    /// An event came with this count. Whether one before it is missing.
    fn hear(&mut self, epoch: u64, count: u64) -> bool {
        let missing = match self.heard {
            Some((known, heard)) => known != epoch || count > heard + 1,
            None => false,
        };
        let newest = match self.heard {
            Some((known, heard)) if known == epoch => heard.max(count),
            Some(_) => count,
            None => {
                self.sound_since = Some(Instant::now());
                count
            }
        };
        self.heard = Some((epoch, newest));
        if missing && Rule::Holes.holds() {
            self.lack(true);
        }
        self.dirty
    }

    /// The subscription holds since `head`. Whether the topic has to be repaired: where it was heard
    /// before, something was published meanwhile, or may have been.
    fn confirm(&mut self, head: Head) -> bool {
        match self.heard {
            None => self.sound_since = Some(Instant::now()),
            Some((epoch, heard)) if epoch == head.epoch => {
                if head.count > heard {
                    self.lack(true);
                }
            }
            Some(_) if Rule::Sweep.holds() => self.lack(head.newest.is_some()),
            Some(_) => {}
        }
        self.heard = match self.heard {
            Some((epoch, heard)) if epoch == head.epoch => Some((epoch, heard.max(head.count))),
            _ => Some((head.epoch, head.count)),
        };
        self.dirty
    }

    /// What the bus says stands against what was heard. Where nothing is missing, everything before
    /// `began_ms` is proved; where something is, it is so no later than at the next comparison.
    fn compare(&mut self, head: Option<Head>, began_ms: u64) {
        let (Some(head), Some((epoch, heard))) = (head, self.heard) else {
            if self.heard.is_some() {
                self.lack(false);
            }
            return;
        };
        if head.epoch != epoch || head.count > heard {
            self.lack(true);
            self.heard = Some((head.epoch, head.count));
        }
        if !self.dirty && !self.repairing {
            self.proved_ms = self.proved_ms.max(began_ms);
        }
    }
}

/// What a topic's followers are told when they missed more than is told again.
fn too_many(topic: Topic) -> Item {
    let room_id = match topic {
        Topic::Room(room) => Some(room),
        Topic::User(_) | Topic::Presence(_) => None,
    };
    Item::TooMany { topic, frame: Frame::of(&ServerFrame::Reload { room_id }) }
}

#[cfg(test)]
mod tests;
