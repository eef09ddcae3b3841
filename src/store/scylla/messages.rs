//! Messages and their history.

use std::collections::HashMap;

use futures_util::try_join;
use scylla::DeserializeRow;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::changes;
use super::db::{Db, Decided, each, limit as rows, statements};
use super::locks::Attempts;
use super::values::{Big, above, from_json, given, to_json};
use super::{reactions, sends};
use crate::domain::history::{self, Bucket, Range, Walk};
use crate::domain::rules::Rule;
use crate::protocol::{
    EventId, Message, MessageId, MessageKind, ReactionSummary, RoomId, SystemEvent, Topic, UserId,
};
use crate::store::thing::Thing;
use crate::store::{
    MessageChange, MessageChangeKind, MovedMessage, NewMessage, StoreResult, Tail, Written,
};

/// Rows that are looked at for what is unread, beyond the cap.
const OWN_ROWS: usize = 1_000;

/// Rows of one such look.
const LOOK: usize = 200;

/// How often a page is read again because some of it was nobody's message.
const AGAIN: usize = 3;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT message_id, author_id, kind, text, system, nonce, reply_to, sent_at, \
             edited_at, deleted, version, reactions FROM messages WHERE room_id = ? AND bucket = ?",
            $rest
        )
    };
}

statements! {
    by_id: Read select!(" AND message_id = ?");
    newest: Read select!(" AND message_id > ? AND message_id < ? LIMIT ?");
    oldest: Read
        select!(" AND message_id > ? AND message_id < ? ORDER BY message_id ASC LIMIT ?");
    authors: Read
        "SELECT message_id, author_id, kind, deleted FROM messages \
         WHERE room_id = ? AND bucket = ? AND message_id > ? AND message_id < ? LIMIT ?";
    insert: Write
        "INSERT INTO messages (room_id, bucket, message_id, author_id, kind, text, system, nonce, \
         reply_to, sent_at, edited_at, deleted, version) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    update: Decision
        "UPDATE messages SET text = ?, edited_at = ?, deleted = ?, version = ?, reactions = ? \
         WHERE room_id = ? AND bucket = ? AND message_id = ? IF version = ?";
    react: Write
        "UPDATE messages USING TIMESTAMP ? SET reactions = ? \
         WHERE room_id = ? AND bucket = ? AND message_id = ?";
    /// With the moment of the write, which is above that of any attempt.
    remove: Write "DELETE FROM messages WHERE room_id = ? AND bucket = ? AND message_id = ?";

    buckets: Read "SELECT bucket FROM room_buckets WHERE room_id = ?";
    add_bucket: Write "INSERT INTO room_buckets (room_id, bucket) VALUES (?, ?)";
}

#[derive(DeserializeRow)]
struct Row {
    message_id: MessageId,
    author_id: Option<UserId>,
    kind: Option<MessageKind>,
    text: Option<String>,
    system: Option<String>,
    nonce: Option<String>,
    reply_to: Option<MessageId>,
    sent_at: Option<Big>,
    edited_at: Option<Big>,
    deleted: Option<bool>,
    version: Option<EventId>,
    reactions: Option<String>,
}

/// The copy of the reactions' summary. The version stands first: of two with one timestamp the higher
/// value wins.
#[derive(Serialize, Deserialize)]
struct Reactions {
    version: EventId,
    summary: Vec<ReactionSummary>,
}

impl Row {
    /// `None`: a late write after the row was removed.
    fn message(self) -> StoreResult<Option<Message>> {
        let (Some(author_id), Some(kind), Some(sent_at), Some(version)) =
            (self.author_id, self.kind, self.sent_at, self.version)
        else {
            return Ok(None);
        };
        let reactions: Option<Reactions> = self.reactions.as_deref().map(from_json).transpose()?;
        let system: Option<SystemEvent> = self.system.as_deref().map(from_json).transpose()?;
        let deleted = self.deleted.unwrap_or(false);
        Ok(Some(Message {
            id: self.message_id,
            author_id,
            kind,
            text: self.text.unwrap_or_default(),
            system,
            nonce: self.nonce.unwrap_or_default(),
            reply_to: self.reply_to,
            sent_at: sent_at.0,
            edited_at: self.edited_at.map(|at| at.0),
            deleted,
            reactions_version: reactions.as_ref().map(|reactions| reactions.version),
            reactions: reactions.map(|reactions| reactions.summary).unwrap_or_default(),
            version,
        }))
    }
}

