//! Rooms, their members, and direct conversations.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::{Access, Answered, Caller, Refusal, Service, Taken, Telling};
use crate::domain::names;
use crate::domain::permissions::Action;
use crate::protocol::codes::{ErrorCode, FieldError};
use crate::protocol::http::{
    ChangeRoom, Conversation, MemberEntry, Members, NewRoom, PublicRooms, RoomDetails,
};
use crate::protocol::{
    Event, Member, Membership, Role, Room, RoomId, RoomKind, SystemEvent, Topic, User, UserId,
};
use crate::store::MemberChange;

/// Rooms that one can be in: what one connection follows.
pub const MAX_ROOMS: usize = 1_000;

/// Unread messages are counted up to here.
const UNREAD_CAP: u32 = 100;

const PUBLIC_PAGE: usize = 50;
const MEMBERS_PAGE: usize = 100;

impl Service {
    pub async fn create_room(&self, caller: &Caller, asked: NewRoom) -> Answered<RoomDetails> {
        if asked.kind == RoomKind::Direct {
            return Err(Refusal::field("kind", "A room is `public` or `private`."));
        }
        let (name, description) =
            (names::room_name(&asked.name), names::room_description(&asked.description));
        let (Ok(name), Ok(description)) = (&name, &description) else {
            let wrong: Vec<FieldError> =
                [name, description].into_iter().filter_map(Result::err).collect();
            return Err(wrong.into());
        };
        self.check_room_count(caller.user).await?;
        let taken = self.take_id()?;
        let room = Room {
            id: RoomId(taken.id.0),
            kind: asked.kind,
            name: name.clone(),
            description: description.clone(),
            created_by: caller.user,
            created_at: taken.id.millis(),
            people: None,
            deleted: false,
            version: taken.id,
        };
        let owner = new_member(&room, caller.user, Role::Owner, taken);
        let service = self.clone();
        let author = caller.user;
        self.to_its_end(async move {
            let (room, _) = service.0.store.create_room(room, vec![owner.clone()]).await?;
            service.know_room(&room);
            service.know_member(&owner);
            service.tell(taken, arrival(&room, &owner)).await?;
            service.write_system(room.id, author, SystemEvent::Created).await?;
            Ok(RoomDetails { room, member_count: 1, member: Some(owner) })
        })
        .await
    }

    /// The conversation of two people; made where there is none.
    pub async fn open_direct(&self, caller: &Caller, other: UserId) -> Answered<RoomDetails> {
        if other == caller.user {
            return Err(Refusal::field("user_id", "A direct conversation is with somebody else."));
        }
        let id = RoomId::direct(caller.user, other);
        if let Some(room) = self.room(id).await? {
            let member = self.member(id, caller.user).await?;
            let member = member.map(|member| member.as_ref().clone());
            return Ok(RoomDetails { room: room.as_ref().clone(), member_count: 2, member });
        }
        self.user(other)
            .await
            .map_err(|_| Refusal::field("user_id", "There is no such person."))?;
        self.check_room_count(caller.user).await?;
        self.check_room_count(other).await?;
        let taken = self.take_id()?;
        let mut people = [caller.user, other];
        people.sort_unstable();
        let room = Room {
            id,
            kind: RoomKind::Direct,
            name: String::new(),
            description: String::new(),
            created_by: caller.user,
            created_at: taken.id.millis(),
            people: Some(people),
            deleted: false,
            version: taken.id,
        };
        let members = people.map(|user| new_member(&room, user, Role::Member, taken));
        let (service, me) = (self.clone(), caller.user);
        self.to_its_end(async move {
            let (room, made) = service.0.store.create_room(room, members.to_vec()).await?;
            service.know_room(&room);
            if made {
                for member in &members {
                    service.know_member(member);
                }
                // At once: they are told under one id.
                let tellings = members.iter().flat_map(|member| arrival(&room, member));
                service.tell(taken, tellings.collect()).await?;
            }
            let member = service.0.store.member(room.id, me).await?;
            Ok(RoomDetails { room, member_count: 2, member })
        })
        .await
    }

    async fn check_room_count(&self, user: UserId) -> Answered<()> {
        if self.0.store.memberships(user).await?.len() >= MAX_ROOMS {
            return Err(Refusal::of(ErrorCode::TooManyRooms));
        }
        Ok(())
    }

