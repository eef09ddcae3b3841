//! Out of a file, into a store.
//!
//! The file is read twice: first to see that all of it can be taken, then to write it. Whatever is
//! there already is left as it is, so that an import that ended somewhere is simply run again.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use futures_util::future::try_join_all;

use super::CONCURRENT;
use super::line::{Counts, FORMAT, LONGEST_LINE, Line, Person};
use super::progress::Progress;
use crate::domain::clock::HybridClock;
use crate::protocol::{Event, Member, Membership, Room, RoomId, Topic, UserId};
use crate::store::{MovedMessage, NONCES_KEPT_MS, Store, StoreError, StoreResult, Unpublished};

/// What is written in one go: lines, and their bytes in the file.
const LINES: usize = 500;
const BYTES: u64 = 4 * 1024 * 1024;

/// Wrong lines that are shown.
const SHOWN: usize = 20;

/// A call that the store could not carry out is tried again, after a pause that doubles.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Takes in what an export wrote. What was in it, as a sentence.
pub async fn import(store: &dyn Store, from: &Path) -> anyhow::Result<String> {
    check(store, from).await?;
    let counts = write(store, from).await?;
    Ok(format!("Imported from {}: {counts}.", from.display()))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// The lines of a file, with their numbers.
struct Lines {
    reader: BufReader<File>,
    bytes: Vec<u8>,
    number: u64,
    /// What was read so far, and how much there is.
    read: u64,
    total: u64,
}

impl Lines {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let open = || {
            let file = File::open(path)?;
            let total = file.metadata()?.len();
            Ok::<_, std::io::Error>((file, total))
        };
        let (file, total) = open().with_context(|| format!("{} can't be read", path.display()))?;
        let reader = BufReader::with_capacity(1 << 20, file);
        Ok(Self { reader, bytes: Vec::new(), number: 0, read: 0, total })
    }

    /// The next line, or what is wrong with it.
    fn next(&mut self) -> anyhow::Result<Option<Result<Line, String>>> {
        self.bytes.clear();
        let length =
            (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut self.bytes)? as u64;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.read += length;
        ensure!(length < LONGEST_LINE, "Line {} is too long for an export", self.number);
        Ok(Some(match self.bytes.strip_suffix(b"\n") {
            Some(line) => Line::parse(line),
            None => Err("It is cut off.".to_owned()),
        }))
    }
}

/// What is wrong with a file.
#[derive(Default)]
struct Wrong {
    count: u64,
    shown: Vec<String>,
}

impl Wrong {
    fn note(&mut self, line: u64, sentence: &str) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(format!("line {line}: {sentence}"));
        }
    }
}

/// Reads the whole file, and refuses it where any of it can't be taken.
async fn check(store: &dyn Store, from: &Path) -> anyhow::Result<()> {
    let shown = from.display();
    let mut lines = Lines::open(from)?;
    let mut progress = Progress::new("Checking", lines.total, "bytes");
    let (mut wrong, now) = (Wrong::default(), now_ms());
    let (mut counts, mut rooms, mut end) = (Counts::default(), HashSet::new(), None);
    let mut people: Vec<(u64, Person)> = Vec::new();
    while let Some(line) = lines.next()? {
        let number = lines.number;
        if number == 1 {
            match &line {
                Ok(Line::Starling(head)) if head.format == FORMAT => continue,
                Ok(Line::Starling(head)) => bail!(
                    "{shown} has the format {}; this program knows {FORMAT}: use the newer one",
                    head.format
                ),
                _ => bail!("{shown} is not an export of Starling's"),
            }
        }
        if let Ok(Line::Room(room)) = &line {
            rooms.insert(room.id);
        }
        let checked = line.and_then(|line| line.check(now).map(|()| line));
        match checked {
            Err(sentence) => wrong.note(number, &sentence),
            Ok(_) if end.is_some() => wrong.note(number, "It comes after the end."),
            Ok(Line::Starling(_)) => wrong.note(number, "It begins another export."),
            Ok(Line::End(counted)) => end = Some(counted),
            Ok(line) => {
                counts.add(&line);
                if room_of(&line).is_some_and(|room| !rooms.contains(&room)) {
                    wrong.note(number, "Its room does not stand above it.");
                }
                if let Line::User(person) = line {
                    people.push((number, person));
                }
            }
        }
        if people.len() >= CONCURRENT {
            check_names(store, &mut people, &mut wrong).await?;
        }
        if number.is_multiple_of(1_000) {
            progress.reach(lines.read, number);
        }
    }
    check_names(store, &mut people, &mut wrong).await?;
    drop(progress);
    for sentence in &wrong.shown {
        eprintln!("starling: {shown}, {sentence}");
    }
    match wrong.count {
        0 => {}
        1 => bail!("{shown} has a line that can't be taken; nothing was imported"),
        count => bail!("{shown} has {count} lines that can't be taken; nothing was imported"),
    }
    match end {
        None => bail!(
            "{shown} is not whole: its last line is missing. Run the export again, to the same file; \
             it goes on where it ended. Nothing was imported"
        ),
        Some(end) => {
            ensure!(end == counts, "{shown} lacks lines: it should hold {end}, and has {counts}");
        }
    }
    Ok(())
}

