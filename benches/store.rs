//! How fast the embedded store is on this machine's disk: `cargo bench --bench store`.
//!
//! It writes into a folder of its own beside the build, or in `STARLING_BENCH_FOLDER`, and prints,
//! a line each:
//!
//! - `write`: with 1, 64 and 512 writers, each with one message of 200 bytes under way at a time:
//!   messages a second, every one on disk before its writer goes on; commits a second; the messages
//!   that shared one commit; how long a writer waited, at the median and at the 99th percentile.
//! - `edit`, `read up to`: the same for changes of messages and of watermarks, with 64 writers.
//! - `history`: pages a second of 50 messages in the middle of a room, with 16 readers.
//! - `changes`: reads a second of what changed in a room, where nothing did, and where 50 messages
//!   are new.
//! - `tails`: lists of 50 conversations a second, each with its newest message and unread count.
//!
//! With `STARLING_TEST_CQL=HOST:PORT` it measures the cluster's store there instead, in a keyspace of
//! its own that it leaves behind: 64 writers whose attempts are known to be the first (`plain`), and
//! as many in doubt (`decided`), for whom a lightweight transaction decides.
//!
//! It needs no argument and measures nothing under `cargo test`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use starling::domain::clock::HybridClock;
use starling::domain::history::Range;
use starling::protocol::{
    EventId, Member, Membership, Message, MessageId, MessageKind, Role, Room, RoomId, RoomKind,
    Topic, UserId,
};
use starling::store::scylla::{ScyllaOptions, ScyllaStore};
use starling::store::sqlite::{SqliteOptions, SqliteStore};
use starling::store::{
    MessageChange, MessageChangeKind, NewMessage, Store, StoreResult, Watermarks,
};
use uuid::Uuid;

const SECONDS: Duration = Duration::from_secs(4);
const ROOMS: usize = 50;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    if let Ok(nodes) = std::env::var("STARLING_TEST_CQL") {
        let nodes = nodes.split(',').map(str::to_owned).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return Ok(runtime.block_on(Box::pin(cql(nodes)))?);
    }
    let commits = Arc::new(Commits::default());
    metrics::set_global_recorder(CommitRecorder(commits.clone()))?;
    let beside = std::env::var_os("STARLING_BENCH_FOLDER")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let folder = tempfile::tempdir_in(beside)?;
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(folder.path()))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let bench = Bench::new(store, commits).await?;
        bench.writes().await?;
        bench.reads().await
    })?;
    Ok(())
}

/// Messages a second on the cluster's store.
async fn cql(nodes: Vec<String>) -> StoreResult<()> {
    let keyspace = format!("bench_{}", Uuid::new_v4().simple());
    let options = ScyllaOptions { replication: 1, ..ScyllaOptions::new(nodes, keyspace) };
    let store = Arc::new(ScyllaStore::connect(options).await?);
    let clock = Arc::new(HybridClock::default());
    let rooms: Arc<Vec<_>> = Arc::new((0..ROOMS).map(|_| RoomId(Uuid::new_v4())).collect());
    for (name, first) in [("plain", true), ("decided", false), ("plain", true), ("decided", false)]
    {
        let start = Instant::now();
        let writers = (0..64).map(|writer: usize| {
            let (store, clock, rooms) = (store.clone(), clock.clone(), rooms.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while start.elapsed() < SECONDS {
                    let author = UserId(Uuid::from_u128(writer as u128));
                    let room_id = rooms[(writer + waits.len()) % ROOMS];
                    let message = text(author, next(&clock));
                    let begun = Instant::now();
                    store.write_message(NewMessage { room_id, message, first }).await?;
                    waits.push(begun.elapsed());
                }
                StoreResult::Ok(waits)
            })
        });
        let mut waits = Vec::new();
        for writer in join_all(writers).await {
            waits.extend(writer.expect("it does not panic")?);
        }
        let took = start.elapsed().as_secs_f64();
        waits.sort_unstable();
        let wait = |percent: usize| waits[waits.len() * percent / 101].as_secs_f64() * 1e3;
        println!(
            "{name:<8} 64 tasks {:>7.0} a second; waited {:>7.3} ms, 99 % {:>7.3} ms",
            waits.len() as f64 / took,
            wait(50),
            wait(99),
        );
    }
    Ok(())
}

struct Bench {
    store: Arc<SqliteStore>,
    commits: Arc<Commits>,
    clock: Arc<HybridClock>,
    rooms: Arc<Vec<RoomId>>,
    user: UserId,
}

impl Bench {
    async fn new(store: Arc<SqliteStore>, commits: Arc<Commits>) -> StoreResult<Self> {
        let clock = Arc::new(HybridClock::default());
        let user = UserId(Uuid::new_v4());
        let mut rooms = Vec::new();
        for _ in 0..ROOMS {
            let version = next(&clock);
            let room = RoomId(version.0);
            let new = Room {
                id: room,
                kind: RoomKind::Public,
                name: "Room".to_owned(),
                description: String::new(),
                created_by: user,
                created_at: version.millis(),
                people: None,
                deleted: false,
                version,
            };
            let member = Member {
                room_id: room,
                user_id: user,
                state: Membership::Joined,
                role: Role::Owner,
                joined_at: version.millis(),
                delivered: None,
                read: None,
                version,
            };
            store.create_room(new, vec![member]).await?;
            rooms.push(room);
        }
        Ok(Self { store, commits, clock, rooms: Arc::new(rooms), user })
    }

