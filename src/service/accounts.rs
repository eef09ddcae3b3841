//! Accounts and sessions.

use std::net::IpAddr;

use super::{Answered, Caller, Refusal, Service, Telling};
use crate::auth::tokens;
use crate::bus::LimitKey;
use crate::domain::names;
use crate::protocol::codes::{ErrorCode, FieldError};
use crate::protocol::http::{ChangePassword, Login, Me, Register, Tokens};
use crate::protocol::{Control, Event, Session, SessionId, Topic, User, UserId};
use crate::store::{Account, NewAccount, Rotation, SessionRecord};
use uuid::Uuid;

/// A refresh token that was replaced within this time gives the same successor again: two tabs
/// that refresh at the same moment, or an answer that was lost on its way.
const REFRESH_GRACE_MS: u64 = 10_000;

/// Sessions of one person; the one unused for longest gives way.
const MAX_SESSIONS: usize = 100;

const USER_AGENT_BYTES: usize = 256;

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Device {
    pub name: String,
    pub user_agent: String,
    pub address: IpAddr,
}

impl Service {
    /// Makes an account and logs it in.
    pub async fn register(&self, asked: Register, mut device: Device) -> Answered<Tokens> {
        let username = names::username(&asked.username);
        let email = names::email(&asked.email);
        let password = names::password("password", &asked.password);
        let display_name =
            names::display_name(asked.display_name.as_ref().unwrap_or(&asked.username));
        let device_name = names::device(asked.device.as_deref().unwrap_or_default());
        let (Ok(username), Ok(email), Ok(password), Ok(display_name), Ok(device_name)) =
            (&username, &email, &password, &display_name, &device_name)
        else {
            let checked = [username, email, password, display_name, device_name];
            let wrong: Vec<FieldError> = checked.into_iter().filter_map(Result::err).collect();
            return Err(wrong.into());
        };
        self.limit(LimitKey::LoginsFrom(device.address), self.0.limits.logins_from).await?;
        let password_hash = self.0.passwords.hash(password.clone()).await?;
        let now = self.now_ms()?;
        let account = NewAccount {
            id: UserId(Uuid::new_v4()),
            username: username.clone(),
            email: email.clone(),
            display_name: display_name.clone(),
            password_hash,
            created_at: now,
        };
        let user = self.0.store.create_account(account).await?;
        device.name.clone_from(device_name);
        self.begin_session(user, device).await
    }

    pub async fn log_in(&self, asked: Login, mut device: Device) -> Answered<Tokens> {
        device.name = names::device(asked.device.as_deref().unwrap_or_default())?;
        self.limit(LimitKey::LoginsFrom(device.address), self.0.limits.logins_from).await?;
        let key = names::unique_key(&asked.login);
        if key.len() > names::EMAIL_BYTES
            || !names::PASSWORD_CHARS.contains(&asked.password.chars().count())
        {
            return Err(Refusal::of(ErrorCode::WrongCredentials));
        }
        self.limit(LimitKey::LoginsTo(key), self.0.limits.logins_to).await?;
        let account = self.0.store.account_by_login(&asked.login).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let same = self.0.passwords.verify(asked.password, hash).await?;
        let user = account.filter(|_| same).map(|account| account.user);
        self.begin_session(user.ok_or_else(|| Refusal::of(ErrorCode::WrongCredentials))?, device)
            .await
    }

    async fn begin_session(&self, user: User, device: Device) -> Answered<Tokens> {
        let mut sessions = self.0.store.sessions_of(user.id).await?;
        while sessions.len() >= MAX_SESSIONS {
            if let Some(oldest) = sessions.pop() {
                self.end_session_of(user.id, oldest.session.id).await?;
            }
        }
        let now = self.now_ms()?;
        let mut user_agent = device.user_agent;
        user_agent.truncate(user_agent.floor_char_boundary(USER_AGENT_BYTES));
        let session = Session {
            id: SessionId(Uuid::new_v4()),
            device: device.name,
            user_agent,
            address: device.address.to_string(),
            created_at: now,
            last_used_at: now,
            expires_at: now + self.0.session_lasts.as_millis() as u64,
            current: true,
        };
        let salt = rand::random();
        let record =
            SessionRecord { session, user_id: user.id, salt, generation: 0, rotated_at: now };
        self.0.store.create_session(record.clone()).await?;
        self.tokens(record, user, 0)
    }

    fn tokens(&self, record: SessionRecord, user: User, generation: u32) -> Answered<Tokens> {
        let tokens = &self.0.tokens;
        let id = record.session.id;
        Ok(Tokens {
            access_token: tokens.access(user.id, id, self.now_ms()? / 1000),
            expires_in_s: tokens.access_s(),
            refresh_token: Some(tokens.refresh(id, &record.salt, generation)),
            session: Session { current: true, ..record.session },
            user,
        })
    }

