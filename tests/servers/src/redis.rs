//! One Redis that keeps nothing on the disk.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::guardian;
use crate::ports::Port;
use crate::process::{Process, Program};
use crate::programs;

#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// One that is free, where it isn't given.
    pub port: Option<u16>,
    /// Where else than on 127.0.0.1 it listens.
    pub also_on: Option<IpAddr>,
    /// Of the user `default`.
    pub password: Option<String>,
    /// It then speaks TLS alone.
    pub tls: Option<Certificate>,
    /// As `redis-server` takes them, for example `--user`, `ada`, `on`, `>secret`, `~*`, `+@all`.
    pub arguments: Vec<String>,
}

#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
    options: RedisOptions,
    _reserved: Option<Port>,
    _folder: TempDir,
}

impl Redis {
    pub fn start() -> Self {
        Self::with(RedisOptions::default())
    }

    pub fn with(options: RedisOptions) -> Self {
        let folder = guardian::folder("redis");
        let reserved = options.port.is_none().then(Port::reserve);
        let port = options.port.or(reserved.as_ref().map(Port::number)).unwrap_or_default();
        let also_on = options.also_on.map(|address| address.to_string());
        let mut program = Program::new(programs::find("redis-server"), folder.path())
            .args(["--bind", "127.0.0.1"])
            .args(also_on)
            .args(["--save", "", "--appendonly", "no", "--protected-mode", "no"])
            .args(["--enable-debug-command", "yes"])
            // A replica that comes need not wait for others to come with it.
            .args(["--repl-diskless-sync-delay", "0"]);
        if let Some(password) = &options.password {
            program = program.args(["--requirepass", password]);
        }
        let number = port.to_string();
        program = match &options.tls {
            None => program.args(["--port", &number]),
            Some(tls) => program
                .args(["--port", "0", "--tls-port", &number, "--tls-auth-clients", "no"])
                .arg("--tls-cert-file")
                .arg(tls.certificate())
                .arg("--tls-key-file")
                .arg(tls.key())
                .arg("--tls-ca-cert-file")
                .arg(tls.authority()),
        };
        let process = program.args(&options.arguments).start();
        let mut redis = Self { process, port, options, _reserved: reserved, _folder: folder };
        redis.wait_until_ready();
        redis
    }

    fn wait_until_ready(&mut self) {
        let ping = self.cli_command(&["PING"]);
        self.process.wait_until("answered", |_| {
            let (_, answer) = run(&mut command(&ping));
            // Without the password it answers too.
            answer.starts_with("PONG") || answer.starts_with("NOAUTH")
        });
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// `redis://127.0.0.1:PORT`, with the password where there is one, and `rediss:` with TLS.
    pub fn url(&self) -> String {
        let scheme = if self.options.tls.is_some() { "rediss" } else { "redis" };
        let password = self.options.password.as_ref();
        let password = password.map(|password| format!(":{password}@")).unwrap_or_default();
        format!("{scheme}://{password}{}", self.address())
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, empty, on the same port; kills it first where it runs.
    pub fn restart(&mut self) {
        self.process.restart();
        self.wait_until_ready();
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.resume();
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// What `redis-cli` prints, for example for `["INFO", "commandstats"]`. It waits as long as
    /// Redis is paused.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let (ran, answer) = run(&mut command(&self.cli_command(arguments)));
        assert!(ran, "redis-cli {arguments:?}: {answer}");
        answer
    }

    /// The same of one that may end connections at this moment; what is told then is of no use.
    pub fn try_cli(&self, arguments: &[&str]) -> String {
        run(&mut command(&self.cli_command(arguments))).1
    }

    fn cli_command(&self, arguments: &[&str]) -> Vec<String> {
        let mut command = vec!["-p".to_owned(), self.port.to_string()];
        if let Some(tls) = &self.options.tls {
            let authority = tls.authority().display().to_string();
            command.extend(["--tls".into(), "--cacert".into(), authority]);
        }
        if let Some(password) = &self.options.password {
            command.extend(["--no-auth-warning".into(), "-a".into(), password.clone()]);
        }
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        command
    }
}

fn command(arguments: &[String]) -> Command {
    let mut command = Command::new(programs::find("redis-cli"));
    command.args(arguments);
    command
}

/// Whether it could be reached, and what was printed.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("redis-cli can be run");
    let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    (output.status.success(), text)
}

/// What the Redis or sentinel at this port of 127.0.0.1 answers; nothing where it can't be reached.
pub(crate) fn ask(port: u16, arguments: &[&str]) -> String {
    let mut command = Command::new(programs::find("redis-cli"));
    run(command.args(["-p", &port.to_string()]).args(arguments)).1
}
