//! Accounts and their names.
//!
//! A name is claimed in a row of its own, by whoever comes first. A claim counts while the account that
//! it names exists, or while it is young, so that nobody who died half-way keeps a name. It is
//! confirmed once the account is written, and then it is never taken over.

use futures_util::{future, try_join};
use scylla::DeserializeRow;

use super::db::{Db, Decision, Read, each, statements};
use super::facts::{self, CLAIM_HOLDS_MS};
use super::sends::now;
use super::values::Big;
use crate::domain::names::unique_key;
use crate::protocol::{PresenceChoice, ServerRole, User, UserId};
use crate::store::{Account, NewAccount, StoreError, StoreResult, Unique};

statements! {
    by_id: Read
        "SELECT user_id, username, email, display_name, role, password_hash, presence, created_at, \
         last_seen FROM users WHERE user_id = ?";
    all: Scan "SELECT user_id, username FROM users LIMIT ?";
    from: Scan "SELECT user_id, username FROM users WHERE token(user_id) >= token(?) LIMIT ?";
    insert: Decision
        "INSERT INTO users (user_id, username, email, display_name, role, password_hash, presence, \
         created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS";
    remove: Decision "DELETE FROM users WHERE user_id = ? IF EXISTS";
    set_role: Decision "UPDATE users SET role = ? WHERE user_id = ? IF EXISTS";
    set_password: Decision "UPDATE users SET password_hash = ? WHERE user_id = ? IF EXISTS";
    set_presence: Decision "UPDATE users SET presence = ? WHERE user_id = ? IF EXISTS";
    /// The time itself is the timestamp: the latest wins, in whatever order they come.
    set_last_seen: Write "UPDATE users USING TIMESTAMP ? SET last_seen = ? WHERE user_id = ?";

    name: Read "SELECT user_id, claimed_at FROM users_by_name WHERE name = ?";
    claim_name: Decision
        "INSERT INTO users_by_name (name, user_id, claimed_at, confirmed) VALUES (?, ?, ?, false) \
         IF NOT EXISTS";
    take_name: Decision
        "UPDATE users_by_name SET user_id = ?, claimed_at = ? WHERE name = ? \
         IF user_id = ? AND confirmed = false";
    confirm_name: Decision
        "UPDATE users_by_name SET confirmed = true WHERE name = ? IF user_id = ?";
    release_name: Decision "DELETE FROM users_by_name WHERE name = ? IF user_id = ?";

    email: Read "SELECT user_id, claimed_at FROM users_by_email WHERE name = ?";
    claim_email: Decision
        "INSERT INTO users_by_email (name, user_id, claimed_at, confirmed) VALUES (?, ?, ?, false) \
         IF NOT EXISTS";
    take_email: Decision
        "UPDATE users_by_email SET user_id = ?, claimed_at = ? WHERE name = ? \
         IF user_id = ? AND confirmed = false";
    confirm_email: Decision
        "UPDATE users_by_email SET confirmed = true WHERE name = ? IF user_id = ?";
    release_email: Decision "DELETE FROM users_by_email WHERE name = ? IF user_id = ?";
}

#[derive(DeserializeRow)]
struct Row {
    user_id: UserId,
    username: Option<String>,
    email: Option<String>,
    display_name: Option<String>,
    role: Option<ServerRole>,
    password_hash: Option<String>,
    presence: Option<PresenceChoice>,
    created_at: Option<Big>,
    last_seen: Option<Big>,
}

impl Row {
    /// `None` where somebody was only seen who has no account.
    fn account(self) -> Option<Account> {
        Some(Account {
            user: User {
                id: self.user_id,
                username: self.username?,
                display_name: self.display_name?,
                role: self.role?,
                created_at: self.created_at?.0,
            },
            email: self.email?,
            password_hash: self.password_hash?,
            presence: self.presence?,
            last_seen: self.last_seen.map(|at| at.0),
        })
    }
}

pub(super) async fn by_id(db: &Db, id: UserId) -> StoreResult<Option<Account>> {
    Ok(db.row::<Row>(&db.people.by_id, (id,)).await?.and_then(Row::account))
}

pub(super) async fn by_login(db: &Db, login: &str) -> StoreResult<Option<Account>> {
    let which = if login.contains('@') { Unique::Email } else { Unique::Username };
    by_key(db, Names::of(db, which), &unique_key(login)).await
}

pub(super) async fn by_username(db: &Db, username: &str) -> StoreResult<Option<User>> {
    let names = Names::of(db, Unique::Username);
    Ok(by_key(db, names, &unique_key(username)).await?.map(|account| account.user))
}

