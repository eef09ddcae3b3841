//! nginx, toxiproxy and network namespaces, each with something small behind it.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use starling_servers::{
    Direction, NetworkNamespace, Nginx, Program, Redis, RedisOptions, Toxic, Toxiproxy, wait_until,
};

fn page(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn says(text: &str) -> String {
    format!(
        "events {{}} http {{ access_log off; server {{ listen 127.0.0.1:{{port}}; return 200 {text}; }} }}"
    )
}

#[test]
fn nginx_is_reloaded_killed_and_restarted() {
    let mut nginx = Nginx::start(&says("one"));
    assert!(page(nginx.address()).unwrap().ends_with("one"));
    nginx.reload(&says("two"));
    wait_until("it says two", || page(nginx.address()).is_ok_and(|page| page.ends_with("two")));
    nginx.kill();
    assert!(page(nginx.address()).is_err());
    nginx.restart();
    assert!(page(nginx.address()).unwrap().ends_with("two"));
}

/// PING, and how long the answer took.
fn ping(address: SocketAddr) -> std::io::Result<Duration> {
    let began = Instant::now();
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    assert_eq!(&answer, b"+PONG\r\n");
    Ok(began.elapsed())
}

#[test]
fn toxiproxy_delays_cuts_and_resets() {
    let (redis, toxiproxy) = (Redis::start(), Toxiproxy::start());
    let proxy = toxiproxy.proxy(redis.address());
    assert!(ping(proxy.address()).is_ok());

    let slow = proxy.add(Toxic::Latency { ms: 200, jitter_ms: 10 }, Direction::Down);
    assert!(ping(proxy.address()).unwrap() > Duration::from_millis(150));
    proxy.remove(&slow);

    for toxic in [
        Toxic::ResetPeer { after_ms: 0 },
        Toxic::Timeout { after_ms: 0 },
        Toxic::LimitData { bytes: 3 },
    ] {
        let added = proxy.add(toxic, Direction::Down);
        assert!(ping(proxy.address()).is_err(), "{toxic:?}");
        proxy.remove(&added);
        assert!(ping(proxy.address()).is_ok(), "after {toxic:?}");
    }
    proxy.add(Toxic::Bandwidth { kib_per_s: 1 }, Direction::Up);
    assert!(ping(proxy.address()).is_ok());

    proxy.disable();
    assert!(ping(proxy.address()).is_err());
    proxy.enable();
    assert!(ping(proxy.address()).is_ok());
}

#[test]
fn one_cable_of_another_host_is_pulled() {
    if !NetworkNamespace::is_possible() {
        eprintln!("skipped: only root makes network namespaces");
        return;
    }
    let other = NetworkNamespace::new();
    let (first, second) = (other.link(), other.link());
    let on_first = Redis::with(RedisOptions { also_on: Some(first.outside), ..<_>::default() });
    let on_second = Redis::with(RedisOptions { also_on: Some(second.outside), ..<_>::default() });
    let reaches = |address, redis: &Redis| {
        let (host, port) = (format!("{address}"), redis.address().port().to_string());
        let ping = ["2", "redis-cli", "-h", &host, "-p", &port, "PING"];
        other.run("timeout", &ping).status.success()
    };
    assert!(reaches(first.outside, &on_first) && reaches(second.outside, &on_second));
    first.down();
    assert!(!reaches(first.outside, &on_first) && reaches(second.outside, &on_second));
    // On this side nothing is missing.
    assert!(ping(on_first.address()).is_ok());
    first.up();
    assert!(reaches(first.outside, &on_first));
}

#[test]
fn a_program_in_a_namespace_is_reached_from_outside() {
    if !NetworkNamespace::is_possible() {
        eprintln!("skipped: only root makes network namespaces");
        return;
    }
    let other = NetworkNamespace::new();
    let link = other.link();
    let folder = tempfile::tempdir().unwrap();
    let wrapper = other.wrapper();
    let mut redis = Program::new(&wrapper[0], folder.path())
        .args(&wrapper[1..])
        .args(["redis-server", "--save", "", "--protected-mode", "no", "--port", "6379"])
        .start();
    let address = SocketAddr::new(link.inside, 6379);
    redis.wait_until("answered", |_| ping(address).is_ok());
    link.down();
    assert!(ping(address).is_err());
    link.up();
    wait_until("it answers again", || ping(address).is_ok());
}
