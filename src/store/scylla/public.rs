//! The list of public rooms. It says where to look; what a room is stands in `rooms`.

use super::db::{Db, limit as rows, statements};
use super::rooms;
use crate::protocol::{Room, RoomId};
use crate::store::StoreResult;

const MONTH_MS: u64 = 30 * 24 * 3600 * 1000;

/// Lines read at once at least, so that closed rooms don't cost a read each.
const LINES: usize = 20;

statements! {
    months: Read "SELECT month FROM public_room_months WHERE all = 0";
    month: Read "SELECT room_id FROM public_rooms WHERE month = ? LIMIT ?";
    month_before: Read "SELECT room_id FROM public_rooms WHERE month = ? AND room_id < ? LIMIT ?";
    list_month: Write "INSERT INTO public_room_months (all, month) VALUES (0, ?)";
    list: Write "INSERT INTO public_rooms (month, room_id) VALUES (?, ?) USING TIMESTAMP ?";
    unlist: Write "DELETE FROM public_rooms USING TIMESTAMP ? WHERE month = ? AND room_id = ?";
}

/// Which month a room was made in, by its id.
fn month(id: RoomId) -> i32 {
    let millis = crate::protocol::EventId(id.0).millis();
    (millis / MONTH_MS) as i32
}

pub(super) async fn list(db: &Db, room: &Room) -> StoreResult<()> {
    let month = month(room.id);
    db.write(&db.public.list_month, (month,)).await?;
    db.write(&db.public.list, (month, room.id, room.version.tick() as i64)).await
}

pub(super) async fn unlist(db: &Db, room: &Room) -> StoreResult<()> {
    let row = (room.version.tick() as i64, month(room.id), room.id);
    db.write(&db.public.unlist, row).await
}

pub(super) async fn newest(
    db: &Db,
    before: Option<RoomId>,
    limit: usize,
) -> StoreResult<Vec<Room>> {
    let mut found = Vec::new();
    if limit == 0 {
        return Ok(found);
    }
    let months: Vec<(i32,)> = db.rows(&db.public.months, ()).await?;
    let from = before.map(month);
    for (month,) in months.into_iter().filter(|(month,)| from.is_none_or(|from| *month <= from)) {
        let mut below = before.filter(|_| Some(month) == from);
        loop {
            let wanted = limit.saturating_sub(found.len()).max(LINES);
            let lines: Vec<(RoomId,)> = match below {
                None => db.rows(&db.public.month, (month, rows(wanted))).await?,
                Some(below) => {
                    db.rows(&db.public.month_before, (month, below, rows(wanted))).await?
                }
            };
            let ids: Vec<_> = lines.into_iter().map(|(id,)| id).collect();
            let mut rooms = rooms::by_ids(db, &ids).await?;
            rooms.retain(rooms::is_listed);
            found.extend(rooms);
            if found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
            if ids.len() < wanted {
                break;
            }
            below = ids.last().copied();
        }
    }
    Ok(found)
}
