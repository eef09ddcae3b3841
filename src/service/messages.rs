//! Messages, reactions, how far people have read, and who is writing.

use std::time::{Duration, Instant};

use tracing::{Instrument, trace_span};

use super::telling::Claimed;
use super::turns::Turn;
use super::{Answered, Caller, Refusal, Service, Taken, Telling};
use crate::bus::{Admitted, Attempt, Claim, LimitKey};
use crate::domain::cursor::LAG_MS;
use crate::domain::history::Range;
use crate::domain::permissions::Action;
use crate::domain::rules::{Rule, SLOW};
use crate::domain::text;
use crate::observe;
use crate::protocol::client::SendMessage;
use crate::protocol::codes::ErrorCode;
use crate::protocol::http::{History, HistoryMessage, HistoryQuery, SeenBy};
use crate::protocol::server::{Changed, Sent};
use crate::protocol::{
    Event, EventId, Member, Membership, Message, MessageId, MessageKind, RoomId, SystemEvent,
    Topic, UserId,
};
use crate::stops;
use crate::store::{
    MessageChange, MessageChangeKind, NewMessage, Reacted, ReactionChange, Watermarks, Written,
};
use crate::trace;

/// Messages in a page of history.
const PAGE: std::ops::RangeInclusive<u32> = 1..=200;
const DEFAULT_PAGE: u32 = 50;

/// In a room with more members than this, how far one has read is told to nobody: it would cost as
/// many events as members for each message. It is kept, and answered when asked for.
pub const RECEIPTS_TOLD_UP_TO: u32 = 100;

/// Whoever is said to be writing is not said so again within this time.
pub(super) const TYPING_AGAIN: Duration = Duration::from_secs(2);

/// Members that are looked at to say who has seen a message.
const SEEN_BY_LOOKS_AT: usize = 1_000;

impl Service {
    /// Sends a text message. Whatever happens on the way, trying again with the same nonce (and
    /// `retry`) ends in one message.
    pub async fn send(&self, caller: &Caller, asked: SendMessage) -> Answered<Sent> {
        // First of all: what follows may take its time.
        let began = Instant::now();
        let repeated = asked.retry || self.0.stall.is_recent();
        let nonce = text::nonce(&asked.nonce)?;
        let body = text::body(&asked.text)?;
        let room = asked.room_id;
        self.access_to(caller, room, Action::Write).await?;
        if let Some(reply_to) = asked.reply_to {
            let answered = self.0.store.message(room, reply_to).await?;
            let missing = || Refusal::field("reply_to", "There is no such message in this room.");
            self.saw(answered.ok_or_else(missing)?.id.into());
        }
        stops::pass("received").await;
        let (taken, turn) = self.0.turns.take(room, || self.take_id());
        let taken = taken?;
        let attempt = Attempt {
            author: caller.user,
            nonce: nonce.clone(),
            proposed: taken.id.into(),
            retry: repeated,
            limit: (LimitKey::Messages(caller.user, room.as_uuid()), self.0.limits.messages),
        };
        let (id, claim) = if Rule::Claim.holds() {
            self.admit(attempt).await?
        } else {
            (taken.id.into(), Claim::New)
        };
        stops::pass("claimed").await;
        let mut turn = Some(turn);
        if repeated && claim != Claim::Found && Rule::Wait.holds() {
            // An attempt still on its way has written by then, or doubts itself.
            turn = None;
            tokio::time::sleep(self.0.retry_waits).await;
        }
        let sure = match claim {
            Claim::New => true,
            Claim::Found => !Rule::Ask.holds(),
            Claim::None => false,
        };
        let message = Message {
            nonce: nonce.clone(),
            text: body,
            reply_to: asked.reply_to,
            ..message(caller.user, id, MessageKind::Text)
        };
        // A claim that was found may be old.
        let at = if id == taken.id.into() { taken.at } else { None };
        let sending = Sending {
            room_id: room,
            claimed: Claimed { author: caller.user, nonce, id },
            message,
            sure,
            began,
            at,
            turn,
        };
        let service = self.clone();
        self.to_its_end(async move { service.store_and_tell(sending).await }).await
    }

    async fn admit(&self, attempt: Attempt) -> Answered<(MessageId, Claim)> {
        let began = Instant::now();
        let span = trace_span!(target: trace::TARGET, "claim", otel.kind = "client");
        let admitted = self.0.bus.admit(attempt).instrument(span).await?;
        observe::BUS_CALL.time("admit", began);
        match admitted {
            Admitted::Refused(verdict) => Err(Refusal::limited(verdict)),
            Admitted::Go { id, claim } => Ok((id, claim)),
        }
    }

