//! The contract of [`Store`] as tests, one for each promise. An implementation passes them by
//! `contract_tests!(make_store)`, where `make_store` gives an `Arc<dyn Store>` and whatever has to
//! live as long as it.
//!
//! Each promise uses fresh ids, so that all of them can be tried at the same time on one store that
//! holds other things too.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::{
    MemberChange, MessageChange, MessageChangeKind, NewAccount, NewMessage, Reacted,
    ReactionChange, SessionRecord, Store, StoreResult, Watermarks, Written,
};
use crate::domain::clock::HybridClock;
use crate::protocol::{
    Event, EventId, Member, Membership, Message, MessageId, MessageKind, Role, Room, RoomId,
    RoomKind, Session, SessionId, SystemEvent, Topic, User, UserId,
};

pub(crate) mod changes;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod moving;
pub(crate) mod people;
pub(crate) mod reactions;
pub(crate) mod rooms;
pub(crate) mod sessions;

/// Makes each promise a test of its own.
macro_rules! contract_tests {
    ($make:path) => {
        contract_tests! { $make =>
            people: an_account_is_found_by_name_and_address_in_any_case;
            people: a_taken_name_or_address_is_refused_and_named;
            people: of_many_who_register_one_name_exactly_one_gets_it;
            people: of_many_who_register_one_address_exactly_one_gets_it;
            people: after_the_first_account_nobody_becomes_admin;
            people: users_are_those_that_exist;
            people: a_password_and_a_presence_are_replaced;
            people: last_seen_only_ever_rises;
            sessions: a_session_reads_back_until_it_ends;
            sessions: a_persons_sessions_come_newest_use_first;
            sessions: of_many_rotations_from_one_generation_exactly_one_succeeds;
            sessions: a_rotation_needs_the_generation_and_a_live_session;
            sessions: nobody_ends_somebody_elses_session;
            sessions: all_sessions_but_one_end;
            sessions: whoever_arrives_gets_session_presence_and_joined_rooms;
            rooms: a_room_and_its_members_read_back;
            rooms: of_many_who_make_one_room_all_get_the_same;
            rooms: a_room_is_replaced_only_by_a_newer_state;
            rooms: rooms_are_those_that_exist;
            rooms: public_rooms_come_newest_first_page_by_page;
            members: of_many_changes_from_one_role_exactly_one_succeeds;
            members: a_change_from_another_role_writes_nothing;
            members: whoever_comes_back_keeps_their_watermarks;
            members: whoever_left_is_found_but_is_no_member;
            members: members_come_by_id_page_by_page;
            members: watermarks_only_ever_rise;
            members: of_many_raised_watermarks_the_highest_stays;
            members: watermarks_told_to_their_person_are_not_told_to_the_room;
            members: only_a_member_has_watermarks_to_raise;
            members: changes_in_the_wrong_order_lose_nothing_and_versions_rise;
            messages: a_message_reads_back_as_it_was_written;
            messages: of_many_attempts_with_one_nonce_exactly_one_is_written;
            messages: a_nonce_counts_across_rooms;
            messages: a_first_attempt_and_its_retries_write_one_message;
            messages: an_attempt_that_doubts_itself_stays_where_it_won;
            messages: another_author_may_use_the_same_nonce;
            messages: system_messages_have_no_nonce_and_are_all_written;
            messages: history_is_cut_at_any_place_and_in_both_directions;
            messages: three_silent_years_leave_no_hole_in_the_history;
            messages: an_edit_is_replaced_only_by_a_newer_one;
            messages: a_deletion_leaves_a_tombstone_for_good;
            messages: a_deletion_that_comes_late_still_deletes;
            messages: a_tail_has_the_newest_message_and_counts_what_is_unread;
            messages: unread_is_counted_up_to_the_cap;
            messages: many_own_messages_hide_no_unread_one;
            reactions: a_reaction_is_told_with_all_others;
            reactions: a_reaction_that_is_so_already_writes_nothing;
            reactions: emojis_come_in_the_order_of_their_first_use;
            reactions: the_first_ten_people_are_named_and_all_are_counted;
            reactions: a_message_takes_twenty_emojis_and_not_one_more;
            reactions: of_many_who_react_at_once_none_is_lost;
            reactions: there_is_nothing_to_react_to_on_a_missing_or_deleted_message;
            reactions: a_persons_own_reactions_are_given_for_a_page;
            changes: every_kind_of_change_is_found_under_its_version;
            changes: a_thing_that_changed_several_times_stands_there_once;
            changes: a_page_is_the_oldest_changes_and_says_whether_there_are_more;
            changes: messages_are_found_over_bucket_boundaries;
            changes: a_quiet_topic_has_no_changes;
            changes: a_deleted_message_is_told_once_without_its_reactions;
            changes: a_person_learns_of_a_room_before_their_place_in_it;
            changes: whoever_left_learns_nothing_of_the_room;
            changes: watermarks_are_no_news_to_the_person;
            changes: a_state_is_found_under_the_later_id_it_was_published_under;
            changes: transient_events_are_not_logged;
            changes: what_is_unpublished_stays_until_it_is_forgotten;
            changes: what_is_unpublished_comes_oldest_first;
            changes: the_newest_event_is_not_below_anything_written;
            changes: expiry_keeps_what_was_promised;
            changes: the_store_says_that_it_works;
            moving: every_account_and_every_room_is_on_one_page;
            moving: everybodys_reactions_are_given_oldest_first;
            moving: an_account_moves_as_it_was;
            moving: a_moved_account_takes_no_name_that_somebody_has;
            moving: a_moved_account_gets_the_password_that_it_lacks;
            moving: an_admin_elsewhere_is_nobody_where_there_is_one;
            moving: messages_move_with_edits_deletions_and_reactions;
            moving: a_moved_message_goes_on_like_any_other;
            moving: of_a_message_that_moves_twice_the_newer_state_stays;
            moving: a_nonce_moves_with_its_message;
            moving: memberships_move_and_watermarks_only_rise;
            moving: what_moved_is_found_among_the_changes;
        }
    };
    ($make:path => $($module:ident: $promise:ident;)*) => {$(
        #[tokio::test]
        async fn $promise() -> $crate::store::StoreResult<()> {
            let (store, _kept) = $make();
            $crate::store::contract::$module::$promise(
                &$crate::store::contract::Stage::new(store),
            )
            .await
        }
    )*};
}
pub(crate) use contract_tests;

