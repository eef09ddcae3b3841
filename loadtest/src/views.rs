//! What each client of a room ends up with, kept small: everybody is told the same few states, so
//! a state is kept once for the room and a client's view is two small numbers for each message.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use crate::check::{Content, Id, Seen, View, uuid_text};
use crate::wire::Reaction;

/// A hash that is the same in every process.
pub fn hash(value: impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// One number for who reacted how; 0 for nobody. Users are left out where the server no longer
/// names all of them.
pub fn hash_reactions(reactions: &[Reaction]) -> u64 {
    let mut all: Vec<(&str, u32, Vec<&str>)> = reactions
        .iter()
        .filter(|reaction| reaction.count > 0)
        .map(|reaction| {
            let mut users: Vec<&str> = reaction.users.iter().map(String::as_str).collect();
            users.sort_unstable();
            if reaction.count > 10 {
                users.clear();
            }
            (reaction.emoji.as_str(), reaction.count, users)
        })
        .collect();
    all.sort_unstable();
    if all.is_empty() { 0 } else { hash(all) | 1 }
}

/// The states of many things of one sort: contents of messages, reactions to them, marks.
pub struct States<T> {
    pub known: HashMap<(u32, Id), u32>,
    /// Version and value; the first stands for "none yet".
    pub all: Vec<(Id, T)>,
}

impl<T: Copy + PartialEq> States<T> {
    pub fn new(none: T) -> Self {
        Self { known: HashMap::new(), all: vec![(0, none)] }
    }

    /// The number of this state, and whether the version was told with another value before.
    pub fn number(&mut self, thing: u32, version: Id, value: T) -> (u32, bool) {
        let next = self.all.len() as u32;
        let number = *self.known.entry((thing, version)).or_insert(next);
        if number == next {
            self.all.push((version, value));
        }
        (number, self.all[number as usize].1 != value)
    }

    /// Replaces `held` where this state is newer; tells whether it was.
    pub fn take(&self, held: &mut u32, number: u32) -> bool {
        let newer = self.all[number as usize].0 > self.all[*held as usize].0;
        if newer {
            *held = number;
        }
        newer
    }
}

/// What a client was told of a message.
pub enum Told {
    Content { author: u32, nonce: u64, version: Id, content: Content },
    Reactions { version: Id, reactions: u64 },
}

/// What a state was to the client that was told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Of a message that it did not have.
    First,
    Newer,
    /// Again, or late.
    Old,
}

pub struct Views {
    index: HashMap<Id, u32>,
    ids: Vec<Id>,
    /// Author and nonce, once known.
    makers: Vec<Option<(u32, u64)>>,
    contents: States<Option<Content>>,
    reactions: States<u64>,
    /// By seat and message: numbers of the content and of the reactions.
    held: Vec<Vec<(u32, u32)>>,
    /// By message: numbers of the newest content and reactions that anybody was told.
    newest: Vec<(u32, u32)>,
    /// Messages that came with different contents under one version: which, and how often.
    pub contradictions: BTreeMap<String, u64>,
    /// Reactions that came with different values under one version. A server that tells the newest
    /// reactions with each missed change does this, and views still end up the same.
    pub reactions_ahead: u64,
}

impl Views {
    pub fn new(seats: usize) -> Self {
        Self {
            index: HashMap::new(),
            ids: Vec::new(),
            makers: Vec::new(),
            contents: States::new(None),
            reactions: States::new(0),
            held: vec![Vec::new(); seats],
            newest: Vec::new(),
            contradictions: BTreeMap::new(),
            reactions_ahead: 0,
        }
    }

    /// Takes what a client was told.
    pub fn tell(&mut self, seat: usize, id: Id, told: &Told) -> News {
        let next = self.ids.len() as u32;
        let message = *self.index.entry(id).or_insert(next);
        if message == next {
            self.ids.push(id);
            self.makers.push(None);
            self.newest.push((0, 0));
        }
        let newest = &mut self.newest[message as usize];
        let held = &mut self.held[seat];
        if held.len() <= message as usize {
            held.resize(message as usize + 1, (0, 0));
        }
        let (content, reactions) = &mut held[message as usize];
        let had = *content;
        let (newer, contradiction) = match *told {
            Told::Content { author, nonce, version, content: value } => {
                let maker = self.makers[message as usize].get_or_insert((author, nonce));
                let other_maker = *maker != (author, nonce);
                let (number, other) = self.contents.number(message, version, Some(value));
                let contradiction = match (other_maker, other) {
                    (true, _) => Some("author or nonce"),
                    (_, true) => Some("content"),
                    _ => None,
                };
                self.contents.take(&mut newest.0, number);
                (self.contents.take(content, number), contradiction)
            }
            Told::Reactions { version, reactions: value } => {
                let (number, other) = self.reactions.number(message, version, value);
                self.reactions_ahead += u64::from(other);
                self.reactions.take(&mut newest.1, number);
                (self.reactions.take(reactions, number), None)
            }
        };
        if let Some(what) = contradiction {
            *self.contradictions.entry(format!("{what} of {}", uuid_text(id))).or_default() += 1;
        }
        match (newer, told) {
            (false, _) => News::Old,
            (true, Told::Content { .. }) if had == 0 => News::First,
            _ => News::Newer,
        }
    }

