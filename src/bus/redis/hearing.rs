//! From the connections to the ear: one task hands on what all of them hear, in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use redis::{PushInfo, Value};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::keys::Partition;
use super::message::Message;
use super::shared::Shared;
use crate::bus::{Publication, Signal};
use crate::protocol::Topic;

/// What waits between the connections and the ear. What does not fit is dropped and is a gap.
pub(super) const QUEUE: usize = 32_768;
/// Taken from there at once.
const BATCH: usize = 1_024;

pub(super) enum Heard {
    /// What Redis sent without being asked, and when.
    Push(PushInfo, Instant),
    /// What a connection has to say of itself, behind everything that it heard before.
    Signals(Vec<Signal>),
}

/// The topics that somebody here wants to hear, each with the epoch and the count it was heard to;
/// `None` until it was confirmed.
#[derive(Default)]
pub(super) struct Interest(HashMap<Topic, Option<(u64, u64)>>);

impl Interest {
    pub fn add(&mut self, topic: Topic) {
        self.0.entry(topic).or_default();
    }

    pub fn remove(&mut self, topic: Topic) {
        self.0.remove(&topic);
    }

    pub fn heard(&self, topic: Topic) -> Option<(u64, u64)> {
        self.0.get(&topic).copied().flatten()
    }

    pub fn topics(&self) -> impl Iterator<Item = Topic> {
        self.0.keys().copied()
    }
}

/// Hands on, on the runtime that is meant for it, until that ends or this is dropped.
pub(super) async fn hear(shared: Arc<Shared>, queue: mpsc::Receiver<Heard>) {
    let there = Arc::clone(&shared.hears_on);
    let handing = there.wait().await.spawn(hand_on(shared, queue));
    // An error says that the runtime has ended.
    let _ = AbortOnDropHandle::new(handing).await;
}

async fn hand_on(shared: Arc<Shared>, mut queue: mpsc::Receiver<Heard>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let mut signals = Vec::with_capacity(batch.len());
        // Before what was heard later, so that it is not taken for whole.
        if shared.overflowed.swap(false, Ordering::AcqRel) {
            signals.push(Signal::GapEverywhere);
        }
        let odd = {
            let mut interest = shared.interest.lock();
            take(&shared, &mut interest, &mut batch, &mut signals)
        };
        if let Some(ear) = shared.ear.get().filter(|_| !signals.is_empty()) {
            ear.hear(signals);
        }
        for (partition, epoch, is_lost) in odd {
            if is_lost {
                shared.distrust(partition, epoch);
            } else {
                shared.note_epoch(partition, epoch);
            }
        }
    }
}

/// Reads a batch. Partitions whose epoch is another one than their topics were heard in, or
/// (`true`) whose epoch is the same although a count went back.
fn take(
    shared: &Shared,
    interest: &mut Interest,
    batch: &mut Vec<Heard>,
    signals: &mut Vec<Signal>,
) -> Vec<(Partition, u64, bool)> {
    let mut odd = Vec::new();
    for heard in batch.drain(..) {
        let (push, at) = match heard {
            Heard::Push(push, at) => (push, at),
            Heard::Signals(said) => {
                for signal in &said {
                    if let Signal::Subscribed { topic, head } = signal
                        && let Some(heard) = interest.0.get_mut(topic)
                    {
                        *heard = Some((head.epoch, head.count));
                    }
                }
                signals.extend(said);
                continue;
            }
        };
        let Some((topic, message)) = read(shared, push) else { continue };
        let Some(known) = interest.0.get_mut(&topic) else { continue };
        match message {
            Message::Whisper(frame) => signals.push(Signal::Whisper { topic, frame }),
            Message::Event { epoch, count, id, control, frame } => {
                let before = known.replace((epoch, count));
                let partition = shared.keys.partition_of(topic);
                match before {
                    // The head was deleted, or pushed out for want of memory.
                    Some((same, heard)) if same == epoch && count <= heard => {
                        odd.push((partition, epoch, true));
                        signals.push(Signal::Gap { topic });
                    }
                    Some((other, _)) if other != epoch => odd.push((partition, epoch, false)),
                    _ => {}
                }
                let publication = Publication { topic, event_id: id, control, frame };
                signals.push(Signal::Event { publication, epoch, count, heard: at });
            }
        }
    }
    odd
}

fn read(shared: &Shared, push: PushInfo) -> Option<(Topic, Message)> {
    let [Value::BulkString(channel), Value::BulkString(payload)] =
        <[Value; 2]>::try_from(push.data).ok()?
    else {
        return None;
    };
    let topic = shared.keys.topic_of(&channel)?;
    let message = Message::read(payload);
    if message.is_none() {
        tracing::warn!("something was published in Redis that this version can't read");
    }
    Some((topic, message?))
}
