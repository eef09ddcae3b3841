//! The way into a worker: a bounded queue, filled and emptied in batches.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::observe;
use crate::protocol::{Control, EventId, Frame, SessionId, Topic, UserId};

/// What may wait for one worker, in bytes of frames.
const INBOX_BYTES: usize = 32 * 1024 * 1024;

#[derive(Clone, Debug)]
pub enum Item {
    Event {
        topic: Topic,
        /// What it was published under.
        event_id: EventId,
        control: Option<Control>,
        frame: Frame,
        heard: Instant,
    },
    /// A transient event.
    Whisper { topic: Topic, frame: Frame },
    /// These sessions of a person go on; those of their other sockets have ended.
    Sessions { user: UserId, alive: Arc<[SessionId]> },
    /// For every follower of the topic: more was missed than is told.
    TooMany { topic: Topic, frame: Frame },
    /// The server stops: every connection is told to go elsewhere, at a random moment within this
    /// many milliseconds.
    Drain { within_ms: u64 },
    /// Everything up to this time, in milliseconds since 1970, has been handed over before.
    Proved(u64),
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Event { frame, .. }
            | Self::Whisper { frame, .. }
            | Self::TooMany { frame, .. } => frame.bytes().len(),
            Self::Sessions { .. } | Self::Drain { .. } | Self::Proved(_) => 0,
        }
    }
}

#[derive(Default)]
pub struct Inbox {
    queue: Mutex<Queue>,
    more: Notify,
}

#[derive(Default)]
struct Queue {
    items: Vec<Item>,
    bytes: usize,
}

impl Inbox {
    /// Hands over a batch, in order. Gives back what did not fit: for its topics, a gap.
    #[must_use]
    pub fn push(&self, batch: Vec<Item>) -> Vec<Item> {
        let mut left = Vec::new();
        let mut taken = 0;
        {
            let mut queue = self.queue.lock();
            for item in batch {
                let bytes = item.bytes();
                if queue.bytes + bytes > INBOX_BYTES {
                    left.push(item);
                } else {
                    queue.bytes += bytes;
                    taken += bytes;
                    queue.items.push(item);
                }
            }
        }
        observe::INBOX_BYTES.change(taken as f64);
        self.more.notify_one();
        left
    }

    /// Takes everything that is there.
    pub fn take(&self) -> Vec<Item> {
        let queue = std::mem::take(&mut *self.queue.lock());
        observe::INBOX_BYTES.change(-(queue.bytes as f64));
        queue.items
    }

    /// Waits until there may be something.
    pub async fn filled(&self) {
        self.more.notified().await;
    }
}
