//! One master, as long as there is one at that address: connects, sees that it is still the same
//! process, keeps subscriptions.
//!
//! Two connections, which live and end together: one for commands, one (the *link*) for
//! subscriptions and heads. Both are known to lead to the same process, so that no head of another one
//! is taken for its: a connection that silently reconnects could not tell. What a process counted is
//! believed while its epochs stand (see [`Epoch`]).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_redis::{Manager, Pool};
use parking_lot::{Mutex, RwLock};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, PushInfo, PushKind, RedisError,
    RedisResult, Value, pipe,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::address::{Address, Kind, connect, connection_config};
use super::heads::{HEAD_KEEPS_MS, begin_epoch, read_epoch, read_heads};
use super::hearing::Heard;
use super::keys::Partition;
use super::masters;
use super::message::Epoch;
use super::scripts::Scripts;
use super::shared::Shared;
use crate::bus::Signal;
use crate::observe;
use crate::protocol::Topic;

/// So heads of topics that are followed never end.
const REFRESH_EVERY: Duration = Duration::from_hours(24);
/// A connection is asked for a sign of life this often.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// So many questions without an answer end it.
const PROBES: u32 = 3;
/// Channels that are subscribed at once.
pub(super) const BATCH: usize = 512;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Connections for what would hold others up.
const POOL: usize = 2;

pub(super) struct Line {
    pub address: Address,
    up: RwLock<Option<Arc<Up>>>,
    /// Of the partitions that it has, as far as was read.
    epochs: Mutex<HashMap<Partition, Epoch>>,
    /// Partitions that are about to be read again.
    stale: Mutex<HashSet<Partition>>,
}

/// The connections, while they hold.
pub(super) struct Up {
    commands: MultiplexedConnection,
    link: MultiplexedConnection,
    pub pool: Pool,
    answers: AtomicBool,
    /// Somebody waited in vain.
    suspected: Notify,
    broken: CancellationToken,
    /// Whether it drops keys for want of memory: then a head that is missing says nothing.
    pub evicts: bool,
    /// Channels that we are about to hear no longer.
    leaving: Arc<Mutex<HashSet<String>>>,
    work: UnboundedSender<Work>,
}

/// What is to be done on the link, in order.
pub(super) enum Work {
    Subscribe(Vec<Topic>),
    Unsubscribe(Vec<Topic>),
    /// Another epoch was seen in this partition.
    Again(Partition),
    /// A count went back within this epoch.
    Distrust(Partition, u64),
    /// The line has these partitions now, too.
    Adopt(HashSet<Partition>),
}

impl Up {
    pub fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// Work for one who is gone is not done: whoever comes next takes everything up anew.
    pub fn order(&self, work: Work) {
        let _ = self.work.send(work);
    }

    pub async fn ask(&self, call: &Cmd) -> RedisResult<Value> {
        let answer = call.query_async(&mut self.commands.clone()).await;
        answer.inspect_err(|error| self.judge(error))
    }

    /// Asks for a key whose slot is moving here.
    pub async fn ask_for_moving(&self, call: &Cmd) -> RedisResult<Value> {
        let mut both = pipe();
        both.cmd("ASKING").ignore().add_command(call.clone());
        let answer = both.query_async(&mut self.commands.clone()).await;
        let (answer,): (Value,) = answer.inspect_err(|error| self.judge(error))?;
        Ok(answer)
    }

    pub async fn load(&self, scripts: &Scripts) -> RedisResult<()> {
        observe::REDIS_SCRIPT_LOADS.add("", 1);
        let loaded = scripts.load().exec_async(&mut self.commands.clone()).await;
        loaded.inspect_err(|error| self.judge(error))
    }

    /// Whether an error means that nobody should wait for this process any more.
    fn judge(&self, error: &RedisError) {
        if error.is_unrecoverable_error() || error.code() == Some("READONLY") {
            self.broken.cancel();
        } else if error.is_timeout() || error.is_io_error() || error.code() == Some("LOADING") {
            self.answers.store(false, Ordering::Relaxed);
            self.suspected.notify_one();
        }
    }

