//! Sessions. One that ended has no row.

use rusqlite::Row;

use super::db::Db;
use super::people;
use crate::protocol::{Session, SessionId, UserId};
use crate::store::{Arrival, Rotation, SessionRecord, StoreError, StoreResult};

const SESSION: &str = "session_id, user_id, device, user_agent, address, created_at, \
                       last_used_at, expires_at, salt, generation, rotated_at";

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        session: Session {
            id: row.get(0)?,
            device: row.get(2)?,
            user_agent: row.get(3)?,
            address: row.get(4)?,
            created_at: row.get(5)?,
            last_used_at: row.get(6)?,
            expires_at: row.get(7)?,
            current: false,
        },
        user_id: row.get(1)?,
        salt: row.get(8)?,
        generation: row.get(9)?,
        rotated_at: row.get(10)?,
    })
}

pub(super) fn create(db: &Db<'_>, record: SessionRecord) -> StoreResult<()> {
    let session = record.session;
    let sql = format!(
        "INSERT INTO sessions ({SESSION}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
         ON CONFLICT DO NOTHING"
    );
    let row = (
        session.id,
        record.user_id,
        session.device,
        session.user_agent,
        session.address,
        session.created_at,
        session.last_used_at,
        session.expires_at,
        record.salt,
        record.generation,
        record.rotated_at,
    );
    db.write(&sql, row).map(drop)
}

pub(super) fn by_id(db: &Db<'_>, id: SessionId) -> StoreResult<Option<SessionRecord>> {
    let sql = format!("SELECT {SESSION} FROM sessions WHERE session_id = ?1");
    db.row(&sql, (id,), session)
}

pub(super) fn of(db: &Db<'_>, user: UserId) -> StoreResult<Vec<SessionRecord>> {
    let sql = format!(
        "SELECT {SESSION} FROM sessions WHERE user_id = ?1 \
         ORDER BY last_used_at DESC, session_id DESC"
    );
    db.rows(&sql, (user,), session)
}

pub(super) fn rotate(db: &Db<'_>, rotated: Rotation) -> StoreResult<bool> {
    let changed = db.write(
        "UPDATE sessions SET generation = generation + 1, last_used_at = ?3, rotated_at = ?3, \
         expires_at = ?4, address = ?5 WHERE session_id = ?1 AND generation = ?2",
        (rotated.id, rotated.from, rotated.at, rotated.expires_at, rotated.address),
    )?;
    Ok(changed == 1)
}

pub(super) fn end(db: &Db<'_>, user: UserId, id: SessionId) -> StoreResult<bool> {
    let sql = "DELETE FROM sessions WHERE session_id = ?1 AND user_id = ?2";
    Ok(db.write(sql, (id, user))? == 1)
}

pub(super) fn end_all(db: &Db<'_>, user: UserId, except: Option<SessionId>) -> StoreResult<()> {
    let sql = "DELETE FROM sessions WHERE user_id = ?1 AND session_id IS NOT ?2";
    db.write(sql, (user, except)).map(drop)
}

pub(super) fn arrive(db: &Db<'_>, id: SessionId) -> StoreResult<Option<Arrival>> {
    let Some(session) = by_id(db, id)? else { return Ok(None) };
    let (presence, role) = people::presence_and_role(db, session.user_id)?
        .ok_or_else(|| StoreError::Damaged(format!("Session {id} has no account.")))?;
    let rooms = db.rows(
        "SELECT room_id FROM room_members INDEXED BY rooms_by_user \
         WHERE user_id = ?1 AND state = 0 ORDER BY room_id",
        (session.user_id,),
        |row| row.get(0),
    )?;
    Ok(Some(Arrival { session, role, presence, rooms }))
}
