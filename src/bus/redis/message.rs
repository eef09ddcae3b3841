//! What is published in Redis: a short header, and the frame as it goes to clients.
//!
//! An event is `e`, its epoch's name (16 hexadecimal digits), its count (8 bytes), then its *tail*: id
//! (16 bytes), control (1 or 17), trace (24, where the control says so), frame. What stands before the
//! tail is put there by the script that counts it. A whisper is `w` and the frame.

use bytes::Bytes;
use uuid::Uuid;

use crate::protocol::{
    Control, EventId, Frame, PresenceStatus, RoomId, SessionId, TraceParent, UserId,
};

const EVENT: u8 = b'e';
const WHISPER: u8 = b'w';

/// The first byte of a control, and whether a UUID follows.
mod control {
    pub const NONE: u8 = 0;
    pub const FOLLOW: u8 = 1;
    pub const UNFOLLOW: u8 = 2;
    pub const END_SESSION: u8 = 3;
    pub const END_SESSIONS: u8 = 4;
    pub const END_OTHER_SESSIONS: u8 = 5;
    pub const ROOM: u8 = 6;
    pub const MEMBER: u8 = 7;
    pub const SESSIONS: u8 = 8;
    pub const OFFLINE: u8 = 9;
    pub const AWAY: u8 = 10;
    pub const DO_NOT_DISTURB: u8 = 11;
    pub const ONLINE: u8 = 12;
}

/// Set in a control's first byte where a trace follows it.
const TRACED: u8 = 0x80;

/// The length of an epoch's name.
pub(super) const EPOCH_TEXT: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Event { epoch: u64, count: u64, id: EventId, control: Option<Control>, frame: Frame },
    Whisper(Frame),
}

/// What the script publishes behind an event's epoch and count.
pub(super) fn tail(id: EventId, control: Option<Control>, frame: &Frame) -> Vec<u8> {
    let (kind, subject) = match control {
        None => (control::NONE, None),
        Some(Control::Follow(room)) => (control::FOLLOW, Some(room.0)),
        Some(Control::Unfollow(room)) => (control::UNFOLLOW, Some(room.0)),
        Some(Control::Room) => (control::ROOM, None),
        Some(Control::Member(user)) => (control::MEMBER, Some(user.0)),
        Some(Control::Presence(status)) => (presence_kind(status), None),
        Some(Control::Sessions) => (control::SESSIONS, None),
        Some(Control::EndSession(session)) => (control::END_SESSION, Some(session.0)),
        Some(Control::EndSessions { except: None }) => (control::END_SESSIONS, None),
        Some(Control::EndSessions { except: Some(session) }) => {
            (control::END_OTHER_SESSIONS, Some(session.0))
        }
    };
    let trace = frame.trace();
    let mut tail = Vec::with_capacity(16 + 17 + TraceParent::BYTES + frame.bytes().len());
    tail.extend_from_slice(id.0.as_bytes());
    tail.push(if trace.is_some() { kind | TRACED } else { kind });
    if let Some(subject) = subject {
        tail.extend_from_slice(subject.as_bytes());
    }
    if let Some(trace) = trace {
        tail.extend_from_slice(&trace.to_bytes());
    }
    tail.extend_from_slice(frame.bytes());
    tail
}

pub(super) fn whisper(frame: &Frame) -> Vec<u8> {
    [&[WHISPER], frame.bytes().as_ref()].concat()
}

impl Message {
    /// Reads what was published. The frame is not copied. `None` for what this version doesn't know.
    pub fn read(payload: Vec<u8>) -> Option<Self> {
        let payload = Bytes::from(payload);
        let (kind, rest) = payload.split_first()?;
        match *kind {
            WHISPER => Some(Self::Whisper(Frame::from_wire(payload.slice(1..))?)),
            EVENT => {
                let (epoch, rest) = rest.split_first_chunk::<EPOCH_TEXT>()?;
                let (count, rest) = rest.split_first_chunk::<8>()?;
                let (id, rest) = rest.split_first_chunk::<16>()?;
                let traced = rest.first()? & TRACED != 0;
                let (control, rest) = read_control(rest)?;
                let (trace, rest) = if traced {
                    let (trace, rest) = rest.split_first_chunk::<{ TraceParent::BYTES }>()?;
                    (Some(TraceParent::from_bytes(trace)), rest)
                } else {
                    (None, rest)
                };
                let frame = Frame::from_wire(payload.slice(payload.len() - rest.len()..))?;
                Some(Self::Event {
                    epoch: epoch_name(epoch)?,
                    count: u64::from_be_bytes(*count),
                    id: EventId(Uuid::from_bytes(*id)),
                    control,
                    frame: frame.traced(trace),
                })
            }
            _ => None,
        }
    }
}

fn presence_kind(status: PresenceStatus) -> u8 {
    match status {
        PresenceStatus::Offline => control::OFFLINE,
        PresenceStatus::Away => control::AWAY,
        PresenceStatus::DoNotDisturb => control::DO_NOT_DISTURB,
        PresenceStatus::Online => control::ONLINE,
    }
}

