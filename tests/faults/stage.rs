//! The servers that all scenarios share, and those that each has to itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use starling_servers::{
    Cassandra, Cluster, ClusterOptions, Durability, Link, NetworkNamespace, Process, Program,
    Proxy, Redis, RedisOptions, SentinelSet, Toxiproxy, WITHOUT_LIMITS,
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
    /// Another host stands between the last node and Redis.
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
    between: Option<Between>,
}

/// A host between the last node and Redis, with a cable to each.
struct Between {
    namespace: NetworkNamespace,
    cable: Link,
    /// Lives as long as this.
    proxy: Option<Process>,
}

impl Between {
    /// Passes on what the node sends over its cable to a Redis at this address, on the host's other
    /// cable; the node's address of it.
    fn proxy(&mut self, redis: SocketAddr, folder: &Path) -> SocketAddr {
        let listen = SocketAddr::new(self.cable.inside, 6379);
        let file = folder.join("between.conf");
        let configuration = format!(
            "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n\
             daemon off;\npid {0}/between.pid;\nerror_log stderr;\nevents {{}}\n\
             stream {{ server {{ listen {listen}; proxy_pass {redis}; proxy_timeout 1h; }} }}\n",
            folder.display(),
        );
        std::fs::write(&file, configuration).expect("it is written");
        let wrapper = self.namespace.wrapper();
        let proxy = Program::new(&wrapper[0], folder)
            .args(&wrapper[1..])
            .args(["nginx", "-p", ".", "-c"])
            .arg(&file)
            .start();
        self.proxy = Some(proxy);
        listen
    }
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
        let mut between = (setting == Setting::AnotherHost).then(|| {
            let namespace = NetworkNamespace::new();
            let cable = namespace.link();
            Between { namespace, cable, proxy: None }
        });
        let far_cable = between.as_ref().map(|between| between.namespace.link());
        let sentinels = (setting == Setting::Sentinel).then(|| SentinelSet::start(1));
        let redis = sentinels.is_none().then(|| {
            let also_on = far_cable.as_ref().map(|cable| cable.outside);
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
        let far_redis = between.as_mut().zip(far_cable.as_ref()).map(|(between, cable)| {
            let port = redis.as_ref().expect("it is a Redis alone").address().port();
            between.proxy(SocketAddr::new(cable.outside, port), self.folder.path())
        });
        let options = ClusterOptions {
            program: env!("CARGO_BIN_EXE_starling").into(),
            nodes: NODES,
            redis_url,
            redis_prefix: "faults".to_owned(),
            contact_points: self.cassandra.borrow().contact_points(),
            keyspace: self.keyspace.clone(),
            replication: 3,
            arguments: flags(),
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
            if let (Some(redis), true) = (far_redis, index == NODES - 1) {
                node.set("--redis-url", &format!("redis://{redis}"));
            }
        });
        let client_link =
            (setting == Setting::Proxies).then(|| self.toxiproxy.proxy(cluster.nginx_address()));
        Stage { servers: self, cluster, redis, sentinels, redis_links, client_link, between }
    }
}

fn flags() -> Vec<String> {
    let own = [("--access-token-s", "86400"), ("--workers", "1"), ("--drain-ms", "1000")];
    let all = WITHOUT_LIMITS.into_iter().chain(own);
    all.flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]).collect()
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

    /// The cable between the last node and the host on its way to Redis.
    pub fn cable(&self) -> &Link {
        &self.between.as_ref().expect("this scenario has it").cable
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
