//! Real servers for the tests: Redis (alone, with sentinels, as a cluster), Apache Cassandra (which
//! speaks ScyllaDB's protocol), nginx, toxiproxy, Prometheus, network namespaces, and nodes of Starling
//! itself.
//!
//! - Everything listens on free ports of this machine, keeps its files in a temporary folder, and is
//!   ended by its own process id when its value is dropped.
//! - Nothing is left when the process that started it is killed (`guardian`).
//! - What can't be started fails with a panic that shows the end of its log: no test can go on.
//! - Calls block. In an async test that matters little; `spawn_blocking` where it does.
//!
//! `scripts/servers.sh` installs what is needed. This crate knows Starling as a program only.

mod cassandra;
mod certificate;
mod cluster;
mod guardian;
mod http;
mod namespace;
mod nginx;
mod node;
mod ports;
mod process;
mod programs;
mod prometheus;
mod redis;
mod redis_cluster;
mod sentinel;
mod shared;
mod toxiproxy;

pub use cassandra::{Cassandra, Durability};
pub use certificate::Certificate;
pub use cluster::{Cluster, ClusterOptions};
pub use namespace::{Link, NetworkNamespace};
pub use nginx::Nginx;
pub use node::{Node, NodeOptions, WITHOUT_LIMITS};
pub use ports::Port;
pub use process::{PATIENCE, Process, Program, wait_until};
pub use prometheus::Prometheus;
pub use redis::{Redis, RedisOptions};
pub use redis_cluster::RedisCluster;
pub use sentinel::{Sentinel, SentinelSet};
pub use shared::{cql_for_tests, redis_for_tests};
pub use toxiproxy::{Direction, Proxy, Toxic, ToxicName, Toxiproxy};
