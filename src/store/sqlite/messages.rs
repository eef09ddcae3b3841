//! Messages and their history.

use rusqlite::Row;
use rusqlite::types::Type;

use super::changes;
use super::db::{Db, above, rows};
use super::reactions;
use crate::domain::history::{Bucket, Range, Walk};
use crate::protocol::{Message, MessageId, ReactionSummary, RoomId, SystemEvent, Topic, UserId};
use crate::store::thing::Thing;
use crate::store::{
    MessageChange, MessageChangeKind, MovedMessage, NewMessage, StoreError, StoreResult, Tail,
    Written,
};

/// Rows that [`unread`] looks at beyond the cap.
const OWN_ROWS: usize = 1_000;

pub(super) const MESSAGE: &str = "message_id, author_id, kind, text, system, nonce, reply_to, \
                                  sent_at, edited_at, deleted, reactions, reactions_version, version";

pub(super) fn message_of(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        author_id: row.get(1)?,
        kind: row.get(2)?,
        text: row.get(3)?,
        system: json::<SystemEvent>(row, 4)?,
        nonce: row.get(5)?,
        reply_to: row.get(6)?,
        sent_at: row.get(7)?,
        edited_at: row.get(8)?,
        deleted: row.get(9)?,
        reactions: json::<Vec<ReactionSummary>>(row, 10)?.unwrap_or_default(),
        reactions_version: row.get(11)?,
        version: row.get(12)?,
    })
}

fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error)
    };
    let Some(text) = row.get_ref(column)?.as_str_or_null().map_err(|error| failed(error.into()))?
    else {
        return Ok(None);
    };
    serde_json::from_str(text).map(Some).map_err(|error| failed(error.into()))
}

pub(super) fn to_json(value: &impl serde::Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(format!("{error}.")))
}

pub(super) fn write(db: &Db<'_>, new: &NewMessage) -> StoreResult<Written> {
    let (room, message) = (new.room_id, &new.message);
    // There is one writer, so this decides whether the attempt is the first or not.
    if !message.nonce.is_empty()
        && let Some((room_id, message_id)) = claim(db, room, message)?
    {
        return Ok(Written::Already { room_id, message_id });
    }
    insert(db, room, message, "DO NOTHING")?;
    if message.nonce.is_empty() {
        // The others are found among the `sends`.
        db.saw(message.version);
    }
    Ok(Written::New)
}

/// Writes a message as another store had it.
pub(super) fn put(db: &Db<'_>, room: RoomId, moved: &MovedMessage) -> StoreResult<()> {
    let message = &moved.message;
    let there = by_id(db, room, message.id)?;
    if there.as_ref().is_none_or(|there| there.version < message.version) {
        let newer = "(room_id, bucket, message_id) DO UPDATE SET text = excluded.text, \
                     edited_at = excluded.edited_at, deleted = excluded.deleted, \
                     version = excluded.version";
        insert(db, room, message, newer)?;
        db.saw(message.version);
        if message.version != message.id.into() {
            changes::log(db, Topic::Room(room), message.version, Thing::Message(message.id))?;
        }
    }
    if moved.note_nonce && !message.nonce.is_empty() {
        claim(db, room, message)?;
    }
    let newest = there.as_ref().and_then(|there| there.reactions_version);
    if message.reactions_version > newest && !there.is_some_and(|there| there.deleted) {
        reactions::put(db, room, moved)?;
    }
    Ok(())
}

/// Writes a message's row, and its bucket's. `conflict`: what is done where there is one already.
fn insert(db: &Db<'_>, room: RoomId, message: &Message, conflict: &str) -> StoreResult<()> {
    let bucket = Bucket::of(message.id);
    let system = message.system.as_ref().map(to_json).transpose()?;
    let sql = format!(
        "INSERT INTO messages (room_id, bucket, message_id, author_id, kind, text, system, nonce, \
         reply_to, sent_at, edited_at, deleted, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT {conflict}"
    );
    db.write(
        &sql,
        (
            room,
            bucket,
            message.id,
            message.author_id,
            message.kind,
            &message.text,
            system,
            &message.nonce,
            message.reply_to,
            message.sent_at,
            message.edited_at,
            message.deleted,
            message.version,
        ),
    )?;
    let sql = "INSERT INTO room_buckets (room_id, bucket) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    db.write(sql, (room, bucket)).map(drop)
}

