//! What a line of the change log is about.

use uuid::Uuid;

use crate::protocol::{Event, MessageId, RoomId, Topic, UserId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Thing {
    /// In a room: one of its messages.
    Message(MessageId),
    /// In a room: one person's reactions to one message.
    Reaction(MessageId, UserId),
    /// In a room: the room itself.
    Room,
    /// In a room: one of its members.
    Member(UserId),
    /// Of a person: their place in one room.
    Membership(RoomId),
}

impl Thing {
    /// What an event of this topic tells of, where that is durable.
    pub(super) fn of(topic: Topic, event: &Event) -> Option<Self> {
        Some(match (topic, event) {
            (Topic::User(_), Event::Room { room }) => Self::Membership(room.id),
            (Topic::User(_), Event::Member { member }) => Self::Membership(member.room_id),
            (Topic::Room(_), Event::Room { .. }) => Self::Room,
            (Topic::Room(_), Event::Member { member }) => Self::Member(member.user_id),
            (Topic::Room(_), Event::Message { message, .. }) => Self::Message(message.id),
            (Topic::Room(_), Event::Reaction { message_id, user_id, .. }) => {
                Self::Reaction(*message_id, *user_id)
            }
            _ => return None,
        })
    }

    /// A number for its sort, what it is, and for a reaction whose.
    pub(super) fn parts(self) -> (u8, Uuid, Uuid) {
        match self {
            Self::Message(id) => (0, id.0, Uuid::nil()),
            Self::Reaction(id, user) => (1, id.0, user.0),
            Self::Room => (2, Uuid::nil(), Uuid::nil()),
            Self::Member(user) => (3, user.0, Uuid::nil()),
            Self::Membership(room) => (4, room.0, Uuid::nil()),
        }
    }

    /// The thing of these parts; `None` where there is no such sort.
    pub(super) fn from_parts(number: u8, subject: Uuid, person: Uuid) -> Option<Self> {
        Some(match number {
            0 => Self::Message(MessageId(subject)),
            1 => Self::Reaction(MessageId(subject), UserId(person)),
            2 => Self::Room,
            3 => Self::Member(UserId(subject)),
            4 => Self::Membership(RoomId(subject)),
            _ => return None,
        })
    }
}
