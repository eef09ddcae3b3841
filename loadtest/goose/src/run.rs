//! What all users of a run share: the rooms that they meet in, and what was counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use goose::goose::GooseUser;
use serde_json::json;
use starling_loadtest::histogram::Histogram;
use starling_loadtest::report::Report;
use tokio::sync::OnceCell;

use crate::api::{self, Call, Failed};
use crate::ledger::{Heard, Ledger};
use crate::options::{Options, RunOptions};

/// Of each code so many errors are shown.
const SHOWN: u64 = 3;

pub struct Run {
    pub options: RunOptions,
    rooms: Mutex<Rooms>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Rooms {
    seats: usize,
    all: Vec<Arc<Room>>,
}

#[derive(Default)]
pub struct Room {
    id: OnceCell<String>,
    ledger: Mutex<Ledger>,
}

/// A member's place in a room.
#[derive(Clone)]
pub struct Seat {
    room: Arc<Room>,
    number: usize,
}

/// How a member was told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Socket,
    Polling,
}

#[derive(Default)]
struct Counts {
    /// Users who are about to connect.
    entering: usize,
    connections: usize,
    messages: u64,
    deliveries: u64,
    doubled: u64,
    acknowledgements: Histogram,
    polled: Histogram,
    errors: BTreeMap<String, u64>,
    peak: Peak,
}

/// What was seen while as many sockets were open as ever.
#[derive(Default)]
struct Peak {
    connections: usize,
    began: Option<Instant>,
    ended: Option<Instant>,
    deliveries: u64,
    latency: Histogram,
}

impl Peak {
    fn is_now(&self) -> bool {
        self.began.is_some() && self.ended.is_none()
    }

    fn seconds(&self) -> f64 {
        let ended = self.ended.unwrap_or_else(Instant::now);
        self.began.map_or(0.0, |began| (ended - began).as_secs_f64())
    }
}

impl Run {
    pub fn new(options: &Options) -> Self {
        Self { options: options.run.clone(), rooms: Mutex::default(), counts: Mutex::default() }
    }

    /// The next free place; in a new room where the others are full.
    pub fn take_seat(&self) -> Seat {
        let mut rooms = lock(&self.rooms);
        let number = rooms.seats % self.options.rooms_of;
        if number == 0 {
            rooms.all.push(Arc::default());
        }
        rooms.seats += 1;
        let room = Arc::clone(rooms.all.last().expect("one was pushed with the first seat"));
        Seat { room, number }
    }