    /// Asks over the link. An answer of a link that is broken may be another question's.
    pub async fn ask_link<T: redis::FromRedisValue>(&self, call: &Pipeline) -> RedisResult<T> {
        let answer = call.query_async(&mut self.link.clone()).await;
        if self.broken.is_cancelled() {
            return Err(RedisError::from((ErrorKind::Io, "the link is broken")));
        }
        answer
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.broken.cancel();
    }
}

impl Line {
    pub fn new(address: Address) -> Self {
        Self { address, up: RwLock::default(), epochs: Mutex::default(), stale: Mutex::default() }
    }

    pub fn up(&self) -> Option<Arc<Up>> {
        self.up.read().clone()
    }

    pub fn born_ms(&self, partition: Partition) -> Option<u64> {
        self.epochs.lock().get(&partition).map(|epoch| epoch.born_ms)
    }

    pub fn note_epoch(&self, partition: Partition, name: u64) {
        let known = self.epochs.lock().get(&partition).copied();
        let Some(up) = self.up().filter(|_| known.is_none_or(|known| known.name != name)) else {
            return;
        };
        self.again(&up, partition);
    }

    /// Has all topics of the partition read again, once.
    fn again(&self, up: &Up, partition: Partition) {
        if self.stale.lock().insert(partition) {
            up.order(Work::Again(partition));
        }
    }