    /// Stores a message and tells of it. An attempt that is not sure to be the only one lets the
    /// store decide which of them stays.
    async fn store_and_tell(&self, sending: Sending) -> Answered<Sent> {
        let Sending { room_id, claimed, message, mut sure, began, at, turn } = sending;
        let id = message.id;
        let new = NewMessage { room_id, message: message.clone(), first: true };
        let tellings = [Telling::to(Topic::Room(room_id), Event::Message { room_id, message })];
        let taken = Taken { id: id.into(), at };
        let mut wrote = false;
        if sure {
            let written = self.0.store.write_message(new.clone()).await?;
            stops::pass("stored").await;
            // A store that decides by itself may know better.
            wrote = written == Written::New;
            sure = wrote && !(Rule::Slow.holds() && began.elapsed() > SLOW);
        }
        if let Some(turn) = &turn {
            turn.come().await;
        }
        if sure && self.tell_claimed(taken, &tellings, Some(&claimed)).await? == Ok(true) {
            stops::pass("published").await;
            observe::MESSAGES.add("", 1);
            return Ok(Sent { message_id: id, duplicate: false });
        }
        // In doubt. Once the store has decided, no claim is needed any more.
        let doubtful = NewMessage { first: !Rule::Lwt.holds(), ..new };
        let written = self.0.store.write_message(doubtful).await?;
        stops::pass("stored").await;
        let message_id = match written {
            Written::New => id,
            Written::Already { room_id: there, .. } if there != room_id => {
                return Err(Refusal::of(ErrorCode::NonceReused));
            }
            Written::Already { message_id, .. } => message_id,
        };
        // It may have been stored long ago, and changed since.
        let is_new = written == Written::New || (wrote && message_id == id);
        if is_new {
            self.tell(taken, tellings.into()).await?;
        } else if let Some(message) = self.0.store.message(room_id, message_id).await? {
            // Whoever stored it may have died before telling anybody.
            let taken = Taken { id: message_id.into(), at: None };
            let event = Event::Message { room_id, message };
            self.tell(taken, vec![Telling::to(Topic::Room(room_id), event)]).await?;
        }
        stops::pass("published").await;
        (if is_new { &observe::MESSAGES } else { &observe::DUPLICATES }).add("", 1);
        Ok(Sent { message_id, duplicate: !is_new })
    }

    /// A system message, as it is told. Its author is who did it.
    pub(super) async fn write_system(
        &self,
        room_id: RoomId,
        author: UserId,
        system: SystemEvent,
    ) -> Answered<()> {
        let (taken, turn) = self.0.turns.take(room_id, || self.take_id());
        let taken = taken?;
        let message = Message {
            system: Some(system),
            ..message(author, taken.id.into(), MessageKind::System)
        };
        let new = NewMessage { room_id, message: message.clone(), first: true };
        self.0.store.write_message(new).await?;
        let event = Event::Message { room_id, message };
        turn.come().await;
        self.tell(taken, vec![Telling::to(Topic::Room(room_id), event)]).await
    }

    pub async fn edit(
        &self,
        caller: &Caller,
        room: RoomId,
        id: MessageId,
        body: &str,
    ) -> Answered<Changed> {
        let text = text::body(body)?;
        self.access_to(caller, room, Action::EditOwn).await?;
        let message = self.existing(room, id).await?;
        self.saw(message.version);
        if message.author_id != caller.user || message.kind != MessageKind::Text {
            return Err(Refusal::of(ErrorCode::Forbidden));
        }
        let at = self.now_ms()?;
        self.change(room, id, MessageChangeKind::Edit { text, at }).await
    }

    /// Deletes a message for everyone; a tombstone stays.
    pub async fn delete(&self, caller: &Caller, room: RoomId, id: MessageId) -> Answered<Changed> {
        let access = self.access(caller, room).await?;
        let message = self.0.store.message(room, id).await?;
        let message = message.ok_or_else(|| Refusal::of(ErrorCode::NotFound))?;
        if message.deleted {
            access.require(Action::Read)?;
            let event = Event::Message { room_id: room, message };
            self.tell_again(Telling::to(Topic::Room(room), event)).await?;
            return Err(Refusal::of(ErrorCode::NotFound));
        }
        let action = if message.author_id == caller.user && access.role().is_some() {
            Action::DeleteOwn
        } else {
            let author = self.member(room, message.author_id).await?;
            let joined = author.filter(|author| author.state == Membership::Joined);
            Action::DeleteOther(joined.map(|author| author.role))
        };
        access.require(action)?;
        self.saw(message.version);
        if message.kind == MessageKind::System {
            return Err(Refusal::because(
                ErrorCode::Forbidden,
                "A system message can't be deleted.",
            ));
        }
        self.change(room, id, MessageChangeKind::Delete).await
    }

