//! Accounts.

use rusqlite::Row;

use super::db::Db;
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
    let (name, email) = (unique_key(&new.username), unique_key(&new.email));
    let taken = |column: &str, key: &str| {
        db.row(&format!("SELECT 1 FROM users WHERE {column} = ?1"), (key,), |_| Ok(()))
    };
    if taken("username_key", &name)?.is_some() {
        return Err(StoreError::Taken(Unique::Username));
    }
    if taken("email_key", &email)?.is_some() {
        return Err(StoreError::Taken(Unique::Email));
    }
    // Whoever writes this line first is the admin, for ever: also when they are gone.
    let first = db.write(
        "INSERT INTO meta (key, value) VALUES ('first_admin', ?1) ON CONFLICT DO NOTHING",
        (new.id,),
    )? == 1;
    let role = if first { ServerRole::Admin } else { ServerRole::User };
    db.write(
        "INSERT INTO users (user_id, username, username_key, email, email_key, display_name, role, \
         password_hash, presence, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            new.id,
            &new.username,
            name,
            new.email,
            email,
            &new.display_name,
            role,
            new.password_hash,
            PresenceChoice::Auto,
            new.created_at,
        ),
    )?;
    Ok(User {
        id: new.id,
        username: new.username,
        display_name: new.display_name,
        role,
        created_at: new.created_at,
    })
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
