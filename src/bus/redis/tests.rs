//! The contract, and faults, against real servers.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::block_in_place;
use uuid::Uuid;

use super::*;
use crate::bus::Bus;
use crate::bus::contract::contract_tests;

fn bus(urls: &[String], prefix: &str) -> RedisBus {
    let prefix = prefix.to_owned();
    let options = RedisOptions { urls: urls.to_vec(), prefix, ca: None };
    RedisBus::connect(&options).expect("the options are good")
}

/// Waits until the bus answers, and its clock was heard.
async fn ready(bus: &RedisBus) {
    for _ in 0..1_000 {
        if bus.is_reachable() && bus.now_ms().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("Redis can't be reached");
}

fn fresh() -> (Arc<dyn Bus>, ()) {
    let url = std::env::var("STARLING_TEST_REDIS").expect("a Redis");
    let bus = bus(&[url], &format!("test_{}", Uuid::new_v4().simple()));
    block_in_place(|| Handle::current().block_on(ready(&bus)));
    (Arc::new(bus), ())
}

contract_tests!(fresh);
