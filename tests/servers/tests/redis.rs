//! Redis: alone, with sentinels, as a cluster.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::process::Command;

use starling_servers::{Certificate, Redis, RedisCluster, RedisOptions, SentinelSet};

#[test]
fn it_starts_is_killed_and_comes_back_empty() {
    let mut redis = Redis::start();
    assert_eq!(redis.cli(&["SET", "a", "1"]), "OK");
    assert_eq!(redis.cli(&["GET", "a"]), "1");
    assert!(redis.cli(&["INFO", "commandstats"]).contains("cmdstat_get"));
    assert_eq!(redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]), "0");
    let url = redis.url();
    redis.kill();
    assert!(std::net::TcpStream::connect(redis.address()).is_err());
    redis.restart();
    assert_eq!((redis.cli(&["GET", "a"]), redis.url()), (String::new(), url));
}

#[test]
fn paused_it_does_not_answer_and_keeps_what_it_has() {
    let redis = Redis::start();
    redis.cli(&["SET", "a", "1"]);
    redis.pause();
    let port = redis.address().port().to_string();
    let mut asking = Command::new("redis-cli").args(["-p", &port, "PING"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(asking.try_wait().unwrap().is_none());
    redis.resume();
    assert!(asking.wait().unwrap().success());
    assert_eq!(redis.cli(&["GET", "a"]), "1");
}

#[test]
fn it_takes_passwords_users_and_certificates() {
    let redis = Redis::with(RedisOptions {
        password: Some("correct-horse".into()),
        tls: Some(Certificate::for_loopback()),
        arguments: words("--user ada on >battery ~chat:* &* +@all"),
        ..RedisOptions::default()
    });
    assert!(redis.url().starts_with("rediss://:correct-horse@127.0.0.1:"));
    assert_eq!(redis.cli(&["PING"]), "PONG");
    let as_ada = ["--user", "ada", "--pass", "battery", "SET", "other", "1"];
    assert!(redis.cli(&as_ada).starts_with("NOPERM"));
}

#[test]
fn sentinels_replace_a_master() {
    let mut set = SentinelSet::start(2);
    assert_eq!((set.master(), set.addresses().len()), (Some(0), 3));
    let second = set.fail_over();
    assert_ne!(second, 0);
    assert_eq!(set.kill_master(), second);
    let third = set.wait_for_another_master(second);
    assert_eq!(set.redis[third].cli(&["SET", "a", "1"]), "OK");
    set.redis[second].restart();
}

#[test]
fn a_cluster_replaces_a_master() {
    let mut cluster = RedisCluster::start();
    assert_eq!((cluster.urls().len(), cluster.masters()), (6, vec![0, 1, 2]));
    assert_eq!(cluster.redis[0].cli(&["-c", "SET", "a", "1"]), "OK");
    let killed = cluster.kill_master();
    cluster.wait_for_masters();
    assert!(!cluster.masters().contains(&killed));
    cluster.redis[killed].restart();
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}