    /// One's conversations; the one with the newest message first.
    pub async fn conversations(&self, caller: &Caller) -> Answered<Vec<Conversation>> {
        let store = &self.0.store;
        let members = store.memberships(caller.user).await?;
        let ids: Vec<_> = members.iter().map(|member| member.room_id).collect();
        let watermarks: Vec<_> =
            members.iter().map(|member| (member.room_id, member.read)).collect();
        let (rooms, tails) =
            tokio::try_join!(store.rooms(&ids), store.tails(caller.user, &watermarks, UNREAD_CAP))?;
        let mut rooms: std::collections::HashMap<_, _> =
            rooms.into_iter().map(|room| (room.id, room)).collect();
        let mut tails: std::collections::HashMap<_, _> =
            tails.into_iter().map(|tail| (tail.room_id, tail)).collect();
        let mut conversations: Vec<_> = members
            .into_iter()
            .filter_map(|member| {
                let room = rooms.remove(&member.room_id).filter(|room| !room.deleted)?;
                let tail = tails.remove(&member.room_id);
                let unread = tail.as_ref().map_or(0, |tail| tail.unread);
                let last_message = tail.and_then(|tail| tail.last_message);
                Some(Conversation { room, member, last_message, unread })
            })
            .collect();
        let newest = |conversation: &Conversation| {
            let message = conversation.last_message.as_ref().map(|message| message.sent_at);
            message.unwrap_or(conversation.room.created_at)
        };
        conversations.sort_by_key(|conversation| std::cmp::Reverse(newest(conversation)));
        Ok(conversations)
    }

    pub async fn public_rooms(
        &self,
        caller: &Caller,
        before: Option<RoomId>,
    ) -> Answered<PublicRooms> {
        let mut rooms = self.0.store.public_rooms(before, PUBLIC_PAGE + 1).await?;
        let more = rooms.len() > PUBLIC_PAGE;
        rooms.truncate(PUBLIC_PAGE);
        let next = rooms.last().filter(|_| more).map(|room| room.id);
        let details = rooms.into_iter().map(|room| async {
            let member = self.member(room.id, caller.user).await?;
            let member_count = self.size(room.id).await?;
            let member = member.map(|member| member.as_ref().clone());
            Ok::<_, Refusal>(RoomDetails { room, member_count, member })
        });
        Ok(PublicRooms { rooms: try_join_all(details).await?, next })
    }

    pub async fn room_details(&self, caller: &Caller, id: RoomId) -> Answered<RoomDetails> {
        let access = self.access(caller, id).await?;
        Ok(RoomDetails {
            room: access.room.as_ref().clone(),
            member_count: self.0.store.member_count(id).await?,
            member: access.member.map(|member| member.as_ref().clone()),
        })
    }

    pub async fn change_room(
        &self,
        caller: &Caller,
        id: RoomId,
        asked: ChangeRoom,
    ) -> Answered<RoomDetails> {
        let access = self.access_to(caller, id, Action::Change).await?;
        let name = asked.name.as_deref().map(names::room_name).transpose()?;
        let description = asked.description.as_deref().map(names::room_description).transpose()?;
        if asked.kind == Some(RoomKind::Direct) {
            return Err(Refusal::field("kind", "A room is `public` or `private`."));
        }
        let before = access.room.as_ref();
        self.saw(before.version);
        let name = name.filter(|name| *name != before.name);
        let description = description.filter(|description| *description != before.description);
        let kind = asked.kind.filter(|kind| *kind != before.kind);
        if name.is_some() || description.is_some() || kind.is_some() {
            let taken = self.take_id()?;
            let mut room = before.clone();
            room.version = taken.id;
            name.clone().inspect(|name| room.name.clone_from(name));
            description.clone().inspect(|description| room.description.clone_from(description));
            kind.inspect(|kind| room.kind = *kind);
            let system = SystemEvent::Changed { name, description, kind };
            self.replace_room(taken, room, caller.user, Some(system)).await?;
        } else {
            self.tell_again(Telling::to(Topic::Room(id), Event::Room { room: before.clone() }))
                .await?;
        }
        self.room_details(caller, id).await
    }

    /// Nothing of it can be read or written any more.
    pub async fn delete_room(&self, caller: &Caller, id: RoomId) -> Answered<()> {
        if let Some(room) = self.room(id).await?.filter(|room| room.deleted) {
            return self.delete_again(caller, room).await;
        }
        let access = self.access_to(caller, id, Action::DeleteRoom).await?;
        self.saw(access.room.version);
        let taken = self.take_id()?;
        let room = Room { deleted: true, version: taken.id, ..access.room.as_ref().clone() };
        self.replace_room(taken, room, caller.user, None).await
    }

