//! What may be lost: live events, presence, limits, claims.
//!
//! [`Bus`] is the contract; `contract` is the suite that every implementation passes unchanged. A
//! bus may lie or die: the store is the truth, and nothing is promised on the bus's word alone. So
//! loss is always said: a hole in a topic's count, [`Signal::Gap`], another epoch.

use std::net::IpAddr;
use std::time::Instant;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::cursor::LATE_MS;
use crate::domain::window::{Limit, Verdict};
use crate::protocol::{
    Control, EventId, Frame, MessageId, PresenceChoice, PresenceStatus, SessionId, Topic, UserId,
};

#[cfg(test)]
pub(crate) mod contract;
pub mod local;
pub mod redis;
mod windows;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// It can't be reached. What was asked may or may not have happened.
    #[error("the bus is unavailable: {0}")]
    Unavailable(String),
}

pub type BusResult<T> = Result<T, BusError>;

/// A durable event on its way to everybody who follows its topic.
#[derive(Clone, Debug)]
pub struct Publication {
    pub topic: Topic,
    /// The id that it is published under: at most [`crate::domain::cursor::LATE_MS`] old.
    pub event_id: EventId,
    pub control: Option<Control>,
    /// With the trace that it is part of, which arrives with it.
    pub frame: Frame,
}

/// Where a topic stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Another epoch, another count: what was counted before may have been lost.
    pub epoch: u64,
    /// How many events were published in this epoch.
    pub count: u64,
    /// The highest id among them; `None` before the first.
    pub newest: Option<EventId>,
    /// What was published since this time, in milliseconds since 1970, is counted.
    pub counted_from_ms: u64,
}

impl Head {
    /// Whether it is sure that no event has an id after this time.
    pub fn is_quiet_since(&self, millis: u64) -> bool {
        match self.newest {
            Some(newest) => newest.millis() <= millis,
            None => self.counted_from_ms + LATE_MS <= millis,
        }
    }
}

/// What a node hears.
#[derive(Clone, Debug)]
pub enum Signal {
    Event {
        publication: Publication,
        epoch: u64,
        /// The topic's count after this event: the one before it had one less.
        count: u64,
        /// When this node heard of it.
        heard: Instant,
    },
    /// A transient event.
    Whisper { topic: Topic, frame: Frame },
    /// The subscription that was asked for holds since this head.
    Subscribed { topic: Topic, head: Head },
    /// Events of this topic were lost.
    Gap { topic: Topic },
    /// Events of any topic may have been lost.
    GapEverywhere,
}

/// An attempt to send a message with a nonce.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub author: UserId,
    pub nonce: String,
    /// The id that the message gets if this is the first attempt.
    pub proposed: MessageId,
    /// Whether there may have been an attempt before. A retry makes no claim: another one that
    /// found it would take it for the first attempt's, and not wait for that.
    pub retry: bool,
    /// A limit of the author's.
    pub limit: (LimitKey, Limit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The limit is reached. Nothing was claimed or counted.
    Refused(Verdict),
    /// Go on with this id.
    Go { id: MessageId, claim: Claim },
}

/// What an attempt found when it claimed its nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// No claim; now there is one, with the id that it proposed.
    New,
    /// An earlier attempt's, whose id it goes on with.
    Found,
    /// No claim, and it made none: it is a retry, or the bus can't be reached. The id is the one that
    /// it proposed.
    None,
}

/// What is limited.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// Messages of a person in a room.
    Messages(UserId, Uuid),
    /// API requests of a person.
    Api(UserId),
    /// Long polls of a session.
    Polls(SessionId),
    /// Log-ins to an account, by the unique form of what was typed.
    LoginsTo(String),
    /// Log-ins and registrations from an address.
    LoginsFrom(IpAddr),
}

/// A device that is there, until the lease runs out.
#[derive(Clone, Debug)]
pub struct Lease {
    pub user: UserId,
    /// One for each connection, so that one device may reconnect before the old one is missed.
    pub device: Uuid,
    pub idle: bool,
    /// What the person chose; taken where the bus knows no choice of theirs.
    pub choice: PresenceChoice,
    /// From now, in milliseconds.
    pub lasts_ms: u64,
}

/// A presence that others have to be told. Each is given to one caller, who publishes it.
pub type Announcement = (UserId, PresenceStatus);

