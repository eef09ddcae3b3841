//! What is deleted by its age, in pieces small enough that writers hardly wait for them.

use super::db::{Db, rows};
use crate::domain::cursor::LOG_KEEPS_MS;
use crate::protocol::EventId;
use crate::store::{NONCES_KEPT_MS, StoreResult};

pub(super) const SENDS_KEEP_MS: u64 = NONCES_KEPT_MS;

/// Rows, or topics of the log, of one piece.
pub(super) const PIECE: usize = 1_000;

/// Deletes up to [`PIECE`] old `sends`; how many it was.
pub(super) fn sends(db: &Db<'_>, now: u64) -> StoreResult<usize> {
    let oldest = EventId::floor(now.saturating_sub(SENDS_KEEP_MS));
    db.write(
        "DELETE FROM sends WHERE (author_id, nonce) IN \
         (SELECT author_id, nonce FROM sends INDEXED BY sends_by_time \
          WHERE message_id < ?1 ORDER BY message_id LIMIT ?2)",
        (oldest, rows(PIECE)),
    )
}

/// Deletes up to [`PIECE`] sessions that have expired; how many it was.
pub(super) fn sessions(db: &Db<'_>, now: u64) -> StoreResult<usize> {
    db.write(
        "DELETE FROM sessions WHERE session_id IN \
         (SELECT session_id FROM sessions INDEXED BY sessions_by_end \
          WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        (now, rows(PIECE)),
    )
}

/// Up to [`PIECE`] topics with a log after `after`, and for each the id of its oldest line.
pub(super) fn logs(db: &Db<'_>, after: Option<Vec<u8>>) -> StoreResult<Vec<(Vec<u8>, EventId)>> {
    let mut after = after.unwrap_or_default();
    let mut found = Vec::new();
    while found.len() < PIECE {
        let next: Option<(Vec<u8>, EventId)> = db.row(
            "SELECT topic, change_id FROM changes INDEXED BY changes_by_id \
             WHERE topic > ?1 ORDER BY topic, change_id LIMIT 1",
            (&after,),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((topic, oldest)) = next else { break };
        after.clone_from(&topic);
        found.push((topic, oldest));
    }
    Ok(found)
}

/// The lowest change id that the log keeps.
pub(super) fn log_from(now: u64) -> EventId {
    EventId::floor(now.saturating_sub(LOG_KEEPS_MS))
}

/// Deletes the old lines of one topic's log, up to [`PIECE`]; how many it was.
pub(super) fn log(db: &Db<'_>, topic: &[u8], from: EventId) -> StoreResult<usize> {
    db.write(
        "DELETE FROM changes WHERE topic = ?1 AND (thing, subject) IN \
         (SELECT thing, subject FROM changes INDEXED BY changes_by_id \
          WHERE topic = ?1 AND change_id < ?2 ORDER BY change_id LIMIT ?3)",
        (topic, from, rows(PIECE)),
    )
}
