//! The threads of a run, and what is asked of all of them together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::book::{Book, Numbers};
use crate::clock::{self, MILLI, SECOND};
use crate::links::{Closed, Engine};
use crate::report::Report;
use crate::sessions::{Crowd, Fleet, Share};
use crate::traffic::{Order, Step, Style, Ties, Traffic};
use crate::world::World;

/// Without one more connection made ready in this time, connecting is given up.
const NO_PROGRESS: u64 = 60 * SECOND;

pub struct Hiring<'a> {
    pub servers: &'a [SocketAddr],
    pub threads: usize,
    pub in_flight: usize,
    pub style: Style,
}

/// What a thread tells when it is done.
#[derive(Default)]
pub struct Farewell {
    pub cpu: u64,
    pub readied: u64,
    pub timeouts: u64,
    pub bytes_read: u64,
    pub reads: u64,
    pub closes: BTreeMap<Closed, u64>,
    pub refusals: BTreeMap<String, u64>,
}

impl Farewell {
    /// How the connections fared, and what all of it cost the swarm.
    pub fn report(&self, report: &mut Report) {
        let closes = self.closes.iter().map(|(why, count)| (format!("{why:?}"), *count)).collect();
        report.counts("connections_closed", &closes);
        report.counts("hello_refused", &self.refusals);
        report.add("connect_timeouts", self.timeouts);
        report.number("swarm_cpu_s", self.cpu as f64 / 1e9);
        report.number("bytes_per_read", self.bytes_read as f64 / self.reads.max(1) as f64);
    }
}

pub struct Crew {
    orders: Vec<Sender<Order>>,
    books: Vec<Receiver<Book>>,
    threads: Vec<JoinHandle<Result<Farewell>>>,
    ready: Arc<AtomicUsize>,
    clients: usize,
}

impl Crew {
    /// Starts the threads; they connect at once.
    pub fn hire(world: &Arc<World>, hiring: &Hiring<'_>) -> Self {
        let mut crew = Self {
            orders: Vec::new(),
            books: Vec::new(),
            threads: Vec::new(),
            ready: Arc::default(),
            clients: world.users.len(),
        };
        let shards = hiring.threads.clamp(1, world.users.len());
        for shard in 0..shards {
            let (order, orders) = channel();
            let (book, books) = channel();
            let ties = Ties { orders, books: book, ready: Arc::clone(&crew.ready) };
            let share = Share { shard, shards };
            let crowd = Crowd::new(Arc::clone(world), share, hiring.servers, hiring.in_flight);
            let style = hiring.style.clone();
            crew.orders.push(order);
            crew.books.push(books);
            crew.threads.push(std::thread::spawn(move || work(crowd, style, ties)));
        }
        crew
    }

    pub fn ready(&self) -> usize {
        self.ready.load(Ordering::Relaxed)
    }

    /// Waits until all clients are ready; returns how long that took, in seconds.
    pub fn gather(&self) -> Result<f64> {
        let start = clock::now();
        let (mut most, mut progress, mut told) = (0, start, start);
        loop {
            let (ready, now) = (self.ready(), clock::now());
            if ready == self.clients {
                return Ok((now - start) as f64 / 1e9);
            }
            if self.threads.iter().any(JoinHandle::is_finished) {
                bail!("a thread has ended too early");
            }
            if ready > most {
                (most, progress) = (ready, now);
            }
            if now > progress + NO_PROGRESS {
                bail!("{ready} of {} connections are ready, and no more become so", self.clients);
            }
            if now > told + 2 * SECOND {
                told = now;
                eprintln!("{ready} of {} connections are ready", self.clients);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn order(&self, order: impl Fn() -> Order) {
        for orders in &self.orders {
            let _ = orders.send(order());
        }
    }

    /// Has all threads take this step.
    pub fn begin(&self, step: Step) {
        self.order(|| Order::Run(step));
    }

    /// Waits for the step's end and adds up what the threads noted.
    pub fn finish(&self, step: Step, spared: impl Fn(usize) -> bool) -> Result<Numbers> {
        let patience =
            Duration::from_nanos(step.give_up.saturating_sub(clock::now()) + 30 * SECOND);
        let books: Result<Vec<Book>> = self
            .books
            .iter()
            .map(|books| books.recv_timeout(patience).context("a thread has not ended its step"))
            .collect();
        Ok(Book::together(&books?, spared))
    }

    pub fn dismiss(self) -> Result<Farewell> {
        self.order(|| Order::Stop);
        let mut all = Farewell::default();
        for thread in self.threads {
            let one = thread.join().map_err(|_| anyhow!("a thread has panicked"))??;
            all.cpu += one.cpu;
            all.readied += one.readied;
            all.timeouts += one.timeouts;
            all.bytes_read += one.bytes_read;
            all.reads += one.reads;
            for (why, count) in one.closes {
                *all.closes.entry(why).or_default() += count;
            }
            for (code, count) in one.refusals {
                *all.refusals.entry(code).or_default() += count;
            }
        }
        Ok(all)
    }
}

fn work(crowd: Crowd, style: Style, ties: Ties) -> Result<Farewell> {
    let mut engine = Engine::new(crowd.clients(), clock::unix_seconds() ^ clock::now())?;
    engine.links.receive_buffer = style.receive_buffer;
    let mode = Traffic::new(&crowd, style, ties);
    let mut fleet = Fleet { crowd, mode };
    engine.run(&mut fleet)?;
    Ok(Farewell {
        cpu: clock::thread_cpu(),
        readied: fleet.crowd.readied,
        timeouts: fleet.crowd.timeouts,
        bytes_read: engine.links.bytes_read,
        reads: engine.links.reads,
        closes: fleet.crowd.closes,
        refusals: fleet.crowd.refusals,
    })
}

/// A little time for orders to reach every thread.
pub fn soon() -> u64 {
    clock::now() + 20 * MILLI
}
