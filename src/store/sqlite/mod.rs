//! The store of a server on one machine: `SQLite` in the data folder.
//!
//! One thread writes and shares each `fsync` among all who wait (`writer`); a few threads read
//! (`readers`). The methods of [`Store`] only hand work to them: what the work is stands in the
//! modules named after the tables. It must not know who is connected, what is allowed or what time
//! it is.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Mutex;
use tracing::{Instrument, trace_span};

use self::db::Db;
use self::open::Folder;
use self::readers::Readers;
use self::writer::Writer;
use super::{
    Account, Arrival, Changes, MemberChange, MessageChange, MovedMessage, NewAccount, NewMessage,
    Reacted, Reaction, ReactionChange, Rotation, SessionRecord, Store, StoreError, StoreResult,
    Tail, Unpublished, Watermarks, Written, count_failure,
};
use crate::domain::history::Range;
use crate::protocol::{
    Event, EventId, Member, Message, MessageId, PresenceChoice, Room, RoomId, SessionId, Topic,
    User, UserId,
};
use crate::trace;

mod changes;
mod copy;
mod db;
mod expire;
mod messages;
mod metrics;
mod migrate;
mod open;
mod people;
mod reactions;
mod readers;
mod rooms;
mod sessions;
mod unpublished;
mod values;
mod writer;

pub use self::copy::{Contents, CopyError, copy};
pub use self::open::OpenError;

/// More readers than this gain nothing: the pages that they read are in memory.
const MAX_READERS: usize = 4;

/// With less room than this on its disk the store is not well: the log may take as much until it is
/// copied into the file.
const LEAST_FREE_BYTES: u64 = 1024 * 1024;

/// A check's result holds for this long, so that many who ask cost one write.
const CHECK_HOLDS: Duration = Duration::from_secs(1);

/// Where the data is and how it is read.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Made where it is missing; nobody but its owner may look into it.
    pub folder: PathBuf,
    /// Threads that read.
    pub readers: usize,
}

impl SqliteOptions {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { folder: folder.into(), readers: cores.min(MAX_READERS) }
    }
}

/// The embedded store. Dropping it finishes what was begun, closes the data and lets another process
/// have it.
#[derive(Debug)]
pub struct SqliteStore {
    // In the order in which they are to be closed.
    readers: Readers,
    /// None where the data is only read.
    writer: Option<Writer>,
    folder: Folder,
    checked: Mutex<Option<(Instant, StoreResult<()>)>>,
}

impl SqliteStore {
    /// Opens the data, making it where there is none.
    pub fn open(options: SqliteOptions) -> Result<Self, OpenError> {
        let SqliteOptions { folder: path, readers } = options;
        let folder = Folder::take(&path)?;
        let failed = |error: std::io::Error| OpenError::Failed {
            path: path.clone(),
            reason: error.to_string(),
        };
        let writer = folder.writer()?;
        let readers = (0..readers.max(1)).map(|_| folder.reader()).collect::<Result<_, _>>()?;
        Ok(Self {
            readers: Readers::start(readers).map_err(failed)?,
            writer: Some(Writer::start(writer).map_err(failed)?),
            folder,
            checked: Mutex::new(None),
        })
    }

    /// Opens data that a server may be using, for reading alone: every write fails.
    pub fn beside(path: &Path) -> Result<Self, OpenError> {
        let folder = Folder::beside(path)?;
        let failed = |error: std::io::Error| OpenError::Failed {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let readers = Readers::start(vec![folder.reader_beside()?]).map_err(failed)?;
        Ok(Self { readers, writer: None, folder, checked: Mutex::new(None) })
    }

    /// Statements that have read so far, on behalf of reads.
    pub fn statements_read(&self) -> u64 {
        self.readers.statements()
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let span = trace_span!(target: trace::TARGET, "store read");
        count_failure(self.readers.read(work).instrument(span).await)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Unavailable("The data is only read.".to_owned()));
        };
        let span = trace_span!(target: trace::TARGET, "store write");
        count_failure(writer.write(work).instrument(span).await)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_account(&self, account: NewAccount) -> StoreResult<User> {
        self.write(move |db| people::create(db, account)).await
    }

    async fn account(&self, id: UserId) -> StoreResult<Option<Account>> {
        self.read(move |db| people::by_id(db, id)).await
    }

    async fn account_by_login(&self, login: &str) -> StoreResult<Option<Account>> {
        let login = login.to_owned();
        self.read(move |db| people::by_login(db, &login)).await
    }

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<User>> {
        let username = username.to_owned();
        self.read(move |db| people::by_username(db, &username)).await
    }

    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<User>> {
        let ids = ids.to_owned();
        self.read(move |db| people::users(db, &ids)).await
    }

    async fn set_password(&self, id: UserId, password_hash: &str) -> StoreResult<()> {
        let hash = password_hash.to_owned();
        self.write(move |db| people::set_password(db, id, &hash)).await
    }

    async fn set_presence(&self, id: UserId, choice: PresenceChoice) -> StoreResult<()> {
        self.write(move |db| people::set_presence(db, id, choice)).await
    }

