//! Cassandra: one node, and three.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use starling_servers::{Cassandra, Durability, wait_until};

/// Whether it answers OPTIONS with SUPPORTED (native protocol, version 4).
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<u8> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(&[4, 0, 0, 0, 5, 0, 0, 0, 0])?;
        let mut header = [0; 9];
        stream.read_exact(&mut header)?;
        Ok(header[4])
    };
    ask().is_ok_and(|opcode| opcode == 6)
}

#[test]
fn one_node_starts_is_paused_killed_and_restarted() {
    let mut cassandra = Cassandra::start(1, Durability::Fast);
    let address = cassandra.addresses()[0];
    wait_until("it answers", || answers(address));
    cassandra.pause(0);
    assert!(!answers(address));
    cassandra.resume(0);
    wait_until("it answers again", || answers(address));
    cassandra.kill(0);
    assert!(!answers(address));
    cassandra.restart(0);
    wait_until("it answers", || answers(address));
}

#[test]
fn three_nodes_come_up_and_one_comes_back() {
    let mut cassandra = Cassandra::start(3, Durability::Batch);
    let addresses = cassandra.addresses();
    assert_eq!(addresses.len(), 3);
    wait_until("all answer", || addresses.iter().all(|&address| answers(address)));
    cassandra.kill(1);
    assert!(!answers(addresses[1]));
    wait_until("the others answer", || answers(addresses[0]) && answers(addresses[2]));
    cassandra.restart(1);
    wait_until("all answer", || addresses.iter().all(|&address| answers(address)));
    let memory: Vec<_> = (0..3).map(|node| cassandra.process(node).memory_mib()).collect();
    assert!(memory.iter().all(|&mib| mib < 1_200), "{memory:?}");
}
