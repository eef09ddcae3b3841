//! The servers that all scenarios share, and those that each has to itself.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use starling_servers::{
    Cassandra, Cluster, ClusterOptions, Durability, Link, NetworkNamespace, Proxy, Redis,
    RedisOptions, SentinelSet, Toxiproxy,
};
use tempfile::TempDir;

use crate::swarm::{self, Swarm};

pub const NODES: usize = 3;

/// How a scenario's nodes reach Redis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Plain,
    /// Each node through a proxy of its own; the clients through one before nginx.
    Proxies,
    /// A master and a replica, watched by sentinels.
    Sentinel,
    /// The last node is another host.
    AnotherHost,
    /// The nodes' clocks are 30 s fast, right, and 30 s slow.
    ClocksApart,
    /// The first node dies at the first step of a message's way.
    Stops,
}

/// What all scenarios share.
pub struct Servers {
    pub cassandra: std::cell::RefCell<Cassandra>,
    toxiproxy: Toxiproxy,
    swarm: PathBuf,
    keyspace: String,
    folder: TempDir,
}

/// What a scenario has to itself.
pub struct Stage<'a> {
    pub servers: &'a Servers,
    pub cluster: Cluster,
    pub redis: Option<Redis>,
    pub sentinels: Option<SentinelSet>,
    /// Between each node and Redis.
    pub redis_links: Vec<Proxy>,
    /// Between the clients and nginx.
    pub client_link: Option<Proxy>,
    /// Between the node on another host and Redis.
    pub redis_cable: Option<Link>,
    _host: Option<Host>,
}

/// Another host, with one cable to Redis and one to everything else.
struct Host {
    namespace: NetworkNamespace,
    cable: Link,
    cql: Vec<Proxy>,
}

impl Servers {
    pub fn start() -> Self {
        let swarm = swarm::build();
        let cassandra = Cassandra::start(3, Durability::Batch);
        Self {
            cassandra: cassandra.into(),
            toxiproxy: Toxiproxy::start(),
            swarm,
            keyspace: format!("faults_{}", std::process::id()),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn stage(&self, setting: Setting) -> Stage<'_> {
        let host = (setting == Setting::AnotherHost).then(NetworkNamespace::new);
        let redis_cable = host.as_ref().map(NetworkNamespace::link);
        let sentinels = (setting == Setting::Sentinel).then(|| SentinelSet::start(1));
        let redis = sentinels.is_none().then(|| {
            let also_on = redis_cable.as_ref().map(|cable| cable.outside);
            Redis::with(RedisOptions { also_on, ..RedisOptions::default() })
        });
        let redis_url = match (&redis, &sentinels) {
            (Some(redis), _) => redis.url(),
            (None, Some(sentinels)) => {
                let address = |address| format!("redis+sentinel://{address}/{}", sentinels.name());
                sentinels.addresses().iter().map(address).collect::<Vec<_>>().join(",")
            }
            (None, None) => unreachable!("there is one or the other"),
        };
        let redis_links: Vec<_> = match &redis {
            Some(redis) if setting == Setting::Proxies => {
                (0..NODES).map(|_| self.toxiproxy.proxy(redis.address())).collect()
            }
            _ => Vec::new(),
        };
        let mut host = host.map(|namespace| {
            let cable = namespace.link();
            Host { namespace, cable, cql: Vec::new() }
        });
        let far = host.as_mut().zip(redis_cable.as_ref()).map(|(host, redis_cable)| {
            host.cql = vec![
                self.toxiproxy.proxy_on(host.cable.outside, self.cassandra.borrow().addresses()[0]),
            ];
            let redis = redis.as_ref().expect("it is a Redis alone").address().port();
            (
                host.cable.inside,
                host.namespace.wrapper(),
                format!("redis://{}:{redis}", redis_cable.outside),
                host.cql[0].address().to_string(),
            )
        });
        let options = ClusterOptions {
            program: env!("CARGO_BIN_EXE_starling").into(),
            nodes: NODES,
            redis_url,
            redis_prefix: "faults".to_owned(),
            contact_points: self.cassandra.borrow().contact_points(),
            keyspace: self.keyspace.clone(),
            replication: 3,
            arguments: limits_off(),
            nginx: None,
        };
        let cluster = Cluster::start_with(options, |index, node| {
            if let Some(link) = redis_links.get(index) {
                node.set("--redis-url", &format!("redis://{}", link.address()));
            }
            match setting {
                Setting::ClocksApart => node.clock_off_s = [30, 1, -30][index],
                Setting::Stops if index == 0 => {
                    node.environment.push(("STARLING_STOP".to_owned(), "received:20".to_owned()));
                }
                _ => {}
            }
            if let (Some((address, wrapper, redis, cql)), true) = (&far, index == NODES - 1) {
                node.address = Some(*address);
                node.wrapper.clone_from(wrapper);
                node.set("--redis-url", redis);
                node.set("--scylla-nodes", cql);
            }
        });
        let client_link =
            (setting == Setting::Proxies).then(|| self.toxiproxy.proxy(cluster.nginx_address()));
        Stage {
            servers: self,
            cluster,
            redis,
            sentinels,
            redis_links,
            client_link,
            redis_cable,
            _host: host,
        }
    }
}

fn limits_off() -> Vec<String> {
    [
        ("--password-memory-kib", "8"),
        ("--password-passes", "1"),
        ("--limit-messages", "off"),
        ("--limit-api", "off"),
        ("--limit-logins-to-account", "off"),
        ("--limit-logins-from-address", "off"),
        ("--limit-commands", "off"),
        ("--access-token-s", "86400"),
        ("--workers", "1"),
        ("--drain-ms", "1000"),
    ]
    .iter()
    .flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()])
    .collect()
}