    async fn writes(&self) -> StoreResult<()> {
        for writers in [1, 64, 512] {
            let Self { store, clock, rooms, .. } = self;
            let work = |n: usize| {
                let message = text(UserId(Uuid::from_u128(n as u128 % 64)), next(clock));
                let room_id = rooms[n % ROOMS];
                let store = store.clone();
                async move {
                    let new = NewMessage { room_id, message, first: true };
                    store.write_message(new).await.map(drop)
                }
            };
            self.report("write", writers, work).await?;
        }
        let room = self.rooms[0];
        let page = self.store.history(room, Range::Newest, 500).await?;
        let ids: Vec<MessageId> = page.into_iter().map(|message| message.id).collect();
        let Self { store, clock, rooms, user, .. } = self;
        let edit = |n: usize| {
            let (version, message_id) = (next(clock), ids[n % ids.len()]);
            let kind = MessageChangeKind::Edit { text: format!("Edit {n}"), at: version.millis() };
            let change = MessageChange { room_id: room, message_id, kind, version };
            let store = store.clone();
            async move { store.change_message(change).await.map(drop) }
        };
        self.report("edit", 64, edit).await?;
        let read = |n: usize| {
            let version = next(clock);
            let (room_id, user_id, read) = (rooms[n % ROOMS], *user, Some(version.into()));
            let told_to = Topic::Room(room_id);
            let to = Watermarks { room_id, user_id, delivered: None, read, version, told_to };
            let store = store.clone();
            async move { store.raise_watermarks(to).await.map(drop) }
        };
        self.report("read up to", 64, read).await
    }

    async fn reads(&self) -> StoreResult<()> {
        let room = self.rooms[ROOMS - 1];
        let page = self.store.history(room, Range::Newest, 5_000).await?;
        let (middle, fifty_ago) = (page[page.len() / 2].id, page[page.len() - 51].id);
        let Self { store, clock, rooms, user, .. } = self;
        let history = |_| {
            let store = store.clone();
            async move { store.history(room, Range::Before(middle), 50).await.map(drop) }
        };
        self.report("history", 16, history).await?;
        for (name, since) in
            [("changes, none", next(clock)), ("changes, 50", EventId::from(fifty_ago))]
        {
            let changes = |_| {
                let store = store.clone();
                async move { store.changes(Topic::Room(room), since, 500).await.map(drop) }
            };
            self.report(name, 16, changes).await?;
        }
        let asked: Arc<Vec<_>> = Arc::new(rooms.iter().map(|room| (*room, None)).collect());
        let tails = |_| {
            let (store, user, asked) = (store.clone(), *user, asked.clone());
            async move { store.tails(user, &asked, 100).await.map(drop) }
        };
        self.report("tails", 16, tails).await
    }

    /// Runs `work` from so many tasks for a while and prints what it came to.
    async fn report<F>(
        &self,
        name: &str,
        tasks: usize,
        work: impl Fn(usize) -> F,
    ) -> StoreResult<()>
    where
        F: Future<Output = StoreResult<()>>,
    {
        let (commits, jobs) = self.commits.so_far();
        let (start, count) = (Instant::now(), AtomicU64::new(0));
        let waits = join_all((0..tasks).map(async |_| {
            let mut waits = Vec::new();
            while start.elapsed() < SECONDS {
                let begun = Instant::now();
                work(count.fetch_add(1, Ordering::Relaxed) as usize).await?;
                waits.push(begun.elapsed());
            }
            StoreResult::Ok(waits)
        }))
        .await
        .into_iter()
        .collect::<StoreResult<Vec<_>>>()?;
        let took = start.elapsed().as_secs_f64();
        let mut waits: Vec<_> = waits.into_iter().flatten().collect();
        waits.sort_unstable();
        let wait = |percent: usize| {
            waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_secs_f64() * 1e3
        };
        print!(
            "{name:<14} {tasks:>4} tasks {:>9.0} a second; waited {:>7.3} ms, 99 % {:>7.3} ms",
            waits.len() as f64 / took,
            wait(50),
            wait(99),
        );
        let (commits, jobs) = (self.commits.so_far().0 - commits, self.commits.so_far().1 - jobs);
        if commits > 0 {
            let share = jobs as f64 / commits as f64;
            print!("; {:>6.0} commits a second of {share:.1}", commits as f64 / took);
        }
        println!();
        Ok(())
    }
}

fn next(clock: &HybridClock) -> EventId {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    clock.next(since.map_or(0, |since| since.as_millis() as u64), rand::random())
}

fn text(author: UserId, id: EventId) -> Message {
    Message {
        id: id.into(),
        author_id: author,
        kind: MessageKind::Text,
        text: "x".repeat(200),
        system: None,
        nonce: Uuid::new_v4().to_string(),
        reply_to: None,
        sent_at: id.millis(),
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
        reactions_version: None,
        version: id,
    }
}

/// Counts the store's commits by what it tells of them: each tells once how many jobs it held.
#[derive(Default)]
struct Commits {
    commits: AtomicU64,
    jobs: AtomicU64,
}

impl Commits {
    fn so_far(&self) -> (u64, u64) {
        (self.commits.load(Ordering::Relaxed), self.jobs.load(Ordering::Relaxed))
    }
}

impl HistogramFn for Commits {
    fn record(&self, jobs: f64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
    }
}

struct CommitRecorder(Arc<Commits>);

impl Recorder for CommitRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == "starling_store_commit_jobs" {
            return Histogram::from_arc(self.0.clone());
        }
        Histogram::noop()
    }
}
