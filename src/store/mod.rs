//! What must last: people, sessions, rooms, members, messages.
//!
//! [`Store`] is the contract; `contract` is the suite that every implementation passes unchanged.
//! A store knows nothing of who is connected, of permissions or of time: whoever calls it has
//! decided, and gives ids and times.

use async_trait::async_trait;

use crate::domain::history::Range;
use crate::observe;
use crate::protocol::{
    Event, EventId, Member, Message, MessageId, PresenceChoice, Role, Room, RoomId, ServerRole,
    Session, SessionId, Topic, User, UserId,
};

pub mod catch_up;
#[cfg(test)]
pub(crate) mod contract;
pub mod scylla;
pub mod sqlite;
mod steps;
mod thing;

/// An account with what only its owner and the server may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: User,
    pub email: String,
    /// A PHC string.
    pub password_hash: String,
    pub presence: PresenceChoice,
    pub last_seen: Option<u64>,
}

/// An account to be made. Names are valid; their unique form is
/// [`crate::domain::names::unique_key`].
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub id: UserId,
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub password_hash: String,
    pub created_at: u64,
}

/// A session with what its tokens are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    pub session: Session,
    pub user_id: UserId,
    /// Random; part of what its refresh tokens are made from.
    pub salt: [u8; 16],
    /// How often it was refreshed.
    pub generation: u32,
    /// When it was last refreshed, in milliseconds since 1970.
    pub rotated_at: u64,
}

/// What a connection needs to begin with.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub session: SessionRecord,
    pub role: ServerRole,
    pub presence: PresenceChoice,
    /// The rooms that the person has joined, deleted ones too (their deletion may be news).
    pub rooms: Vec<RoomId>,
}

/// One person's one reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    pub user_id: UserId,
    pub emoji: String,
    pub version: EventId,
}

/// Reactions by their emojis, in the order of first use; those with one emoji, oldest first.
fn by_emoji(reactions: &[Reaction]) -> Vec<(&str, Vec<(EventId, UserId)>)> {
    let mut oldest_first: Vec<_> = reactions.iter().collect();
    oldest_first.sort_unstable_by_key(|reaction| (reaction.version, reaction.user_id));
    let mut emojis: Vec<(&str, Vec<_>)> = Vec::new();
    for Reaction { user_id, emoji, version } in oldest_first {
        let one = (*version, *user_id);
        match emojis.iter_mut().find(|(known, _)| known == emoji) {
            Some((_, people)) => people.push(one),
            None => emojis.push((emoji, vec![one])),
        }
    }
    emojis
}

/// A message as another store had it.
#[derive(Clone, Debug)]
pub struct MovedMessage {
    /// Its `reactions` are not looked at: they are made from those below.
    pub message: Message,
    /// None of them is above the message's `reactions_version`; no more than [`MAX_EMOJIS`] emojis.
    pub reactions: Vec<Reaction>,
    /// Whether its author may still send its nonce again: it is younger than [`NONCES_KEPT_MS`].
    pub note_nonce: bool,
}

/// How long (author, nonce) -> message is kept: a day more than is promised.
pub const NONCES_KEPT_MS: u64 = 4 * 24 * 3600 * 1000;

/// A message to be written.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub room_id: RoomId,
    /// Its `version` equals its `id`; it has no reactions.
    pub message: Message,
    /// Whether this attempt is known to be the first with its nonce: `false` is "in doubt", and
    /// the store decides by itself, however many attempts there are. Of no meaning for a system
    /// message, whose nonce is empty.
    pub first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    New,
    /// The author had already sent this nonce; nothing was written.
    Already {
        room_id: RoomId,
        message_id: MessageId,
    },
}

/// A change of somebody's place in a room.
#[derive(Clone, Debug)]
pub struct MemberChange {
    pub room_id: RoomId,
    pub user_id: UserId,
    /// The role they have now; `None`: they are not a member.
    pub from: Option<Role>,
    /// The role that they get; `None`: they leave.
    pub to: Option<Role>,
    pub version: EventId,
}

/// How far a member has come. `None` leaves that watermark.
#[derive(Clone, Copy, Debug)]
pub struct Watermarks {
    pub room_id: RoomId,
    pub user_id: UserId,
    pub delivered: Option<MessageId>,
    pub read: Option<MessageId>,
    pub version: EventId,
    /// The topic in whose changes it is found: the room's or, where a room is so large that its
    /// members are not told, the person's own.
    pub told_to: Topic,
}

