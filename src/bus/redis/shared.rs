//! What the parts of the bus have in common: who is asked, what is wanted, what is known.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, SetOnce, mpsc, watch};

use super::address::Directory;
use super::clock::ReferenceClock;
use super::hearing::{Heard, Interest};
use super::keys::{Keys, Partition, Place};
use super::line::{Line, Up, Work};
use super::masters::{Master, SLOTS};
use super::scripts::Scripts;
use crate::bus::windows::Windows;
use crate::bus::{BusError, BusResult, Ear};
use crate::observe;

/// How long a call that was sent to the wrong master waits until the right one is found.
const FOUND_WITHIN: Duration = Duration::from_millis(500);
/// Calls are sent this often, at most: scripts to be loaded, a slot that moved, one that moves.
const ATTEMPTS: usize = 4;

pub(super) struct Shared {
    pub directory: Directory,
    pub keys: Keys,
    pub scripts: Scripts,
    pub clock: ReferenceClock,
    pub routing: RwLock<Arc<Routing>>,
    /// The masters should be looked for again.
    pub look: Notify,
    /// They were.
    pub looked: watch::Sender<()>,
    /// Locked before a line's state, never after.
    pub interest: Mutex<Interest>,
    pub queue: mpsc::Sender<Heard>,
    /// Something did not fit into the queue.
    pub overflowed: AtomicBool,
    pub ear: OnceLock<Box<dyn Ear>>,
    /// The name of each partition's epoch, as last read; 0 where none was.
    pub epochs: Vec<AtomicU64>,
    /// For while Redis is away.
    pub windows: Mutex<(Instant, Windows)>,
    /// Where links are read, and what they bring is told.
    pub hears_on: Arc<SetOnce<Handle>>,
}

/// Which master has which slot.
#[derive(Default)]
pub(super) struct Routing {
    pub lines: Vec<Arc<Line>>,
    /// An index into `lines` for each slot.
    slots: Vec<Option<u16>>,
}

impl Routing {
    pub fn new(masters: &[(Master, Arc<Line>)]) -> Self {
        let mut slots = vec![None; usize::from(SLOTS)];
        for (at, (master, _)) in masters.iter().enumerate() {
            for (first, last) in &master.slots {
                for slot in *first..=*last {
                    if let Some(slot) = slots.get_mut(usize::from(slot)) {
                        *slot = Some(at as u16);
                    }
                }
            }
        }
        Self { lines: masters.iter().map(|(_, line)| line.clone()).collect(), slots }
    }

    pub fn line(&self, slot: u16) -> Option<&Arc<Line>> {
        let at = *self.slots.get(usize::from(slot))?;
        self.lines.get(usize::from(at?))
    }
}

fn away() -> BusError {
    BusError::Unavailable("Redis is away".to_owned())
}

pub(super) fn unavailable(error: &RedisError) -> BusError {
    BusError::Unavailable(error.to_string())
}

impl Shared {
    pub fn line(&self, place: Place) -> Option<Arc<Line>> {
        self.routing.read().line(self.keys.slot(place)).cloned()
    }

    /// The master of this place, where it is known to answer.
    pub fn up(&self, place: Place) -> BusResult<Arc<Up>> {
        let up = self.line(place).and_then(|line| line.up());
        up.filter(|up| up.answers()).ok_or_else(away)
    }

    /// The partitions that a line has.
    pub fn partitions_of(&self, line: &Arc<Line>) -> HashSet<Partition> {
        let routing = self.routing.read();
        let is_there = |partition: &Partition| {
            let slot = self.keys.slot(Place::Partition(*partition));
            routing.line(slot).is_some_and(|owner| Arc::ptr_eq(owner, line))
        };
        self.keys.partitions().filter(is_there).collect()
    }

    /// Whether it is this line whose clock is the reference: all nodes have to take the same.
    pub fn is_clock(&self, line: &Arc<Line>) -> bool {
        self.routing.read().line(0).is_some_and(|first| Arc::ptr_eq(first, line))
    }

    pub fn is_reachable(&self) -> bool {
        let routing = self.routing.read();
        let answers = |line: &Arc<Line>| line.up().is_some_and(|up| up.answers());
        !routing.lines.is_empty() && routing.lines.iter().all(answers)
    }

    pub fn tell_reachable(&self) {
        observe::REDIS_REACHABLE.set("", if self.is_reachable() { 1.0 } else { 0.0 });
    }

    /// One value for the epochs of all partitions, as far as they are known.
    pub fn epoch(&self) -> Option<u64> {
        let names = self.epochs.iter().map(|name| name.load(Ordering::Relaxed));
        let joined = names.fold(0_u64, |joined, name| joined.rotate_left(7) ^ name);
        (joined != 0).then_some(joined)
    }

    /// An event or a head of this partition has this epoch. Where it is another one than the line
    /// knows, all topics of the partition are read again.
    pub fn note_epoch(&self, partition: Partition, epoch: u64) {
        if let Some(line) = self.line(Place::Partition(partition)) {
            line.note_epoch(partition, epoch);
        }
    }

    /// A count went back within an epoch: nothing that was counted in it is to be believed.
    pub fn distrust(&self, partition: Partition, epoch: u64) {
        tracing::warn!("the count of a topic in Redis went back: its keys were evicted or deleted");
        if let Some(up) = self.line(Place::Partition(partition)).and_then(|line| line.up()) {
            up.order(Work::Distrust(partition, epoch));
        }
    }

    /// Sends a call to the master that has this place.
    pub async fn call(&self, place: Place, call: &Cmd) -> BusResult<Value> {
        let mut attempt = 0;
        loop {
            let up = self.up(place)?;
            let error = match up.ask(call).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            attempt += 1;
            if attempt == ATTEMPTS {
                return Err(unavailable(&error));
            }
            let ErrorKind::Server(kind) = error.kind() else { return Err(unavailable(&error)) };
            match kind {
                ServerErrorKind::NoScript => {
                    up.load(&self.scripts).await.map_err(|error| unavailable(&error))?;
                }
                ServerErrorKind::Ask => {
                    let to = error.redirect_node().and_then(|node| self.up_at(node));
                    let asking = to.ok_or_else(away)?.ask_for_moving(call).await;
                    match asking {
                        Ok(value) => return Ok(value),
                        Err(_) => self.look_again().await,
                    }
                }
                ServerErrorKind::Moved
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown => self.look_again().await,
                _ => return Err(unavailable(&error)),
            }
        }
    }

    fn up_at(&self, (host, port): (&str, u16)) -> Option<Arc<Up>> {
        let routing = self.routing.read();
        let is_there = |line: &&Arc<Line>| line.address.host == host && line.address.port == port;
        routing.lines.iter().find(is_there).and_then(|line| line.up())
    }

    /// Has the masters looked for, and waits for that.
    async fn look_again(&self) {
        let mut looked = self.looked.subscribe();
        self.look.notify_one();
        // Found or not, the next attempt tells.
        let _ = tokio::time::timeout(FOUND_WITHIN, looked.changed()).await;
    }

    pub fn tell(&self, push: Heard) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(push) {
            self.overflowed.store(true, Ordering::Release);
            observe::REDIS_OVERFLOWS.add("", 1);
        }
    }
}
