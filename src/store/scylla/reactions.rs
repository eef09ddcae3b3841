//! Reactions. A message's stand in one partition with their summary and its version, and each change
//! is one transaction on it; the message carries a copy of the summary, so that a page of history
//! reads no reactions.

use futures_util::try_join;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::changes;
use super::db::{Db, Decided, each, statements};
use super::locks::Attempts;
use super::messages;
use super::values::{above, from_json, given, to_json};
use crate::protocol::{Event, EventId, MessageId, ReactionSummary, RoomId, Topic, UserId};
use crate::store::thing::Thing;
use crate::store::{
    MAX_EMOJIS, MovedMessage, REACTION_USERS, Reacted, Reaction, ReactionChange, StoreResult,
    by_emoji,
};

statements! {
    head: Read
        "SELECT version, summary, closed FROM reactions WHERE room_id = ? AND message_id = ? LIMIT 1";
    of_user: Read
        "SELECT emoji, is_on, changed, closed FROM reactions \
         WHERE room_id = ? AND message_id = ? AND user_id = ?";
    all: Read
        "SELECT user_id, emoji, is_on, changed FROM reactions WHERE room_id = ? AND message_id = ?";
    change: Decision
        "BEGIN BATCH \
         UPDATE reactions SET version = ?, summary = ? WHERE room_id = ? AND message_id = ? \
         IF version = ?; \
         UPDATE reactions SET is_on = ?, changed = ? \
         WHERE room_id = ? AND message_id = ? AND user_id = ? AND emoji = ?; \
         APPLY BATCH";
    close: Decision
        "UPDATE reactions SET version = ?, summary = null, closed = true \
         WHERE room_id = ? AND message_id = ? IF version = ?";
    put: Write
        "UPDATE reactions SET is_on = ?, changed = ? \
         WHERE room_id = ? AND message_id = ? AND user_id = ? AND emoji = ?";
    put_at: Write
        "UPDATE reactions USING TIMESTAMP ? SET is_on = ?, changed = ? \
         WHERE room_id = ? AND message_id = ? AND user_id = ? AND emoji = ?";
    put_head_at: Write
        "UPDATE reactions USING TIMESTAMP ? SET version = ?, summary = ?, closed = ? \
         WHERE room_id = ? AND message_id = ?";
    put_head: Decision
        "UPDATE reactions SET version = ?, summary = ?, closed = ? \
         WHERE room_id = ? AND message_id = ? IF version = ?";
    clear: Write "DELETE FROM reactions WHERE room_id = ? AND message_id = ? AND user_id >= ?";
}

/// One emoji in the summary: how many have it on, and who was first, with what version.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tally {
    emoji: String,
    count: u32,
    first: Vec<(EventId, UserId)>,
}

/// What stands once for all reactions to a message.
#[derive(Default)]
struct Head {
    version: Option<EventId>,
    summary: Vec<Tally>,
    closed: bool,
}

/// Somebody's reaction: who, the emoji, whether it is on, when that changed.
type Row = (Option<UserId>, Option<String>, Option<bool>, Option<EventId>);
type HeadRow = (Option<EventId>, Option<String>, Option<bool>);

impl Head {
    fn of(row: Option<HeadRow>) -> StoreResult<Self> {
        let Some((version, summary, closed)) = row else { return Ok(Self::default()) };
        let summary = summary.as_deref().map(from_json).transpose()?.unwrap_or_default();
        Ok(Self { version, summary, closed: closed == Some(true) })
    }

    fn told(&self) -> Vec<ReactionSummary> {
        let told = |tally: &Tally| ReactionSummary {
            emoji: tally.emoji.clone(),
            count: tally.count,
            users: tally.first.iter().map(|(_, user)| *user).collect(),
        };
        self.summary.iter().map(told).collect()
    }
}

/// One of somebody's reactions: the emoji, whether it is on, when that changed.
struct Own {
    emoji: String,
    is_on: bool,
    changed: EventId,
}

