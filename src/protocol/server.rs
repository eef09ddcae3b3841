//! What the server says on the socket beside [`super::Event`]s.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::codes::ErrorBody;
use super::entities::{Member, PresenceStatus};
use super::ids::{EventId, MessageId, RoomId, SessionId, UserId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The command `id` was carried out.
    Ok {
        id: u64,
        #[serde(default, skip_serializing_if = "Answer::is_nothing")]
        data: Answer,
    },
    /// The command `id` was refused; or what came was no command, and `id` is 0 where none could be
    /// read.
    Error { id: u64, error: ErrorBody },
    /// All that was missed has been told. From here on events arrive as they happen.
    CaughtUp { cursor: String },
    /// The server's heartbeat; answer it with a `heartbeat`. Keep the cursor.
    Heartbeat { cursor: String },
    /// More happened in this room than is told on resuming: load its newest page, its details and
    /// its members again. Without a room: load everything again.
    Reload {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room_id: Option<RoomId>,
    },
    /// The server will close this connection. Connect again after this many milliseconds.
    Goodbye { reconnect_after_ms: u64 },
}

/// What a carried out command answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Answer {
    Hello(Hello),
    Sent(Sent),
    // Before `Changed`, which would take it for its own: it has a version, too.
    Member(Box<Member>),
    Changed(Changed),
    Presence(Vec<PresenceEntry>),
    #[default]
    Nothing,
}

impl Answer {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// To `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    pub user_id: UserId,
    pub session_id: SessionId,
    /// Whether the cursor was understood and is young enough; `false` means: load everything
    /// again. Always `true` where none was given.
    pub resumed: bool,
    /// The server's heartbeat comes this often, in seconds.
    pub heartbeat_s: u64,
    /// A connection that says nothing for this long, in seconds, is closed.
    pub silence_limit_s: u64,
    /// The server's time, in milliseconds since 1970.
    pub now: u64,
}

/// To `send`. The message is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    pub message_id: MessageId,
    /// True when an earlier attempt with this nonce had already stored it.
    pub duplicate: bool,
}

/// To `edit`, `delete` and `react`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    pub version: EventId,
}

/// One person in the answer to `watch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PresenceEntry {
    pub user_id: UserId,
    pub status: PresenceStatus,
    /// As in the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<u64>,
}