/// A change of one person's one reaction.
#[derive(Clone, Debug)]
pub struct ReactionChange {
    pub room_id: RoomId,
    pub message_id: MessageId,
    pub user_id: UserId,
    pub emoji: String,
    pub on: bool,
    pub version: EventId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "made once for each reaction, and moved, not kept")]
pub enum Reacted {
    /// The event that tells it.
    Changed(Event),
    /// It was so already; nothing was written.
    Already,
    /// The message has [`MAX_EMOJIS`] different ones.
    TooMany,
    /// There is no such message, or it is deleted.
    NoMessage,
}

/// Different emojis under one message.
pub const MAX_EMOJIS: usize = 20;
/// Users named for each emoji in a [`crate::protocol::ReactionSummary`].
pub const REACTION_USERS: usize = 10;

/// An edit or a deletion.
#[derive(Clone, Debug)]
pub struct MessageChange {
    pub room_id: RoomId,
    pub message_id: MessageId,
    pub kind: MessageChangeKind,
    pub version: EventId,
}

#[derive(Clone, Debug)]
pub enum MessageChangeKind {
    Edit {
        text: String,
        at: u64,
    },
    /// The text goes, and its reactions; the tombstone stays.
    Delete,
}

/// The end of a conversation, as its member sees it.
#[derive(Clone, Debug)]
pub struct Tail {
    pub room_id: RoomId,
    pub last_message: Option<Message>,
    /// Text messages of others after the read watermark that are not deleted, up to the cap.
    pub unread: u32,
}

/// What changed in a topic, oldest change first.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Current states. A thing that changed several times stands here once, at its newest change.
    /// The id is the change's: the state's version, or the later id it was published under.
    pub events: Vec<(EventId, Event)>,
    /// Whether there was more than the limit; `events` are then the oldest of them.
    pub more: bool,
}

/// A field whose value somebody else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    Username,
    Email,
}

/// A durable event that is stored, and that the bus may not have been told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpublished {
    /// Its key; taken when it was written down.
    pub id: EventId,
    pub topic: Topic,
    pub event: Event,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written. The caller must not try the same again.
    #[error("{0:?} is taken")]
    Taken(Unique),
    /// The store can't be reached or can't write now. What was to be written may or may not have
    /// been: only a retry that can't double anything is allowed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// More waits to be written than the store takes. Nothing was written.
    #[error("the store has too much to do")]
    Overloaded,
    /// The data contradicts itself or the program. Retrying does not help.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

pub type StoreResult<T> = Result<T, StoreError>;

/// Counts what failed. A name that is taken is an answer, not a failure.
fn count_failure<T>(result: StoreResult<T>) -> StoreResult<T> {
    let kind = match &result {
        Ok(_) | Err(StoreError::Taken(_)) => return result,
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Overloaded) => "overloaded",
        Err(StoreError::Damaged(_)) => "damaged",
    };
    observe::STORE_ERRORS.add(kind, 1);
    result
}

/// The values of `kind` among the metrics.
pub const FAILURES: [&str; 3] = ["unavailable", "overloaded", "damaged"];

