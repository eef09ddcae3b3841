//! Identifiers. All of them are UUIDs, in their hyphenated text form on the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = String, format = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            pub const NIL: Self = Self(Uuid::nil());

            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    };
}

id! {
    /// A person.
    UserId
}
id! {
    /// A conversation: a public or private room, or a direct conversation of two people.
    RoomId
}
id! {
    /// One login of one person on one device.
    SessionId
}
id! {
    /// A message: the id of the event that made it. Messages of a room are ordered by it.
    MessageId
}
id! {
    /// A durable event: a `UUIDv7` from the hybrid clock. As the `version` of a state, the higher
    /// one is the newer state.
    EventId
}

/// Namespace of the ids of direct conversations (a random UUID, fixed for ever).
const DIRECT: Uuid = Uuid::from_u128(0x7a1d_52c6_90fe_4b0e_8d47_3c1f_9e25_ab61);

impl RoomId {
    /// The one conversation of a pair of people, whoever starts it: `UUIDv5` of the sorted pair.
    pub fn direct(one: UserId, other: UserId) -> Self {
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        let mut name = [0; 32];
        name[..16].copy_from_slice(low.0.as_bytes());
        name[16..].copy_from_slice(high.0.as_bytes());
        Self(Uuid::new_v5(&DIRECT, &name))
    }
}

impl EventId {
    /// The id at `tick` of the hybrid clock: milliseconds since 1970 in the upper 48 of its 60
    /// bits, a counter in the lower 12. `random` fills the rest, so that ids of two nodes differ.
    pub fn new(tick: u64, random: u64) -> Self {
        let millis = (tick >> 12) & 0xffff_ffff_ffff;
        let high = (millis << 16) | 0x7000 | (tick & 0xfff);
        let low = (random & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        Self(Uuid::from_u64_pair(high, low))
    }

    /// The lowest id that an event at `millis` or later can have: a lower bound for reads.
    pub fn floor(millis: u64) -> Self {
        Self(Uuid::from_u64_pair((millis << 16) | 0x7000, 0))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> u64 {
        self.0.as_u64_pair().0 >> 16
    }

    /// The hybrid clock's tick that this id was taken at.
    pub fn tick(self) -> u64 {
        (self.millis() << 12) | (self.0.as_u64_pair().0 & 0xfff)
    }

    /// The random part, which tells two events apart.
    pub fn fingerprint(self) -> u64 {
        self.0.as_u64_pair().1
    }
}

impl MessageId {
    pub fn millis(self) -> u64 {
        EventId(self.0).millis()
    }
}

impl From<EventId> for MessageId {
    fn from(id: EventId) -> Self {
        Self(id.0)
    }
}

impl From<MessageId> for EventId {
    fn from(id: MessageId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_one_direct_conversation_whoever_starts_it() {
        let (a, b, c) =
            (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)), UserId(Uuid::from_u128(3)));
        assert_eq!(RoomId::direct(a, b), RoomId::direct(b, a));
        assert_ne!(RoomId::direct(a, b), RoomId::direct(a, c));
        assert_ne!(RoomId::direct(a, a), RoomId::direct(a, b));
    }

    #[test]
    fn event_ids_are_version_7_and_sort_by_tick() {
        let now = 1_790_000_000_123;
        let id = EventId::new((now << 12) | 5, u64::MAX);
        assert_eq!(id.0.get_version_num(), 7);
        assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
        assert_eq!((id.millis(), id.tick()), (now, (now << 12) | 5));
        assert!(EventId::new((now << 12) | 6, 0) > id);
        assert!(EventId::floor(now) < EventId::new(now << 12, 0));
        assert!(EventId::floor(now) > EventId::new(((now - 1) << 12) | 0xfff, u64::MAX));
    }
}
