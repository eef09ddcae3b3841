//! The bus of a cluster: Redis, alone, behind Sentinels, or as a Redis Cluster.
//!
//! - `address`, `masters`, `keeper`, `line`: whom we talk to, and that it is still the same.
//! - `keys`, `message`, `scripts` and `lua/`: what stands in Redis.
//! - `shared`: how a call finds its master; `limits`, `presence`: what is asked.
//! - `hearing`: what is heard, handed on; `heads`: where topics stand.
//!
//! What stands in Redis, and why, is told in `docs/decisions/0014-what-stands-in-redis.md`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};
use parking_lot::{Mutex, RwLock};
use redis::{Value, cmd};
use tokio::runtime::Handle;
use tokio::sync::{Notify, SetOnce, mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use self::address::Directory;
pub use self::address::{RedisOptions, RedisOptionsError};
use self::clock::ReferenceClock;
pub use self::facts::{MasterFacts, examine};
use self::heads::read_heads;
use self::keys::{Keys, Partition, Place};
use self::line::{BATCH, Work};
use self::scripts::Scripts;
use self::shared::Shared;
use super::{
    Admitted, Announcement, Attempt, Bus, BusError, BusResult, Ear, Head, Lease, LimitKey,
    Publication,
};
use crate::domain::window::{Limit, Verdict};
use crate::observe;
use crate::protocol::{Frame, MessageId, PresenceChoice, PresenceStatus, Topic, UserId};

mod address;
mod clock;
mod facts;
mod heads;
mod hearing;
mod keeper;
mod keys;
mod limits;
mod line;
mod masters;
mod message;
mod presence;
mod scripts;
mod shared;
#[cfg(test)]
mod tests;

/// Events that one script publishes: about a millisecond of Redis.
const EVENTS: usize = 100;

/// The bus over Redis. Its connections and tasks end when it is dropped.
pub struct RedisBus {
    shared: Arc<Shared>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl RedisBus {
    /// A bus that begins to connect, in tasks on the current runtime, and never ceases to try. An
    /// error says that the options can't be right, whatever Redis does.
    pub fn connect(options: &RedisOptions) -> Result<Self, RedisOptionsError> {
        Self::connect_to_hear_on(Arc::new(SetOnce::new_with(Some(Handle::current()))), options)
    }

    /// The same; what it hears is read and told on another runtime, and it connects when that is known. It
    /// goes on without hearing when that runtime ends.
    pub fn connect_to_hear_on(
        there: Arc<SetOnce<Handle>>,
        options: &RedisOptions,
    ) -> Result<Self, RedisOptionsError> {
        let directory = Directory::new(options)?;
        let (queue, heard) = mpsc::channel(hearing::QUEUE);
        let keys = Keys::new(&options.prefix, directory.is_clustered());
        let shared = Arc::new(Shared {
            epochs: keys.partitions().map(|_| AtomicU64::new(0)).collect(),
            keys,
            scripts: Scripts::new(directory.is_clustered()),
            directory,
            clock: ReferenceClock::new(),
            routing: RwLock::default(),
            look: Notify::new(),
            looked: watch::Sender::new(()),
            interest: Mutex::default(),
            queue,
            overflowed: AtomicBool::new(false),
            ear: OnceLock::new(),
            windows: Mutex::new((Instant::now(), super::windows::Windows::default())),
            hears_on: there,
        });
        let tasks = [
            tokio::spawn(hearing::hear(Arc::clone(&shared), heard)),
            tokio::spawn(keeper::keep(Arc::clone(&shared))),
        ];
        Ok(Self { shared, _tasks: tasks.map(AbortOnDropHandle::new) })
    }

    /// The topics, by partition, each with its place in the list.
    fn by_partition(&self, topics: &[Topic]) -> HashMap<Partition, Vec<usize>> {
        let mut groups: HashMap<Partition, Vec<usize>> = HashMap::new();
        for (at, topic) in topics.iter().enumerate() {
            groups.entry(self.shared.keys.partition_of(*topic)).or_default().push(at);
        }
        groups
    }

    /// Has this done by the lines that the topics are on, as far as they are up.
    fn order(&self, topics: &[Topic], work: fn(Vec<Topic>) -> Work) {
        for (partition, members) in self.by_partition(topics) {
            let line = self.shared.line(Place::Partition(partition));
            if let Some(up) = line.and_then(|line| line.up()) {
                up.order(work(members.into_iter().map(|at| topics[at]).collect()));
            }
        }
    }

    /// Publishes events of one partition.
    async fn publish_in(
        &self,
        partition: Partition,
        publications: &[Publication],
    ) -> BusResult<()> {
        let keys = &self.shared.keys;
        for publications in publications.chunks(EVENTS) {
            let mut names = vec![keys.epoch(partition)];
            names.extend(publications.iter().map(|publication| keys.topic(publication.topic)));
            let mut call = self.shared.scripts.publish.call(&names);
            for publication in publications {
                call.arg(tail(publication));
            }
            let epoch = self.shared.call(Place::Partition(partition), &call).await?;
            self.note_epoch(partition, &epoch);
        }
        Ok(())
    }

    fn note_epoch(&self, partition: Partition, epoch: &Value) {
        if let Value::BulkString(name) = epoch
            && let Some(epoch) = message::epoch_name(name)
        {
            self.shared.note_epoch(partition, epoch);
        }
    }
}

fn tail(publication: &Publication) -> Vec<u8> {
    message::tail(publication.event_id, publication.control, &publication.frame)
}

#[async_trait]
impl Bus for RedisBus {
    fn now_ms(&self) -> Option<u64> {
        self.shared.clock.now_ms()
    }

    fn is_reachable(&self) -> bool {
        self.shared.is_reachable()
    }

    fn epoch(&self) -> Option<u64> {
        self.shared.epoch()
    }

    fn listen(&self, ear: Box<dyn Ear>) {
        // It is called once; whoever called first is heard.
        let _ = self.shared.ear.set(ear);
    }

    async fn subscribe(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>> {
        // Under the lock: a line that begins finds these topics, or is told of them.
        let mut interest = self.shared.interest.lock();
        for topic in topics {
            interest.add(*topic);
        }
        self.order(topics, Work::Subscribe);
        Ok(vec![None; topics.len()])
    }

    async fn unsubscribe(&self, topics: &[Topic]) -> BusResult<()> {
        let mut interest = self.shared.interest.lock();
        for topic in topics {
            interest.remove(*topic);
        }
        self.order(topics, Work::Unsubscribe);
        Ok(())
    }

    async fn publish(&self, publications: Vec<Publication>) -> BusResult<()> {
        let mut groups: HashMap<Partition, Vec<Publication>> = HashMap::new();
        for publication in publications {
            let partition = self.shared.keys.partition_of(publication.topic);
            groups.entry(partition).or_default().push(publication);
        }
        let groups = groups.iter().map(|(partition, group)| self.publish_in(*partition, group));
        try_join_all(groups).await.map(|_| ())
    }

    async fn publish_claimed(
        &self,
        publication: Publication,
        author: UserId,
        nonce: &str,
        id: MessageId,
    ) -> BusResult<bool> {
        let keys = &self.shared.keys;
        let (place, claim) = keys.claim(author, nonce);
        if keys.is_clustered() {
            // The claim and the topic have different masters, so the claim may end between the two
            // steps. That does no harm: the author's row in `sends` was written before the first, and
            // a retry that finds no claim waits for longer than an attempt that doesn't doubt itself
            // may take, before it asks `sends`. So it finds that row.
            let mut get = cmd("GET");
            get.arg(claim);
            let stands = matches!(
                self.shared.call(place, &get).await?,
                Value::BulkString(claimed) if claimed == id.0.as_bytes()
            );
            if stands {
                self.publish(vec![publication]).await?;
            }
            return Ok(stands);
        }
        let partition = keys.partition_of(publication.topic);
        let names = [keys.epoch(partition), keys.topic(publication.topic), claim];
        let mut call = self.shared.scripts.publish_claimed.call(&names);
        call.arg(tail(&publication)).arg(id.0.as_bytes());
        let epoch = self.shared.call(place, &call).await?;
        self.note_epoch(partition, &epoch);
        Ok(epoch != Value::Nil)
    }

    async fn whisper(&self, topic: Topic, frame: Frame) -> BusResult<()> {
        let keys = &self.shared.keys;
        let mut publish = cmd(if keys.is_clustered() { "SPUBLISH" } else { "PUBLISH" });
        publish.arg(keys.topic(topic)).arg(message::whisper(&frame));
        let place = Place::Partition(keys.partition_of(topic));
        self.shared.call(place, &publish).await.map(|_| ())
    }

    async fn heads(&self, topics: &[Topic]) -> BusResult<Vec<Option<Head>>> {
        let began = Instant::now();
        let mut groups: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut lines = Vec::new();
        for (partition, members) in self.by_partition(topics) {
            let Some(line) = self.shared.line(Place::Partition(partition)) else { continue };
            let at = lines.iter().position(|known| Arc::ptr_eq(known, &line));
            let at = at.unwrap_or_else(|| {
                lines.push(line);
                lines.len() - 1
            });
            groups.entry(at).or_default().extend(members);
        }
        let groups = groups.into_iter().map(async |(line, members)| {
            let up = lines[line].up().filter(|up| up.answers())?;
            let mut heads = Vec::with_capacity(members.len());
            for members in members.chunks(BATCH) {
                let topics: Vec<_> = members.iter().map(|at| topics[*at]).collect();
                let read = read_heads(&self.shared, &up, &topics).await.ok()?;
                for (partition, epoch) in read.epochs {
                    lines[line].note_epoch(partition, epoch.name);
                }
                heads.extend(members.iter().copied().zip(read.heads));
            }
            Some(heads)
        });
        let mut found = vec![None; topics.len()];
        for (at, head) in join_all(groups).await.into_iter().flatten().flatten() {
            found[at] = Some(head);
        }
        observe::BUS_CALL.time("heads", began);
        if !topics.is_empty() && found.iter().all(Option::is_none) {
            return Err(BusError::Unavailable("Redis is away".to_owned()));
        }
        Ok(found)
    }

    async fn admit(&self, attempt: Attempt) -> BusResult<Admitted> {
        Ok(self.shared.admit(attempt).await)
    }

    async fn limit(&self, key: LimitKey, limit: Limit) -> BusResult<Verdict> {
        Ok(self.shared.limit(key, limit).await)
    }

    async fn presence_lease(&self, leases: Vec<Lease>) -> BusResult<Vec<Announcement>> {
        let began = Instant::now();
        let announced = self.shared.presence_lease(leases).await;
        observe::BUS_CALL.time("presence_lease", began);
        announced
    }

    async fn presence_choose(
        &self,
        user: UserId,
        choice: PresenceChoice,
    ) -> BusResult<Vec<Announcement>> {
        self.shared.presence_choose(user, choice).await
    }

    async fn presence_sweep(&self) -> BusResult<Vec<Announcement>> {
        let began = Instant::now();
        let announced = self.shared.presence_sweep().await;
        observe::BUS_CALL.time("presence_sweep", began);
        announced
    }

    async fn presence_of(&self, users: &[UserId]) -> BusResult<Vec<Option<PresenceStatus>>> {
        self.shared.presence_of(users).await
    }
}
