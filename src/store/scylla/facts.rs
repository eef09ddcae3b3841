//! What is known of the whole store: its first account, its newest event, that it can write.

use super::db::{Db, statements};
use super::values::Big;
use crate::protocol::{EventId, UserId};
use crate::store::StoreResult;

const ADMIN: &str = "first_admin";
const NEWEST: &str = "newest_event";
const CHECK: &str = "check";

/// A claim to be the first account is given up when the account is not there after this long: more
/// than making one takes, by far.
pub(super) const CLAIM_HOLDS_MS: u64 = 60_000;

statements! {
    fact: Read "SELECT id, at, confirmed FROM facts WHERE name = ?";
    claim: Decision
        "INSERT INTO facts (name, id, at, confirmed) VALUES (?, ?, ?, false) IF NOT EXISTS";
    take_over: Decision
        "UPDATE facts SET id = ?, at = ? WHERE name = ? IF id = ? AND confirmed = false";
    confirm: Decision "UPDATE facts SET confirmed = true WHERE name = ? IF id = ?";
    note: Write "INSERT INTO facts (name, id) VALUES (?, ?) USING TIMESTAMP ?";
    check: Write "INSERT INTO facts (name, confirmed) VALUES (?, true)";
}

type Fact = (Option<UserId>, Option<Big>, Option<bool>);

/// Whose the first account is, and whether that is settled.
pub(super) struct First {
    pub user: UserId,
    pub claimed_at: u64,
    pub confirmed: bool,
}

pub(super) async fn first(db: &Db) -> StoreResult<Option<First>> {
    let fact: Option<Fact> = db.row_decided(&db.facts.fact, (ADMIN,)).await?;
    let Some((Some(user), Some(at), confirmed)) = fact else { return Ok(None) };
    Ok(Some(First { user, claimed_at: at.0, confirmed: confirmed == Some(true) }))
}

pub(super) async fn claim_first(db: &Db, user: UserId, at: u64) -> StoreResult<()> {
    db.insist(&db.facts.claim, (ADMIN, user, Big(at))).await.map(drop)
}

pub(super) async fn take_first(db: &Db, user: UserId, at: u64, from: UserId) -> StoreResult<()> {
    db.insist(&db.facts.take_over, (user, Big(at), ADMIN, from)).await.map(drop)
}

/// Settles that it is this person; `false` where it is somebody else.
pub(super) async fn confirm_first(db: &Db, user: UserId) -> StoreResult<bool> {
    db.insist(&db.facts.confirm, (ADMIN, user)).await
}

/// What this process wrote, and what all of them noted at their last check.
pub(super) async fn newest(db: &Db) -> StoreResult<Option<EventId>> {
    let noted: Option<(Option<EventId>, Option<Big>, Option<bool>)> =
        db.row(&db.facts.fact, (NEWEST,)).await?;
    Ok(db.newest().max(noted.and_then(|(id, ..)| id)))
}

/// A write and a read. The write says also how far this process's events have come.
pub(super) async fn check(db: &Db) -> StoreResult<()> {
    if let Some(newest) = db.newest() {
        db.write(&db.facts.note, (NEWEST, newest, newest.millis() as i64)).await?;
    }
    db.write(&db.facts.check, (CHECK,)).await?;
    db.row::<Fact>(&db.facts.fact, (CHECK,)).await.map(drop)
}
