//! Starling itself: one node in a process of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tempfile::TempDir;

use crate::guardian;
use crate::http;
use crate::ports::Port;
use crate::process::{Process, Program, wait_until};

/// Flags of a node for tests: no limits, and password hashes that take no time.
pub const WITHOUT_LIMITS: [(&str, &str); 7] = [
    ("--password-memory-kib", "8"),
    ("--password-passes", "1"),
    ("--limit-messages", "off"),
    ("--limit-api", "off"),
    ("--limit-logins-to-account", "off"),
    ("--limit-logins-from-address", "off"),
    ("--limit-commands", "off"),
];

/// Answers 2xx when the node can do its work.
const READY: &str = "/health/ready";

#[derive(Clone, Debug, Default)]
pub struct NodeOptions {
    /// The `starling` program.
    pub program: PathBuf,
    /// Beside `--listen`: flags, each followed by its value.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Where it listens; 127.0.0.1 where it isn't given.
    pub address: Option<IpAddr>,
    /// How many seconds its clock is fast, or slow (less than 0).
    pub clock_off_s: i64,
    /// What stands before the program, for example a `NetworkNamespace`'s wrapper.
    pub wrapper: Vec<String>,
}

impl NodeOptions {
    /// Gives the flag this value, in place of another one that it has.
    pub fn set(&mut self, flag: &str, value: &str) {
        match self.arguments.iter().position(|argument| argument == flag) {
            Some(place) => value.clone_into(&mut self.arguments[place + 1]),
            None => self.arguments.extend([flag.to_owned(), value.to_owned()]),
        }
    }
}

#[derive(Debug)]
pub struct Node {
    process: Process,
    address: SocketAddr,
    _port: Port,
    folder: TempDir,
}

impl Node {
    /// Starts it, and waits until it is ready.
    pub fn start(options: &NodeOptions) -> Self {
        let mut node = Self::begin(options);
        node.wait_until_ready();
        node
    }

    /// Starts it, without waiting.
    pub fn begin(options: &NodeOptions) -> Self {
        let folder = guardian::folder("node");
        let port = Port::reserve();
        let ip = options.address.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let address = SocketAddr::new(ip, port.number());
        let process = program(options, address, folder.path()).start();
        Self { process, address, _port: port, folder }
    }

    pub fn wait_until_ready(&mut self) {
        let address = self.address;
        self.process.wait_until("was ready", |_| is_ready(address));
    }

    /// Whether it says that it can do its work.
    pub fn is_ready(&self) -> bool {
        is_ready(self.address)
    }

    /// Waits until it says that it can't do its work, or says nothing.
    pub fn wait_until_not_ready(&self) {
        wait_until("the node is not ready", || !self.is_ready());
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM: it drains and ends. `wait` waits for that.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait()
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.ended()
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Starts it again at the same address, and waits until it is ready; kills it first where it
    /// runs.
    pub fn restart(&mut self) {
        self.process.restart();
        self.wait_until_ready();
    }

    /// The same, with other flags, another program, another clock. Where it listens stays.
    pub fn restart_as(&mut self, options: &NodeOptions) {
        self.process.restart_as(program(options, self.address, self.folder.path()));
        self.wait_until_ready();
    }

    /// Sets its clock while it runs, where it was started with one that is off.
    pub fn set_clock(&self, off_s: i64) {
        set_clock(self.folder.path(), off_s);
    }

    /// What it has logged since it was last started.
    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn log_file(&self) -> &Path {
        self.process.log_file()
    }

    /// A folder of its own, in which it runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn process(&self) -> &Process {
        &self.process
    }
}

fn program(options: &NodeOptions, listen: SocketAddr, folder: &Path) -> Program {
    let mut command = options.wrapper.clone();
    command.push(options.program.display().to_string());
    let mut program = Program::new(&command[0], folder)
        .args(&command[1..])
        .args(["--listen", &listen.to_string()])
        .args(&options.arguments);
    for (name, value) in &options.environment {
        program = program.env(name, value);
    }
    if options.clock_off_s != 0 {
        // The library alone: the `faketime` program stays in between, and signals go to it.
        program = program
            .env("LD_PRELOAD", faketime())
            .env("FAKETIME_TIMESTAMP_FILE", folder.join(CLOCK))
            .env("FAKETIME_NO_CACHE", "1")
            // Timers stay as they are.
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        set_clock(folder, options.clock_off_s);
    }
    program
}

/// The file that `faketime` reads.
const CLOCK: &str = "clock";

fn set_clock(folder: &Path, off_s: i64) {
    // Written whole or not at all: it is read at every look at the clock.
    let half = folder.join("clock.new");
    let written = std::fs::write(&half, format!("{off_s:+}s"));
    written.and_then(|()| std::fs::rename(half, folder.join(CLOCK))).expect("the clock is set");
}

fn is_ready(address: SocketAddr) -> bool {
    http::request(address, "GET", READY, "").is_ok_and(|(status, _)| (200..300).contains(&status))
}

/// The library of Debian's package `faketime`, for programs with several threads.
fn faketime() -> PathBuf {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
    let below = folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
    let mut places = below.flatten().map(|entry| entry.path());
    let found = places.find_map(|place| {
        let inside = ["faketime/libfaketimeMT.so.1", "libfaketimeMT.so.1"];
        inside.iter().map(|name| place.join(name)).find(|file| file.is_file())
    });
    found.expect("`faketime` is installed: scripts/servers.sh does it, or says how to")
}
