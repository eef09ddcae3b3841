//! What is said: ids, topics, frames, events, codes and HTTP bodies. Pure data.
//!
//! Everything here is part of the public contract (`docs/protocol.md`, the `OpenAPI` and the
//! `AsyncAPI` document are made from or checked against it), so a change here is a change for
//! every client. It must not know how anything is stored, relayed or decided.

pub mod client;
pub mod codes;
pub mod entities;
pub mod event;
pub mod http;
pub mod ids;
pub mod server;
pub mod topic;
pub mod trace;

pub use entities::{
    Member, Membership, Message, MessageKind, PresenceChoice, PresenceStatus, ReactionSummary,
    Role, Room, RoomKind, ServerRole, Session, SystemEvent, User,
};
pub use event::{Event, Frame};
pub use ids::{EventId, MessageId, RoomId, SessionId, UserId};
pub use topic::{Control, Topic};
pub use trace::TraceParent;

/// The WebSocket subprotocol, and with it the version, of the frames in [`client`] and [`server`].
pub const SUBPROTOCOL: &str = "starling.v1";

/// What one frame from a client may measure, in bytes. It holds the longest text with every
/// character escaped, and little more.
pub const MAX_CLIENT_FRAME_BYTES: usize = 64 * 1024;
