//! Clients that send at a pace and note what arrives: the thread's side of `load`, `flood`, `send`,
//! `connect` and `stuck`. What to do comes as orders, one step after another.
//!
//! A message's text is `t<time>s<sender>n<row>` and padding. The time is when it *should* have been
//! sent: when the swarm or the server stalls, what waits behind the stall is measured with its
//! waiting (no coordinated omission).

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use crate::book::{Book, Numbers};
use crate::clock::{MICRO, MILLI, SECOND, thread_cpu};
use crate::links::{Closed, Links, Next};
use crate::sessions::{Crowd, FIRST_ID, Mode, Share, Told};
use crate::wire::{self, ServerFrame};

/// Intended send times fall on a grid of this step, so that a timer that wakes for each single
/// message is not what limits the rate.
const GRID: u64 = 200 * MICRO;
/// Paced sends in one go before arrivals are looked at again.
const BURST: usize = 1_000;
/// How soon an order is seen while nothing else happens.
const IDLE: u64 = 5 * MILLI;
/// The step is over when nothing has arrived for this long and nothing is awaited.
const QUIET: u64 = 300 * MILLI;
/// A closed-loop sender that was refused goes on after this long.
const AFTER_REFUSAL: u64 = 100 * MILLI;

#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// So many messages a second of this thread, whatever the answers. A sender with `window`
    /// unanswered messages is passed over.
    Open { per_second: f64, window: u32 },
    /// Each sender has always this many messages unanswered.
    Closed { window: u32 },
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub pace: Pace,
    pub from: u64,
    pub measure_from: u64,
    pub until: u64,
    /// When to stop waiting for what is still under way.
    pub give_up: u64,
}

impl Step {
    fn is_measured(&self, time: u64) -> bool {
        (self.measure_from..self.until).contains(&time)
    }
}

pub enum Order {
    Run(Step),
    /// These users stop reading.
    Pause(Arc<[usize]>),
    /// These users read on.
    Resume(Arc<[usize]>),
    Stop,
}

/// How the traffic is made.
#[derive(Clone, Debug)]
pub struct Style {
    /// Which users send.
    pub senders: Vec<usize>,
    pub text_bytes: usize,
    /// As in [`Links::receive_buffer`].
    pub receive_buffer: Option<usize>,
    /// Tells this run's nonces from all others'.
    pub run: u32,
}

struct Slot {
    id: Vec<u8>,
    room: usize,
    newest: u128,
}

#[derive(Clone, Copy)]
struct Pending {
    client: u32,
    room: u32,
    row: u32,
    answered: bool,
    intended: u64,
}

struct Running {
    step: Step,
    /// Paced messages so far.
    paced: u64,
    newest_arrival: u64,
    /// The thread's processor time at the beginning.
    cpu: u64,
}

pub struct Traffic {
    share: Share,
    style: Style,
    senders: Vec<usize>,
    rooms_per_user: usize,
    slots: Vec<Slot>,
    seats: Vec<u32>,
    orders: Receiver<Order>,
    books: Sender<Book>,
    ready: Arc<AtomicUsize>,
    told_ready: usize,
    running: Option<Running>,
    book: Book,
    /// Sends of this step by command id; the first has `first_id`.
    pending: Vec<Pending>,
    first_id: u64,
    awaited: u64,
    outstanding: Vec<u32>,
    again: VecDeque<(u64, usize)>,
    frame: Vec<u8>,
    text: Vec<u8>,
}

/// What a thread is given to talk to its crew.
pub struct Ties {
    pub orders: Receiver<Order>,
    pub books: Sender<Book>,
    /// How many clients of all threads are ready.
    pub ready: Arc<AtomicUsize>,
}

impl Traffic {
    pub fn new(crowd: &Crowd, style: Style, ties: Ties) -> Self {
        let (share, world) = (crowd.share, &crowd.world);
        let slots = (0..crowd.clients()).flat_map(|client| {
            world.plan.rooms_for(share.user(client)).map(|room| Slot {
                id: world.rooms[room].clone().into_bytes(),
                room,
                newest: 0,
            })
        });
        let senders = style.senders.iter().filter_map(|&user| share.client(user)).collect();
        let seat = |client| world.plan.seat(share.user(client)) as u32;
        Self {
            share,
            style,
            senders,
            rooms_per_user: world.plan.rooms_per_user,
            slots: slots.collect(),
            seats: (0..crowd.clients()).map(seat).collect(),
            orders: ties.orders,
            books: ties.books,
            ready: ties.ready,
            told_ready: 0,
            running: None,
            book: Book::new(world.plan, share.shards),
            pending: Vec::new(),
            first_id: FIRST_ID,
            awaited: 0,
            outstanding: vec![0; crowd.clients()],
            again: VecDeque::new(),
            frame: Vec::new(),
            text: Vec::new(),
        }
    }

