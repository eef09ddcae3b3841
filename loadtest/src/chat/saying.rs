//! What clients say: which command comes next, how it is said, and what its answer means.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io::Write;

use super::{AGAIN, Chat, DELETIONS, EDITS, LOADERS, Pending, REACTIONS, Record};
use crate::check::{self, Content, Id, Sent};
use crate::clock::{self, MILLI};
use crate::commands::{EMOJIS, What, Words};
use crate::links::Links;
use crate::sessions::Crowd;
use crate::views::{hash, hash_reactions};
use crate::wire::{Reaction, Refusal};

impl Chat {
    pub(super) fn act(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize) {
        if self.chatters[client].pending.is_some() || !crowd.is_ready(client) {
            return;
        }
        let mut what = None;
        if crowd.rng.below(100) < self.manner.marks {
            what = self.mark(crowd, client);
        }
        what = what.or_else(|| match crowd.rng.below(100) {
            roll if roll < EDITS + DELETIONS => self.change(crowd, client, roll < EDITS),
            roll if roll < EDITS + DELETIONS + REACTIONS => self.reaction(crowd, client),
            _ => None,
        });
        let what = what.unwrap_or_else(|| self.message(crowd, client));
        *self.tally.commands.entry(what.name()).or_default() += 1;
        let (began, said) = (clock::now(), 0);
        let pending = Pending { what, id: 0, began, said, refusals: 0, in_doubt: false, again: 0 };
        self.chatters[client].pending = Some(pending);
        self.attempt(crowd, links, client);
    }

    pub(super) fn message(&mut self, crowd: &mut Crowd, client: usize) -> What {
        let plan = crowd.world.plan;
        let slot = crowd.rng.below(plan.rooms_per_user);
        let room = plan.rooms_for(client).nth(slot).unwrap_or_default();
        let index = self.places[room].records.len();
        let text = self.text(crowd, &format!("{client} says {index}"));
        let hashed = hash(text.as_bytes());
        let sent = Sent {
            author: client as u32,
            nonce: index as u64,
            text: hashed,
            acknowledged: None,
            after: self.chatters[client].newest[slot],
            content: Some(Content::Text(hashed)),
            reactions: Some(0),
        };
        let record = Record {
            sent,
            acknowledged_at: 0,
            frozen: false,
            reactions: BTreeSet::new(),
            doubted: BTreeSet::new(),
        };
        self.places[room].records.push(record);
        What::Send { room, index, text }
    }

    /// Every tenth text has what JSON escapes and what is not ASCII.
    pub(super) fn text(&self, crowd: &mut Crowd, text: &str) -> String {
        let mut text = text.to_owned();
        if crowd.rng.below(10) == 0 {
            text.push_str(" \"quoted\" \\ ünï 🦀 {\"type\":\"message\"}");
        }
        while text.len() < self.manner.text_bytes {
            text.push('.');
        }
        text
    }

    pub(super) fn change(&mut self, crowd: &mut Crowd, client: usize, edit: bool) -> Option<What> {
        let own = &mut self.chatters[client].own;
        if own.is_empty() {
            return None;
        }
        let place = crowd.rng.below(own.len());
        let (room, index) = own[place];
        if self.places[room].records[index].frozen {
            own.swap_remove(place);
            return None;
        }
        self.places[room].records[index].frozen = true;
        if edit {
            let text = self.text(crowd, &format!("{client} changes {index}, {}", self.next_id));
            Some(What::Edit { room, index, text })
        } else {
            Some(What::Delete { room, index })
        }
    }

    pub(super) fn reaction(&mut self, crowd: &mut Crowd, client: usize) -> Option<What> {
        let plan = crowd.world.plan;
        let slot = crowd.rng.below(plan.rooms_per_user);
        let room = plan.rooms_for(client).nth(slot)?;
        let at = crowd.rng.below(1 << 20) as f64 / f64::from(1 << 20);
        let (_, nonce, _) = self.places[room].views.pick(plan.seat(client), at)?;
        let index = usize::try_from(nonce).ok()?;
        let record = self.places[room].records.get_mut(index)?;
        let emoji = crowd.rng.below(EMOJIS.len());
        let mine = (emoji, client as u32);
        // The id is taken from its author's answer, which may still be under way.
        if record.doubted.contains(&mine) || record.sent.acknowledged.is_none() {
            return None;
        }
        let on = !record.reactions.contains(&mine);
        Some(What::React { room, index, emoji, on })
    }

    /// Marks the newest message that this client was told of, or any: a lower mark than before has
    /// to leave the higher one.
    pub(super) fn mark(&mut self, crowd: &mut Crowd, client: usize) -> Option<What> {
        let plan = crowd.world.plan;
        let slot = crowd.rng.below(plan.rooms_per_user);
        let room = plan.rooms_for(client).nth(slot)?;
        let first = self.places[room].first?;
        let id = if crowd.rng.below(2) == 0 {
            self.chatters[client].told[slot]
        } else {
            let at = crowd.rng.below(1 << 20) as f64 / f64::from(1 << 20);
            self.places[room].views.pick(plan.seat(client), at)?.2
        };
        // Those of earlier runs say nothing about this one.
        (id >= first).then(|| What::Mark { room, id, read: crowd.rng.below(2) == 0 })
    }

    /// The connection for the commands of a client that polls.
    pub(super) fn command_owner(crowd: &Crowd, client: usize) -> usize {
        crowd.clients() + LOADERS + client
    }

    pub(super) fn nonce_text(&self, room: usize, index: usize) -> String {
        format!("{:08x}-{room}-{index}", self.manner.run)
    }

