//! Ports that nothing else uses, other test processes included.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that Linux gives to outgoing connections (from 32768 on): a server that was killed
/// finds its port free when it comes back.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A TCP port, on every address of this machine, that is this process's until it is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Locked: that is what other processes look at. None where the port was given.
    _lock: Option<File>,
}

impl Port {
    pub fn reserve() -> Self {
        // Processes begin at different places, so that they seldom meet.
        let begin = (std::process::id() % u32::from(COUNT)) as u16;
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = FIRST + (begin.wrapping_mul(37).wrapping_add(step)) % COUNT;
            if let Some(lock) = claim(&format!("port-{number}"))
                && TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).is_ok()
            {
                return Self { number, _lock: Some(lock) };
            }
        }
        panic!("no port is free from {FIRST} on");
    }

    /// This one, which has to be free.
    pub fn given(number: u16) -> Self {
        if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, number)) {
            panic!("port {number} can't be listened on: {error}");
        }
        Self { number, _lock: None }
    }

    pub fn number(&self) -> u16 {
        self.number
    }

    /// This port of 127.0.0.1.
    pub fn address(&self) -> std::net::SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

/// A name of which only one process on this machine has the claim, until the file is dropped.
pub fn claim(name: &str) -> Option<File> {
    let folder = claims();
    fs::create_dir_all(&folder).expect("a folder for claims can be made");
    let path = folder.join(name);
    // The file stays: removing it would let two processes lock two files of one name.
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    let file = file.expect("a file of one's own can be opened");
    file.try_lock().is_ok().then_some(file)
}

/// One for each user: nobody can lock what belongs to somebody else.
fn claims() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    std::env::temp_dir().join(format!("starling-claims-{user}"))
}
