//! The store of a cluster: `ScyllaDB`, or another server that speaks CQL.
//!
//! One session is shared by all; every statement is prepared once. The methods of [`Store`] only name
//! the work and time it: what the work is stands in the modules named after the tables, beside the
//! statements that they need. What may be decided by one of many at once is decided by a lightweight
//! transaction; a new message needs none. It must not know who is connected, or what is allowed.

use async_trait::async_trait;

use self::db::{Db, each};
use super::{
    Account, Arrival, Changes, MemberChange, MessageChange, MovedMessage, NewAccount, NewMessage,
    Reacted, Reaction, ReactionChange, Rotation, SessionRecord, Store, StoreError, StoreResult,
    Tail, Unpublished, Watermarks, Written,
};
use crate::domain::history::Range;
use crate::protocol::{
    Event, EventId, Member, Message, MessageId, PresenceChoice, Room, RoomId, SessionId, Topic,
    User, UserId,
};

mod changes;
mod connect;
mod db;
mod examine;
mod facts;
mod locks;
mod members;
mod messages;
mod metrics;
mod people;
mod public;
mod reactions;
mod rooms;
mod schema;
mod sends;
mod sessions;
#[cfg(test)]
mod tests;
mod unpublished;
mod values;

pub use self::connect::ScyllaOptions;
pub use self::examine::{StoreFacts, examine};

/// The store of a cluster, as one of its nodes sees it.
pub struct ScyllaStore {
    /// Boxed: it holds every prepared statement.
    db: Box<Db>,
}

impl ScyllaStore {
    /// Connects, makes the keyspace where there is none, and brings its tables up to what this program
    /// knows. Refuses a keyspace that a newer program has changed in a way that this one can't work with.
    pub async fn connect(options: ScyllaOptions) -> StoreResult<Self> {
        let session = connect::session(&options).await?;
        schema::apply(&session, &options).await?;
        Ok(Self { db: Box::pin(Db::prepare(session, &options.keyspace)).await? })
    }

    /// Connects to a keyspace whose tables this program can work with as they are, and changes nothing
    /// in it.
    pub async fn attach(options: ScyllaOptions) -> StoreResult<Self> {
        let session = connect::session(&options).await?;
        let (tables, known) =
            (schema::found(&session, &options).await?, schema::STEPS.len() as u32);
        if tables.version < known || !tables.suit(known) {
            return Err(StoreError::Damaged(format!(
                "the keyspace {} has tables of version {}; this program knows version {known}",
                options.keyspace, tables.version
            )));
        }
        Ok(Self { db: Box::pin(Db::prepare(session, &options.keyspace)).await? })
    }

    /// Only brings the tables up to what this program knows, and gives their version then.
    pub async fn migrate(options: ScyllaOptions) -> StoreResult<u32> {
        let session = connect::session(&options).await?;
        schema::apply(&session, &options).await
    }
}

#[async_trait]
impl Store for ScyllaStore {
    async fn create_account(&self, account: NewAccount) -> StoreResult<User> {
        metrics::call("create_account", people::create(&self.db, account)).await
    }

    async fn account(&self, id: UserId) -> StoreResult<Option<Account>> {
        metrics::call("account", people::by_id(&self.db, id)).await
    }

    async fn account_by_login(&self, login: &str) -> StoreResult<Option<Account>> {
        metrics::call("account_by_login", people::by_login(&self.db, login)).await
    }

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<User>> {
        metrics::call("user_by_username", people::by_username(&self.db, username)).await
    }

    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<User>> {
        metrics::call("users", people::users(&self.db, ids)).await
    }

    async fn set_password(&self, id: UserId, password_hash: &str) -> StoreResult<()> {
        metrics::call("set_password", people::set_password(&self.db, id, password_hash)).await
    }

    async fn set_presence(&self, id: UserId, choice: PresenceChoice) -> StoreResult<()> {
        metrics::call("set_presence", people::set_presence(&self.db, id, choice)).await
    }

    async fn set_last_seen(&self, seen: &[(UserId, u64)]) -> StoreResult<()> {
        metrics::call("set_last_seen", people::set_last_seen(&self.db, seen)).await
    }

    async fn last_seen(&self, ids: &[UserId]) -> StoreResult<Vec<(UserId, u64)>> {
        metrics::call("last_seen", people::last_seen(&self.db, ids)).await
    }

    async fn create_session(&self, session: SessionRecord) -> StoreResult<()> {
        metrics::call("create_session", sessions::create(&self.db, session)).await
    }

    async fn session(&self, id: SessionId) -> StoreResult<Option<SessionRecord>> {
        metrics::call("session", sessions::by_id(&self.db, id)).await
    }

    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<SessionRecord>> {
        metrics::call("sessions_of", sessions::of(&self.db, user)).await
    }

    async fn rotate_session(&self, rotated: Rotation) -> StoreResult<bool> {
        metrics::call("rotate_session", sessions::rotate(&self.db, rotated)).await
    }

    async fn end_session(&self, user: UserId, id: SessionId) -> StoreResult<bool> {
        metrics::call("end_session", sessions::end(&self.db, user, id)).await
    }

    async fn end_sessions(&self, user: UserId, except: Option<SessionId>) -> StoreResult<()> {
        metrics::call("end_sessions", sessions::end_all(&self.db, user, except)).await
    }

    async fn arrive(&self, session: SessionId) -> StoreResult<Option<Arrival>> {
        metrics::call("arrive", sessions::arrive(&self.db, session)).await
    }

    async fn create_room(&self, room: Room, members: Vec<Member>) -> StoreResult<(Room, bool)> {
        metrics::call("create_room", rooms::create(&self.db, room, members)).await
    }

