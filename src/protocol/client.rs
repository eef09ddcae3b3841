//! What a client says on the socket: one variant a command.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entities::PresenceChoice;
use super::ids::{MessageId, RoomId, UserId};

/// A frame from the client. `id` is the client's own number for the command; the answer carries
/// it. Commands of one connection are carried out one after another, in the order they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientFrame {
    /// Any number below 2^53; a heartbeat needs none.
    #[serde(default)]
    pub id: u64,
    #[serde(flatten)]
    pub command: Command,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Logs in. The first frame, within ten seconds. Answered with `hello`'s data, then everything
    /// missed since the cursor, then `caught_up`.
    Hello {
        /// An access token.
        token: String,
        /// The newest cursor that this client was given, on any connection; none for a fresh start.
        #[serde(default)]
        cursor: Option<String>,
        /// Whether nobody uses the device at the moment.
        #[serde(default)]
        idle: bool,
    },
    /// Gives the open socket a new access token of the same session, before the old one expires.
    Renew { token: String },
    /// Keeps the connection alive. Not answered.
    Heartbeat,
    /// Sends a text message.
    Send(SendMessage),
    /// Replaces the text of an own message.
    Edit { room_id: RoomId, message_id: MessageId, text: String },
    /// Deletes a message; a tombstone stays.
    Delete { room_id: RoomId, message_id: MessageId },
    /// Adds (`on`) or takes back an own reaction.
    React { room_id: RoomId, message_id: MessageId, emoji: String, on: bool },
    /// Everything up to this message was read (and so delivered).
    Read { room_id: RoomId, message_id: MessageId },
    /// Everything up to this message has reached this device.
    Delivered { room_id: RoomId, message_id: MessageId },
    /// The person writes (`on`) or stopped. Say it again every three seconds while it goes on.
    Typing { room_id: RoomId, on: bool },
    /// Whether this device is idle.
    Activity { idle: bool },
    /// What the person shows to others, on all devices, until changed.
    Presence { choice: PresenceChoice },
    /// Replaces the list of people whose presence this connection is told. Answered with the
    /// presence of each, as far as known.
    Watch { user_ids: Vec<UserId> },
}

/// A message to send. Over HTTP the room stands in the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SendMessage {
    pub room_id: RoomId,
    /// Made once for each message that the person sends, and kept until it was acknowledged: 8 to
    /// 64 letters, digits, `-`, `_`. The same nonce never makes a second message.
    pub nonce: String,
    /// 1 to 4,000 characters and at most 16,000 bytes, not only white space.
    pub text: String,
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    /// True when this nonce may have been sent before, on any connection.
    #[serde(default)]
    pub retry: bool,
}
