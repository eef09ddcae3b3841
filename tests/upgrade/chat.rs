//! People who chat while something is done to the servers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::swarm::{self, Outcome, Swarm};

fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(swarm::build)
}

/// Works on the servers while people chat there for this time, and fails where one of them noticed more
/// than a reconnect. They drop no connection: each that ends was ended by the work.
pub fn chat(name: &str, server: SocketAddr, time: Duration, work: impl FnOnce()) {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state.json").display().to_string();
    let (server, seconds) = (server.to_string(), time.as_secs().to_string());
    let arguments = [
        ("--server", server.as_str()),
        ("--state", &state),
        ("--seconds", &seconds),
        ("--users", "120"),
        ("--rooms-of", "12"),
        ("--rooms-per-user", "2"),
        ("--rate", "600"),
        ("--parallel", "8"),
        ("--drop-rate", "0"),
        ("--switch-rate", "0"),
        ("--poll-share", "0.1"),
    ];
    let arguments = arguments.into_iter().flat_map(|(flag, value)| [flag, value]);
    let mut arguments: Vec<_> = arguments.map(ToOwned::to_owned).collect();
    arguments.push("--watch-presence".to_owned());
    let mut swarm = Swarm::start(program(), &arguments, folder.path().join("log"));
    assert!(swarm.wait_until_chatting(), "{}", swarm.outcome().details());
    let began = Instant::now();
    work();
    let took = began.elapsed().as_secs();
    let outcome = swarm.outcome();
    tell(name, took, &outcome);
    assert!(outcome.passed, "{}", outcome.details());
    assert!(moved(&outcome.told) > 0, "nobody was moved: {}", outcome.details());
}

/// Connections that the servers closed because they stopped.
fn moved(told: &Value) -> u64 {
    told["connections_closed"]["Code(4005)"].as_u64().unwrap_or_default()
}

fn tell(name: &str, took: u64, outcome: &Outcome) {
    let told = &outcome.told;
    let refused = told["refused"].as_object().into_iter().flatten();
    let refused: u64 = refused.filter_map(|(_, count)| count.as_u64()).sum();
    println!("{name}, in {took} s:");
    for (what, figure) in [
        ("messages acknowledged", &told["acknowledged"]),
        ("deliveries", &told["deliveries"]),
        ("connections closed with 4005", &moved(told).into()),
        ("interruptions", &told["interruptions"]),
        ("  99 in a hundred ended within, ms", &told["interruption_p99_ms"]),
        ("  the longest, ms", &told["interruption_max_ms"]),
        ("longest wait for an acknowledgement, ms", &told["ack_max_ms"]),
        ("commands refused, and repeated", &refused.into()),
        ("lost", &told["lost"]),
        ("late", &told["late"]),
        ("doubled", &told["doubled"]),
        ("other violations", &told["violations"]),
        ("seemed to be offline", &told["presence"]["false_offline"]),
    ] {
        println!("  {what:42} {figure}");
    }
}
