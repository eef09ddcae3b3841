//! Out of a store, into a file.
//!
//! What is written depends on nothing but what the store and the file hold: rooms by their ids, in
//! each its messages by theirs and then its members, and before each line the people whom it names
//! first. So an export that ended somewhere goes on by reading what it has written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::CONCURRENT;
use super::line::{Counts, FORMAT, Head, LONGEST_LINE, Line, MessageLine, Person};
use super::progress::Progress;
use crate::domain::history::Range;
use crate::protocol::{Member, MessageId, Room, RoomId, UserId};
use crate::store::{Account, Store, StoreError, StoreResult};

/// The name of the file, where only its folder was said.
const FILE: &str = "starling.jsonl";

/// Messages, people or rooms that are read at once.
const PAGE: usize = 500;

/// What is exported, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// A file, or the folder to make it in.
    pub to: &'a Path,
    /// The id or the name of the only room.
    pub room: Option<&'a str>,
    pub with_passwords: bool,
}

impl Export<'_> {
    /// Writes what the file has not yet. What it holds in the end, as a sentence.
    pub async fn run(&self, store: &dyn Store) -> anyhow::Result<String> {
        let path = if self.to.is_dir() { self.to.join(FILE) } else { self.to.to_owned() };
        let room = match self.room {
            Some(named) => Some(find(store, named).await?),
            None => None,
        };
        let head = Head {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            room,
            passwords: self.with_passwords,
        };
        let file = Output::open(path, &head)?;
        let mut work = Work { store, head, file, accounts: HashMap::new(), nobody: HashSet::new() };
        work.run().await?;
        let Output { path, written, .. } = work.file;
        Ok(format!("Exported to {}: {}.", path.display(), written.counts))
    }
}

/// The room that somebody names by its id or its name.
async fn find(store: &dyn Store, named: &str) -> anyhow::Result<RoomId> {
    if let Ok(id) = named.parse() {
        let room = store.room(id).await?.filter(|room| !room.deleted);
        return Ok(room.with_context(|| format!("There is no room with the id {id}"))?.id);
    }
    let mut found: Vec<Room> = Vec::new();
    for ids in all(|after| store.room_ids(after, PAGE)).await?.chunks(PAGE) {
        let rooms = store.rooms(ids).await?;
        found.extend(rooms.into_iter().filter(|room| room.name == named && !room.deleted));
    }
    match found.as_slice() {
        [room] => Ok(room.id),
        [] => bail!("There is no room with the name {named:?}"),
        several => {
            let ids: Vec<_> = several.iter().map(|room| room.id.to_string()).collect();
            bail!("Several rooms have the name {named:?}; say which by its id: {}", ids.join(", "))
        }
    }
}

/// All ids, a page at a time; in their order, whatever the store's is.
async fn all<Id: Copy + Ord, Page: Future<Output = StoreResult<Vec<Id>>>>(
    page: impl Fn(Option<Id>) -> Page,
) -> StoreResult<Vec<Id>> {
    let mut all = Vec::new();
    loop {
        let more = page(all.last().copied()).await?;
        if more.is_empty() {
            break;
        }
        all.extend(more);
    }
    all.sort_unstable();
    Ok(all)
}

/// What stands in the file.
#[derive(Default)]
struct Written {
    head: Option<Head>,
    counts: Counts,
    users: HashSet<UserId>,
    /// The last room, what was last written of it, and whom its messages name.
    room: Option<RoomId>,
    message: Option<MessageId>,
    member: Option<UserId>,
    people: BTreeSet<UserId>,
    ended: bool,
}

impl Written {
    fn note(&mut self, line: &Line) {
        self.counts.add(line);
        match line {
            Line::Starling(head) => self.head = Some(head.clone()),
            Line::User(person) => {
                self.users.insert(person.id);
            }
            Line::Room(room) => {
                self.room = Some(room.id);
                (self.message, self.member) = (None, None);
                self.people = BTreeSet::from([room.created_by]);
            }
            Line::Message(message) => {
                self.message = Some(message.id);
                self.people.extend(message.people());
            }
            Line::Member(member) => self.member = Some(member.user_id),
            Line::End(_) => self.ended = true,
        }
    }
}

/// The file, and what stands in it.
struct Output {
    path: PathBuf,
    file: BufWriter<File>,
    written: Written,
}