    /// Replaces a refresh token. A token that was replaced before, and not just now, ends its
    /// session: somebody else has it.
    pub async fn refresh(&self, token: &str, address: IpAddr) -> Answered<Tokens> {
        let ended = || Refusal::of(ErrorCode::SessionEnded);
        let claims = tokens::Tokens::parse_refresh(token).ok_or_else(ended)?;
        let mut record = self.0.store.session(claims.session).await?.ok_or_else(ended)?;
        if !self.0.tokens.verify_refresh(&claims, &record.salt) {
            return Err(ended());
        }
        let account = self.0.store.account(record.user_id).await?.ok_or_else(ended)?;
        let now = self.now_ms()?;
        if record.session.expires_at <= now {
            return Err(ended());
        }
        if claims.generation == record.generation {
            let rotation = Rotation {
                id: record.session.id,
                from: claims.generation,
                at: now,
                expires_at: now + self.0.session_lasts.as_millis() as u64,
                address: address.to_string(),
            };
            let session = &mut record.session;
            (session.last_used_at, session.expires_at) = (rotation.at, rotation.expires_at);
            session.address.clone_from(&rotation.address);
            let won = self.0.store.rotate_session(rotation).await?;
            if !won && self.0.store.session(claims.session).await?.is_none() {
                return Err(ended());
            }
            // Whoever lost did so a moment ago, to somebody who is given the same successor.
            return self.tokens(record, account.user, claims.generation + 1);
        }
        let just_replaced = claims.generation + 1 == record.generation
            && now.saturating_sub(record.rotated_at) <= REFRESH_GRACE_MS;
        if just_replaced {
            let generation = record.generation;
            return self.tokens(record, account.user, generation);
        }
        tracing::warn!(user.id = %record.user_id, session.id = %record.session.id, "a replaced refresh token came back; its session is ended");
        self.end_session_of(record.user_id, record.session.id).await?;
        Err(ended())
    }

    pub async fn log_out(&self, caller: &Caller) -> Answered<()> {
        self.end_session_of(caller.user, caller.session).await.map(|_| ())
    }

    pub async fn me(&self, caller: &Caller) -> Answered<Me> {
        let account = self.own_account(caller).await?;
        Ok(Me { user: account.user, email: account.email, presence: account.presence })
    }

    async fn own_account(&self, caller: &Caller) -> Answered<Account> {
        let account = self.0.store.account(caller.user).await?;
        account.ok_or_else(|| Refusal::of(ErrorCode::SessionEnded))
    }

    pub async fn sessions(&self, caller: &Caller) -> Answered<Vec<Session>> {
        let sessions = self.0.store.sessions_of(caller.user).await?;
        let seen = |record: SessionRecord| Session {
            current: record.session.id == caller.session,
            ..record.session
        };
        Ok(sessions.into_iter().map(seen).collect())
    }

    pub async fn revoke_session(&self, caller: &Caller, session: SessionId) -> Answered<()> {
        if self.end_session_of(caller.user, session).await? {
            return Ok(());
        }
        Err(Refusal::of(ErrorCode::NotFound))
    }

    /// Ends all sessions of the person; or all but the one that asks.
    pub async fn revoke_sessions(&self, caller: &Caller, keep_current: bool) -> Answered<()> {
        self.end_sessions_of(caller.user, keep_current.then_some(caller.session)).await
    }

    /// Other sessions end.
    pub async fn change_password(&self, caller: &Caller, asked: ChangePassword) -> Answered<()> {
        let password = names::password("new_password", &asked.new_password)?;
        let account = self.own_account(caller).await?;
        self.limit(
            LimitKey::LoginsTo(names::unique_key(&account.user.username)),
            self.0.limits.logins_to,
        )
        .await?;
        if !self.0.passwords.verify(asked.current_password, Some(account.password_hash)).await? {
            return Err(Refusal::because(
                ErrorCode::WrongCredentials,
                "The current password is wrong.",
            ));
        }
        let hash = self.0.passwords.hash(password).await?;
        self.0.store.set_password(caller.user, &hash).await?;
        self.end_sessions_of(caller.user, Some(caller.session)).await
    }

    async fn end_session_of(&self, user: UserId, session: SessionId) -> Answered<bool> {
        let service = self.clone();
        self.to_its_end(async move {
            let ended = service.0.store.end_session(user, session).await?;
            // Where it had ended already, whoever ended it may have died before telling anybody.
            if ended || service.0.store.session(session).await?.is_none() {
                service.know_ended(session);
                service.tell_of_sessions(user, Control::EndSession(session)).await?;
            }
            Ok(ended)
        })
        .await
    }

    async fn end_sessions_of(&self, user: UserId, except: Option<SessionId>) -> Answered<()> {
        let service = self.clone();
        self.to_its_end(async move {
            service.0.store.end_sessions(user, except).await?;
            // Which they were is not known for sure; all are looked up again.
            service.0.known.end_sessions(user);
            service.tell_of_sessions(user, Control::EndSessions { except }).await
        })
        .await
    }

    async fn tell_of_sessions(&self, user: UserId, control: Control) -> Answered<()> {
        let event = Event::Sessions { user_id: user };
        let telling = Telling { topic: Topic::User(user), control: Some(control), event };
        self.tell(self.take_id()?, vec![telling]).await
    }

    pub async fn user(&self, id: UserId) -> Answered<User> {
        let mut users = self.0.store.users(&[id]).await?;
        users.pop().ok_or_else(|| Refusal::of(ErrorCode::NotFound))
    }

    pub async fn users(&self, ids: &[UserId]) -> Answered<Vec<User>> {
        Ok(self.0.store.users(ids).await?)
    }

    pub async fn user_by_username(&self, username: &str) -> Answered<User> {
        let user = self.0.store.user_by_username(username).await?;
        user.ok_or_else(|| Refusal::of(ErrorCode::NotFound))
    }
}
