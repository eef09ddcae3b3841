//! The contract, and faults, against real servers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use starling_servers::{RedisCluster, redis_for_tests};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use uuid::Uuid;

use super::{RedisBus, RedisOptions};
use crate::bus::Bus;

mod connecting;
mod faults;
mod follower;
mod load;

/// A bus with keys of its own.
fn bus(urls: &[String]) -> RedisBus {
    bus_called(urls, &format!("test_{}", Uuid::new_v4().simple()))
}

fn bus_called(urls: &[String], prefix: &str) -> RedisBus {
    RedisBus::connect(&options(urls, prefix)).expect("the options are good")
}

fn options(urls: &[String], prefix: &str) -> RedisOptions {
    RedisOptions { urls: urls.to_vec(), password: None, prefix: prefix.to_owned(), ca: None }
}

/// Waits until this is so.
async fn in_the_end(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..6_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within a minute");
}

/// Waits until the bus answers, and its clock was heard.
async fn ready(bus: &RedisBus) {
    in_the_end("Redis answers", async || bus.is_reachable() && bus.now_ms().is_some()).await;
}

fn ready_now(urls: &[String]) -> (Arc<dyn Bus>, ()) {
    let bus = bus(urls);
    block_in_place(|| Handle::current().block_on(ready(&bus)));
    (Arc::new(bus), ())
}

mod alone {
    use super::{Arc, Bus, ready_now, redis_for_tests};
    use crate::bus::contract::contract_tests;

    fn fresh() -> (Arc<dyn Bus>, ()) {
        ready_now(&[redis_for_tests().to_owned()])
    }

    contract_tests!(fresh);
}

mod in_a_cluster {
    use super::{Arc, Bus, OnceLock, RedisCluster, ready_now};
    use crate::bus::contract::contract_tests;

    fn fresh() -> (Arc<dyn Bus>, ()) {
        static CLUSTER: OnceLock<RedisCluster> = OnceLock::new();
        let cluster = CLUSTER.get_or_init(RedisCluster::start);
        let urls = cluster.urls().into_iter().map(|url| url.replace("redis:", "redis+cluster:"));
        ready_now(&urls.collect::<Vec<_>>())
    }

    contract_tests!(fresh);
}
