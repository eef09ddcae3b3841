//! Sessions. One that ended has no row; one that expired has none soon, by its TTL.

use futures_util::try_join;
use scylla::DeserializeRow;

use super::db::{Db, Decided, damaged, each, statements};
use super::locks::Attempts;
use super::values::Big;
use super::{members, people};
use crate::protocol::{Session, SessionId, UserId};
use crate::store::{Arrival, Rotation, SessionRecord, StoreError, StoreResult};

/// The longest TTL that the cluster takes: twenty years.
const MAX_TTL_S: u64 = 20 * 365 * 24 * 3600;

statements! {
    by_id: Read
        "SELECT session_id, user_id, device, user_agent, address, created_at, last_used_at, \
         expires_at, salt, generation, rotated_at FROM sessions WHERE session_id = ?";
    insert: Write
        "INSERT INTO sessions (session_id, user_id, device, user_agent, address, created_at, \
         last_used_at, expires_at, salt, generation, rotated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?";
    /// Every column, so that all of them live as long.
    rotate: Decision
        "UPDATE sessions USING TTL ? SET user_id = ?, device = ?, user_agent = ?, address = ?, \
         created_at = ?, last_used_at = ?, expires_at = ?, salt = ?, generation = ?, rotated_at = ? \
         WHERE session_id = ? IF generation = ?";
    end: Decision "DELETE FROM sessions WHERE session_id = ? IF user_id = ?";

    of: Read "SELECT session_id FROM sessions_by_user WHERE user_id = ?";
    list: Write
        "INSERT INTO sessions_by_user (user_id, session_id) VALUES (?, ?) USING TTL ? AND TIMESTAMP ?";
    unlist: Write "DELETE FROM sessions_by_user WHERE user_id = ? AND session_id = ?";
}

#[derive(DeserializeRow)]
struct Row {
    session_id: SessionId,
    user_id: UserId,
    device: String,
    user_agent: String,
    address: String,
    created_at: Big,
    last_used_at: Big,
    expires_at: Big,
    salt: Vec<u8>,
    generation: i32,
    rotated_at: Big,
}

impl TryFrom<Row> for SessionRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> StoreResult<Self> {
        Ok(Self {
            session: Session {
                id: row.session_id,
                device: row.device,
                user_agent: row.user_agent,
                address: row.address,
                created_at: row.created_at.0,
                last_used_at: row.last_used_at.0,
                expires_at: row.expires_at.0,
                current: false,
            },
            user_id: row.user_id,
            salt: row.salt.try_into().map_err(|_| damaged("a salt has 16 bytes"))?,
            generation: row.generation as u32,
            rotated_at: row.rotated_at.0,
        })
    }
}

fn ttl(from: u64, until: u64) -> i32 {
    until.saturating_sub(from).div_ceil(1_000).clamp(1, MAX_TTL_S) as i32
}

pub(super) async fn create(db: &Db, record: SessionRecord) -> StoreResult<()> {
    let SessionRecord { session, user_id, salt, generation, rotated_at } = record;
    let (ttl, at) = (ttl(session.created_at, session.expires_at), session.created_at as i64);
    db.write(&db.sessions.list, (user_id, session.id, ttl, at)).await?;
    let row = (
        session.id,
        user_id,
        session.device,
        session.user_agent,
        session.address,
        Big(session.created_at),
        Big(session.last_used_at),
        Big(session.expires_at),
        salt.as_slice(),
        generation as i32,
        Big(rotated_at),
        ttl,
        at,
    );
    db.write(&db.sessions.insert, row).await
}

pub(super) async fn by_id(db: &Db, id: SessionId) -> StoreResult<Option<SessionRecord>> {
    db.row::<Row>(&db.sessions.by_id, (id,)).await?.map(SessionRecord::try_from).transpose()
}

async fn ids(db: &Db, user: UserId) -> StoreResult<Vec<SessionId>> {
    let ids: Vec<(SessionId,)> = db.rows(&db.sessions.of, (user,)).await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn of(db: &Db, user: UserId) -> StoreResult<Vec<SessionRecord>> {
    let found = each(ids(db, user).await?, |id| by_id(db, id)).await?;
    let mut sessions: Vec<_> = found.into_iter().flatten().collect();
    sessions.sort_by_key(|record| (record.session.last_used_at, record.session.id));
    sessions.reverse();
    Ok(sessions)
}

pub(super) async fn rotate(db: &Db, rotated: Rotation) -> StoreResult<bool> {
    let _turn = db.locks.hold(("session", rotated.id)).await;
    let mut attempts = Attempts::new();
    loop {
        attempts.next().await?;
        let row = if attempts.doubted() {
            db.row_decided::<Row>(&db.sessions.by_id, (rotated.id,)).await?
        } else {
            db.row::<Row>(&db.sessions.by_id, (rotated.id,)).await?
        };
        let current = row.map(SessionRecord::try_from).transpose()?;
        let Some(current) = current.filter(|record| record.generation == rotated.from) else {
            // Without an answer nobody knows whose rotation it was.
            return attempts.failure().map_or(Ok(false), Err);
        };
        let (ttl, at) = (ttl(rotated.at, rotated.expires_at), rotated.at as i64);
        db.write(&db.sessions.list, (current.user_id, rotated.id, ttl, at)).await?;
        let session = current.session;
        let row = (
            ttl,
            current.user_id,
            session.device,
            session.user_agent,
            &rotated.address,
            Big(session.created_at),
            Big(rotated.at),
            Big(rotated.expires_at),
            current.salt.as_slice(),
            (rotated.from + 1) as i32,
            Big(rotated.at),
            rotated.id,
            rotated.from as i32,
        );
        match db.decide(&db.sessions.rotate, row).await? {
            Decided::Yes => return Ok(true),
            Decided::No(_) if !attempts.doubted() => return Ok(false),
            Decided::No(_) => {}
            Decided::Unsure(error) => attempts.failed(error),
        }
    }
}

pub(super) async fn end(db: &Db, user: UserId, id: SessionId) -> StoreResult<bool> {
    let ended = db.insist(&db.sessions.end, (id, user)).await?;
    db.write(&db.sessions.unlist, (user, id)).await?;
    Ok(ended)
}

pub(super) async fn end_all(db: &Db, user: UserId, except: Option<SessionId>) -> StoreResult<()> {
    let ended = ids(db, user).await?.into_iter().filter(|id| Some(*id) != except);
    each(ended, |id| end(db, user, id)).await.map(drop)
}

pub(super) async fn arrive(db: &Db, id: SessionId) -> StoreResult<Option<Arrival>> {
    let Some(session) = by_id(db, id).await? else { return Ok(None) };
    let (account, rooms) =
        try_join!(people::by_id(db, session.user_id), members::joined(db, session.user_id))?;
    let account =
        account.ok_or_else(|| StoreError::Damaged(format!("Session {id} has no account.")))?;
    let (role, presence) = (account.user.role, account.presence);
    Ok(Some(Arrival { session, role, presence, rooms }))
}
