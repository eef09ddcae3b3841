//! Coming back: who it is, what they follow, and what they missed.

use std::sync::Arc;

use super::{Answered, Refusal, Service};
use crate::auth::tokens::Claims;
use crate::domain::cursor::{Cursor, LAG_MS};
use crate::domain::rules::Rule;
use crate::protocol::codes::ErrorCode;
use crate::protocol::{EventId, ServerRole, SessionId, Topic, UserId};
use crate::store::Arrival;
use crate::store::catch_up::Replay;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: UserId,
    pub session: SessionId,
    pub server_admin: bool,
    /// When the access token expires, in seconds since 1970.
    pub token_until_s: u64,
}

/// Where a connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It has nothing yet: it loads what it wants, and is told what happens from now on.
    Fresh,
    /// It has everything up to the cursor.
    From(Cursor),
    /// It has something, but nobody knows how much: it loads everything again.
    Afresh,
}

impl Start {
    /// Whether the client need not load everything again.
    pub fn is_known(&self) -> bool {
        *self != Self::Afresh
    }

    /// As a metric's label.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::From(_) => "resumed",
            Self::Afresh => "afresh",
        }
    }
}

impl Service {
    /// Who holds this access token. Its session goes on.
    pub async fn authenticate(&self, token: &str) -> Answered<Caller> {
        let claims = self.verify(token)?;
        if !self.is_alive(claims.sub, claims.sid).await? {
            return Err(Refusal::of(ErrorCode::SessionEnded));
        }
        let server_admin = self.is_server_admin(claims.sub).await?;
        Ok(Caller {
            user: claims.sub,
            session: claims.sid,
            server_admin,
            token_until_s: claims.exp,
        })
    }

    /// What an access token says, if it is ours and has not expired. Its session may have ended.
    pub fn verify(&self, token: &str) -> Answered<Claims> {
        let claims = self.0.tokens.verify_access(token, self.now_ms()? / 1000);
        claims.ok_or_else(|| Refusal::of(ErrorCode::Unauthenticated))
    }

    /// How long an access token is still valid, in seconds.
    pub fn seconds_left(&self, claims: &Claims) -> Answered<u64> {
        Ok(claims.exp.saturating_sub(self.now_ms()? / 1000))
    }

    /// Who it is, what their connection follows and what they show. Read after this call.
    pub async fn arrive(&self, claims: &Claims) -> Answered<(Caller, Arrival)> {
        let arrival = self.0.store.arrive(claims.sid).await?;
        let arrival = arrival.filter(|arrival| arrival.session.user_id == claims.sub);
        let arrival = arrival.ok_or_else(|| Refusal::of(ErrorCode::SessionEnded))?;
        let caller = Caller {
            user: claims.sub,
            session: claims.sid,
            server_admin: arrival.role == ServerRole::Admin,
            token_until_s: claims.exp,
        };
        Ok((caller, arrival))
    }

    /// Where a connection with this cursor goes on.
    pub fn start(&self, cursor: Option<&str>) -> Answered<Start> {
        let now = self.now_ms()?;
        Ok(match cursor {
            None => Start::Fresh,
            Some(text) => match Cursor::decode(text).filter(|cursor| cursor.is_usable(now)) {
                Some(cursor) => Start::From(cursor),
                None => Start::Afresh,
            },
        })
    }

    /// The cursor's time of a connection that has been told everything up to now: now, less the
    /// time by which an event may be published after its id was taken.
    pub fn cursor_now_ms(&self) -> Answered<u64> {
        let lag_ms = if Rule::Lag.holds() { LAG_MS } else { 0 };
        Ok(self.now_ms()?.saturating_sub(lag_ms) / 1000 * 1000)
    }

    /// Those of the topics in which something may have happened after this time, in milliseconds
    /// since 1970. Where the bus can't say: all of them.
    pub async fn maybe_changed(&self, topics: Vec<Topic>, since_ms: u64) -> Vec<Topic> {
        let Ok(heads) = self.0.bus.heads(&topics).await else { return topics };
        let changed = topics
            .into_iter()
            .zip(heads)
            .filter(|(_, head)| head.is_none_or(|head| !head.is_quiet_since(since_ms)));
        changed.map(|(topic, _)| topic).collect()
    }

    /// What changed in a topic above `since`.
    pub async fn missed(&self, topic: Topic, since: EventId) -> Answered<Arc<Replay>> {
        self.0.catch_up.since(topic, since).await.map_err(|error| {
            tracing::error!(%error, "what was missed could not be read");
            Refusal::of(ErrorCode::StorageUnavailable)
        })
    }
}
