//! Rooms and who is in them.

use rusqlite::Row;

use super::changes;
use super::db::{Db, above, rows};
use super::values::Pair;
use crate::protocol::{Member, Membership, Room, RoomId, Topic, UserId};
use crate::store::thing::Thing;
use crate::store::{MemberChange, StoreResult, Watermarks};

const ROOM: &str =
    "room_id, kind, name, description, created_by, created_at, people, deleted, version";
const MEMBER: &str = "room_id, user_id, state, role, joined_at, delivered, read, version";

fn room(row: &Row<'_>) -> rusqlite::Result<Room> {
    Ok(Room {
        id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        created_by: row.get(4)?,
        created_at: row.get(5)?,
        people: row.get::<_, Option<Pair>>(6)?.map(|pair| pair.0),
        deleted: row.get(7)?,
        version: row.get(8)?,
    })
}

fn member_of(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        room_id: row.get(0)?,
        user_id: row.get(1)?,
        state: row.get(2)?,
        role: row.get(3)?,
        joined_at: row.get(4)?,
        delivered: row.get(5)?,
        read: row.get(6)?,
        version: row.get(7)?,
    })
}

pub(super) fn create(db: &Db<'_>, new: Room, members: Vec<Member>) -> StoreResult<(Room, bool)> {
    if let Some(room) = by_id(db, new.id)? {
        return Ok((room, false));
    }
    put(db, &new)?;
    for member in members {
        put_member(db, &member)?;
        log_membership(db, &member)?;
    }
    Ok((new, true))
}

pub(super) fn by_id(db: &Db<'_>, id: RoomId) -> StoreResult<Option<Room>> {
    db.row(&format!("SELECT {ROOM} FROM rooms WHERE room_id = ?1"), (id,), room)
}

pub(super) fn by_ids(db: &Db<'_>, ids: &[RoomId]) -> StoreResult<Vec<Room>> {
    ids.iter().map(|id| by_id(db, *id)).filter_map(Result::transpose).collect()
}

pub(super) fn ids(db: &Db<'_>, after: Option<RoomId>, limit: usize) -> StoreResult<Vec<RoomId>> {
    let sql = "SELECT room_id FROM rooms WHERE room_id > ?1 ORDER BY room_id LIMIT ?2";
    let after = after.as_ref().map_or(&[][..], |id| id.0.as_bytes());
    db.rows(sql, (after, rows(limit)), |row| row.get(0))
}

pub(super) fn update(db: &Db<'_>, new: &Room) -> StoreResult<()> {
    match by_id(db, new.id)? {
        Some(room) if room.version < new.version => put(db, new),
        _ => Ok(()),
    }
}

fn put(db: &Db<'_>, room: &Room) -> StoreResult<()> {
    // Not REPLACE: that would empty the columns which only a newer program knows.
    let sql = format!(
        "INSERT INTO rooms ({ROOM}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (room_id) DO UPDATE SET kind = excluded.kind, name = excluded.name, \
         description = excluded.description, created_by = excluded.created_by, \
         created_at = excluded.created_at, people = excluded.people, \
         deleted = excluded.deleted, version = excluded.version"
    );
    let row = (
        room.id,
        room.kind,
        &room.name,
        &room.description,
        room.created_by,
        room.created_at,
        room.people.map(Pair),
        room.deleted,
        room.version,
    );
    db.write(&sql, row)?;
    changes::log(db, Topic::Room(room.id), room.version, Thing::Room)
}

pub(super) fn public(db: &Db<'_>, before: Option<RoomId>, limit: usize) -> StoreResult<Vec<Room>> {
    // Every id is shorter, and so lower, than this.
    const PAST_ALL: [u8; 17] = [0xff; 17];
    let sql = format!(
        "SELECT {ROOM} FROM rooms INDEXED BY public_rooms \
         WHERE kind = 0 AND deleted = 0 AND room_id < ?1 ORDER BY room_id DESC LIMIT ?2"
    );
    let before = before.as_ref().map_or(&PAST_ALL[..], |id| id.0.as_bytes());
    db.rows(&sql, (before, rows(limit)), room)
}

pub(super) fn member(db: &Db<'_>, room: RoomId, user: UserId) -> StoreResult<Option<Member>> {
    let sql = format!("SELECT {MEMBER} FROM room_members WHERE room_id = ?1 AND user_id = ?2");
    db.row(&sql, (room, user), member_of)
}