    async fn room(&self, id: RoomId) -> StoreResult<Option<Room>> {
        metrics::call("room", rooms::by_id(&self.db, id)).await
    }

    async fn rooms(&self, ids: &[RoomId]) -> StoreResult<Vec<Room>> {
        metrics::call("rooms", rooms::by_ids(&self.db, ids)).await
    }

    async fn update_room(&self, room: Room) -> StoreResult<()> {
        metrics::call("update_room", rooms::update(&self.db, &room)).await
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: usize) -> StoreResult<Vec<Room>> {
        metrics::call("public_rooms", public::newest(&self.db, before, limit)).await
    }

    async fn change_member(&self, change: MemberChange) -> StoreResult<Option<Member>> {
        metrics::call("change_member", members::change(&self.db, &change)).await
    }

    async fn member(&self, room: RoomId, user: UserId) -> StoreResult<Option<Member>> {
        metrics::call("member", members::by_id(&self.db, room, user)).await
    }

    async fn members(
        &self,
        room: RoomId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<Member>> {
        metrics::call("members", members::list(&self.db, room, after, limit)).await
    }

    async fn member_count(&self, room: RoomId) -> StoreResult<u32> {
        metrics::call("member_count", members::count(&self.db, room)).await
    }

    async fn memberships(&self, user: UserId) -> StoreResult<Vec<Member>> {
        metrics::call("memberships", members::memberships(&self.db, user)).await
    }

    async fn raise_watermarks(&self, watermarks: Watermarks) -> StoreResult<Option<Member>> {
        metrics::call("raise_watermarks", members::raise_watermarks(&self.db, &watermarks)).await
    }

    async fn write_message(&self, new: NewMessage) -> StoreResult<Written> {
        metrics::call("write_message", messages::write(&self.db, &new)).await
    }

    async fn message(&self, room: RoomId, id: MessageId) -> StoreResult<Option<Message>> {
        metrics::call("message", messages::find(&self.db, room, id)).await
    }

    async fn change_message(&self, change: MessageChange) -> StoreResult<Option<Message>> {
        metrics::call("change_message", messages::change(&self.db, change)).await
    }

    async fn react(&self, change: ReactionChange) -> StoreResult<Reacted> {
        metrics::call("react", reactions::react(&self.db, &change)).await
    }

    async fn history(&self, room: RoomId, range: Range, limit: usize) -> StoreResult<Vec<Message>> {
        metrics::call("history", messages::history(&self.db, room, range, limit)).await
    }

    async fn reactions_of(
        &self,
        user: UserId,
        room: RoomId,
        messages: &[MessageId],
    ) -> StoreResult<Vec<(MessageId, Vec<String>)>> {
        metrics::call("reactions_of", reactions::by_page(&self.db, user, room, messages)).await
    }

    async fn tails(
        &self,
        user: UserId,
        rooms: &[(RoomId, Option<MessageId>)],
        cap: u32,
    ) -> StoreResult<Vec<Tail>> {
        metrics::call("tails", messages::tails(&self.db, user, rooms, cap)).await
    }

    async fn changes(&self, topic: Topic, since: EventId, limit: usize) -> StoreResult<Changes> {
        metrics::call("changes", changes::since(&self.db, topic, since, limit)).await
    }

    async fn log_change(&self, topic: Topic, change: EventId, event: &Event) -> StoreResult<()> {
        metrics::call("log_change", changes::log_event(&self.db, topic, change, event)).await
    }

    async fn note_unpublished(&self, events: &[Unpublished]) -> StoreResult<()> {
        metrics::call("note_unpublished", unpublished::note(&self.db, events)).await
    }

    async fn unpublished(&self, limit: usize) -> StoreResult<Vec<Unpublished>> {
        metrics::call("unpublished", unpublished::oldest(&self.db, limit)).await
    }

    async fn forget_unpublished(&self, events: &[Unpublished]) -> StoreResult<()> {
        metrics::call("forget_unpublished", unpublished::forget(&self.db, events)).await
    }

    async fn user_ids(&self, after: Option<UserId>, limit: usize) -> StoreResult<Vec<UserId>> {
        metrics::call("user_ids", people::ids(&self.db, after, limit)).await
    }

    async fn room_ids(&self, after: Option<RoomId>, limit: usize) -> StoreResult<Vec<RoomId>> {
        metrics::call("room_ids", rooms::ids(&self.db, after, limit)).await
    }

    async fn reactions_to(
        &self,
        room: RoomId,
        messages: &[MessageId],
    ) -> StoreResult<Vec<(MessageId, Vec<Reaction>)>> {
        metrics::call("reactions_to", reactions::all(&self.db, room, messages)).await
    }

    async fn put_account(&self, account: Account) -> StoreResult<()> {
        metrics::call("put_account", people::put(&self.db, &account)).await
    }

    async fn put_members(&self, members: &[Member]) -> StoreResult<()> {
        let put = each(members, |member| members::put_moved(&self.db, member));
        metrics::call("put_members", put).await.map(drop)
    }

    async fn put_messages(&self, room: RoomId, messages: &[MovedMessage]) -> StoreResult<()> {
        let put = each(messages, |message| messages::put_moved(&self.db, room, message));
        metrics::call("put_messages", put).await.map(drop)
    }

    async fn newest_event(&self) -> StoreResult<Option<EventId>> {
        metrics::call("newest_event", facts::newest(&self.db)).await
    }

    async fn check(&self) -> StoreResult<()> {
        metrics::call("check", facts::check(&self.db)).await
    }

    /// Every row that expires has a TTL.
    async fn expire(&self, _now: u64) -> StoreResult<()> {
        Ok(())
    }
}
