//! The bus of a server that stands alone: in the process, behind two locks.
//!
//! It can't be cut off and loses nothing: whoever publishes hands the event on before going on. So
//! no thread has to be woken between a publisher and the workers.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use parking_lot::Mutex;
use uuid::Uuid;

use super::{
    Admitted, Announcement, Attempt, Bus, BusResult, CLAIM_MS, Claim, Ear, Head, Lease, LimitKey,
    Publication, Signal, windows::Windows,
};
use crate::domain::presence;
use crate::domain::window::{Limit, Verdict};
use crate::protocol::{EventId, Frame, MessageId, PresenceChoice, PresenceStatus, Topic, UserId};

/// After a start everybody seems to be away until they have reconnected. For this long their
/// absence is "not known".
const WARM_UP: Duration = Duration::from_millis(presence::GRACE_MS);

/// Heads of topics that nobody here follows are forgotten when nothing was published for this long.
const HEAD_KEEPS_MS: u64 = 3600 * 1000;

pub struct LocalBus {
    started: Instant,
    started_ms: u64,
    epoch: u64,
    live: Mutex<Live>,
    small: Mutex<Small>,
}

/// The way of events.
#[derive(Default)]
struct Live {
    heads: HashMap<Topic, TopicHead>,
    ear: Option<Box<dyn Ear>>,
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
    windows: Windows,
    people: HashMap<UserId, Person>,
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
            live: Mutex::default(),
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
        let mut guard = self.live.lock();
        let live = &mut *guard;
        let mut signals = Vec::new();
        for publication in publications {
            let head = live.heads.entry(publication.topic).or_default();
            head.count += 1;
            head.newest = head.newest.max(Some(publication.event_id));
            if head.subscribed {
                let (epoch, count) = (self.epoch, head.count);
                signals.push(Signal::Event { publication, epoch, count, heard });
            }
        }
        // Under the lock: so events are heard in the order of their counts.
        if let Some(ear) = live.ear.as_ref().filter(|_| !signals.is_empty()) {
            ear.hear(signals);
        }
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

#[async_trait]
impl Bus for LocalBus {
    fn now_ms(&self) -> Option<u64> {
        Some(wall_ms())
    }

    fn is_reachable(&self) -> bool {
        true
    }

    fn epoch(&self) -> Option<u64> {
        Some(self.epoch)
    }

    fn listen(&self, ear: Box<dyn Ear>) {
        self.live.lock().ear = Some(ear);
    }

    async fn subscribe(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>> {
        let mut live = self.live.lock();
        let subscribe = |topic: &Topic| {
            let head = live.heads.entry(*topic).or_default();
            head.subscribed = true;
            Some(self.head(*head))
        };
        Ok(topics.iter().map(subscribe).collect())
    }

    async fn unsubscribe(&self, topics: &[Topic]) -> BusResult<()> {
        let mut live = self.live.lock();
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
        let live = self.live.lock();
        let subscribed = live.heads.get(&topic).is_some_and(|head| head.subscribed);
        if let Some(ear) = live.ear.as_ref().filter(|_| subscribed) {
            ear.hear(vec![Signal::Whisper { topic, frame }]);
        }
        Ok(())
    }

    async fn heads(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>> {
        let live = self.live.lock();
        let head = |topic| live.heads.get(topic).map(|head| self.head(*head));
        Ok(topics.iter().map(head).collect())
    }

    async fn admit(&self, attempt: Attempt) -> BusResult<Admitted> {
        let now = self.uptime_ms();
        let mut small = self.small.lock();
        small.end_claims(now);
        let key = (attempt.author, attempt.nonce);
        if let Some(id) = small.claims.get(&key) {
            return Ok(Admitted::Go { id: *id, claim: Claim::Found });
        }
        let verdict = small.windows.pass(attempt.limit.0, attempt.limit.1, now);
        if !verdict.allowed {
            return Ok(Admitted::Refused(verdict));
        }
        if attempt.retry {
            return Ok(Admitted::Go { id: attempt.proposed, claim: Claim::None });
        }
        small.claim_ends.push_back((now + CLAIM_MS, key.clone()));
        small.claims.insert(key, attempt.proposed);
        Ok(Admitted::Go { id: attempt.proposed, claim: Claim::New })
    }

    async fn limit(&self, key: LimitKey, limit: Limit) -> BusResult<Verdict> {
        Ok(self.small.lock().windows.pass(key, limit, self.uptime_ms()))
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
        small.windows.sweep(now);
        small.end_claims(now);
        drop(small);

        let old = EventId::floor(wall_ms().saturating_sub(HEAD_KEEPS_MS));
        let mut live = self.live.lock();
        live.heads.retain(|_, head| head.subscribed || head.newest > Some(old));
        Ok(announcements)
    }

    async fn presence_of(&self, users: &[UserId]) -> BusResult<Vec<Option<PresenceStatus>>> {
        let warming_up = self.is_warming_up();
        let small = self.small.lock();
        let status = |user: &UserId| match small.people.get(user) {
            Some(person) => Some(person.announced),
            None => (!warming_up).then_some(PresenceStatus::Offline),
        };
        Ok(users.iter().map(status).collect())
    }
}

impl Small {
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
    use std::sync::Arc;

    use super::*;
    use crate::bus::contract::contract_tests;

    fn fresh() -> (Arc<dyn Bus>, ()) {
        (Arc::new(LocalBus::new()), ())
    }

    contract_tests!(fresh);
}