    /// Between two messages of one member, so that all members together make the rate.
    pub fn every(&self) -> Duration {
        Duration::from_secs_f64(self.options.rooms_of as f64 / self.options.rate)
    }

    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.options.drain_s)
    }

    /// A user is about to connect, until what is given back is dropped. Nobody leaves meanwhile.
    pub fn entering(&self) -> Entering<'_> {
        lock(&self.counts).entering += 1;
        Entering(self)
    }

    pub fn is_somebody_entering(&self) -> bool {
        lock(&self.counts).entering > 0
    }

    pub fn connected(&self) {
        let mut counts = lock(&self.counts);
        counts.connections += 1;
        if counts.connections > counts.peak.connections {
            let (connections, began) = (counts.connections, Some(Instant::now()));
            counts.peak = Peak { connections, began, ..Peak::default() };
        }
    }

    pub fn disconnected(&self) {
        let mut counts = lock(&self.counts);
        counts.connections -= 1;
        counts.peak.ended.get_or_insert_with(Instant::now);
    }

    pub fn acknowledged(&self, latency: Duration) {
        let mut counts = lock(&self.counts);
        counts.messages += 1;
        counts.acknowledgements.add(nanoseconds(latency));
    }

    /// A member was told a message; gives back how long it took, where it counts.
    pub fn heard(&self, seat: &Seat, nonce: &str, over: Over) -> Option<Duration> {
        let heard = seat.ledger().hear(seat.number, nonce);
        let mut counts = lock(&self.counts);
        match heard {
            Heard::Aside => None,
            Heard::Again => {
                // Each poll resumes, and may tell the same once more.
                counts.doubled += u64::from(over == Over::Socket);
                None
            }
            Heard::Delivery(due) => {
                let latency = due.elapsed();
                counts.deliveries += 1;
                if over == Over::Polling {
                    counts.polled.add(nanoseconds(latency));
                } else if counts.peak.is_now() {
                    counts.peak.deliveries += 1;
                    counts.peak.latency.add(nanoseconds(latency));
                }
                Some(latency)
            }
        }
    }

    /// Counts what the server or a connection did that it should not.
    pub fn failed(&self, code: &str, detail: &str) {
        let mut counts = lock(&self.counts);
        let count = counts.errors.entry(code.to_owned()).or_default();
        *count += 1;
        if *count <= SHOWN {
            eprintln!("{code}: {detail}");
        }
    }

    fn lost(&self) -> usize {
        lock(&self.rooms).all.iter().map(|room| lock(&room.ledger).lost()).sum()
    }

    /// Why the run has failed, beside what Goose itself judges.
    pub fn failures(&self) -> Vec<String> {
        let (counts, lost) = (lock(&self.counts), self.lost());
        let (wanted, had) = (self.options.connections, counts.peak.connections);
        let errors: u64 = counts.errors.values().sum();
        let told = [
            (had < wanted, format!("connections>={wanted}: there were {had}")),
            (counts.deliveries == 0, "deliveries>0: there was none".to_owned()),
            (lost > 0, format!("lost<=0: it is {lost}")),
            (counts.doubled > 0, format!("duplicated<=0: it is {}", counts.doubled)),
            (errors > 0, format!("errors<=0: there were {errors}")),
        ];
        told.into_iter().filter_map(|(failed, why)| failed.then_some(why)).collect()
    }

    pub fn report(&self) -> Report {
        let (counts, lost) = (lock(&self.counts), self.lost());
        let mut report = Report::default();
        report.add("connections", counts.peak.connections);
        report.number("held_for_s", counts.peak.seconds());
        report.number(
            "deliveries_per_s",
            counts.peak.deliveries as f64 / counts.peak.seconds().max(1.0),
        );
        report.latency("delivery", &counts.peak.latency);
        report.latency("polled_delivery", &counts.polled);
        report.latency("ack", &counts.acknowledgements);
        report.add("messages", counts.messages);
        report.add("deliveries", counts.deliveries);
        report.add("lost", lost);
        report.add("duplicated", counts.doubled);
        report.counts("errors", &counts.errors);
        report
    }
}

pub struct Entering<'a>(&'a Run);

impl Drop for Entering<'_> {
    fn drop(&mut self) {
        lock(&self.0.counts).entering -= 1;
    }
}

impl Seat {
    /// In a room that nobody else is led to.
    pub fn in_own_room() -> Self {
        Self { room: Arc::default(), number: 0 }
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.room.ledger)
    }

    pub fn number(&self) -> usize {
        self.number
    }

    /// Makes a member of whom the token belongs to, and gives the room's id. Whoever is first makes
    /// the room.
    pub async fn join(
        &self,
        user: &mut GooseUser,
        run: &Run,
        token: &str,
    ) -> Result<String, Failed> {
        let maker = &mut *user;
        let made = self.room.id.get_or_try_init(|| async move {
            let make = || {
                let description = json!({"kind": "public", "name": "load test"});
                Call::post("make a room", "/rooms", token, description)
            };
            let room = api::prepare(maker, run, make).await?;
            Ok::<_, Failed>(room["room"]["id"].as_str().unwrap_or_default().to_owned())
        });
        let id = made.await?.clone();
        let path = format!("/rooms/{id}/join");
        api::prepare(user, run, || Call::post("join", &path, token, json!({}))).await?;
        Ok(id)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
}

/// What is counted stays true where another user's task has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
