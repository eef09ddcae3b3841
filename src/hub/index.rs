//! Who follows what: a pure two-way index.

use std::collections::HashMap;

use crate::protocol::Topic;

/// A connection's number on its worker; used again once it has left.
pub type ConnectionId = usize;

#[derive(Default)]
pub struct Index {
    followers: HashMap<Topic, Vec<u32>>,
    followed: Vec<Vec<Topic>>,
}

impl Index {
    /// `false` where it did already.
    pub fn follow(&mut self, connection: ConnectionId, topic: Topic) -> bool {
        if self.followed.len() <= connection {
            self.followed.resize_with(connection + 1, Vec::new);
        }
        let topics = &mut self.followed[connection];
        if topics.contains(&topic) {
            return false;
        }
        topics.push(topic);
        self.followers.entry(topic).or_default().push(connection as u32);
        true
    }

    /// Whether the topic has lost its last follower.
    pub fn unfollow(&mut self, connection: ConnectionId, topic: Topic) -> bool {
        let Some(topics) = self.followed.get_mut(connection) else { return false };
        let Some(place) = topics.iter().position(|followed| *followed == topic) else {
            return false;
        };
        topics.swap_remove(place);
        self.remove_follower(connection, topic)
    }

    /// The connection follows nothing any more. Gives the topics that lost their last follower.
    pub fn leave(&mut self, connection: ConnectionId) -> Vec<Topic> {
        let topics = self.followed.get_mut(connection).map(std::mem::take).unwrap_or_default();
        topics.into_iter().filter(|topic| self.remove_follower(connection, *topic)).collect()
    }

    pub fn followers(&self, topic: Topic) -> &[u32] {
        self.followers.get(&topic).map_or(&[], Vec::as_slice)
    }

    pub fn followed(&self, connection: ConnectionId) -> &[Topic] {
        self.followed.get(connection).map_or(&[], Vec::as_slice)
    }

    fn remove_follower(&mut self, connection: ConnectionId, topic: Topic) -> bool {
        let Some(followers) = self.followers.get_mut(&topic) else { return false };
        if let Some(place) = followers.iter().position(|id| *id == connection as u32) {
            followers.swap_remove(place);
        }
        let empty = followers.is_empty();
        if empty {
            self.followers.remove(&topic);
        }
        empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{RoomId, UserId};
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn topic(n: u8) -> Topic {
        let id = Uuid::from_u128(u128::from(n / 2));
        if n.is_multiple_of(2) { Topic::Room(RoomId(id)) } else { Topic::User(UserId(id)) }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set_of_pairs(steps in proptest::collection::vec((0_u8..3, 0_usize..6, 0_u8..8), 0..200)) {
            let (mut index, mut pairs) = (Index::default(), BTreeSet::new());
            for (step, connection, number) in steps {
                let last = |pairs: &BTreeSet<(usize, Topic)>, t| !pairs.iter().any(|(_, other)| *other == t);
                match step {
                    0 => prop_assert_eq!(index.follow(connection, topic(number)), pairs.insert((connection, topic(number)))),
                    1 => {
                        let was = pairs.remove(&(connection, topic(number)));
                        let empty = index.unfollow(connection, topic(number));
                        prop_assert_eq!(empty, was && last(&pairs, topic(number)));
                    }
                    _ => {
                        let before: BTreeSet<_> = pairs.iter().filter(|(c, _)| *c == connection).map(|(_, t)| *t).collect();
                        pairs.retain(|(c, _)| *c != connection);
                        let emptied: BTreeSet<_> = index.leave(connection).into_iter().collect();
                        prop_assert_eq!(emptied, before.into_iter().filter(|t| last(&pairs, *t)).collect());
                    }
                }
                for number in 0..8 {
                    let mut followers = index.followers(topic(number)).to_vec();
                    followers.sort_unstable();
                    let expected: Vec<_> = pairs.iter().filter(|(_, t)| *t == topic(number)).map(|(c, _)| *c as u32).collect();
                    prop_assert_eq!(followers, expected);
                }
            }
        }
    }
}
