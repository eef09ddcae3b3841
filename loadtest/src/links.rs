//! The engine: thousands of non-blocking connections on one thread, driven by epoll.
//!
//! It knows bytes, HTTP responses and WebSocket frames; what they mean is the [`Handler`]'s. A
//! connection belongs to an *owner*, a small number that the handler chose; an owner has at most
//! one connection at a time. All reads of a thread go through one buffer, and a connection keeps
//! only what is left of a frame that has not wholly arrived.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use anyhow::{Context, Result};
use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use rustix::net::sockopt;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::clock::{self, SECOND};
use crate::frame;
use crate::http::{Request, Response, write_upgrade};
use crate::rng::Rng;

/// Bytes that one read can bring: enough that a busy connection is emptied by one system call.
const BUFFER: usize = 256 << 10;

/// Events handled between two ticks. Small enough that paced sends are not held up for long.
const BATCH: usize = 128;

/// What a connection keeps allocated for cut frames once they are whole again.
const KEPT: usize = 4 << 10;

const TIMER: Token = Token(usize::MAX);

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Closed {
    /// The server ended it without a close frame.
    Ended,
    /// The server's close frame said so.
    Code(u16),
    Failed(ErrorKind),
    /// The upgrade was answered with this status.
    Rejected(u16),
    /// What came was no HTTP or no WebSocket.
    Malformed,
    /// Nothing came for too long.
    Silent,
}

/// When the engine asks again.
pub enum Next {
    /// At this time of the clock at the latest.
    At(u64),
    Stop,
}

/// What is done with what arrives. Calls for one owner come in the order of its bytes.
pub trait Handler {
    /// Called between batches of events, and at the time that it asked for.
    fn tick(&mut self, links: &mut Links, now: u64) -> Next;
    /// The WebSocket is open.
    fn upgraded(&mut self, _links: &mut Links, _owner: usize) {}
    /// A text message; `now` is when its last bytes were read.
    fn text(&mut self, _links: &mut Links, _owner: usize, _now: u64, _payload: &[u8]) {}
    fn response(&mut self, _links: &mut Links, _owner: usize, _status: u16, _body: &[u8]) {}
    /// It is over by the server's doing or by an error; not called for what [`Links::drop_link`] ends.
    fn closed(&mut self, links: &mut Links, owner: usize, why: Closed);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Http,
    Upgrading,
    Socket,
    /// A socket that nothing more is written to.
    HalfClosed,
}

struct Link {
    stream: TcpStream,
    stage: Stage,
    connected: bool,
    paused: bool,
    /// While paused: whether there may be something to read.
    readable: bool,
    /// The beginning of a frame or response that has not wholly arrived.
    partial: Vec<u8>,
    /// The parts so far of a message in several frames.
    fragments: Vec<u8>,
    outgoing: Vec<u8>,
}

/// The connections, as a handler may use them while one of them is being read.
pub struct Links {
    registry: Registry,
    all: Vec<Option<Link>>,
    /// Rises when an owner's connection is replaced or ended.
    epochs: Vec<u32>,
    broken: Vec<(usize, u32, Closed)>,
    resumed: Vec<usize>,
    rng: Rng,
    scratch: Vec<u8>,
    /// The kernel's receive buffer of sockets opened from now on; as the kernel likes where absent,
    /// which may grow to tens of megabytes.
    pub receive_buffer: Option<usize>,
    pub bytes_read: u64,
    pub reads: u64,
}

impl Links {
    /// Begins to connect. An earlier connection of the owner is dropped.
    pub fn open_http(&mut self, owner: usize, server: SocketAddr) {
        self.open(owner, server, Stage::Http);
    }

    pub fn open_socket(&mut self, owner: usize, server: SocketAddr) {
        self.open(owner, server, Stage::Upgrading);
        if let Some(link) = self.all[owner].as_mut() {
            write_upgrade(&mut link.outgoing, &server.to_string());
        }
    }

