//! Nodes, and what stands between them and Redis. Nothing here asserts what a test is about.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use starling_servers::{
    Cluster, ClusterOptions, NodeOptions, Proxy, Redis, Toxiproxy, WITHOUT_LIMITS, cql_for_tests,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::support::{Api, PATIENCE, Socket, register};

/// Far longer than two comparisons of heads; what was not told by then is not told.
pub const NEVER: Duration = Duration::from_secs(15);

/// Nodes on a Redis of their own, each reaching it through a proxy.
pub struct Rig {
    pub cluster: Cluster,
    pub redis: Redis,
    pub links: Vec<Proxy>,
    _toxiproxy: Toxiproxy,
    _turn: SemaphorePermit<'static>,
}

/// What one node's environment says, beside the others'.
pub type Environment<'a> = &'a [(usize, &'a str, &'a str)];

impl Rig {
    /// Two nodes without these rules (none: with all of them).
    pub async fn start(without: &str, environment: Environment<'_>) -> Self {
        Self::on("shared", without, environment).await
    }

    /// The same, in a keyspace that other tests' nodes don't use: they would publish, on a Redis of
    /// their own, what was left unpublished here.
    pub async fn alone(without: &str) -> Self {
        Self::on("alone", without, &[]).await
    }

    /// All rules, in a keyspace of the test's own.
    pub async fn in_keyspace(keyspace: &str) -> Self {
        Self::on(keyspace, "", &[]).await
    }

    async fn on(keyspace: &str, without: &str, environment: Environment<'_>) -> Self {
        // A few at a time: each is five processes.
        static TURNS: Semaphore = Semaphore::const_new(3);
        let turn = TURNS.acquire().await.expect("it is never closed");
        tokio::task::block_in_place(|| {
            let redis = Redis::start();
            let toxiproxy = Toxiproxy::start();
            let links: Vec<_> = (0..2).map(|_| toxiproxy.proxy(redis.address())).collect();
            let cluster =
                Cluster::start_with(options(&redis, keyspace), |index, node: &mut NodeOptions| {
                    node.set("--redis-url", &format!("redis://{}", links[index].address()));
                    node.environment.push(("STARLING_WITHOUT".to_owned(), without.to_owned()));
                    for (_, name, value) in environment.iter().filter(|(to, ..)| *to == index) {
                        node.environment.push(((*name).to_owned(), (*value).to_owned()));
                    }
                });
            Self { cluster, redis, links, _toxiproxy: toxiproxy, _turn: turn }
        })
    }

    /// Ada and Bob, and a room that both are in. Both talk to the first node.
    pub async fn people(&self) -> (Api, Api, String) {
        let address = self.cluster.nodes[0].address();
        let (ada, bob) = (register(address).await, register(address).await);
        let room = ada.room_with("public", &[&bob]).await;
        (ada, bob, room)
    }

    /// The same person at another node.
    pub fn at(&self, node: usize, person: &Api) -> Api {
        person.at(self.cluster.nodes[node].address())
    }

    /// Redis forgets everything; but the one claim that stands there is put aside. Gives its key.
    pub fn forget_claim(&self) -> String {
        let keys = self.redis.cli(&["--scan", "--pattern", "*claim*"]);
        let key = keys.lines().next().expect("there is a claim").to_owned();
        self.redis.cli(&["COPY", &key, &key, "DB", "1"]);
        self.redis.cli(&["FLUSHDB"]);
        key
    }

    /// A claim that was put aside stands again, as after a failover to a replica that had it.
    pub fn bring_back(&self, claim: &str) {
        self.redis.cli(&["-n", "1", "COPY", claim, claim, "DB", "0"]);
    }
}

/// What a keyspace of this run is called.
pub fn keyspace(name: &str) -> String {
    format!("cluster_{}_{name}", std::process::id())
}

fn options(redis: &Redis, name: &str) -> ClusterOptions {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let flags = WITHOUT_LIMITS.into_iter().chain([("--workers", "1")]);
    let arguments = flags.flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]).collect();
    ClusterOptions {
        program: env!("CARGO_BIN_EXE_starling").into(),
        nodes: 2,
        redis_url: redis.url(),
        redis_prefix: format!("t{number}"),
        contact_points: cql_for_tests().to_vec(),
        keyspace: keyspace(name),
        replication: 1,
        arguments,
        nginx: None,
    }
}

/// An attempt to send. Its answer's message id.
pub async fn attempt(person: &Api, room: &str, nonce: &str, retry: bool) -> String {
    let body = json!({ "nonce": nonce, "text": nonce, "retry": retry });
    let sent = person.post(&format!("/rooms/{room}/messages"), body).await.ok();
    sent["message_id"].as_str().expect("an id").to_owned()
}

/// The same, while something else is done.
pub fn attempt_meanwhile(
    person: &Api,
    room: &str,
    nonce: &str,
    retry: bool,
) -> tokio::task::JoinHandle<String> {
    let (person, room, nonce) = (person.clone(), room.to_owned(), nonce.to_owned());
    tokio::spawn(async move { attempt(&person, &room, &nonce, retry).await })
}

/// Whether the socket is told this text: in the end, or, without one of the rules, before long.
pub async fn is_told(without: &str, socket: &mut Socket, text: &str) -> bool {
    let patience = if without.is_empty() { PATIENCE } else { NEVER };
    timeout(patience, socket.text(text)).await.is_ok()
}

/// A poll that does not wait: its cursor, and whether this text was in it.
pub async fn poll(person: &Api, cursor: Option<&str>, text: &str) -> (String, bool) {
    let polled = person.poll(cursor, 0).await.ok();
    let told = polled["events"]
        .as_array()
        .is_some_and(|events| events.iter().any(|event: &Value| event["message"]["text"] == text));
    (polled["cursor"].as_str().expect("a cursor").to_owned(), told)
}
