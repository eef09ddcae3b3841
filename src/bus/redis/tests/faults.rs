//! What Redis may do, and what must hold nevertheless.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use starling_servers::{Redis, RedisCluster, SentinelSet};
use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::block_in_place;

use super::follower::Pair;
use super::{bus, bus_called, in_the_end, options, ready};
use crate::bus::contract::{Stage, frame, now, room};
use crate::bus::redis::RedisBus;
use crate::bus::{Admitted, Attempt, Bus, BusResult, Claim, Ear, LimitKey, Publication, Signal};
use crate::domain::clock::HybridClock;
use crate::domain::window::Limit;
use crate::protocol::UserId;

fn sentinel_urls(set: &SentinelSet) -> Vec<String> {
    let url = |address| format!("redis+sentinel://{address}/{}", set.name());
    set.addresses().into_iter().map(url).collect()
}

fn cluster_urls(cluster: &RedisCluster) -> Vec<String> {
    cluster.urls().iter().map(|url| url.replace("redis:", "redis+cluster:")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_connections_are_made_again_and_nothing_is_missing_unnoticed() {
    let redis = Redis::start();
    let pair = Pair::start(&[redis.url()]).await;
    let epoch = pair.follower.epoch();
    for kind in ["pubsub", "normal", "pubsub"] {
        block_in_place(|| redis.cli(&["CLIENT", "KILL", "TYPE", kind]));
        pair.resumes(kind).await;
    }
    assert_eq!(pair.follower.epoch(), epoch, "it is the same process");
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_starts_empty_is_another_epoch() {
    let mut redis = Redis::start();
    let pair = Pair::start(&[redis.url()]).await;
    let epoch = pair.follower.epoch();
    for _ in 0..2 {
        let marks = pair.marks();
        block_in_place(|| redis.restart());
        pair.resumes("after a restart").await;
        assert!(pair.marks() >= marks + pair.topics.len() as u64, "every topic is read");
    }
    assert_ne!(pair.follower.epoch(), epoch);
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_wiped_is_another_epoch() {
    let redis = Redis::start();
    let pair = Pair::start(&[redis.url()]).await;
    let (epoch, marks) = (pair.follower.epoch(), pair.marks());
    block_in_place(|| redis.cli(&["FLUSHALL"]));
    in_the_end("the other epoch is seen", async || pair.follower.epoch() != epoch).await;
    pair.resumes("after a wipe").await;
    let every = async || pair.marks() >= marks + pair.topics.len() as u64;
    in_the_end("every topic is read", every).await;
    pair.end().await;
}

/// The same where nobody publishes: whoever compares finds out.
#[tokio::test(flavor = "multi_thread")]
async fn a_wipe_is_found_without_an_event() -> BusResult<()> {
    let redis = Redis::start();
    let bus = bus(&[redis.url()]);
    ready(&bus).await;
    let stage = Stage::new(Arc::new(bus));
    let (busy, quiet) = (room(), room());
    stage.publish(busy, "x").await?;
    let (before, quiet_before) = (stage.subscribe(busy).await?, stage.subscribe(quiet).await?);
    assert_eq!((before.count, quiet_before.count), (1, 0));
    block_in_place(|| redis.cli(&["FLUSHALL"]));
    let head = stage.head(busy).await?.expect("it is known");
    assert_ne!(head.epoch, before.epoch);
    assert_eq!((head.count, head.newest), (0, None));
    assert!(head.counted_from_ms > before.counted_from_ms);
    for topic in [busy, quiet] {
        let is = |signal: &Signal| match signal {
            Signal::Subscribed { topic: there, head } if *there == topic => Some(*head),
            _ => None,
        };
        assert_eq!(stage.wait(is).await.epoch, head.epoch, "it is said of every topic");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_are_forgotten_are_loaded_again() {
    let redis = Redis::start();
    let pair = Pair::start(&[redis.url()]).await;
    let marks = pair.marks();
    for _ in 0..3 {
        block_in_place(|| redis.cli(&["SCRIPT", "FLUSH"]));
        pair.resumes("without scripts").await;
    }
    assert_eq!(pair.marks(), marks, "nothing was lost");
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_goes_back_ends_the_epoch() {
    let redis = Redis::start();
    let pair = Pair::start(&[redis.url()]).await;
    let epoch = pair.follower.epoch();
    let key = block_in_place(|| redis.cli(&["--scan", "--pattern", "*:topic:*"]));
    let key = key.lines().next().expect("a head");
    block_in_place(|| redis.cli(&["DEL", key]));
    in_the_end("the epoch ends", async || pair.follower.epoch() != epoch).await;
    pair.resumes("in another epoch").await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_keys_may_be_dropped_a_missing_head_says_nothing() -> BusResult<()> {
    let redis = Redis::start();
    block_in_place(|| redis.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]));
    let bus = bus(&[redis.url()]);
    ready(&bus).await;
    let stage = Stage::new(Arc::new(bus));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let now = stage.bus.now_ms().expect("it was heard");
    let head = stage.subscribe(room()).await?;
    assert!(head.counted_from_ms >= now && !head.is_quiet_since(now));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_stopped_the_node_goes_on_by_itself() -> BusResult<()> {
    let redis = Redis::start();
    let pair = Pair::start(&[redis.url()]).await;
    let bus = bus(&[redis.url()]);
    ready(&bus).await;
    let stage = Stage::new(Arc::new(bus));
    let author = UserId(uuid::Uuid::new_v4());
    let (key, limit) = (LimitKey::Api(author), Limit { most: 3, per_ms: 600_000 });
    let attempt =
        |nonce: &str| Attempt { limit: (key.clone(), limit), ..stage.attempt(author, nonce) };
    let new = stage.bus.admit(attempt("before")).await?;
    assert!(matches!(new, Admitted::Go { claim: Claim::New, .. }));

    redis.pause();
    let stopped = Instant::now();
    let first = attempt("first");
    let admitted = stage.bus.admit(first.clone()).await?;
    assert_eq!(admitted, Admitted::Go { id: first.proposed, claim: Claim::None });
    assert!(stopped.elapsed() < Duration::from_millis(1_500), "one wait: {:?}", stopped.elapsed());
    assert!(!stage.bus.is_reachable());
    let mut fallen_back = 1;
    while stopped.elapsed() < Duration::from_secs(10) {
        let began = Instant::now();
        if fallen_back < 3 {
            let next = attempt(&fallen_back.to_string());
            let admitted = stage.bus.admit(next.clone()).await?;
            assert_eq!(admitted, Admitted::Go { id: next.proposed, claim: Claim::None });
            fallen_back += 1;
        } else {
            let refused = stage.bus.admit(attempt("more")).await?;
            assert!(matches!(refused, Admitted::Refused(_)), "the node counts itself");
        }
        assert!(stage.publish(room(), "x").await.is_err());
        assert!(stage.bus.heads(&[room()]).await.is_err());
        assert!(stage.bus.presence_of(&[author]).await.is_err());
        assert!(began.elapsed() < Duration::from_millis(200), "at once: {:?}", began.elapsed());
        let off = stage.bus.now_ms().expect("it goes on").abs_diff(now());
        assert!(off < 100, "{off} ms off");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    redis.resume();
    in_the_end("it is found again", async || stage.bus.is_reachable()).await;
    let admitted = stage.bus.admit(attempt("after")).await?;
    assert!(
        matches!(admitted, Admitted::Go { claim: Claim::New, .. }),
        "Redis decides again: {admitted:?}"
    );
    pair.resumes("after a stop").await;
    pair.end().await;
    Ok(())
}

/// An ear that takes its first event only when it may go on.
struct Slow {
    may_go_on: Arc<AtomicBool>,
    tell: UnboundedSender<Signal>,
}

impl Ear for Slow {
    fn hear(&self, signals: Vec<Signal>) {
        let is_event = signals.iter().any(|signal| matches!(signal, Signal::Event { .. }));
        while is_event && !self.may_go_on.load(Ordering::Relaxed) {
            block_in_place(|| std::thread::sleep(Duration::from_millis(10)));
        }
        for signal in signals {
            let _ = self.tell.send(signal);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ear_that_is_slow_costs_a_gap_everywhere() -> BusResult<()> {
    let redis = Redis::start();
    let bus = bus(&[redis.url()]);
    ready(&bus).await;
    let (tell, mut told) = unbounded_channel();
    let may_go_on = Arc::new(AtomicBool::new(false));
    bus.listen(Box::new(Slow { may_go_on: Arc::clone(&may_go_on), tell }));
    let topic = room();
    bus.subscribe(&[topic]).await?;
    in_the_end("it is subscribed", async || !told.is_empty()).await;
    let ids = HybridClock::default();
    let event = |_| Publication {
        topic,
        event_id: ids.next(1_790_000_000_000, rand::random()),
        control: None,
        frame: frame("x"),
    };
    let mut published = 0;
    while !bus.shared.overflowed.load(Ordering::Relaxed) {
        bus.publish((0..500).map(event).collect()).await?;
        published += 500;
    }
    may_go_on.store(true, Ordering::Relaxed);
    let mut events = 0;
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), told.recv()).await;
        match next.expect("in time").expect("the ear is there") {
            Signal::Event { .. } => events += 1,
            Signal::GapEverywhere => break,
            _ => {}
        }
    }
    assert!(events < published);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_that_loses_the_last_writes_is_another_epoch() {
    let mut set = block_in_place(|| SentinelSet::start(1));
    let pair = Pair::start(&sentinel_urls(&set)).await;
    let (epoch, marks) = (pair.follower.epoch(), pair.marks());
    // The replica doesn't get what is written from here on.
    let replica = 1;
    set.redis[replica].pause();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let old = block_in_place(|| {
        let old = set.kill_master();
        set.redis[replica].resume();
        set.wait_for_another_master(old)
    });
    assert_eq!(old, replica);
    pair.resumes("after a failover").await;
    assert_ne!(pair.follower.epoch(), epoch);
    assert!(pair.marks() >= marks + pair.topics.len() as u64, "every topic is read");
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_on_purpose_is_followed() {
    let set = block_in_place(|| SentinelSet::start(1));
    let pair = Pair::start(&sentinel_urls(&set)).await;
    let epoch = pair.follower.epoch();
    block_in_place(|| set.fail_over());
    in_the_end("the other epoch is seen", async || pair.follower.epoch() != epoch).await;
    pair.resumes("after a failover").await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_master_dies_goes_on_with_its_replica() {
    let mut cluster = block_in_place(RedisCluster::start);
    let pair = Pair::start(&cluster_urls(&cluster)).await;
    let epoch = pair.follower.epoch();
    block_in_place(|| {
        cluster.kill_master();
        cluster.wait_for_masters();
    });
    pair.resumes("after a failover").await;
    assert_ne!(pair.follower.epoch(), epoch);
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_move_are_followed() {
    let cluster = block_in_place(RedisCluster::start);
    let pair = Pair::start(&cluster_urls(&cluster)).await;
    let id = |index: usize| cluster.redis[index].cli(&["CLUSTER", "MYID"]);
    let masters = cluster.masters();
    let (from, to) = block_in_place(|| (id(masters[0]), id(masters[1])));
    let address = cluster.redis[0].address().to_string();
    block_in_place(|| {
        cluster.redis[0].cli(&[
            "--cluster",
            "reshard",
            &address,
            "--cluster-from",
            &from,
            "--cluster-to",
            &to,
            "--cluster-slots",
            "3000",
            "--cluster-yes",
        ])
    });
    pair.resumes("after the move").await;
    pair.end().await;
}

/// Tells on which thread it hears of an event.
struct OnThread(UnboundedSender<std::thread::ThreadId>);

impl Ear for OnThread {
    fn hear(&self, signals: Vec<Signal>) {
        if signals.iter().any(|signal| matches!(signal, Signal::Event { .. })) {
            let _ = self.0.send(std::thread::current().id());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_hears_may_end_and_it_goes_on_publishing() -> BusResult<()> {
    let redis = Redis::start();
    let there = Arc::new(SetOnce::new());
    let bus = RedisBus::connect_to_hear_on(Arc::clone(&there), &options(&[redis.url()], "t"));
    let bus = bus.expect("the options are good");
    let (tell, mut told) = unbounded_channel();
    bus.listen(Box::new(OnThread(tell)));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!bus.is_reachable(), "it connects when it knows where to hear");

    let (end, ends) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let run = async move {
            let _ = there.set(Handle::current());
            let _ = ends.await;
        };
        runtime.expect("a runtime").block_on(run);
    });
    ready(&bus).await;
    let topic = room();
    bus.subscribe(&[topic]).await?;
    let ids = HybridClock::default();
    let event = || Publication {
        topic,
        event_id: ids.next(now(), rand::random()),
        control: None,
        frame: frame("x"),
    };
    in_the_end("an event is heard", async || {
        let _ = bus.publish(vec![event()]).await;
        !told.is_empty()
    })
    .await;
    assert_eq!(told.recv().await, Some(thread.thread().id()));

    let other = Stage::new(Arc::new(bus_called(&[redis.url()], "t")));
    other.subscribe(topic).await?;
    end.send(()).expect("it waits for this");
    block_in_place(|| thread.join()).expect("it ends");
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        // For a moment it connects anew.
        let _ = bus.publish(vec![event()]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bus.subscribe(&[room()]).await?;
    ready(&bus).await;
    let last = event();
    bus.publish(vec![last.clone()]).await?;
    while other.next(topic).await.publication.event_id != last.event_id {}
    Ok(())
}
