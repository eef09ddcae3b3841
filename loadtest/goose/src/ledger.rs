//! What was said in one room, and who has to hear it and who did. Knows no network.
//!
//! Members come and go: a message has to reach those who were there when it was sent.

use std::collections::HashMap;
use std::time::Instant;

#[derive(Default)]
pub struct Ledger {
    messages: HashMap<String, Message>,
    /// By seat.
    members: Vec<Member>,
}

struct Message {
    due: Instant,
    acknowledged: bool,
    /// By seat, for those who had one then.
    receipts: Vec<Receipt>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Receipt {
    NotExpected,
    Expected,
    Heard,
}

#[derive(Clone, Copy, Default)]
struct Member {
    present: bool,
    /// Messages that are still to reach this member.
    missing: usize,
}

/// What it means that a member was told a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It had to come; it should have been sent at this time.
    Delivery(Instant),
    /// It came before, too.
    Again,
    /// The member wasn't there yet when it was sent, or the run didn't send it.
    Aside,
}

impl Ledger {
    /// From now on this member has to hear everything.
    pub fn enter(&mut self, seat: usize) {
        if self.members.len() <= seat {
            self.members.resize(seat + 1, Member::default());
        }
        self.members[seat].present = true;
    }

    /// What is said from now on need not reach this member.
    pub fn leave(&mut self, seat: usize) {
        self.members[seat].present = false;
    }

    /// A message is about to be sent; `due` is when it should have been.
    pub fn say(&mut self, nonce: String, due: Instant) {
        let expect = |member: &mut Member| {
            if !member.present {
                return Receipt::NotExpected;
            }
            member.missing += 1;
            Receipt::Expected
        };
        let receipts = self.members.iter_mut().map(expect).collect();
        self.messages.insert(nonce, Message { due, acknowledged: false, receipts });
    }

    /// It is stored. Gives back when it should have been sent.
    pub fn acknowledge(&mut self, nonce: &str) -> Option<Instant> {
        let message = self.messages.get_mut(nonce)?;
        message.acknowledged = true;
        Some(message.due)
    }

    /// It was refused: nobody has to hear it.
    pub fn refuse(&mut self, nonce: &str) {
        let Some(message) = self.messages.remove(nonce) else { return };
        for (receipt, member) in message.receipts.iter().zip(&mut self.members) {
            if *receipt == Receipt::Expected {
                member.missing -= 1;
            }
        }
    }

    pub fn hear(&mut self, seat: usize, nonce: &str) -> Heard {
        let Some(message) = self.messages.get_mut(nonce) else { return Heard::Aside };
        let Some(receipt) = message.receipts.get_mut(seat) else { return Heard::Aside };
        match std::mem::replace(receipt, Receipt::Heard) {
            Receipt::NotExpected => Heard::Aside,
            Receipt::Heard => Heard::Again,
            Receipt::Expected => {
                self.members[seat].missing -= 1;
                Heard::Delivery(message.due)
            }
        }
    }

    /// Whether anything is still to reach this member.
    pub fn owes(&self, seat: usize) -> bool {
        self.members[seat].missing > 0
    }

    /// Acknowledged messages that did not come, counted by member.
    pub fn lost(&self) -> usize {
        let acknowledged = self.messages.values().filter(|message| message.acknowledged);
        let missing = |message: &Message| {
            message.receipts.iter().filter(|receipt| **receipt == Receipt::Expected).count()
        };
        acknowledged.map(missing).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_members() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.enter(0);
        ledger.enter(1);
        ledger
    }

    #[test]
    fn a_message_has_to_reach_everybody_who_is_there_once() {
        let (mut ledger, due) = (two_members(), Instant::now());
        ledger.say("one".into(), due);
        assert_eq!(ledger.acknowledge("one"), Some(due));
        assert_eq!(ledger.hear(0, "one"), Heard::Delivery(due));
        assert_eq!(ledger.hear(0, "one"), Heard::Again);
        assert!(ledger.owes(1) && !ledger.owes(0));
        assert_eq!(ledger.lost(), 1);
        assert_eq!(ledger.hear(1, "one"), Heard::Delivery(due));
        assert!(!ledger.owes(1));
        assert_eq!(ledger.lost(), 0);
    }

    #[test]
    fn who_comes_later_or_has_left_need_not_hear_it() {
        let (mut ledger, due) = (two_members(), Instant::now());
        ledger.leave(1);
        ledger.say("one".into(), due);
        ledger.enter(2);
        ledger.acknowledge("one");
        assert_eq!(ledger.hear(1, "one"), Heard::Aside);
        assert_eq!(ledger.hear(2, "one"), Heard::Aside);
        assert!(!ledger.owes(1) && !ledger.owes(2));
        assert_eq!(ledger.lost(), 1);
    }

    #[test]
    fn what_was_refused_or_never_answered_is_not_lost() {
        let (mut ledger, due) = (two_members(), Instant::now());
        ledger.say("refused".into(), due);
        ledger.say("unanswered".into(), due);
        ledger.refuse("refused");
        assert_eq!(ledger.lost(), 0);
        assert!(ledger.owes(0), "an unanswered one may still come");
        assert_eq!(ledger.hear(0, "refused"), Heard::Aside);
        assert_eq!(ledger.hear(0, "of somebody else"), Heard::Aside);
    }
}
