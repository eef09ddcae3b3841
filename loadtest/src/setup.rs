//! Accounts, rooms and memberships: made once, kept in a state file, used again by later runs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock;
use crate::http::Request;
use crate::requests::{Questions, ask_all};
use crate::rng::Rng;
use crate::world::{Plan, User, World};

/// Rounds of registrations.
const ROUNDS: usize = 10;
const PASSWORD: &str = "correct horse battery";

#[derive(Default, Serialize, Deserialize)]
struct State {
    worlds: BTreeMap<String, Kept>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Kept {
    users: Vec<User>,
    rooms: Vec<String>,
    /// Users below this number have joined all their rooms.
    joined: usize,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    expires_in_s: u64,
    refresh_token: String,
    user: Id,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct RoomDetails {
    room: Id,
}

/// Where and how to set up.
pub struct Setup<'a> {
    pub servers: &'a [SocketAddr],
    pub state: &'a Path,
    pub parallel: usize,
    /// Tokens that live shorter than this are replaced first, in seconds.
    pub fresh_for: u64,
}

impl Setup<'_> {
    /// Makes what is missing of the world and returns it.
    pub fn world(&self, plan: Plan) -> Result<World> {
        if plan.users == 0 || plan.rooms_of == 0 || plan.rooms_per_user == 0 {
            bail!("users, members of a room and rooms of a user are all at least 1");
        }
        let mut state = match std::fs::read(self.state) {
            Ok(bytes) => serde_json::from_slice(&bytes).context("the state file is damaged")?,
            Err(_) => State::default(),
        };
        let mut kept = state.worlds.remove(&plan.key()).unwrap_or_default();
        if !self.refresh(&mut kept, plan.users)? {
            eprintln!("the server doesn't know the accounts of the state file: making new ones");
            kept = Kept::default();
        }
        let made = self.register(&mut kept, plan);
        self.save(&mut state, plan, &kept)?;
        made?;
        self.rooms(&mut kept, plan)?;
        self.join(&mut kept, plan)?;
        self.save(&mut state, plan, &kept)?;
        kept.users.truncate(plan.users);
        kept.rooms.truncate(plan.rooms());
        let World { users, rooms, .. } = World { plan, users: kept.users, rooms: kept.rooms };
        if let Some(soon) = users.iter().map(|user| user.expires_at).min()
            && soon < clock::unix_seconds() + self.fresh_for
        {
            eprintln!("warning: access tokens expire during the run; let the server's live longer");
        }
        Ok(World { plan, users, rooms })
    }

    fn save(&self, state: &mut State, plan: Plan, kept: &Kept) -> Result<()> {
        state.worlds.insert(plan.key(), kept.clone());
        std::fs::write(self.state, serde_json::to_vec(&state)?)
            .context("can't write the state file")
    }

    /// False when the server does not know these accounts (its data was wiped).
    fn refresh(&self, kept: &mut Kept, users: usize) -> Result<bool> {
        let soon = clock::unix_seconds() + self.fresh_for;
        let stale = |kept: &Kept| -> Vec<usize> {
            let users = kept.users.iter().enumerate().take(users);
            users.filter(|(_, user)| user.expires_at < soon).map(|(index, _)| index).collect()
        };
        if kept.users.is_empty() {
            return Ok(true);
        }
        // One question first: an unexpired token of a server that was wiped is worth nothing.
        let mut probe = Probe { token: kept.users[0].access_token.clone(), known: false };
        ask_all(self.servers, 1, &mut probe)?;
        let mut which = stale(kept);
        if !probe.known {
            which = (0..kept.users.len().min(users)).collect();
        }
        for how in [Login::Refresh, Login::Password] {
            if !which.is_empty() {
                let mut first = Logins { how, kept, which: vec![which[0]], failed: Vec::new() };
                ask_all(self.servers, 1, &mut first)?;
                let lost = !first.failed.is_empty();
                if lost && matches!(how, Login::Password) {
                    return Ok(false);
                }
                let mut rest = Logins { how, kept, which: which.split_off(1), failed: Vec::new() };
                let took = ask_all(self.servers, self.parallel, &mut rest)?;
                let failed = rest.failed;
                eprintln!("{} tokens renewed in {took:.1} s", rest.which.len() + 1 - failed.len());
                which = failed.into_iter().chain(lost.then_some(which[0])).collect();
            }
        }
        Ok(which.is_empty())
    }