async fn by_key(db: &Db, names: Names<'_>, key: &str) -> StoreResult<Option<Account>> {
    let claim: Option<(UserId, Big)> = db.row(names.read, (key,)).await?;
    let Some((user, _)) = claim else { return Ok(None) };
    by_id(db, user).await
}

pub(super) async fn users(db: &Db, ids: &[UserId]) -> StoreResult<Vec<User>> {
    let found = each(ids.iter().copied(), |id| by_id(db, id)).await?;
    Ok(found.into_iter().flatten().map(|account| account.user).collect())
}

pub(super) async fn set_password(db: &Db, id: UserId, hash: &str) -> StoreResult<()> {
    db.insist(&db.people.set_password, (hash, id)).await.map(drop)
}

pub(super) async fn set_presence(db: &Db, id: UserId, choice: PresenceChoice) -> StoreResult<()> {
    db.insist(&db.people.set_presence, (choice, id)).await.map(drop)
}

pub(super) async fn set_last_seen(db: &Db, seen: &[(UserId, u64)]) -> StoreResult<()> {
    let write = |(id, at): (UserId, u64)| async move {
        db.write(&db.people.set_last_seen, (at as i64, Big(at), id)).await
    };
    each(seen.iter().copied(), write).await.map(drop)
}

pub(super) async fn last_seen(db: &Db, ids: &[UserId]) -> StoreResult<Vec<(UserId, u64)>> {
    let found = each(ids.iter().copied(), |id| by_id(db, id)).await?;
    let seen = |account: Account| account.last_seen.map(|at| (account.user.id, at));
    Ok(found.into_iter().flatten().filter_map(seen).collect())
}

/// The statements for one kind of name.
#[derive(Clone, Copy)]
struct Names<'a> {
    which: Unique,
    read: &'a Read,
    claim: &'a Decision,
    take: &'a Decision,
    confirm: &'a Decision,
    release: &'a Decision,
}

impl<'a> Names<'a> {
    fn of(db: &'a Db, which: Unique) -> Self {
        let s = &db.people;
        match which {
            Unique::Username => Self {
                which,
                read: &s.name,
                claim: &s.claim_name,
                take: &s.take_name,
                confirm: &s.confirm_name,
                release: &s.release_name,
            },
            Unique::Email => Self {
                which,
                read: &s.email,
                claim: &s.claim_email,
                take: &s.take_email,
                confirm: &s.confirm_email,
                release: &s.release_email,
            },
        }
    }

    /// Claims a name, or says that it is taken.
    async fn claim(self, db: &Db, key: &str, user: UserId, at: u64) -> StoreResult<()> {
        let taken = || StoreError::Taken(self.which);
        if db.insist(self.claim, (key, user, Big(at))).await? {
            return Ok(());
        }
        let claim: Option<(UserId, Big)> = db.row_decided(self.read, (key,)).await?;
        // It went in between: whoever had it is done with it, and a retry may have it.
        let Some((owner, claimed_at)) = claim else { return Err(taken()) };
        if owner == user {
            return Ok(());
        }
        let young = at.saturating_sub(claimed_at.0) < CLAIM_HOLDS_MS;
        if young || by_id(db, owner).await?.is_some() {
            return Err(taken());
        }
        if db.insist(self.take, (user, Big(at), key, owner)).await? {
            return Ok(());
        }
        // An attempt without an answer may have been the one that took it.
        let claim: Option<(UserId, Big)> = db.row_decided(self.read, (key,)).await?;
        claim.filter(|(owner, _)| *owner == user).map(drop).ok_or_else(taken)
    }

    /// Settles a claim; `false` where it was taken over.
    async fn confirm(self, db: &Db, key: &str, user: UserId) -> StoreResult<bool> {
        db.insist(self.confirm, (key, user)).await
    }

    async fn release(self, db: &Db, key: &str, user: UserId) -> StoreResult<()> {
        db.insist(self.release, (key, user)).await.map(drop)
    }
}

pub(super) async fn ids(db: &Db, after: Option<UserId>, limit: usize) -> StoreResult<Vec<UserId>> {
    db.ids((&db.people.all, &db.people.from), after, limit).await
}

pub(super) async fn create(db: &Db, new: NewAccount) -> StoreResult<User> {
    let claimant = Claimant::of(&new.username, &new.email, new.id, new.created_at);
    claimant.claim(db).await?;
    let first = claims_to_be_first(db, new.id, new.created_at).await?;
    let mut user = User {
        id: new.id,
        username: new.username,
        display_name: new.display_name,
        role: ServerRole::User,
        created_at: new.created_at,
    };
    let row = row(&user, &new.email, &new.password_hash, PresenceChoice::Auto);
    db.insist(&db.people.insert, row).await?;
    claimant.confirm(db).await?;
    if first && becomes_admin(db, user.id).await? {
        user.role = ServerRole::Admin;
    }
    Ok(user)
}

