//! What changed in a topic: its log, and for a room also its new messages, which need no line there.
//!
//! A line says which thing changed, and is written before the change. What the thing is now is read
//! where it stands, so a line too many does no harm.

use std::collections::HashMap;

use uuid::Uuid;

use super::db::{Db, damaged, each, limit as rows, statements};
use super::sends::now;
use super::{members, messages, reactions, rooms};
use crate::domain::cursor::LOG_KEEPS_MS;
use crate::protocol::{Event, EventId, Membership, RoomId, Topic, UserId};
use crate::store::thing::Thing;
use crate::store::{Changes, StoreResult};

/// How much time one partition of the log holds: six hours.
const SLICE_MS: u64 = 6 * 3600 * 1000;

/// An id may be ahead of this machine's clock by so much.
const AHEAD_MS: u64 = 15 * 60_000;

/// Lines that are read at most for one answer. Who lacks more than so many changes loads afresh.
const MAX_LINES: usize = 10_000;

/// Partitions that are read at once.
const SLICES: usize = 8;

/// States that are read before it is known how many of them there are to tell.
const STATES: usize = 64;

statements! {
    lines: Read
        "SELECT change_id, thing, subject, person FROM changes \
         WHERE sort = ? AND topic = ? AND slice = ? AND change_id > ? LIMIT ?";
    log: Write
        "INSERT INTO changes (sort, topic, slice, change_id, thing, subject, person) \
         VALUES (?, ?, ?, ?, ?, ?, ?)";
}

fn columns(thing: Thing) -> (i8, Uuid, Uuid) {
    let (number, subject, person) = thing.parts();
    (number.cast_signed(), subject, person)
}

fn thing_of((number, subject, person): (i8, Uuid, Uuid)) -> StoreResult<Thing> {
    Thing::from_parts(number.cast_unsigned(), subject, person)
        .ok_or_else(|| damaged(format_args!("{number} is nothing that changes")))
}

/// The key of a topic: its sort, then its id. `None` where nothing durable is published.
pub(super) fn key(topic: Topic) -> Option<(i8, Uuid)> {
    match topic {
        Topic::Room(room) => Some((0, room.0)),
        Topic::User(user) => Some((1, user.0)),
        Topic::Presence(_) => None,
    }
}

/// The topic that a key stands for.
pub(super) fn topic_of(sort: i8, id: Uuid) -> StoreResult<Topic> {
    match sort {
        0 => Ok(Topic::Room(RoomId(id))),
        1 => Ok(Topic::User(UserId(id))),
        other => Err(damaged(format_args!("{other} is no sort of topic"))),
    }
}

fn slice(millis: u64) -> i32 {
    (millis / SLICE_MS) as i32
}

/// Writes down that a thing changes under this id.
pub(super) async fn log(db: &Db, topic: Topic, change: EventId, thing: Thing) -> StoreResult<()> {
    let Some((sort, id)) = key(topic) else { return Ok(()) };
    db.saw(change);
    let (number, subject, person) = columns(thing);
    let row = (sort, id, slice(change.millis()), change, number, subject, person);
    db.write(&db.changes.log, row).await
}

/// Logs the thing that an event tells of under another id.
pub(super) async fn log_event(
    db: &Db,
    topic: Topic,
    change: EventId,
    event: &Event,
) -> StoreResult<()> {
    let Some(thing) = Thing::of(topic, event) else { return Ok(()) };
    log(db, topic, change, thing).await
}

/// A part of a topic's log: each thing once, at its newest change, in the order of changes; and
/// whether there is more of it.
async fn lines(
    db: &Db,
    topic: Topic,
    since: EventId,
) -> StoreResult<(Vec<(EventId, Thing)>, bool)> {
    type Row = (EventId, i8, Uuid, Uuid);
    let Some((sort, id)) = key(topic) else { return Ok((Vec::new(), false)) };
    let now = now();
    let from = slice(since.millis().max(now.saturating_sub(LOG_KEEPS_MS)));
    let slices: Vec<i32> = (from..=slice(now + AHEAD_MS)).collect();
    let mut found: Vec<Row> = Vec::new();
    for some in slices.chunks(SLICES) {
        let read = |slice: i32| async move {
            let row = (sort, id, slice, since, rows(MAX_LINES + 1));
            db.rows::<Row>(&db.changes.lines, row).await
        };
        found.extend(each(some.iter().copied(), read).await?.into_iter().flatten());
        if found.len() > MAX_LINES {
            break;
        }
    }
    let more = found.len() > MAX_LINES;
    found.truncate(MAX_LINES);
    let mut newest = HashMap::new();
    for (change, number, subject, person) in found {
        newest.insert(thing_of((number, subject, person))?, change);
    }
    let mut lines: Vec<_> = newest.into_iter().map(|(thing, change)| (change, thing)).collect();
    lines.sort_unstable();
    Ok((lines, more))
}

