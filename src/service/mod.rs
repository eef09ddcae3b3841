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
mod sync;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

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

use crate::auth::passwords::Passwords;
use crate::auth::tokens::Tokens;
use crate::bus::{Bus, LimitKey, Publication};
use crate::domain::clock::HybridClock;
use crate::domain::cursor::LATE_MS;
use crate::domain::window::{Limit, Verdict};
use crate::observe;
use crate::protocol::codes::ErrorCode;
use crate::protocol::{Control, Event, EventId, Frame, ServerRole, Topic, UserId};
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
    /// How long rooms, members and sessions are remembered: what another node changes is seen
    /// after at most this time.
    pub remembered: Duration,
    /// How long a session lasts without being refreshed.
    pub session_lasts: Duration,
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
    session_lasts: Duration,
    /// Writes, and what is told of them, under way.
    tasks: TaskTracker,
    known: access::Known,
    turns: turns::Turns,
    presences: presence::Presences,
}

/// An id, and when it was taken.
#[derive(Clone, Copy)]
struct Taken {
    id: EventId,
    /// By a clock that doesn't go back; `None`: too long ago to be published under.
    at: Option<Instant>,
}

/// An event to be told.
struct Telling {
    topic: Topic,
    control: Option<Control>,
    event: Event,
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
            session_lasts: parts.session_lasts,
            tasks: TaskTracker::new(),
            known: access::Known::new(parts.remembered),
            turns: turns::Turns::default(),
            presences: presence::Presences::default(),
        }))
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The time, in milliseconds since 1970; refused before the reference clock was heard.
    pub fn now_ms(&self) -> Answered<u64> {
        let reference = self.0.bus.now_ms().ok_or_else(Refusal::not_ready)?;
        Ok(self.0.clock.now_ms(reference))
    }

    /// Whether it can do its work at this moment.
    pub async fn check(&self) -> Answered<()> {
        self.now_ms()?;
        Ok(self.0.store.check().await?)
    }

    /// Ends when everything accepted so far was stored and told. Nothing new may be accepted
    /// meanwhile.
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

    fn take_id(&self) -> Answered<Taken> {
        let at = Some(Instant::now());
        let reference = self.0.bus.now_ms().ok_or_else(Refusal::not_ready)?;
        Ok(Taken { id: self.0.clock.next(reference, rand::random()), at })
    }

    /// Runs to its end, even when whoever waits goes away.
    async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Answered<T>> + Send + 'static,
    ) -> Answered<T> {
        self.0.tasks.spawn(work).await.map_err(|_| Refusal::of(ErrorCode::Internal))?
    }

    /// Publishes events that are stored, in this order, under the id that was taken for them. Where
    /// that is too old by now, cursors may have passed it: then each is logged under a new id first,
    /// and published under that.
    async fn tell(&self, taken: Taken, tellings: Vec<Telling>) -> Answered<()> {
        let on_time = |taken: &Taken| {
            taken.at.is_some_and(|at| at.elapsed() <= Duration::from_millis(LATE_MS))
        };
        let mut taken = taken;
        loop {
            if !on_time(&taken) {
                observe::LATE.add("", tellings.len() as u64);
                taken = self.take_id()?;
                for telling in &tellings {
                    self.0.store.log_change(telling.topic, taken.id, &telling.event).await?;
                }
            }
            self.publish(taken, &tellings).await?;
            // It may have taken too long just now.
            if on_time(&taken) {
                return Ok(());
            }
        }
    }

    async fn publish(&self, taken: Taken, tellings: &[Telling]) -> Answered<()> {
        let publication = |telling: &Telling| Publication {
            topic: telling.topic,
            // A state that was changed at the same time has a version a little above.
            event_id: telling.event.version().map_or(taken.id, |version| version.max(taken.id)),
            control: telling.control,
            frame: Frame::of(&telling.event),
        };
        let began = Instant::now();
        self.0.bus.publish(tellings.iter().map(publication).collect()).await?;
        observe::BUS_CALL.time("publish", began);
        Ok(())
    }

    /// Server roles are few and change never while a server runs: asked once, remembered shortly.
    async fn is_server_admin(&self, user: UserId) -> Answered<bool> {
        if let Some(admin) = self.0.known.admins.get(&user).await {
            return Ok(admin);
        }
        let users = self.0.store.users(&[user]).await?;
        let admin = users.first().is_some_and(|user| user.role == ServerRole::Admin);
        self.0.known.admins.insert(user, admin).await;
        Ok(admin)
    }

    async fn whisper(&self, topic: Topic, event: &Event) -> Answered<()> {
        Ok(self.0.bus.whisper(topic, Frame::of(event)).await?)
    }
}

impl Telling {
    fn to(topic: Topic, event: Event) -> Self {
        Self { topic, control: crate::store::catch_up::control(topic, &event), event }
    }
}
