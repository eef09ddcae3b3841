//! Apache Cassandra, one node or three: it speaks the protocol that ScyllaDB speaks, to the same
//! driver. Keep to what both have.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::guardian;
use crate::ports::Port;
use crate::process::{Process, Program};
use crate::programs;

/// What a write that was acknowledged survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: for tests that need a schema and speed, and kill no node.
    Fast,
    /// `kill -9`: the commit log is written to the disk before a write is acknowledged.
    Batch,
}

/// What says that a node serves.
const READY: &str = "Starting listening for CQL clients";

/// What one node's heap takes; with everything else it is twice that.
const HEAP_MIB: u32 = 384;

/// Longer than it takes on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub struct Cassandra {
    nodes: Vec<Node>,
    native: Port,
    storage: Port,
}

#[derive(Debug)]
struct Node {
    process: Process,
    address: IpAddr,
    /// Where `nodetool` asks.
    jmx: Port,
    folder: TempDir,
}

impl Cassandra {
    /// One node, or three that own a third of the ring each: on 127.0.0.1, .2 and .3, with the same
    /// ports. All of them serve, and know of each other.
    pub fn start(nodes: u8, durability: Durability) -> Self {
        assert!(matches!(nodes, 1 | 3), "one node or three");
        let (native, storage) = (Port::reserve(), Port::reserve());
        let jars = programs::fetched("cassandra").join("lib");
        let mut cluster = Self { nodes: Vec::new(), native, storage };
        for index in 0..nodes {
            let node = cluster.start_node(index, nodes, durability, &jars);
            cluster.nodes.push(node);
            if index == 0 && nodes > 1 {
                cluster.wait_for_seed();
            }
        }
        for index in 0..usize::from(nodes) {
            cluster.wait_until_ready(index);
        }
        cluster
    }

    fn start_node(&self, index: u8, nodes: u8, durability: Durability, jars: &Path) -> Node {
        let folder = guardian::folder("cassandra");
        let address = Ipv4Addr::new(127, 0, 0, 1 + index);
        let path = folder.path();
        let token = i64::MIN.wrapping_add_unsigned(u64::MAX / u64::from(nodes) * u64::from(index));
        let write = |file: &str, text: &str| {
            fs::write(path.join(file), text).expect("a file can be written");
        };
        let sync = match durability {
            Durability::Fast => "commitlog_sync: periodic\ncommitlog_sync_period: 10s",
            Durability::Batch => "commitlog_sync: batch",
        };
        let yaml = include_str!("cassandra.yaml")
            .replace("{folder}", &path.display().to_string())
            .replace("{address}", &address.to_string())
            .replace("{native_port}", &self.native.number().to_string())
            .replace("{storage_port}", &self.storage.number().to_string())
            .replace("{token}", &token.to_string())
            .replace("{commitlog_sync}", sync);
        write("cassandra.yaml", &yaml);
        write("logback.xml", include_str!("cassandra-logback.xml"));
        write("java.options", include_str!("cassandra-java.options"));
        let jmx = Port::reserve();
        let shown = path.display();
        let process = Program::new(programs::java(), path)
            .arg("@java.options")
            .arg(format!("-Xms{HEAP_MIB}m"))
            .arg(format!("-Xmx{HEAP_MIB}m"))
            .arg(format!("-javaagent:{}", jars.join("jamm-0.4.0.jar").display()))
            .arg(format!("-Djava.io.tmpdir={shown}"))
            .arg(format!("-Dcassandra.storagedir={shown}"))
            .arg(format!("-Dcassandra.jmx.local.port={}", jmx.number()))
            .arg(format!("-Dcassandra.config=file://{shown}/cassandra.yaml"))
            .arg(format!("-Dlogback.configurationFile={shown}/logback.xml"))
            .arg(format!("-Dcassandra.unsafesystem={}", durability == Durability::Fast))
            .args(["-cp", &format!("{}/*", jars.display())])
            .arg("org.apache.cassandra.service.CassandraDaemon")
            .start();
        Node { process, address: address.into(), jmx, folder }
    }

    /// The others ask the seed who there is before they start.
    fn wait_for_seed(&mut self) {
        let seed = SocketAddr::new(self.nodes[0].address, self.storage.number());
        let process = &mut self.nodes[0].process;
        process.wait_until("listened for other nodes", |_| TcpStream::connect(seed).is_ok());
    }

    /// It serves, and sees all others.
    fn wait_until_ready(&mut self, index: usize) {
        let running = |node: &mut Node| node.process.ended().is_none().then_some(node.address);
        let addresses: Vec<_> = self.nodes.iter_mut().filter_map(running).collect();
        let node = &mut self.nodes[index];
        let (own, storage) = (node.address, self.storage.number());
        let serves = |process: &Process| {
            let log = process.log();
            let mut others = addresses.iter().filter(|&&address| address != own);
            log.contains(READY)
                && others.all(|other| log.contains(&format!("/{other}:{storage} is now UP")))
        };
        // Three that start at once on a busy machine have been seen to wait for each other for good.
        if !node.process.becomes(STARTS_WITHIN, "served", serves) {
            node.process.restart();
            node.process.wait_until("served", serves);
        }
    }

    /// Where the nodes listen for clients.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let port = self.native.number();
        self.nodes.iter().map(|node| SocketAddr::new(node.address, port)).collect()
    }

    /// The same, as text: `127.0.0.1:PORT`.
    pub fn contact_points(&self) -> Vec<String> {
        self.addresses().iter().map(SocketAddr::to_string).collect()
    }

    /// `kill -9` of one node.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].process.kill();
    }

    /// SIGSTOP of one node.
    pub fn pause(&self, node: usize) {
        self.nodes[node].process.pause();
    }

    /// SIGCONT of one node.
    pub fn resume(&self, node: usize) {
        self.nodes[node].process.resume();
    }

    /// Starts a node again with its data, and waits until it serves; kills it first where it runs.
    pub fn restart(&mut self, node: usize) {
        self.nodes[node].process.restart();
        self.wait_until_ready(node);
    }

    /// What `nodetool` of one node prints. It has to succeed.
    pub fn nodetool(&self, node: usize, arguments: &[&str]) -> String {
        let Node { jmx, folder, .. } = &self.nodes[node];
        let jars = programs::fetched("cassandra").join("lib");
        let output = Command::new(programs::java())
            .current_dir(folder.path())
            .arg("@java.options")
            .arg(format!("-Duser.home={}", folder.path().display()))
            .args(["-cp", &format!("{}/*", jars.display()), "org.apache.cassandra.tools.NodeTool"])
            .args(["-h", "127.0.0.1", "-p", &jmx.number().to_string()])
            .args(arguments)
            .output()
            .expect("Java can be run");
        assert!(output.status.success(), "nodetool {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The folder in which a node has a folder for each keyspace.
    pub fn data(&self, node: usize) -> PathBuf {
        self.nodes[node].folder.path().join("data")
    }

    pub fn process(&self, node: usize) -> &Process {
        &self.nodes[node].process
    }
}
