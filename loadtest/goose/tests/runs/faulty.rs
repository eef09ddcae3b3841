//! A proxy before a real server that loses some messages on their way to a socket, or passes them on
//! twice. All else goes through as it is.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use starling_loadtest::frame;

#[derive(Clone, Copy)]
pub enum Fault {
    LoseEvery(u64),
    DoubleEvery(u64),
}

/// Its threads end with the process.
pub struct FaultyProxy(SocketAddr);

impl FaultyProxy {
    pub fn start(server: SocketAddr, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let messages = Arc::new(AtomicU64::new(0));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let messages = Arc::clone(&messages);
                let Ok(upstream) = TcpStream::connect(server) else { continue };
                let (from, to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
                thread::spawn(move || pass_on(from, to));
                thread::spawn(move || answer(upstream, client, fault, &messages));
            }
        });
        Self(address)
    }

    pub fn address(&self) -> SocketAddr {
        self.0
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    // Either side ends it.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// From the server to the client: frames once the connection was upgraded.
fn answer(mut server: TcpStream, mut client: TcpStream, fault: Fault, messages: &AtomicU64) {
    let mut bytes = Vec::new();
    let mut upgraded = false;
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = server.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
        let mut out = Vec::new();
        if !upgraded {
            let head = bytes.windows(4).position(|part| part == b"\r\n\r\n");
            let end = match (bytes.starts_with(b"HTTP/1.1 101"), head) {
                (true, Some(head)) => head + 4,
                (true, None) => continue,
                (false, _) => bytes.len(),
            };
            upgraded = bytes.starts_with(b"HTTP/1.1 101");
            out.extend(bytes.drain(..end));
        }
        while upgraded && let Ok(Some((told, used))) = frame::decode(&bytes) {
            let is_message = told.payload.starts_with(br#"{"type":"message""#)
                && told.payload.windows(8).any(|part| part == br#""nonce":"#);
            let copies = if is_message { copies(fault, messages) } else { 1 };
            for _ in 0..copies {
                out.extend_from_slice(&bytes[..used]);
            }
            bytes.drain(..used);
        }
        if client.write_all(&out).is_err() {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
}

fn copies(fault: Fault, messages: &AtomicU64) -> usize {
    let number = messages.fetch_add(1, Ordering::Relaxed);
    match fault {
        Fault::LoseEvery(every) if number.is_multiple_of(every) => 0,
        Fault::DoubleEvery(every) if number.is_multiple_of(every) => 2,
        _ => 1,
    }
}
