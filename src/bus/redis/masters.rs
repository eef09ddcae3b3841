//! Which processes are masters, and of which slots.

use std::collections::HashMap;

use futures_util::future::join_all;
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value, cmd};

use super::address::{Address, Directory, Kind, connect, connection_config};

pub(super) const SLOTS: u16 = 16_384;

/// A master, and the slots that it has: first and last of each stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Master {
    pub address: Address,
    pub slots: Vec<(u16, u16)>,
}

/// Finds the masters. `known`: processes that were found before; where all the seeds are gone, they may
/// still tell.
pub(super) async fn find(directory: &Directory, known: &[Address]) -> RedisResult<Vec<Master>> {
    let all = |address| vec![Master { address, slots: vec![(0, SLOTS - 1)] }];
    match &directory.kind {
        Kind::Single => Ok(all(directory.seeds[0].clone())),
        Kind::Sentinel(name) => ask_sentinels(directory, name).await.map(all),
        Kind::Cluster => {
            let mut last = RedisError::from((ErrorKind::ClusterConnectionNotFound, "no node"));
            let mut doubtful = None;
            let more = known.iter().filter(|address| !directory.seeds.contains(address));
            for address in directory.seeds.iter().chain(more) {
                match ask_node(directory, address).await {
                    Ok((true, masters)) => return Ok(masters),
                    Ok((false, masters)) => doubtful = Some(masters),
                    Err(error) => last = error,
                }
            }
            doubtful.ok_or(last)
        }
    }
}

/// What most Sentinels say: one that is cut off from the others may still name the old master.
async fn ask_sentinels(directory: &Directory, name: &str) -> RedisResult<Address> {
    let answers = directory.seeds.iter().map(|sentinel| ask_sentinel(directory, sentinel, name));
    let mut votes: HashMap<Address, usize> = HashMap::new();
    let mut last = RedisError::from((ErrorKind::MasterNameNotFoundBySentinel, "no such master"));
    for answer in join_all(answers).await {
        match answer {
            Ok(Some(address)) => *votes.entry(address).or_default() += 1,
            Ok(None) => {}
            Err(error) => last = error,
        }
    }
    votes.into_iter().max_by_key(|(_, votes)| *votes).map(|(address, _)| address).ok_or(last)
}

async fn ask_sentinel(
    directory: &Directory,
    sentinel: &Address,
    name: &str,
) -> RedisResult<Option<Address>> {
    let mut question = cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let ask = async |with_login| {
        let client = directory.sentinel(sentinel, with_login)?;
        let mut connection = connect(&client, &connection_config()).await?;
        question.query_async::<Option<(String, u16)>>(&mut connection).await
    };
    let answer = match ask(false).await {
        Err(error) if is_login_missing(&error) => ask(true).await,
        answer => answer,
    };
    Ok(answer?.map(|(host, port)| Address { host, port }))
}

fn is_login_missing(error: &RedisError) -> bool {
    error.code() == Some("NOAUTH")
        || matches!(
            error.kind(),
            ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm)
        )
}

/// The masters that a node knows, and whether it believes the cluster to be well. One that is cut off
/// from most others doesn't, and what it knows may be old.
async fn ask_node(directory: &Directory, node: &Address) -> RedisResult<(bool, Vec<Master>)> {
    let client = directory.client(node)?;
    let mut connection = connect(&client, &connection_config()).await?;
    let (state, stretches): (String, Vec<Vec<Value>>) = redis::pipe()
        .cmd("CLUSTER")
        .arg("INFO")
        .cmd("CLUSTER")
        .arg("SLOTS")
        .query_async(&mut connection)
        .await?;
    let is_well = state.contains("cluster_state:ok");
    let mut masters: HashMap<Address, Vec<(u16, u16)>> = HashMap::new();
    for stretch in stretches {
        let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = stretch.as_slice()
        else {
            return Err(unreadable());
        };
        let [host, Value::Int(port), ..] = master.as_slice() else { return Err(unreadable()) };
        let host = match host {
            Value::BulkString(host) if !host.is_empty() && host != b"?" => {
                String::from_utf8_lossy(host).into_owned()
            }
            // It doesn't know by what name it is reached: by the one that it was asked under.
            _ => node.host.clone(),
        };
        let address = Address { host, port: *port as u16 };
        masters.entry(address).or_default().push((*first as u16, *last as u16));
    }
    if masters.is_empty() {
        return Err(RedisError::from((ErrorKind::ClusterConnectionNotFound, "no slot is served")));
    }
    let mut masters: Vec<_> =
        masters.into_iter().map(|(address, slots)| Master { address, slots }).collect();
    masters.sort_by_key(|master| master.slots.iter().min().copied());
    Ok((is_well, masters))
}

fn unreadable() -> RedisError {
    RedisError::from((ErrorKind::UnexpectedReturnType, "the answer has another shape"))
}
