//! Accounts.

use rusqlite::Row;

use super::db::{Db, rows};
use crate::domain::names::unique_key;
use crate::protocol::{PresenceChoice, ServerRole, User, UserId};
use crate::store::{Account, NewAccount, StoreError, StoreResult, Unique};

const USER: &str = "user_id, username, display_name, role, created_at";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        display_name: row.get(2)?,
        role: row.get(3)?,
        created_at: row.get(4)?,
    })
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        user: user(row)?,
        email: row.get(5)?,
        password_hash: row.get(6)?,
        presence: row.get(7)?,
        last_seen: row.get(8)?,
    })
}

pub(super) fn create(db: &Db<'_>, new: NewAccount) -> StoreResult<User> {
    let role = if becomes_first(db, new.id)? { ServerRole::Admin } else { ServerRole::User };
    let user = User {
        id: new.id,
        username: new.username,
        display_name: new.display_name,
        role,
        created_at: new.created_at,
    };
    let account = Account {
        user,
        email: new.email,
        password_hash: new.password_hash,
        presence: PresenceChoice::Auto,
        last_seen: None,
    };
    insert(db, &account)?;
    Ok(account.user)
}

pub(super) fn put(db: &Db<'_>, moved: &Account) -> StoreResult<()> {
    let id = moved.user.id;
    let there = by_id(db, id)?;
    if there.as_ref().is_some_and(|there| !there.password_hash.is_empty()) {
        return Ok(());
    }
    let may_lead = moved.user.role == ServerRole::Admin && !moved.password_hash.is_empty();
    let leads = may_lead && becomes_first(db, id)?;
    let role = if leads { ServerRole::Admin } else { ServerRole::User };
    if there.is_some() {
        let sql = "UPDATE users SET role = ?2, password_hash = ?3 WHERE user_id = ?1";
        return db.write(sql, (id, role, &moved.password_hash)).map(drop);
    }
    let user = User { role, ..moved.user.clone() };
    insert(db, &Account { user, ..moved.clone() })
}

fn insert(db: &Db<'_>, new: &Account) -> StoreResult<()> {
    let (name, email) = (unique_key(&new.user.username), unique_key(&new.email));
    let taken = |column: &str, key: &str| {
        db.row(&format!("SELECT 1 FROM users WHERE {column} = ?1"), (key,), |_| Ok(()))
    };
    if taken("username_key", &name)?.is_some() {
        return Err(StoreError::Taken(Unique::Username));
    }
    if taken("email_key", &email)?.is_some() {
        return Err(StoreError::Taken(Unique::Email));
    }
    db.write(
        "INSERT INTO users (user_id, username, username_key, email, email_key, display_name, role, \
         password_hash, presence, last_seen, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        (
            new.user.id,
            &new.user.username,
            name,
            &new.email,
            email,
            &new.user.display_name,
            new.user.role,
            &new.password_hash,
            new.presence,
            new.last_seen,
            new.user.created_at,
        ),
    )
    .map(drop)
}

/// Whoever writes this line first is the admin, for ever: also when they are gone.
fn becomes_first(db: &Db<'_>, id: UserId) -> StoreResult<bool> {
    let sql = "INSERT INTO meta (key, value) VALUES ('first_admin', ?1) ON CONFLICT DO NOTHING";
    Ok(db.write(sql, (id,))? == 1)
}

pub(super) fn ids(db: &Db<'_>, after: Option<UserId>, limit: usize) -> StoreResult<Vec<UserId>> {
    let sql = "SELECT user_id FROM users WHERE user_id > ?1 ORDER BY user_id LIMIT ?2";
    let after = after.as_ref().map_or(&[][..], |id| id.0.as_bytes());
    db.rows(sql, (after, rows(limit)), |row| row.get(0))
}

fn accounts_where(condition: &str) -> String {
    format!("SELECT {USER}, email, password_hash, presence, last_seen FROM users WHERE {condition}")
}

pub(super) fn by_id(db: &Db<'_>, id: UserId) -> StoreResult<Option<Account>> {
    db.row(&accounts_where("user_id = ?1"), (id,), account)
}

/// No username has an `@`, each e-mail address has one: at most one row fits.
pub(super) fn by_login(db: &Db<'_>, login: &str) -> StoreResult<Option<Account>> {
    let column = if login.contains('@') { "email_key = ?1" } else { "username_key = ?1" };
    db.row(&accounts_where(column), (unique_key(login),), account)
}

pub(super) fn by_username(db: &Db<'_>, username: &str) -> StoreResult<Option<User>> {
    let sql = format!("SELECT {USER} FROM users WHERE username_key = ?1");
    db.row(&sql, (unique_key(username),), user)
}

pub(super) fn users(db: &Db<'_>, ids: &[UserId]) -> StoreResult<Vec<User>> {
    let sql = format!("SELECT {USER} FROM users WHERE user_id = ?1");
    let found = ids.iter().map(|id| db.row(&sql, (id,), user));
    found.filter_map(Result::transpose).collect()
}

pub(super) fn set_password(db: &Db<'_>, id: UserId, hash: &str) -> StoreResult<()> {
    db.write("UPDATE users SET password_hash = ?2 WHERE user_id = ?1", (id, hash)).map(drop)
}

pub(super) fn set_presence(db: &Db<'_>, id: UserId, choice: PresenceChoice) -> StoreResult<()> {
    db.write("UPDATE users SET presence = ?2 WHERE user_id = ?1", (id, choice)).map(drop)
}

pub(super) fn presence_and_role(
    db: &Db<'_>,
    id: UserId,
) -> StoreResult<Option<(PresenceChoice, ServerRole)>> {
    db.row("SELECT presence, role FROM users WHERE user_id = ?1", (id,), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

pub(super) fn set_last_seen(db: &Db<'_>, seen: &[(UserId, u64)]) -> StoreResult<()> {
    for entry in seen {
        db.write(
            "UPDATE users SET last_seen = ?2 \
             WHERE user_id = ?1 AND (last_seen IS NULL OR last_seen < ?2)",
            *entry,
        )?;
    }
    Ok(())
}

pub(super) fn last_seen(db: &Db<'_>, ids: &[UserId]) -> StoreResult<Vec<(UserId, u64)>> {
    let sql = "SELECT user_id, last_seen FROM users WHERE user_id = ?1 AND last_seen IS NOT NULL";
    let found = ids.iter().map(|id| db.row(sql, (id,), |row| Ok((row.get(0)?, row.get(1)?))));
    found.filter_map(Result::transpose).collect()
}
