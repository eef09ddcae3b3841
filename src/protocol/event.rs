//! Events: what the server tells without being asked.
//!
//! A *durable* event carries the whole new state of one thing with its version, so the same event
//! twice is harmless and the higher version wins. A *transient* event has no version and is never
//! told again.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entities::{Member, Message, PresenceStatus, ReactionSummary, Room};
use super::ids::{EventId, MessageId, RoomId, UserId};
use super::trace::TraceParent;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Durable. A message was made, edited or deleted.
    Message { room_id: RoomId, message: Message },
    /// Durable. One person's reactions to one message changed.
    Reaction {
        room_id: RoomId,
        version: EventId,
        message_id: MessageId,
        user_id: UserId,
        /// All of this person's reactions to the message, as they are now.
        emojis: Vec<String>,
        /// All reactions to the message, as they are now.
        reactions: Vec<ReactionSummary>,
    },
    /// Durable. A room was made, changed or deleted, or is new to this person.
    Room { room: Room },
    /// Durable. Somebody joined, left, got another role, received or read further.
    Member { member: Member },
    /// Transient. Somebody writes (`on`) or stopped. Forget it after six seconds.
    Typing { room_id: RoomId, user_id: UserId, on: bool },
    /// Transient. One's own sessions changed: one ended, or all.
    Sessions { user_id: UserId },
    /// Transient. A watched person's presence changed.
    Presence {
        user_id: UserId,
        status: PresenceStatus,
        /// When they were last there; only while they are offline, and where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_seen: Option<u64>,
    },
}

impl Event {
    /// The state's version; `None` for a transient event.
    pub fn version(&self) -> Option<EventId> {
        match self {
            Self::Message { message, .. } => Some(message.version),
            Self::Reaction { version, .. } => Some(*version),
            Self::Room { room } => Some(room.version),
            Self::Member { member } => Some(member.version),
            Self::Typing { .. } | Self::Sessions { .. } | Self::Presence { .. } => None,
        }
    }
}

/// One WebSocket text frame (RFC 6455, section 5.2), header and payload, made once and shared by
/// everyone who gets it. A server does not mask, so it is the same for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    traced: Option<TraceParent>,
}

impl Frame {
    const FIN_TEXT: u8 = 0x81;

    pub fn of(value: &impl Serialize) -> Self {
        let json =
            serde_json::to_vec(value).expect("protocol types have text keys and no failing parts");
        Self::text(&json)
    }

    pub fn text(payload: &[u8]) -> Self {
        let mut frame = BytesMut::with_capacity(payload.len() + 10);
        frame.put_u8(Self::FIN_TEXT);
        match payload.len() {
            length @ 0..=125 => frame.put_u8(length as u8),
            length @ 126..=0xffff => {
                frame.put_u8(126);
                frame.put_u16(length as u16);
            }
            length => {
                frame.put_u8(127);
                frame.put_u64(length as u64);
            }
        }
        frame.put_slice(payload);
        Self { bytes: frame.freeze(), traced: None }
    }

    /// A frame that another node made. `None` where the bytes are not one whole text frame.
    pub fn from_wire(frame: Bytes) -> Option<Self> {
        let (head, payload) = frame.split_first_chunk::<2>()?;
        let whole = match *head {
            [Self::FIN_TEXT, 126] => {
                let (length, payload) = payload.split_first_chunk::<2>()?;
                payload.len() == usize::from(u16::from_be_bytes(*length))
            }
            [Self::FIN_TEXT, 127] => {
                let (length, payload) = payload.split_first_chunk::<8>()?;
                payload.len() as u64 == u64::from_be_bytes(*length)
            }
            [Self::FIN_TEXT, length @ 0..=125] => payload.len() == usize::from(length),
            _ => false,
        };
        whole.then_some(Self { bytes: frame, traced: None })
    }

    /// The bytes as they go onto the socket.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The same, as part of a trace. It is in no byte of the frame.
    #[must_use]
    pub fn traced(self, traced: Option<TraceParent>) -> Self {
        Self { traced, ..self }
    }

    pub fn trace(&self) -> Option<TraceParent> {
        self.traced
    }

    /// The payload alone.
    pub fn json(&self) -> Bytes {
        let header = match self.bytes[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        self.bytes.slice(header..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_header_that_its_length_needs() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let payload = vec![b'x'; length];
            let frame = Frame::text(&payload);
            assert_eq!(frame.bytes().len(), length + header, "payload of {length}");
            assert_eq!(frame.json(), payload);
            let wire = frame.bytes().clone();
            assert_eq!(Frame::from_wire(wire.slice(..wire.len() - 1)), None, "it is cut");
            assert_eq!(Frame::from_wire([&wire, &b"x"[..]].concat().into()), None, "it is longer");
            assert_eq!(Frame::from_wire(wire), Some(frame));
        }
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let event = Event::Typing { room_id: RoomId::NIL, user_id: UserId::NIL, on: true };
        let text = serde_json::to_string(&event).expect("it serialises");
        assert!(text.starts_with(r#"{"type":"typing","room_id":"0000"#), "{text}");
        assert_eq!(serde_json::from_str::<Event>(&text).expect("it parses"), event);
    }
}
