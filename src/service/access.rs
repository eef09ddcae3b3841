//! Who is what in which room, as this node knows it: asked of the store once, and then remembered.
//!
//! For how long? While this node surely hears of everything that happens in the room
//! ([`super::Parts::sound_since`]): until an event says that it changed. Else for
//! [`super::Parts::remembered`]. A newer state is never replaced by an older one that was read
//! meanwhile.

use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::ops::compute::Op;
use moka::sync::Cache;

use super::{Answered, Caller, Refusal, Service};
use crate::domain::permissions::{Action, Actor, allowed};
use crate::protocol::codes::ErrorCode;
use crate::protocol::{
    Control, EventId, Member, Membership, Role, Room, RoomId, SessionId, Topic, UserId,
};

/// Apart, and short: a size that was counted just before somebody came must not stay.
const SIZES_REMEMBERED: Duration = Duration::from_secs(10);
/// All else, at most.
const REMEMBERED: Duration = Duration::from_mins(10);
const ENTRIES: u64 = 100_000;

pub(super) struct Known {
    rooms: Cache<RoomId, Remembered<Room>>,
    members: Cache<(RoomId, UserId), Remembered<Member>>,
    sizes: Cache<RoomId, u32>,
    /// When a session was last seen to go on; `None`: it ended, for good.
    sessions: Cache<SessionId, Option<Instant>>,
    /// When all sessions of a person, or all but one, were ended.
    sessions_ended: Cache<UserId, Instant>,
    /// Whether somebody is the server's admin. That never changes while a server runs.
    pub(super) admins: Cache<UserId, bool>,
    /// Who was last said to be writing where.
    pub(super) typing: Cache<(RoomId, UserId), bool>,
    /// Versions of states that were told from here.
    pub(super) told: Cache<EventId, ()>,
}

/// What is known of a room or of a member.
struct Remembered<V> {
    /// `None`: there was none.
    state: Option<Arc<V>>,
    /// The state's, or that of a newer one which was heard of.
    version: Option<EventId>,
    /// A newer state was heard of.
    stale: bool,
    /// What was so at this time is in it.
    asked: Instant,
}

impl<V> Clone for Remembered<V> {
    fn clone(&self) -> Self {
        let Self { state, version, stale, asked } = self;
        Self { state: state.clone(), version: *version, stale: *stale, asked: *asked }
    }
}

impl<V> Remembered<V> {
    /// Whether `other` tells nothing newer. `read`: it was read from the store, and so has
    /// everything that was heard of before.
    fn outlasts(&self, other: &Self, read: bool) -> bool {
        self.version > other.version && !(self.stale && read && other.asked > self.asked)
    }
}

fn cache<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
    remembered: Duration,
) -> Cache<K, V> {
    Cache::builder().max_capacity(ENTRIES).time_to_live(remembered).build()
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            rooms: cache(REMEMBERED),
            members: cache(REMEMBERED),
            sizes: cache(SIZES_REMEMBERED),
            sessions: cache(REMEMBERED),
            sessions_ended: cache(REMEMBERED),
            admins: cache(REMEMBERED),
            typing: cache(super::messages::TYPING_AGAIN),
            told: cache(REMEMBERED),
        }
    }

    /// An event was heard that makes something out of date.
    pub(super) fn heard(&self, topic: Topic, event_id: EventId, control: Control) {
        match (topic, control) {
            (Topic::Room(room), Control::Room) => {
                remember(&self.rooms, room, stale(event_id), false);
            }
            (Topic::Room(room), Control::Member(user)) => {
                remember(&self.members, (room, user), stale(event_id), false);
                self.sizes.invalidate(&room);
            }
            (_, Control::EndSession(session)) => self.sessions.insert(session, None),
            (Topic::User(user), Control::Sessions | Control::EndSessions { .. }) => {
                self.end_sessions(user);
            }
            _ => {}
        }
    }

    /// Those of this person are looked up again.
    pub(super) fn end_sessions(&self, user: UserId) {
        self.sessions_ended.insert(user, Instant::now());
    }

    /// Somebody came or went.
    pub(super) fn forget_size(&self, room: RoomId) {
        self.sizes.invalidate(&room);
    }
}

