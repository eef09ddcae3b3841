//! How much goes through one bus. Run it alone, in a release build:
//! `cargo test --release --lib bus::redis::tests::load -- --ignored --nocapture`

use std::sync::Arc;
use std::time::{Duration, Instant};

use starling_servers::Redis;
use tokio::task::block_in_place;

use super::{bus, ready};
use crate::bus::contract::{Stage, room};
use crate::bus::{Admitted, BusResult};
use crate::protocol::UserId;

const TASKS: usize = 64;
const TIME: Duration = Duration::from_secs(5);

fn number(redis: &Redis, section: &str, name: &str) -> u64 {
    let info = redis.cli(&["INFO", section]);
    let value = info.lines().find_map(|line| line.trim().strip_prefix(name));
    value.and_then(|value| value.strip_prefix(':')?.parse().ok()).unwrap_or(0)
}

/// Runs it in many tasks, and says how often it went, and what that cost Redis.
async fn measure(redis: &Redis, what: &str, task: impl AsyncFn(usize) -> BusResult<()>) {
    block_in_place(|| redis.cli(&["CONFIG", "RESETSTAT"]));
    let cpu = || {
        let info = redis.cli(&["INFO", "cpu"]);
        let seconds = |name: &str| -> f64 {
            let value = info.lines().find_map(|line| line.trim().strip_prefix(name));
            value.and_then(|value| value.strip_prefix(':')?.parse().ok()).unwrap_or(0.0)
        };
        seconds("used_cpu_sys") + seconds("used_cpu_user")
    };
    let (cpu_before, began) = (block_in_place(cpu), Instant::now());
    let tasks = (0..TASKS).map(async |number| {
        let mut done = 0_u64;
        while began.elapsed() < TIME {
            task(number).await.expect("it works");
            done += 1;
        }
        done
    });
    let done: u64 = futures_util::future::join_all(tasks).await.into_iter().sum();
    let seconds = began.elapsed().as_secs_f64();
    let per = |count: u64| count as f64 / done as f64;
    block_in_place(|| {
        println!(
            "{what}: {:.0} a second; each {:.1} commands, {:.0} bytes in, {:.0} out, {:.1} µs of Redis",
            done as f64 / seconds,
            per(number(redis, "stats", "total_commands_processed")),
            per(number(redis, "stats", "total_net_input_bytes")),
            per(number(redis, "stats", "total_net_output_bytes")),
            (cpu() - cpu_before) * 1e6 / done as f64,
        );
    });
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn what_goes_through_one_bus() -> BusResult<()> {
    let redis = Redis::start();
    let bus = bus(&[redis.url()]);
    ready(&bus).await;
    let stage = Stage::new(Arc::new(bus));
    let topics: Vec<_> = (0..TASKS).map(|_| room()).collect();
    let people: Vec<_> = (0..TASKS).map(|_| UserId(uuid::Uuid::new_v4())).collect();
    let text = "x".repeat(300);
    measure(&redis, "publish, nobody listens", async |task| {
        stage.publish(topics[task], &text).await.map(|_| ())
    })
    .await;
    measure(&redis, "publish ten at once", async |task| {
        let events = (0..10).map(|_| stage.event(topics[task], &text)).collect();
        stage.bus.publish(events).await
    })
    .await;
    measure(&redis, "admit, publish with the claim", async |task| {
        let nonce = uuid::Uuid::new_v4().to_string();
        let mut attempt = stage.attempt(people[task], &nonce);
        attempt.limit.1.most = 0;
        let Admitted::Go { id, .. } = stage.bus.admit(attempt).await? else {
            panic!("there is no limit")
        };
        let event = stage.event(topics[task], &text);
        assert!(stage.bus.publish_claimed(event, people[task], &nonce, id).await?);
        Ok(())
    })
    .await;
    measure(&redis, "admit, under a limit of 1,000", async |task| {
        let nonce = uuid::Uuid::new_v4().to_string();
        stage.bus.admit(stage.attempt(people[task], &nonce)).await.map(|_| ())
    })
    .await;
    measure(&redis, "heads of 64 topics", async |_| stage.bus.heads(&topics).await.map(|_| ()))
        .await;
    for topic in &topics {
        stage.subscribe(*topic).await?;
    }
    measure(&redis, "publish, heard by the same node", async |task| {
        stage.publish(topics[task], &text).await.map(|_| ())
    })
    .await;
    Ok(())
}
