//! What goes through, and what doesn't.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use starling_servers::Nginx;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Api, Reply, Socket, register, unique};
use crate::{node, one_node};

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_spread_over_the_nodes() {
    let nodes = [node(&[]), node(&[])];
    let nginx = Nginx::before(&nodes.each_ref().map(starling_servers::Node::address));
    let nobody = Api::nobody(nginx.address());
    for _ in 0..20 {
        let live = nobody.send(nobody.request(Method::GET, "/health/live")).await;
        assert_eq!(live.status, 204);
        // Not the version, which tells an attacker what to try.
        assert_eq!(live.header("server"), "nginx");
    }
    let log = nginx.file("access.log");
    for node in &nodes {
        let times = log.matches(&format!("node={}", node.address())).count();
        assert!((5..=15).contains(&times), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_upgraded_and_outlive_a_reload() {
    let (node, nginx, address) = one_node(&[]);
    let (ada, bob) = (register(address).await, register(address).await);
    let room = ada.room_with("private", &[&bob]).await;
    let (mut ada, mut bob) = (ada.socket().await, bob.socket().await);
    ada.say(&room, "through").await;
    bob.text("through").await;
    nginx.reload_nodes(&[node.address()]);
    ada.say(&room, "still").await;
    bob.text("still").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_refused_to_another_origin_and_allowed_to_its_own() {
    let (_node, _nginx, address) = one_node(&[]);
    let own = format!("http://{address}");
    assert!(Socket::try_open(address, "starling.v1", Some(&own)).await.is_ok());
    let other = "https://elsewhere.example";
    assert!(Socket::try_open(address, "starling.v1", Some(other)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_waits_and_is_answered_at_once() {
    let (_node, nginx, address) = one_node(&[]);
    let (ada, bob) = (register(address).await, register(address).await);
    let room = ada.room_with("private", &[&bob]).await;
    let mut cursor = cursor_of(&bob.poll(None, 0).await);
    // What came before is told first.
    loop {
        let poll = bob.poll(Some(&cursor), 0).await;
        cursor = cursor_of(&poll);
        if poll.json()["events"].as_array().is_none_or(Vec::is_empty) {
            break;
        }
    }
    let began = Instant::now();
    let (poll, _) = tokio::join!(bob.poll(Some(&cursor), 50), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        ada.say(&room, "now").await
    });
    assert!(poll.text.contains("now"), "{}", poll.text);
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    let log = nginx.file("access.log");
    assert!(log.contains("GET /api/v1/events") && !log.contains(&cursor), "{log}");
}

fn cursor_of(poll: &Reply) -> String {
    poll.json()["cursor"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_an_answer_to_a_long_poll_is_not_held_back() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nginx = Nginx::before(&[upstream.local_addr().unwrap()]);
    let mut client = TcpStream::connect(nginx.address()).await.unwrap();
    client.write_all(b"GET /api/v1/events HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let (mut from_nginx, _) = upstream.accept().await.unwrap();
    from_nginx.read_buf(&mut Vec::new()).await.unwrap();
    let first = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst";
    from_nginx.write_all(first).await.unwrap();
    let mut answer = Vec::new();
    let reading = async {
        while !answer.ends_with(b"first") {
            client.read_buf(&mut answer).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("it comes alone");
}

/// The status of a registration from this address, which claims to pass another one on.
async fn register_from(client: [u8; 4], claim: &str, nginx: &Nginx) -> u16 {
    let client = reqwest::Client::builder().local_address(std::net::IpAddr::from(client)).build();
    let name = unique("person");
    let account = json!({
        "username": name, "email": format!("{name}@example.org"), "password": "correct horse",
    });
    let url = format!("http://{}/api/v1/auth/register", nginx.address());
    let request = client.unwrap().post(url).header("x-forwarded-for", claim).json(&account);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_is_known_by_the_address_that_nginx_sees() {
    let (_node, nginx, _) = one_node(&[("--limit-logins-from-address", "2/1h")]);
    let (one, other) = ([127, 0, 0, 5], [127, 0, 0, 6]);
    for status in [201, 201, 429] {
        assert_eq!(register_from(one, "192.0.2.1", &nginx).await, status);
    }
    // What a client says of itself changes nothing, neither for it nor for others.
    assert_eq!(register_from(one, "192.0.2.9", &nginx).await, 429);
    assert_eq!(register_from(other, "127.0.0.5", &nginx).await, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_believes_no_proxy_that_it_was_not_told_of() {
    let flags = [("--limit-logins-from-address", "2/1h"), ("--trusted-proxies", "192.0.2.7")];
    let (_node, nginx, _) = one_node(&flags);
    for (last, status) in [(5, 201), (6, 201), (7, 429)] {
        assert_eq!(register_from([127, 0, 0, last], "192.0.2.1", &nginx).await, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_let_through_up_to_the_servers_limit() {
    const LIMIT: usize = 64 * 1024;
    let (_node, _nginx, address) = one_node(&[]);
    let ada = register(address).await;
    let body = |bytes: usize| {
        let frame = json!({ "kind": "public", "name": "" }).to_string().len();
        json!({ "kind": "public", "name": "x".repeat(bytes - frame) }).to_string()
    };
    let send = async |bytes: usize| {
        let request = ada.request(Method::POST, "/api/v1/rooms").body(body(bytes));
        ada.send(request.header("content-type", "application/json")).await
    };
    assert_eq!(send(LIMIT).await.code(), "invalid");
    let refused = send(LIMIT + 1).await;
    assert_eq!(refused.refusal(), (413, "payload_too_large".into()));
    assert!(refused.json()["request_id"].is_string());
    // It was nginx that refused it: no node has given it an id.
    assert_eq!(refused.header("x-request-id"), "");
}

/// A folder with a web client of this version.
fn web_client(version: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    for (name, text) in [
        ("index.html", "the page"),
        ("index.html.br", "the page in brotli"),
        (&format!("assets/main-{version}.js"), version),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_client_comes_through_as_it_was_sent() {
    let folder = web_client("one");
    let (_node, _nginx, address) = one_node(&[("--web-client", folder.path().to_str().unwrap())]);
    let nobody = Api::nobody(address);
    let ask = async |path: &str, known: &str| {
        let request = nobody.request(Method::GET, path).header("accept-encoding", "br");
        nobody.send(request.header("if-none-match", known)).await
    };
    for path in ["/", "/rooms/1"] {
        let page = ask(path, "\"x\"").await;
        assert_eq!((page.status, page.text.as_str()), (200, "the page in brotli"), "{path}");
        assert_eq!(page.header("content-encoding"), "br");
        assert_eq!(page.header("cache-control"), "no-cache");
        assert!(page.header("content-security-policy").contains("trusted-types"));
        assert_eq!(ask(path, page.header("etag")).await.status, 304, "{path}");
    }
    let script = ask("/assets/main-one.js", "\"x\"").await;
    assert_eq!((script.status, script.text.as_str()), (200, "one"));
    assert!(script.header("cache-control").contains("immutable"));
    assert_eq!(ask("/assets/main-none.js", "\"x\"").await.refusal(), (404, "not_found".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nodes_of_two_versions_run_the_files_of_either_are_found() {
    let folders = ["one", "two"].map(web_client);
    let nodes =
        folders.each_ref().map(|folder| node(&[("--web-client", folder.path().to_str().unwrap())]));
    let nginx = Nginx::before(&nodes.each_ref().map(starling_servers::Node::address));
    let nobody = Api::nobody(nginx.address());
    for _ in 0..10 {
        for version in ["one", "two"] {
            let path = format!("/assets/main-{version}.js");
            let script = nobody.send(nobody.request(Method::GET, &path)).await;
            assert_eq!((script.status, script.text.as_str()), (200, version));
        }
        let none = nobody.send(nobody.request(Method::GET, "/assets/main-none.js")).await;
        assert_eq!(none.refusal(), (404, "not_found".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_the_inside() {
    let (node, _nginx, address) = one_node(&[]);
    for (from, status) in [(address, 404), (node.address(), 200)] {
        let nobody = Api::nobody(from);
        assert_eq!(nobody.send(nobody.request(Method::GET, "/metrics")).await.status, status);
    }
}

/// So that a test of the upgrade's timeouts need not wait for them.
#[test]
fn timeouts_are_longer_than_what_is_silent() {
    let text = include_str!("../../nginx/proxy.conf");
    let (longest_poll_s, silent_socket_s) = (50, 65);
    for (place, silence_s) in
        [("/api/v1/events", longest_poll_s), ("/api/v1/socket", silent_socket_s)]
    {
        let (_, after) = text.split_once(&format!("location = {place} {{")).unwrap();
        let (_, timeout) = after.split_once("proxy_read_timeout ").unwrap();
        let seconds: u32 = timeout.split_once('s').unwrap().0.parse().unwrap();
        assert!(seconds > silence_s, "{place}");
    }
}
