//! Reading what a topic's followers missed, as the frames that they would have been sent.
//!
//! After a restart a thousand clients ask for the same at once. So a read that has not begun yet is
//! shared by everyone who asks for it; one that has begun is not, because it may miss an event that
//! was published, and not heard by the asker, since.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{Store, StoreError, StoreResult};
use crate::protocol::{Control, Event, EventId, Frame, Membership, SessionId, Topic, UserId};

/// What a topic may have missed at most; beyond it clients load the room again.
pub const MAX_EVENTS: usize = 500;

/// Reads under way at once.
const CONCURRENT_READS: usize = 16;

/// One event of a topic, as it is told again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What it was published under.
    pub change: EventId,
    /// The version of the state.
    pub version: EventId,
    pub control: Option<Control>,
    pub frame: Frame,
}

#[derive(Debug, Default)]
pub struct Replay {
    /// Oldest first.
    pub events: Vec<Replayed>,
    /// Whether there was more than [`MAX_EVENTS`]; then `events` is empty.
    pub too_many: bool,
}

type Outcome = Result<Arc<Replay>, Arc<StoreError>>;
type Flight = Shared<BoxFuture<'static, Outcome>>;

#[derive(Clone)]
pub struct CatchUp(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    /// Reads that have not begun.
    waiting: Mutex<HashMap<(Topic, EventId), Flight>>,
    turns: Semaphore,
}

impl CatchUp {
    pub fn new(store: Arc<dyn Store>) -> Self {
        let turns = Semaphore::new(CONCURRENT_READS);
        Self(Arc::new(Inner { store, waiting: Mutex::default(), turns }))
    }

    /// What changed in `topic` above `since`, read after this call.
    pub async fn since(&self, topic: Topic, since: EventId) -> Outcome {
        let key = (topic, since);
        let flight = {
            let mut waiting = self.0.waiting.lock();
            if let Some(flight) = waiting.get(&key) {
                flight.clone()
            } else {
                let inner = self.0.clone();
                let flight = async move { inner.read(key).await }.boxed().shared();
                waiting.insert(key, flight.clone());
                // In a task of its own, so that it ends even when nobody waits for it any more.
                tokio::spawn(flight.clone());
                flight
            }
        };
        flight.await
    }
}

impl CatchUp {
    /// The sessions of a person that go on.
    pub async fn sessions(&self, user: UserId) -> StoreResult<Vec<SessionId>> {
        let sessions = self.0.store.sessions_of(user).await?;
        Ok(sessions.into_iter().map(|record| record.session.id).collect())
    }
}

impl Inner {
    async fn read(&self, key: (Topic, EventId)) -> Outcome {
        let _turn = self.turns.acquire().await;
        self.waiting.lock().remove(&key);
        let (topic, since) = key;
        let changes = self.store.changes(topic, since, MAX_EVENTS).await.map_err(Arc::new)?;
        if changes.more {
            return Ok(Arc::new(Replay { events: Vec::new(), too_many: true }));
        }
        let events = changes.events.iter().filter_map(|(change, event)| {
            Some(Replayed {
                change: *change,
                version: event.version()?,
                control: control(topic, event),
                frame: Frame::of(event),
            })
        });
        Ok(Arc::new(Replay { events: events.collect(), too_many: false }))
    }
}

/// What a node does beside handing the event on: a person's sockets follow the rooms that they are
/// in, and what it remembers of a room is kept true.
pub fn control(topic: Topic, event: &Event) -> Option<Control> {
    match (topic, event) {
        (Topic::User(user), Event::Member { member }) if member.user_id == user => {
            Some(match member.state {
                Membership::Joined => Control::Follow(member.room_id),
                Membership::Left => Control::Unfollow(member.room_id),
            })
        }
        (Topic::User(_), Event::Sessions { .. }) => Some(Control::Sessions),
        (Topic::Room(_), Event::Room { .. }) => Some(Control::Room),
        (Topic::Room(_), Event::Member { member }) => Some(Control::Member(member.user_id)),
        _ => None,
    }
}
