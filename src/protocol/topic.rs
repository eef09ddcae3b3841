//! What events are addressed to, and what a relaying node must do beside handing them on.

use super::entities::PresenceStatus;
use super::ids::{RoomId, SessionId, UserId};

/// An address of events. Whoever follows a topic gets what is published there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A conversation, followed by the sockets of its members.
    Room(RoomId),
    /// A person's own devices: memberships, sessions.
    User(UserId),
    /// A person's presence, followed by whoever watches them. Its events are counted, and so missed
    /// when they are lost; but they are not durable: what is read instead is how the person is now.
    Presence(UserId),
}

/// What a node does for the sockets that follow a topic, before it hands them the event. It stands
/// beside the event's bytes, which a relay never parses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// The followers of this person's topic follow the room from now on.
    Follow(RoomId),
    /// They no longer do.
    Unfollow(RoomId),
    /// What is remembered of the room is out of date.
    Room,
    /// What is remembered of this person's place in the room is out of date.
    Member(UserId),
    /// How the person of this topic is seen from now on.
    Presence(PresenceStatus),
    /// The person's sessions changed, which way has to be looked up: those that ended close.
    Sessions,
    /// The session was revoked: its sockets close.
    EndSession(SessionId),
    /// Every session of the person but one (their current one, where given) was revoked.
    EndSessions { except: Option<SessionId> },
}