pub(super) async fn write(db: &Db, new: &NewMessage) -> StoreResult<Written> {
    let (room, message) = (new.room_id, &new.message);
    if message.nonce.is_empty() {
        put(db, room, message).await?;
        return Ok(Written::New);
    }
    // Attempts at one nonce that this process makes at the same time need not meet in the cluster.
    let _turn = db.locks.hold(("send", message.author_id, &message.nonce)).await;
    if new.first {
        let (put, note) = (put(db, room, message), sends::note(db, room, message));
        let ((), (), known) = try_join!(put, note, sends::winner(db, message))?;
        let other = known.filter(|known| *known != (room, message.id) && Rule::Look.holds());
        if other.is_none() {
            return Ok(Written::New);
        }
        // There was an attempt before, whatever is said of this one.
    }
    let ((room_id, message_id), decided) = sends::decide(db, room, message).await?;
    if (room_id, message_id) == (room, message.id) {
        put(db, room, message).await?;
        let already = Written::Already { room_id, message_id };
        return Ok(if decided { Written::New } else { already });
    }
    if by_id(db, room, message.id).await?.is_some() {
        remove(db, room, message.id).await?;
    }
    // The winner may have died between its two rows.
    if room_id == room && by_id(db, room, message_id).await?.is_none() {
        let sent_at = message_id.millis();
        let winner =
            Message { id: message_id, version: message_id.into(), sent_at, ..message.clone() };
        put(db, room, &winner).await?;
    }
    Ok(Written::Already { room_id, message_id })
}

/// Writes the row of a new message, however often, and what makes it found.
pub(super) async fn put(db: &Db, room: RoomId, message: &Message) -> StoreResult<()> {
    db.saw(message.version);
    let bucket = Bucket::of(message.id);
    let row = (
        room,
        bucket,
        message.id,
        message.author_id,
        message.kind,
        &message.text,
        given(message.system.as_ref().map(to_json).transpose()?),
        &message.nonce,
        given(message.reply_to),
        Big(message.sent_at),
        given(message.edited_at.map(Big)),
        message.deleted,
        message.version,
        message.id.millis() as i64,
    );
    if db.knows(room, bucket) {
        return db.write(&db.messages.insert, row).await;
    }
    try_join!(
        db.write(&db.messages.insert, row),
        db.write(&db.messages.add_bucket, (room, bucket)),
    )?;
    db.learn(room, bucket);
    Ok(())
}

/// Writes a message as another store had it.
pub(super) async fn put_moved(db: &Db, room: RoomId, moved: &MovedMessage) -> StoreResult<()> {
    let message = &moved.message;
    if message.version == message.id.into() {
        // Nothing older can stand there, and whatever is newer wins against this one's time.
        put(db, room, message).await?;
    } else {
        changes::log(db, Topic::Room(room), message.version, Thing::Message(message.id)).await?;
        match by_id(db, room, message.id).await? {
            None => put(db, room, message).await?,
            Some(there) if there.version >= message.version => {}
            Some(_) => replace_older(db, room, message).await?,
        }
    }
    if moved.note_nonce && !message.nonce.is_empty() {
        sends::note(db, room, message).await?;
    }
    reactions::put_moved(db, room, moved).await
}

/// Brings a message up to this state, unless there is one as new.
async fn replace_older(db: &Db, room: RoomId, message: &Message) -> StoreResult<()> {
    let id = message.id;
    // Transactions on one partition wait for each other: those of a room's messages come one by one.
    let _turn = db.locks.hold(("moved", room)).await;
    let mut attempts = Attempts::new();
    loop {
        attempts.next().await?;
        let row = db.row_decided::<Row>(&db.messages.by_id, (room, Bucket::of(id), id)).await?;
        let there = row.map(Row::message).transpose()?.flatten();
        let Some(there) = there.filter(|there| there.version < message.version) else {
            return Ok(());
        };
        let row = (
            &message.text,
            given(message.edited_at.map(Big)),
            message.deleted,
            message.version,
            given(None::<String>),
            room,
            Bucket::of(id),
            id,
            there.version,
        );
        match db.decide(&db.messages.update, row).await? {
            Decided::Yes => return Ok(()),
            Decided::No(_) => {}
            Decided::Unsure(error) => attempts.failed(error),
        }
    }
}

async fn remove(db: &Db, room: RoomId, id: MessageId) -> StoreResult<()> {
    db.write(&db.messages.remove, (room, Bucket::of(id), id)).await
}

/// The row of an id, whether its nonce went to another attempt or not.
pub(super) async fn by_id(db: &Db, room: RoomId, id: MessageId) -> StoreResult<Option<Message>> {
    let row: Option<Row> = db.row(&db.messages.by_id, (room, Bucket::of(id), id)).await?;
    Ok(row.map(Row::message).transpose()?.flatten())
}

