//! Bringing a connection up to date: it follows everything of its person's, is told what it missed
//! since its cursor, and then what happened meanwhile.

use futures_util::StreamExt;
use futures_util::stream;

use crate::hub::Seat;
use crate::observe;
use crate::protocol::codes::ErrorCode;
use crate::protocol::server::ServerFrame;
use crate::protocol::{EventId, Frame, Topic};
use crate::service::{Answered, Arrival, Caller, Claims, Refusal, Replayed, Service, Start};

/// Topics that are read ahead while the client takes what came before.
const READ_AHEAD: usize = 4;

/// How often live events may overflow while what was missed is told. After that the client tries
/// again later.
const ROUNDS: usize = 8;

/// Whoever is told what it missed.
pub trait Listener {
    /// Takes one event, when it has room for it.
    async fn tell(&mut self, event: &Replayed) -> Answered<()>;

    /// Takes a frame that is no event.
    async fn tell_frame(&mut self, frame: Frame) -> Answered<()>;

    /// Lets live events through from now on. `false`: some were lost meanwhile.
    fn release(&mut self) -> bool;
}

/// A connection that follows everything of its person's.
pub struct Following {
    pub caller: Caller,
    pub arrival: Arrival,
    topics: Vec<Topic>,
    /// Whether everything published from now on will come.
    confirmed: bool,
}

/// Follows the person's own topic first, and then what they are in: whatever they come into after
/// that is told on their own topic.
pub async fn follow(service: &Service, seat: &Seat, claims: &Claims) -> Answered<Following> {
    let own = Topic::User(claims.sub);
    let mut confirmed = seat.follow(vec![own]).await;
    let (caller, arrival) = service.arrive(claims).await?;
    let rooms: Vec<_> = arrival.rooms.iter().map(|room| Topic::Room(*room)).collect();
    confirmed &= seat.follow(rooms.clone()).await;
    let topics = std::iter::once(own).chain(rooms).collect();
    Ok(Following { caller, arrival, topics, confirmed })
}

/// Tells what was missed, then lets live events through. What the connection's cursor stands for
/// then, in milliseconds since 1970.
pub async fn catch_up(
    service: &Service,
    following: &Following,
    start: &Start,
    listener: &mut impl Listener,
) -> Answered<u64> {
    let (mut reached, mut since) = match start {
        Start::From(cursor) => (cursor.millis, Some(cursor.millis)),
        Start::Fresh | Start::Afresh => (service.cursor_now_ms()?, None),
    };
    for _ in 0..ROUNDS {
        let began = service.cursor_now_ms()?;
        if let Some(since) = since {
            tell_missed(service, following, since, listener).await?;
        }
        if following.confirmed {
            reached = reached.max(began);
        }
        if listener.release() {
            return Ok(reached);
        }
        since = Some(began);
    }
    Err(Refusal::of(ErrorCode::Overloaded))
}

async fn tell_missed(
    service: &Service,
    following: &Following,
    since_ms: u64,
    listener: &mut impl Listener,
) -> Answered<()> {
    let changed = service.maybe_changed(following.topics.clone(), since_ms).await;
    let since = EventId::floor(since_ms + 1);
    let mut replays = stream::iter(changed)
        .map(|topic| async move { (topic, service.missed(topic, since).await) })
        .buffered(READ_AHEAD);
    while let Some((topic, replay)) = replays.next().await {
        let replay = replay?;
        if replay.too_many {
            let room_id = match topic {
                Topic::Room(room) => Some(room),
                Topic::User(_) | Topic::Presence(_) => None,
            };
            listener.tell_frame(Frame::of(&ServerFrame::Reload { room_id })).await?;
        }
        for event in &replay.events {
            listener.tell(event).await?;
        }
        observe::REPLAYS.add("", replay.events.len() as u64);
    }
    Ok(())
}