impl Stage<'_> {
    /// Clients of this cluster that chat for so long.
    pub fn swarm(&self, name: &str, time: Duration, more: &[&str]) -> Swarm {
        let state = self.servers.folder.path().join(format!("{name}.json"));
        let before = self.client_link.as_ref().map(Proxy::address);
        let server = before.unwrap_or_else(|| self.cluster.nginx_address());
        let mut arguments: Vec<String> = [
            ("--server", server.to_string()),
            ("--state", state.display().to_string()),
            ("--seconds", time.as_secs().to_string()),
            ("--users", "60".to_owned()),
            ("--rooms-of", "12".to_owned()),
            ("--rooms-per-user", "2".to_owned()),
            ("--rate", "600".to_owned()),
            ("--parallel", "8".to_owned()),
            ("--drop-rate", "2".to_owned()),
            ("--switch-rate", "2".to_owned()),
            ("--poll-share", "0.1".to_owned()),
        ]
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value])
        .collect();
        for node in &self.cluster.nodes {
            arguments.extend(["--server-pid".to_owned(), node.pid().to_string()]);
        }
        for pair in more.chunks(2) {
            let known = arguments.iter().position(|argument| argument == pair[0]);
            match (known, pair) {
                (Some(place), [_, value]) => (*value).clone_into(&mut arguments[place + 1]),
                _ => arguments.extend(pair.iter().map(|argument| (*argument).to_owned())),
            }
        }
        let log = self.servers.folder.path().join(format!("{name}.log"));
        Swarm::start(&self.servers.swarm, &arguments, log)
    }

    pub fn redis(&mut self) -> &mut Redis {
        self.redis.as_mut().expect("this scenario has a Redis alone")
    }
}

/// Goes on until the time is up.
pub struct Span {
    ends: Instant,
}

impl Span {
    pub fn of(time: Duration) -> Self {
        Self { ends: Instant::now() + time }
    }

    /// Waits, but not beyond the end; `false` once it is reached.
    pub fn wait(&self, seconds: f64) -> bool {
        let left = self.ends.saturating_duration_since(Instant::now());
        std::thread::sleep(Duration::from_secs_f64(seconds).min(left));
        Instant::now() < self.ends
    }
}

/// A random number below `below`.
pub fn any(below: usize) -> usize {
    rand::random_range(0..below)
}
