//! What is done to connections, and what follows for the commands that were under way on them.

use std::cmp::Reverse;
use std::io::Write;

use super::{AGAIN, Chat, HALF_CLOSED, Stage, UNANSWERED};
use crate::clock::{MILLI, SECOND};
use crate::links::Links;
use crate::sessions::{Crowd, Phase};

impl Chat {
    pub(super) fn trouble(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        let elapsed = (now - self.last_tick) as f64 / 1e9;
        let minutes = elapsed * crowd.clients() as f64 / 60.0;
        self.owed_switches += self.manner.switches_per_minute * minutes;
        while self.owed_switches >= 1.0 {
            self.owed_switches -= 1.0;
            let client = crowd.rng.below(crowd.clients());
            if crowd.is_ready(client) && !crowd.polls(client) {
                links.close(client);
                self.cut_off(crowd, client, now, 0);
                *self.tally.faults.entry("moved to any node").or_default() += 1;
            }
        }
        self.owed_faults += self.manner.faults_per_minute * minutes;
        while self.owed_faults >= 1.0 {
            self.owed_faults -= 1.0;
            let client = crowd.rng.below(crowd.clients());
            // Those that are still catching up are hit as well.
            if crowd.phase(client) == Phase::Away {
                continue;
            }
            let away = crowd.rng.below(2_000) as u64 * MILLI;
            let fault = match crowd.rng.below(4) {
                0 => {
                    links.drop_link(client);
                    self.cut_off(crowd, client, now, away);
                    "dropped"
                }
                1 => {
                    links.reset(client);
                    self.cut_off(crowd, client, now, away);
                    "reset"
                }
                2 if !crowd.polls(client) => {
                    links.half_close(client);
                    self.ends.push(Reverse((now + HALF_CLOSED, client, true)));
                    "half-closed"
                }
                _ => {
                    links.pause(client);
                    self.ends.push(Reverse((now + 2 * away, client, false)));
                    "stopped reading"
                }
            };
            *self.tally.faults.entry(fault).or_default() += 1;
        }
    }

    pub(super) fn cut_off(&mut self, crowd: &mut Crowd, client: usize, now: u64, away: u64) {
        self.doubt(crowd, client);
        crowd.reconnect(client, now, away);
    }

    /// The connection is gone: what was under way may have been carried out.
    pub(super) fn doubt(&mut self, crowd: &Crowd, client: usize) {
        if crowd.polls(client) {
            // Its commands have a connection of their own.
            return;
        }
        if let Some(pending) = &mut self.chatters[client].pending {
            pending.in_doubt = true;
            pending.again = 0;
        }
    }

    /// Ends what faults have begun, where its time has come (or at once).
    pub(super) fn end_troubles(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        while let Some(&Reverse((due, client, half_closed))) = self.ends.peek()
            && (due <= now || self.stage != Stage::Chatting)
        {
            self.ends.pop();
            if !half_closed {
                links.resume(client);
            } else if links.is_half_closed(client) {
                *self.tally.faults.entry("half-closed and not ended").or_default() += 1;
                links.drop_link(client);
                self.cut_off(crowd, client, now, 0);
            }
        }
    }

    /// Takes commands that were not answered for lost.
    pub(super) fn give_up_waiting(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + SECOND;
        if let Some(log) = &mut self.ack_log {
            let _ = log.flush();
        }
        for client in 0..self.chatters.len() {
            let pending = self.chatters[client].pending.as_ref();
            let over = pending
                .is_some_and(|pending| pending.again == 0 && pending.said + UNANSWERED < now);
            if !over || !crowd.is_ready(client) {
                continue;
            }
            self.tally.unanswered += 1;
            if crowd.polls(client) {
                links.drop_link(Self::command_owner(crowd, client));
                self.say_later(client, now);
            } else {
                links.drop_link(client);
                self.cut_off(crowd, client, now, 0);
            }
        }
    }

    /// For a client that polls: its command's connection ended.
    pub(super) fn say_later(&mut self, client: usize, now: u64) {
        if let Some(pending) = &mut self.chatters[client].pending {
            pending.in_doubt = true;
            pending.again = now + AGAIN;
            self.retries.push(Reverse((pending.again, client)));
        }
    }
}
