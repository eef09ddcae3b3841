//! Servers: in this process, and in one of their own that can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use starling::app::App;
use starling::config::Config;
use starling_servers::WITHOUT_LIMITS;
use tempfile::{NamedTempFile, TempDir};

use super::{Api, PATIENCE, register};

/// A server in this process.
pub struct Node {
    app: App,
    pub address: SocketAddr,
    data: Arc<TempDir>,
}

impl Node {
    /// One that limits nothing.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One with these flags beside the usual ones.
    pub async fn with(flags: &[&str]) -> Self {
        Self::configured(flags, |_| {}).await
    }

    /// The same, with what no flag allows.
    pub async fn configured(flags: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let data = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let mut config = Config::parse_from(arguments(data.path(), "127.0.0.1:0", flags));
        change(&mut config);
        let app = App::start(&config).await.expect("the server starts");
        Self { address: app.address(), app, data }
    }

    /// Stops it in an orderly way.
    pub async fn stop(self) -> Stopped {
        self.app.stop().await.expect("it stops");
        Stopped { address: self.address, data: self.data }
    }

    /// A new person. The first is the server's admin.
    pub async fn person(&self) -> Api {
        register(self.address).await
    }

    /// So many new people.
    pub async fn people<const N: usize>(&self) -> [Api; N] {
        let mut people = Vec::new();
        for _ in 0..N {
            people.push(self.person().await);
        }
        people.try_into().unwrap_or_else(|_| unreachable!("as many as were made"))
    }
}

/// What is left of a server that was stopped.
pub struct Stopped {
    address: SocketAddr,
    data: Arc<TempDir>,
}

impl Stopped {
    /// Starts it again, with the same data, at the same address.
    pub async fn start(self) -> Node {
        let address = self.address.to_string();
        let config = Config::parse_from(arguments(self.data.path(), &address, &[]));
        let app = App::start(&config).await.expect("the server starts again");
        Node { address: app.address(), app, data: self.data }
    }
}

/// A server in a process of its own.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    data: Data,
}

/// A data folder that goes with the last who uses it, or stays.
#[derive(Clone)]
enum Data {
    Temporary(Arc<TempDir>),
    At(PathBuf),
}

impl Data {
    fn new() -> Self {
        Self::Temporary(Arc::new(tempfile::tempdir().expect("a temporary folder")))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::At(folder) => folder,
        }
    }
}

impl Process {
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(flags: &[&str]) -> Self {
        Self::begin(Data::new(), "127.0.0.1:0", flags)
    }

    /// With these variables in its environment, too; and where it logs.
    pub fn logging_with(flags: &[&str], environment: &[(&str, &str)]) -> (Self, NamedTempFile) {
        let log = NamedTempFile::new().expect("a temporary file");
        let to = log.reopen().expect("the same file").into();
        (Self::spawn(Data::new(), "127.0.0.1:0", flags, environment, to), log)
    }

    /// With the data in this folder, which stays.
    pub fn on(data: &Path) -> Self {
        Self::begin(Data::At(data.to_owned()), "127.0.0.1:0", &[])
    }

    /// Starts it again, with the same data, at the same address.
    pub fn start_again(mut self) -> Self {
        let _ = self.child.wait();
        Self::begin(self.data.clone(), &self.address.to_string(), &[])
    }

    /// One that logs all that it can, as JSON, and where.
    pub fn logging() -> (Self, NamedTempFile) {
        Self::logging_with(&["--log", "trace", "--log-format", "json"], &[])
    }

    fn begin(data: Data, listen: &str, flags: &[&str]) -> Self {
        Self::spawn(data, listen, flags, &[], Stdio::inherit())
    }

    fn spawn(
        data: Data,
        listen: &str,
        flags: &[&str],
        environment: &[(&str, &str)],
        log: Stdio,
    ) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_starling"))
            .args(&arguments(data.path(), listen, flags)[1..])
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server's program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let first = lines.next().expect("it says where it listens").expect("it is text");
        let address = first.rsplit('/').next().expect("an address").parse();
        // Whatever else it says has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("an address"), data }
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "the process doesn't end");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub async fn person(&self) -> Api {
        register(self.address).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cheap passwords, no limits, and a quick end; what the test gives goes before.
fn arguments(data: &Path, listen: &str, flags: &[&str]) -> Vec<String> {
    let data = data.to_str().expect("a path in UTF-8");
    let mut arguments: Vec<String> = vec!["starling".into()];
    let own = [
        ("--listen", listen),
        ("--data", data),
        ("--workers", "2"),
        ("--drain-ms", "100"),
        ("--log", "warn"),
        // Whether one was built makes no difference.
        ("--web-client", "off"),
    ];
    for (flag, value) in own.into_iter().chain(WITHOUT_LIMITS) {
        if !flags.contains(&flag) {
            arguments.extend([flag.into(), value.into()]);
        }
    }
    arguments.extend(flags.iter().map(|flag| (*flag).into()));
    arguments
}
