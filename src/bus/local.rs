//! The bus of a server that stands alone: in the process, behind two locks.
//!
//! It can't be cut off, and loses events only where its one listener falls behind by more than
//! [`QUEUE_BYTES`], which it says.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    Admitted, Announcement, Attempt, Bus, BusResult, CLAIM_MS, Head, Lease, LimitKey, Listener,
    Publication, Signal,
};
use crate::domain::presence;
use crate::domain::window::{Limit, Verdict, Window};
use crate::protocol::{EventId, Frame, MessageId, PresenceChoice, PresenceStatus, Topic, UserId};

/// What may wait for the listener, in bytes of frames.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// After a start everybody seems to be away until they have reconnected. For this long their
/// absence is "not known".
const WARM_UP: Duration = Duration::from_millis(presence::GRACE_MS);

/// Heads of topics that nobody here follows are forgotten when nothing was published for this long.
const HEAD_KEEPS_MS: u64 = 3600 * 1000;

pub struct LocalBus {
    started: Instant,
    started_ms: u64,
    epoch: u64,
    live: Arc<Live>,
    small: Mutex<Small>,
}

/// The way of events.
#[derive(Default)]
struct Live {
    state: Mutex<LiveState>,
    more: Notify,
}

#[derive(Default)]
struct LiveState {
    heads: HashMap<Topic, TopicHead>,
    queue: VecDeque<Signal>,
    queued_bytes: usize,
    /// Topics that lost an event since the listener last looked.
    gaps: HashSet<Topic>,
    ended: bool,
}

#[derive(Clone, Copy, Default)]
struct TopicHead {
    count: u64,
    newest: Option<EventId>,
    subscribed: bool,
}

/// Everything else.
#[derive(Default)]
struct Small {
    claims: HashMap<(UserId, String), MessageId>,
    /// The same, oldest first, with when they end.
    claim_ends: VecDeque<(u64, (UserId, String))>,
    windows: HashMap<LimitKey, (Limit, Window)>,
    people: HashMap<UserId, Person>,
    /// Who was asked about while nothing was known of them.
    asked: HashSet<UserId>,
}

struct Person {
    choice: PresenceChoice,
    devices: HashMap<Uuid, Device>,
    announced: PresenceStatus,
}

struct Device {
    idle: bool,
    until_ms: u64,
}

impl Default for LocalBus {
    fn default() -> Self {
        Self::new()
    }
}

impl LocalBus {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            started_ms: wall_ms(),
            epoch: rand::random(),
            live: Arc::default(),
            small: Mutex::default(),
        }
    }

    /// Milliseconds since the start; it never goes back.
    fn uptime_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    fn is_warming_up(&self) -> bool {
        self.started.elapsed() < WARM_UP
    }

    fn publish_now(&self, publications: impl IntoIterator<Item = Publication>) {
        let heard = Instant::now();
        let mut guard = self.live.state.lock();
        let live = &mut *guard;
        for publication in publications {
            let head = live.heads.entry(publication.topic).or_default();
            head.count += 1;
            head.newest = head.newest.max(Some(publication.event_id));
            if head.subscribed {
                let (epoch, count) = (self.epoch, head.count);
                live.push(Signal::Event { publication, epoch, count, heard });
            }
        }
        drop(guard);
        self.live.more.notify_one();
    }

    fn head(&self, head: TopicHead) -> Head {
        Head {
            epoch: self.epoch,
            count: head.count,
            newest: head.newest,
            counted_from_ms: self.started_ms.max(wall_ms().saturating_sub(HEAD_KEEPS_MS)),
        }
    }
}

fn wall_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |elapsed| elapsed.as_millis() as u64)
}

impl LiveState {
    fn push(&mut self, signal: Signal) {
        let (topic, bytes) = match &signal {
            Signal::Event { publication, .. } => {
                (publication.topic, publication.frame.bytes().len())
            }
            Signal::Whisper { topic, frame } => (*topic, frame.bytes().len()),
            _ => return self.queue.push_back(signal),
        };
        if self.queued_bytes + bytes > QUEUE_BYTES {
            // A whisper may be lost, but nobody has to know that it was.
            if matches!(signal, Signal::Event { .. }) {
                self.gaps.insert(topic);
            }
            return;
        }
        self.queued_bytes += bytes;
        self.queue.push_back(signal);
    }
}