    async fn set_last_seen(&self, seen: &[(UserId, u64)]) -> StoreResult<()> {
        let seen = seen.to_owned();
        self.write(move |db| people::set_last_seen(db, &seen)).await
    }

    async fn last_seen(&self, ids: &[UserId]) -> StoreResult<Vec<(UserId, u64)>> {
        let ids = ids.to_owned();
        self.read(move |db| people::last_seen(db, &ids)).await
    }

    async fn create_session(&self, session: SessionRecord) -> StoreResult<()> {
        self.write(move |db| sessions::create(db, session)).await
    }

    async fn session(&self, id: SessionId) -> StoreResult<Option<SessionRecord>> {
        self.read(move |db| sessions::by_id(db, id)).await
    }

    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<SessionRecord>> {
        self.read(move |db| sessions::of(db, user)).await
    }

    async fn rotate_session(&self, rotated: Rotation) -> StoreResult<bool> {
        self.write(move |db| sessions::rotate(db, rotated)).await
    }

    async fn end_session(&self, user: UserId, id: SessionId) -> StoreResult<bool> {
        self.write(move |db| sessions::end(db, user, id)).await
    }

    async fn end_sessions(&self, user: UserId, except: Option<SessionId>) -> StoreResult<()> {
        self.write(move |db| sessions::end_all(db, user, except)).await
    }

    async fn arrive(&self, session: SessionId) -> StoreResult<Option<Arrival>> {
        self.read(move |db| sessions::arrive(db, session)).await
    }

    async fn create_room(&self, room: Room, members: Vec<Member>) -> StoreResult<(Room, bool)> {
        self.write(move |db| rooms::create(db, room, members)).await
    }

    async fn room(&self, id: RoomId) -> StoreResult<Option<Room>> {
        self.read(move |db| rooms::by_id(db, id)).await
    }

    async fn rooms(&self, ids: &[RoomId]) -> StoreResult<Vec<Room>> {
        let ids = ids.to_owned();
        self.read(move |db| rooms::by_ids(db, &ids)).await
    }

    async fn update_room(&self, room: Room) -> StoreResult<()> {
        self.write(move |db| rooms::update(db, &room)).await
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: usize) -> StoreResult<Vec<Room>> {
        self.read(move |db| rooms::public(db, before, limit)).await
    }

    async fn change_member(&self, change: MemberChange) -> StoreResult<Option<Member>> {
        self.write(move |db| rooms::change_member(db, &change)).await
    }

    async fn member(&self, room: RoomId, user: UserId) -> StoreResult<Option<Member>> {
        self.read(move |db| rooms::member(db, room, user)).await
    }