    fn open(&mut self, owner: usize, server: SocketAddr, stage: Stage) {
        if self.all.len() <= owner {
            self.all.resize_with(owner + 1, || None);
            self.epochs.resize(owner + 1, 0);
        }
        self.drop_link(owner);
        let opened = TcpStream::connect(server).and_then(|mut stream| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.registry.register(&mut stream, Token(owner), interest)?;
            if let Some(bytes) = self.receive_buffer {
                sockopt::set_socket_recv_buffer_size(&stream, bytes)?;
            }
            Ok(stream)
        });
        match opened {
            Ok(stream) => {
                self.all[owner] = Some(Link {
                    stream,
                    stage,
                    connected: false,
                    paused: false,
                    readable: false,
                    partial: Vec::new(),
                    fragments: Vec::new(),
                    outgoing: Vec::new(),
                });
            }
            Err(error) => {
                self.broken.push((owner, self.epochs[owner], Closed::Failed(error.kind())));
            }
        }
    }

    pub fn is_open(&self, owner: usize) -> bool {
        self.all.get(owner).is_some_and(Option::is_some)
    }

    pub fn request(&mut self, owner: usize, request: &Request, host: &str) {
        self.write(owner, |out, _| request.write(out, host));
    }

    pub fn send_text(&mut self, owner: usize, payload: &[u8]) {
        self.write(owner, |out, rng| frame::encode(out, frame::TEXT, payload, rng.key()));
    }

    fn send_frame(&mut self, owner: usize, opcode: u8, payload: &[u8]) {
        self.write(owner, |out, rng| frame::encode(out, opcode, payload, rng.key()));
    }

    /// Writes at once what the socket takes and keeps the rest for when it takes more.
    fn write(&mut self, owner: usize, fill: impl FnOnce(&mut Vec<u8>, &mut Rng)) {
        let Some(Some(link)) = self.all.get_mut(owner) else { return };
        if link.stage == Stage::HalfClosed {
            return;
        }
        if !link.connected || !link.outgoing.is_empty() {
            fill(&mut link.outgoing, &mut self.rng);
            return;
        }
        self.scratch.clear();
        fill(&mut self.scratch, &mut self.rng);
        match write_some(&mut link.stream, &self.scratch) {
            Ok(written) => link.outgoing.extend_from_slice(&self.scratch[written..]),
            Err(error) => {
                self.broken.push((owner, self.epochs[owner], Closed::Failed(error.kind())));
            }
        }
    }

    /// Ends a connection without a word.
    pub fn drop_link(&mut self, owner: usize) {
        if let Some(Some(link)) = self.all.get_mut(owner).map(Option::take).as_mut() {
            self.epochs[owner] = self.epochs[owner].wrapping_add(1);
            let _ = self.registry.deregister(&mut link.stream);
        }
    }

    /// Ends a socket as somebody does who is done with it.
    pub fn close(&mut self, owner: usize) {
        self.send_frame(owner, frame::CLOSE, &1000_u16.to_be_bytes());
        self.drop_link(owner);
    }

    /// Ends a connection with a TCP reset: what the other side has not read yet is lost.
    pub fn reset(&mut self, owner: usize) {
        if let Some(Some(link)) = self.all.get(owner) {
            let _ = sockopt::set_socket_linger(&link.stream, Some(Duration::ZERO));
        }
        self.drop_link(owner);
    }

    /// Says that nothing more will be written, and reads on until the server ends it.
    pub fn half_close(&mut self, owner: usize) {
        if let Some(Some(link)) = self.all.get_mut(owner) {
            if link.stage == Stage::Socket {
                link.stage = Stage::HalfClosed;
            }
            let _ = link.stream.shutdown(Shutdown::Write);
        }
    }

    /// Whether [`Links::half_close`] was called and the connection still stands.
    pub fn is_half_closed(&self, owner: usize) -> bool {
        matches!(self.all.get(owner), Some(Some(link)) if link.stage == Stage::HalfClosed)
    }

    /// Stops reading. What the kernel takes meanwhile is bounded by [`Links::receive_buffer`] alone.
    pub fn pause(&mut self, owner: usize) {
        if let Some(Some(link)) = self.all.get_mut(owner) {
            link.paused = true;
            link.readable = true;
        }
    }

    /// Reads again; the backlog comes before the next tick.
    pub fn resume(&mut self, owner: usize) {
        if let Some(Some(link)) = self.all.get_mut(owner)
            && mem::take(&mut link.paused)
            && mem::take(&mut link.readable)
        {
            self.resumed.push(owner);
        }
    }
}

/// As much as the socket takes now.
fn write_some(stream: &mut TcpStream, mut bytes: &[u8]) -> io::Result<usize> {
    let length = bytes.len();
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length - bytes.len())
}

/// What came of one read.
enum Reading {
    /// The socket may hold more.
    More,
    Empty,
    Over(Closed),
    /// The handler ended or replaced the connection meanwhile.
    Gone,
}

