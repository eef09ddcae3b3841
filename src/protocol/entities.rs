//! The things that events and answers carry. Each is the whole state of one thing.
//!
//! Times are milliseconds since 1970, UTC, by the server's clock.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::{EventId, MessageId, RoomId, SessionId, UserId};

/// What a person may do on the whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    User,
    Admin,
}

/// A person, as everybody may see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: UserId,
    /// Unique, whatever its letters' case.
    pub username: String,
    pub display_name: String,
    pub role: ServerRole,
    pub created_at: u64,
}

/// A login on a device, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    /// The name that the client gave its device.
    pub device: String,
    /// The `User-Agent` header of the login, cut to 256 bytes.
    pub user_agent: String,
    /// The network address that it was last used from.
    pub address: String,
    pub created_at: u64,
    pub last_used_at: u64,
    /// It ends by itself when it was not refreshed until then.
    pub expires_at: u64,
    /// Whether it is the session of the request that asked.
    #[serde(default)]
    pub current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Anybody on the server finds it, reads it after joining, and may join.
    Public,
    /// Only members know of it; people are added by an owner or admin.
    Private,
    /// Two people; made by the first who opens it, joined and left by nobody.
    Direct,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Room {
    pub id: RoomId,
    pub kind: RoomKind,
    /// Empty for a direct conversation.
    pub name: String,
    pub description: String,
    pub created_by: UserId,
    pub created_at: u64,
    /// The two people of a direct conversation; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<[UserId; 2]>,
    /// True once it was deleted: nothing in it can be read or written any more.
    #[serde(default)]
    pub deleted: bool,
    pub version: EventId,
}

/// What a member may do in a room. Clients treat a role that they don't know as `member`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Member,
    Admin,
    Owner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    Joined,
    Left,
}

/// One person's place in one room, with how far they have received and read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    pub room_id: RoomId,
    pub user_id: UserId,
    pub state: Membership,
    pub role: Role,
    pub joined_at: u64,
    /// Everything up to this message has reached a device of theirs. Only ever rises.
    pub delivered: Option<MessageId>,
    /// Everything up to this message was read. Only ever rises.
    pub read: Option<MessageId>,
    pub version: EventId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    System,
}

/// What a system message tells. The message's author is who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SystemEvent {
    /// The room was made.
    Created,
    /// The author joined by themselves.
    Joined,
    /// The author left.
    Left,
    /// The author added somebody.
    Added { user_id: UserId },
    /// The author removed somebody.
    Removed { user_id: UserId },
    /// The author gave somebody another role.
    RoleChanged { user_id: UserId, role: Role },
    /// The author changed the room; what is absent stayed as it was.
    Changed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<RoomKind>,
    },
}

/// One emoji under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionSummary {
    pub emoji: String,
    pub count: u32,
    /// Who reacted first, at most ten.
    pub users: Vec<UserId>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Its place in the room's order, and its time.
    pub id: MessageId,
    pub author_id: UserId,
    pub kind: MessageKind,
    /// As it was written, never turned into HTML. Empty once deleted, and for system messages.
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemEvent>,
    /// The sender's own id for it, by which a client finds what it sent. Empty for system messages.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub nonce: String,
    /// The message of the same room that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    pub sent_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<u64>,
    /// True for a tombstone: the text is gone, its place stays.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionSummary>,
    /// The version of `reactions`; absent where there never was one. It stands apart from `version`
    /// because [`super::Event::Reaction`] carries reactions without the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactions_version: Option<EventId>,
    /// Rises with each edit and with the deletion; the message's own id at first.
    pub version: EventId,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What others see of whether a person is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    Online,
    Away,
    DoNotDisturb,
    Offline,
}

/// What a person chose to show; it lasts and holds for all their devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceChoice {
    /// Online while a device is in use, away while all are idle.
    Auto,
    Away,
    DoNotDisturb,
    /// Offline to everybody else.
    Invisible,
}
