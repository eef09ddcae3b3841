//! One line of an export: what it holds, and whether it can be so.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::auth::passwords;
use crate::domain::clock::MAX_AHEAD_MS;
use crate::domain::names::{self, Checked};
use crate::domain::text;
use crate::protocol::{
    EventId, Member, Message, MessageId, MessageKind, PresenceChoice, Room, RoomId, RoomKind,
    ServerRole, SystemEvent, User, UserId,
};
use crate::store::{Account, MAX_EMOJIS, MovedMessage, Reaction};

/// The number of this format. One that is written differently gets the next.
pub const FORMAT: u32 = 1;

/// In bytes: far more than a message of the greatest length with thousands of reactions.
pub const LONGEST_LINE: u64 = 64 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first one.
    Starling(Head),
    User(Person),
    Room(Room),
    Message(MessageLine),
    Member(Member),
    /// The last one.
    End(Counts),
}

/// What the export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub format: u32,
    /// The version of the program that began it.
    pub version: String,
    /// The one room that it is of.
    pub room: Option<RoomId>,
    pub passwords: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub created_at: u64,
    pub presence: PresenceChoice,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
}

/// What lets somebody in, and what they may do then.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    pub hash: String,
    pub role: ServerRole,
}

/// Without the hash.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("role", &self.role).finish_non_exhaustive()
    }
}

/// A message with the reactions to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageLine {
    pub room_id: RoomId,
    pub id: MessageId,
    pub author_id: UserId,
    pub kind: MessageKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemEvent>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub nonce: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    pub sent_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<u64>,
    #[serde(default)]
    pub deleted: bool,
    pub version: EventId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<OneReaction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactions_version: Option<EventId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneReaction {
    pub emoji: String,
    pub user_id: UserId,
    pub version: EventId,
}

/// How many lines of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub users: u64,
    pub rooms: u64,
    pub messages: u64,
    pub members: u64,
}

impl Counts {
    pub fn add(&mut self, line: &Line) {
        match line {
            Line::User(_) => self.users += 1,
            Line::Room(_) => self.rooms += 1,
            Line::Message(_) => self.messages += 1,
            Line::Member(_) => self.members += 1,
            Line::Starling(_) | Line::End(_) => {}
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, rooms, messages, members } = self;
        write!(
            f,
            "{users} people, {rooms} conversations, {messages} messages, {members} memberships"
        )
    }
}

impl Line {
    /// The line as it stands in the file, with its end.
    pub fn bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a line, or says what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| {
            // The line of the file is said by whoever knows it.
            let said = error.to_string();
            let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
            match error.column() {
                0 => format!("{said}."),
                column => format!("{said}, at column {column}."),
            }
        })
    }

    /// Whether a server could have written this, and nothing in it is from the future.
    pub fn check(&self, now_ms: u64) -> Result<(), String> {
        match self {
            Self::Starling(_) | Self::End(_) => Ok(()),
            Self::User(person) => person.check(),
            Self::Room(room) => check_room(room, now_ms),
            Self::Member(member) => {
                check_version(member.version, now_ms)?;
                let marks = [member.delivered, member.read].into_iter().flatten();
                marks.map(EventId::from).try_for_each(|mark| check_version(mark, now_ms))
            }
            Self::Message(message) => message.check(now_ms),
        }
    }
}

/// Checks that what stands there is what would be stored of it.
fn same(checked: Checked<String>, stands: &str) -> Result<(), String> {
    match checked {
        Ok(stored) if stored == stands => Ok(()),
        Ok(_) => Err(format!("{stands:?} has white space around it.")),
        Err(wrong) => Err(format!("`{}`: {}", wrong.field, wrong.detail)),
    }
}

fn check_version(id: EventId, now_ms: u64) -> Result<(), String> {
    if id.as_uuid().get_version_num() != 7 {
        return Err(format!("{id} is not an id that a server gives (UUID version 7)."));
    }
    if id.millis() > now_ms + MAX_AHEAD_MS {
        return Err(format!("{id} is from the future. Is this machine's clock right?"));
    }
    Ok(())
}

fn check_room(room: &Room, now_ms: u64) -> Result<(), String> {
    check_version(room.version, now_ms)?;
    if room.kind == RoomKind::Direct {
        let people = room.people.ok_or("A direct conversation has `people`.")?;
        if room.id != RoomId::direct(people[0], people[1]) {
            return Err("This is not the id of a conversation of these two people.".to_owned());
        }
        return Ok(());
    }
    check_version(EventId(room.id.as_uuid()), now_ms)?;
    same(names::room_name(&room.name), &room.name)?;
    same(names::room_description(&room.description), &room.description)
}

impl Person {
    /// `with_passwords`: with what lets them in, where they have it.
    pub fn of(account: Account, with_passwords: bool) -> Self {
        let Account { user, email, password_hash, presence, last_seen } = account;
        let has = with_passwords && !password_hash.is_empty();
        Self {
            id: user.id,
            username: user.username,
            email,
            display_name: user.display_name,
            created_at: user.created_at,
            presence,
            last_seen,
            password: has.then_some(Password { hash: password_hash, role: user.role }),
        }
    }

