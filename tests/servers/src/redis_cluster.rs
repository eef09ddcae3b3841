//! A Redis Cluster: three masters with a replica each.

use std::net::SocketAddr;
use std::process::Command;

use crate::ports::Port;
use crate::process::wait_until;
use crate::programs;
use crate::redis::{Redis, RedisOptions};

const MASTERS: usize = 3;

/// A master that is silent for this long is replaced.
const NODE_TIMEOUT_MS: u32 = 2_000;

#[derive(Debug)]
pub struct RedisCluster {
    /// The first three were the masters at the beginning.
    pub redis: Vec<Redis>,
    _bus: Vec<Port>,
}

impl RedisCluster {
    /// Ready: every slot is served, and every master has a replica.
    pub fn start() -> Self {
        let bus: Vec<_> = (0..2 * MASTERS).map(|_| Port::reserve()).collect();
        let redis: Vec<_> = bus.iter().map(start_one).collect();
        let addresses = redis.iter().map(|redis| redis.address().to_string());
        let output = Command::new(programs::find("redis-cli"))
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .expect("redis-cli can be run");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the cluster can't be made: {said}");
        let cluster = Self { redis, _bus: bus };
        cluster.wait_until_whole();
        cluster
    }

    /// Waits until every node says that all is well, and each replica follows its master.
    pub fn wait_until_whole(&self) {
        wait_until("the cluster is whole", || {
            self.redis.iter().all(|redis| {
                let role = redis.cli(&["ROLE"]);
                redis.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
                    && (role.starts_with("master") || role.contains("connected"))
            }) && self.masters().len() == MASTERS
        });
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.redis.iter().map(Redis::address).collect()
    }

    pub fn urls(&self) -> Vec<String> {
        self.redis.iter().map(Redis::url).collect()
    }

    /// Which of `redis` are masters now.
    pub fn masters(&self) -> Vec<usize> {
        let role = |redis: &Redis| {
            crate::redis::ask(redis.address().port(), &["ROLE"]).starts_with("master")
        };
        (0..self.redis.len()).filter(|&index| role(&self.redis[index])).collect()
    }

    /// Kills a master with `kill -9`, and gives its index. Its replica takes its place within some
    /// seconds: `wait_for_masters`.
    pub fn kill_master(&mut self) -> usize {
        let master = self.masters()[0];
        self.redis[master].kill();
        master
    }

    /// Waits until there are as many masters as there should be, and those that run serve all.
    pub fn wait_for_masters(&self) {
        wait_until("a replica has become a master", || {
            let masters = self.masters();
            masters.len() == MASTERS
                && masters.iter().all(|&index| {
                    self.redis[index].cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
                })
        });
    }
}

fn start_one(bus: &Port) -> Redis {
    let arguments = [
        "--cluster-enabled".to_owned(),
        "yes".to_owned(),
        "--cluster-port".to_owned(),
        bus.number().to_string(),
        "--cluster-node-timeout".to_owned(),
        NODE_TIMEOUT_MS.to_string(),
        // A replica that has missed something is still better than none.
        "--cluster-replica-validity-factor".to_owned(),
        "0".to_owned(),
    ];
    Redis::with(RedisOptions { arguments: arguments.to_vec(), ..RedisOptions::default() })
}
