//! What the instrument itself costs: a thread of this process plays the server and writes made-up
//! frames over loopback as fast as they are read. Only the swarm's thread is measured.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use anyhow::{Context, Result, bail};

use crate::clock;
use crate::crew::{Crew, Hiring};
use crate::frame;
use crate::http::ACCEPT;
use crate::options;
use crate::report::Report;
use crate::traffic::{Pace, Step, Style};
use crate::world::{Plan, User, World};

/// Frames that lie ready for a socket at once: a server that is not busy writes one, a busy one
/// joins what is waiting.
const BATCHES: [usize; 4] = [1, 4, 16, 64];

pub fn self_test(options: &options::SelfTest) -> Result<bool> {
    let plan = Plan { users: options.users, rooms_of: options.rooms_of, rooms_per_user: 1 };
    super::allow_sockets(2 * options.users)?;
    let named = |number: usize| format!("{number:08x}-0000-7000-8000-000000000000");
    let user = |number: usize| User { access_token: number.to_string(), ..User::default() };
    let world = Arc::new(World {
        plan,
        users: (0..options.users).map(user).collect(),
        rooms: (0..plan.rooms()).map(named).collect(),
    });
    let mut report = Report::default();
    report.add("connections", options.users);
    let mut whole = true;
    for batch in BATCHES {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let servers = [listener.local_addr()?];
        let (start, starts) = channel();
        let (text_bytes, players) = (options.text_bytes, Arc::clone(&world));
        let server = std::thread::spawn(move || {
            Player::welcome(&listener, players, text_bytes)?.play(&starts, batch)
        });
        let style = Style { senders: Vec::new(), text_bytes, receive_buffer: None, run: 0 };
        let hiring = Hiring { servers: &servers, threads: 1, in_flight: 64, style };
        let crew = Crew::hire(&world, &hiring);
        crew.gather()?;
        let from = crate::crew::soon();
        let until = from + clock::seconds(options.seconds);
        let give_up = until + clock::seconds(5.0);
        let pace = Pace::Closed { window: 0 };
        let step = Step { pace, from, measure_from: from, until, give_up };
        crew.begin(step);
        start.send((from, until))?;
        let numbers = crew.finish(step, |_| false)?;
        let Ok(written) = server.join() else { bail!("the server's thread has panicked") };
        crew.dismiss()?;
        whole &= written? == numbers.all_deliveries && numbers.foreign + numbers.duplicates == 0;
        let each = numbers.cpu as f64 / numbers.all_deliveries as f64;
        let name = |what: &str| format!("{what}_in_batches_of_{batch}");
        report.number(&name("swarm_cpu_ns_per_delivery"), each);
        report.number(&name("deliveries_per_s_of_one_core"), 1e9 / each);
    }
    report.add("all_arrived", whole);
    report.print("self-test", options.json);
    Ok(whole)
}

/// The server's side.
struct Player {
    world: Arc<World>,
    text_bytes: usize,
    /// By user.
    sockets: Vec<TcpStream>,
}

impl Player {
    fn welcome(listener: &TcpListener, world: Arc<World>, text_bytes: usize) -> Result<Self> {
        let mut sockets = Vec::new();
        sockets.resize_with(world.users.len(), || None);
        for _ in 0..world.users.len() {
            let (mut socket, _) = listener.accept()?;
            socket.set_nodelay(true)?;
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer)?;
            write!(
                socket,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: starling.v1\r\n\r\n"
            )?;
            let length = socket.read(&mut buffer)?;
            let mut welcome = Vec::new();
            for text in [r#"{"type":"ok","id":1}"#, r#"{"type":"caught_up","cursor":"c"}"#] {
                frame::encode_as_server(&mut welcome, frame::TEXT, text.as_bytes());
            }
            socket.write_all(&welcome)?;
            let user = token(&mut buffer[..length]).context("a hello that is none")?;
            sockets[user] = Some(socket);
        }
        let sockets: Option<Vec<_>> = sockets.into_iter().collect();
        Ok(Self { world, text_bytes, sockets: sockets.context("somebody came twice")? })
    }

    /// Writes to all rooms in turn until the time is over; returns how much was delivered.
    fn play(mut self, starts: &Receiver<(u64, u64)>, batch: usize) -> Result<u64> {
        let (from, until) = starts.recv()?;
        clock::sleep_until(from);
        let plan = self.world.plan;
        let (mut row, mut written) = (0, 0);
        let mut frames = Vec::new();
        while clock::now() < until {
            for room in 0..plan.rooms() {
                frames.clear();
                for row in row..row + batch {
                    frame::encode_as_server(&mut frames, frame::TEXT, &self.message(room, row));
                }
                for user in plan.members(room) {
                    self.sockets[user].write_all(&frames)?;
                    written += batch as u64;
                }
            }
            row += batch;
        }
        Ok(written)
    }

    fn message(&self, room: usize, row: usize) -> Vec<u8> {
        let sender = room * self.world.plan.rooms_of;
        let text = format!("t{}s{sender}n{row}", clock::now());
        let id = format!("{row:08x}-0000-7000-8000-000000000000");
        let room = &self.world.rooms[room];
        format!(
            r#"{{"type":"message","room_id":"{room}","message":{{"id":"{id}","author_id":"{room}","kind":"text","text":"{text:.<width$}","nonce":"00000000-{sender}-{row}","sent_at":1790000000000,"version":"{id}"}}}}"#,
            width = self.text_bytes,
        )
        .into_bytes()
    }
}

/// The token of a masked `hello`, which here is the user's number.
fn token(hello: &mut [u8]) -> Option<usize> {
    let header = if hello.get(1)? & 0x7f == 126 { 4 } else { 2 };
    let (head, payload) = hello.split_at_mut_checked(header + 4)?;
    frame::mask(payload, *head[header..].first_chunk()?);
    let text = std::str::from_utf8(payload).ok()?;
    text.split_once(r#""token":""#)?.1.split_once('"')?.0.parse().ok()
}