pub(super) fn members(
    db: &Db<'_>,
    room: RoomId,
    after: Option<UserId>,
    limit: usize,
) -> StoreResult<Vec<Member>> {
    let sql = format!(
        "SELECT {MEMBER} FROM room_members \
         WHERE room_id = ?1 AND user_id > ?2 AND state = 0 ORDER BY user_id LIMIT ?3"
    );
    let after = after.as_ref().map_or(&[][..], |id| id.0.as_bytes());
    db.rows(&sql, (room, after, rows(limit)), member_of)
}

pub(super) fn member_count(db: &Db<'_>, room: RoomId) -> StoreResult<u32> {
    let sql = "SELECT count(*) FROM room_members WHERE room_id = ?1 AND state = 0";
    Ok(db.row(sql, (room,), |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn memberships(db: &Db<'_>, user: UserId) -> StoreResult<Vec<Member>> {
    let sql = format!(
        "SELECT {MEMBER} FROM room_members INDEXED BY rooms_by_user \
         WHERE user_id = ?1 AND state = 0"
    );
    db.rows(&sql, (user,), member_of)
}

pub(super) fn change_member(db: &Db<'_>, change: &MemberChange) -> StoreResult<Option<Member>> {
    let current = member(db, change.room_id, change.user_id)?;
    let joined = current.as_ref().filter(|member| member.state == Membership::Joined);
    if joined.map(|member| member.role) != change.from || change.from == change.to {
        return Ok(None);
    }
    let version = above(change.version, current.as_ref().map(|member| member.version));
    let (state, role) = match (change.to, change.from) {
        (Some(role), _) => (Membership::Joined, role),
        (None, Some(role)) => (Membership::Left, role),
        (None, None) => return Ok(None),
    };
    let new = Member {
        room_id: change.room_id,
        user_id: change.user_id,
        state,
        role,
        joined_at: joined.map_or(version.millis(), |member| member.joined_at),
        delivered: current.as_ref().and_then(|member| member.delivered),
        read: current.as_ref().and_then(|member| member.read),
        version,
    };
    put_member(db, &new)?;
    log_membership(db, &new)?;
    Ok(Some(new))
}

pub(super) fn raise_watermarks(db: &Db<'_>, to: &Watermarks) -> StoreResult<Option<Member>> {
    let Some(current) = member(db, to.room_id, to.user_id)? else { return Ok(None) };
    let read = current.read.max(to.read);
    let delivered = current.delivered.max(to.delivered).max(read);
    let rises = (read, delivered) != (current.read, current.delivered);
    if current.state != Membership::Joined || !rises {
        return Ok(None);
    }
    let version = above(to.version, Some(current.version));
    let new = Member { delivered, read, version, ..current };
    put_member(db, &new)?;
    let thing = match to.told_to {
        Topic::User(_) => Thing::Membership(new.room_id),
        Topic::Room(_) | Topic::Presence(_) => Thing::Member(new.user_id),
    };
    changes::log(db, to.told_to, new.version, thing)?;
    Ok(Some(new))
}

/// Writes a membership as another store had it.
pub(super) fn move_member(db: &Db<'_>, moved: &Member) -> StoreResult<()> {
    let current = member(db, moved.room_id, moved.user_id)?;
    if current.as_ref().is_some_and(|current| current.version >= moved.version) {
        return Ok(());
    }
    let current = current.as_ref();
    let new = Member {
        delivered: moved.delivered.max(current.and_then(|member| member.delivered)),
        read: moved.read.max(current.and_then(|member| member.read)),
        ..moved.clone()
    };
    put_member(db, &new)?;
    log_membership(db, &new)
}

fn put_member(db: &Db<'_>, member: &Member) -> StoreResult<()> {
    let sql = format!(
        "INSERT INTO room_members ({MEMBER}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (room_id, user_id) DO UPDATE SET state = excluded.state, \
         role = excluded.role, joined_at = excluded.joined_at, delivered = excluded.delivered, \
         read = excluded.read, version = excluded.version"
    );
    let row = (
        member.room_id,
        member.user_id,
        member.state,
        member.role,
        member.joined_at,
        member.delivered,
        member.read,
        member.version,
    );
    db.write(&sql, row).map(drop)
}

/// A membership is news in the room and to the person; a watermark only in the room.
fn log_membership(db: &Db<'_>, member: &Member) -> StoreResult<()> {
    let (room, user) = (member.room_id, member.user_id);
    changes::log(db, Topic::Room(room), member.version, Thing::Member(user))?;
    changes::log(db, Topic::User(user), member.version, Thing::Membership(room))
}
