//! Bodies of the HTTP interface.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::entities::{Member, Message, PresenceChoice, Role, Room, RoomKind, Session, User};
use super::ids::{MessageId, RoomId, UserId};

/// A new account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Register {
    /// 3 to 32 of `a-z`, `0-9`, `_`, `.`, `-`, in any case; it begins and ends with a letter or digit.
    pub username: String,
    pub email: String,
    /// 8 to 256 characters.
    pub password: String,
    /// 1 to 64 characters; the username where it is absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// A name for the device that this is done on, at most 64 characters.
    #[serde(default)]
    pub device: Option<String>,
    /// Whether the refresh token is given as a cookie, which no script can read, and not in the
    /// answer. For browsers.
    #[serde(default)]
    pub cookie: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Login {
    /// The username or the e-mail address.
    pub login: String,
    pub password: String,
    #[serde(default)]
    pub device: Option<String>,
    /// As with `register`.
    #[serde(default)]
    pub cookie: bool,
}

/// Either of the two, not both.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Refresh {
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// The token is in the cookie, and so is the one that replaces it.
    #[serde(default)]
    pub cookie: bool,
}

/// What a login or a refresh gives.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer` and for `hello`.
    pub access_token: String,
    /// How long it is valid, in seconds.
    pub expires_in_s: u64,
    /// Replaces the one before; that one is not to be used again. Absent where it is in the cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    pub session: Session,
    pub user: User,
}

/// The person who asks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Me {
    #[serde(flatten)]
    pub user: User,
    pub email: String,
    pub presence: PresenceChoice,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangePassword {
    pub current_password: String,
    pub new_password: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewRoom {
    /// `public` or `private`.
    pub kind: RoomKind,
    /// 1 to 80 characters.
    pub name: String,
    /// At most 1,000 characters.
    #[serde(default)]
    pub description: String,
}

/// What is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeRoom {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub kind: Option<RoomKind>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OpenDirect {
    pub user_id: UserId,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AddMember {
    pub user_id: UserId,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeMember {
    /// `owner` hands the room over: whoever gives it away becomes an admin.
    pub role: Role,
}

/// One conversation in one's list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    pub room: Room,
    /// One's own place in it.
    pub member: Member,
    /// Its newest message; absent while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// Text messages of others after one's read watermark that are not deleted. Counted up to 100.
    pub unread: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Conversations {
    pub conversations: Vec<Conversation>,
}

/// A room as anybody may see it who can find it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoomDetails {
    pub room: Room,
    pub member_count: u32,
    /// One's own place in it, if one has ever been in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PublicRooms {
    /// Newest first.
    pub rooms: Vec<RoomDetails>,
    /// Give it as `before` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<RoomId>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MemberEntry {
    pub member: Member,
    pub user: User,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Members {
    /// By the id of the user.
    pub members: Vec<MemberEntry>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}

/// Which part of a room's history. At most one of `before`, `after` and `around`; none: the newest.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Messages older than this one.
    pub before: Option<MessageId>,
    /// Messages newer than this one.
    pub after: Option<MessageId>,
    /// This message, with half a page on either side.
    pub around: Option<MessageId>,
    /// 1 to 200; 50 where it is absent.
    pub limit: Option<u32>,
}

/// A part of a room's history, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct History {
    pub messages: Vec<HistoryMessage>,
    /// Whether there are older messages than these.
    pub more_before: bool,
    /// Whether there are newer messages than these.
    pub more_after: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryMessage {
    #[serde(flatten)]
    pub message: Message,
    /// One's own reactions to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub my_reactions: Vec<String>,
}

/// As [`super::client::SendMessage`], without the room.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PostMessage {
    pub nonce: String,
    pub text: String,
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    #[serde(default)]
    pub retry: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EditMessage {
    pub text: String,
}

/// How far one has received and read; at least one of the two.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    #[serde(default)]
    pub read: Option<MessageId>,
    #[serde(default)]
    pub delivered: Option<MessageId>,
}

/// Who received and who read a message, its author left out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeenBy {
    pub read: Vec<UserId>,
    pub delivered: Vec<UserId>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TypingBody {
    pub on: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PresenceBody {
    pub choice: PresenceChoice,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PollQuery {
    /// The newest cursor that this client was given; none for a fresh start.
    pub cursor: Option<String>,
    /// How long to wait for something to happen, in seconds: 0 to 50; 25 where it is absent.
    pub wait: Option<u32>,
    /// Whose presence to be told: user ids, separated by commas.
    pub watch: Option<String>,
    /// Whether nobody uses the device at the moment.
    #[serde(default)]
    pub idle: bool,
}

/// What a poll gives.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Polled {
    /// Frames as on the socket: events, and `reload`.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Box<serde_json::value::RawValue>>,
    /// For the next poll, and as good for a `hello`.
    pub cursor: String,
    /// `false`: the cursor was not understood or is too old; load everything again.
    pub resumed: bool,
}

/// An error (RFC 9457), sent as `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// An address that stands for the code; it need not lead anywhere.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's meaning.
    pub title: String,
    pub status: u16,
    #[serde(flatten)]
    pub error: super::codes::ErrorBody,
    /// The request's id, for the operator's logs.
    pub request_id: String,
}

/// A server that can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// What does not work at this moment; empty: everything does.
    pub degraded: Vec<Degraded>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Degraded {
    /// Redis is out of reach. Messages are accepted and stored; they are delivered when it is back.
    Bus,
}
