//! toxiproxy: a TCP proxy that delays, slows, cuts and truncates what goes through it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::guardian;
use crate::http;
use crate::ports::Port;
use crate::process::{PATIENCE, Process, Program};
use crate::programs;

#[derive(Debug)]
pub struct Toxiproxy {
    process: Process,
    api: Port,
    _folder: TempDir,
}

impl Toxiproxy {
    pub fn start() -> Self {
        let folder = guardian::folder("toxiproxy");
        let server = programs::fetched("toxiproxy").join("toxiproxy-server");
        let api = Port::reserve();
        let process = Program::new(server, folder.path())
            .args(["-host", "127.0.0.1", "-port", &api.number().to_string()])
            .start();
        let mut toxiproxy = Self { process, api, _folder: folder };
        let api = toxiproxy.api.address();
        toxiproxy.process.wait_until("answered", |_| {
            http::request(api, "GET", "/version", "").is_ok_and(|(status, _)| status == 200)
        });
        toxiproxy
    }

    /// A proxy on 127.0.0.1 before what listens at this address.
    pub fn proxy(&self, upstream: SocketAddr) -> Proxy {
        self.proxy_on(Ipv4Addr::LOCALHOST.into(), upstream)
    }

    /// The same, on this address of the machine.
    pub fn proxy_on(&self, address: IpAddr, upstream: SocketAddr) -> Proxy {
        let listen = Port::reserve();
        let address = SocketAddr::new(address, listen.number());
        let name = format!("proxy-{}", listen.number());
        let body = json!({ "name": name, "listen": address.to_string(), "upstream": upstream.to_string(), "enabled": true });
        let proxy = Proxy { api: self.api.address(), name, address, _listen: listen };
        call(proxy.api, "POST", "/proxies", Some(&body));
        proxy
    }

    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// One that toxiproxy runs. It stays as long as toxiproxy does.
#[derive(Debug)]
pub struct Proxy {
    api: SocketAddr,
    name: String,
    address: SocketAddr,
    _listen: Port,
}

/// What is done to the bytes.
#[derive(Clone, Copy, Debug)]
pub enum Toxic {
    /// They come this much later, give or take.
    Latency { ms: u32, jitter_ms: u32 },
    /// So many in a second, at most.
    Bandwidth { kib_per_s: u32 },
    /// The connection is reset, after this time.
    ResetPeer { after_ms: u32 },
    /// Nothing comes, and the connection is closed after this time; with 0 it never is.
    Timeout { after_ms: u32 },
    /// The connection is closed when so many have gone through.
    LimitData { bytes: u32 },
}

/// Whose bytes.
#[derive(Clone, Copy, Debug)]
pub enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// The name of a toxic that was added.
#[derive(Clone, Debug)]
pub struct ToxicName(String);

impl Proxy {
    /// Where a client connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, for connections that are open too.
    pub fn add(&self, toxic: Toxic, direction: Direction) -> ToxicName {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (kind, attributes) = match toxic {
            Toxic::Latency { ms, jitter_ms } => {
                ("latency", json!({ "latency": ms, "jitter": jitter_ms }))
            }
            Toxic::Bandwidth { kib_per_s } => ("bandwidth", json!({ "rate": kib_per_s })),
            Toxic::ResetPeer { after_ms } => ("reset_peer", json!({ "timeout": after_ms })),
            Toxic::Timeout { after_ms } => ("timeout", json!({ "timeout": after_ms })),
            Toxic::LimitData { bytes } => ("limit_data", json!({ "bytes": bytes })),
        };
        let stream = match direction {
            Direction::Up => "upstream",
            Direction::Down => "downstream",
        };
        let name = format!("toxic-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let body =
            json!({ "name": name, "type": kind, "stream": stream, "attributes": attributes });
        call(self.api, "POST", &format!("/proxies/{}/toxics", self.name), Some(&body));
        ToxicName(name)
    }

    pub fn remove(&self, ToxicName(toxic): &ToxicName) {
        let path = format!("/proxies/{}/toxics/{toxic}", self.name);
        call(self.api, "DELETE", &path, None);
    }

    /// Closes its connections, and refuses new ones.
    pub fn disable(&self) {
        self.set_enabled(false);
    }

    pub fn enable(&self) {
        self.set_enabled(true);
    }

    fn set_enabled(&self, enabled: bool) {
        let path = format!("/proxies/{}", self.name);
        call(self.api, "POST", &path, Some(&json!({ "enabled": enabled })));
    }
}

/// A body where one is expected: what is left unread makes toxiproxy reset the connection.
fn call(api: SocketAddr, method: &str, path: &str, body: Option<&Value>) {
    let body = body.map(Value::to_string).unwrap_or_default();
    // One that is told to stop dawdling first sends what it holds.
    let answer = http::request_within(PATIENCE, api, method, path, &body);
    let (status, text) = answer.expect("toxiproxy answers");
    assert!((200..300).contains(&status), "{method} {path}: {status} {text}");
}
