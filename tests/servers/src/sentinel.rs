//! A master, its replicas, and three sentinels that watch over them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use tempfile::TempDir;

use crate::guardian;
use crate::ports::Port;
use crate::process::{Process, Program, wait_until};
use crate::programs;
use crate::redis::{Redis, RedisOptions, ask};

/// What the sentinels call the master.
const NAME: &str = "starling";

/// A master that is silent for this long is replaced. Sentinels take no less than a second's
/// worth of pings to be sure.
const DOWN_AFTER_MS: u32 = 1_000;
const FAILOVER_TIMEOUT_MS: u32 = 5_000;

#[derive(Debug)]
pub struct SentinelSet {
    /// The first was the master at the beginning.
    pub redis: Vec<Redis>,
    pub sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
pub struct Sentinel {
    pub process: Process,
    port: Port,
    _folder: TempDir,
}

impl SentinelSet {
    /// With so many replicas, one or two; ready to fail over.
    pub fn start(replicas: usize) -> Self {
        let master = Redis::start();
        let of = format!("{} {}", master.address().ip(), master.address().port());
        let mut redis = vec![master];
        for _ in 0..replicas {
            let arguments = ["--replicaof", &of, "--repl-ping-replica-period", "1"];
            let arguments = arguments.map(str::to_owned).to_vec();
            redis.push(Redis::with(RedisOptions { arguments, ..RedisOptions::default() }));
        }
        wait_until("the replicas are connected", || {
            redis[1..].iter().all(|one| one.cli(&["INFO", "replication"]).contains("status:up"))
        });
        let port = redis[0].address().port();
        let sentinels = (0..3).map(|_| Sentinel::start(port)).collect();
        let set = Self { redis, sentinels };
        wait_until("the sentinels know of each other", || set.is_complete());
        set
    }

    fn is_complete(&self) -> bool {
        self.sentinels.iter().all(|sentinel| {
            let known = ask(sentinel.port.number(), &["SENTINEL", "MASTER", NAME]);
            let fields: Vec<_> = known.lines().collect();
            let number = |name: &str| {
                let pair = fields.chunks(2).find(|pair| pair[0] == name)?;
                pair.get(1)?.parse::<usize>().ok()
            };
            number("num-other-sentinels") == Some(self.sentinels.len() - 1)
                && number("num-slaves") == Some(self.redis.len() - 1)
        })
    }

    /// Where the sentinels listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sentinels.iter().map(|sentinel| sentinel.port.address()).collect()
    }

    /// What the sentinels call the master.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// Which of `redis` the sentinels say is the master; `None` while they don't agree.
    pub fn master(&self) -> Option<usize> {
        let mut told = self.sentinels.iter().filter_map(|sentinel| {
            let get = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
            ask(sentinel.port.number(), &get).lines().nth(1)?.parse::<u16>().ok()
        });
        let port = told.next()?;
        if told.any(|other| other != port) {
            return None;
        }
        self.redis.iter().position(|redis| redis.address().port() == port)
    }

    /// Kills the master with `kill -9`, and gives its index. The sentinels take some seconds to
    /// put another one in its place: `wait_for_another_master`.
    pub fn kill_master(&mut self) -> usize {
        let master = self.agreed_master();
        self.redis[master].kill();
        master
    }

    /// Makes a replica the master, while all run; gives the new one's index.
    pub fn fail_over(&self) -> usize {
        let old = self.agreed_master();
        wait_until("a sentinel begins a failover", || {
            ask(self.sentinels[0].port.number(), &["SENTINEL", "FAILOVER", NAME]) == "OK"
        });
        self.wait_for_another_master(old)
    }

    /// Waits until the sentinels have put another in the place of this one, and it takes writes.
    pub fn wait_for_another_master(&self, old: usize) -> usize {
        let mut new = old;
        wait_until("there is another master", || {
            new = self.master().unwrap_or(old);
            new != old && self.redis[new].try_cli(&["ROLE"]).starts_with("master")
        });
        new
    }

    /// Waits until all of them run again, and follow the master.
    pub fn wait_until_whole(&self) {
        wait_until("all follow the master", || {
            let roles: Vec<_> = self.redis.iter().map(|redis| redis.try_cli(&["ROLE"])).collect();
            let followers = roles.iter().filter(|role| {
                role.starts_with("slave") && role.lines().any(|line| line == "connected")
            });
            followers.count() == self.redis.len() - 1 && self.is_complete()
        });
    }

    fn agreed_master(&self) -> usize {
        let mut master = None;
        wait_until("the sentinels agree on a master", || {
            master = self.master();
            master.is_some()
        });
        master.expect("they agree")
    }
}

impl Sentinel {
    fn start(master: u16) -> Self {
        let folder = guardian::folder("sentinel");
        let port = Port::reserve();
        let file = folder.path().join("sentinel.conf");
        // It writes what it learns into this file.
        let text = format!(
            "bind 127.0.0.1\nport {}\nprotected-mode no\n\
             sentinel monitor {NAME} {} {master} 2\n\
             sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n\
             sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT_MS}\n",
            port.number(),
            Ipv4Addr::LOCALHOST,
        );
        fs::write(&file, text).expect("a file can be written");
        let program = Program::new(programs::find("redis-sentinel"), folder.path()).arg(file);
        let mut process = program.start();
        process.wait_until("answered", |_| ask(port.number(), &["PING"]) == "PONG");
        Self { process, port, _folder: folder }
    }

    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }
}
