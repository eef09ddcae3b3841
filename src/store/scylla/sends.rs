//! Sent twice, stored once: (author, nonce) -> message.
//!
//! A first attempt writes its row plainly, with its id's milliseconds as timestamp. In doubt a
//! transaction decides; what that one writes wins against any plain write, whenever it arrives.

use std::time::{SystemTime, UNIX_EPOCH};

use super::db::{Db, Decided, statements};
use super::locks::Attempts;
use crate::protocol::{Message, MessageId, RoomId};
use crate::stops;
use crate::store::{NONCES_KEPT_MS, StoreResult};

/// How long a row lasts. The table's own setting.
pub(super) const KEPT_MS: u64 = NONCES_KEPT_MS;

statements! {
    note: Write
        "INSERT INTO sends (author_id, nonce, room_id, message_id) VALUES (?, ?, ?, ?) \
         USING TIMESTAMP ?";
    claim: Decision
        "INSERT INTO sends (author_id, nonce, room_id, message_id) VALUES (?, ?, ?, ?) \
         IF NOT EXISTS";
    winner: Read "SELECT room_id, message_id FROM sends WHERE author_id = ? AND nonce = ?";
}

type Sent = (RoomId, MessageId);

/// Writes that the message is the one of its nonce, where the attempt is the first.
pub(super) async fn note(db: &Db, room: RoomId, message: &Message) -> StoreResult<()> {
    stops::pass("noting").await;
    let at = message.id.millis() as i64;
    let row = (message.author_id, &message.nonce, room, message.id, at);
    db.write(&db.sends.note, row).await
}

/// Decides which message is the one of its nonce. The flag says whether it was this call.
pub(super) async fn decide(db: &Db, room: RoomId, message: &Message) -> StoreResult<(Sent, bool)> {
    let own = (room, message.id);
    let mut attempts = Attempts::new();
    loop {
        attempts.next().await?;
        let row = (message.author_id, &message.nonce, room, message.id);
        match db.decide(&db.sends.claim, row).await? {
            Decided::Yes => return Ok((own, true)),
            Decided::No(standing) => {
                let there = standing.uuid("room_id").zip(standing.uuid("message_id"));
                if let Some((room, id)) = there {
                    let winner = (RoomId(room), MessageId(id));
                    return Ok((winner, attempts.doubted() && winner == own));
                }
                // It expired in between, or the answer left it out.
                if let Some(winner) = winner(db, message).await? {
                    return Ok((winner, attempts.doubted() && winner == own));
                }
            }
            Decided::Unsure(error) => attempts.failed(error),
        }
    }
}

/// What stands there; `None` where nothing does.
pub(super) async fn winner(db: &Db, message: &Message) -> StoreResult<Option<Sent>> {
    db.row(&db.sends.winner, (message.author_id, &message.nonce)).await
}

/// Whether there may be a row for the message: it was sent by a person, and not too long ago.
pub(super) fn is_kept(message: &Message) -> bool {
    !message.nonce.is_empty() && now().saturating_sub(message.id.millis()) < KEPT_MS
}

/// Milliseconds since 1970, by this machine's clock: to know what has surely expired, or which part
/// of a table may have been written to yet.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