fn read_control(bytes: &[u8]) -> Option<(Option<Control>, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let kind = *kind & !TRACED;
    let alone = match kind {
        control::NONE => Some(None),
        control::ROOM => Some(Some(Control::Room)),
        control::SESSIONS => Some(Some(Control::Sessions)),
        control::END_SESSIONS => Some(Some(Control::EndSessions { except: None })),
        control::OFFLINE => Some(Some(Control::Presence(PresenceStatus::Offline))),
        control::AWAY => Some(Some(Control::Presence(PresenceStatus::Away))),
        control::DO_NOT_DISTURB => Some(Some(Control::Presence(PresenceStatus::DoNotDisturb))),
        control::ONLINE => Some(Some(Control::Presence(PresenceStatus::Online))),
        _ => None,
    };
    if let Some(control) = alone {
        return Some((control, rest));
    }
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let id = Uuid::from_bytes(*id);
    let control = match kind {
        control::FOLLOW => Control::Follow(RoomId(id)),
        control::UNFOLLOW => Control::Unfollow(RoomId(id)),
        control::MEMBER => Control::Member(UserId(id)),
        control::END_SESSION => Control::EndSession(SessionId(id)),
        control::END_OTHER_SESSIONS => Control::EndSessions { except: Some(SessionId(id)) },
        _ => return None,
    };
    Some((Some(control), rest))
}

/// An epoch by its name.
pub(super) fn epoch_name(text: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

/// A partition's epoch, as it is kept in Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch {
    pub name: u64,
    /// When it began, in milliseconds since 1970.
    pub born_ms: u64,
}

impl Epoch {
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut words = text.split(' ');
        let name = epoch_name(words.next()?.as_bytes())?;
        let born_ms = words.next()?.parse().ok()?;
        words.next().map(|_run_id| Self { name, born_ms })
    }
}

/// A topic's head, as it is kept in Redis: the epoch's name, the count, the highest id.
pub(super) struct StoredHead {
    pub epoch: u64,
    pub count: u64,
    pub newest: EventId,
}

impl StoredHead {
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (epoch, rest) = bytes.split_first_chunk::<EPOCH_TEXT>()?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let newest = EventId(Uuid::from_bytes(rest.try_into().ok()?));
        Some(Self { epoch: epoch_name(epoch)?, count: u64::from_be_bytes(*count), newest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Event;

    fn frame() -> Frame {
        Frame::of(&Event::Typing { room_id: RoomId::NIL, user_id: UserId::NIL, on: true })
    }

    #[test]
    fn an_event_reads_back_with_what_the_script_adds() {
        let (id, session) = (EventId::floor(5), SessionId(Uuid::new_v4()));
        let parent = Some(TraceParent { trace: [0xa5; 16], span: [0x5a; 8] });
        for (control, trace) in [
            None,
            Some(Control::Follow(RoomId(Uuid::new_v4()))),
            Some(Control::Unfollow(RoomId(Uuid::new_v4()))),
            Some(Control::Room),
            Some(Control::Member(UserId(Uuid::new_v4()))),
            Some(Control::Presence(PresenceStatus::Offline)),
            Some(Control::Presence(PresenceStatus::Away)),
            Some(Control::Presence(PresenceStatus::DoNotDisturb)),
            Some(Control::Presence(PresenceStatus::Online)),
            Some(Control::Sessions),
            Some(Control::EndSession(session)),
            Some(Control::EndSessions { except: None }),
            Some(Control::EndSessions { except: Some(session) }),
        ]
        .into_iter()
        .flat_map(|control| [(control, None), (control, parent)])
        {
            let frame = frame().traced(trace);
            let header = [b"e00000000000000ff".as_slice(), &7_u64.to_be_bytes()].concat();
            let wire = [header, tail(id, control, &frame)].concat();
            let expected = Message::Event { epoch: 255, count: 7, id, control, frame };
            for length in 0..wire.len() {
                assert_eq!(Message::read(wire[..length].to_vec()), None, "cut to {length}");
            }
            assert_eq!(Message::read(wire), Some(expected));
        }
        assert_eq!(Message::read(whisper(&frame())), Some(Message::Whisper(frame())));
        assert_eq!(Message::read(b"x".to_vec()), None);
    }

    /// Nodes of versions without traces read no other bytes.
    #[test]
    fn what_is_not_traced_has_no_byte_of_a_trace() {
        let (id, room, frame) = (EventId::floor(5), RoomId(Uuid::new_v4()), frame());
        let kind = [control::NONE];
        let whole = [id.0.as_bytes(), kind.as_slice(), frame.bytes()];
        assert_eq!(tail(id, None, &frame), whole.concat());
        let kind = [control::FOLLOW];
        let whole = [id.0.as_bytes(), kind.as_slice(), room.0.as_bytes(), frame.bytes()];
        assert_eq!(tail(id, Some(Control::Follow(room)), &frame), whole.concat());
    }

    #[test]
    fn an_epoch_reads_back() {
        let epoch = Epoch::read(b"00000000000000ff 1790000000123 7f58aa18");
        assert_eq!(epoch, Some(Epoch { name: 255, born_ms: 1_790_000_000_123 }));
        assert_eq!(Epoch::read(b"00000000000000ff 1790000000123"), None);
    }
}