/// The store.
///
/// **Durability.** A write that returned `Ok` survives the death of this process and of its
/// machine; what it wrote is seen by every read that begins afterwards, from any node.
///
/// **Atomicity.** A method's writes are seen by [`Store::changes`] together or not at all, or, on a
/// store without transactions, such that repeating the call completes them.
///
/// **Versions.** A state is replaced only by one with a higher version, whatever order writes
/// arrive in. So repeating a write is harmless. What must not be lost because something else about
/// the same thing was written under a higher version before it (a membership, a watermark, a
/// reaction, a deletion) makes a state with the next version after that: whoever tells of a write
/// tells the version that it gave back.
///
/// **Change log.** Each write of a room's things is found by [`Store::changes`] of that room, under
/// the version as its change id; each change of a membership also by those of its person;
/// watermarks by those of the topic that they name. The log
/// reaches back at least [`crate::domain::cursor::MAX_AGE_MS`].
///
/// **Errors.** See [`StoreError`]; after `Unavailable` a write may have happened.
///
/// **Cancellation.** A write whose future is dropped may or may not happen. Callers that have to
/// tell others of it run it in a task of its own.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // --- people

    /// Makes an account. The first one ever made is the server's admin, exactly one even when many
    /// are made at once. Fails with [`StoreError::Taken`] where the unique form of the username or
    /// of the e-mail address belongs to somebody; of two at once exactly one succeeds, and the
    /// loser leaves neither name behind.
    async fn create_account(&self, account: NewAccount) -> StoreResult<User>;

    async fn account(&self, id: UserId) -> StoreResult<Option<Account>>;

    /// By username or e-mail address; compared in their unique form.
    async fn account_by_login(&self, login: &str) -> StoreResult<Option<Account>>;

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<User>>;

    /// Those that exist, in any order. At most 200 ids.
    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<User>>;

    async fn set_password(&self, id: UserId, password_hash: &str) -> StoreResult<()>;

    async fn set_presence(&self, id: UserId, choice: PresenceChoice) -> StoreResult<()>;

    /// Only ever raises it. Unknown people are passed over.
    async fn set_last_seen(&self, seen: &[(UserId, u64)]) -> StoreResult<()>;

    /// Those that are known, in any order. At most 200 ids.
    async fn last_seen(&self, ids: &[UserId]) -> StoreResult<Vec<(UserId, u64)>>;

    // --- sessions

    async fn create_session(&self, session: SessionRecord) -> StoreResult<()>;

    /// `None` once it ended.
    async fn session(&self, id: SessionId) -> StoreResult<Option<SessionRecord>>;

    /// The newest use first.
    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<SessionRecord>>;

    /// Raises the generation from `from` by one, and sets when and where from it was used and when
    /// it expires. `false` where the generation was not `from` or the session has ended: of two at
    /// once exactly one gets `true`.
    async fn rotate_session(&self, rotated: Rotation) -> StoreResult<bool>;

    /// Ends one session. `false` where the person has no such session.
    async fn end_session(&self, user: UserId, id: SessionId) -> StoreResult<bool>;

    /// Ends all of a person's sessions but one.
    async fn end_sessions(&self, user: UserId, except: Option<SessionId>) -> StoreResult<()>;

    /// What a connection needs, in one go. `None` where the session has ended.
    async fn arrive(&self, session: SessionId) -> StoreResult<Option<Arrival>>;

    // --- rooms and members

    /// Makes the room and its first members (with their versions). Where a room with this id
    /// exists, nothing is written and it is returned instead: of two at once both get the same
    /// room back. The flag says whether this call made it.
    async fn create_room(&self, room: Room, members: Vec<Member>) -> StoreResult<(Room, bool)>;

    /// Deleted ones too.
    async fn room(&self, id: RoomId) -> StoreResult<Option<Room>>;

    /// Deleted ones too. Those that exist, in any order.
    async fn rooms(&self, ids: &[RoomId]) -> StoreResult<Vec<Room>>;

    /// Replaces the room's state.
    async fn update_room(&self, room: Room) -> StoreResult<()>;

    /// Public rooms that are not deleted, newest first (by id), those before `before`.
    async fn public_rooms(&self, before: Option<RoomId>, limit: usize) -> StoreResult<Vec<Room>>;

    /// The new state; `None` where their role is not `from` (any more), and then nothing is
    /// written: of two changes from one role at once exactly one succeeds. Whoever comes back keeps
    /// their watermarks. `joined_at` of who joins is the version's time.
    async fn change_member(&self, change: MemberChange) -> StoreResult<Option<Member>>;

    /// Whoever left is found too, with [`crate::protocol::Membership::Left`].
    async fn member(&self, room: RoomId, user: UserId) -> StoreResult<Option<Member>>;

    /// Those who are members now, by user id, those after `after`.
    async fn members(
        &self,
        room: RoomId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<Member>>;

    async fn member_count(&self, room: RoomId) -> StoreResult<u32>;

    /// Where the person is a member now, deleted rooms too.
    async fn memberships(&self, user: UserId) -> StoreResult<Vec<Member>>;

    /// Raises watermarks, never lowers them; reading raises delivery as well. `None` where nothing
    /// rose, or they are not a member.
    async fn raise_watermarks(&self, watermarks: Watermarks) -> StoreResult<Option<Member>>;

    // --- messages

    /// Writes a message, and (author, nonce) -> message beside it. A second one with the same
    /// author and nonce is never made while that row lasts (three days at least), provided that
    /// every attempt but one says `first: false`. An attempt that was written as the first may
    /// doubt itself, and ask again with `first: false` and the same id: it stays where no other won,
    /// and is taken back where one did; either way the answer names the one that stays.
    async fn write_message(&self, new: NewMessage) -> StoreResult<Written>;

    async fn message(&self, room: RoomId, id: MessageId) -> StoreResult<Option<Message>>;

    /// The new state; where an edit came too late, the newer state that stays. `None` where there is
    /// no such message, or it is deleted.
    async fn change_message(&self, change: MessageChange) -> StoreResult<Option<Message>>;

    async fn react(&self, change: ReactionChange) -> StoreResult<Reacted>;

    /// A part of the history, oldest first; tombstones and system messages too. How many reads it
    /// costs grows with what it returns, not with how long the room was silent.
    async fn history(&self, room: RoomId, range: Range, limit: usize) -> StoreResult<Vec<Message>>;

    /// One person's reactions to these messages; messages without any are left out.
    async fn reactions_of(
        &self,
        user: UserId,
        room: RoomId,
        messages: &[MessageId],
    ) -> StoreResult<Vec<(MessageId, Vec<String>)>>;

    /// For each room its newest message, and how many count as unread after the given watermark, up
    /// to `cap`. In any order.
    async fn tails(
        &self,
        user: UserId,
        rooms: &[(RoomId, Option<MessageId>)],
        cap: u32,
    ) -> StoreResult<Vec<Tail>>;

    // --- what changed

    /// What changed in a topic under change ids above `since`.
    async fn changes(&self, topic: Topic, since: EventId, limit: usize) -> StoreResult<Changes>;

    /// Notes that the state which `event` tells is published under the later id `change`.
    async fn log_change(&self, topic: Topic, change: EventId, event: &Event) -> StoreResult<()>;

    /// Writes down what the bus has to be told as soon as it can be reached. Whoever reaches it first
    /// publishes it, even when this node has died. They last as long as the change log.
    async fn note_unpublished(&self, events: &[Unpublished]) -> StoreResult<()>;

    /// What is to be published, oldest first. Costs next to nothing where there is nothing.
    async fn unpublished(&self, limit: usize) -> StoreResult<Vec<Unpublished>>;

    /// They were published. What is not there is passed over.
    async fn forget_unpublished(&self, events: &[Unpublished]) -> StoreResult<()>;

    /// The newest event id in the store, by which a clock that went back is put right. Only
    /// approximate on a store that is shared by nodes with a clock of their own.
    async fn newest_event(&self) -> StoreResult<Option<EventId>>;

    // --- from one store to another

    /// The ids of all accounts, in an order of the store's own that stays, those after `after`. An
    /// empty page is the end. Who registers meanwhile may be in it or not.
    async fn user_ids(&self, after: Option<UserId>, limit: usize) -> StoreResult<Vec<UserId>>;

    /// The same of all rooms, deleted ones and direct conversations too.
    async fn room_ids(&self, after: Option<RoomId>, limit: usize) -> StoreResult<Vec<RoomId>>;

    /// Everybody's reactions to these messages, of each the oldest first; messages without any are
    /// left out.
    async fn reactions_to(
        &self,
        room: RoomId,
        messages: &[MessageId],
    ) -> StoreResult<Vec<(MessageId, Vec<Reaction>)>>;

    /// Makes the account as another store had it. Where there is one with its id, that stays, but
    /// gets the password where it has none. Names are refused as by [`Store::create_account`], also
    /// what was left by a call that did not end. Who was an admin stays one where they have a
    /// password and this store had no first account before them.
    async fn put_account(&self, account: Account) -> StoreResult<()>;

    /// Writes memberships as another store had them, each where none as new stands there; watermarks
    /// only rise. They are found among the changes under their versions.
    async fn put_members(&self, members: &[Member]) -> StoreResult<()>;

    /// Writes messages of a room as another store had them: each, and its reactions, where none as
    /// new stands there. What is more than a new message is found among the changes under its version.
    async fn put_messages(&self, room: RoomId, messages: &[MovedMessage]) -> StoreResult<()>;

    // --- the store itself

    /// Whether it can read and write at this moment.
    async fn check(&self) -> StoreResult<()>;

    /// Deletes what has expired: the change log's tail, `sends`, ended sessions. `now` in
    /// milliseconds since 1970. A store that expires rows by itself does nothing.
    async fn expire(&self, now: u64) -> StoreResult<()>;
}

/// A session's use of its refresh token.
#[derive(Clone, Debug)]
pub struct Rotation {
    pub id: SessionId,
    pub from: u32,
    pub at: u64,
    pub expires_at: u64,
    pub address: String,
}
