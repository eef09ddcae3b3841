//! Who is what in which room, as this node knows it: asked of the store once, and then remembered
//! for a short while.
//!
//! What this node writes it remembers at once; a newer state is never replaced by an older one that
//! was read meanwhile. What another node writes is seen within
//! [`super::Parts::remembered`].

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use moka::ops::compute::Op;

use super::{Answered, Caller, Refusal, Service};
use crate::domain::permissions::{Action, Actor, allowed};
use crate::protocol::codes::ErrorCode;
use crate::protocol::{EventId, Member, Membership, Role, Room, RoomId, SessionId, UserId};

/// Apart, and short: a size that was counted just before somebody came must not stay.
const SIZES_REMEMBERED: Duration = Duration::from_secs(10);
const ENTRIES: u64 = 100_000;

pub(super) struct Known {
    rooms: Cache<RoomId, Option<Arc<Room>>>,
    members: Cache<(RoomId, UserId), Option<Arc<Member>>>,
    sizes: Cache<RoomId, u32>,
    /// Whether a session goes on. One that ended here is never taken for alive again, whatever a
    /// read that began before says.
    pub(super) sessions: Cache<SessionId, bool>,
    /// Whether somebody is the server's admin.
    pub(super) admins: Cache<UserId, bool>,
    /// Who was last said to be writing where.
    pub(super) typing: Cache<(RoomId, UserId), bool>,
}

fn cache<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
    remembered: Duration,
) -> Cache<K, V> {
    Cache::builder().max_capacity(ENTRIES).time_to_live(remembered).build()
}

impl Known {
    pub(super) fn new(remembered: Duration) -> Self {
        Self {
            rooms: cache(remembered),
            members: cache(remembered),
            sizes: cache(SIZES_REMEMBERED),
            sessions: cache(remembered),
            admins: cache(remembered),
            typing: cache(super::messages::TYPING_AGAIN),
        }
    }

    /// Somebody came or went.
    pub(super) async fn forget_size(&self, room: RoomId) {
        self.sizes.invalidate(&room).await;
    }
}

/// One person and one room.
#[derive(Clone, Debug)]
pub struct Access {
    pub room: Arc<Room>,
    /// Their place in it, if they have ever been in it.
    pub member: Option<Arc<Member>>,
    server_admin: bool,
}

impl Access {
    /// Their role, if they are a member now.
    pub fn role(&self) -> Option<Role> {
        let joined = self.member.as_ref().filter(|member| member.state == Membership::Joined);
        joined.map(|member| member.role)
    }

    pub fn allows(&self, action: Action) -> bool {
        let actor = Actor { role: self.role(), server_admin: self.server_admin };
        allowed(self.room.kind, actor, action)
    }

    /// Refuses what the person may not do.
    pub fn require(&self, action: Action) -> Answered<()> {
        if self.allows(action) { Ok(()) } else { Err(Refusal::of(ErrorCode::Forbidden)) }
    }
}

/// Puts a state in place of an older one, and leaves a newer one.
async fn remember<K, V>(
    cache: &Cache<K, Option<Arc<V>>>,
    key: K,
    value: Option<Arc<V>>,
    version: fn(&V) -> EventId,
) where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    let of = |value: &Option<Arc<V>>| value.as_ref().map(|value| version(value));
    cache
        .entry(key)
        .and_compute_with(|entry| {
            let newer = entry.is_some_and(|entry| of(entry.value()) > of(&value));
            std::future::ready(if newer { Op::Nop } else { Op::Put(value) })
        })
        .await;
}

impl Service {
    /// What the person may see of the room; `not_found` where they may not know of it.
    pub async fn access(&self, caller: &Caller, room: RoomId) -> Answered<Access> {
        let not_found = || Refusal::of(ErrorCode::NotFound);
        let room = self.room(room).await?.filter(|room| !room.deleted).ok_or_else(not_found)?;
        let member = self.member(room.id, caller.user).await?;
        let access = Access { room, member, server_admin: caller.server_admin };
        if access.allows(Action::Find) { Ok(access) } else { Err(not_found()) }
    }

    /// The same, for what only members may do in any way.
    pub(super) async fn access_to(
        &self,
        caller: &Caller,
        room: RoomId,
        action: Action,
    ) -> Answered<Access> {
        let access = self.access(caller, room).await?;
        access.require(action)?;
        Ok(access)
    }

    pub(super) async fn room(&self, id: RoomId) -> Answered<Option<Arc<Room>>> {
        if let Some(room) = self.0.known.rooms.get(&id).await {
            return Ok(room);
        }
        let room = self.0.store.room(id).await?.map(Arc::new);
        remember(&self.0.known.rooms, id, room.clone(), |room| room.version).await;
        Ok(room)
    }

    pub(super) async fn member(&self, room: RoomId, user: UserId) -> Answered<Option<Arc<Member>>> {
        let key = (room, user);
        if let Some(member) = self.0.known.members.get(&key).await {
            return Ok(member);
        }
        let member = self.0.store.member(room, user).await?.map(Arc::new);
        remember(&self.0.known.members, key, member.clone(), |member| member.version).await;
        Ok(member)
    }

    pub(super) async fn know_room(&self, room: &Room) {
        let room = Some(Arc::new(room.clone()));
        let id = room.as_ref().map_or(RoomId::NIL, |room| room.id);
        remember(&self.0.known.rooms, id, room, |room| room.version).await;
    }

    pub(super) async fn know_member(&self, member: &Member) {
        let key = (member.room_id, member.user_id);
        let member = Some(Arc::new(member.clone()));
        remember(&self.0.known.members, key, member, |member| member.version).await;
    }

    /// How many members a room has, give or take what changed within the last seconds.
    pub(super) async fn size(&self, room: RoomId) -> Answered<u32> {
        if let Some(size) = self.0.known.sizes.get(&room).await {
            return Ok(size);
        }
        let size = self.0.store.member_count(room).await?;
        self.0.known.sizes.insert(room, size).await;
        Ok(size)
    }
}
