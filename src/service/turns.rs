//! Messages of a room are told in the order of their ids.
//!
//! Ids are taken one after another, but messages are stored side by side, and their writes end in
//! any order. So each takes a place in its room's line together with its id, and is published when
//! those before it were, or were given up. On a cluster other nodes have lines of their own; there
//! clients see the order by the ids, as always.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::domain::cursor::LATE_MS;
use crate::protocol::RoomId;

/// Who stands before may be stuck; the order is not worth more than this.
const PATIENCE: Duration = Duration::from_millis(LATE_MS / 2);

#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<RoomId, Line>>>);

#[derive(Default)]
struct Line {
    next: u64,
    places: VecDeque<Place>,
}

struct Place {
    number: u64,
    called: Option<oneshot::Sender<()>>,
}

/// A place in a room's line; left when dropped.
pub(super) struct Turn {
    turns: Turns,
    room: RoomId,
    number: u64,
}

impl Turns {
    /// Takes an id and a place, both behind all those before.
    pub fn take<T>(&self, room: RoomId, id: impl FnOnce() -> T) -> (T, Turn) {
        let mut rooms = self.0.lock();
        let line = rooms.entry(room).or_default();
        let number = line.next;
        line.next += 1;
        line.places.push_back(Place { number, called: None });
        let id = id();
        drop(rooms);
        (id, Turn { turns: self.clone(), room, number })
    }
}

impl Turn {
    /// Waits until all those before have left, but not for ever.
    pub async fn come(&self) {
        let called = {
            let mut rooms = self.turns.0.lock();
            let Some(line) = rooms.get_mut(&self.room) else { return };
            let Some(place) = line.places.iter().position(|place| place.number == self.number)
            else {
                return;
            };
            if place == 0 {
                return;
            }
            let (caller, called) = oneshot::channel();
            line.places[place].called = Some(caller);
            called
        };
        // An error says the same: nobody is left to call.
        let _ = tokio::time::timeout(PATIENCE, called).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut rooms = self.turns.0.lock();
        let Some(line) = rooms.get_mut(&self.room) else { return };
        line.places.retain(|place| place.number != self.number);
        match line.places.front_mut() {
            Some(first) => {
                if let Some(caller) = first.called.take() {
                    let _ = caller.send(());
                }
            }
            None => {
                rooms.remove(&self.room);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn whoever_is_done_first_still_waits_for_those_before() {
        let turns = Turns::default();
        let room = RoomId::NIL;
        let line: Vec<_> = (0..3).map(|n| turns.take(room, || n).1).collect();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = line
            .into_iter()
            .enumerate()
            .rev()
            .map(|(n, turn)| {
                let told = told.clone();
                let task = tokio::spawn(async move {
                    turn.come().await;
                    told.lock().push(n);
                });
                std::thread::yield_now();
                task
            })
            .collect();
        for task in tasks {
            task.await.expect("it ends");
        }
        assert_eq!(*told.lock(), [0, 1, 2]);
        assert!(turns.0.lock().is_empty());
    }

    #[tokio::test]
    async fn who_gives_up_holds_nobody_back() {
        let turns = Turns::default();
        let first = turns.take(RoomId::NIL, || ()).1;
        let second = turns.take(RoomId::NIL, || ()).1;
        let third = turns.take(RoomId::NIL, || ()).1;
        drop(second);
        let waits = tokio::spawn(async move { third.come().await });
        drop(first);
        waits.await.expect("it ends");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_stuck_holds_nobody_back_for_ever() {
        let turns = Turns::default();
        let _stuck = turns.take(RoomId::NIL, || ()).1;
        let second = turns.take(RoomId::NIL, || ()).1;
        let began = Instant::now();
        second.come().await;
        assert!(began.elapsed() < PATIENCE, "time was paused");
    }
}