    fn obey(&mut self, order: Order, links: &mut Links) -> bool {
        match order {
            Order::Run(step) => {
                self.book.numbers = Numbers::default();
                self.running =
                    Some(Running { step, paced: 0, newest_arrival: step.from, cpu: thread_cpu() });
            }
            Order::Pause(users) => {
                let mine = users.iter().filter_map(|&user| self.share.client(user));
                mine.for_each(|client| links.pause(client));
            }
            Order::Resume(users) => {
                let mine = users.iter().filter_map(|&user| self.share.client(user));
                mine.for_each(|client| links.resume(client));
            }
            Order::Stop => return false,
        }
        true
    }

    /// When to be asked again.
    fn go_on(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) -> u64 {
        let Some(Running { step, paced, newest_arrival, cpu }) = self.running else {
            return now + IDLE;
        };
        if now < step.from {
            return step.from.min(now + IDLE);
        }
        if now < step.until {
            return match step.pace {
                Pace::Open { per_second, window } => {
                    self.pace(crowd, links, now, per_second, window)
                }
                Pace::Closed { window } => self.keep_windows(crowd, links, now, paced, window),
            };
        }
        let quiet = self.awaited == 0 && now > newest_arrival.max(step.until) + QUIET;
        if quiet || now > step.give_up {
            if let Pace::Open { per_second, .. } = step.pace {
                let meant = ((step.until - step.from) as f64 * per_second / 1e9) as u64;
                self.book.numbers.unsent = meant.saturating_sub(paced);
            }
            self.book.numbers.unanswered += self.awaited;
            self.book.numbers.cpu = thread_cpu() - cpu;
            self.first_id += self.pending.len() as u64;
            self.pending.clear();
            self.awaited = 0;
            self.outstanding.fill(0);
            self.again.clear();
            self.running = None;
            let _ = self.books.send(self.book.turn());
        }
        now + IDLE
    }

    fn pace(
        &mut self,
        crowd: &mut Crowd,
        links: &mut Links,
        now: u64,
        per_second: f64,
        window: u32,
    ) -> u64 {
        for _ in 0..BURST {
            let Some(running) = self.running.as_mut() else { break };
            let exact = running.step.from + (running.paced as f64 / per_second * 1e9) as u64;
            let intended = exact.div_ceil(GRID) * GRID;
            if intended > now {
                return intended.min(now + IDLE);
            }
            let Some(client) = self.sender(crowd, window) else { return now + GRID };
            if let Some(running) = self.running.as_mut() {
                running.paced += 1;
            }
            self.send(crowd, links, client, intended);
        }
        now
    }

    /// A random one that is connected and may send.
    fn sender(&self, crowd: &mut Crowd, window: u32) -> Option<usize> {
        let start = crowd.rng.below(self.senders.len().max(1));
        let (before, after) = self.senders.split_at(start.min(self.senders.len()));
        after
            .iter()
            .chain(before)
            .copied()
            .find(|&client| crowd.is_ready(client) && self.outstanding[client] < window)
    }

    fn keep_windows(
        &mut self,
        crowd: &mut Crowd,
        links: &mut Links,
        now: u64,
        paced: u64,
        window: u32,
    ) -> u64 {
        if paced == 0 {
            if let Some(running) = self.running.as_mut() {
                running.paced = 1;
            }
            for client in self.senders.clone() {
                for _ in 0..window {
                    self.again.push_back((now, client));
                }
            }
        }
        while let Some(&(due, client)) = self.again.front()
            && due <= now
        {
            self.again.pop_front();
            if crowd.is_ready(client) {
                self.send(crowd, links, client, now);
            } else {
                self.again.push_back((now + AFTER_REFUSAL, client));
            }
        }
        now + IDLE
    }

    fn send(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize, intended: u64) {
        let Some(running) = &self.running else { return };
        let user = self.share.user(client);
        let slot = client * self.rooms_per_user + crowd.rng.below(self.rooms_per_user);
        let slot = &self.slots[slot];
        let row = self.book.send(slot.room);
        let id = self.first_id + self.pending.len() as u64;
        self.text.clear();
        let _ = write!(self.text, "t{intended}s{user}n{row}");
        if self.text.len() < self.style.text_bytes {
            self.text.resize(self.style.text_bytes, b'.');
        }
        self.frame.clear();
        let _ = write!(
            self.frame,
            r#"{{"id":{id},"type":"send","room_id":"{}","nonce":"{:08x}-{user}-{id}","text":"{}","retry":false}}"#,
            String::from_utf8_lossy(&slot.id),
            self.style.run,
            String::from_utf8_lossy(&self.text),
        );
        links.send_text(client, &self.frame);
        if running.step.is_measured(intended) {
            self.book.numbers.sent += 1;
        }
        let (client, room, row) = (client as u32, slot.room as u32, row as u32);
        self.pending.push(Pending { client, room, row, answered: false, intended });
        self.outstanding[client as usize] += 1;
        self.awaited += 1;
    }

    /// The send that this command was, if it was not answered yet.
    fn answered(&mut self, id: u64) -> Option<Pending> {
        let index = id.checked_sub(self.first_id)?;
        let pending = self.pending.get_mut(index as usize).filter(|pending| !pending.answered)?;
        pending.answered = true;
        let pending = *pending;
        let outstanding = &mut self.outstanding[pending.client as usize];
        *outstanding = outstanding.saturating_sub(1);
        self.awaited = self.awaited.saturating_sub(1);
        Some(pending)
    }

