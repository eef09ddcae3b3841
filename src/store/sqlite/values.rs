//! How the protocol's types stand in a column: ids as their 16 bytes, the variants of an enum as
//! small numbers that never change their meaning.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::domain::history::Bucket;
use crate::protocol::{
    EventId, Membership, MessageId, MessageKind, PresenceChoice, Role, RoomId, RoomKind,
    ServerRole, SessionId, UserId,
};

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
            }
        }

        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let bytes = <[u8; 16]>::column_result(value)?;
                Ok(Self(Uuid::from_bytes(bytes)))
            }
        }
    )*};
}

ids!(UserId, RoomId, SessionId, MessageId, EventId);

macro_rules! numbers {
    ($($name:ident { $($variant:ident = $number:literal),* })*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let number: i64 = match self { $(Self::$variant => $number),* };
                Ok(number.into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_i64()? {
                    $($number => Ok(Self::$variant),)*
                    other => Err(FromSqlError::OutOfRange(other)),
                }
            }
        }
    )*};
}

// The schema's partial indexes name some of these numbers too.
numbers! {
    ServerRole { User = 0, Admin = 1 }
    PresenceChoice { Auto = 0, Away = 1, DoNotDisturb = 2, Invisible = 3 }
    RoomKind { Public = 0, Private = 1, Direct = 2 }
    Role { Member = 0, Admin = 1, Owner = 2 }
    Membership { Joined = 0, Left = 1 }
    MessageKind { Text = 0, System = 1 }
}

impl ToSql for Bucket {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(self.0).into())
    }
}

impl FromSql for Bucket {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        u32::column_result(value).map(Self)
    }
}

/// Two people as one value: their ids, one after the other.
pub(super) struct Pair(pub [UserId; 2]);

impl ToSql for Pair {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(joined(self.0[0].0, self.0[1].0).to_vec().into())
    }
}

impl FromSql for Pair {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = <[u8; 32]>::column_result(value)?;
        let (one, other) = split(bytes);
        Ok(Self([UserId(one), UserId(other)]))
    }
}

/// Two ids, one after the other.
pub(super) fn joined(one: Uuid, other: Uuid) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(one.as_bytes());
    bytes[16..].copy_from_slice(other.as_bytes());
    bytes
}

pub(super) fn split(bytes: [u8; 32]) -> (Uuid, Uuid) {
    let (mut one, mut other) = ([0; 16], [0; 16]);
    one.copy_from_slice(&bytes[..16]);
    other.copy_from_slice(&bytes[16..]);
    (Uuid::from_bytes(one), Uuid::from_bytes(other))
}