async fn own(db: &Db, room: RoomId, id: MessageId, user: UserId) -> StoreResult<Vec<Own>> {
    type Row = (Option<String>, Option<bool>, Option<EventId>, Option<bool>);
    let rows: Vec<Row> = db.rows(&db.reactions.of_user, (room, id, user)).await?;
    let own = rows.into_iter().filter_map(|(emoji, is_on, changed, closed)| {
        let is_on = is_on.filter(|_| closed != Some(true))?;
        Some(Own { emoji: emoji?, is_on, changed: changed? })
    });
    Ok(own.collect())
}

fn emojis(mut own: Vec<Own>) -> Vec<String> {
    own.retain(|own| own.is_on);
    own.sort_by_key(|own| own.changed);
    own.into_iter().map(|own| own.emoji).collect()
}

/// One person's reactions to a message, the first one first, and the version of their last change;
/// `None` where there never was one.
pub(super) async fn by_person(
    db: &Db,
    room: RoomId,
    message: MessageId,
    user: UserId,
) -> StoreResult<(Vec<String>, Option<EventId>)> {
    let own = own(db, room, message, user).await?;
    let newest = own.iter().map(|own| own.changed).max();
    Ok((emojis(own), newest))
}

/// All reactions to a message.
pub(super) async fn summary(
    db: &Db,
    room: RoomId,
    message: MessageId,
) -> StoreResult<Vec<ReactionSummary>> {
    Ok(Head::of(db.row(&db.reactions.head, (room, message)).await?)?.told())
}

pub(super) async fn by_page(
    db: &Db,
    user: UserId,
    room: RoomId,
    messages: &[MessageId],
) -> StoreResult<Vec<(MessageId, Vec<String>)>> {
    let mut found = each(messages.iter().copied(), |id| async move {
        Ok((id, by_person(db, room, id, user).await?.0))
    })
    .await?;
    found.retain(|(_, emojis)| !emojis.is_empty());
    Ok(found)
}

pub(super) async fn react(db: &Db, change: &ReactionChange) -> StoreResult<Reacted> {
    let (room, id, user) = (change.room_id, change.message_id, change.user_id);
    let _turn = db.locks.hold(("message", room, id)).await;
    let mut attempts = Attempts::new();
    let mut tried = None;
    loop {
        attempts.next().await?;
        let doubted = attempts.doubted();
        let read_head = async {
            Head::of(if doubted {
                db.row_decided(&db.reactions.head, (room, id)).await?
            } else {
                db.row(&db.reactions.head, (room, id)).await?
            })
        };
        let (message, mut head) = try_join!(messages::by_id(db, room, id), read_head)?;
        // After the head: what it says is there by then.
        let mut own = own(db, room, id, user).await?;
        if head.closed || message.is_none_or(|message| message.deleted) {
            return Ok(Reacted::NoMessage);
        }
        // An attempt without an answer succeeded.
        if let Some(version) = tried.take().filter(|tried| head.version == Some(*tried)) {
            return told(db, change, version, &head, own).await;
        }
        let at = own.iter().position(|own| own.emoji == change.emoji);
        let (was_on, changed) =
            at.map_or((false, None), |at| (own[at].is_on, Some(own[at].changed)));
        if was_on == change.on || changed >= Some(change.version) {
            // Whoever changed it may have died before it stood in the message too.
            if let Some(version) = head.version {
                messages::copy_reactions(db, room, id, version, &head.told()).await?;
            }
            return attempts.failure().map_or(Ok(Reacted::Already), Err);
        }
        let known = head.summary.iter().any(|tally| tally.emoji == change.emoji);
        if change.on && !known && head.summary.len() >= MAX_EMOJIS {
            return Ok(Reacted::TooMany);
        }
        let version = above(change.version, head.version);
        let from = head.version.replace(version);
        summarise(db, &mut head.summary, change, version).await?;
        let new = Own { emoji: change.emoji.clone(), is_on: change.on, changed: version };
        match at {
            Some(at) => own[at] = new,
            None => own.push(new),
        }
        changes::log(db, Topic::Room(room), version, Thing::Reaction(id, user)).await?;
        let row = (
            version,
            to_json(&head.summary)?,
            room,
            id,
            from,
            change.on,
            version,
            room,
            id,
            user,
            &change.emoji,
        );
        match db.decide(&db.reactions.change, row).await? {
            Decided::Yes => return told(db, change, version, &head, own).await,
            Decided::No(_) => {}
            Decided::Unsure(error) => {
                attempts.failed(error);
                tried = Some(version);
            }
        }
    }
}

