//! Servers that a whole test binary shares: for tests that keep to a keyspace and a prefix of their
//! own, and kill nothing.

use std::sync::OnceLock;

use crate::cassandra::{Cassandra, Durability};
use crate::redis::Redis;

/// The URL of a Redis: what `STARLING_TEST_REDIS` names, or one that is started at the first call.
pub fn redis_for_tests() -> &'static str {
    static OWN: OnceLock<Redis> = OnceLock::new();
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        named("STARLING_TEST_REDIS").unwrap_or_else(|| OWN.get_or_init(Redis::start).url())
    })
}

/// Contact points, `HOST:PORT`, of ScyllaDB or Cassandra: what `STARLING_TEST_CQL` names, separated
/// by commas, or one node that is started at the first call.
pub fn cql_for_tests() -> &'static [String] {
    static OWN: OnceLock<Cassandra> = OnceLock::new();
    static POINTS: OnceLock<Vec<String>> = OnceLock::new();
    POINTS.get_or_init(|| match named("STARLING_TEST_CQL") {
        Some(points) => points.split(',').map(|point| point.trim().to_owned()).collect(),
        None => OWN.get_or_init(|| Cassandra::start(1, Durability::Fast)).contact_points(),
    })
}

fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}