    fn is_closed_loop(&self, now: u64) -> bool {
        matches!(&self.running, Some(Running { step, .. })
            if matches!(step.pace, Pace::Closed { .. }) && now < step.until)
    }
}

/// `t<time>s<sender>n<row>` at the beginning of a text.
#[inline]
fn parse_text(text: &[u8]) -> Option<(u64, usize, usize)> {
    let (intended, rest) = number(text.strip_prefix(b"t")?)?;
    let (sender, rest) = number(rest.strip_prefix(b"s")?)?;
    let (row, _) = number(rest.strip_prefix(b"n")?)?;
    Some((intended, sender as usize, row as usize))
}

#[inline]
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 19 {
        return None;
    }
    let (digits, rest) = text.split_at(digits);
    Some((
        digits
            .iter()
            .fold(0_u64, |n, digit| n.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))),
        rest,
    ))
}

impl Mode for Traffic {
    fn tick(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) -> Next {
        while let Ok(order) = self.orders.try_recv() {
            if !self.obey(order, links) {
                return Next::Stop;
            }
        }
        if crowd.ready != self.told_ready {
            // One counter for all threads: each adds what has changed on its side.
            self.ready.fetch_add(crowd.ready.wrapping_sub(self.told_ready), Ordering::Relaxed);
            self.told_ready = crowd.ready;
        }
        Next::At(self.go_on(crowd, links, now))
    }

    #[inline]
    fn message(&mut self, _: &mut Crowd, _: &mut Links, told: Told<'_>) {
        let Some(message) = wire::plain_message(told.payload) else { return };
        let Some(running) = self.running.as_mut() else { return };
        let numbers = &mut self.book.numbers;
        let first = told.client * self.rooms_per_user;
        let slots = &mut self.slots[first..first + self.rooms_per_user];
        let slot = slots.iter_mut().find(|slot| slot.id == message.room_id);
        let (Some(slot), Some((intended, sender, row))) = (slot, parse_text(message.text)) else {
            numbers.foreign += 1;
            return;
        };
        if intended < running.step.from {
            numbers.late += 1;
            return;
        }
        running.newest_arrival = told.now;
        numbers.all_deliveries += 1;
        if running.step.is_measured(told.now) {
            numbers.deliveries += 1;
        }
        if running.step.is_measured(intended) {
            numbers.latency.add(told.now.saturating_sub(intended));
        }
        let id = wire::uuid(message.id).unwrap_or_default();
        if id < slot.newest {
            numbers.inversions += 1;
        } else {
            slot.newest = id;
        }
        let seat = self.seats[told.client] as usize;
        self.book.receive(sender % self.share.shards, slot.room, row, seat);
    }

    fn sent(&mut self, crowd: &mut Crowd, links: &mut Links, told: Told<'_>, id: u64, _: &[u8]) {
        let Some(pending) = self.answered(id) else { return };
        self.book.acknowledge(pending.room as usize, pending.row as usize);
        if let Some(running) = &self.running {
            if running.step.is_measured(told.now) {
                self.book.numbers.acknowledged += 1;
            }
            if running.step.is_measured(pending.intended) {
                self.book.numbers.acks.add(told.now.saturating_sub(pending.intended));
            }
        }
        if self.is_closed_loop(told.now) {
            self.send(crowd, links, told.client, told.now);
        }
    }

    fn frame(&mut self, _: &mut Crowd, _: &mut Links, client: usize, frame: ServerFrame) {
        match frame {
            ServerFrame::Error { id, error } => {
                *self.book.numbers.errors.entry(error.code).or_default() += 1;
                if self.answered(id).is_some() {
                    let now = crate::clock::now();
                    if self.is_closed_loop(now) {
                        self.again.push_back((now + AFTER_REFUSAL, client));
                    }
                }
            }
            ServerFrame::Reload { .. } => {
                *self.book.numbers.errors.entry("reload".into()).or_default() += 1;
            }
            _ => {}
        }
    }

    fn lost(&mut self, _: &mut Crowd, _: &mut Links, client: usize, _: Closed) {
        let Some(outstanding) = self.outstanding.get_mut(client) else { return };
        let unanswered = std::mem::take(outstanding);
        self.book.numbers.closed += 1;
        self.awaited = self.awaited.saturating_sub(u64::from(unanswered));
        self.book.numbers.unanswered += u64::from(unanswered);
        let now = crate::clock::now();
        if self.is_closed_loop(now) {
            self.again.extend((0..unanswered).map(|_| (now + SECOND / 10, client)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_when_by_whom_and_which() {
        assert_eq!(parse_text(b"t120s7n33....."), Some((120, 7, 33)));
        assert_eq!(parse_text(b"t120s7n33"), Some((120, 7, 33)));
        for text in [&b"hello"[..], b"t", b"t1s", b"t1s2m3", b"t99999999999999999999s1n1"] {
            assert_eq!(parse_text(text), None);
        }
    }
}