    /// Keeps connections to the master for as long as it is polled.
    pub async fn keep(self: Arc<Self>, shared: Arc<Shared>) {
        let mut pause = FIRST_PAUSE;
        let mut is_first = true;
        loop {
            match self.open(&shared).await {
                Ok((up, work)) => {
                    tracing::info!(redis = %self.address, "connected to Redis");
                    if !std::mem::take(&mut is_first) {
                        observe::REDIS_RECONNECTS.add("", 1);
                    }
                    pause = FIRST_PAUSE;
                    let why = self.serve(&shared, &up, work).await;
                    up.broken.cancel();
                    *self.up.write() = None;
                    shared.tell_reachable();
                    tracing::warn!(redis = %self.address, %why, "the connection to Redis is lost");
                }
                Err(error) if pause < LONGEST_PAUSE => {
                    tracing::warn!(redis = %self.address, %error, "Redis can't be reached");
                }
                Err(error) => {
                    tracing::debug!(redis = %self.address, %error, "Redis still can't be reached");
                }
            }
            shared.tell_reachable();
            shared.look.notify_one();
            // Between half of it and all, so that the nodes don't come in step.
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Makes the connections, and sees that both lead to one process, which is a master.
    async fn open(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> RedisResult<(Arc<Up>, UnboundedReceiver<Work>)> {
        let client = shared.directory.client(&self.address)?;
        let broken = CancellationToken::new();
        let leaving = Arc::new(Mutex::default());
        let ends = broken.clone();
        let only_ends = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                ends.cancel();
            }
            Ok::<(), ()>(())
        };
        let config = connection_config().set_push_sender(only_ends);
        let mut commands = connect(&client, &config).await?;
        let hears = hears(shared, broken.clone(), Arc::clone(&leaving));
        let mut link = link(shared, &client, connection_config().set_push_sender(hears)).await?;

        let mut who = pipe();
        who.cmd("INFO").arg("server").cmd("INFO").arg("memory").cmd("ROLE");
        let asked = Instant::now();
        let (server, memory, role): (String, String, Vec<Value>) =
            who.query_async(&mut link).await?;
        let (same, _, _): (String, String, Vec<Value>) = who.query_async(&mut commands).await?;
        if field(&server, "run_id") != field(&same, "run_id") {
            return Err(RedisError::from((ErrorKind::Io, "another process answered")));
        }
        if !is_master(&role) {
            return Err(RedisError::from((ErrorKind::Io, "it is no master")));
        }
        // A master that died and was replaced comes back as one, until it is told that it is none.
        if shared.directory.kind != Kind::Single {
            let masters = masters::find(&shared.directory, &[]).await?;
            if !masters.iter().any(|master| master.address == self.address) {
                return Err(RedisError::from((ErrorKind::Io, "it is no master any more")));
            }
        }
        let policy = field(&memory, "maxmemory_policy");
        let evicts = policy.is_some_and(|policy| policy != "noeviction");
        if evicts {
            tracing::warn!(
                redis = %self.address,
                "Redis may drop keys for want of memory (maxmemory-policy): set it to noeviction"
            );
        }
        observe::REDIS_SCRIPT_LOADS.add("", 1);
        shared.scripts.load().exec_async(&mut commands).await?;
        let (time,): ((u64, u64),) = pipe().cmd("TIME").query_async(&mut commands).await?;
        if shared.is_clock(self) {
            shared.clock.hear(asked, Instant::now(), time.0 * 1_000 + time.1 / 1_000);
        }
        let pool = Pool::builder(Manager::new_with_config(
            client.get_connection_info().clone(),
            connection_config(),
        )?);
        let pool = pool.max_size(POOL).build().map_err(|error| {
            RedisError::from((ErrorKind::InvalidClientConfig, "no pool", error.to_string()))
        })?;
        let (work, orders) = unbounded_channel();
        let up = Up {
            commands,
            link,
            pool,
            answers: AtomicBool::new(true),
            suspected: Notify::new(),
            broken,
            evicts,
            leaving,
            work,
        };
        self.epochs.lock().clear();
        self.stale.lock().clear();
        self.believe(shared, &up, shared.partitions_of(self)).await?;
        Ok((Arc::new(up), orders))
    }

    /// Reads these partitions' epochs, which are set anew where another process began them.
    async fn believe(
        &self,
        shared: &Shared,
        up: &Up,
        partitions: impl IntoIterator<Item = Partition>,
    ) -> RedisResult<()> {
        let partitions: Vec<_> = partitions.into_iter().collect();
        let mut calls = pipe();
        for partition in &partitions {
            let mut call = shared.scripts.epoch.call(&[shared.keys.epoch(*partition)]);
            call.arg("");
            calls.add_command(call);
        }
        if partitions.is_empty() {
            return Ok(());
        }
        let epochs: Vec<Vec<u8>> = up.ask_link(&calls).await?;
        for (partition, epoch) in partitions.into_iter().zip(epochs) {
            self.set_epoch(shared, partition, read_epoch(&epoch)?);
        }
        Ok(())
    }

    /// Whether another one was known.
    fn set_epoch(&self, shared: &Shared, partition: Partition, epoch: Epoch) -> bool {
        self.epochs.lock().insert(partition, epoch);
        let known = &shared.epochs[usize::from(partition)];
        let before = known.swap(epoch.name, Ordering::Relaxed);
        let is_other = before != 0 && before != epoch.name;
        if is_other {
            observe::REDIS_EPOCHS.add("", 1);
        }
        is_other
    }

    /// Works until the connections are broken; why.
    async fn serve(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        up: &Arc<Up>,
        mut orders: UnboundedReceiver<Work>,
    ) -> String {
        let all: Vec<Topic> = {
            // Whoever subscribes from here on orders it; whoever did before is among these.
            let interest = shared.interest.lock();
            *self.up.write() = Some(Arc::clone(up));
            let partitions = shared.partitions_of(self);
            let is_ours = |topic: &Topic| partitions.contains(&shared.keys.partition_of(*topic));
            interest.topics().filter(is_ours).collect()
        };
        shared.tell_reachable();
        let work = async {
            self.subscribe(shared, up, &all).await?;
            self.work(shared, up, &mut orders).await
        };
        tokio::select! {
            worked = work => worked.map_or_else(|error| {
                up.judge(&error);
                error.to_string()
            }, |()| "no more work".to_owned()),
            why = self.probe(shared, up) => why,
            () = self.refresh(shared, up) => "no more refreshing".to_owned(),
            () = up.broken.cancelled() => "it was closed".to_owned(),
        }
    }

    async fn work(
        self: &Arc<Self>,
        shared: &Shared,
        up: &Up,
        orders: &mut UnboundedReceiver<Work>,
    ) -> RedisResult<()> {
        let mut batch = Vec::new();
        while orders.recv_many(&mut batch, BATCH).await > 0 {
            let mut subscribe = Vec::new();
            for work in batch.drain(..) {
                if let Work::Subscribe(topics) = work {
                    subscribe.extend(topics);
                    continue;
                }
                self.subscribe(shared, up, &std::mem::take(&mut subscribe)).await?;
                match work {
                    Work::Subscribe(_) => {}
                    Work::Unsubscribe(topics) => unsubscribe(shared, up, &topics).await?,
                    Work::Again(partition) => {
                        let topics = wanted(shared, &HashSet::from([partition]));
                        for topics in topics.chunks(BATCH) {
                            self.confirm(shared, up, topics).await?;
                        }
                        // Last, so that what was just read does not ask for the same again.
                        self.stale.lock().remove(&partition);
                    }
                    Work::Distrust(partition, epoch) => {
                        begin_epoch(shared, up, partition, Some(epoch)).await?;
                        self.again(up, partition);
                    }
                    Work::Adopt(partitions) => {
                        self.believe(shared, up, partitions.iter().copied()).await?;
                        self.subscribe(shared, up, &wanted(shared, &partitions)).await?;
                    }
                }
            }
            self.subscribe(shared, up, &subscribe).await?;
        }
        Ok(())
    }

    /// Subscribes, and tells since which heads that holds.
    async fn subscribe(&self, shared: &Shared, up: &Up, topics: &[Topic]) -> RedisResult<()> {
        for topics in topics.chunks(BATCH) {
            let channels: Vec<_> = topics.iter().map(|topic| shared.keys.topic(*topic)).collect();
            if shared.keys.is_clustered() {
                // One command for each: channels of one command have to share a slot.
                let mut subscribe = pipe();
                for channel in &channels {
                    subscribe.cmd("SSUBSCRIBE").arg(channel).ignore();
                }
                up.ask_link::<()>(&subscribe).await?;
            } else {
                up.link.clone().subscribe(channels).await?;
            }
            self.confirm(shared, up, topics).await?;
        }
        Ok(())
    }

    /// Reads heads of topics that are subscribed, and tells them behind what was heard so far.
    async fn confirm(&self, shared: &Shared, up: &Up, topics: &[Topic]) -> RedisResult<()> {
        let read = read_heads(shared, up, topics).await?;
        for (partition, epoch) in read.epochs {
            if self.set_epoch(shared, partition, epoch) {
                self.again(up, partition);
            }
        }
        let signals = topics.iter().zip(read.heads);
        let signals = signals.map(|(topic, head)| Signal::Subscribed { topic: *topic, head });
        // Where nobody hears any more, the commands go on.
        let _ = shared.queue.send(Heard::Signals(signals.collect())).await;
        Ok(())
    }

    /// Asks every second whether it is there, is still a master, and what time it is; why it ended.
    async fn probe(self: &Arc<Self>, shared: &Shared, up: &Up) -> String {
        let mut unanswered = 0;
        let mut ask = pipe();
        ask.cmd("TIME").cmd("ROLE");
        let mut ping = pipe();
        ping.cmd("PING").ignore();
        loop {
            tokio::select! {
                () = tokio::time::sleep(PROBE_EVERY) => {}
                () = up.suspected.notified() => {}
            }
            let mut commands = up.commands.clone();
            let asked = Instant::now();
            let answer = ask.query_async::<((u64, u64), Vec<Value>)>(&mut commands);
            match tokio::join!(answer, up.ask_link::<()>(&ping)) {
                (Ok((time, role)), Ok(())) => {
                    if !is_master(&role) {
                        return "it is no master any more".to_owned();
                    }
                    if shared.is_clock(self) {
                        let millis = time.0 * 1_000 + time.1 / 1_000;
                        shared.clock.hear(asked, Instant::now(), millis);
                    }
                    unanswered = 0;
                    if !up.answers.swap(true, Ordering::Relaxed) {
                        shared.tell_reachable();
                    }
                }
                (Err(error), _) | (_, Err(error)) => {
                    up.answers.store(false, Ordering::Relaxed);
                    shared.tell_reachable();
                    unanswered += 1;
                    if unanswered == PROBES || error.is_unrecoverable_error() {
                        return error.to_string();
                    }
                }
            }
        }
    }

    /// Has the heads of followed topics kept. Over a connection of its own: it may be many.
    async fn refresh(self: &Arc<Self>, shared: &Shared, up: &Up) {
        loop {
            tokio::time::sleep(REFRESH_EVERY).await;
            for topics in wanted(shared, &shared.partitions_of(self)).chunks(BATCH) {
                let mut expire = pipe();
                for topic in topics {
                    let key = shared.keys.topic(*topic);
                    expire.cmd("PEXPIRE").arg(key).arg(HEAD_KEEPS_MS).ignore();
                }
                let kept = match up.pool.get().await {
                    Ok(mut connection) => expire.exec_async(&mut connection).await,
                    Err(error) => Err(RedisError::from(std::io::Error::other(error))),
                };
                if let Err(error) = kept {
                    tracing::warn!(%error, "heads of topics could not be refreshed");
                }
            }
        }
    }
}

/// A connection that is read on the runtime where what it brings is told; here, where that has ended.
async fn link(
    shared: &Shared,
    client: &Client,
    config: AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    let there = shared.hears_on.wait().await;
    let opening = {
        let (client, config) = (client.clone(), config.clone());
        there.spawn(async move { connect(&client, &config).await })
    };
    match AbortOnDropHandle::new(opening).await {
        Ok(opened) => opened,
        Err(_) => connect(client, &config).await,
    }
}

fn wanted(shared: &Shared, partitions: &HashSet<Partition>) -> Vec<Topic> {
    let interest = shared.interest.lock();
    let is_theirs = |topic: &Topic| partitions.contains(&shared.keys.partition_of(*topic));
    interest.topics().filter(is_theirs).collect()
}

/// What takes pushes off the link. It is called by the task that reads the socket, and never waits.
fn hears(
    shared: &Arc<Shared>,
    broken: CancellationToken,
    leaving: Arc<Mutex<HashSet<String>>>,
) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
    let shared = Arc::downgrade(shared);
    move |push| {
        // A link that was given up may still read; what it hears would come behind its successor's.
        if broken.is_cancelled() {
            return Err(());
        }
        match push.kind {
            PushKind::Message | PushKind::SMessage => {
                if let Some(shared) = shared.upgrade() {
                    shared.tell(Heard::Push(push, Instant::now()));
                }
            }
            PushKind::Disconnection => broken.cancel(),
            // One that nobody asked for: the slot moved away. The driver takes it for an answer, and
            // what is answered from here on for something else.
            PushKind::SUnsubscribe => {
                let channel = match push.data.first() {
                    Some(Value::BulkString(channel)) => String::from_utf8_lossy(channel),
                    _ => "".into(),
                };
                if !leaving.lock().remove(channel.as_ref()) {
                    broken.cancel();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

async fn unsubscribe(shared: &Shared, up: &Up, topics: &[Topic]) -> RedisResult<()> {
    for topics in topics.chunks(BATCH) {
        let channels: Vec<_> = topics.iter().map(|topic| shared.keys.topic(*topic)).collect();
        if shared.keys.is_clustered() {
            up.leaving.lock().extend(channels.iter().cloned());
            let mut unsubscribe = pipe();
            for channel in &channels {
                unsubscribe.cmd("SUNSUBSCRIBE").arg(channel).ignore();
            }
            up.ask_link::<()>(&unsubscribe).await?;
        } else {
            up.link.clone().unsubscribe(channels).await?;
        }
    }
    Ok(())
}

/// A field of what INFO says.
pub(super) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

pub(super) fn is_master(role: &[Value]) -> bool {
    matches!(role.first(), Some(Value::BulkString(name)) if name == b"master")
}
