//! What nodes say over HTTP of who has read what, against what was acknowledged: the lists of
//! members, unread counts, and who has seen a message. For a sample of rooms, at every node.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::check::{Content, Id, Marks, Room, Violation, uuid_text};
use crate::http::Request;
use crate::requests::{Questions, ask_all};
use crate::wire::{Member, Members, uuid};
use crate::world::World;

/// Rooms and clients that are looked at, at each node.
const SAMPLE: usize = 40;
const PARALLEL: usize = 4;
/// `unread` is counted up to this.
const UNREAD: usize = 100;
/// A node reads some things from what it remembers for some seconds: so often it is asked again,
/// and so long is waited before.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);
const REACHABLE: Duration = Duration::from_secs(2);

/// What came out: what is wrong, and how many nodes could not be asked.
#[derive(Debug, Default)]
pub struct Listing {
    pub violations: Vec<Violation>,
    pub not_asked: usize,
    /// Why a node's answers could not be had.
    pub failed: Option<String>,
}

pub fn check(servers: &[SocketAddr], world: &World, rooms: &[Room]) -> Listing {
    let mut listing = Listing::default();
    for (number, server) in servers.iter().enumerate() {
        if TcpStream::connect_timeout(server, REACHABLE).is_err() {
            listing.not_asked += 1;
            continue;
        }
        let mut wrong = Vec::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            match at(*server, number as u32, world, rooms) {
                Ok(now) => wrong = now,
                Err(error) => listing.failed = Some(format!("{server}: {error:#}")),
            }
            if wrong.is_empty() {
                break;
            }
        }
        listing.violations.extend(wrong);
    }
    listing
}

fn at(server: SocketAddr, number: u32, world: &World, rooms: &[Room]) -> Result<Vec<Violation>> {
    let step = |count: usize| count.div_ceil(SAMPLE).max(1);
    let mut asks = Vec::new();
    for room in (0..rooms.len()).step_by(step(rooms.len())) {
        asks.push(Ask::Members { room, after: None });
        // One that some have read and some have not.
        let sent = &rooms[room].sent;
        let alive = sent.iter().filter(|sent| matches!(sent.content, Some(Content::Text(_))));
        let alive: Vec<Id> = alive.filter_map(|sent| sent.acknowledged).collect();
        if let Some(&id) = alive.get(alive.len().saturating_sub(alive.len() / 8 + 1)) {
            asks.push(Ask::Seen { room, id });
        }
    }
    let clients = (0..world.users.len()).step_by(step(world.users.len()));
    asks.extend(clients.map(|client| Ask::Unread { client }));
    let mut answers = Answers { server: number, world, rooms, asks, more: vec![], wrong: vec![] };
    while !answers.asks.is_empty() {
        ask_all(&[server], PARALLEL, &mut answers)?;
        answers.asks = std::mem::take(&mut answers.more);
    }
    Ok(answers.wrong)
}

enum Ask {
    Members { room: usize, after: Option<String> },
    Seen { room: usize, id: Id },
    Unread { client: usize },
}

struct Answers<'a> {
    server: u32,
    world: &'a World,
    rooms: &'a [Room],
    asks: Vec<Ask>,
    /// Further pages.
    more: Vec<Ask>,
    wrong: Vec<Violation>,
}

#[derive(Deserialize)]
struct SeenBy {
    read: Vec<String>,
    delivered: Vec<String>,
}

#[derive(Deserialize)]
struct Conversations {
    conversations: Vec<Conversation>,
}

#[derive(Deserialize)]
struct Conversation {
    member: Member,
    unread: u32,
}

impl Questions for Answers<'_> {
    fn count(&self) -> usize {
        self.asks.len()
    }

    fn request(&mut self, index: usize) -> Request {
        // Any member may ask.
        let token = |room: usize| {
            let member = self.world.plan.members(room).next().unwrap_or_default();
            &self.world.users[member].access_token
        };
        let room_path = |room: usize| format!("/api/v1/rooms/{}", self.world.rooms[room]);
        match &self.asks[index] {
            Ask::Members { room, after } => {
                let after = after.as_ref().map(|after| format!("?after={after}"));
                let path = format!("{}/members{}", room_path(*room), after.unwrap_or_default());
                Request::get(path, token(*room))
            }
            Ask::Seen { room, id } => {
                let path = format!("{}/messages/{}/seen", room_path(*room), uuid_text(*id));
                Request::get(path, token(*room))
            }
            Ask::Unread { client } => {
                Request::get("/api/v1/rooms", &self.world.users[*client].access_token)
            }
        }
    }

    fn answer(&mut self, index: usize, status: u16, body: &[u8]) -> Result<()> {
        if status != 200 {
            bail!("a list was answered with {status}: {}", String::from_utf8_lossy(body));
        }
        match self.asks[index] {
            Ask::Members { room, .. } => {
                let page: Members = serde_json::from_slice(body).context("no list of members")?;
                let members = page.members.into_iter().map(|entry| entry.member);
                let told: Vec<(u32, Marks)> = members
                    .filter_map(|member| Some((self.user(&member)?, marks(&member))))
                    .collect();
                self.wrong.extend(listed(&self.rooms[room], self.server, &told));
                if page.next.is_some() {
                    self.more.push(Ask::Members { room, after: page.next });
                }
            }
            Ask::Seen { room, id } => {
                let told: SeenBy = serde_json::from_slice(body).context("not who has seen it")?;
                let users = |ids: Vec<String>| {
                    let position = |id: &String| {
                        let found = self.world.users.iter().position(|user| user.id == *id);
                        found.map(|user| user as u32)
                    };
                    ids.iter().filter_map(position).collect()
                };
                let told = [users(told.read), users(told.delivered)];
                self.wrong.extend(seen(&self.rooms[room], self.server, id, &told));
            }
            Ask::Unread { client } => {
                let told: Conversations =
                    serde_json::from_slice(body).context("no list of conversations")?;
                for one in told.conversations {
                    let room = self.world.rooms.iter().position(|id| *id == one.member.room_id);
                    let Some(room) = room.and_then(|room| self.rooms.get(room)) else { continue };
                    self.wrong.extend(unread(room, self.server, client as u32, one.unread));
                }
            }
        }
        Ok(())
    }
}