    /// Says the pending command, for the first time or again.
    pub(super) fn attempt(&mut self, crowd: &mut Crowd, links: &mut Links, client: usize) {
        let polls = crowd.polls(client);
        let owner = Self::command_owner(crowd, client);
        if polls && links.is_open(owner) {
            return;
        }
        let Some(pending) = self.chatters[client].pending.as_mut() else { return };
        self.tally.retries += u64::from(pending.id != 0);
        pending.id = self.next_id;
        pending.again = 0;
        pending.said = clock::now();
        self.next_id += 1;
        let (id, retry, what) = (pending.id, pending.in_doubt, pending.what.clone());
        let (room, message, nonce) = match &what {
            What::Send { room, index, .. } => {
                (*room, String::new(), self.nonce_text(*room, *index))
            }
            What::Edit { room, index, .. }
            | What::Delete { room, index }
            | What::React { room, index, .. } => {
                let id = self.places[*room].records[*index].sent.acknowledged;
                (*room, check::uuid_text(id.unwrap_or_default()), String::new())
            }
            What::Mark { room, id, .. } => (*room, check::uuid_text(*id), String::new()),
        };
        let server = crowd.server();
        let words = Words { room: &crowd.world.rooms[room], message, nonce, retry };
        if polls {
            let request = what.request(&crowd.world.users[client].access_token, &words);
            links.open_http(owner, server);
            links.request(owner, &request, &server.to_string());
        } else {
            links.send_text(client, what.frame(id, &words).as_bytes());
        }
    }

    pub(super) fn answered(&mut self, crowd: &Crowd, client: usize, id: u64, message: Option<Id>) {
        let chatter = &mut self.chatters[client];
        let Some(pending) = chatter.pending.take_if(|pending| pending.id == id) else { return };
        let now = clock::now();
        match pending.what {
            What::Send { room, index, .. } => {
                let id = message.unwrap_or_default();
                let slot = Self::slot(crowd, client, room);
                let newest = &mut chatter.newest[slot];
                *newest = id.max(*newest);
                chatter.own.push((room, index));
                let place = &mut self.places[room];
                place.first = Some(place.first.map_or(id, |first| first.min(id)));
                place.records[index].sent.acknowledged = Some(id);
                place.records[index].acknowledged_at = now;
                self.tally.acknowledged += 1;
                self.tally.acks.add(now - pending.began);
                let nonce = self.nonce_text(room, index);
                if let Some(log) = &mut self.ack_log {
                    let (room, author) = (&crowd.world.rooms[room], &crowd.world.users[client].id);
                    let _ = writeln!(log, "{room} {author} {nonce} {}", check::uuid_text(id));
                }
            }
            What::Mark { room, id, read } => {
                let seat = crowd.world.plan.seat(client);
                self.places[room].marks.acknowledge(seat, id, read);
            }
            What::Edit { room, index, text } => {
                let record = &mut self.places[room].records[index];
                record.sent.content = Some(Content::Text(hash(text.as_bytes())));
                record.frozen = pending.in_doubt;
            }
            What::Delete { room, index } => {
                self.places[room].records[index].sent.content = Some(Content::Deleted);
            }
            What::React { room, index, emoji, on } => {
                let names = &crowd.world.users;
                let record = &mut self.places[room].records[index];
                let mine = (emoji, client as u32);
                if pending.in_doubt {
                    record.doubted.insert(mine);
                }
                if on {
                    record.reactions.insert(mine);
                } else {
                    record.reactions.remove(&mine);
                }
                let shown = EMOJIS.iter().enumerate().map(|(number, emoji)| {
                    let of_it = record.reactions.iter().filter(|(emoji, _)| *emoji == number);
                    let users: Vec<_> =
                        of_it.map(|(_, user)| names[*user as usize].id.clone()).collect();
                    Reaction { emoji: (*emoji).to_owned(), count: users.len() as u32, users }
                });
                let shown: Vec<_> = shown.collect();
                if record.sent.reactions.is_some() {
                    record.sent.reactions = Some(hash_reactions(&shown));
                }
            }
        }
    }

    /// Tries again where that may help, and else gives the command up.
    pub(super) fn refused(&mut self, crowd: &mut Crowd, client: usize, id: u64, error: &Refusal) {
        let chatter = &mut self.chatters[client];
        let Some(pending) = chatter.pending.as_mut().filter(|pending| pending.id == id) else {
            return;
        };
        *self
            .tally
            .refused
            .entry(format!("{} {}", pending.what.name(), error.code))
            .or_default() += 1;
        let deletes = matches!(pending.what, What::Delete { .. });
        if deletes && pending.in_doubt && error.code == "not_found" {
            // An earlier attempt came through.
            return self.answered(crowd, client, id, None);
        }
        if error.is_worth_another_try() {
            // "Try again" does not say that nothing was stored.
            pending.in_doubt = true;
            let most = AGAIN << pending.refusals.min(4);
            pending.refusals += 1;
            let after = error.retry_after_ms.map_or(most / 2, |ms| ms * MILLI);
            pending.again = clock::now() + after + crowd.rng.below(most as usize / 2) as u64;
            self.retries.push(Reverse((pending.again, client)));
            return;
        }
        let what = pending.what.clone();
        chatter.pending = None;
        match what {
            // It stays in the records, never acknowledged, and the check will say so.
            What::Send { .. } => {}
            What::Edit { room, index, .. } | What::Delete { room, index } => {
                self.places[room].records[index].sent.content = None;
            }
            What::React { room, index, .. } => {
                self.places[room].records[index].sent.reactions = None;
            }
            What::Mark { room, .. } => {
                let seat = crowd.world.plan.seat(client);
                self.places[room].marks.refuse(seat);
            }
        }
    }
}