pub(super) async fn put(db: &Db, moved: &Account) -> StoreResult<()> {
    let (user, at) = (&moved.user, now());
    if let Some(there) = by_id(db, user.id).await? {
        if there.password_hash.is_empty() && !moved.password_hash.is_empty() {
            set_password(db, user.id, &moved.password_hash).await?;
        }
    } else {
        let claimant = Claimant::of(&user.username, &moved.email, user.id, at);
        claimant.claim(db).await?;
        let row = row(user, &moved.email, &moved.password_hash, moved.presence);
        db.insist(&db.people.insert, row).await?;
        claimant.confirm(db).await?;
    }
    // What follows is completed by another call where this one dies.
    if let Some(seen) = moved.last_seen {
        set_last_seen(db, &[(user.id, seen)]).await?;
    }
    let may_lead = user.role == ServerRole::Admin && !moved.password_hash.is_empty();
    if may_lead && claims_to_be_first(db, user.id, at).await? {
        becomes_admin(db, user.id).await?;
    }
    Ok(())
}

type New<'a> = (UserId, &'a str, &'a str, &'a str, ServerRole, &'a str, PresenceChoice, Big);

/// Nobody begins as an admin.
fn row<'a>(user: &'a User, email: &'a str, hash: &'a str, presence: PresenceChoice) -> New<'a> {
    let (name, shown) = (user.username.as_str(), user.display_name.as_str());
    (user.id, name, email, shown, ServerRole::User, hash, presence, Big(user.created_at))
}

/// Who is to have a username and an e-mail address.
struct Claimant {
    name: String,
    email: String,
    user: UserId,
    at: u64,
}

impl Claimant {
    fn of(username: &str, email: &str, user: UserId, at: u64) -> Self {
        Self { name: unique_key(username), email: unique_key(email), user, at }
    }

    async fn claim(&self, db: &Db) -> StoreResult<()> {
        let Self { name, email, user, at } = self;
        let (names, emails) = (Names::of(db, Unique::Username), Names::of(db, Unique::Email));
        // One after the other, each only for as long as it is needed: no two wait for each other.
        {
            let _turn = db.locks.hold(("name", name)).await;
            names.claim(db, name, *user, *at).await?;
        }
        let claimed = {
            let _turn = db.locks.hold(("email", email)).await;
            emails.claim(db, email, *user, *at).await
        };
        if let Err(error) = claimed {
            names.release(db, name, *user).await?;
            return Err(error);
        }
        Ok(())
    }

    /// Once the account is written. Where a name went to somebody else meanwhile, the account goes.
    async fn confirm(&self, db: &Db) -> StoreResult<()> {
        let Self { name, email, user, .. } = self;
        let (names, emails) = (Names::of(db, Unique::Username), Names::of(db, Unique::Email));
        let (has_name, has_email) =
            try_join!(names.confirm(db, name, *user), emails.confirm(db, email, *user))?;
        if has_name && has_email {
            return Ok(());
        }
        db.insist(&db.people.remove, (*user,)).await?;
        let releases = [names.release(db, name, *user), emails.release(db, email, *user)];
        future::try_join_all(releases).await?;
        Err(StoreError::Taken(if has_name { Unique::Email } else { Unique::Username }))
    }
}

/// Whether this account has the claim to be the store's first. Completes what another one began whose
/// account exists, and takes over from one whose account never came.
async fn claims_to_be_first(db: &Db, user: UserId, at: u64) -> StoreResult<bool> {
    let mut first = facts::first(db).await?;
    if first.is_none() {
        let _turn = db.locks.hold("first").await;
        facts::claim_first(db, user, at).await?;
        first = facts::first(db).await?;
    }
    let Some(first) = first else { return Ok(false) };
    if first.user == user {
        return Ok(true);
    }
    if first.confirmed {
        return Ok(false);
    }
    match by_id(db, first.user).await? {
        Some(_) => becomes_admin(db, first.user).await.map(|_| false),
        None if at.saturating_sub(first.claimed_at) < CLAIM_HOLDS_MS => Ok(false),
        None => {
            facts::take_first(db, user, at, first.user).await?;
            Ok(facts::first(db).await?.is_some_and(|first| first.user == user))
        }
    }
}

/// Once the account is written: settles that it is the first, and only then gives it the role.
async fn becomes_admin(db: &Db, user: UserId) -> StoreResult<bool> {
    let confirmed = facts::confirm_first(db, user).await?;
    if confirmed {
        db.insist(&db.people.set_role, (ServerRole::Admin, user)).await?;
    }
    Ok(confirmed)
}