impl Output {
    /// Opens the file, making it where it is missing, and goes to the end of its last whole line.
    fn open(path: PathBuf, head: &Head) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("{shown} can't be written"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("Another export is writing to {shown}"),
            Err(TryLockError::Error(error)) => {
                return Err(error).context(format!("{shown} can't be locked"));
            }
        }
        let mode = file.metadata()?.permissions().mode() & 0o777;
        ensure!(
            mode & 0o077 == 0,
            "{shown} can be read by others (mode {mode:o}). Make it yours alone: chmod 600"
        );
        let mut written = Written::default();
        let whole = replay(&file, &path, head, &mut written)?;
        ensure!(!written.ended, "{shown} holds a whole export already; nothing was changed");
        let same = |begun: &Head| {
            (begun.format, begun.room, begun.passwords) == (head.format, head.room, head.passwords)
        };
        ensure!(
            written.head.as_ref().is_none_or(same),
            "{shown} was begun with other flags; end it with those, or choose another file"
        );
        file.set_len(whole)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.seek(SeekFrom::Start(whole))?;
        let mut output = Self { path, file, written };
        if output.written.head.is_none() {
            output.put(&Line::Starling(head.clone()))?;
        }
        Ok(output)
    }

    fn put(&mut self, line: &Line) -> anyhow::Result<()> {
        let failed = || format!("{} can't be written", self.path.display());
        self.file.write_all(&line.bytes()?).with_context(failed)?;
        self.written.note(line);
        Ok(())
    }

    /// Makes all of it durable.
    fn finish(&mut self) -> anyhow::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }
}

/// Reads what an export wrote before; how long its whole lines are. Refuses any other file.
fn replay(file: &File, path: &Path, head: &Head, written: &mut Written) -> anyhow::Result<u64> {
    let shown = path.display();
    let (mut reader, mut bytes) = (BufReader::with_capacity(1 << 20, file), Vec::new());
    let (mut whole, mut number) = (0, 0_u64);
    loop {
        bytes.clear();
        let length = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut bytes)? as u64;
        number += 1;
        ensure!(
            length < LONGEST_LINE,
            "{shown} is there already, and is no export; nothing was changed"
        );
        let Some(line) = bytes.strip_suffix(b"\n") else {
            // Half a line, or none. Nothing but the beginning of ours is ever cut off.
            let ours = number > 1 || Line::Starling(head.clone()).bytes()?.starts_with(&bytes);
            ensure!(ours, "{shown} is there already, and is no export; nothing was changed");
            return Ok(whole);
        };
        let parsed = Line::parse(line);
        let is_head = matches!(parsed, Ok(Line::Starling(_)));
        ensure!(
            is_head || number > 1,
            "{shown} is there already, and is no export; nothing was changed"
        );
        match parsed {
            Ok(line) => written.note(&line),
            Err(wrong) => bail!("{shown}, line {number}: {wrong} Begin again, with another file"),
        }
        whole += length;
    }
}

/// An export on its way.
struct Work<'a> {
    store: &'a dyn Store,
    head: Head,
    file: Output,
    /// Accounts that were read and are not written yet; and who turned out to have none.
    accounts: HashMap<UserId, Account>,
    nobody: HashSet<UserId>,
}