pub struct Engine {
    poll: Poll,
    buffer: Vec<u8>,
    timer: rustix::fd::OwnedFd,
    timer_at: u64,
    pub links: Links,
}

impl Engine {
    /// An engine for owners below `owners` (more may come).
    pub fn new(owners: usize, seed: u64) -> Result<Self> {
        let poll = Poll::new().context("epoll is not available")?;
        let registry = poll.registry().try_clone()?;
        // epoll waits in whole milliseconds, which is too coarse for pacing.
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
        let links = Links {
            registry,
            all: Vec::with_capacity(owners),
            epochs: Vec::with_capacity(owners),
            broken: Vec::new(),
            resumed: Vec::new(),
            rng: Rng::new(seed),
            scratch: Vec::new(),
            receive_buffer: None,
            bytes_read: 0,
            reads: 0,
        };
        Ok(Self { poll, buffer: vec![0; BUFFER], timer, timer_at: 0, links })
    }

    /// Runs until the handler's tick says to stop.
    pub fn run(&mut self, handler: &mut impl Handler) -> Result<()> {
        let mut events = Events::with_capacity(BATCH);
        loop {
            let now = clock::now();
            let Next::At(next) = handler.tick(&mut self.links, now) else { return Ok(()) };
            let pending = !self.links.broken.is_empty() || !self.links.resumed.is_empty();
            let wait = if pending || next <= now {
                Some(Duration::ZERO)
            } else {
                self.wake_at(next, now)?;
                None
            };
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            for event in &events {
                let Token(owner) = event.token();
                if event.token() == TIMER {
                    continue;
                }
                if event.is_writable() && !self.flush(owner, handler) {
                    continue;
                }
                let over = event.is_read_closed() || event.is_error();
                if event.is_readable() || over {
                    self.read(owner, over, handler);
                }
            }
            for owner in mem::take(&mut self.links.resumed) {
                self.read(owner, true, handler);
            }
            for (owner, epoch, why) in mem::take(&mut self.links.broken) {
                if self.links.epochs[owner] == epoch {
                    self.links.drop_link(owner);
                    handler.closed(&mut self.links, owner, why);
                }
            }
        }
    }

    fn wake_at(&mut self, next: u64, now: u64) -> Result<()> {
        if self.timer_at != next || next <= now {
            let delay = (next.saturating_sub(now)).clamp(1, 3600 * SECOND);
            let it_value =
                Timespec { tv_sec: (delay / SECOND) as i64, tv_nsec: (delay % SECOND) as i64 };
            let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            let at = Itimerspec { it_interval, it_value };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &at)?;
            self.timer_at = next;
        }
        Ok(())
    }

    /// Whether the connection still stands.
    fn flush(&mut self, owner: usize, handler: &mut impl Handler) -> bool {
        let Some(Some(link)) = self.links.all.get_mut(owner) else { return false };
        if !link.connected {
            match link.stream.take_error().and_then(|error| error.map_or(Ok(()), Err)) {
                Ok(()) if link.stream.peer_addr().is_ok() => {
                    link.connected = true;
                    let _ = link.stream.set_nodelay(true);
                }
                Ok(()) => return true,
                Err(error) => {
                    self.over(owner, Closed::Failed(error.kind()), handler);
                    return false;
                }
            }
        }
        if !link.outgoing.is_empty() {
            match write_some(&mut link.stream, &link.outgoing) {
                Ok(written) if written == link.outgoing.len() => link.outgoing = Vec::new(),
                Ok(written) => drop(link.outgoing.drain(..written)),
                Err(error) => {
                    self.over(owner, Closed::Failed(error.kind()), handler);
                    return false;
                }
            }
        }
        true
    }

    fn over(&mut self, owner: usize, why: Closed, handler: &mut impl Handler) {
        self.links.drop_link(owner);
        handler.closed(&mut self.links, owner, why);
    }

    /// Reads until the socket is empty. A read that doesn't fill the buffer has emptied it, unless
    /// its end (`over`) is waiting behind.
    fn read(&mut self, owner: usize, over: bool, handler: &mut impl Handler) {
        loop {
            match self.read_once(owner, handler) {
                Reading::More => {}
                Reading::Empty if over => {
                    // Nothing short of an error or the end stops it: ask until one is told.
                    match self.links.all.get(owner) {
                        Some(Some(link)) if !link.paused => {}
                        _ => return,
                    }
                    match self.read_once(owner, handler) {
                        Reading::Over(why) => return self.over(owner, why, handler),
                        Reading::More => {}
                        Reading::Empty | Reading::Gone => return,
                    }
                }
                Reading::Empty | Reading::Gone => return,
                Reading::Over(why) => return self.over(owner, why, handler),
            }
        }
    }

    fn read_once(&mut self, owner: usize, handler: &mut impl Handler) -> Reading {
        let Some(Some(link)) = self.links.all.get_mut(owner) else { return Reading::Gone };
        if link.paused {
            link.readable = true;
            return Reading::Gone;
        }
        let kept = link.partial.len();
        if self.buffer.len() < kept + BUFFER / 2 {
            self.buffer.resize(kept + BUFFER, 0);
        }
        self.buffer[..kept].copy_from_slice(&link.partial);
        let read = match link.stream.read(&mut self.buffer[kept..]) {
            Ok(0) => return Reading::Over(Closed::Ended),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Reading::Empty,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Reading::More,
            Err(error) => return Reading::Over(Closed::Failed(error.kind())),
        };
        let full = kept + read == self.buffer.len();
        self.links.bytes_read += read as u64;
        self.links.reads += 1;
        let buffer = mem::take(&mut self.buffer);
        let taken = take(&mut self.links, owner, &buffer[..kept + read], handler);
        self.buffer = buffer;
        match taken {
            Err(why) => Reading::Over(why),
            Ok(None) => Reading::Gone,
            Ok(Some(used)) => {
                let Some(Some(link)) = self.links.all.get_mut(owner) else {
                    return Reading::Gone;
                };
                link.partial.clear();
                if link.partial.capacity() > KEPT {
                    link.partial = Vec::new();
                }
                link.partial.extend_from_slice(&self.buffer[used..kept + read]);
                if full { Reading::More } else { Reading::Empty }
            }
        }
    }
}

