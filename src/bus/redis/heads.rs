//! Where topics stand, read together with the epoch that they were counted in.

use std::collections::HashMap;

use redis::{ErrorKind, RedisError, RedisResult, cmd, pipe};

use super::keys::Partition;
use super::line::Up;
use super::message::{Epoch, StoredHead};
use super::shared::Shared;
use crate::bus::Head;
use crate::protocol::Topic;

/// How long a head is kept when nothing is published, as `event.lua` says.
pub(super) const HEAD_KEEPS_MS: u64 = 7 * 24 * 3600 * 1000;

pub(super) struct Heads {
    /// In the order of the topics.
    pub heads: Vec<Head>,
    pub epochs: Vec<(Partition, Epoch)>,
}

/// Reads the heads of topics that all are on this line, over its link. Each is read together with its
/// partition's epoch; where that is missing, or a count is behind what was heard, a new one begins.
pub(super) async fn read_heads(shared: &Shared, up: &Up, topics: &[Topic]) -> RedisResult<Heads> {
    let mut groups: HashMap<Partition, Vec<usize>> = HashMap::new();
    for (at, topic) in topics.iter().enumerate() {
        groups.entry(shared.keys.partition_of(*topic)).or_default().push(at);
    }
    let groups: Vec<_> = groups.into_iter().collect();
    let mut read = pipe();
    for (partition, members) in &groups {
        let mut mget = cmd("MGET");
        mget.arg(shared.keys.epoch(*partition));
        for at in members {
            mget.arg(shared.keys.topic(topics[*at]));
        }
        read.add_command(mget);
    }
    // As it was before the question: a head that is read now can't be behind it.
    let heard: Vec<_> = {
        let interest = shared.interest.lock();
        topics.iter().map(|topic| interest.heard(*topic)).collect()
    };
    let now_ms = shared.clock.now_ms().unwrap_or(0);
    let counted_ms = if up.evicts { now_ms } else { now_ms.saturating_sub(HEAD_KEEPS_MS) };
    let mut found = vec![None; topics.len()];
    let mut epochs = Vec::with_capacity(groups.len());
    let answers: Vec<Vec<Option<Vec<u8>>>> =
        if groups.is_empty() { Vec::new() } else { up.ask_link(&read).await? };
    for ((partition, members), values) in groups.into_iter().zip(answers) {
        let mut values = values.into_iter();
        let mut epoch = match values.next().flatten() {
            Some(epoch) => read_epoch(&epoch)?,
            None => begin_epoch(shared, up, partition, None).await?,
        };
        let stored: Vec<_> = values.map(|value| StoredHead::read(value.as_deref()?)).collect();
        let went_back = members.iter().zip(&stored).any(|(at, stored)| {
            let stored = stored.as_ref().filter(|stored| stored.epoch == epoch.name);
            let count = stored.map_or(0, |stored| stored.count);
            heard[*at].is_some_and(|(known, heard)| known == epoch.name && count < heard)
        });
        if went_back {
            epoch = begin_epoch(shared, up, partition, Some(epoch.name)).await?;
        }
        for (at, stored) in members.into_iter().zip(stored) {
            // One of another epoch may have lost its last steps, or was counted before.
            let stored = stored.filter(|stored| stored.epoch == epoch.name);
            found[at] = Some(Head {
                epoch: epoch.name,
                count: stored.as_ref().map_or(0, |stored| stored.count),
                newest: stored.map(|stored| stored.newest),
                counted_from_ms: epoch.born_ms.max(counted_ms),
            });
        }
        epochs.push((partition, epoch));
    }
    Ok(Heads { heads: found.into_iter().flatten().collect(), epochs })
}

/// The partition's epoch; a new one where there is none, or where it is still `distrusted`.
pub(super) async fn begin_epoch(
    shared: &Shared,
    up: &Up,
    partition: Partition,
    distrusted: Option<u64>,
) -> RedisResult<Epoch> {
    let mut call = shared.scripts.epoch.call(&[shared.keys.epoch(partition)]);
    call.arg(distrusted.map_or_else(String::new, |name| format!("{name:016x}")));
    let mut calls = pipe();
    calls.add_command(call);
    let (epoch,): (Vec<u8>,) = up.ask_link(&calls).await?;
    read_epoch(&epoch)
}

pub(super) fn read_epoch(text: &[u8]) -> RedisResult<Epoch> {
    Epoch::read(text)
        .ok_or_else(|| RedisError::from((ErrorKind::UnexpectedReturnType, "it is no epoch")))
}