pub(super) async fn find(db: &Db, room: RoomId, id: MessageId) -> StoreResult<Option<Message>> {
    let Some(message) = by_id(db, room, id).await? else { return Ok(None) };
    if is_orphan(db, room, &message).await? {
        remove(db, room, id).await?;
        return Ok(None);
    }
    Ok(Some(message))
}

/// Whether an attempt that died left it behind: its nonce belongs to another message.
async fn is_orphan(db: &Db, room: RoomId, message: &Message) -> StoreResult<bool> {
    if !sends::is_kept(message) {
        return Ok(false);
    }
    let winner = sends::winner(db, message).await?;
    Ok(winner.is_some_and(|winner| winner != (room, message.id)))
}

/// Of messages that were read together: those of an author and nonce that occur twice are looked up,
/// and the ones that lost are removed. How many are left out.
pub(super) async fn settle(
    db: &Db,
    room: RoomId,
    messages: &mut Vec<Message>,
) -> StoreResult<usize> {
    let mut seen: HashMap<(UserId, &str), usize> = HashMap::new();
    for message in messages.iter().filter(|message| !message.nonce.is_empty()) {
        *seen.entry((message.author_id, &message.nonce)).or_default() += 1;
    }
    let is_doubled = |message: &&Message| {
        seen.get(&(message.author_id, message.nonce.as_str())).is_some_and(|times| *times > 1)
    };
    let doubled: Vec<Message> = messages.iter().filter(is_doubled).cloned().collect();
    let orphans = each(doubled, |message| async move {
        if is_orphan(db, room, &message).await? {
            remove(db, room, message.id).await?;
            return Ok(Some(message.id));
        }
        Ok(None)
    });
    let orphans: Vec<_> = orphans.await?.into_iter().flatten().collect();
    messages.retain(|message| !orphans.contains(&message.id));
    Ok(orphans.len())
}

/// One read of the plan. Rows that are nobody's message go, and others take their place.
async fn part(db: &Db, room: RoomId, read: history::Read) -> StoreResult<Vec<Message>> {
    let statement = if read.newest_first { &db.messages.newest } else { &db.messages.oldest };
    let above = read.above.unwrap_or(MessageId::NIL);
    let below = read.below.unwrap_or(MessageId(Uuid::max()));
    for again in 0.. {
        let row = (room, read.bucket, above, below, rows(read.limit));
        let found: Vec<Row> = db.rows(statement, row).await?;
        let count = found.len();
        let mut messages = Vec::with_capacity(count);
        for row in found {
            let id = row.message_id;
            match row.message()? {
                Some(message) => messages.push(message),
                None => remove(db, room, id).await?,
            }
        }
        settle(db, room, &mut messages).await?;
        if messages.len() == count || count < read.limit || again == AGAIN {
            return Ok(messages);
        }
    }
    Ok(Vec::new())
}

async fn buckets(db: &Db, room: RoomId) -> StoreResult<Vec<Bucket>> {
    let buckets: Vec<(Bucket,)> = db.rows(&db.messages.buckets, (room,)).await?;
    Ok(buckets.into_iter().map(|(bucket,)| bucket).collect())
}

pub(super) async fn history(
    db: &Db,
    room: RoomId,
    range: Range,
    limit: usize,
) -> StoreResult<Vec<Message>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let buckets = buckets(db, room).await?;
    walk(db, room, Walk::new(range, limit, buckets)).await
}

async fn walk(db: &Db, room: RoomId, mut walk: Walk) -> StoreResult<Vec<Message>> {
    let mut page = Vec::new();
    while let Some(read) = walk.next_read() {
        let found = part(db, room, read).await?;
        walk.found(found.len());
        page.extend(found);
    }
    // The two may stand in two buckets.
    settle(db, room, &mut page).await?;
    Ok(walk.oldest_first(page))
}