/// Writes (author, nonce) -> message; gives the message that has it already.
fn claim(db: &Db<'_>, room: RoomId, message: &Message) -> StoreResult<Option<(RoomId, MessageId)>> {
    let claimed = db.write(
        "INSERT INTO sends (author_id, nonce, room_id, message_id) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO NOTHING",
        (message.author_id, &message.nonce, room, message.id),
    )?;
    if claimed == 1 {
        return Ok(None);
    }
    db.row(
        "SELECT room_id, message_id FROM sends WHERE author_id = ?1 AND nonce = ?2",
        (message.author_id, &message.nonce),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

pub(super) fn by_id(db: &Db<'_>, room: RoomId, id: MessageId) -> StoreResult<Option<Message>> {
    let sql = format!(
        "SELECT {MESSAGE} FROM messages WHERE room_id = ?1 AND bucket = ?2 AND message_id = ?3"
    );
    db.row(&sql, (room, Bucket::of(id), id), message_of)
}

pub(super) fn change(db: &Db<'_>, change: MessageChange) -> StoreResult<Option<Message>> {
    let (room, id) = (change.room_id, change.message_id);
    let Some(mut message) = by_id(db, room, id)?.filter(|message| !message.deleted) else {
        return Ok(None);
    };
    match change.kind {
        // A newer edit stands there already.
        MessageChangeKind::Edit { .. } if change.version <= message.version => {
            return Ok(Some(message));
        }
        MessageChangeKind::Edit { text, at } => {
            message.text = text;
            message.edited_at = Some(at);
            message.version = change.version;
        }
        // A deletion holds whatever else happens.
        MessageChangeKind::Delete => {
            let newest = message.reactions_version.max(Some(message.version));
            message.version = above(change.version, newest);
            message.text.clear();
            message.deleted = true;
            if message.reactions_version.is_some() {
                message.reactions.clear();
                message.reactions_version = Some(message.version);
                reactions::clear(db, room, id)?;
            }
        }
    }
    db.write(
        "UPDATE messages SET text = ?4, edited_at = ?5, deleted = ?6, version = ?7, \
         reactions = CASE WHEN ?6 THEN NULL ELSE reactions END, reactions_version = ?8 \
         WHERE room_id = ?1 AND bucket = ?2 AND message_id = ?3",
        (
            room,
            Bucket::of(id),
            id,
            &message.text,
            message.edited_at,
            message.deleted,
            message.version,
            message.reactions_version,
        ),
    )?;
    changes::log(db, Topic::Room(room), message.version, Thing::Message(id))?;
    Ok(Some(message))
}

pub(super) fn history(
    db: &Db<'_>,
    room: RoomId,
    range: Range,
    limit: usize,
) -> StoreResult<Vec<Message>> {
    let buckets =
        db.rows("SELECT bucket FROM room_buckets WHERE room_id = ?1", (room,), |row| row.get(0))?;
    let mut walk = Walk::new(range, limit, buckets);
    let mut page = Vec::new();
    while let Some(read) = walk.next_read() {
        let order = if read.newest_first { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT {MESSAGE} FROM messages \
             WHERE room_id = ?1 AND bucket = ?2 AND message_id > ?3 AND message_id < ?4 \
             ORDER BY message_id {order} LIMIT ?5"
        );
        let above = read.above.unwrap_or(MessageId::NIL);
        let below = read.below.unwrap_or(MessageId(uuid::Uuid::max()));
        let found =
            db.rows(&sql, (room, read.bucket, above, below, rows(read.limit)), message_of)?;
        walk.found(found.len());
        page.extend(found);
    }
    Ok(walk.oldest_first(page))
}

pub(super) fn tail(
    db: &Db<'_>,
    user: UserId,
    room: RoomId,
    read: Option<MessageId>,
    cap: u32,
) -> StoreResult<Tail> {
    let sql = format!(
        "SELECT {MESSAGE} FROM messages WHERE room_id = ?1 \
         ORDER BY bucket DESC, message_id DESC LIMIT 1"
    );
    let last_message = db.row(&sql, (room,), message_of)?;
    let news = last_message.as_ref().is_some_and(|last| Some(last.id) > read);
    let unread = if news { unread(db, user, room, read, cap)? } else { 0 };
    Ok(Tail { room_id: room, last_message, unread })
}

/// Counts over an index that holds only texts that aren't deleted, so tombstones and system messages
/// cost nothing. Own messages do: newest first, at most [`OWN_ROWS`] beyond the cap are looked at.
/// Whoever wrote that many of the newest messages has surely seen what stands before them.
fn unread(
    db: &Db<'_>,
    user: UserId,
    room: RoomId,
    read: Option<MessageId>,
    cap: u32,
) -> StoreResult<u32> {
    let count = db.row(
        "SELECT count(*) FROM (SELECT 1 FROM \
         (SELECT author_id FROM messages INDEXED BY messages_that_count \
          WHERE room_id = ?1 AND message_id > ?2 AND kind = 0 AND deleted = 0 \
          ORDER BY message_id DESC LIMIT ?5) \
         WHERE author_id <> ?3 LIMIT ?4)",
        (room, read.unwrap_or(MessageId::NIL), user, cap, rows(OWN_ROWS + cap as usize)),
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or(0))
}