impl Work<'_> {
    async fn run(&mut self) -> anyhow::Result<()> {
        let rooms = match self.head.room {
            Some(room) => vec![room],
            None => all(|after| self.store.room_ids(after, PAGE)).await?,
        };
        if let Some(room) = self.file.written.room {
            ensure!(
                rooms.contains(&room),
                "{} is of another installation: the conversation {room} is not in this one",
                self.file.path.display()
            );
        }
        let mut progress = Progress::new("Exporting", rooms.len() as u64, "conversations");
        for (done, room) in rooms.into_iter().enumerate() {
            if self.file.written.room.is_none_or(|last| room >= last) {
                self.room(room, done as u64, &mut progress).await?;
            }
            progress.reach(done as u64 + 1, self.lines());
        }
        if self.head.room.is_none() {
            let users = all(|after| self.store.user_ids(after, PAGE)).await?;
            for page in users.chunks(PAGE) {
                self.read(page.iter().copied()).await?;
                for user in page {
                    self.introduce(*user)?;
                }
            }
        }
        let counts = self.file.written.counts;
        self.file.put(&Line::End(counts))?;
        self.file.finish()
    }

    fn lines(&self) -> u64 {
        let Counts { users, rooms, messages, members } = self.file.written.counts;
        users + rooms + messages + members
    }

    /// What is not written yet of a conversation.
    async fn room(&mut self, id: RoomId, at: u64, progress: &mut Progress) -> anyhow::Result<()> {
        let room = self.store.room(id).await?.context("A room went while it was exported")?;
        let deleted = room.deleted;
        if self.file.written.room != Some(id) {
            self.name([room.created_by]).await?;
            self.file.put(&Line::Room(room))?;
        }
        // Nothing in a deleted room can be read any more.
        if !deleted && self.file.written.member.is_none() {
            while self.messages(id).await? {
                progress.reach(at, self.lines());
            }
        }
        let members = self.members(id).await?;
        for page in members.chunks(PAGE) {
            self.read(page.iter().map(|member| member.user_id)).await?;
            for member in page {
                self.introduce(member.user_id)?;
                self.file.put(&Line::Member(member.clone()))?;
            }
        }
        Ok(())
    }

    /// The next messages of a room; whether there were any.
    async fn messages(&mut self, room: RoomId) -> anyhow::Result<bool> {
        let after = Range::After(self.file.written.message.unwrap_or(MessageId::NIL));
        let page = self.store.history(room, after, PAGE).await?;
        let reacted = page.iter().filter(|message| !message.deleted);
        let reacted = reacted.filter(|message| message.reactions_version.is_some());
        let ids: Vec<_> = reacted.map(|message| message.id).collect();
        let reactions = self.store.reactions_to(room, &ids).await?;
        let mut reactions: HashMap<_, _> = reactions.into_iter().collect();
        let texts = page.into_iter().map(|message| {
            let reactions = reactions.remove(&message.id).unwrap_or_default();
            MessageLine::of(room, message, reactions)
        });
        let texts: Vec<_> = texts.collect();
        self.read(texts.iter().flat_map(MessageLine::people)).await?;
        let any = !texts.is_empty();
        for text in texts {
            for user in text.people() {
                self.introduce(user)?;
            }
            self.file.put(&Line::Message(text))?;
        }
        Ok(any)
    }

    /// Who is in the room, and who of those whom its messages name once was, by their ids; those
    /// after whom was written last.
    async fn members(&self, room: RoomId) -> anyhow::Result<Vec<Member>> {
        let mut members = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.store.members(room, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.user_id);
            members.extend(page.into_iter().map(|member| (member.user_id, member)));
        }
        let written = &self.file.written;
        let others: Vec<_> =
            written.people.iter().filter(|user| !members.contains_key(*user)).copied().collect();
        let looks = others.into_iter().map(|user| self.store.member(room, user));
        let mut found = stream::iter(looks).buffered(CONCURRENT);
        while let Some(member) = found.try_next().await? {
            members.extend(member.map(|member| (member.user_id, member)));
        }
        let rest = members.into_values();
        Ok(rest.filter(|member| written.member.is_none_or(|last| member.user_id > last)).collect())
    }

    /// Writes who these people are.
    async fn name(&mut self, users: impl IntoIterator<Item = UserId>) -> anyhow::Result<()> {
        let users: Vec<_> = users.into_iter().collect();
        self.read(users.iter().copied()).await?;
        users.into_iter().try_for_each(|user| self.introduce(user))
    }

    /// Reads the accounts of those who are not written yet.
    async fn read(&mut self, users: impl Iterator<Item = UserId>) -> anyhow::Result<()> {
        let is_known =
            |user: &UserId| self.file.written.users.contains(user) || self.nobody.contains(user);
        let unknown: BTreeSet<_> = users.filter(|user| !is_known(user)).collect();
        let reads = unknown
            .into_iter()
            .map(async |user| Ok::<_, StoreError>((user, self.store.account(user).await?)));
        let found: Vec<_> = stream::iter(reads).buffered(CONCURRENT).try_collect().await?;
        for (user, account) in found {
            match account {
                Some(account) => drop(self.accounts.insert(user, account)),
                None => drop(self.nobody.insert(user)),
            }
        }
        Ok(())
    }

    /// Writes who somebody is, where the file does not say it yet.
    fn introduce(&mut self, user: UserId) -> anyhow::Result<()> {
        let Some(account) = self.accounts.remove(&user) else { return Ok(()) };
        let person = Person::of(account, self.head.passwords);
        self.file.put(&Line::User(person))
    }
}
