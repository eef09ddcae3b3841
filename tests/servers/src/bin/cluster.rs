//! `make cluster`: Redis, a CQL server, some nodes of Starling, and nginx before them, until Ctrl-C
//! or SIGTERM. Nothing is kept.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use starling_servers::{Cassandra, Cluster, ClusterOptions, Durability, Port, Redis};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Starts a cluster of Starling on this machine, and stops it on Ctrl-C. Nothing is kept
#[derive(Parser)]
struct Arguments {
    /// The server's program
    #[arg(long, default_value = "target/release/starling", value_name = "FILE")]
    program: PathBuf,

    /// How many nodes of Starling
    #[arg(long, default_value_t = 3, value_name = "NUMBER")]
    nodes: usize,

    /// The port of 127.0.0.1 on which nginx listens
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,

    /// How many CQL servers: 1, or 3 that have each row
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    cql: u8,

    /// Further flags for each node, each followed by its value
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<String>,
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    // What can't go on panics, and says why: that is for a person, the place in the code is not.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("cluster: {}", panic.payload_as_str().unwrap_or("something went wrong"));
    }));
    // Stopped before all runs, this process just ends, and what runs ends with it.
    let started = std::panic::catch_unwind(|| Everything::start(arguments));
    let Ok(mut everything) = started else { return std::process::ExitCode::FAILURE };
    let mut signals = Signals::new([SIGINT, SIGTERM]).expect("signals can be received");
    everything.print();
    while signals.pending().next().is_none() {
        everything.report_the_dead();
        std::thread::sleep(LOOK_EVERY);
    }
    println!("Stopping.");
    everything.stop();
    std::process::ExitCode::SUCCESS
}

/// Ended from the first to the last: nobody loses a server that is still needed.
struct Everything {
    cluster: Cluster,
    reported: Vec<usize>,
    redis_url: String,
    contact_points: Vec<String>,
    _redis: Option<Redis>,
    _cassandra: Option<Cassandra>,
}

impl Everything {
    fn start(arguments: Arguments) -> Self {
        let program = arguments.program.canonicalize().unwrap_or_else(|error| {
            panic!("{}: {error}. Build it: cargo build --release", arguments.program.display())
        });
        let port = Port::given(arguments.port);
        println!("Starting Redis, a CQL server, {} nodes and nginx.", arguments.nodes);
        let named = |variable| std::env::var(variable).ok().filter(|value| !value.is_empty());
        let redis_url = named("STARLING_TEST_REDIS");
        let redis = redis_url.is_none().then(Redis::start);
        let redis_url = redis.as_ref().map(Redis::url).or(redis_url).unwrap_or_default();
        let points = named("STARLING_TEST_CQL");
        let points = points.map(|points| points.split(',').map(str::to_owned).collect());
        let cassandra =
            points.is_none().then(|| Cassandra::start(arguments.cql, Durability::Batch));
        let contact_points: Vec<String> =
            cassandra.as_ref().map(Cassandra::contact_points).or(points).unwrap_or_default();
        let cluster = Cluster::start(ClusterOptions {
            program,
            nodes: arguments.nodes,
            redis_url: redis_url.clone(),
            redis_prefix: "starling_cluster".into(),
            contact_points: contact_points.clone(),
            keyspace: "starling_cluster".into(),
            replication: arguments.cql,
            arguments: arguments.flags,
            nginx: Some(port),
        });
        Self {
            cluster,
            reported: Vec::new(),
            redis_url,
            contact_points,
            _redis: redis,
            _cassandra: cassandra,
        }
    }

    fn print(&self) {
        println!("Starling listens on http://{} (nginx)", self.cluster.nginx_address());
        for (index, node) in self.cluster.nodes.iter().enumerate() {
            let (address, pid, log) = (node.address(), node.pid(), node.log_file().display());
            println!("  node {}  http://{address}  process {pid}  log {log}", index + 1);
        }
        println!("  Redis   {}", self.redis_url);
        println!("  CQL     {}", self.contact_points.join(", "));
        println!("Stop it with Ctrl-C. Nothing is kept.");
    }

    fn report_the_dead(&mut self) {
        for (index, node) in self.cluster.nodes.iter_mut().enumerate() {
            if let Some(status) = node.ended()
                && !self.reported.contains(&index)
            {
                println!("Node {} has ended: {status}. The others go on.", index + 1);
                self.reported.push(index);
            }
        }
    }

    /// The nodes first, all together, each in its orderly way.
    fn stop(mut self) {
        for node in &mut self.cluster.nodes {
            if node.ended().is_none() {
                node.terminate();
            }
        }
        for node in &mut self.cluster.nodes {
            node.wait();
        }
    }
}
