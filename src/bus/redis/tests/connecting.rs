//! How a bus finds its Redis.

use std::time::Duration;

use starling_servers::{Certificate, Port, Redis, RedisOptions as Server};
use tokio::task::block_in_place;

use super::{bus, in_the_end, ready};
use crate::bus::contract::{Stage, room};
use crate::bus::redis::{RedisBus, RedisOptions, RedisOptionsError};
use crate::bus::{Bus, BusResult, LimitKey};
use crate::domain::window::Limit;
use crate::protocol::UserId;

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_later_is_found() -> BusResult<()> {
    let port = Port::reserve();
    let url = format!("redis://127.0.0.1:{}", port.number());
    let bus = bus(&[url]);
    assert_eq!((bus.now_ms(), bus.epoch(), bus.is_reachable()), (None, None, false));
    let user = UserId(uuid::Uuid::new_v4());
    let limit = Limit { most: 1, per_ms: 600_000 };
    assert!(bus.limit(LimitKey::Api(user), limit).await?.allowed);
    assert!(!bus.limit(LimitKey::Api(user), limit).await?.allowed);
    let stage = Stage::new(std::sync::Arc::new(bus));
    let topic = room();
    assert_eq!(stage.bus.subscribe(&[topic]).await?, [None], "the interest is kept");
    assert!(stage.bus.heads(&[topic]).await.is_err());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _redis =
        block_in_place(|| Redis::with(Server { port: Some(port.number()), ..Server::default() }));
    in_the_end("it is found", async || stage.bus.is_reachable() && stage.bus.now_ms().is_some())
        .await;
    in_the_end("the topic is heard", async || stage.publish(topic, "x").await.is_ok()).await;
    stage.next(topic).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_a_password_are_used() -> BusResult<()> {
    let certificate = Certificate::for_loopback();
    let redis = block_in_place(|| {
        Redis::with(Server {
            password: Some("p@ss word".into()),
            tls: Some(certificate.clone()),
            ..Server::default()
        })
    });
    let url = redis.url().replace("p@ss word", "p%40ss%20word");
    let options = |url: &str, ca| RedisOptions {
        urls: vec![url.into()],
        password: None,
        prefix: "t".into(),
        ca,
    };
    let trusting = options(&url, Some(certificate.authority()));
    let bus = RedisBus::connect(&trusting).expect("the options are good");
    ready(&bus).await;
    let stage = Stage::new(std::sync::Arc::new(bus));
    let topic = room();
    stage.subscribe(topic).await?;
    stage.publish(topic, "x").await?;
    stage.next(topic).await;
    stage.bus.presence_sweep().await?;

    for (wrong, ca) in [
        (url.replace("p%40ss", "other"), Some(certificate.authority())),
        (url.clone(), None),
        (url.replace("rediss", "redis"), None),
    ] {
        let bus = RedisBus::connect(&options(&wrong, ca)).expect("the options are good");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!bus.is_reachable());
    }
    Ok(())
}

#[tokio::test]
async fn an_authority_that_is_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    let connect = || {
        RedisBus::connect(&RedisOptions {
            urls: vec!["rediss://localhost".into()],
            password: None,
            prefix: "t".into(),
            ca: Some(file.clone()),
        })
    };
    assert!(matches!(connect(), Err(RedisOptionsError::Ca { .. })), "there is no file");
    std::fs::write(&file, "no certificate").expect("it is written");
    assert!(matches!(connect(), Err(RedisOptionsError::Ca { .. })), "nothing is in it");
}