impl Drop for LocalBus {
    fn drop(&mut self) {
        self.live.state.lock().ended = true;
        self.live.more.notify_one();
    }
}

struct LocalListener(Arc<Live>);

#[async_trait]
impl Listener for LocalListener {
    async fn next(&mut self) -> Vec<Signal> {
        loop {
            {
                let mut state = self.0.state.lock();
                if !state.queue.is_empty() || !state.gaps.is_empty() {
                    state.queued_bytes = 0;
                    let mut signals: Vec<_> = std::mem::take(&mut state.queue).into();
                    signals.extend(state.gaps.drain().map(|topic| Signal::Gap { topic }));
                    return signals;
                }
                if state.ended {
                    return Vec::new();
                }
            }
            self.0.more.notified().await;
        }
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn now_ms(&self) -> Option<u64> {
        Some(wall_ms())
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(LocalListener(self.live.clone()))
    }

    async fn subscribe(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>> {
        let mut live = self.live.state.lock();
        let subscribe = |topic: &Topic| {
            let head = live.heads.entry(*topic).or_default();
            head.subscribed = true;
            Some(self.head(*head))
        };
        Ok(topics.iter().map(subscribe).collect())
    }

    async fn unsubscribe(&self, topics: &[Topic]) -> BusResult<()> {
        let mut live = self.live.state.lock();
        for topic in topics {
            if let Some(head) = live.heads.get_mut(topic) {
                head.subscribed = false;
            }
        }
        Ok(())
    }

    async fn publish(&self, publications: Vec<Publication>) -> BusResult<()> {
        self.publish_now(publications);
        Ok(())
    }

    async fn publish_claimed(
        &self,
        publication: Publication,
        author: UserId,
        nonce: &str,
        id: MessageId,
    ) -> BusResult<bool> {
        let stands = self.small.lock().claims.get(&(author, nonce.to_owned())) == Some(&id);
        if stands {
            self.publish_now([publication]);
        }
        Ok(stands)
    }

    async fn whisper(&self, topic: Topic, frame: Frame) -> BusResult<()> {
        let mut live = self.live.state.lock();
        if live.heads.get(&topic).is_some_and(|head| head.subscribed) {
            live.push(Signal::Whisper { topic, frame });
            drop(live);
            self.live.more.notify_one();
        }
        Ok(())
    }

    async fn heads(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>> {
        let live = self.live.state.lock();
        let head = |topic| live.heads.get(topic).map(|head| self.head(*head));
        Ok(topics.iter().map(head).collect())
    }

    async fn admit(&self, attempt: Attempt) -> BusResult<Admitted> {
        let now = self.uptime_ms();
        let mut small = self.small.lock();
        small.end_claims(now);
        let key = (attempt.author, attempt.nonce);
        if let Some(id) = small.claims.get(&key) {
            return Ok(Admitted::Go { id: *id, first: false });
        }
        let verdict = small.pass(attempt.limit.0, attempt.limit.1, now);
        if !verdict.allowed {
            return Ok(Admitted::Refused(verdict));
        }
        small.claim_ends.push_back((now + CLAIM_MS, key.clone()));
        small.claims.insert(key, attempt.proposed);
        Ok(Admitted::Go { id: attempt.proposed, first: !attempt.retry })
    }

    async fn limit(&self, key: LimitKey, limit: Limit) -> BusResult<Verdict> {
        Ok(self.small.lock().pass(key, limit, self.uptime_ms()))
    }

    async fn presence_lease(&self, leases: Vec<Lease>) -> BusResult<Vec<Announcement>> {
        let now = self.uptime_ms();
        let mut small = self.small.lock();
        let mut announcements = Vec::new();
        for lease in leases {
            let person = small.people.entry(lease.user).or_insert_with(|| Person {
                choice: lease.choice,
                devices: HashMap::new(),
                announced: PresenceStatus::Offline,
            });
            let device = Device { idle: lease.idle, until_ms: now + lease.lasts_ms };
            person.devices.insert(lease.device, device);
            announcements.extend(person.announce(now).map(|status| (lease.user, status)));
        }
        Ok(announcements)
    }

    async fn presence_choose(
        &self,
        user: UserId,
        choice: PresenceChoice,
    ) -> BusResult<Vec<Announcement>> {
        let now = self.uptime_ms();
        let mut small = self.small.lock();
        let Some(person) = small.people.get_mut(&user) else { return Ok(Vec::new()) };
        person.choice = choice;
        Ok(person.announce(now).map(|status| (user, status)).into_iter().collect())
    }

    async fn presence_sweep(&self) -> BusResult<Vec<Announcement>> {
        let now = self.uptime_ms();
        let mut announcements = Vec::new();
        let mut small = self.small.lock();
        small.people.retain(|user, person| {
            announcements.extend(person.announce(now).map(|status| (*user, status)));
            !person.devices.is_empty()
        });
        if !self.is_warming_up() {
            let asked = std::mem::take(&mut small.asked);
            let absent = asked.into_iter().filter(|user| !small.people.contains_key(user));
            announcements.extend(absent.map(|user| (user, PresenceStatus::Offline)));
        }
        small.windows.retain(|_, (limit, window)| !window.is_over(*limit, now));
        small.end_claims(now);
        drop(small);

        let old = EventId::floor(wall_ms().saturating_sub(HEAD_KEEPS_MS));
        let mut live = self.live.state.lock();
        live.heads.retain(|_, head| head.subscribed || head.newest > Some(old));
        Ok(announcements)
    }

    async fn presence_of(&self, users: &[UserId]) -> BusResult<Vec<Option<PresenceStatus>>> {
        let warming_up = self.is_warming_up();
        let mut small = self.small.lock();
        let mut status = |user: &UserId| match small.people.get(user) {
            Some(person) => Some(person.announced),
            None if warming_up => {
                small.asked.insert(*user);
                None
            }
            None => Some(PresenceStatus::Offline),
        };
        Ok(users.iter().map(&mut status).collect())
    }
}

impl Small {
    fn pass(&mut self, key: LimitKey, limit: Limit, now_ms: u64) -> Verdict {
        if limit.most == 0 {
            return limit.unlimited();
        }
        let (kept, window) = self.windows.entry(key).or_insert_with(|| (limit, Window::default()));
        *kept = limit;
        window.pass(limit, now_ms)
    }

    fn end_claims(&mut self, now_ms: u64) {
        while self.claim_ends.front().is_some_and(|(end, _)| *end <= now_ms) {
            if let Some((_, key)) = self.claim_ends.pop_front() {
                self.claims.remove(&key);
            }
        }
    }
}

impl Person {
    /// Forgets the devices that are gone, and says the status where it is another one now.
    fn announce(&mut self, now_ms: u64) -> Option<PresenceStatus> {
        self.devices.retain(|_, device| device.until_ms > now_ms);
        let status = presence::status(self.choice, self.devices.values().map(|device| device.idle));
        (std::mem::replace(&mut self.announced, status) != status).then_some(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::contract::{contract_tests, frame, room};

    fn fresh() -> (Arc<dyn Bus>, ()) {
        (Arc::new(LocalBus::new()), ())
    }

    contract_tests!(fresh);

    #[tokio::test]
    async fn what_its_queue_can_not_hold_is_a_gap_of_its_topic() {
        let bus = LocalBus::new();
        let mut listener = bus.listen();
        let (busy, calm) = (room(), room());
        bus.subscribe(&[busy, calm]).await.expect("it can't be cut off");
        let text = "x".repeat(1024 * 1024);
        let publication = |topic, text: &str| Publication {
            topic,
            event_id: EventId::floor(1),
            control: None,
            frame: frame(text),
        };
        let most = QUEUE_BYTES / text.len();
        bus.publish_now((0..=most).map(|_| publication(busy, &text)));
        let signals = listener.next().await;
        let (events, gaps): (Vec<_>, Vec<_>) =
            signals.iter().partition(|signal| matches!(signal, Signal::Event { .. }));
        assert!(events.len() < most + 1);
        assert!(matches!(gaps[..], [Signal::Gap { topic }] if *topic == busy), "{gaps:?}");
        bus.publish_now([publication(busy, "small"), publication(calm, "small")]);
        assert_eq!(listener.next().await.len(), 2, "there is room again");
    }

    #[tokio::test]
    async fn whoever_listens_to_a_bus_that_is_gone_is_told_that_it_ended() {
        let bus = LocalBus::new();
        let mut listener = bus.listen();
        let waiting = tokio::spawn(async move { listener.next().await.len() });
        tokio::task::yield_now().await;
        drop(bus);
        assert_eq!(waiting.await.expect("it ends"), 0);
    }
}