/// Copies the new summary to the message, and says what changed.
async fn told(
    db: &Db,
    change: &ReactionChange,
    version: EventId,
    head: &Head,
    own: Vec<Own>,
) -> StoreResult<Reacted> {
    let (room_id, message_id, user_id) = (change.room_id, change.message_id, change.user_id);
    let reactions = head.told();
    messages::copy_reactions(db, room_id, message_id, version, &reactions).await?;
    let emojis = emojis(own);
    let event = Event::Reaction { room_id, version, message_id, user_id, emojis, reactions };
    Ok(Reacted::Changed(event))
}

/// Brings the summary up to date. Only where one of the first people goes is anything read: who is
/// next.
async fn summarise(
    db: &Db,
    summary: &mut Vec<Tally>,
    change: &ReactionChange,
    version: EventId,
) -> StoreResult<()> {
    let at = summary.iter().position(|tally| tally.emoji == change.emoji);
    let at = at.unwrap_or_else(|| {
        summary.push(Tally { emoji: change.emoji.clone(), count: 0, first: Vec::new() });
        summary.len() - 1
    });
    let tally = &mut summary[at];
    if change.on {
        tally.count += 1;
        // Its version is above all others.
        if tally.first.len() < REACTION_USERS {
            tally.first.push((version, change.user_id));
        }
    } else {
        tally.count = tally.count.saturating_sub(1);
        let named = tally.first.len();
        tally.first.retain(|(_, user)| *user != change.user_id);
        if tally.first.len() < named && tally.count as usize >= named {
            tally.first = first(db, change).await?;
        }
    }
    summary.retain(|tally| tally.count > 0);
    summary.sort_by_key(|tally| tally.first.first().copied());
    Ok(())
}

/// Who was first with the emoji, but for the person who takes it back.
async fn first(db: &Db, change: &ReactionChange) -> StoreResult<Vec<(EventId, UserId)>> {
    let place = (change.room_id, change.message_id);
    let all: Vec<Row> = db.rows(&db.reactions.all, place).await?;
    let mut first: Vec<_> = all
        .into_iter()
        .filter(|(_, emoji, is_on, _)| {
            *is_on == Some(true) && emoji.as_ref() == Some(&change.emoji)
        })
        .filter_map(|(user, _, _, changed)| changed.zip(user))
        .filter(|(_, user)| *user != change.user_id)
        .collect();
    first.sort_unstable();
    first.truncate(REACTION_USERS);
    Ok(first)
}

/// Everybody's reactions to each of these messages, oldest first.
pub(super) async fn all(
    db: &Db,
    room: RoomId,
    messages: &[MessageId],
) -> StoreResult<Vec<(MessageId, Vec<Reaction>)>> {
    let mut all = each(messages.iter().copied(), |id| async move {
        let rows: Vec<Row> = db.rows(&db.reactions.all, (room, id)).await?;
        let reactions = rows.into_iter().filter_map(|(user, emoji, is_on, changed)| {
            let is_on = is_on == Some(true);
            is_on.then_some(Reaction { user_id: user?, emoji: emoji?, version: changed? })
        });
        let mut reactions: Vec<_> = reactions.collect();
        reactions.sort_unstable_by_key(|reaction| reaction.version);
        Ok((id, reactions))
    })
    .await?;
    all.retain(|(_, reactions)| !reactions.is_empty());
    Ok(all)
}