/// A store, and a clock to take ids from. Its methods set the stage; they promise nothing.
pub(crate) struct Stage {
    pub store: Arc<dyn Store>,
    clock: HybridClock,
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    since.as_millis() as u64
}

pub(crate) fn person() -> UserId {
    UserId(Uuid::new_v4())
}

/// A short text that no other test uses.
pub(crate) fn unique() -> String {
    Uuid::new_v4().simple().to_string()[..20].to_owned()
}

pub(crate) fn id_at(millis: u64) -> EventId {
    EventId::new(millis << 12, rand::random())
}

pub(crate) fn new_account(username: &str, email: &str) -> NewAccount {
    NewAccount {
        id: person(),
        username: username.to_owned(),
        email: email.to_owned(),
        display_name: "Ada".to_owned(),
        password_hash: "$argon2id$".to_owned(),
        created_at: now(),
    }
}

pub(crate) fn text(author: UserId, id: EventId) -> Message {
    Message {
        id: id.into(),
        author_id: author,
        kind: MessageKind::Text,
        text: format!("Text of {id}"),
        system: None,
        nonce: unique(),
        reply_to: None,
        sent_at: id.millis(),
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
        reactions_version: None,
        version: id,
    }
}

pub(crate) fn system(author: UserId, id: EventId) -> Message {
    let system = Some(SystemEvent::Added { user_id: person() });
    let (text_of, nonce) = (String::new(), String::new());
    Message { kind: MessageKind::System, text: text_of, system, nonce, ..text(author, id) }
}

