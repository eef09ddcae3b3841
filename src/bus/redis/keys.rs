//! What things are called in Redis.
//!
//! Topics and people are spread over *partitions*, each a hash tag of its own, so that a script finds
//! everything it touches in one slot; a partition has an epoch of its own. A Redis that is no cluster
//! has one partition. Claims and limits have their owner for a tag.

use uuid::Uuid;

use super::masters::SLOTS;
use crate::bus::LimitKey;
use crate::protocol::{RoomId, Topic, UserId};

/// Enough for a dozen masters to have about as many each.
const CLUSTER_PARTITIONS: u16 = 128;

/// The namespace of hashed log-in names (a random UUID, fixed for ever).
const NAMES: Uuid = Uuid::from_u128(0x5bd2_6f1e_3c44_4a0b_9c57_e0a8_14d7_63f9);

pub(super) type Partition = u16;

/// Where keys stand: with them, which master has them is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Partition(Partition),
    Slot(u16),
}

pub(super) struct Keys {
    prefix: String,
    /// The slot of each partition.
    slots: Vec<u16>,
}

impl Keys {
    pub fn new(prefix: &str, clustered: bool) -> Self {
        let partitions = if clustered { CLUSTER_PARTITIONS } else { 1 };
        let slots = (0..partitions).map(|partition| slot(&partition.to_string())).collect();
        Self { prefix: prefix.to_owned(), slots }
    }

    pub fn is_clustered(&self) -> bool {
        self.slots.len() > 1
    }

    pub fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        0..self.slots.len() as Partition
    }

    pub fn slot(&self, place: Place) -> u16 {
        match place {
            Place::Partition(partition) => self.slots[usize::from(partition)],
            Place::Slot(slot) => slot,
        }
    }

    pub fn partition_of(&self, topic: Topic) -> Partition {
        match topic {
            Topic::Room(RoomId(id)) | Topic::User(UserId(id)) | Topic::Presence(UserId(id)) => {
                self.partition(id)
            }
        }
    }

    pub fn partition_of_person(&self, user: UserId) -> Partition {
        self.partition(user.0)
    }

    /// By the last bytes, which are random in every version of UUIDs that we use.
    fn partition(&self, id: Uuid) -> Partition {
        let [.., high, low] = *id.as_bytes();
        u16::from_be_bytes([high, low]) % self.slots.len() as u16
    }

    pub fn epoch(&self, partition: Partition) -> String {
        format!("{}:{{{partition}}}:epoch", self.prefix)
    }

    /// A topic's channel, and the key of its head.
    pub fn topic(&self, topic: Topic) -> String {
        let (kind, id) = match topic {
            Topic::Room(room) => ('r', room.0),
            Topic::User(user) => ('u', user.0),
            Topic::Presence(user) => ('p', user.0),
        };
        format!("{}:{{{}}}:topic:{kind}{}", self.prefix, self.partition(id), id.simple())
    }

    /// The topic of a channel; `None` for a name that [`Keys::topic`] doesn't give.
    pub fn topic_of(&self, channel: &[u8]) -> Option<Topic> {
        let (rest, id) = channel.split_last_chunk::<32>()?;
        let id = Uuid::try_parse_ascii(id).ok()?;
        let topic = match rest.split_last()? {
            (b'r', _) => Topic::Room(RoomId(id)),
            (b'u', _) => Topic::User(UserId(id)),
            (b'p', _) => Topic::Presence(UserId(id)),
            _ => return None,
        };
        rest.starts_with(self.prefix.as_bytes()).then_some(topic)
    }

    /// What the keys of people in this partition begin with.
    pub fn people(&self, partition: Partition) -> String {
        format!("{}:{{{partition}}}:person:", self.prefix)
    }

    pub fn person(&self, user: UserId) -> String {
        self.people(self.partition_of_person(user)) + &user_text(user)
    }

    /// Everybody in this partition, by when their first lease runs out.
    pub fn leases(&self, partition: Partition) -> String {
        format!("{}:{{{partition}}}:leases", self.prefix)
    }

    pub fn claim(&self, author: UserId, nonce: &str) -> (Place, String) {
        let tag = author.0.simple().to_string();
        (Place::Slot(slot(&tag)), format!("{}:{{{tag}}}:claim:{nonce}", self.prefix))
    }

    pub fn limit(&self, key: &LimitKey) -> (Place, String) {
        let (tag, rest) = match key {
            LimitKey::Messages(user, room) => (user.0, format!("messages:{}", room.simple())),
            LimitKey::Api(user) => (user.0, "api".to_owned()),
            LimitKey::Polls(session) => (session.0, "polls".to_owned()),
            // Hashed: it may be long, and it is somebody's address as often as not.
            LimitKey::LoginsTo(name) => {
                (Uuid::new_v5(&NAMES, name.as_bytes()), "logins-to".to_owned())
            }
            LimitKey::LoginsFrom(address) => {
                let address = address.to_string();
                (Uuid::new_v5(&NAMES, address.as_bytes()), "logins-from".to_owned())
            }
        };
        let tag = tag.simple().to_string();
        (Place::Slot(slot(&tag)), format!("{}:{{{tag}}}:limit:{rest}", self.prefix))
    }
}

/// A user, as they are named inside scripts: 32 hexadecimal digits.
pub(super) fn user_text(user: UserId) -> String {
    user.0.simple().to_string()
}

/// The slot of a hash tag: CRC-16/XMODEM of it, as the specification of Redis Cluster says.
fn slot(tag: &str) -> u16 {
    let step = |crc: u16| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
    let byte = |crc: u16, byte: u8| (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| step(crc));
    tag.bytes().fold(0, byte) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Redis finds the hash tag.
    fn slot_of_key(key: &str) -> u16 {
        let (_, rest) = key.split_once('{').expect("it has a tag");
        slot(rest.split_once('}').expect("it ends").0)
    }

    #[test]
    fn slots_are_as_specified() {
        assert_eq!(slot("123456789"), 0x31c3);
        assert_eq!(slot("foo"), 12_182);
    }

    #[test]
    fn a_channel_leads_back_to_its_topic() {
        for keys in [Keys::new("starling", false), Keys::new("x", true)] {
            let id = Uuid::new_v4();
            for topic in
                [Topic::Room(RoomId(id)), Topic::User(UserId(id)), Topic::Presence(UserId(id))]
            {
                assert_eq!(keys.topic_of(keys.topic(topic).as_bytes()), Some(topic));
            }
            assert_eq!(keys.topic_of(b"something else"), None);
            assert_eq!(keys.topic_of(format!("other:r{}", id.simple()).as_bytes()), None);
        }
    }

    #[test]
    fn what_a_script_touches_has_one_slot() {
        let keys = Keys::new("starling", true);
        let user = UserId(Uuid::new_v4());
        let topic = Topic::Presence(user);
        let partition = keys.partition_of(topic);
        let expected = keys.slot(Place::Partition(partition));
        for key in
            [keys.epoch(partition), keys.topic(topic), keys.person(user), keys.leases(partition)]
        {
            assert_eq!(slot_of_key(&key), expected, "{key}");
        }
        let (place, claim) = keys.claim(user, "a}{nonce");
        let (_, api) = keys.limit(&LimitKey::Api(user));
        let (_, messages) = keys.limit(&LimitKey::Messages(user, Uuid::new_v4()));
        for key in [claim, api, messages] {
            assert_eq!(slot_of_key(&key), keys.slot(place), "{key}");
        }
    }
}
