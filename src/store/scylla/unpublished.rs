//! What the bus has still to be told.

use std::collections::BTreeSet;

use super::changes;
use super::db::{Db, each, limit as rows, statements};
use super::sends::now;
use super::values::{from_json, to_json};
use crate::protocol::EventId;
use crate::store::{StoreResult, Unpublished};

/// How much time one slot holds.
const SLOT_MS: u64 = 10_000;

/// Nothing is noted under an id older than this, however far off this node's clock is.
const CLOSED_AFTER_MS: u64 = 60 * 60_000;

statements! {
    slots: Read "SELECT slot FROM unpublished_slots WHERE all = 0";
    add_slot: Write "INSERT INTO unpublished_slots (all, slot) VALUES (0, ?)";
    remove_slot: Write "DELETE FROM unpublished_slots WHERE all = 0 AND slot = ?";
    oldest: Read "SELECT event_id, sort, topic, event FROM unpublished WHERE slot = ? LIMIT ?";
    note: Write
        "INSERT INTO unpublished (slot, event_id, sort, topic, event) VALUES (?, ?, ?, ?, ?)";
    forget: Write "DELETE FROM unpublished WHERE slot = ? AND event_id = ?";
}

fn slot(id: EventId) -> i64 {
    (id.millis() / SLOT_MS) as i64
}

pub(super) async fn note(db: &Db, events: &[Unpublished]) -> StoreResult<()> {
    let slots: BTreeSet<_> = events.iter().map(|noted| slot(noted.id)).collect();
    each(slots, |slot| db.write(&db.unpublished.add_slot, (slot,))).await?;
    each(events, |noted| async move {
        let Some((sort, topic)) = changes::key(noted.topic) else { return Ok(()) };
        let row = (slot(noted.id), noted.id, sort, topic, to_json(&noted.event)?);
        db.write(&db.unpublished.note, row).await
    })
    .await
    .map(drop)
}

pub(super) async fn oldest(db: &Db, limit: usize) -> StoreResult<Vec<Unpublished>> {
    type Row = (EventId, i8, uuid::Uuid, String);
    let mut found = Vec::new();
    if limit == 0 {
        return Ok(found);
    }
    let closed = now().saturating_sub(CLOSED_AFTER_MS) / SLOT_MS;
    let slots: Vec<(i64,)> = db.rows(&db.unpublished.slots, ()).await?;
    for (slot,) in slots {
        let wanted = limit - found.len();
        let events: Vec<Row> = db.rows(&db.unpublished.oldest, (slot, rows(wanted))).await?;
        if events.is_empty() && (slot as u64) < closed {
            db.write(&db.unpublished.remove_slot, (slot,)).await?;
        }
        for (id, sort, topic, event) in events {
            let read = changes::topic_of(sort, topic)
                .and_then(|topic| Ok(Unpublished { id, topic, event: from_json(&event)? }));
            match read {
                Ok(unpublished) => found.push(unpublished),
                // During an upgrade a newer node may have left what only it knows.
                Err(error) => tracing::error!(%error, %id, "an unpublished event can't be read"),
            }
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

pub(super) async fn forget(db: &Db, events: &[Unpublished]) -> StoreResult<()> {
    let forget = |noted: &Unpublished| db.write(&db.unpublished.forget, (slot(noted.id), noted.id));
    each(events, forget).await.map(drop)
}
