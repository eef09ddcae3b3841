//! Several nodes of Starling on the same Redis and the same CQL servers, behind nginx.

use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::guardian;
use crate::nginx::Nginx;
use crate::node::{Node, NodeOptions};
use crate::ports::Port;

#[derive(Debug, Default)]
pub struct ClusterOptions {
    /// The `starling` program.
    pub program: PathBuf,
    pub nodes: usize,
    /// As `--redis-url` takes it.
    pub redis_url: String,
    pub redis_prefix: String,
    /// As `--scylla-nodes` takes them: `HOST:PORT`.
    pub contact_points: Vec<String>,
    pub keyspace: String,
    /// How many servers have each row.
    pub replication: u8,
    /// Beside these, for each node.
    pub arguments: Vec<String>,
    /// Where nginx listens, on 127.0.0.1; a free port where it isn't given.
    pub nginx: Option<Port>,
}

#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub nginx: Nginx,
    options: ClusterOptions,
    keys: TempDir,
}

impl Cluster {
    /// All nodes are ready.
    pub fn start(options: ClusterOptions) -> Self {
        Self::start_with(options, |_, _| {})
    }

    /// The same, with what is different for one node, by its index: a Redis behind a proxy
    /// (`set("--redis-url", …)`), a clock that is off.
    pub fn start_with(
        mut options: ClusterOptions,
        change: impl Fn(usize, &mut NodeOptions),
    ) -> Self {
        let keys = guardian::folder("keys");
        let port = options.nginx.take().unwrap_or_else(Port::reserve);
        let mut nodes: Vec<Node> = Vec::new();
        for index in 0..options.nodes {
            let mut of_node = options.for_node(&keys);
            change(index, &mut of_node);
            nodes.push(Node::begin(&of_node));
            // The first makes the key file and the tables; the others find them.
            if index == 0 {
                nodes[0].wait_until_ready();
            }
        }
        nodes.iter_mut().for_each(Node::wait_until_ready);
        let addresses: Vec<_> = nodes.iter().map(Node::address).collect();
        let nginx = Nginx::before_at(port, &addresses);
        Self { nodes, nginx, options, keys }
    }

    /// One more node, which nginx uses from now on.
    pub fn add_node(&mut self) -> &mut Node {
        self.nodes.push(Node::start(&self.node_options()));
        self.nginx.reload_nodes(&self.addresses());
        self.nodes.last_mut().expect("it was pushed")
    }

    /// What a node is started with, to be changed for `Node::restart_as`.
    pub fn node_options(&self) -> NodeOptions {
        self.options.for_node(&self.keys)
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }

    pub fn nginx_address(&self) -> SocketAddr {
        self.nginx.address()
    }
}

impl ClusterOptions {
    fn for_node(&self, keys: &TempDir) -> NodeOptions {
        let keys = keys.path().join("signing-keys.json").display().to_string();
        let mut arguments: Vec<String> = Vec::new();
        for (flag, value) in [
            ("--signing-keys", keys),
            ("--trusted-proxies", "127.0.0.1".to_owned()),
            ("--redis-url", self.redis_url.clone()),
            ("--redis-prefix", self.redis_prefix.clone()),
            ("--scylla-nodes", self.contact_points.join(",")),
            ("--scylla-keyspace", self.keyspace.clone()),
            ("--scylla-replication", self.replication.to_string()),
        ] {
            arguments.extend([flag.to_owned(), value]);
        }
        arguments.extend(self.arguments.iter().cloned());
        NodeOptions { program: self.program.clone(), arguments, ..NodeOptions::default() }
    }
}