    /// For whoever may delete a room it is no error that it is deleted: its deletion is told again.
    async fn delete_again(&self, caller: &Caller, room: Arc<Room>) -> Answered<()> {
        let member = self.member(room.id, caller.user).await?;
        let access = Access { room, member, server_admin: caller.server_admin };
        if !access.allows(Action::DeleteRoom) {
            return Err(Refusal::of(ErrorCode::NotFound));
        }
        let room = access.room.as_ref().clone();
        self.tell_again(Telling::to(Topic::Room(room.id), Event::Room { room })).await
    }

    async fn replace_room(
        &self,
        taken: Taken,
        room: Room,
        author: UserId,
        system: Option<SystemEvent>,
    ) -> Answered<()> {
        let service = self.clone();
        self.to_its_end(async move {
            service.0.store.update_room(room.clone()).await?;
            service.know_room(&room);
            let id = room.id;
            service.tell(taken, vec![Telling::to(Topic::Room(id), Event::Room { room })]).await?;
            match system {
                Some(system) => service.write_system(id, author, system).await,
                None => Ok(()),
            }
        })
        .await
    }

    pub async fn join(&self, caller: &Caller, id: RoomId) -> Answered<RoomDetails> {
        let access = self.access(caller, id).await?;
        if access.role().is_some() {
            self.tell_place_again(&access.room, access.member.as_deref()).await?;
        } else {
            access.require(Action::Join)?;
            self.check_room_count(caller.user).await?;
            let roles = (None, Some(Role::Member));
            let system = SystemEvent::Joined;
            let set = self.set_member(caller.user, &access.room, caller.user, roles, system).await;
            // An attempt that had no answer may have done it.
            if let Err(refusal) = set
                && (refusal.code != ErrorCode::Conflict
                    || self.role_in(id, caller.user).await.is_err())
            {
                return Err(refusal);
            }
        }
        self.room_details(caller, id).await
    }

    pub async fn leave(&self, caller: &Caller, id: RoomId) -> Answered<()> {
        let access = self.access(caller, id).await?;
        if access.role().is_none() {
            self.tell_place_again(&access.room, access.member.as_deref()).await?;
        }
        access.require(Action::Leave)?;
        let role = access.role();
        if role == Some(Role::Owner) {
            return Err(Refusal::of(ErrorCode::OwnerMustStay));
        }
        self.set_member(caller.user, &access.room, caller.user, (role, None), SystemEvent::Left)
            .await
            .map(|_| ())
    }

    pub async fn members(
        &self,
        caller: &Caller,
        id: RoomId,
        after: Option<UserId>,
    ) -> Answered<Members> {
        self.access_to(caller, id, Action::Read).await?;
        let mut members = self.0.store.members(id, after, MEMBERS_PAGE + 1).await?;
        let more = members.len() > MEMBERS_PAGE;
        members.truncate(MEMBERS_PAGE);
        let next = members.last().filter(|_| more).map(|member| member.user_id);
        let ids: Vec<_> = members.iter().map(|member| member.user_id).collect();
        let users = self.0.store.users(&ids).await?;
        let mut users: std::collections::HashMap<_, User> =
            users.into_iter().map(|user| (user.id, user)).collect();
        let entries = members.into_iter().filter_map(|member| {
            let user = users.remove(&member.user_id)?;
            Some(MemberEntry { member, user })
        });
        Ok(Members { members: entries.collect(), next })
    }

    /// Adds somebody. That they are a member already is no error.
    pub async fn add_member(&self, caller: &Caller, id: RoomId, user: UserId) -> Answered<Member> {
        let access = self.access_to(caller, id, Action::Add).await?;
        self.user(user).await.map_err(|_| Refusal::field("user_id", "There is no such person."))?;
        let member = self.member(id, user).await?;
        if let Some(member) = member.filter(|member| member.state == Membership::Joined) {
            self.tell_place_again(&access.room, Some(&member)).await?;
            return Ok(member.as_ref().clone());
        }
        self.check_room_count(user).await?;
        let system = SystemEvent::Added { user_id: user };
        self.set_member(caller.user, &access.room, user, (None, Some(Role::Member)), system).await
    }