    async fn members(
        &self,
        room: RoomId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<Member>> {
        self.read(move |db| rooms::members(db, room, after, limit)).await
    }

    async fn member_count(&self, room: RoomId) -> StoreResult<u32> {
        self.read(move |db| rooms::member_count(db, room)).await
    }

    async fn memberships(&self, user: UserId) -> StoreResult<Vec<Member>> {
        self.read(move |db| rooms::memberships(db, user)).await
    }

    async fn raise_watermarks(&self, watermarks: Watermarks) -> StoreResult<Option<Member>> {
        self.write(move |db| rooms::raise_watermarks(db, &watermarks)).await
    }

    async fn write_message(&self, new: NewMessage) -> StoreResult<Written> {
        self.write(move |db| messages::write(db, &new)).await
    }

    async fn message(&self, room: RoomId, id: MessageId) -> StoreResult<Option<Message>> {
        self.read(move |db| messages::by_id(db, room, id)).await
    }

    async fn change_message(&self, change: MessageChange) -> StoreResult<Option<Message>> {
        self.write(move |db| messages::change(db, change)).await
    }

    async fn react(&self, change: ReactionChange) -> StoreResult<Reacted> {
        self.write(move |db| reactions::react(db, &change)).await
    }

    async fn history(&self, room: RoomId, range: Range, limit: usize) -> StoreResult<Vec<Message>> {
        self.read(move |db| messages::history(db, room, range, limit)).await
    }

    async fn reactions_of(
        &self,
        user: UserId,
        room: RoomId,
        messages: &[MessageId],
    ) -> StoreResult<Vec<(MessageId, Vec<String>)>> {
        let messages = messages.to_owned();
        self.read(move |db| reactions::by_page(db, user, room, &messages)).await
    }

    async fn tails(
        &self,
        user: UserId,
        rooms: &[(RoomId, Option<MessageId>)],
        cap: u32,
    ) -> StoreResult<Vec<Tail>> {
        let rooms = rooms.to_owned();
        let tail = move |db: &Db<'_>, (room, read)| messages::tail(db, user, room, read, cap);
        self.read(move |db| rooms.into_iter().map(|room| tail(db, room)).collect()).await
    }

    async fn changes(&self, topic: Topic, since: EventId, limit: usize) -> StoreResult<Changes> {
        self.read(move |db| changes::since(db, topic, since, limit)).await
    }

    async fn log_change(&self, topic: Topic, change: EventId, event: &Event) -> StoreResult<()> {
        let event = event.clone();
        self.write(move |db| changes::log_event(db, topic, change, &event)).await
    }

    async fn note_unpublished(&self, events: &[Unpublished]) -> StoreResult<()> {
        let events = events.to_owned();
        self.write(move |db| unpublished::note(db, &events)).await
    }

    async fn unpublished(&self, limit: usize) -> StoreResult<Vec<Unpublished>> {
        self.read(move |db| unpublished::oldest(db, limit)).await
    }

    async fn forget_unpublished(&self, events: &[Unpublished]) -> StoreResult<()> {
        let events = events.to_owned();
        self.write(move |db| unpublished::forget(db, &events)).await
    }

    async fn user_ids(&self, after: Option<UserId>, limit: usize) -> StoreResult<Vec<UserId>> {
        self.read(move |db| people::ids(db, after, limit)).await
    }

    async fn room_ids(&self, after: Option<RoomId>, limit: usize) -> StoreResult<Vec<RoomId>> {
        self.read(move |db| rooms::ids(db, after, limit)).await
    }

    async fn reactions_to(
        &self,
        room: RoomId,
        messages: &[MessageId],
    ) -> StoreResult<Vec<(MessageId, Vec<Reaction>)>> {
        let messages = messages.to_owned();
        let all = move |db: &Db<'_>, id| Ok((id, reactions::all(db, room, id)?));
        let found = self.read(move |db| messages.into_iter().map(|id| all(db, id)).collect());
        let mut found: Vec<(_, Vec<_>)> = found.await?;
        found.retain(|(_, reactions)| !reactions.is_empty());
        Ok(found)
    }

    async fn put_account(&self, account: Account) -> StoreResult<()> {
        self.write(move |db| people::put(db, &account)).await
    }

    async fn put_members(&self, members: &[Member]) -> StoreResult<()> {
        let members = members.to_owned();
        let write =
            move |db: &Db<'_>| members.iter().try_for_each(|member| rooms::move_member(db, member));
        self.write(write).await
    }

    async fn put_messages(&self, room: RoomId, messages: &[MovedMessage]) -> StoreResult<()> {
        let messages = messages.to_owned();
        let write = move |db: &Db<'_>| {
            messages.iter().try_for_each(|message| messages::put(db, room, message))
        };
        self.write(write).await
    }

    async fn newest_event(&self) -> StoreResult<Option<EventId>> {
        self.read(|db| {
            let noted = "SELECT value FROM meta WHERE key = 'newest_event'";
            let noted: Option<EventId> = db.row(noted, (), |row| row.get(0))?;
            let sent = "SELECT message_id FROM sends INDEXED BY sends_by_time \
                        WHERE message_id > ?1 ORDER BY message_id DESC LIMIT 1";
            let later = db.row(sent, (noted.unwrap_or(EventId::NIL),), |row| row.get(0))?;
            Ok(noted.max(later))
        })
        .await
    }

    async fn check(&self) -> StoreResult<()> {
        // Held meanwhile, so that those who ask at the same time wait for the one answer.
        let mut checked = self.checked.lock().await;
        if let Some((at, result)) = &*checked
            && at.elapsed() < CHECK_HOLDS
        {
            return result.as_ref().copied().map_err(db::copy);
        }
        let result = self.try_both().await;
        let (_, result) = checked.insert((Instant::now(), result));
        result.as_ref().copied().map_err(db::copy)
    }

    async fn expire(&self, now: u64) -> StoreResult<()> {
        while self.write(move |db| expire::sends(db, now)).await? == expire::PIECE {}
        while self.write(move |db| expire::sessions(db, now)).await? == expire::PIECE {}
        let from = expire::log_from(now);
        let mut after = None;
        loop {
            let topics = self.read(move |db| expire::logs(db, after)).await?;
            let Some((last, _)) = topics.last() else { return Ok(()) };
            after = Some(last.clone());
            for (topic, _) in topics.into_iter().filter(|(_, oldest)| *oldest < from) {
                loop {
                    let topic = topic.clone();
                    let gone = self.write(move |db| expire::log(db, &topic, from)).await?;
                    if gone < expire::PIECE {
                        break;
                    }
                }
            }
        }
    }
}

impl SqliteStore {
    async fn try_both(&self) -> StoreResult<()> {
        // A few bytes still find room where messages no longer do.
        let free = self.folder.free_bytes();
        if free.is_some_and(|free| free < LEAST_FREE_BYTES) {
            return Err(StoreError::Unavailable("The disk is full, or nearly so.".to_owned()));
        }
        let count = "INSERT INTO meta (key, value) VALUES ('checks', 1) \
                     ON CONFLICT (key) DO UPDATE SET value = value + 1";
        self.write(move |db| db.write(count, ())).await?;
        self.read(|db| db.row("SELECT 1 FROM meta WHERE key = 'checks'", (), |_| Ok(()))).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