/// A newer state was heard of.
fn stale<V>(version: EventId) -> Remembered<V> {
    Remembered { state: None, version: Some(version), stale: true, asked: Instant::now() }
}

/// Puts what is known in place of what was known before, unless that is newer.
fn remember<K, V>(cache: &Cache<K, Remembered<V>>, key: K, new: Remembered<V>, read: bool)
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    cache.entry(key).and_compute_with(|entry| {
        let newer = entry.is_some_and(|entry| entry.value().outlasts(&new, read));
        if newer { Op::Nop } else { Op::Put(new) }
    });
}

/// One person and one room.
#[derive(Clone, Debug)]
pub struct Access {
    pub room: Arc<Room>,
    /// Their place in it, if they have ever been in it.
    pub member: Option<Arc<Member>>,
    pub(super) server_admin: bool,
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
        if let Some(known) = self.0.known.rooms.get(&id)
            && !known.stale
            && self.still_holds(Topic::Room(id), known.asked)
        {
            return Ok(known.state);
        }
        let asked = Instant::now();
        let room = self.0.store.room(id).await?.map(Arc::new);
        let version = room.as_ref().map(|room| room.version);
        let known = Remembered { state: room.clone(), version, stale: false, asked };
        remember(&self.0.known.rooms, id, known, true);
        Ok(room)
    }

    pub(super) async fn member(&self, room: RoomId, user: UserId) -> Answered<Option<Arc<Member>>> {
        if let Some(known) = self.0.known.members.get(&(room, user))
            && !known.stale
            && self.still_holds(Topic::Room(room), known.asked)
        {
            return Ok(known.state);
        }
        let asked = Instant::now();
        let member = self.0.store.member(room, user).await?.map(Arc::new);
        let version = member.as_ref().map(|member| member.version);
        let known = Remembered { state: member.clone(), version, stale: false, asked };
        remember(&self.0.known.members, (room, user), known, true);
        Ok(member)
    }

    /// Whether what was so at this time may be taken for what is so now.
    fn still_holds(&self, topic: Topic, asked: Instant) -> bool {
        asked.elapsed() < self.0.remembered
            || (self.0.sound_since)(topic).is_some_and(|since| since <= asked)
    }

    /// This node wrote this state just now.
    pub(super) fn know_room(&self, room: &Room) {
        let (version, asked) = (Some(room.version), Instant::now());
        let state = Some(Arc::new(room.clone()));
        let known = Remembered { state, version, stale: false, asked };
        remember(&self.0.known.rooms, room.id, known, false);
    }

    /// This node wrote this state just now.
    pub(super) fn know_member(&self, member: &Member) {
        let (version, asked) = (Some(member.version), Instant::now());
        let state = Some(Arc::new(member.clone()));
        let known = Remembered { state, version, stale: false, asked };
        remember(&self.0.known.members, (member.room_id, member.user_id), known, false);
    }

    /// Whether a session goes on.
    pub(super) async fn is_alive(&self, user: UserId, session: SessionId) -> Answered<bool> {
        let known = &self.0.known;
        match known.sessions.get(&session) {
            Some(None) => return Ok(false),
            Some(Some(asked))
                if self.still_holds(Topic::User(user), asked)
                    && known.sessions_ended.get(&user).is_none_or(|ended| ended < asked) =>
            {
                return Ok(true);
            }
            _ => {}
        }
        let asked = Instant::now();
        let alive = self.0.store.session(session).await?.is_some();
        // One that ended is never taken for alive again, whatever a read that began before says.
        known.sessions.entry(session).and_compute_with(|entry| {
            let ended = entry.is_some_and(|entry| entry.value().is_none());
            if ended { Op::Nop } else { Op::Put(alive.then_some(asked)) }
        });
        Ok(alive)
    }

    /// This session ended.
    pub(super) fn know_ended(&self, session: SessionId) {
        self.0.known.sessions.insert(session, None);
    }

    /// How many members a room has, give or take what changed within the last seconds.
    pub(super) async fn size(&self, room: RoomId) -> Answered<u32> {
        if let Some(size) = self.0.known.sizes.get(&room) {
            return Ok(size);
        }
        let size = self.0.store.member_count(room).await?;
        self.0.known.sizes.insert(room, size);
        Ok(size)
    }
}
