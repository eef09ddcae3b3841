//! Who is in a room, and how far they have read.
//!
//! The truth stands by person (`rooms_by_user`) and changes by transactions; the room has copies of it
//! (`room_members`), to be listed and counted. First comes what says that something may have changed
//! (the log, and the copy's `pending`), then the change, then the copy: whoever dies on the way leaves
//! a hint to look, never a change that nobody can find.

use futures_util::{future, try_join};
use scylla::DeserializeRow;
use scylla::value::MaybeUnset;
use serde::{Deserialize, Serialize};

use super::changes;
use super::db::{Db, Decided, each, limit as rows, statements};
use super::locks::Attempts;
use super::values::{Big, above, from_json, given, to_json};
use crate::protocol::{EventId, Member, Membership, MessageId, Role, RoomId, Topic, UserId};
use crate::store::thing::Thing;
use crate::store::{MemberChange, StoreResult, Watermarks};

statements! {
    by_id: Read
        "SELECT user_id, room_id, state, role, joined_at, delivered, read, version \
         FROM rooms_by_user WHERE user_id = ? AND room_id = ?";
    of_user: Read
        "SELECT user_id, room_id, state, role, joined_at, delivered, read, version \
         FROM rooms_by_user WHERE user_id = ?";
    insert: Decision
        "INSERT INTO rooms_by_user (state, role, joined_at, delivered, read, version, user_id, \
         room_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS";
    update: Decision
        "UPDATE rooms_by_user SET state = ?, role = ?, joined_at = ?, delivered = ?, read = ?, \
         version = ? WHERE user_id = ? AND room_id = ? IF version = ?";

    list: Read "SELECT user_id, member, pending FROM room_members WHERE room_id = ? LIMIT ?";
    list_after: Read
        "SELECT user_id, member, pending FROM room_members \
         WHERE room_id = ? AND user_id > ? LIMIT ?";
    count: Read "SELECT count(*) FROM room_members WHERE room_id = ?";
    /// For a day: until then somebody has looked.
    announce: Write
        "UPDATE room_members USING TIMESTAMP ? AND TTL 86400 SET pending = ? \
         WHERE room_id = ? AND user_id = ?";
    copy: Write
        "INSERT INTO room_members (room_id, user_id, member) VALUES (?, ?, ?) USING TIMESTAMP ?";
    remove: Write "DELETE FROM room_members USING TIMESTAMP ? WHERE room_id = ? AND user_id = ?";
}

#[derive(DeserializeRow)]
struct Row {
    user_id: UserId,
    room_id: RoomId,
    state: Membership,
    role: Role,
    joined_at: Big,
    delivered: Option<MessageId>,
    read: Option<MessageId>,
    version: EventId,
}

impl From<Row> for Member {
    fn from(row: Row) -> Self {
        Self {
            room_id: row.room_id,
            user_id: row.user_id,
            state: row.state,
            role: row.role,
            joined_at: row.joined_at.0,
            delivered: row.delivered,
            read: row.read,
            version: row.version,
        }
    }
}

/// What `room_members` has of a member. The version stands first: of two with one timestamp the
/// higher value wins.
#[derive(Serialize, Deserialize)]
struct Copy {
    version: EventId,
    member: Member,
}

pub(super) async fn by_id(db: &Db, room: RoomId, user: UserId) -> StoreResult<Option<Member>> {
    Ok(db.row::<Row>(&db.members.by_id, (user, room)).await?.map(Member::from))
}

pub(super) async fn memberships(db: &Db, user: UserId) -> StoreResult<Vec<Member>> {
    let all: Vec<Row> = db.rows(&db.members.of_user, (user,)).await?;
    let all = all.into_iter().map(Member::from);
    Ok(all.filter(|member| member.state == Membership::Joined).collect())
}

/// The rooms where the person is a member.
pub(super) async fn joined(db: &Db, user: UserId) -> StoreResult<Vec<RoomId>> {
    Ok(memberships(db, user).await?.into_iter().map(|member| member.room_id).collect())
}