impl Answers<'_> {
    fn user(&self, member: &Member) -> Option<u32> {
        self.world.users.iter().position(|user| user.id == member.user_id).map(|user| user as u32)
    }
}

fn marks(member: &Member) -> Marks {
    let id = |text: &Option<String>| text.as_ref().and_then(|id| uuid(id.as_bytes()));
    Marks {
        delivered: id(&member.delivered).unwrap_or_default(),
        read: id(&member.read).unwrap_or_default(),
    }
}

fn acknowledged(room: &Room, member: u32) -> Option<Marks> {
    room.marked.iter().find(|marked| marked.member == member)?.acknowledged
}

fn listed(room: &Room, server: u32, told: &[(u32, Marks)]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for &(member, told) in told {
        let Some(right) = acknowledged(room, member) else { continue };
        for (acknowledged, told) in [(right.read, told.read), (right.delivered, told.delivered)] {
            if acknowledged != 0 && acknowledged != told {
                wrong.push(Violation::WrongListed { server, member, acknowledged, told });
            }
        }
    }
    wrong
}

/// `told`: who has read it, and whom it has reached.
fn seen(room: &Room, server: u32, id: Id, told: &[BTreeSet<u32>; 2]) -> Vec<Violation> {
    let author = room.sent.iter().find(|sent| sent.acknowledged == Some(id));
    let Some(author) = author.map(|sent| sent.author) else { return Vec::new() };
    let mut right = [BTreeSet::new(), BTreeSet::new()];
    let mut wrong = Vec::new();
    for marked in &room.marked {
        let Some(marks) = marked.acknowledged else { return wrong };
        for (right, mark) in right.iter_mut().zip([marks.read, marks.delivered]) {
            if mark >= id && marked.member != author {
                right.insert(marked.member);
            }
        }
    }
    for (right, told) in right.iter().zip(told) {
        if right != told {
            let (expected, told) = (right.len() as u32, told.len() as u32);
            wrong.push(Violation::WrongSeen { server, id, expected, told });
        }
    }
    wrong
}

/// Messages of others behind the read mark of this run; without one, older messages count as well.
fn unread(room: &Room, server: u32, client: u32, told: u32) -> Option<Violation> {
    let read = acknowledged(room, client)?.read;
    let others = room.sent.iter().filter(|sent| sent.author != client);
    let behind: Vec<_> = others.filter(|sent| sent.acknowledged > Some(read)).collect();
    if read == 0 || behind.iter().any(|sent| sent.content.is_none()) {
        return None;
    }
    let alive = behind.iter().filter(|sent| sent.content != Some(Content::Deleted)).count();
    let expected = alive.min(UNREAD) as u32;
    (expected != told).then_some(Violation::WrongUnread { server, client, expected, told })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Marked, Sent};

    /// Member 0 wrote messages 10, 20 and 30, the last is deleted; 1 has read the first.
    fn room() -> Room {
        let sent = |nonce: u64, content| Sent {
            author: 0,
            nonce,
            text: nonce,
            acknowledged: Some(u128::from(nonce) * 10),
            after: 0,
            content: Some(content),
            reactions: None,
        };
        let marked = |member, delivered, read| Marked {
            member,
            acknowledged: Some(Marks { delivered, read }),
            states: Vec::new(),
            views: Vec::new(),
        };
        Room {
            sent: vec![
                sent(1, Content::Text(1)),
                sent(2, Content::Text(2)),
                sent(3, Content::Deleted),
            ],
            marked: vec![marked(0, 30, 30), marked(1, 20, 10)],
            ..Room::default()
        }
    }

    #[test]
    fn the_right_lists_pass() {
        let marks = |delivered, read| Marks { delivered, read };
        assert_eq!(listed(&room(), 0, &[(0, marks(30, 30)), (1, marks(20, 10))]), []);
        assert_eq!(seen(&room(), 0, 10, &[[1].into(), [1].into()]), []);
        assert_eq!(seen(&room(), 0, 20, &[[].into(), [1].into()]), []);
        assert_eq!(unread(&room(), 0, 1, 1), None);
        assert_eq!(unread(&room(), 0, 0, 0), None);
    }

    #[test]
    fn a_lowered_mark_a_wrong_count_and_a_missing_reader_are_found() {
        let lowered = listed(&room(), 2, &[(1, Marks { delivered: 20, read: 0 })]);
        let expected = Violation::WrongListed { server: 2, member: 1, acknowledged: 10, told: 0 };
        assert_eq!(lowered, [expected]);
        let expected = Violation::WrongUnread { server: 0, client: 1, expected: 1, told: 2 };
        assert_eq!(unread(&room(), 0, 1, 2), Some(expected));
        let expected = Violation::WrongSeen { server: 0, id: 10, expected: 1, told: 0 };
        assert_eq!(seen(&room(), 0, 10, &[[].into(), [1].into()]), [expected]);
    }
}
