//! Short runs of k6 and of Goose: before a whole cluster they pass, and before a server that loses,
//! doubles or refuses messages, or isn't there, they fail. No threshold here is one of time, but for
//! the test of just that.
//!
//! The first run builds k6, which takes minutes: `scripts/k6.sh`.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod faulty;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use faulty::{Fault, FaultyProxy};
use starling_servers::{
    Cluster, ClusterOptions, Node, NodeOptions, Port, WITHOUT_LIMITS, cql_for_tests,
    redis_for_tests,
};

/// For k6, whose stage of 20 connections is held for 4 s.
const SHORT: [&str; 5] = ["STAGES=20", "ROOMS_OF=5", "RATE=5", "RAMP_S=2", "HOLD_S=4"];
/// Times that a busy machine keeps.
const NO_TIME: [&str; 4] =
    ["DELIVERY_P99_MS=60000", "POLLED_P99_MS=60000", "HISTORY_P99_MS=60000", "LOG_IN_P99_MS=60000"];
/// Who chats alone, and what is given up soon.
const CHAT_ALONE: [&str; 2] = ["SCENARIOS=chat", "DRAIN_S=3"];

fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The server: the one that `STARLING_BIN` names, or built beside Goose's program.
fn starling() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| std::env::var_os("STARLING_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let goose = Path::new(env!("CARGO_BIN_EXE_starling-goose"));
    let folder = goose.parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(top()).args(["build", "--quiet", "--locked", "--bin", "starling"]);
    if folder.file_name().is_some_and(|name| name == "release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "starling does not build");
    folder.join("starling")
}

fn without_limits() -> Vec<String> {
    WITHOUT_LIMITS.iter().flat_map(|(flag, value)| [*flag, *value]).map(str::to_owned).collect()
}

/// One node on embedded parts; with another limit on messages, where one is given.
fn node(limit_messages: Option<&str>) -> Node {
    let program = starling().to_owned();
    let mut options =
        NodeOptions { program, arguments: without_limits(), ..NodeOptions::default() };
    if let Some(limit) = limit_messages {
        options.set("--limit-messages", limit);
    }
    Node::start(&options)
}

struct Outcome {
    passed: bool,
    told: String,
}

impl Outcome {
    fn of(output: &Output) -> Self {
        let out = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        Self { passed: output.status.success(), told: format!("{out}\n{errors}") }
    }

    #[track_caller]
    fn passed(&self, says: &[&str]) {
        assert!(self.passed, "it failed:\n{}", self.told);
        self.says(says);
    }

    #[track_caller]
    fn failed(&self, says: &[&str]) {
        assert!(!self.passed, "it passed:\n{}", self.told);
        self.says(says);
    }

    /// Each of these in one line, whatever space is in it.
    #[track_caller]
    fn says(&self, parts: &[&str]) {
        let lines: Vec<String> = self.told.lines().map(words).collect();
        for part in parts {
            assert!(lines.iter().any(|line| line.contains(part)), "no `{part}`:\n{}", self.told);
        }
    }
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn k6(server: SocketAddr, settings: &[&[&str]]) -> Outcome {
    let mut command = Command::new(top().join("scripts/k6.sh"));
    command.args(["run", "--quiet", "--env", &format!("SERVER=http://{server}")]);
    for setting in settings.iter().copied().flatten() {
        command.args(["--env", setting]);
    }
    Outcome::of(&command.arg("loadtest/k6/load.js").output().unwrap())
}

fn goose(server: SocketAddr, options: &str) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling-goose"));
    command.args(["--host", &format!("http://{server}"), "--quiet", "--rooms-of", "5"]);
    command.args(["--rate", "5", "--increase-time", "2s", "--run-time", "4s"]);
    Outcome::of(&command.args(options.split_whitespace()).output().unwrap())
}

const GOOSE_NO_TIME: &str = "--delivery-p99 60s";
/// Ten users who chat, and give up soon.
const GOOSE_CHAT_ALONE: &str = "--scenarios chat --users 10 --connections 10 --drain-s 3";

#[test]
fn both_pass_before_a_whole_cluster() {
    let cluster = Cluster::start(ClusterOptions {
        program: starling().to_owned(),
        nodes: 3,
        redis_url: redis_for_tests().to_owned(),
        redis_prefix: "load".to_owned(),
        contact_points: cql_for_tests().to_vec(),
        keyspace: format!("load_{}", std::process::id()),
        replication: 1,
        arguments: without_limits(),
        nginx: None,
    });
    let server = cluster.nginx_address();
    let polling = ["POLLING_ROOMS=2", "DRAIN_S=60"];
    k6(server, &[&SHORT, &NO_TIME, &polling]).passed(&[
        // 20 connections, all of them held.
        "20 20 ",
        "deliveries lost 0",
        "deliveries doubled 0",
        "errors 0",
        "thresholds hold",
        "delivery to pollers",
        "a page of history",
        "log in",
    ]);
    let all = format!("--users 23 --connections 20 --drain-s 60 {GOOSE_NO_TIME}");
    goose(server, &all).passed(&[
        "connections 20",
        "lost 0",
        "duplicated 0",
        "errors none",
        "every threshold holds",
        "GET poll",
        "GET history",
        "POST log in",
        "SOCKET delivery",
    ]);
}

#[test]
fn a_time_that_nothing_can_keep_fails_the_run() {
    let node = node(None);
    let no_time_at_all = ["DELIVERY_P99_MS=0"];
    k6(node.address(), &[&SHORT, &CHAT_ALONE, &no_time_at_all]).failed(&[
        "failed: delivery{connections:20} p(99)<0",
        "deliveries lost 0",
        "errors 0",
    ]);
    goose(node.address(), &format!("{GOOSE_CHAT_ALONE} --delivery-p99 1us")).failed(&[
        "failed: p99<1us for SOCKET delivery",
        "lost 0",
        "errors none",
    ]);
}

#[test]
fn too_few_connections_fail_the_run() {
    let node = node(None);
    let one_too_few = GOOSE_CHAT_ALONE.replace("--connections 10", "--connections 11");
    goose(node.address(), &format!("{one_too_few} {GOOSE_NO_TIME}")).failed(&[
        "failed: connections>=11: there were 10",
        "lost 0",
        "errors none",
    ]);
}

#[test]
fn messages_that_are_lost_fail_the_run() {
    let node = node(None);
    let proxy = FaultyProxy::start(node.address(), Fault::LoseEvery(20));
    k6(proxy.address(), &[&SHORT, &NO_TIME, &CHAT_ALONE]).failed(&[
        "failed: deliveries_lost count==0",
        "deliveries doubled 0",
        "errors 0",
    ]);
    goose(proxy.address(), &format!("{GOOSE_CHAT_ALONE} {GOOSE_NO_TIME}")).failed(&[
        "failed: lost<=0",
        "duplicated 0",
        "errors none",
    ]);
}

#[test]
fn messages_that_come_twice_fail_the_run() {
    let node = node(None);
    let proxy = FaultyProxy::start(node.address(), Fault::DoubleEvery(20));
    k6(proxy.address(), &[&SHORT, &NO_TIME, &CHAT_ALONE]).failed(&[
        "failed: deliveries_doubled count==0",
        "deliveries lost 0",
        "errors 0",
    ]);
    goose(proxy.address(), &format!("{GOOSE_CHAT_ALONE} {GOOSE_NO_TIME}")).failed(&[
        "failed: duplicated<=0",
        "lost 0",
        "errors none",
    ]);
}

#[test]
fn messages_that_are_refused_fail_the_run() {
    let node = node(Some("1/1h"));
    k6(node.address(), &[&SHORT, &NO_TIME, &CHAT_ALONE]).failed(&[
        "failed: errors count==0",
        "rate_limited",
        "deliveries lost 0",
    ]);
    goose(node.address(), &format!("{GOOSE_CHAT_ALONE} {GOOSE_NO_TIME}")).failed(&[
        "failed: errors<=0",
        "rate_limited",
        "lost 0",
    ]);
}

#[test]
fn a_server_that_is_not_there_fails_the_run() {
    let nobody = Port::reserve();
    k6(nobody.address(), &[&SHORT, &NO_TIME, &CHAT_ALONE]).failed(&["There is no server at"]);
    goose(nobody.address(), &format!("{GOOSE_CHAT_ALONE} {GOOSE_NO_TIME}"))
        .failed(&["failed: errors<=0", "no_answer"]);
}
