//! Who listens here: the sockets of one worker thread, and what each follows.
//!
//! A [`Hub`] belongs to one thread and is never locked. What reaches it from outside comes through
//! its [`Inbox`], a batch at a time; what it wants from outside it asks of [`Interest`]. It knows
//! nothing of what events say: bytes come in, bytes go out.

mod inbox;
mod index;
mod outbox;
mod worker;

pub use inbox::{Inbox, Item};
pub use outbox::{Outbox, OutboxEnd};
pub use worker::{Hub, Peer, Seat, reason};

use futures_util::future::BoxFuture;

use crate::protocol::Topic;

/// What a hub asks of whoever brings it events.
pub trait Interest: Send + Sync + 'static {
    /// This worker follows these topics now. Resolves when everything that is published from then
    /// on will be handed to it: `true`; or when that can't be had: `false`, and what is missing
    /// comes later, from the store.
    fn follow(&self, worker: usize, topics: Vec<Topic>) -> BoxFuture<'static, bool>;

    /// The same for a room that a connected person came into just now, and nobody waits: what this
    /// node may have missed of the room since is handed to the worker later.
    fn follow_from_now(&self, worker: usize, topic: Topic);

    /// Nobody on this worker follows it any more.
    fn unfollow(&self, worker: usize, topics: &[Topic]);
}

/// What may wait for one connection's socket. With the kernel's buffer and the HTTP library's
/// (together less than 128 KiB) it bounds what a reader that stops reading costs: 256 KiB.
pub const OUTBOX_BYTES: usize = 128 * 1024;

/// The server's heartbeat, in seconds.
pub const HEARTBEAT_S: u64 = 25;

/// A connection that says nothing for this long is closed, in seconds.
pub const SILENCE_LIMIT_S: u64 = 65;