    pub async fn remove_member(&self, caller: &Caller, id: RoomId, user: UserId) -> Answered<()> {
        if user == caller.user {
            return self.leave(caller, id).await;
        }
        let access = self.access(caller, id).await?;
        let role = match self.role_in(id, user).await {
            Ok(role) => role,
            Err(refusal) => {
                let member = self.member(id, user).await?;
                self.tell_place_again(&access.room, member.as_deref()).await?;
                return Err(refusal);
            }
        };
        access.require(Action::Remove(role))?;
        let system = SystemEvent::Removed { user_id: user };
        self.set_member(caller.user, &access.room, user, (Some(role), None), system)
            .await
            .map(|_| ())
    }

    /// Gives somebody another role. Giving them the room makes oneself an admin.
    pub async fn set_role(
        &self,
        caller: &Caller,
        id: RoomId,
        user: UserId,
        role: Role,
    ) -> Answered<Member> {
        let access = self.access(caller, id).await?;
        let from = self.role_in(id, user).await?;
        if from == role {
            let member = self.member(id, user).await?;
            self.tell_place_again(&access.room, member.as_deref()).await?;
            let member = member.map(|member| member.as_ref().clone());
            return member.ok_or_else(|| Refusal::of(ErrorCode::NotFound));
        }
        access.require(Action::SetRole(from, role))?;
        if role == Role::Owner {
            // First oneself: of two who are handed the room at once, one finds no owner's role left
            // to give. A room whose owner's server died in between has none, and its admins remain.
            let system = SystemEvent::RoleChanged { user_id: caller.user, role: Role::Admin };
            let roles = (Some(Role::Owner), Some(Role::Admin));
            self.set_member(caller.user, &access.room, caller.user, roles, system).await?;
        }
        let system = SystemEvent::RoleChanged { user_id: user, role };
        self.set_member(caller.user, &access.room, user, (Some(from), Some(role)), system).await
    }

    async fn role_in(&self, room: RoomId, user: UserId) -> Answered<Role> {
        let member = self.member(room, user).await?;
        let joined = member.filter(|member| member.state == Membership::Joined);
        joined.map(|member| member.role).ok_or_else(|| Refusal::of(ErrorCode::NotFound))
    }

    /// For whoever asks for what is so already: the first time they asked, their server may have
    /// died before it told anybody.
    async fn tell_place_again(&self, room: &Room, member: Option<&Member>) -> Answered<()> {
        let Some(member) = member else { return Ok(()) };
        for telling in arrival(room, member) {
            self.tell_again(telling).await?;
        }
        Ok(())
    }

    /// Changes somebody's place, tells the room and the person, and writes it into the history.
    async fn set_member(
        &self,
        author: UserId,
        room: &Room,
        user_id: UserId,
        (from, to): (Option<Role>, Option<Role>),
        system: SystemEvent,
    ) -> Answered<Member> {
        if let Some(member) = self.member(room.id, user_id).await? {
            self.saw(member.version);
        }
        let taken = self.take_id()?;
        let (service, room) = (self.clone(), room.clone());
        self.to_its_end(async move {
            let change = MemberChange { room_id: room.id, user_id, from, to, version: taken.id };
            let Some(member) = service.0.store.change_member(change).await? else {
                // What was remembered is out of date.
                if let Some(member) = service.0.store.member(room.id, user_id).await? {
                    service.know_member(&member);
                    service.tell_place_again(&room, Some(&member)).await?;
                }
                return Err(Refusal::of(ErrorCode::Conflict));
            };
            service.know_member(&member);
            service.0.known.forget_size(room.id);
            service.tell(taken, arrival(&room, &member)).await?;
            service.write_system(room.id, author, system).await?;
            Ok(member)
        })
        .await
    }
}

fn new_member(room: &Room, user_id: UserId, role: Role, taken: Taken) -> Member {
    Member {
        room_id: room.id,
        user_id,
        state: Membership::Joined,
        role,
        joined_at: taken.id.millis(),
        delivered: None,
        read: None,
        version: taken.id,
    }
}

/// What is told of a changed place: the room gets the member's state, and so does the person, with
/// the room's first where they are in it.
fn arrival(room: &Room, member: &Member) -> Vec<Telling> {
    let event = Event::Member { member: member.clone() };
    let own = Topic::User(member.user_id);
    let mut tellings = vec![Telling::to(Topic::Room(room.id), event.clone())];
    if member.state == Membership::Joined {
        tellings.push(Telling::to(own, Event::Room { room: room.clone() }));
    }
    tellings.push(Telling::to(own, event));
    tellings
}