/// Hands on all that is whole in `bytes` and tells how much that was; `None` when the handler
/// ended or replaced the connection.
fn take(
    links: &mut Links,
    owner: usize,
    bytes: &[u8],
    handler: &mut impl Handler,
) -> Result<Option<usize>, Closed> {
    let now = clock::now();
    let epoch = links.epochs[owner];
    let mut used = 0;
    while let Some(stage) = links.all[owner].as_ref().map(|link| link.stage) {
        if matches!(stage, Stage::Socket | Stage::HalfClosed) {
            return frames(links, owner, bytes, used, now, handler);
        }
        match Response::parse(&bytes[used..]) {
            Err(_) => return Err(Closed::Malformed),
            Ok(None) => return Ok(Some(used)),
            Ok(Some((response, length))) => {
                used += length;
                if stage == Stage::Http {
                    handler.response(links, owner, response.status, response.body);
                } else if response.is_upgrade() {
                    if let Some(link) = links.all[owner].as_mut() {
                        link.stage = Stage::Socket;
                    }
                    handler.upgraded(links, owner);
                } else {
                    return Err(Closed::Rejected(response.status));
                }
            }
        }
        if links.epochs[owner] != epoch {
            return Ok(None);
        }
    }
    Ok(None)
}

fn frames(
    links: &mut Links,
    owner: usize,
    bytes: &[u8],
    mut used: usize,
    now: u64,
    handler: &mut impl Handler,
) -> Result<Option<usize>, Closed> {
    let epoch = links.epochs[owner];
    loop {
        let decoded = frame::decode(&bytes[used..]).map_err(|_| Closed::Malformed)?;
        let Some((frame, length)) = decoded else { return Ok(Some(used)) };
        used += length;
        match frame.opcode {
            frame::TEXT if frame.fin => handler.text(links, owner, now, frame.payload),
            frame::TEXT | frame::CONTINUATION => {
                let Some(link) = links.all[owner].as_mut() else { return Ok(None) };
                link.fragments.extend_from_slice(frame.payload);
                if frame.fin {
                    let whole = mem::take(&mut link.fragments);
                    handler.text(links, owner, now, &whole);
                }
            }
            frame::PING => links.send_frame(owner, frame::PONG, frame.payload),
            frame::PONG => {}
            frame::CLOSE => {
                let code =
                    frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                links.send_frame(owner, frame::CLOSE, &frame.payload[..frame.payload.len().min(2)]);
                return Err(Closed::Code(code));
            }
            _ => return Err(Closed::Malformed),
        }
        if links.epochs[owner] != epoch {
            return Ok(None);
        }
    }
}