pub(super) async fn list(
    db: &Db,
    room: RoomId,
    mut after: Option<UserId>,
    limit: usize,
) -> StoreResult<Vec<Member>> {
    type Listed = (UserId, Option<String>, Option<EventId>);
    let mut members = Vec::new();
    while members.len() < limit {
        let wanted = limit - members.len();
        let page: Vec<Listed> = match after {
            None => db.rows(&db.members.list, (room, rows(wanted))).await?,
            Some(after) => db.rows(&db.members.list_after, (room, after, rows(wanted))).await?,
        };
        let is_last = page.len() < wanted;
        after = page.last().map(|(user, ..)| *user);
        let found = each(page, |(user, copy, pending)| async move {
            let copy: Option<Copy> = copy.as_deref().map(from_json).transpose()?;
            if pending > copy.as_ref().map(|copy| copy.version) {
                return look_up(db, room, user).await;
            }
            Ok(copy.map(|copy| copy.member))
        });
        members.extend(found.await?.into_iter().flatten());
        if is_last {
            break;
        }
    }
    Ok(members)
}

/// The truth about somebody whose membership may have changed without the room's copy.
async fn look_up(db: &Db, room: RoomId, user: UserId) -> StoreResult<Option<Member>> {
    let row: Option<Row> = db.row_decided(&db.members.by_id, (user, room)).await?;
    let Some(member) = row.map(Member::from) else { return Ok(None) };
    put_copy(db, &member).await?;
    Ok(Some(member).filter(|member| member.state == Membership::Joined))
}

pub(super) async fn count(db: &Db, room: RoomId) -> StoreResult<u32> {
    let count: Option<(i64,)> = db.row(&db.members.count, (room,)).await?;
    Ok(count.map_or(0, |(count,)| u32::try_from(count).unwrap_or(u32::MAX)))
}

pub(super) async fn change(db: &Db, change: &MemberChange) -> StoreResult<Option<Member>> {
    let (room, user) = (change.room_id, change.user_id);
    if change.from == change.to {
        return Ok(None);
    }
    replace(db, room, user, |current| {
        let joined = current.filter(|member| member.state == Membership::Joined);
        if joined.map(|member| member.role) != change.from {
            return None;
        }
        let version = above(change.version, current.map(|member| member.version));
        let (state, role) = match (change.to, change.from) {
            (Some(role), _) => (Membership::Joined, role),
            (None, Some(role)) => (Membership::Left, role),
            (None, None) => return None,
        };
        let member = Member {
            room_id: room,
            user_id: user,
            state,
            role,
            joined_at: joined.map_or(version.millis(), |member| member.joined_at),
            delivered: current.and_then(|member| member.delivered),
            read: current.and_then(|member| member.read),
            version,
        };
        Some((member, Told::Membership))
    })
    .await
}

pub(super) async fn raise_watermarks(db: &Db, to: &Watermarks) -> StoreResult<Option<Member>> {
    replace(db, to.room_id, to.user_id, |current| {
        let current = current.filter(|member| member.state == Membership::Joined)?;
        let read = current.read.max(to.read);
        let delivered = current.delivered.max(to.delivered).max(read);
        if (read, delivered) == (current.read, current.delivered) {
            return None;
        }
        let version = above(to.version, Some(current.version));
        let member = Member { delivered, read, version, ..current.clone() };
        Some((member, Told::Watermark(to.told_to)))
    })
    .await
}

/// Writes a membership as another store had it.
pub(super) async fn put_moved(db: &Db, moved: &Member) -> StoreResult<()> {
    let next = |current: Option<&Member>| {
        if current.is_some_and(|current| current.version >= moved.version) {
            return None;
        }
        let member = Member {
            delivered: moved.delivered.max(current.and_then(|member| member.delivered)),
            read: moved.read.max(current.and_then(|member| member.read)),
            ..moved.clone()
        };
        Some((member, Told::Membership))
    };
    replace(db, moved.room_id, moved.user_id, next).await.map(drop)
}

/// In whose changes a new state is found.
#[derive(Clone, Copy)]
enum Told {
    /// The room's and the person's.
    Membership,
    Watermark(Topic),
}

