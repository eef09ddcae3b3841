//! What the bus has still to be told.

use rusqlite::types::Type;

use super::changes;
use super::db::{Db, rows};
use super::messages::to_json;
use crate::store::{StoreResult, Unpublished};

pub(super) fn note(db: &Db<'_>, events: &[Unpublished]) -> StoreResult<()> {
    for noted in events {
        let Some(topic) = changes::key(noted.topic) else { continue };
        let sql = "INSERT INTO unpublished (event_id, topic, event) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO NOTHING";
        db.write(sql, (noted.id, topic, to_json(&noted.event)?))?;
    }
    Ok(())
}

pub(super) fn oldest(db: &Db<'_>, limit: usize) -> StoreResult<Vec<Unpublished>> {
    let sql = "SELECT event_id, topic, event FROM unpublished WHERE event_id > x'' \
               ORDER BY event_id LIMIT ?1";
    db.rows(sql, (rows(limit),), |row| {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            rusqlite::Error::FromSqlConversionFailure(2, Type::Text, error)
        };
        let event = row.get_ref(2)?.as_str().map_err(|error| failed(error.into()))?;
        Ok(Unpublished {
            id: row.get(0)?,
            topic: changes::topic_of(row.get(1)?)?,
            event: serde_json::from_str(event).map_err(|error| failed(error.into()))?,
        })
    })
}

pub(super) fn forget(db: &Db<'_>, events: &[Unpublished]) -> StoreResult<()> {
    for noted in events {
        db.write("DELETE FROM unpublished WHERE event_id = ?1", (noted.id,))?;
    }
    Ok(())
}
