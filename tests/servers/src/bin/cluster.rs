//! `make cluster`: Redis, a CQL server, some nodes of Starling, and nginx before them, until Ctrl-C
//! or SIGTERM. Nothing is kept.

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use starling_servers::{
    Cassandra, Cluster, ClusterOptions, Durability, Nginx, Port, Redis, named_servers,
};

#[derive(Parser)]
#[command(about = "Starts a cluster of Starling on this machine, and stops it on Ctrl-C. Nothing is kept")]
struct Arguments {
    /// The program of the server
    #[arg(long, default_value = "target/release/starling", value_name = "FILE")]
    program: PathBuf,

    /// Nodes of Starling
    #[arg(long, default_value_t = 3, value_name = "NUMBER")]
    nodes: usize,

    /// The port of 127.0.0.1 on which nginx listens
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,

    /// CQL servers: one, or three that have each row
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=3))]
    cql: u8,

    /// Further flags for each node, after `--`
    #[arg(last = true)]
    flags: Vec<String>,
}