impl Stage {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, clock: HybridClock::default() }
    }

    /// Rises with each call.
    pub fn id(&self) -> EventId {
        self.clock.next(now(), rand::random())
    }

    pub async fn account(&self) -> StoreResult<User> {
        let name = unique();
        self.store.create_account(new_account(&name, &format!("{name}@example.org"))).await
    }

    pub async fn session(&self, user: UserId, last_used_at: u64) -> StoreResult<SessionRecord> {
        let session = Session {
            id: SessionId(Uuid::new_v4()),
            device: "Phone".to_owned(),
            user_agent: "Browser/1".to_owned(),
            address: "192.0.2.1".to_owned(),
            created_at: now(),
            last_used_at,
            expires_at: now() + 3_600_000,
            current: false,
        };
        let record = SessionRecord {
            session,
            user_id: user,
            salt: *Uuid::new_v4().as_bytes(),
            generation: 0,
            rotated_at: now(),
        };
        self.store.create_session(record.clone()).await?;
        Ok(record)
    }

    pub fn new_room(&self, kind: RoomKind) -> Room {
        let version = self.id();
        Room {
            id: RoomId(version.0),
            kind,
            name: "Room".to_owned(),
            description: "What it is for".to_owned(),
            created_by: person(),
            created_at: version.millis(),
            people: None,
            deleted: false,
            version,
        }
    }

    pub fn new_member(&self, room: RoomId, user: UserId, role: Role) -> Member {
        let version = self.id();
        Member {
            room_id: room,
            user_id: user,
            state: Membership::Joined,
            role,
            joined_at: version.millis(),
            delivered: None,
            read: None,
            version,
        }
    }

    /// A private room with these members.
    pub async fn room_of(&self, members: &[UserId]) -> StoreResult<RoomId> {
        let room = self.new_room(RoomKind::Private);
        let id = room.id;
        let member = |user: &UserId| self.new_member(id, *user, Role::Member);
        let members = members.iter().map(member).collect();
        self.store.create_room(room, members).await?;
        Ok(id)
    }

    pub async fn put(&self, room_id: RoomId, message: Message) -> StoreResult<Message> {
        let new = NewMessage { room_id, message: message.clone(), first: true };
        assert_eq!(self.store.write_message(new).await?, Written::New);
        Ok(message)
    }

    /// A new text of this author.
    pub async fn say(&self, room: RoomId, author: UserId) -> StoreResult<Message> {
        self.put(room, text(author, self.id())).await
    }

    pub async fn change_member(
        &self,
        room_id: RoomId,
        user_id: UserId,
        from: Option<Role>,
        to: Option<Role>,
    ) -> StoreResult<Option<Member>> {
        let version = self.id();
        self.store.change_member(MemberChange { room_id, user_id, from, to, version }).await
    }

    pub async fn read_up_to(
        &self,
        room_id: RoomId,
        user_id: UserId,
        message: MessageId,
    ) -> StoreResult<Option<Member>> {
        let (version, read) = (self.id(), Some(message));
        let told_to = Topic::Room(room_id);
        let watermarks = Watermarks { room_id, user_id, delivered: None, read, version, told_to };
        self.store.raise_watermarks(watermarks).await
    }

    pub async fn edit(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        text: &str,
        version: EventId,
    ) -> StoreResult<Option<Message>> {
        let kind = MessageChangeKind::Edit { text: text.to_owned(), at: version.millis() };
        self.store.change_message(MessageChange { room_id, message_id, kind, version }).await
    }

    pub async fn delete(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        version: EventId,
    ) -> StoreResult<Option<Message>> {
        let kind = MessageChangeKind::Delete;
        self.store.change_message(MessageChange { room_id, message_id, kind, version }).await
    }

    pub async fn react(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        user_id: UserId,
        emoji: &str,
        on: bool,
    ) -> StoreResult<Reacted> {
        let (emoji, version) = (emoji.to_owned(), self.id());
        let change = ReactionChange { room_id, message_id, user_id, emoji, on, version };
        self.store.react(change).await
    }
}

/// What a list of events is about, in few words.
pub(crate) fn kinds(events: &[(EventId, Event)]) -> Vec<&'static str> {
    let kind = |(_, event): &(EventId, Event)| match event {
        Event::Message { .. } => "message",
        Event::Reaction { .. } => "reaction",
        Event::Room { .. } => "room",
        Event::Member { .. } => "member",
        _ => "transient",
    };
    events.iter().map(kind).collect()
}