    async fn existing(&self, room: RoomId, id: MessageId) -> Answered<Message> {
        let message = self.0.store.message(room, id).await?;
        message.filter(|message| !message.deleted).ok_or_else(|| Refusal::of(ErrorCode::NotFound))
    }

    async fn change(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        kind: MessageChangeKind,
    ) -> Answered<Changed> {
        let taken = self.take_id()?;
        let change = MessageChange { room_id, message_id, kind, version: taken.id };
        let service = self.clone();
        self.to_its_end(async move {
            let message = service.0.store.change_message(change).await?;
            let message = message.ok_or_else(|| Refusal::of(ErrorCode::NotFound))?;
            let version = message.version;
            let event = Event::Message { room_id, message };
            service.tell(taken, vec![Telling::to(Topic::Room(room_id), event)]).await?;
            Ok(Changed { version })
        })
        .await
    }

    /// Adds or takes back one reaction of one's own. That it is so already is no error.
    pub async fn react(
        &self,
        caller: &Caller,
        room_id: RoomId,
        message_id: MessageId,
        emoji: &str,
        on: bool,
    ) -> Answered<Changed> {
        let emoji = text::emoji(emoji)?;
        self.access_to(caller, room_id, Action::Write).await?;
        let message = self.existing(room_id, message_id).await?;
        self.saw(message.reactions_version.unwrap_or(message.version));
        let taken = self.take_id()?;
        let change = ReactionChange {
            room_id,
            message_id,
            user_id: caller.user,
            emoji,
            on,
            version: taken.id,
        };
        let (service, user_id) = (self.clone(), caller.user);
        self.to_its_end(async move {
            match service.0.store.react(change).await? {
                Reacted::Changed(event) => {
                    service.tell(taken, vec![Telling::to(Topic::Room(room_id), event)]).await?;
                    Ok(Changed { version: taken.id })
                }
                Reacted::Already => {
                    let version =
                        service.tell_reactions_again(room_id, message_id, user_id).await?;
                    Ok(Changed { version: version.unwrap_or(taken.id) })
                }
                Reacted::TooMany => Err(Refusal::of(ErrorCode::TooManyReactions)),
                Reacted::NoMessage => Err(Refusal::of(ErrorCode::NotFound)),
            }
        })
        .await
    }

    /// For whoever reacts as they did already: their server may have died before it told anybody.
    /// The version that they are told.
    async fn tell_reactions_again(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        user_id: UserId,
    ) -> Answered<Option<EventId>> {
        let message = self.0.store.message(room_id, message_id).await?;
        let Some(message) = message else { return Ok(None) };
        let Some(version) = message.reactions_version else { return Ok(None) };
        let own = self.0.store.reactions_of(user_id, room_id, &[message_id]).await?;
        let emojis = own.into_iter().next().map(|(_, emojis)| emojis).unwrap_or_default();
        let reactions = message.reactions;
        let event = Event::Reaction { room_id, version, message_id, user_id, emojis, reactions };
        self.tell_again(Telling::to(Topic::Room(room_id), event)).await?;
        Ok(Some(version))
    }

    /// Raises how far one has received and read; what is behind that already changes nothing. The
    /// member's state as it is then.
    pub async fn mark(
        &self,
        caller: &Caller,
        room_id: RoomId,
        delivered: Option<MessageId>,
        read: Option<MessageId>,
    ) -> Answered<Member> {
        self.access_to(caller, room_id, Action::Write).await?;
        let newest = delivered.max(read);
        let taken = self.take_id()?;
        // Another node's id may be a little ahead of what this one has heard.
        if newest.is_none_or(|id| id.millis() > taken.id.millis() + LAG_MS) {
            let detail = "Name a message of this room, as `read`, `delivered` or both.";
            return Err(Refusal::field("read", detail));
        }
        // One's own other devices are told in any case.
        let told_to = if self.size(room_id).await? <= RECEIPTS_TOLD_UP_TO {
            Topic::Room(room_id)
        } else {
            Topic::User(caller.user)
        };
        let watermarks = Watermarks {
            room_id,
            user_id: caller.user,
            delivered,
            read,
            version: taken.id,
            told_to,
        };
        let service = self.clone();
        self.to_its_end(async move {
            let Some(member) = service.0.store.raise_watermarks(watermarks).await? else {
                let member = service.0.store.member(room_id, watermarks.user_id).await?;
                let member = member.ok_or_else(|| Refusal::of(ErrorCode::Forbidden))?;
                let event = Event::Member { member: member.clone() };
                let telling = Telling { topic: told_to, control: None, event };
                service.tell_again(telling).await?;
                return Ok(member);
            };
            service.know_member(&member);
            let telling = Telling {
                topic: told_to,
                control: None,
                event: Event::Member { member: member.clone() },
            };
            service.tell(taken, vec![telling]).await?;
            Ok(member)
        })
        .await
    }

