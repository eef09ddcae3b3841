//! Nodes in processes of their own, and nginx before them with the configuration in the `nginx` folder.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

#[path = "../node/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "these tests need a part of it")]
mod support;

mod failing;
mod nodes;
mod passing;
mod secure;

use std::net::SocketAddr;

use starling_servers::{Nginx, Node, NodeOptions};

/// A node with a folder of its own, which believes nginx; these flags, with values, go before.
fn node(flags: &[(&str, &str)]) -> Node {
    Node::start(&options(flags))
}

fn options(flags: &[(&str, &str)]) -> NodeOptions {
    let mut options =
        NodeOptions { program: env!("CARGO_BIN_EXE_starling").into(), ..NodeOptions::default() };
    for (flag, value) in [
        ("--data", "data"),
        ("--trusted-proxies", "127.0.0.1"),
        ("--workers", "2"),
        ("--password-memory-kib", "8"),
        ("--password-passes", "1"),
        ("--limit-logins-from-address", "off"),
        ("--limit-api", "off"),
        ("--drain-ms", "100"),
    ] {
        options.set(flag, value);
    }
    for (flag, value) in flags {
        options.set(flag, value);
    }
    options
}

/// A node behind nginx, and where nginx is.
fn one_node(flags: &[(&str, &str)]) -> (Node, Nginx, SocketAddr) {
    let node = node(flags);
    let nginx = Nginx::before(&[node.address()]);
    let address = nginx.address();
    (node, nginx, address)
}