/// Writes the reactions to a message as another store had them, where none as new stand there.
pub(super) async fn put_moved(db: &Db, room: RoomId, moved: &MovedMessage) -> StoreResult<()> {
    let (message, id) = (&moved.message, moved.message.id);
    let Some(version) = message.reactions_version else { return Ok(()) };
    let _turn = db.locks.hold(("message", room, id)).await;
    let tally = |(emoji, people): (&str, Vec<(EventId, UserId)>)| Tally {
        emoji: emoji.to_owned(),
        count: people.len() as u32,
        first: people.into_iter().take(REACTION_USERS).collect(),
    };
    let summary: Vec<_> = by_emoji(&moved.reactions).into_iter().map(tally).collect();
    let new = Head { version: Some(version), summary, closed: message.deleted };
    each(&moved.reactions, |Reaction { user_id, version, .. }| async move {
        let thing = Thing::Reaction(id, *user_id);
        changes::log(db, Topic::Room(room), *version, thing).await
    })
    .await?;
    if Head::of(db.row(&db.reactions.head, (room, id)).await?)?.version.is_none() {
        // Nobody has reacted here: these are plain writes with the states' own times, which lose
        // against whatever is decided later.
        each(&moved.reactions, |Reaction { user_id, emoji, version }| async move {
            let at = version.millis() as i64;
            db.write(&db.reactions.put_at, (at, true, version, room, id, user_id, emoji)).await
        })
        .await?;
        let closed = given(new.closed.then_some(true));
        let at = version.millis() as i64;
        let row = (at, version, to_json(&new.summary)?, closed, room, id);
        db.write(&db.reactions.put_head_at, row).await?;
        return messages::copy_reactions(db, room, id, version, &new.told()).await;
    }
    let mut attempts = Attempts::new();
    loop {
        attempts.next().await?;
        let head = Head::of(db.row_decided(&db.reactions.head, (room, id)).await?)?;
        if head.version > new.version || (head.closed && !new.closed) {
            return Ok(());
        }
        if head.version == new.version {
            break;
        }
        // First who reacted, then what is said of them all: who dies between writes all of it again.
        let there: Vec<Row> = db.rows(&db.reactions.all, (room, id)).await?;
        let on = there.into_iter().filter(|(_, _, is_on, _)| *is_on == Some(true));
        let on = on.filter_map(|(user, emoji, ..)| Some((user?, emoji?)));
        let gone = on.filter(|(user, emoji)| {
            !moved.reactions.iter().any(|one| one.user_id == *user && one.emoji == *emoji)
        });
        each(gone, |(user, emoji)| async move {
            db.write(&db.reactions.put, (false, version, room, id, user, emoji)).await
        })
        .await?;
        each(&moved.reactions, |Reaction { user_id, emoji, version }| async move {
            db.write(&db.reactions.put, (true, version, room, id, user_id, emoji)).await
        })
        .await?;
        let closed = given(new.closed.then_some(true));
        let row = (version, to_json(&new.summary)?, closed, room, id, head.version);
        match db.decide(&db.reactions.put_head, row).await? {
            Decided::Yes => break,
            Decided::No(_) => {}
            Decided::Unsure(error) => attempts.failed(error),
        }
    }
    messages::copy_reactions(db, room, id, version, &new.told()).await
}

/// Ends reactions to a message that is deleted, under the version that `choose` makes of the newest
/// one. That version, and whether there ever was a reaction.
pub(super) async fn close(
    db: &Db,
    room: RoomId,
    id: MessageId,
    choose: impl Fn(Option<EventId>) -> EventId,
) -> StoreResult<(EventId, bool)> {
    let mut attempts = Attempts::new();
    loop {
        attempts.next().await?;
        let head = Head::of(if attempts.doubted() {
            db.row_decided(&db.reactions.head, (room, id)).await?
        } else {
            db.row(&db.reactions.head, (room, id)).await?
        })?;
        let version = choose(head.version);
        changes::log(db, Topic::Room(room), version, Thing::Message(id)).await?;
        // A deletion that died here closed them, and told nobody of its version.
        if head.closed {
            return Ok((version, true));
        }
        match db.decide(&db.reactions.close, (version, room, id, head.version)).await? {
            Decided::Yes => {
                if head.version.is_some() {
                    db.write(&db.reactions.clear, (room, id, Uuid::nil())).await?;
                }
                return Ok((version, head.version.is_some()));
            }
            Decided::No(_) => {}
            Decided::Unsure(error) => attempts.failed(error),
        }
    }
}