    /// Tells those who follow the room that one is writing, or stopped.
    pub async fn typing(&self, caller: &Caller, room_id: RoomId, on: bool) -> Answered<()> {
        self.access_to(caller, room_id, Action::Write).await?;
        let key = (room_id, caller.user);
        if self.0.known.typing.get(&key) == Some(on) {
            return Ok(());
        }
        self.0.known.typing.insert(key, on);
        let event = Event::Typing { room_id, user_id: caller.user, on };
        self.whisper(Topic::Room(room_id), &event).await;
        Ok(())
    }

    pub async fn history(
        &self,
        caller: &Caller,
        room: RoomId,
        query: HistoryQuery,
    ) -> Answered<History> {
        self.access_to(caller, room, Action::Read).await?;
        let limit = query.limit.unwrap_or(DEFAULT_PAGE);
        if !PAGE.contains(&limit) {
            return Err(Refusal::field("limit", "A page has 1 to 200 messages."));
        }
        let limit = limit as usize;
        let store = &self.0.store;
        let (messages, more_before, more_after) = match (query.before, query.after, query.around) {
            (None, None, None) => {
                let (page, more) =
                    trim_front(store.history(room, Range::Newest, limit + 1).await?, limit);
                (page, more, false)
            }
            (Some(before), None, None) => {
                let range = Range::Before(before);
                let (page, more) = trim_front(store.history(room, range, limit + 1).await?, limit);
                (page, more, true)
            }
            (None, Some(after), None) => {
                let mut page = store.history(room, Range::After(after), limit + 1).await?;
                let more = page.len() > limit;
                page.truncate(limit);
                (page, true, more)
            }
            (None, None, Some(around)) => {
                let half = (limit / 2).max(1);
                let (older, middle, newer) = tokio::try_join!(
                    store.history(room, Range::Before(around), half + 1),
                    store.message(room, around),
                    store.history(room, Range::After(around), half + 1),
                )?;
                let (mut page, more_before) = trim_front(older, half);
                let more_after = newer.len() > half;
                page.push(middle.ok_or_else(|| Refusal::of(ErrorCode::NotFound))?);
                page.extend(newer.into_iter().take(half));
                (page, more_before, more_after)
            }
            _ => {
                return Err(Refusal::field(
                    "before",
                    "Give one of `before`, `after` and `around`.",
                ));
            }
        };
        let ids: Vec<_> =
            messages.iter().filter(|message| !message.reactions.is_empty()).map(|m| m.id).collect();
        let mut own = std::collections::HashMap::new();
        if !ids.is_empty() {
            own.extend(store.reactions_of(caller.user, room, &ids).await?);
        }
        let messages = messages.into_iter().map(|message| HistoryMessage {
            my_reactions: own.remove(&message.id).unwrap_or_default(),
            message,
        });
        Ok(History { messages: messages.collect(), more_before, more_after })
    }

    pub async fn seen_by(&self, caller: &Caller, room: RoomId, id: MessageId) -> Answered<SeenBy> {
        self.access_to(caller, room, Action::Read).await?;
        let message = self.existing(room, id).await?;
        let members = self.0.store.members(room, None, SEEN_BY_LOOKS_AT).await?;
        let others = members.iter().filter(|member| member.user_id != message.author_id);
        let mut seen = SeenBy { read: Vec::new(), delivered: Vec::new() };
        for member in others {
            if member.read >= Some(id) {
                seen.read.push(member.user_id);
            }
            if member.delivered >= Some(id) {
                seen.delivered.push(member.user_id);
            }
        }
        Ok(seen)
    }
}

/// A message on its way.
struct Sending {
    room_id: RoomId,
    claimed: Claimed,
    message: Message,
    /// No other attempt with this nonce is known, and none is thought of.
    sure: bool,
    began: Instant,
    /// When its id was taken; `None`: too long ago to be published under.
    at: Option<Instant>,
    turn: Option<Turn>,
}

fn message(author_id: UserId, id: MessageId, kind: MessageKind) -> Message {
    Message {
        id,
        author_id,
        kind,
        text: String::new(),
        system: None,
        nonce: String::new(),
        reply_to: None,
        sent_at: id.millis(),
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
        reactions_version: None,
        version: id.into(),
    }
}

/// The newest `limit` of a page, and whether there were older ones.
fn trim_front(mut page: Vec<Message>, limit: usize) -> (Vec<Message>, bool) {
    let extra = page.len().saturating_sub(limit);
    page.drain(..extra);
    (page, extra > 0)
}