/// The bus.
///
/// **Order.** The events of a topic are heard by every subscribed node in the order of their
/// counts, each at most once. Between topics there is no order.
///
/// **Loss.** A node that is subscribed hears each event, or finds a hole in the counts, a
/// [`Signal::Gap`], or a head ([`Bus::heads`]) that is ahead of what it heard.
///
/// **Atomicity.** Each call is atomic by itself: of two at once, one comes after the other.
///
/// **Errors.** After [`BusError::Unavailable`] a call may have happened. Repeating a publication is
/// harmless (it is counted and heard twice); repeating an admission finds its own claim.
///
/// **Out of reach.** Limits and admissions go on, by what this node counts itself; interest in
/// topics is kept and taken up again, with a [`Signal::Subscribed`] for each topic and, where the
/// bus may have forgotten anything, with another epoch. Everything else fails, at once while it is
/// known to be away.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// The reference clock, in milliseconds since 1970. `None` until it was first heard. While the
    /// bus is away: this node's own clock, off by what it was off when they last agreed.
    fn now_ms(&self) -> Option<u64>;

    /// Whether it can be reached, as far as is known.
    fn is_reachable(&self) -> bool;

    /// The epoch that is counted in, as far as is known. Another one: leases, claims and counts may
    /// have been forgotten.
    fn epoch(&self) -> Option<u64>;

    // --- live events

    /// Gives what this node hears to `ear` from now on. Called once.
    fn listen(&self, ear: Box<dyn Ear>);

    /// Hears these topics from now on. The head of a topic whose subscription holds already when
    /// this returns; for the others a [`Signal::Subscribed`] follows. In the order of `topics`.
    async fn subscribe(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>>;

    /// Hears them no longer, soon.
    async fn unsubscribe(&self, topics: &[Topic]) -> BusResult<()>;

    /// Publishes in this order.
    async fn publish(&self, publications: Vec<Publication>) -> BusResult<()>;

    /// Publishes a message only where the claim on its nonce still stands with this id. `false`:
    /// it doesn't, and nothing was published.
    async fn publish_claimed(
        &self,
        publication: Publication,
        author: UserId,
        nonce: &str,
        id: MessageId,
    ) -> BusResult<bool>;

    /// Publishes a transient event: to whoever hears it now.
    async fn whisper(&self, topic: Topic, frame: Frame) -> BusResult<()>;

    /// The heads of these topics, in their order; `None` where the bus does not know.
    async fn heads(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>>;

    // --- claims and limits

    /// Checks the limit and claims the nonce, in one go. An attempt that finds a claim is not
    /// counted again. One that finds none is, even when the client repeats it: what was counted
    /// before left a claim, which stands for [`CLAIM_MS`], or was a retry itself. Where the bus is out of reach, the node's
    /// own count decides.
    async fn admit(&self, attempt: Attempt) -> BusResult<Admitted>;

    /// Asks for one more under this limit; counts it when it is allowed. Where the bus is out of
    /// reach, the node's own count decides.
    async fn limit(&self, key: LimitKey, limit: Limit) -> BusResult<Verdict>;

    // --- presence

    /// Begins or renews leases. A lease that lasts shorter than the one before it shortens it.
    async fn presence_lease(&self, leases: Vec<Lease>) -> BusResult<Vec<Announcement>>;

    /// What the person shows from now on.
    async fn presence_choose(
        &self,
        user: UserId,
        choice: PresenceChoice,
    ) -> BusResult<Vec<Announcement>>;

    /// Finds the leases that ran out.
    async fn presence_sweep(&self) -> BusResult<Vec<Announcement>>;

    /// In the order of `users`. `None`: not known yet, because the bus has only just started: ask
    /// again.
    async fn presence_of(&self, users: &[UserId]) -> BusResult<Vec<Option<PresenceStatus>>>;
}

/// Who hears a node's signals.
pub trait Ear: Send + Sync + 'static {
    /// Takes signals, in order. One call at a time, from any thread. It must not wait, and must not
    /// call the bus: a bus may hold locks meanwhile.
    fn hear(&self, signals: Vec<Signal>);
}

/// How long a claim on a nonce stands, in milliseconds. Later attempts are settled by the store.
pub const CLAIM_MS: u64 = 5 * 60 * 1000;