    pub fn account(self) -> Account {
        let (password_hash, role) = match self.password {
            Some(password) => (password.hash, password.role),
            None => (String::new(), ServerRole::User),
        };
        Account {
            user: User {
                id: self.id,
                username: self.username,
                display_name: self.display_name,
                role,
                created_at: self.created_at,
            },
            email: self.email,
            password_hash,
            presence: self.presence,
            last_seen: self.last_seen,
        }
    }

    fn check(&self) -> Result<(), String> {
        same(names::username(&self.username), &self.username)?;
        same(names::email(&self.email), &self.email)?;
        same(names::display_name(&self.display_name), &self.display_name)?;
        if self.password.as_ref().is_some_and(|password| !passwords::is_hash(&password.hash)) {
            return Err("`password.hash` is no password hash (a PHC string).".to_owned());
        }
        Ok(())
    }
}

impl MessageLine {
    pub fn of(room_id: RoomId, message: Message, reactions: Vec<Reaction>) -> Self {
        // A reaction may be there before the message's own copy says so.
        let newest = reactions.iter().map(|reaction| reaction.version).max();
        let one = |Reaction { user_id, emoji, version }| OneReaction { emoji, user_id, version };
        Self {
            room_id,
            id: message.id,
            author_id: message.author_id,
            kind: message.kind,
            text: message.text,
            system: message.system,
            nonce: message.nonce,
            reply_to: message.reply_to,
            sent_at: message.sent_at,
            edited_at: message.edited_at,
            deleted: message.deleted,
            version: message.version,
            reactions: reactions.into_iter().map(one).collect(),
            reactions_version: message.reactions_version.max(newest),
        }
    }

    /// `nonces_from`: from this time on authors may still send their nonces again.
    pub fn moved(self, nonces_from: u64) -> MovedMessage {
        let one = |OneReaction { emoji, user_id, version }| Reaction { user_id, emoji, version };
        MovedMessage {
            note_nonce: self.id.millis() >= nonces_from,
            reactions: self.reactions.into_iter().map(one).collect(),
            message: Message {
                id: self.id,
                author_id: self.author_id,
                kind: self.kind,
                text: self.text,
                system: self.system,
                nonce: self.nonce,
                reply_to: self.reply_to,
                sent_at: self.sent_at,
                edited_at: self.edited_at,
                deleted: self.deleted,
                reactions: Vec::new(),
                reactions_version: self.reactions_version,
                version: self.version,
            },
        }
    }

    /// Everybody whom it names, its author first.
    pub fn people(&self) -> impl Iterator<Item = UserId> {
        let named = match self.system {
            Some(
                SystemEvent::Added { user_id }
                | SystemEvent::Removed { user_id }
                | SystemEvent::RoleChanged { user_id, .. },
            ) => Some(user_id),
            _ => None,
        };
        let reacted = self.reactions.iter().map(|reaction| reaction.user_id);
        std::iter::once(self.author_id).chain(named).chain(reacted)
    }

    fn check(&self, now_ms: u64) -> Result<(), String> {
        check_version(self.id.into(), now_ms)?;
        check_version(self.version, now_ms)?;
        if self.version < self.id.into() {
            return Err("Its `version` is below its `id`.".to_owned());
        }
        match (self.kind, self.deleted) {
            (MessageKind::System, _) => {
                if self.system.is_none() || !self.text.is_empty() || !self.nonce.is_empty() {
                    let wrong = "A system message has `system`, and neither text nor nonce.";
                    return Err(wrong.to_owned());
                }
            }
            (MessageKind::Text, true) if !self.text.is_empty() => {
                return Err("A message that is deleted has no text.".to_owned());
            }
            (MessageKind::Text, true) => same(text::nonce(&self.nonce), &self.nonce)?,
            (MessageKind::Text, false) => {
                same(text::body(&self.text), &self.text)?;
                same(text::nonce(&self.nonce), &self.nonce)?;
            }
        }
        self.check_reactions(now_ms)
    }

    fn check_reactions(&self, now_ms: u64) -> Result<(), String> {
        if let Some(newest) = self.reactions_version {
            check_version(newest, now_ms)?;
        }
        let mut emojis = Vec::new();
        let mut all = Vec::new();
        for OneReaction { emoji, user_id, version } in &self.reactions {
            same(text::emoji(emoji), emoji)?;
            check_version(*version, now_ms)?;
            if Some(*version) > self.reactions_version {
                return Err("A reaction is above `reactions_version`.".to_owned());
            }
            emojis.push(emoji.as_str());
            all.push((*user_id, emoji.as_str()));
        }
        emojis.sort_unstable();
        emojis.dedup();
        all.sort_unstable();
        let has_doubles = all.windows(2).any(|two| two[0] == two[1]);
        if self.deleted && !self.reactions.is_empty() || emojis.len() > MAX_EMOJIS || has_doubles {
            return Err("There can't be these reactions to one message.".to_owned());
        }
        Ok(())
    }
}