/// The room that a line goes into.
fn room_of(line: &Line) -> Option<RoomId> {
    match line {
        Line::Message(message) => Some(message.room_id),
        Line::Member(member) => Some(member.room_id),
        _ => None,
    }
}

/// Finds usernames and addresses that somebody else has on this server.
async fn check_names(
    store: &dyn Store,
    people: &mut Vec<(u64, Person)>,
    wrong: &mut Wrong,
) -> anyhow::Result<()> {
    let look = async |(number, person): (u64, Person)| {
        if store.account(person.id).await?.is_some() {
            return Ok::<_, StoreError>(None);
        }
        let name = &person.username;
        if store.user_by_username(name).await?.is_some() {
            return Ok(Some((number, taken("username", name))));
        }
        let address = store.account_by_login(&person.email).await?;
        Ok(address.map(|_| (number, taken("e-mail address", &person.email))))
    };
    for (number, sentence) in try_join_all(people.drain(..).map(look)).await?.into_iter().flatten()
    {
        wrong.note(number, &sentence);
    }
    Ok(())
}

fn taken(what: &str, name: &str) -> String {
    format!(
        "The {what} {name} belongs to somebody else on this server. Change it in the file, or there."
    )
}

/// Writes the whole file.
async fn write(store: &dyn Store, from: &Path) -> anyhow::Result<Counts> {
    let mut lines = Lines::open(from)?;
    let mut progress = Progress::new("Importing", lines.total, "bytes");
    let clock = HybridClock::after(store.newest_event().await?);
    let now = now_ms();
    let mut work = Work {
        store,
        clock,
        nonces_from: now.saturating_sub(NONCES_KEPT_MS),
        people: Vec::new(),
        room: None,
        messages: Vec::new(),
        members: Vec::new(),
        bytes: 0,
        connected: HashMap::new(),
    };
    let mut counts = Counts::default();
    while let Some(line) = lines.next()? {
        let at = lines.number;
        let line = line.and_then(|line| line.check(now).map(|()| line));
        let line = line.map_err(|wrong| anyhow::anyhow!("line {at}: {wrong}"))?;
        counts.add(&line);
        let before = lines.read - lines.bytes.len() as u64;
        let done = work.take(line, at, lines.bytes.len() as u64).await;
        if done.with_context(|| ended(from, at))? {
            progress.reach(before, at);
        }
    }
    work.flush().await.with_context(|| ended(from, lines.number))?;
    // So that ids go on above what came in.
    insist(|| store.check()).await?;
    Ok(counts)
}

fn ended(from: &Path, at: u64) -> String {
    format!(
        "It ended at line {at} of {}. Run it again when that is mended: it completes what is missing",
        from.display()
    )
}

/// Tries a call again that the store could not carry out. All that is called here may be repeated.
async fn insist<T, F: Future<Output = StoreResult<T>>>(
    mut call: impl FnMut() -> F,
) -> StoreResult<T> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match call().await {
            Err(StoreError::Unavailable(reason)) => {
                tracing::warn!(reason, "the store is asked again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            other => return other,
        }
    }
    call().await
}

/// What was read and is not written yet.
struct Work<'a> {
    store: &'a dyn Store,
    clock: HybridClock,
    nonces_from: u64,
    people: Vec<(u64, Person)>,
    /// The room that the messages and members belong to, as it is in the store.
    room: Option<Room>,
    messages: Vec<MovedMessage>,
    members: Vec<Member>,
    bytes: u64,
    /// Who has a session, and so may be connected.
    connected: HashMap<UserId, bool>,
}

