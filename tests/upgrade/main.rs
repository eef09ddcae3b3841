//! The version before this one is replaced by this one while people chat, and put back; nobody may
//! notice.
//!
//!     make test-upgrade
//!
//! `previous` names the version before, and `scripts/previous.sh` builds it. The clients are `swarm`'s,
//! and so is the verdict: what was lost, doubled, late or told in two orders fails the test.

mod ahead;
mod chat;
#[path = "../faults/swarm.rs"]
#[allow(dead_code, reason = "the table of faults uses the rest of it")]
mod swarm;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use chat::chat;
use starling_servers::{
    Cluster, ClusterOptions, Node, NodeOptions, WITHOUT_LIMITS, cql_for_tests, redis_for_tests,
};

/// How long people chat meanwhile: longer than replacing three nodes, or one, takes on a busy machine.
const THREE_NODES: Duration = Duration::from_secs(40);
const ONE_NODE: Duration = Duration::from_secs(20);

/// How long two versions serve side by side before the next node is replaced.
const SIDE_BY_SIDE: Duration = Duration::from_secs(2);

/// This version.
fn current() -> PathBuf {
    env!("CARGO_BIN_EXE_starling").into()
}

/// The version before.
fn previous() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/previous.sh");
        let output = Command::new(script).stderr(Stdio::inherit()).output();
        let output = output.expect("scripts/previous.sh can be run");
        assert!(output.status.success(), "scripts/previous.sh failed: {}", output.status);
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
    };
    PROGRAM.get_or_init(build).clone()
}

fn flags() -> Vec<String> {
    let own = [("--access-token-s", "86400"), ("--workers", "1")];
    let all = WITHOUT_LIMITS.into_iter().chain(own);
    all.flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]).collect()
}

/// Three nodes of this program behind nginx. The name is for their keyspace and their prefix in Redis.
fn cluster(program: PathBuf, name: &str) -> Cluster {
    Cluster::start(ClusterOptions {
        program,
        nodes: 3,
        redis_url: redis_for_tests().to_owned(),
        redis_prefix: keyspace(name),
        contact_points: cql_for_tests().to_vec(),
        keyspace: keyspace(name),
        replication: 1,
        arguments: flags(),
        nginx: None,
    })
}

/// A keyspace of this run's own.
fn keyspace(name: &str) -> String {
    format!("upgrade_{name}_{}", std::process::id())
}

/// Runs `migrate` with what a node is started with; whether it succeeded, and what it said.
fn migrate(options: &NodeOptions) -> (bool, String) {
    let output = Command::new(&options.program).args(&options.arguments).arg("migrate").output();
    let output = output.expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// As docs/operations.md says: SIGTERM, wait for its end, start the other program, wait until it is ready.
fn replace(node: &mut Node, with: &NodeOptions) {
    node.terminate();
    let status = node.wait();
    assert!(status.success(), "it did not stop in an orderly way: {status}");
    node.restart_as(with);
    let runs = std::fs::read_link(format!("/proc/{}/exe", node.pid())).expect("it runs");
    assert_eq!(Some(runs), with.program.canonicalize().ok());
}

#[test]
#[ignore = "takes minutes, and builds the version before: make test-upgrade"]
fn the_nodes_of_a_cluster_are_replaced_and_put_back() {
    let mut cluster = cluster(previous(), "cluster");
    let before = cluster.node_options();
    let next = NodeOptions { program: current(), ..before.clone() };
    let nginx = cluster.nginx_address();
    for (name, options) in [("cluster, forth", &next), ("cluster, back", &before)] {
        chat(name, nginx, THREE_NODES, || {
            let (migrated, said) = migrate(options);
            assert!(migrated, "{said}");
            for node in &mut cluster.nodes {
                replace(node, options);
                std::thread::sleep(SIDE_BY_SIDE);
            }
        });
    }
}

#[test]
#[ignore = "takes minutes, and builds the version before: make test-upgrade"]
fn a_node_alone_is_replaced_and_put_back() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("data").display().to_string();
    let arguments = flags().into_iter().chain(["--data".to_owned(), folder]).collect();
    let before = NodeOptions { program: previous(), arguments, ..NodeOptions::default() };
    let next = NodeOptions { program: current(), ..before.clone() };
    let mut node = Node::start(&before);
    let address = node.address();
    for (name, options) in [("one node, forth", &next), ("one node, back", &before)] {
        chat(name, address, ONE_NODE, || {
            std::thread::sleep(SIDE_BY_SIDE);
            replace(&mut node, options);
            std::thread::sleep(SIDE_BY_SIDE);
        });
    }
}
