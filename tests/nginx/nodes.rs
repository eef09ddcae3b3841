//! The nodes themselves: what is done to them arrives.

use std::time::{Duration, SystemTime};

use actix_web::http::header::HttpDate;
use reqwest::Method;
use starling_servers::{NetworkNamespace, Node, wait_until};

use crate::support::{Api, register};
use crate::{node, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_killed_comes_back_with_what_it_had() {
    let mut node = node(&[]);
    let ada = register(node.address()).await;
    let room = ada.room("public").await;
    ada.say(&room, "before").await;
    let pid = node.pid();
    node.kill();
    assert!(!node.is_ready());
    node.restart();
    assert_ne!(node.pid(), pid);
    assert_eq!(ada.texts(&room).await[0]["text"], "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_frozen_and_told_to_stop() {
    let mut node = node(&[]);
    node.pause();
    assert!(!node.is_ready());
    node.resume();
    node.wait_until_ready();
    wait_until("it says so", || node.log().contains("Starling listens"));
    node.terminate();
    assert!(node.wait().success());
}

/// How far the clock of a node is ahead of ours, in seconds, as its answers are dated.
async fn clock_off_s(node: &Node) -> i64 {
    let nobody = Api::nobody(node.address());
    let reply = nobody.send(nobody.request(Method::GET, "/health/live")).await;
    let theirs: SystemTime = reply.header("date").parse::<HttpDate>().unwrap().into();
    match theirs.duration_since(SystemTime::now()) {
        Ok(ahead) => ahead.as_secs() as i64,
        Err(behind) => -(behind.duration().as_secs() as i64),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_has_a_clock_that_is_off() {
    let mut options = options(&[]);
    let mut node = Node::start(&options);
    for off_s in [3_600, -3_600] {
        options.clock_off_s = off_s;
        node.restart_as(&options);
        assert!((clock_off_s(&node).await - off_s).abs() < 60);
        // Timers go by another clock, and at the usual pace.
        let ada = register(node.address()).await;
        let cursor = ada.poll(None, 0).await.ok()["cursor"].as_str().unwrap().to_owned();
        let began = std::time::Instant::now();
        ada.poll(Some(&cursor), 1).await.ok();
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_a_host_of_its_own_is_cut_off() {
    if !NetworkNamespace::is_possible() {
        eprintln!("skipped: only root makes network namespaces");
        return;
    }
    let host = NetworkNamespace::new();
    let link = host.link();
    let mut options = options(&[]);
    (options.address, options.wrapper) = (Some(link.inside), host.wrapper());
    let node = Node::start(&options);
    assert!(node.is_ready());
    link.down();
    assert!(!node.is_ready());
    link.up();
    wait_until("it is reached again", || node.is_ready());
}