    /// Whether this client has all that anybody was told, in its newest state; messages for which
    /// `counts` says no by their nonce are left out.
    pub fn is_complete(&self, seat: usize, counts: impl Fn(u64) -> bool) -> bool {
        self.newest.iter().enumerate().all(|(message, newest)| {
            let held = self.held[seat].get(message).copied().unwrap_or_default();
            // A tombstone has no reactions to agree on.
            let deleted = self.contents.all[newest.0 as usize].1 == Some(Content::Deleted);
            let same = held.0 == newest.0 && (deleted || held.1 == newest.1);
            same || self.makers[message].is_some_and(|(_, nonce)| !counts(nonce))
        })
    }

    /// A random message that this client has, by a number from 0 to 1; newer ones are likelier.
    pub fn pick(&self, seat: usize, at: f64) -> Option<(u32, u64, Id)> {
        let held = &self.held[seat];
        let place = ((1.0 - at * at) * held.len() as f64) as usize;
        let (content, _) = held.get(place)?;
        let alive = matches!(self.contents.all[*content as usize].1, Some(Content::Text(_)));
        let (author, nonce) = self.makers[place]?;
        alive.then_some((author, nonce, self.ids[place]))
    }

    /// What this client shows, in order.
    pub fn view(&self, seat: usize, client: u32) -> View {
        let mut messages: Vec<Seen> = self.held[seat]
            .iter()
            .enumerate()
            .filter(|(_, held)| **held != (0, 0))
            .map(|(message, &(content, reactions))| {
                let (author, nonce) = self.makers[message].unwrap_or((u32::MAX, 0));
                let content = self.contents.all[content as usize].1;
                // Nobody shows the reactions to a tombstone.
                let shown = if content == Some(Content::Deleted) { 0 } else { reactions };
                let reactions = self.reactions.all[shown as usize].1;
                Seen { id: self.ids[message], author, nonce, content, reactions }
            })
            .collect();
        messages.sort_unstable_by_key(|seen| seen.id);
        View { client, messages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(version: Id, text: u64) -> Told {
        Told::Content { author: 1, nonce: 2, version, content: Content::Text(text) }
    }

    #[test]
    fn a_view_holds_each_message_once_with_its_newest_state_whatever_came_first() {
        let mut views = Views::new(2);
        assert_eq!(views.tell(0, 50, &text(50, 1)), News::First);
        assert_eq!(views.tell(0, 40, &text(60, 2)), News::First);
        assert_eq!(views.tell(0, 40, &text(40, 3)), News::Old, "older");
        assert_eq!(views.tell(0, 50, &text(50, 1)), News::Old, "again");
        let reactions = |version, reactions| Told::Reactions { version, reactions };
        assert_eq!(views.tell(0, 50, &reactions(55, 9)), News::Newer);
        assert_eq!(views.tell(0, 50, &reactions(54, 8)), News::Old);
        let seen: Vec<_> = views
            .view(0, 0)
            .messages
            .iter()
            .map(|seen| (seen.id, seen.content, seen.reactions))
            .collect();
        assert_eq!(seen, [(40, Some(Content::Text(2)), 0), (50, Some(Content::Text(1)), 9)]);
        assert!(views.view(1, 1).messages.is_empty());
        assert!(views.contradictions.is_empty());
    }

    #[test]
    fn a_view_is_complete_when_it_has_the_newest_of_all_that_anybody_was_told() {
        let mut views = Views::new(2);
        views.tell(0, 50, &text(50, 1));
        let complete = |views: &Views, seat| views.is_complete(seat, |nonce| nonce == 2);
        assert!(complete(&views, 0) && !complete(&views, 1));
        assert!(views.is_complete(1, |nonce| nonce != 2), "it does not count");
        views.tell(1, 50, &text(51, 2));
        assert!(!complete(&views, 0) && complete(&views, 1), "an edit is missing");
        views.tell(0, 50, &text(51, 2));
        views.tell(0, 50, &Told::Reactions { version: 55, reactions: 9 });
        assert!(complete(&views, 0) && !complete(&views, 1), "a reaction is missing");
    }

    #[test]
    fn one_version_with_two_values_is_a_contradiction() {
        let mut views = Views::new(2);
        views.tell(0, 50, &text(50, 1));
        views.tell(1, 50, &text(50, 2));
        assert_eq!(views.contradictions.len(), 1);
    }

    #[test]
    fn reactions_are_the_same_in_any_order_and_nobodys_are_none() {
        let reaction = |emoji: &str, users: &[&str]| Reaction {
            emoji: emoji.to_owned(),
            count: users.len() as u32,
            users: users.iter().map(|&user| user.to_owned()).collect(),
        };
        let one = [reaction("a", &["x", "y"]), reaction("b", &["z"])];
        let other = [reaction("b", &["z"]), reaction("a", &["y", "x"])];
        assert_eq!(hash_reactions(&one), hash_reactions(&other));
        assert_ne!(hash_reactions(&one), hash_reactions(&one[..1]));
        assert_eq!(hash_reactions(&[reaction("a", &[])]), 0);
    }
}
