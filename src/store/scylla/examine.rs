//! What an operator wants to know of the store, asked once. Nothing is changed.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use scylla::client::session::Session;
use scylla::cluster::metadata::Strategy;
use scylla::value::CqlTimestamp;

use super::connect::{self, ScyllaOptions};
use super::db::damaged;
use super::schema;
use crate::store::StoreResult;

/// A store over CQL.
#[derive(Clone, Debug)]
pub struct StoreFacts {
    /// The release that it says it is.
    pub release: String,
    /// Its nodes, and how many of them this machine is connected to.
    pub nodes: usize,
    pub connected: usize,
    /// Copies of each row in the keyspace, in each datacenter; empty where there is no keyspace yet.
    pub copies: Vec<usize>,
    /// The version of the tables, the oldest program that can work with them, and this program.
    pub version: u32,
    pub oldest: u32,
    pub known: u32,
    /// How far the clock of one of its nodes is ahead of this machine's, in milliseconds.
    pub ahead_ms: i64,
}

/// Connects, and asks.
pub async fn examine(options: &ScyllaOptions) -> StoreResult<StoreFacts> {
    let session = connect::session(options).await?;
    let (asked, began) = (Instant::now(), SystemTime::now());
    let cql = "SELECT release_version, toTimestamp(now()) FROM system.local";
    let rows = session.query_unpaged(cql, ()).await?.into_rows_result().map_err(damaged)?;
    let here = began.duration_since(UNIX_EPOCH).unwrap_or_default() + asked.elapsed() / 2;
    let (release, CqlTimestamp(there)) =
        rows.single_row::<(String, CqlTimestamp)>().map_err(damaged)?;
    let tables = schema::found(&session, options).await?;
    let state = session.get_cluster_state();
    let nodes = state.get_nodes_info();
    Ok(StoreFacts {
        release,
        nodes: nodes.len(),
        connected: nodes.iter().filter(|node| node.is_connected()).count(),
        copies: copies(&session, &options.keyspace),
        version: tables.version,
        oldest: tables.oldest,
        known: schema::STEPS.len() as u32,
        ahead_ms: there - here.as_millis() as i64,
    })
}

fn copies(session: &Session, keyspace: &str) -> Vec<usize> {
    let state = session.get_cluster_state();
    match state.get_keyspace(keyspace).map(|keyspace| &keyspace.strategy) {
        Some(Strategy::SimpleStrategy { replication_factor }) => vec![*replication_factor],
        Some(Strategy::NetworkTopologyStrategy { datacenter_repfactors }) => {
            datacenter_repfactors.values().copied().collect()
        }
        _ => Vec::new(),
    }
}