    fn register(&self, kept: &mut Kept, plan: Plan) -> Result<()> {
        let have = kept.users.len();
        if have >= plan.users {
            return Ok(());
        }
        // Where an attempt claimed its names and got no further, others are taken.
        for _ in 0..ROUNDS {
            self.register_some(kept, plan)?;
            if kept.users.len() >= plan.users {
                return Ok(());
            }
        }
        anyhow::bail!("{} accounts could not be made", plan.users - kept.users.len())
    }

    /// Registers those that are missing; keeps the first of them that came to be.
    fn register_some(&self, kept: &mut Kept, plan: Plan) -> Result<()> {
        let have = kept.users.len();
        // Names that no earlier run took, whatever became of its state file.
        let seed =
            clock::now() ^ (clock::unix_seconds() << 20) ^ u64::from(std::process::id()) << 40;
        let tag = Rng::new(seed).next();
        let tag = format!("w{:08x}", tag as u32);
        kept.users.resize_with(plan.users, User::default);
        let mut registrations = Registrations { kept, from: have, tag, taken: Vec::new() };
        let mut took = ask_all(self.servers, self.parallel, &mut registrations);
        let which = registrations.taken;
        if took.is_ok() && !which.is_empty() {
            let mut logins = Logins { how: Login::Password, kept, which, failed: Vec::new() };
            took = ask_all(self.servers, self.parallel, &mut logins);
        }
        let count = plan.users - have;
        // What is whole stays, so that the next attempt goes on from there.
        kept.users.retain(|user| !user.id.is_empty());
        let took = took?;
        eprintln!("{count} accounts in {took:.1} s ({:.0}/s)", count as f64 / took);
        Ok(())
    }

    fn rooms(&self, kept: &mut Kept, plan: Plan) -> Result<()> {
        let have = kept.rooms.len();
        if have >= plan.rooms() {
            return Ok(());
        }
        kept.rooms.resize(plan.rooms(), String::new());
        let took = ask_all(self.servers, self.parallel, &mut NewRooms { kept, plan, from: have })?;
        eprintln!("{} rooms in {took:.1} s", plan.rooms() - have);
        Ok(())
    }

    fn join(&self, kept: &mut Kept, plan: Plan) -> Result<()> {
        let joins: Vec<(usize, usize)> = (kept.joined..plan.users)
            .flat_map(|user| plan.rooms_for(user).map(move |room| (user, room)))
            .collect();
        if joins.is_empty() {
            return Ok(());
        }
        let took = ask_all(self.servers, self.parallel, &mut Joins { kept, joins: &joins })?;
        eprintln!("{} joins in {took:.1} s ({:.0}/s)", joins.len(), joins.len() as f64 / took);
        kept.joined = plan.users;
        Ok(())
    }
}

fn refused<T>(what: &str, status: u16, body: &[u8]) -> Result<T> {
    bail!("{what} was answered with {status}: {}", String::from_utf8_lossy(body))
}

struct Probe {
    token: String,
    known: bool,
}

impl Questions for Probe {
    fn count(&self) -> usize {
        1
    }

    fn request(&mut self, _: usize) -> Request {
        Request::get("/api/v1/me", &self.token)
    }