pub(super) async fn change(db: &Db, change: MessageChange) -> StoreResult<Option<Message>> {
    let (room, id) = (change.room_id, change.message_id);
    let _turn = db.locks.hold(("message", room, id)).await;
    let mut attempts = Attempts::new();
    let mut tried: Option<Message> = None;
    loop {
        attempts.next().await?;
        let current = if attempts.doubted() {
            let row = db.row_decided::<Row>(&db.messages.by_id, (room, Bucket::of(id), id)).await?;
            row.map(Row::message).transpose()?.flatten()
        } else {
            by_id(db, room, id).await?
        };
        let Some(mut message) = current else { return Ok(None) };
        // An attempt without an answer succeeded.
        if tried.take().is_some_and(|tried| tried.version == message.version) {
            return Ok(Some(message));
        }
        if message.deleted {
            return attempts.failure().map_or(Ok(None), Err);
        }
        let from = message.version;
        let mut copy = None;
        match &change.kind {
            // A newer edit stands there already. Where it is this one, its line may not.
            MessageChangeKind::Edit { .. } if change.version <= from => {
                if change.version == from {
                    changes::log(db, Topic::Room(room), from, Thing::Message(id)).await?;
                }
                return Ok(Some(message));
            }
            MessageChangeKind::Edit { text, at } => {
                message.text.clone_from(text);
                message.edited_at = Some(*at);
                message.version = change.version;
                changes::log(db, Topic::Room(room), message.version, Thing::Message(id)).await?;
            }
            // A deletion holds whatever else happens.
            MessageChangeKind::Delete => {
                let closed = reactions::close(db, room, id, |newest| {
                    above(change.version, newest.max(Some(from)))
                });
                let (version, were_there) = closed.await?;
                message.version = version;
                message.text.clear();
                message.deleted = true;
                message.reactions.clear();
                if were_there {
                    message.reactions_version = Some(version);
                    copy = Some(to_json(&Reactions { version, summary: Vec::new() })?);
                }
            }
        }
        let row = (
            &message.text,
            given(message.edited_at.map(Big)),
            message.deleted,
            message.version,
            given(copy),
            room,
            Bucket::of(id),
            id,
            from,
        );
        match db.decide(&db.messages.update, row).await? {
            Decided::Yes => return Ok(Some(message)),
            Decided::No(_) => {}
            Decided::Unsure(error) => {
                attempts.failed(error);
                tried = Some(message);
            }
        }
    }
}

/// Brings the message's copy of its reactions up to this state.
pub(super) async fn copy_reactions(
    db: &Db,
    room: RoomId,
    id: MessageId,
    version: EventId,
    summary: &[ReactionSummary],
) -> StoreResult<()> {
    let copy = to_json(&Reactions { version, summary: summary.to_vec() })?;
    let row = (version.millis() as i64, copy, room, Bucket::of(id), id);
    db.write(&db.messages.react, row).await
}

pub(super) async fn tails(
    db: &Db,
    user: UserId,
    rooms: &[(RoomId, Option<MessageId>)],
    cap: u32,
) -> StoreResult<Vec<Tail>> {
    each(rooms.iter().copied(), |(room, read)| async move {
        let buckets = buckets(db, room).await?;
        let (mut last, unread) = try_join!(
            walk(db, room, Walk::new(Range::Newest, 1, buckets.clone())),
            unread(db, user, room, read, cap, buckets),
        )?;
        Ok(Tail { room_id: room, last_message: last.pop(), unread })
    })
    .await
}

/// Counts texts of others, newest first. At most [`OWN_ROWS`] that are one's own are looked at beyond
/// the cap: whoever wrote that many of the newest messages has surely seen what stands before them.
async fn unread(
    db: &Db,
    user: UserId,
    room: RoomId,
    read: Option<MessageId>,
    cap: u32,
    mut buckets: Vec<Bucket>,
) -> StoreResult<u32> {
    type Author = (MessageId, Option<UserId>, Option<MessageKind>, Option<bool>);
    let above = read.unwrap_or(MessageId::NIL);
    buckets.retain(|bucket| read.is_none_or(|read| *bucket >= Bucket::of(read)));
    buckets.sort_unstable();
    let (mut count, mut left) = (0, OWN_ROWS + cap as usize);
    while let Some(bucket) = buckets.pop() {
        let mut below = MessageId(Uuid::max());
        loop {
            if count >= cap || left == 0 {
                return Ok(count.min(cap));
            }
            let row = (room, bucket, above, below, rows(LOOK));
            let found: Vec<Author> = db.rows(&db.messages.authors, row).await?;
            for (_, author, kind, deleted) in &found {
                let counts = *kind == Some(MessageKind::Text) && *deleted != Some(true);
                if counts && left > 0 {
                    left -= 1;
                    count += u32::from(author.is_some_and(|author| author != user));
                }
            }
            match found.last() {
                Some((last, ..)) if found.len() == LOOK => below = *last,
                _ => break,
            }
        }
    }
    Ok(count.min(cap))
}

/// Messages above an id, oldest first, at most so many.
pub(super) async fn since(
    db: &Db,
    room: RoomId,
    since: EventId,
    limit: usize,
) -> StoreResult<Vec<Message>> {
    history(db, room, Range::After(since.into()), limit).await
}
