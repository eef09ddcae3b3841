//! Rooms.

use scylla::DeserializeRow;
use scylla::value::MaybeUnset;

use super::changes;
use super::db::{Db, Decided, each, statements};
use super::locks::Attempts;
use super::values::{Big, from_json, given, to_json};
use super::{members, public};
use crate::protocol::{EventId, Member, Room, RoomId, RoomKind, Topic, UserId};
use crate::store::StoreResult;
use crate::store::thing::Thing;

statements! {
    by_id: Read
        "SELECT room_id, kind, name, description, created_by, created_at, people, deleted, version, \
         founders FROM rooms WHERE room_id = ?";
    all: Scan "SELECT room_id, name FROM rooms LIMIT ?";
    from: Scan "SELECT room_id, name FROM rooms WHERE token(room_id) >= token(?) LIMIT ?";
    insert: Decision
        "INSERT INTO rooms (kind, name, description, created_by, created_at, people, deleted, \
         version, room_id, founders) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS";
    update: Decision
        "UPDATE rooms SET kind = ?, name = ?, description = ?, created_by = ?, created_at = ?, \
         people = ?, deleted = ?, version = ? WHERE room_id = ? IF version = ?";
    /// Its first members are written.
    founded: Decision "UPDATE rooms SET founders = null WHERE room_id = ? IF EXISTS";
}

#[derive(DeserializeRow)]
struct Row {
    room_id: RoomId,
    kind: RoomKind,
    name: String,
    description: String,
    created_by: UserId,
    created_at: Big,
    people: Option<String>,
    deleted: bool,
    version: EventId,
    founders: Option<String>,
}

impl Row {
    fn room(self) -> StoreResult<Room> {
        Ok(Room {
            id: self.room_id,
            kind: self.kind,
            name: self.name,
            description: self.description,
            created_by: self.created_by,
            created_at: self.created_at.0,
            people: self.people.as_deref().map(from_json).transpose()?,
            deleted: self.deleted,
            version: self.version,
        })
    }
}

pub(super) async fn by_id(db: &Db, id: RoomId) -> StoreResult<Option<Room>> {
    db.row::<Row>(&db.rooms.by_id, (id,)).await?.map(Row::room).transpose()
}

pub(super) async fn by_ids(db: &Db, ids: &[RoomId]) -> StoreResult<Vec<Room>> {
    let found = each(ids.iter().copied(), |id| by_id(db, id)).await?;
    Ok(found.into_iter().flatten().collect())
}

pub(super) async fn ids(db: &Db, after: Option<RoomId>, limit: usize) -> StoreResult<Vec<RoomId>> {
    db.ids((&db.rooms.all, &db.rooms.from), after, limit).await
}

/// The room's row decides who made it, and names its first members, so that whoever finds it
/// half-made completes it.
pub(super) async fn create(db: &Db, new: Room, first: Vec<Member>) -> StoreResult<(Room, bool)> {
    let _turn = db.locks.hold(("room", new.id)).await;
    if let Some(row) = db.row::<Row>(&db.rooms.by_id, (new.id,)).await? {
        return Ok((complete(db, row).await?, false));
    }
    let mut made = begin(db, &new, &first).await?;
    if !made {
        let row = db.row_decided::<Row>(&db.rooms.by_id, (new.id,)).await?;
        if let Some(row) = row {
            // An attempt without an answer may have been the one that made it.
            made = row.version == new.version;
            return Ok((complete(db, row).await?, made));
        }
    }
    found(db, &new, &first).await?;
    Ok((new, made))
}

/// Writes the room's row, where there is none; `false` where there is, maybe by an attempt of this
/// call's that had no answer.
pub(super) async fn begin(db: &Db, new: &Room, first: &[Member]) -> StoreResult<bool> {
    changes::log(db, Topic::Room(new.id), new.version, Thing::Room).await?;
    let founders = to_json(&first)?;
    db.insist(&db.rooms.insert, columns(new, &founders)?).await
}

async fn complete(db: &Db, mut row: Row) -> StoreResult<Room> {
    let founders = row.founders.take();
    let room = row.room()?;
    if let Some(founders) = founders {
        let founders: Vec<Member> = from_json(&founders)?;
        found(db, &room, &founders).await?;
    }
    Ok(room)
}

async fn found(db: &Db, room: &Room, first: &[Member]) -> StoreResult<()> {
    members::found_all(db, first).await?;
    if is_listed(room) {
        public::list(db, room).await?;
    }
    db.insist(&db.rooms.founded, (room.id,)).await.map(drop)
}

pub(super) fn is_listed(room: &Room) -> bool {
    room.kind == RoomKind::Public && !room.deleted
}

pub(super) async fn update(db: &Db, new: &Room) -> StoreResult<()> {
    let _turn = db.locks.hold(("room", new.id)).await;
    let mut attempts = Attempts::new();
    loop {
        attempts.next().await?;
        let row = if attempts.doubted() {
            db.row_decided::<Row>(&db.rooms.by_id, (new.id,)).await?
        } else {
            db.row::<Row>(&db.rooms.by_id, (new.id,)).await?
        };
        let Some(current) = row.map(Row::room).transpose()? else { return Ok(()) };
        if current.version > new.version {
            return Ok(());
        }
        changes::log(db, Topic::Room(new.id), new.version, Thing::Room).await?;
        if is_listed(new) {
            public::list(db, new).await?;
        }
        if current.version < new.version {
            match db.decide(&db.rooms.update, columns(new, current.version)?).await? {
                Decided::Yes => {}
                Decided::No(_) => continue,
                Decided::Unsure(error) => {
                    attempts.failed(error);
                    continue;
                }
            }
        }
        // Where this is a repetition, nobody knows what the room was before.
        let was_listed = is_listed(&current) || current.version == new.version;
        if was_listed && !is_listed(new) {
            public::unlist(db, new).await?;
        }
        return Ok(());
    }
}

/// A room's columns, and one more value at the end.
type Columns<'a, T> =
    (RoomKind, &'a str, &'a str, UserId, Big, MaybeUnset<String>, bool, EventId, RoomId, T);

fn columns<T>(room: &Room, last: T) -> StoreResult<Columns<'_, T>> {
    Ok((
        room.kind,
        &room.name,
        &room.description,
        room.created_by,
        Big(room.created_at),
        given(room.people.as_ref().map(to_json).transpose()?),
        room.deleted,
        room.version,
        room.id,
        last,
    ))
}
