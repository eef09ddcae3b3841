//! Reactions. Each person's stand in rows of their own; the message carries the summary, which is
//! brought up to date in the same transaction, so that reading a page never counts.

use std::collections::HashMap;

use super::changes;
use super::db::{Db, above, rows};
use super::messages;
use crate::domain::history::Bucket;
use crate::protocol::{Event, EventId, Message, MessageId, ReactionSummary, RoomId, Topic, UserId};
use crate::store::thing::Thing;
use crate::store::{
    MAX_EMOJIS, MovedMessage, REACTION_USERS, Reacted, Reaction, ReactionChange, StoreResult,
    by_emoji,
};

pub(super) fn react(db: &Db<'_>, change: &ReactionChange) -> StoreResult<Reacted> {
    let (room, id, user) = (change.room_id, change.message_id, change.user_id);
    let Some(mut message) = messages::by_id(db, room, id)?.filter(|message| !message.deleted)
    else {
        return Ok(Reacted::NoMessage);
    };
    let row = db.row(
        "SELECT is_on, version FROM reactions \
         WHERE room_id = ?1 AND user_id = ?2 AND message_id = ?3 AND emoji = ?4",
        (room, user, id, &change.emoji),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (was_on, changed): (bool, Option<EventId>) =
        row.map_or((false, None), |(on, version)| (on, Some(version)));
    if was_on == change.on || changed >= Some(change.version) {
        return Ok(Reacted::Already);
    }
    let known = message.reactions.iter().any(|summary| summary.emoji == change.emoji);
    if change.on && !known && message.reactions.len() >= MAX_EMOJIS {
        return Ok(Reacted::TooMany);
    }
    let version = above(change.version, message.reactions_version);
    let own = Reaction { user_id: user, emoji: change.emoji.clone(), version };
    write(db, room, id, &own, change.on)?;
    let reactions = summarise(db, room, &message, change)?;
    message.reactions.clone_from(&reactions);
    set_summary(db, room, id, &reactions, Some(version))?;
    changes::log(db, Topic::Room(room), version, Thing::Reaction(id, user))?;
    let (emojis, _) = by_person(db, room, id, user)?;
    let (room_id, message_id, user_id) = (room, id, user);
    let event = Event::Reaction { room_id, version, message_id, user_id, emojis, reactions };
    Ok(Reacted::Changed(event))
}

/// The message's summary after the change. Only the changed emoji is read again, and of each the
/// first row, for the order of their first use.
fn summarise(
    db: &Db<'_>,
    room: RoomId,
    message: &Message,
    change: &ReactionChange,
) -> StoreResult<Vec<ReactionSummary>> {
    let mut summaries = message.reactions.clone();
    let emoji = &change.emoji;
    let at = summaries.iter().position(|summary| summary.emoji == *emoji).unwrap_or_else(|| {
        summaries.push(ReactionSummary { emoji: emoji.clone(), count: 0, users: Vec::new() });
        summaries.len() - 1
    });
    let changed = &mut summaries[at];
    changed.count = if change.on { changed.count + 1 } else { changed.count.saturating_sub(1) };
    changed.users = db.rows(
        "SELECT user_id FROM reactions INDEXED BY reactions_by_message \
         WHERE room_id = ?1 AND message_id = ?2 AND is_on = 1 AND emoji = ?3 \
         ORDER BY version LIMIT ?4",
        (room, message.id, emoji, rows(REACTION_USERS)),
        |row| row.get(0),
    )?;
    summaries.retain(|summary| summary.count > 0);
    let mut first_use = HashMap::new();
    for summary in &summaries {
        let first: Option<EventId> = db.row(
            "SELECT version FROM reactions INDEXED BY reactions_by_message \
             WHERE room_id = ?1 AND message_id = ?2 AND is_on = 1 AND emoji = ?3 \
             ORDER BY version LIMIT 1",
            (room, message.id, &summary.emoji),
            |row| row.get(0),
        )?;
        first_use.insert(summary.emoji.clone(), first);
    }
    summaries.sort_by_key(|summary| first_use.get(&summary.emoji).copied());
    Ok(summaries)
}

/// One person's reactions to a message, the first one first, and the version of their last change;
/// `None` where there never was one.
pub(super) fn by_person(
    db: &Db<'_>,
    room: RoomId,
    message: MessageId,
    user: UserId,
) -> StoreResult<(Vec<String>, Option<EventId>)> {
    let all: Vec<(String, bool, EventId)> = db.rows(
        "SELECT emoji, is_on, version FROM reactions \
         WHERE room_id = ?1 AND user_id = ?2 AND message_id = ?3 ORDER BY version",
        (room, user, message),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let newest = all.last().map(|(_, _, version)| *version);
    Ok((all.into_iter().filter(|(_, on, _)| *on).map(|(emoji, ..)| emoji).collect(), newest))
}

pub(super) fn by_page(
    db: &Db<'_>,
    user: UserId,
    room: RoomId,
    messages: &[MessageId],
) -> StoreResult<Vec<(MessageId, Vec<String>)>> {
    let mut found = Vec::new();
    for id in messages {
        let (emojis, _) = by_person(db, room, *id, user)?;
        if !emojis.is_empty() {
            found.push((*id, emojis));
        }
    }
    Ok(found)
}

/// Everybody's reactions to a message, oldest first.
pub(super) fn all(db: &Db<'_>, room: RoomId, message: MessageId) -> StoreResult<Vec<Reaction>> {
    let mut all = db.rows(
        "SELECT user_id, emoji, version FROM reactions INDEXED BY reactions_by_message \
         WHERE room_id = ?1 AND message_id = ?2 AND is_on = 1",
        (room, message),
        |row| Ok(Reaction { user_id: row.get(0)?, emoji: row.get(1)?, version: row.get(2)? }),
    )?;
    all.sort_unstable_by_key(|reaction| reaction.version);
    Ok(all)
}

/// Writes the reactions to a message as another store had them, in place of those that are there.
pub(super) fn put(db: &Db<'_>, room: RoomId, moved: &MovedMessage) -> StoreResult<()> {
    let message = &moved.message;
    clear(db, room, message.id)?;
    for reaction in &moved.reactions {
        write(db, room, message.id, reaction, true)?;
        let thing = Thing::Reaction(message.id, reaction.user_id);
        changes::log(db, Topic::Room(room), reaction.version, thing)?;
    }
    let summary = |(emoji, people): (&str, Vec<(EventId, UserId)>)| ReactionSummary {
        emoji: emoji.to_owned(),
        count: people.len() as u32,
        users: people.into_iter().take(REACTION_USERS).map(|(_, user)| user).collect(),
    };
    let summaries: Vec<_> = by_emoji(&moved.reactions).into_iter().map(summary).collect();
    set_summary(db, room, message.id, &summaries, message.reactions_version)
}

fn write(
    db: &Db<'_>,
    room: RoomId,
    message: MessageId,
    reaction: &Reaction,
    is_on: bool,
) -> StoreResult<()> {
    let Reaction { user_id, emoji, version } = reaction;
    db.write(
        "INSERT INTO reactions (room_id, user_id, message_id, emoji, is_on, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room_id, user_id, message_id, emoji) \
         DO UPDATE SET is_on = excluded.is_on, version = excluded.version",
        (room, user_id, message, emoji, is_on, version),
    )
    .map(drop)
}

fn set_summary(
    db: &Db<'_>,
    room: RoomId,
    message: MessageId,
    summaries: &[ReactionSummary],
    version: Option<EventId>,
) -> StoreResult<()> {
    let json = if summaries.is_empty() { None } else { Some(messages::to_json(&summaries)?) };
    db.write(
        "UPDATE messages SET reactions = ?4, reactions_version = ?5 \
         WHERE room_id = ?1 AND bucket = ?2 AND message_id = ?3",
        (room, Bucket::of(message), message, json, version),
    )
    .map(drop)
}

/// Takes all reactions away, and what the log says of them: the message's own change tells it.
pub(super) fn clear(db: &Db<'_>, room: RoomId, message: MessageId) -> StoreResult<()> {
    let people: Vec<UserId> = db.rows(
        "SELECT DISTINCT user_id FROM reactions INDEXED BY reactions_by_message \
         WHERE room_id = ?1 AND message_id = ?2",
        (room, message),
        |row| row.get(0),
    )?;
    for user in people {
        db.write(
            "DELETE FROM reactions WHERE room_id = ?1 AND user_id = ?2 AND message_id = ?3",
            (room, user, message),
        )?;
        changes::forget(db, Topic::Room(room), Thing::Reaction(message, user))?;
    }
    Ok(())
}
