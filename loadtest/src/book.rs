//! What was sent and what arrived, message by message and member by member, so that what is lost
//! or doubled is counted and not estimated.
//!
//! A message is known by the thread and the room that it was sent in and its row, a number that
//! counts up; a receiver by its seat in the room. So a receipt is one bit.

use std::collections::BTreeMap;

use crate::histogram::Histogram;
use crate::report::Report;
use crate::world::Plan;

/// A row above this is no number that a client of ours has given.
const MAX_ROWS: usize = 1 << 26;

/// One bit for each (row, seat).
#[derive(Default)]
struct Rows {
    /// The row of the first bits.
    from: usize,
    bits: Vec<u64>,
}

/// What one thread knows.
pub struct Book {
    plan: Plan,
    words: usize,
    /// By (sending thread, room).
    receipts: Vec<Rows>,
    /// By room: for each row that this thread sent, whether it was acknowledged.
    sent: Vec<(usize, Vec<bool>)>,
    pub numbers: Numbers,
}

/// What is counted.
#[derive(Default)]
pub struct Numbers {
    /// From the intended send time to the receipt, of measured messages.
    pub latency: Histogram,
    /// From the intended send time to the acknowledgement, of measured messages.
    pub acks: Histogram,
    /// Sent and acknowledged while it was measured.
    pub sent: u64,
    pub acknowledged: u64,
    /// Received while it was measured.
    pub deliveries: u64,
    /// All that was received in the step, outside of the measured time too.
    pub all_deliveries: u64,
    pub duplicates: u64,
    /// A receiver saw two messages of a room live, the later one with the lower id.
    pub inversions: u64,
    /// Text messages that nobody sent in this run.
    pub foreign: u64,
    /// Deliveries of messages of an earlier step.
    pub late: u64,
    /// Paced sends that found no sender with a connection and an open window within the step.
    pub unsent: u64,
    /// Sends that were never answered: the connection broke before, or the drain ended.
    pub unanswered: u64,
    /// Connections that ended in the step.
    pub closed: u64,
    pub errors: BTreeMap<String, u64>,
    pub expected: u64,
    pub lost: u64,
    /// Processor time of the swarm in the step, in nanoseconds.
    pub cpu: u64,
}

impl Numbers {
    /// What every step of traffic tells; `seconds` is how long was measured.
    pub fn tell(&self, report: &mut Report, seconds: f64) {
        report.number("messages_sent_per_s", self.sent as f64 / seconds);
        report.number("messages_acknowledged_per_s", self.acknowledged as f64 / seconds);
        report.latency("ack", &self.acks);
        report.number("deliveries_per_s", self.deliveries as f64 / seconds);
        report.latency("delivery", &self.latency);
        report.add("deliveries", self.all_deliveries);
        report.add("expected", self.expected);
        report.add("lost", self.lost);
        report.add("duplicated", self.duplicates);
        report.add("inversions", self.inversions);
        report.add("foreign", self.foreign);
        report.add("late", self.late);
        report.add("unsent", self.unsent);
        report.add("unanswered", self.unanswered);
        report.counts("errors", &self.errors);
        if self.all_deliveries > 0 {
            let cost = self.cpu as f64 / self.all_deliveries as f64;
            report.number("swarm_cpu_ns_per_delivery", cost);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.latency.merge(&other.latency);
        self.acks.merge(&other.acks);
        for (mine, more) in [
            (&mut self.sent, other.sent),
            (&mut self.acknowledged, other.acknowledged),
            (&mut self.deliveries, other.deliveries),
            (&mut self.all_deliveries, other.all_deliveries),
            (&mut self.duplicates, other.duplicates),
            (&mut self.inversions, other.inversions),
            (&mut self.foreign, other.foreign),
            (&mut self.late, other.late),
            (&mut self.unsent, other.unsent),
            (&mut self.unanswered, other.unanswered),
            (&mut self.closed, other.closed),
            (&mut self.cpu, other.cpu),
        ] {
            *mine += more;
        }
        for (code, count) in &other.errors {
            *self.errors.entry(code.clone()).or_default() += count;
        }
    }
}

impl Book {
    pub fn new(plan: Plan, shards: usize) -> Self {
        let tables = plan.rooms() * shards;
        Self {
            plan,
            words: plan.rooms_of.div_ceil(64),
            receipts: std::iter::repeat_with(Rows::default).take(tables).collect(),
            sent: vec![(0, Vec::new()); plan.rooms()],
            numbers: Numbers::default(),
        }
    }

    /// The book of the next step: numbers of rows go on, all else begins afresh.
    pub fn turn(&mut self) -> Self {
        let mut next = Self::new(self.plan, self.receipts.len() / self.plan.rooms().max(1));
        for ((from, rows), old) in next.sent.iter_mut().zip(&self.sent) {
            (*from, *rows) = (old.0 + old.1.len(), Vec::new());
        }
        std::mem::replace(self, next)
    }

