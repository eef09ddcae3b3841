//! How the protocol's types stand in a column: ids as `uuid`, times as `bigint`, the variants of an
//! enum as small numbers that never change their meaning.

use scylla::cluster::metadata::ColumnType;
use scylla::deserialize::value::DeserializeValue;
use scylla::deserialize::{DeserializationError, FrameSlice, TypeCheckError};
use scylla::serialize::SerializationError;
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use scylla::value::MaybeUnset;
use uuid::Uuid;

use crate::domain::history::Bucket;
use crate::protocol::{
    EventId, Membership, MessageId, MessageKind, PresenceChoice, Role, RoomId, RoomKind,
    ServerRole, SessionId, UserId,
};
use crate::store::{StoreError, StoreResult};

/// A type that stands in a column as another one.
macro_rules! stands_as {
    ($($name:ident as $column:ty: |$value:ident| $to:expr, |$read:ident| $from:expr;)*) => {$(
        impl SerializeValue for $name {
            fn serialize<'b>(
                &self,
                column: &ColumnType<'_>,
                writer: CellWriter<'b>,
            ) -> Result<WrittenCellProof<'b>, SerializationError> {
                let $value = self;
                let value: $column = $to;
                value.serialize(column, writer)
            }
        }

        impl<'frame, 'metadata> DeserializeValue<'frame, 'metadata> for $name {
            fn type_check(column: &ColumnType<'_>) -> Result<(), TypeCheckError> {
                <$column as DeserializeValue>::type_check(column)
            }

            fn deserialize(
                column: &'metadata ColumnType<'metadata>,
                slice: Option<FrameSlice<'frame>>,
            ) -> Result<Self, DeserializationError> {
                let $read = <$column as DeserializeValue>::deserialize(column, slice)?;
                $from
            }
        }
    )*};
}

macro_rules! ids {
    ($($name:ident),*) => {
        stands_as! { $($name as Uuid: |id| id.0, |uuid| Ok(Self(uuid));)* }
    };
}

ids!(UserId, RoomId, SessionId, MessageId, EventId);

macro_rules! numbers {
    ($($name:ident { $($variant:ident = $number:literal),* })*) => {
        stands_as! {$(
            $name as i8:
            |value| match value { $(Self::$variant => $number),* },
            |number| match number {
                $($number => Ok(Self::$variant),)*
                other => Err(DeserializationError::new(Unknown(stringify!($name), other))),
            };
        )*}
    };
}

numbers! {
    ServerRole { User = 0, Admin = 1 }
    PresenceChoice { Auto = 0, Away = 1, DoNotDisturb = 2, Invisible = 3 }
    RoomKind { Public = 0, Private = 1, Direct = 2 }
    Role { Member = 0, Admin = 1, Owner = 2 }
    Membership { Joined = 0, Left = 1 }
    MessageKind { Text = 0, System = 1 }
}

#[derive(Debug, thiserror::Error)]
#[error("{1} is no {0}")]
struct Unknown(&'static str, i8);

/// Milliseconds since 1970, or another number that is never negative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Big(pub u64);

stands_as! {
    Big as i64: |big| big.0 as i64, |number| Ok(Self(number as u64));
    Bucket as i32: |bucket| bucket.0 as i32, |number| Ok(Self(number as u32));
}

/// Leaves the column as it is where there is nothing: a null would be a tombstone.
pub(super) fn given<T>(value: Option<T>) -> MaybeUnset<T> {
    value.map_or(MaybeUnset::Unset, MaybeUnset::Set)
}

pub(super) fn to_json(value: &impl serde::Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(format!("{error}.")))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> StoreResult<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(format!("{error}.")))
}

/// The version that a change gets whose own is not above the state's: the next one after it, at the
/// next step of the clock.
///
/// It keeps the random part that was asked for. So it is nobody else's, and whoever finds it in the
/// store after a write without an answer knows that the write happened.
pub(super) fn above(asked: EventId, current: Option<EventId>) -> EventId {
    match current {
        Some(current) if current >= asked => EventId::new(current.tick() + 1, asked.fingerprint()),
        _ => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_change_comes_just_after_the_state_that_it_changes() {
        let (early, late) = (EventId::new(1 << 12, 5), EventId::new(2 << 12, 6));
        assert_eq!(above(late, Some(early)), late);
        assert_eq!(above(late, None), late);
        for asked in [early, late] {
            let next = above(asked, Some(late));
            assert!(next > late && next.millis() == late.millis());
            assert_eq!(next.fingerprint(), asked.fingerprint());
        }
    }
}