impl Work<'_> {
    /// Takes a line; whether it was the one with which all that waited was written.
    async fn take(&mut self, line: Line, number: u64, bytes: u64) -> anyhow::Result<bool> {
        let room = room_of(&line);
        // A file that was put together by hand may go back to a room.
        let elsewhere = room.is_some_and(|room| self.room_id() != Some(room));
        if elsewhere {
            self.flush().await?;
            self.room = match room {
                Some(room) => self.store.room(room).await?,
                None => None,
            };
        }
        self.bytes += bytes;
        match line {
            Line::Starling(_) | Line::End(_) => {}
            Line::User(person) => self.people.push((number, person)),
            Line::Room(room) => {
                self.flush().await?;
                self.room = Some(self.put_room(room).await?);
            }
            Line::Message(message) => self.messages.push(message.moved(self.nonces_from)),
            Line::Member(member) => self.members.push(member),
        }
        let waiting = self.people.len() + self.messages.len() + self.members.len();
        let full = waiting >= LINES || self.bytes >= BYTES;
        if full {
            self.flush().await?;
        }
        Ok(full)
    }

    fn room_id(&self) -> Option<RoomId> {
        self.room.as_ref().map(|room| room.id)
    }

    /// The room, as the newer of the two is.
    async fn put_room(&self, room: Room) -> anyhow::Result<Room> {
        let (there, _) = insist(|| self.store.create_room(room.clone(), Vec::new())).await?;
        if there.version >= room.version {
            return Ok(there);
        }
        insist(|| self.store.update_room(room.clone())).await?;
        Ok(room)
    }

    /// Writes all that waits. Members come last: nobody sees a room before its messages are there.
    async fn flush(&mut self) -> anyhow::Result<()> {
        self.bytes = 0;
        let people = std::mem::take(&mut self.people);
        for some in people.chunks(CONCURRENT) {
            try_join_all(some.iter().map(|(number, person)| self.put_person(*number, person)))
                .await?;
        }
        let (messages, members) =
            (std::mem::take(&mut self.messages), std::mem::take(&mut self.members));
        let Some(room) = &self.room else { return Ok(()) };
        // What was deleted here stays without its messages.
        if !messages.is_empty() && !room.deleted {
            insist(|| self.store.put_messages(room.id, &messages)).await?;
        }
        if !members.is_empty() {
            insist(|| self.store.put_members(&members)).await?;
            let room = room.clone();
            self.tell(&room, members).await?;
        }
        Ok(())
    }

    async fn put_person(&self, number: u64, person: &Person) -> anyhow::Result<()> {
        let put = insist(|| self.store.put_account(person.clone().account())).await;
        match put {
            // Somebody registered while the file was read.
            Err(StoreError::Taken(_)) => bail!(
                "line {number}: The username {} or its e-mail address belongs to somebody else on \
                 this server. Change it in the file, or there",
                person.username
            ),
            put => Ok(put?),
        }
    }

    /// Has the servers tell those who may be connected that they are in the room. That they were told
    /// before does no harm.
    async fn tell(&mut self, room: &Room, members: Vec<Member>) -> anyhow::Result<()> {
        for Member { user_id: user, .. } in members {
            if !self.is_connected(user).await? {
                continue;
            }
            // They may have left since it was exported.
            let member = insist(|| self.store.member(room.id, user)).await?;
            let member = member.filter(|member| member.state == Membership::Joined);
            let Some(member) = member else { continue };
            let own = Topic::User(user);
            let events = [
                (Topic::Room(room.id), Event::Member { member: member.clone() }),
                (own, Event::Room { room: room.clone() }),
                (own, Event::Member { member }),
            ];
            let left = events.map(|(topic, event)| {
                let id = self.clock.next(now_ms(), rand::random());
                Unpublished { id, topic, event }
            });
            insist(|| self.store.note_unpublished(&left)).await?;
        }
        Ok(())
    }

    async fn is_connected(&mut self, user: UserId) -> StoreResult<bool> {
        if let Some(known) = self.connected.get(&user) {
            return Ok(*known);
        }
        let is = !insist(|| self.store.sessions_of(user)).await?.is_empty();
        self.connected.insert(user, is);
        Ok(is)
    }
}