    /// A row for the next message that this thread sends in `room`.
    pub fn send(&mut self, room: usize) -> usize {
        let (from, rows) = &mut self.sent[room];
        rows.push(false);
        *from + rows.len() - 1
    }

    pub fn acknowledge(&mut self, room: usize, row: usize) {
        let (from, rows) = &mut self.sent[room];
        if let Some(acknowledged) = row.checked_sub(*from).and_then(|row| rows.get_mut(row)) {
            *acknowledged = true;
        }
    }

    #[inline]
    pub fn receive(&mut self, shard: usize, room: usize, row: usize, seat: usize) {
        let table = &mut self.receipts[shard * self.plan.rooms() + room];
        if table.bits.is_empty() {
            // A little room below the first row that is seen, as others may overtake it.
            table.from = row.saturating_sub(1 << 10);
        }
        let Some(place) = row.checked_sub(table.from).filter(|&place| place < MAX_ROWS) else {
            self.numbers.foreign += 1;
            return;
        };
        let word = place * self.words + seat / 64;
        if table.bits.len() <= word {
            table.bits.resize((place + 1) * self.words, 0);
        }
        let bit = 1 << (seat % 64);
        if table.bits[word] & bit != 0 {
            self.numbers.duplicates += 1;
        }
        table.bits[word] |= bit;
    }

    fn has(&self, shard: usize, room: usize, row: usize, seat: usize) -> bool {
        let table = &self.receipts[shard * self.plan.rooms() + room];
        row.checked_sub(table.from)
            .and_then(|place| table.bits.get(place * self.words + seat / 64))
            .is_some_and(|word| word & (1 << (seat % 64)) != 0)
    }

    /// All threads' numbers together. Every acknowledged message is expected at every member but
    /// those for whom `spared` is true.
    pub fn together(books: &[Self], spared: impl Fn(usize) -> bool) -> Numbers {
        let mut numbers = Numbers::default();
        for book in books {
            numbers.merge(&book.numbers);
        }
        for (shard, book) in books.iter().enumerate() {
            for (room, (from, rows)) in book.sent.iter().enumerate() {
                if rows.is_empty() {
                    continue;
                }
                let members: Vec<usize> =
                    book.plan.members(room).filter(|&user| !spared(user)).collect();
                for row in rows.iter().enumerate().filter(|(_, acknowledged)| **acknowledged) {
                    for &user in &members {
                        let receiver = &books[user % books.len()];
                        let seat = book.plan.seat(user);
                        numbers.expected += 1;
                        numbers.lost += u64::from(!receiver.has(shard, room, from + row.0, seat));
                    }
                }
            }
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { users: 4, rooms_of: 2, rooms_per_user: 1 };

    #[test]
    fn what_was_acknowledged_and_not_received_is_lost_and_what_came_twice_is_doubled() {
        let mut books = vec![Book::new(PLAN, 2), Book::new(PLAN, 2)];
        // User 0 (thread 0) sends two messages in room 0, whose other member is user 1 (thread 1).
        for _ in 0..2 {
            let row = books[0].send(0);
            books[0].acknowledge(0, row);
            books[0].receive(0, 0, row, 0);
        }
        books[1].receive(0, 0, 0, 1);
        books[1].receive(0, 0, 0, 1);
        let numbers = Book::together(&books, |_| false);
        assert_eq!((numbers.expected, numbers.lost, numbers.duplicates), (4, 1, 1));
        assert_eq!(Book::together(&books, |user| user == 1).lost, 0);
    }

    #[test]
    fn what_was_not_acknowledged_is_not_expected() {
        let mut books = vec![Book::new(PLAN, 1)];
        books[0].send(1);
        let numbers = Book::together(&books, |_| false);
        assert_eq!((numbers.expected, numbers.lost), (0, 0));
    }

    #[test]
    fn rows_go_on_over_steps_and_losses_do_not() {
        let mut book = Book::new(PLAN, 1);
        let row = book.send(0);
        book.acknowledge(0, row);
        assert_eq!(Book::together(&[book.turn()], |_| false).lost, 2);
        assert_eq!(book.send(0), row + 1);
        book.acknowledge(0, row + 1);
        book.receive(0, 0, row + 1, 0);
        book.receive(0, 0, row + 1, 1);
        assert_eq!(Book::together(&[book], |_| false).lost, 0);
    }

    #[test]
    fn a_row_that_nobody_gave_is_foreign() {
        let mut book = Book::new(PLAN, 1);
        book.receive(0, 0, 5, 0);
        book.receive(0, 0, usize::MAX / 2, 0);
        assert_eq!(book.numbers.foreign, 1);
    }
}