    fn answer(&mut self, _: usize, status: u16, _: &[u8]) -> Result<()> {
        self.known = status == 200;
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Login {
    Refresh,
    Password,
}

struct Logins<'a> {
    how: Login,
    kept: &'a mut Kept,
    which: Vec<usize>,
    failed: Vec<usize>,
}

impl Questions for Logins<'_> {
    fn count(&self) -> usize {
        self.which.len()
    }

    fn request(&mut self, index: usize) -> Request {
        let user = &self.kept.users[self.which[index]];
        let (path, body) = match self.how {
            Login::Refresh => ("refresh", json!({"refresh_token": user.refresh_token})),
            Login::Password => ("login", json!({"login": user.name, "password": PASSWORD})),
        };
        Request::post(format!("/api/v1/auth/{path}"), "", body.to_string())
    }

    fn answer(&mut self, index: usize, status: u16, body: &[u8]) -> Result<()> {
        let user = self.which[index];
        match status {
            200 | 201 => keep_tokens(&mut self.kept.users[user], body),
            _ => {
                self.failed.push(user);
                Ok(())
            }
        }
    }
}

fn keep_tokens(user: &mut User, body: &[u8]) -> Result<()> {
    let tokens: Tokens = serde_json::from_slice(body).context("tokens that are none")?;
    user.id = tokens.user.id;
    user.access_token = tokens.access_token;
    user.refresh_token = tokens.refresh_token;
    user.expires_at = clock::unix_seconds() + tokens.expires_in_s;
    Ok(())
}

struct Registrations<'a> {
    kept: &'a mut Kept,
    from: usize,
    tag: String,
    /// Those whose name is taken: an earlier attempt came through and its answer was lost.
    taken: Vec<usize>,
}

impl Questions for Registrations<'_> {
    fn count(&self) -> usize {
        self.kept.users.len() - self.from
    }

    fn request(&mut self, index: usize) -> Request {
        let name = format!("{}-{}", self.tag, self.from + index);
        let body = json!({
            "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
        });
        self.kept.users[self.from + index].name = name;
        Request::post("/api/v1/auth/register", "", body.to_string())
    }

    fn answer(&mut self, index: usize, status: u16, body: &[u8]) -> Result<()> {
        match status {
            201 => keep_tokens(&mut self.kept.users[self.from + index], body),
            409 => {
                self.taken.push(self.from + index);
                Ok(())
            }
            _ => refused("a registration", status, body),
        }
    }
}

struct NewRooms<'a> {
    kept: &'a mut Kept,
    plan: Plan,
    from: usize,
}

impl Questions for NewRooms<'_> {
    fn count(&self) -> usize {
        self.kept.rooms.len() - self.from
    }

    fn request(&mut self, index: usize) -> Request {
        let room = self.from + index;
        let creator = self.plan.members(room).next().unwrap_or(0);
        let body = json!({"kind": "public", "name": format!("load {room}"), "description": ""});
        Request::post("/api/v1/rooms", &self.kept.users[creator].access_token, body.to_string())
    }

    fn answer(&mut self, index: usize, status: u16, body: &[u8]) -> Result<()> {
        if !matches!(status, 200 | 201) {
            return refused("a new room", status, body);
        }
        let details: RoomDetails = serde_json::from_slice(body).context("a room that is none")?;
        self.kept.rooms[self.from + index] = details.room.id;
        Ok(())
    }
}

struct Joins<'a> {
    kept: &'a Kept,
    joins: &'a [(usize, usize)],
}

impl Questions for Joins<'_> {
    fn count(&self) -> usize {
        self.joins.len()
    }

    fn request(&mut self, index: usize) -> Request {
        let (user, room) = self.joins[index];
        let path = format!("/api/v1/rooms/{}/join", self.kept.rooms[room]);
        Request::post(path, &self.kept.users[user].access_token, "{}".to_owned())
    }

    fn answer(&mut self, _: usize, status: u16, body: &[u8]) -> Result<()> {
        match status {
            200..=299 => Ok(()),
            _ => refused("a join", status, body),
        }
    }
}