pub(super) async fn since(
    db: &Db,
    topic: Topic,
    since: EventId,
    limit: usize,
) -> StoreResult<Changes> {
    // One more than asked for tells whether there is more.
    let wanted = limit.saturating_add(1);
    let (mut events, cut) = match topic {
        Topic::Room(room) => of_room(db, topic, room, since, wanted).await?,
        Topic::User(user) => of_person(db, topic, user, since, wanted).await?,
        Topic::Presence(_) => (Vec::new(), false),
    };
    let more = cut || events.len() > limit;
    events.truncate(limit);
    Ok(Changes { events, more })
}

type Events = (Vec<(EventId, Event)>, bool);

/// A state that is to be told, or where to read it.
enum Telling {
    Message(Box<crate::protocol::Message>),
    Thing(Thing),
}

async fn of_room(
    db: &Db,
    topic: Topic,
    room: RoomId,
    since: EventId,
    wanted: usize,
) -> StoreResult<Events> {
    // The log first: a message that changes in between is then told as it is, not left out.
    let (logged, cut) = lines(db, topic, since).await?;
    let end = logged.last().filter(|_| cut).map(|(change, _)| *change);
    let changed: HashMap<_, _> = logged.iter().map(|(change, thing)| (*thing, *change)).collect();
    let unchanged = logged
        .iter()
        .filter(|(_, thing)| matches!(thing, Thing::Message(id) if EventId::from(*id) > since))
        .count();
    let new = messages::since(db, room, since, wanted.saturating_add(unchanged)).await?;
    let mut tellings: Vec<(EventId, Telling)> =
        logged.into_iter().map(|(change, thing)| (change, Telling::Thing(thing))).collect();
    tellings.extend(
        new.into_iter()
            .filter(|message| !changed.contains_key(&Thing::Message(message.id)))
            .filter(|message| end.is_none_or(|end| EventId::from(message.id) <= end))
            .map(|message| (message.id.into(), Telling::Message(Box::new(message)))),
    );
    tellings.sort_by_key(|(change, _)| *change);
    let mut tellings = tellings.into_iter();
    let mut events = Vec::new();
    while events.len() < wanted {
        let some: Vec<_> = tellings.by_ref().take(STATES.min(wanted - events.len())).collect();
        if some.is_empty() {
            break;
        }
        let states = each(some, |(change, telling)| async move {
            let event = match telling {
                Telling::Message(message) => {
                    Some(Event::Message { room_id: room, message: *message })
                }
                Telling::Thing(thing) => state(db, room, thing).await?,
            };
            Ok(event.map(|event| (change, event)))
        });
        events.extend(states.await?.into_iter().flatten());
    }
    Ok((events, cut))
}

/// Where somebody is a member, they need the room as well; where they no longer are, it is none of
/// their business.
async fn of_person(
    db: &Db,
    topic: Topic,
    user: UserId,
    since: EventId,
    wanted: usize,
) -> StoreResult<Events> {
    let (logged, cut) = lines(db, topic, since).await?;
    let mut events = Vec::new();
    for some in logged.chunks(STATES) {
        if events.len() >= wanted {
            break;
        }
        let states = each(some.iter().copied(), |(change, thing)| async move {
            let Thing::Membership(room) = thing else { return Ok(Vec::new()) };
            let Some(member) = members::by_id(db, room, user).await? else { return Ok(Vec::new()) };
            let room = match member.state {
                Membership::Joined => rooms::by_id(db, room).await?,
                Membership::Left => None,
            };
            let room = room.map(|room| (change, Event::Room { room }));
            Ok(room.into_iter().chain([(change, Event::Member { member })]).collect())
        });
        events.extend(states.await?.into_iter().flatten());
    }
    events.truncate(wanted);
    Ok((events, cut))
}

/// A thing of a room as it is now.
async fn state(db: &Db, room: RoomId, thing: Thing) -> StoreResult<Option<Event>> {
    Ok(match thing {
        Thing::Message(id) => messages::find(db, room, id)
            .await?
            .map(|message| Event::Message { room_id: room, message }),
        Thing::Room => rooms::by_id(db, room).await?.map(|room| Event::Room { room }),
        Thing::Member(user) => {
            members::by_id(db, room, user).await?.map(|member| Event::Member { member })
        }
        Thing::Reaction(message_id, user_id) => {
            let message = messages::by_id(db, room, message_id).await?;
            let (emojis, version) = reactions::by_person(db, room, message_id, user_id).await?;
            // After the person's own, so that it is not older; the message's copy may be.
            let reactions = reactions::summary(db, room, message_id).await?;
            message.filter(|message| !message.deleted).and(version).map(|version| Event::Reaction {
                room_id: room,
                version,
                message_id,
                user_id,
                emojis,
                reactions,
            })
        }
        Thing::Membership(_) => None,
    })
}
