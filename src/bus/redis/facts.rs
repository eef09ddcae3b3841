//! What an operator wants to know of a Redis, asked once.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redis::{RedisResult, Value, cmd, pipe};

use super::address::{Directory, Kind, RedisOptions, connect, connection_config};
use super::line::{field, is_master};
use super::masters;

/// One master of Redis.
#[derive(Clone, Debug)]
pub struct MasterFacts {
    /// `HOST:PORT`.
    pub address: String,
    pub version: String,
    /// `None` where it doesn't say.
    pub eviction: Option<String>,
    /// Whether it is one of a Redis Cluster.
    pub is_clustered: bool,
    /// Whether there are replicas, or Sentinels, or other masters.
    pub may_fail_over: bool,
    /// `min-replicas-to-write`; `None` where it doesn't let itself be asked.
    pub least_replicas: Option<u32>,
    pub is_master: bool,
    pub answers_in: Duration,
    /// How far its clock is ahead of this machine's, in milliseconds.
    pub ahead_ms: i64,
}

/// Finds the masters, and asks each of them; why not, where one doesn't answer.
pub async fn examine(options: &RedisOptions) -> Result<Vec<Result<MasterFacts, String>>, String> {
    let directory = Directory::new(options).map_err(|error| error.to_string())?;
    let masters = masters::find(&directory, &[]).await.map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for master in masters {
        let facts = ask(&directory, &master.address).await;
        found.push(facts.map_err(|error| format!("{}: {error}", master.address)));
    }
    Ok(found)
}

async fn ask(directory: &Directory, address: &super::address::Address) -> RedisResult<MasterFacts> {
    let client = directory.client(address)?;
    let mut connection = connect(&client, &connection_config()).await?;
    let (server, memory, role): (String, String, Vec<Value>) = pipe()
        .cmd("INFO")
        .arg("server")
        .cmd("INFO")
        .arg("memory")
        .cmd("ROLE")
        .query_async(&mut connection)
        .await?;
    let (asked, began) = (Instant::now(), SystemTime::now());
    let (seconds, micros): (u64, u64) = cmd("TIME").query_async(&mut connection).await?;
    let answers_in = asked.elapsed();
    let here = began.duration_since(UNIX_EPOCH).unwrap_or_default() + answers_in / 2;
    let there = Duration::from_secs(seconds) + Duration::from_micros(micros);
    // A user may be kept from `CONFIG`.
    let least: Option<(String, u32)> = cmd("CONFIG")
        .arg("GET")
        .arg("min-replicas-to-write")
        .query_async(&mut connection)
        .await
        .ok();
    let replicas = matches!(role.get(2), Some(Value::Array(replicas)) if !replicas.is_empty());
    Ok(MasterFacts {
        address: address.to_string(),
        version: field(&server, "redis_version").unwrap_or_default().to_owned(),
        eviction: field(&memory, "maxmemory_policy").map(ToOwned::to_owned),
        is_clustered: directory.is_clustered(),
        may_fail_over: replicas || directory.kind != Kind::Single,
        least_replicas: least.map(|(_, least)| least),
        is_master: is_master(&role),
        answers_in,
        ahead_ms: there.as_millis() as i64 - here.as_millis() as i64,
    })
}
