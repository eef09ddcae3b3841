//! What waits for one connection: bounded, and never waited for by whoever fills it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::{BufMut, Bytes, BytesMut};

use super::OUTBOX_BYTES;
use crate::protocol::codes::CloseCode;

/// The filling end. It belongs to the hub and to the connection's own loop.
#[derive(Clone, Default)]
pub struct Outbox(Rc<RefCell<State>>);

/// The emptying end: the body of the response that the socket is.
pub struct OutboxEnd(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    queue: VecDeque<Bytes>,
    bytes: usize,
    /// Live events, kept back while what was missed is told.
    held: Option<Held>,
    /// Nothing is taken any more; what is queued still goes out.
    closed: bool,
    /// The socket is gone.
    gone: bool,
    socket: Option<Waker>,
    /// Waits for room. Apart from who waits for the end, so that a delivery wakes nobody else.
    filler: Option<Waker>,
    /// Waits for the end.
    mourner: Option<Waker>,
}

#[derive(Default)]
struct Held {
    queue: Vec<Bytes>,
    bytes: usize,
    overflowed: bool,
}

/// The outbox is full: the reader is too slow.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Outbox {
    /// An outbox that keeps live events back until [`Outbox::release`].
    pub fn holding() -> (Self, OutboxEnd) {
        let state = State { held: Some(Held::default()), ..State::default() };
        let state = Rc::new(RefCell::new(state));
        (Self(state.clone()), OutboxEnd(state))
    }

    /// Queues a live event, or keeps it back.
    pub fn push_live(&self, bytes: Bytes) -> Result<(), Full> {
        let mut state = self.0.borrow_mut();
        let Some(held) = &mut state.held else { return state.push(bytes) };
        if held.bytes + bytes.len() > OUTBOX_BYTES / 2 {
            // Told again from the store, later.
            *held = Held { overflowed: true, ..Held::default() };
        } else if !held.overflowed {
            held.bytes += bytes.len();
            held.queue.push(bytes);
        }
        Ok(())
    }

    /// Queues what is for this connection alone: answers, what it missed.
    pub fn push(&self, bytes: Bytes) -> Result<(), Full> {
        self.0.borrow_mut().push(bytes)
    }

    /// Lets live events through from now on, those kept back first. `false`: some of them were
    /// lost; go on telling what was missed, and try again.
    pub fn release(&self) -> bool {
        let mut state = self.0.borrow_mut();
        let Some(held) = state.held.take() else { return true };
        if held.overflowed {
            state.held = Some(Held::default());
            return false;
        }
        // At most half of the outbox, and whoever tells what was missed waits for the other half.
        state.bytes += held.bytes;
        state.queue.extend(held.queue);
        state.wake_socket();
        true
    }

    /// Sends a close frame after what is queued (or in its place, where the reader is slow), and
    /// ends the connection.
    pub fn close(&self, code: CloseCode) {
        const FIN_CLOSE: u8 = 0x88;
        let mut state = self.0.borrow_mut();
        if state.closed {
            return;
        }
        state.closed = true;
        state.held = None;
        if code == CloseCode::Slow {
            // What is queued are whole frames, so that they can be taken out.
            state.queue.clear();
        }
        let reason = code.meaning().as_bytes();
        let mut frame = BytesMut::with_capacity(4 + reason.len());
        frame.put_u8(FIN_CLOSE);
        frame.put_u8(2 + reason.len() as u8);
        frame.put_u16(code.code());
        frame.put_slice(reason);
        state.queue.push_back(frame.freeze());
        state.wake_socket();
        state.wake_all();
    }

    pub fn is_closed(&self) -> bool {
        let state = self.0.borrow();
        state.closed || state.gone
    }

    /// Resolves when the connection is closed or gone.
    pub async fn closed(&self) {
        poll_fn(|context| {
            let mut state = self.0.borrow_mut();
            if state.closed || state.gone {
                return Poll::Ready(());
            }
            state.mourner = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Resolves when half of the outbox is free, or the connection is closed or gone.
    pub async fn has_room(&self) {
        poll_fn(|context| {
            let mut state = self.0.borrow_mut();
            if state.bytes <= OUTBOX_BYTES / 4 || state.closed || state.gone {
                return Poll::Ready(());
            }
            state.filler = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl State {
    fn push(&mut self, bytes: Bytes) -> Result<(), Full> {
        if self.closed || self.gone {
            return Ok(());
        }
        if self.bytes + bytes.len() > OUTBOX_BYTES {
            return Err(Full);
        }
        self.bytes += bytes.len();
        self.queue.push_back(bytes);
        self.wake_socket();
        Ok(())
    }

    fn wake_socket(&mut self) {
        if let Some(waker) = self.socket.take() {
            waker.wake();
        }
    }

    fn wake_filler(&mut self) {
        if let Some(waker) = self.filler.take() {
            waker.wake();
        }
    }

    fn wake_all(&mut self) {
        self.wake_filler();
        if let Some(waker) = self.mourner.take() {
            waker.wake();
        }
    }
}

impl OutboxEnd {
    /// The next bytes for the socket; `None` at the end.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.0.borrow_mut();
        if let Some(bytes) = state.queue.pop_front() {
            state.bytes = state.bytes.saturating_sub(bytes.len());
            if state.queue.is_empty() && state.queue.capacity() > 16 {
                state.queue = VecDeque::new();
            }
            if state.bytes <= OUTBOX_BYTES / 4 {
                state.wake_filler();
            }
            return Poll::Ready(Some(bytes));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.socket = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for OutboxEnd {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        state.gone = true;
        state.queue.clear();
        state.wake_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(end: &mut OutboxEnd) -> Vec<Bytes> {
        let mut context = Context::from_waker(Waker::noop());
        let mut out = Vec::new();
        while let Poll::Ready(Some(bytes)) = end.poll_next(&mut context) {
            out.push(bytes);
        }
        out
    }

    fn bytes(n: usize) -> Bytes {
        Bytes::from(vec![b'x'; n])
    }

    #[test]
    fn it_takes_what_fits_and_not_one_byte_more() {
        let (outbox, mut end) = Outbox::holding();
        assert!(outbox.release());
        assert_eq!(outbox.push(bytes(OUTBOX_BYTES)), Ok(()));
        assert_eq!(outbox.push(bytes(1)), Err(Full));
        assert_eq!(drain(&mut end).len(), 1);
        assert_eq!(outbox.push(bytes(1)), Ok(()));
    }

    #[test]
    fn live_events_wait_until_what_was_missed_is_told() {
        let (outbox, mut end) = Outbox::holding();
        outbox.push_live("live".into()).expect("it is kept back");
        outbox.push("missed".into()).expect("it fits");
        assert_eq!(drain(&mut end), ["missed"]);
        assert!(outbox.release());
        outbox.push_live("later".into()).expect("it fits");
        assert_eq!(drain(&mut end), ["live", "later"]);
    }

    #[test]
    fn what_could_not_be_kept_back_is_said() {
        let (outbox, mut end) = Outbox::holding();
        for _ in 0..3 {
            outbox.push_live(bytes(OUTBOX_BYTES / 4 + 1)).expect("it never fails while holding");
        }
        assert!(!outbox.release(), "the live events were lost");
        outbox.push_live("next".into()).expect("it is kept back");
        assert!(outbox.release());
        assert_eq!(drain(&mut end), ["next"]);
    }

    #[test]
    fn a_slow_reader_is_told_so_at_once_and_others_after_what_is_queued() {
        let (outbox, mut end) = Outbox::holding();
        outbox.push("queued".into()).expect("it fits");
        outbox.close(CloseCode::Moving);
        assert_eq!(outbox.push("late".into()), Ok(()));
        assert_eq!(drain(&mut end).len(), 2);

        let (outbox, mut end) = Outbox::holding();
        outbox.push("queued".into()).expect("it fits");
        outbox.close(CloseCode::Slow);
        let out = drain(&mut end);
        assert_eq!(out.len(), 1);
        assert_eq!(out[0][2..4], CloseCode::Slow.code().to_be_bytes());
    }
}