/// Replaces somebody's place in a room by what `next` makes of it, until nobody comes in between;
/// `None` where it makes nothing.
async fn replace(
    db: &Db,
    room: RoomId,
    user: UserId,
    next: impl Fn(Option<&Member>) -> Option<(Member, Told)>,
) -> StoreResult<Option<Member>> {
    let _turn = db.locks.hold(("member", room, user)).await;
    let mut attempts = Attempts::new();
    let mut tried: Option<Member> = None;
    loop {
        attempts.next().await?;
        let current = if attempts.doubted() {
            db.row_decided::<Row>(&db.members.by_id, (user, room)).await?.map(Member::from)
        } else {
            by_id(db, room, user).await?
        };
        // An attempt without an answer succeeded.
        if let Some(tried) = tried.take_if(|tried| Some(&*tried) == current.as_ref()) {
            put_copy(db, &tried).await?;
            return Ok(Some(tried));
        }
        let Some((new, told)) = next(current.as_ref()) else {
            // Whoever changed it last may have died before the copy was written.
            if let Some(current) = current {
                put_copy(db, &current).await?;
            }
            return attempts.failure().map_or(Ok(None), Err);
        };
        announce(db, &new, told).await?;
        match put(db, &new, current.map(|member| member.version)).await? {
            Decided::Yes => {
                put_copy(db, &new).await?;
                return Ok(Some(new));
            }
            Decided::No(_) => {}
            Decided::Unsure(error) => {
                attempts.failed(error);
                tried = Some(new);
            }
        }
    }
}

/// Writes a room's first member, as often as it is tried.
pub(super) async fn found(db: &Db, member: &Member) -> StoreResult<()> {
    announce(db, member, Told::Membership).await?;
    let _turn = db.locks.hold(("member", member.room_id, member.user_id)).await;
    db.insist(&db.members.insert, row(member)).await?;
    if let Some(now) = by_id(db, member.room_id, member.user_id).await? {
        put_copy(db, &now).await?;
    }
    Ok(())
}

async fn announce(db: &Db, new: &Member, told: Told) -> StoreResult<()> {
    let (room, user, version) = (new.room_id, new.user_id, new.version);
    match told {
        Told::Membership => {
            let tick = version.tick() as i64;
            try_join!(
                changes::log(db, Topic::Room(room), version, Thing::Member(user)),
                changes::log(db, Topic::User(user), version, Thing::Membership(room)),
                db.write(&db.members.announce, (tick, version, room, user)),
            )?;
            Ok(())
        }
        Told::Watermark(topic @ Topic::User(_)) => {
            changes::log(db, topic, version, Thing::Membership(room)).await
        }
        Told::Watermark(topic) => changes::log(db, topic, version, Thing::Member(user)).await,
    }
}

type New =
    (Membership, Role, Big, MaybeUnset<MessageId>, MaybeUnset<MessageId>, EventId, UserId, RoomId);

fn row(new: &Member) -> New {
    (
        new.state,
        new.role,
        Big(new.joined_at),
        given(new.delivered),
        given(new.read),
        new.version,
        new.user_id,
        new.room_id,
    )
}

async fn put(db: &Db, new: &Member, current: Option<EventId>) -> StoreResult<Decided> {
    let (state, role, joined_at, delivered, read, version, user, room) = row(new);
    let Some(current) = current else { return db.decide(&db.members.insert, row(new)).await };
    let row = (state, role, joined_at, delivered, read, version, user, room, current);
    db.decide(&db.members.update, row).await
}

/// Brings the room's copy up to this state.
async fn put_copy(db: &Db, member: &Member) -> StoreResult<()> {
    let (room, user, tick) = (member.room_id, member.user_id, member.version.tick() as i64);
    match member.state {
        Membership::Joined => {
            let copy = to_json(&Copy { version: member.version, member: member.clone() })?;
            db.write(&db.members.copy, (room, user, copy, tick)).await
        }
        Membership::Left => db.write(&db.members.remove, (tick, room, user)).await,
    }
}

/// Several members at once, one statement a partition.
pub(super) async fn found_all(db: &Db, members: &[Member]) -> StoreResult<()> {
    for some in members.chunks(super::db::CONCURRENT) {
        future::try_join_all(some.iter().map(|member| found(db, member))).await?;
    }
    Ok(())
}
