//! Nodes that die, freeze, and come back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use starling_servers::{Nginx, Node};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::support::Api;
use crate::{node, one_node};

/// A request that may be repeated, and one that may not; both are answered by any node.
async fn both_kinds(nobody: &Api) -> [u16; 2] {
    let get = nobody.send(nobody.request(Method::GET, "/health/live")).await;
    let post = nobody.post("/auth/login", json!({ "login": "x", "password": "y" })).await;
    [get.status, post.status]
}

fn served_by(nginx: &Nginx, node: &Node) -> usize {
    nginx.file("access.log").lines().filter(|line| ends_at(line, node.address())).count()
}

/// `node=FIRST, SECOND` where a second one was tried.
fn ends_at(line: &str, node: SocketAddr) -> bool {
    line.contains(&format!("{node} request="))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_node_is_noticed_by_nobody_and_used_again_when_it_is_back() {
    let mut nodes = [node(&[]), node(&[])];
    let nginx = Nginx::before(&nodes.each_ref().map(Node::address));
    let nobody = Api::nobody(nginx.address());
    both_kinds(&nobody).await;
    nodes[0].kill();
    for _ in 0..20 {
        assert_eq!(both_kinds(&nobody).await, [204, 401]);
    }
    nodes[0].restart();
    let before = served_by(&nginx, &nodes[0]);
    let began = Instant::now();
    while served_by(&nginx, &nodes[0]) == before {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not used again");
        assert_eq!(both_kinds(&nobody).await, [204, 401]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_a_dead_node_ends_and_the_next_one_is_with_another() {
    let mut nodes = [node(&[]), node(&[])];
    let nginx = Nginx::before(&nodes.each_ref().map(Node::address));
    let open = async || crate::support::Socket::open(nginx.address()).await;
    // One with each: nginx goes to the node with fewest connections.
    let mut sockets = [open().await, open().await];
    nodes[0].kill();
    let [one, other] = &mut sockets;
    tokio::select! {
        _ = one.close_code() => {}
        _ = other.close_code() => {}
    }
    for _ in 0..4 {
        open().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_node_a_client_is_told_to_try_again() {
    let (mut node, _nginx, address) = one_node(&[]);
    node.kill();
    let nobody = Api::nobody(address);
    let reply = nobody.post("/auth/login", json!({ "login": "x", "password": "y" })).await;
    assert_eq!(reply.refusal(), (503, "overloaded".into()));
    let problem = reply.json();
    assert_eq!((&problem["advice"], &problem["retry_after_ms"]), (&json!("retry"), &json!(2000)));
    assert_eq!(reply.header("retry-after"), "2");
    node.restart();
    let began = Instant::now();
    while both_kinds(&nobody).await != [204, 401] {
        assert!(began.elapsed() < Duration::from_secs(10), "one node alone is always tried");
    }
}

/// A node that takes requests and dies of each; how many it has taken.
async fn dying_node() -> (SocketAddr, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, taken) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
    let count = taken.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read_buf(&mut Vec::with_capacity(4096)).await;
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_may_be_done_twice_goes_to_a_second_node() {
    for (method, times) in
        [(Method::POST, 1), (Method::PATCH, 1), (Method::GET, 2), (Method::PUT, 2)]
    {
        let (one, other) = (dying_node().await, dying_node().await);
        let nginx = Nginx::before(&[one.0, other.0]);
        let nobody = Api::nobody(nginx.address());
        let reply = nobody.send(nobody.request(method.clone(), "/api/v1/rooms")).await;
        assert_eq!(reply.refusal(), (503, "overloaded".into()));
        let taken = one.1.load(Ordering::SeqCst) + other.1.load(Ordering::SeqCst);
        assert_eq!(taken, times, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_node_is_given_up() {
    let nodes = [node(&[]), node(&[])];
    let nginx = Nginx::before(&nodes.each_ref().map(Node::address));
    let nobody = Api::nobody(nginx.address());
    nodes[0].pause();
    let began = Instant::now();
    let asking = (0..4).map(|_| nobody.send(nobody.request(Method::GET, "/health/live")));
    for reply in futures_util::future::join_all(asking).await {
        assert_eq!(reply.status, 204);
    }
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    nodes[0].resume();
}
