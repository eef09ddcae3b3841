//! What people do: one function for each thing that can be asked, whatever way it was asked.
//!
//! No transport here. A function takes who asks and what, decides with `domain`, writes to the
//! store, publishes on the bus, and answers or refuses. What is told to others after a write runs
//! to its end even when whoever asked goes away.

mod access;
mod accounts;
mod messages;
mod presence;
mod refusal;
mod rooms;
mod stall;
mod sync;
mod telling;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

pub use access::Access;
pub use accounts::Device;
pub use presence::DeviceHere;
pub use refusal::{Answered, Refusal};
pub use rooms::MAX_ROOMS;
pub use sync::{Caller, Start};

pub use crate::auth::tokens::Claims;
pub use crate::store::Arrival;
pub use crate::store::catch_up::Replayed;

use self::stall::Stall;
use self::telling::{Taken, Telling};
use crate::auth::passwords::Passwords;
use crate::auth::tokens::Tokens;
use crate::bus::{Bus, LimitKey};
use crate::domain::clock::HybridClock;
use crate::domain::rules::Rule;
use crate::domain::window::{Limit, Verdict};
use crate::protocol::{Control, EventId, ServerRole, Topic, UserId};
use crate::store::Store;
use crate::store::catch_up::CatchUp;

/// Long polls of one session: more than a client that is told of every event at once can make.
const POLLS: Limit = Limit { most: 600, per_ms: 60_000 };

/// What is limited, and by how much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages of a person in a room.
    pub messages: Limit,
    /// API requests of a person.
    pub api: Limit,
    /// Log-ins to an account.
    pub logins_to: Limit,
    /// Log-ins and registrations from an address.
    pub logins_from: Limit,
    /// Commands on a socket.
    pub commands: Limit,
}

/// What a service is built from.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    pub catch_up: CatchUp,
    pub clock: HybridClock,
    pub passwords: Passwords,
    pub tokens: Tokens,
    pub limits: Limits,
    /// How long rooms, members and sessions are remembered where this node may not hear of their
    /// changes: what another node changes is seen after at most this time.
    pub remembered: Duration,
    /// How long a retry that finds no claim waits for an attempt still on its way.
    pub retry_waits: Duration,
    /// Since when this node has surely heard of everything in a topic; `None`: it may not have.
    pub sound_since: SoundSince,
    /// How long a session lasts without being refreshed.
    pub session_lasts: Duration,
}

/// See [`Parts::sound_since`].
pub type SoundSince = Box<dyn Fn(Topic) -> Option<Instant> + Send + Sync>;

/// What works, and what does not at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Live delivery between nodes, presence and shared limits.
    pub bus: bool,
}

/// A handle; cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    catch_up: CatchUp,
    clock: HybridClock,
    passwords: Passwords,
    tokens: Tokens,
    limits: Limits,
    remembered: Duration,
    sound_since: SoundSince,
    retry_waits: Duration,
    session_lasts: Duration,
    stall: Stall,
    /// Writes, and what is told of them, under way.
    tasks: TaskTracker,
    known: access::Known,
    turns: turns::Turns,
    presences: presence::Presences,
}

impl Service {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            store: parts.store,
            bus: parts.bus,
            catch_up: parts.catch_up,
            clock: parts.clock,
            passwords: parts.passwords,
            tokens: parts.tokens,
            limits: parts.limits,
            remembered: parts.remembered,
            sound_since: parts.sound_since,
            retry_waits: parts.retry_waits,
            session_lasts: parts.session_lasts,
            stall: Stall::default(),
            tasks: TaskTracker::new(),
            known: access::Known::new(),
            turns: turns::Turns::default(),
            presences: presence::Presences::default(),
        }))
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The time, in milliseconds since 1970; refused before the reference clock was heard.
    pub fn now_ms(&self) -> Answered<u64> {
        Ok(self.0.clock.now_ms(self.reference_ms()?))
    }

    /// The reference clock; refused before it was heard.
    fn reference_ms(&self) -> Answered<u64> {
        match self.0.bus.now_ms() {
            Some(reference) => Ok(reference),
            None if Rule::Clock.holds() => Err(Refusal::not_ready()),
            None => Ok(std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64)),
        }
    }

    /// Whether it can do its work at this moment, and whether all of it.
    pub async fn check(&self) -> Answered<Health> {
        self.now_ms()?;
        self.0.store.check().await?;
        Ok(Health { bus: self.0.bus.is_reachable() })
    }

    /// Takes note of an event that was heard or read. Does not wait.
    pub fn heard(&self, topic: Topic, event_id: EventId, control: Option<Control>) {
        self.saw(event_id);
        if let Some(control) = control {
            self.0.known.heard(topic, event_id, control);
        }
    }

    /// What is done from now on has a higher id than this.
    fn saw(&self, id: EventId) {
        if let Some(reference) = self.0.bus.now_ms() {
            self.0.clock.observe(id, reference);
        }
    }

    /// What it does by itself. Each runs until dropped.
    pub fn keep(&self) -> Vec<JoinHandle<()>> {
        vec![
            tokio::spawn(self.clone().keep_presence()),
            tokio::spawn(self.clone().keep_publishing()),
            tokio::spawn(self.clone().keep_watching_itself()),
        ]
    }

    /// Ends when everything that was accepted is stored and told.
    pub async fn finish(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// One more API request of this person.
    pub async fn count_request(&self, caller: &Caller) -> Answered<Verdict> {
        self.limit(LimitKey::Api(caller.user), self.0.limits.api).await
    }

    /// One more long poll of this session.
    pub async fn count_poll(&self, claims: &Claims) -> Answered<Verdict> {
        self.limit(LimitKey::Polls(claims.sid), POLLS).await
    }

    async fn limit(&self, key: LimitKey, limit: Limit) -> Answered<Verdict> {
        let verdict = self.0.bus.limit(key, limit).await?;
        if verdict.allowed { Ok(verdict) } else { Err(Refusal::limited(verdict)) }
    }

    /// Server roles are few and change never while a server runs.
    async fn is_server_admin(&self, user: UserId) -> Answered<bool> {
        if let Some(admin) = self.0.known.admins.get(&user) {
            return Ok(admin);
        }
        let users = self.0.store.users(&[user]).await?;
        let admin = users.first().is_some_and(|user| user.role == ServerRole::Admin);
        self.0.known.admins.insert(user, admin);
        Ok(admin)
    }
}
