//! What changed, what expires, and the store itself.

use super::{Stage, id_at, kinds, now, person, text, unique};
use crate::domain::cursor::MAX_AGE_MS;
use crate::domain::history::BUCKET_MS;
use crate::protocol::{
    Event, EventId, Member, Message, Role, Room, RoomId, RoomKind, Topic, UserId,
};
use crate::store::{NewMessage, Reacted, StoreResult, Unpublished, Written};

async fn all(s: &Stage, topic: Topic, since: EventId) -> StoreResult<Vec<(EventId, Event)>> {
    let changes = s.store.changes(topic, since, 1_000).await?;
    assert!(!changes.more);
    assert!(changes.events.is_sorted_by_key(|(change, _)| *change));
    assert!(changes.events.iter().all(|(change, _)| *change > since));
    Ok(changes.events)
}

fn told(change: EventId, event: Event) -> Vec<(EventId, Event)> {
    vec![(change, event)]
}

async fn message_event(s: &Stage, room: RoomId, message: &Message) -> StoreResult<Event> {
    let message = s.store.message(room, message.id).await?.expect("it exists");
    Ok(Event::Message { room_id: room, message })
}

pub async fn every_kind_of_change_is_found_under_its_version(s: &Stage) -> StoreResult<()> {
    let (ada, bob) = (person(), person());
    let mut since = s.id();
    let room = s.new_room(RoomKind::Public);
    let member = s.new_member(room.id, ada, Role::Owner);
    s.store.create_room(room.clone(), vec![member.clone()]).await?;
    let (topic, id) = (Topic::Room(room.id), room.id);
    let member = |member: Member| told(member.version, Event::Member { member });
    let made = s.store.member(id, ada).await?.expect("she is a member");
    let mut expected = told(room.version, Event::Room { room: room.clone() });
    expected.extend(member(made));
    assert_eq!(all(s, topic, since).await?, expected);

    since = s.id();
    let joined = s.change_member(id, bob, None, Some(Role::Member)).await?.expect("he joined");
    assert_eq!(all(s, topic, since).await?, member(joined));

    since = s.id();
    let message = s.say(id, ada).await?;
    let event = message_event(s, id, &message).await?;
    assert_eq!(all(s, topic, since).await?, told(message.version, event));

    since = s.id();
    let read = s.read_up_to(id, bob, message.id).await?.expect("it rose");
    assert_eq!(all(s, topic, since).await?, member(read));

    since = s.id();
    let Reacted::Changed(event) = s.react(id, message.id, bob, "A", true).await? else {
        panic!("it is new");
    };
    let version = event.version().expect("it is durable");
    assert_eq!(all(s, topic, since).await?, told(version, event));

    since = s.id();
    let edited = s.edit(id, message.id, "edited", s.id()).await?.expect("it exists");
    let event = message_event(s, id, &message).await?;
    assert_eq!(all(s, topic, since).await?, told(edited.version, event));

    since = s.id();
    let gone = s.delete(id, message.id, s.id()).await?.expect("it exists");
    let event = message_event(s, id, &message).await?;
    assert_eq!(all(s, topic, since).await?, told(gone.version, event));

    since = s.id();
    let closed = Room { deleted: true, version: s.id(), ..room };
    s.store.update_room(closed.clone()).await?;
    assert_eq!(all(s, topic, since).await?, told(closed.version, Event::Room { room: closed }));

    since = s.id();
    let left = s.change_member(id, bob, Some(Role::Member), None).await?.expect("he left");
    assert_eq!(all(s, topic, since).await?, member(left));
    Ok(())
}

pub async fn a_thing_that_changed_several_times_stands_there_once(s: &Stage) -> StoreResult<()> {
    let (ada, bob) = (person(), person());
    let room = s.room_of(&[ada]).await?;
    let topic = Topic::Room(room);
    let since = s.id();
    let (first, second) = (s.say(room, ada).await?, s.say(room, ada).await?);
    s.read_up_to(room, ada, first.id).await?;
    s.edit(room, first.id, "one", s.id()).await?;
    s.react(room, second.id, bob, "A", true).await?;
    s.react(room, second.id, bob, "B", true).await?;
    let read = s.read_up_to(room, ada, second.id).await?.expect("it rose");
    let edited = s.edit(room, first.id, "two", s.id()).await?.expect("it exists");
    let events = all(s, topic, since).await?;
    assert_eq!(kinds(&events), ["message", "reaction", "member", "message"]);
    assert_eq!(events[0].0, second.version);
    let Event::Reaction { emojis, reactions, .. } = &events[1].1 else { panic!("a reaction") };
    assert_eq!((emojis.len(), reactions.len()), (2, 2));
    assert_eq!(events[2].0, read.version);
    let message = edited.clone();
    assert_eq!(events[3], (edited.version, Event::Message { room_id: room, message }));
    // An edit of what is older than the cursor is found as well.
    assert_eq!(kinds(&all(s, topic, second.version).await?), ["reaction", "member", "message"]);
    Ok(())
}

pub async fn a_page_is_the_oldest_changes_and_says_whether_there_are_more(
    s: &Stage,
) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let since = s.id();
    for n in 0..4 {
        let message = s.say(room, ada).await?;
        s.say(room, ada).await?;
        s.change_member(room, person(), None, Some(Role::Member)).await?;
        if n % 2 == 0 {
            s.edit(room, message.id, "edited", s.id()).await?;
        }
        s.react(room, message.id, ada, "A", true).await?;
    }
    let topic = Topic::Room(room);
    let events = all(s, topic, since).await?;
    assert_eq!(events.len(), 16);
    for limit in 0..=17 {
        let page = s.store.changes(topic, since, limit).await?;
        assert_eq!(page.events, events[..limit.min(16)], "limit {limit}");
        assert_eq!(page.more, limit < 16, "limit {limit}");
    }
    for (at, (change, _)) in events.iter().enumerate() {
        assert_eq!(all(s, topic, *change).await?, events[at + 1..]);
    }
    Ok(())
}

pub async fn messages_are_found_over_bucket_boundaries(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let boundary = now() / BUCKET_MS * BUCKET_MS;
    let mut messages = Vec::new();
    for at in [boundary - 3, boundary - 2, boundary - 1, boundary, boundary + 1] {
        messages.push(s.put(room, text(ada, id_at(at))).await?);
    }
    // Ids that were taken before the room was made.
    let found = all(s, Topic::Room(room), messages[1].version).await?;
    let ids = |kept: &Event| match kept {
        Event::Message { message, .. } => Some(message.id),
        _ => None,
    };
    let found: Vec<_> = found.iter().filter_map(|(_, event)| ids(event)).collect();
    assert_eq!(found, messages[2..].iter().map(|message| message.id).collect::<Vec<_>>());
    Ok(())
}

pub async fn a_quiet_topic_has_no_changes(s: &Stage) -> StoreResult<()> {
    let (ada, other) = (person(), person());
    let room = s.room_of(&[ada]).await?;
    s.say(room, ada).await?;
    let since = s.id();
    let busy = s.room_of(&[other]).await?;
    s.say(busy, other).await?;
    for topic in [
        Topic::Room(room),
        Topic::User(ada),
        Topic::Room(RoomId(uuid::Uuid::new_v4())),
        Topic::User(person()),
    ] {
        assert_eq!(all(s, topic, since).await?, []);
    }
    assert_eq!(all(s, Topic::Presence(ada), EventId::floor(0)).await?, []);
    Ok(())
}

pub async fn a_deleted_message_is_told_once_without_its_reactions(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    let since = s.id();
    let mut reacted = Vec::new();
    for _ in 0..4 {
        let Reacted::Changed(event) = s.react(room, message.id, person(), "A", true).await? else {
            panic!("it is new");
        };
        reacted.push(event);
    }
    let gone = s.delete(room, message.id, s.id()).await?.expect("it exists");
    // Nor are they told where they are published late.
    for event in reacted {
        s.store.log_change(Topic::Room(room), s.id(), &event).await?;
    }
    let joined = s.change_member(room, ada, None, Some(Role::Member)).await?.expect("she joined");
    let mut expected = told(gone.version, Event::Message { room_id: room, message: gone });
    expected.extend(told(joined.version, Event::Member { member: joined }));
    assert_eq!(all(s, Topic::Room(room), since).await?, expected);
    for limit in 1..=2 {
        let page = s.store.changes(Topic::Room(room), since, limit).await?;
        assert_eq!((page.events.as_slice(), page.more), (&expected[..limit], limit < 2));
    }
    Ok(())
}

async fn persons_events(s: &Stage, user: UserId, since: EventId) -> StoreResult<Vec<&'static str>> {
    Ok(kinds(&all(s, Topic::User(user), since).await?))
}

pub async fn a_person_learns_of_a_room_before_their_place_in_it(s: &Stage) -> StoreResult<()> {
    let (ada, bob) = (person(), person());
    let since = s.id();
    let first = s.room_of(&[ada]).await?;
    let room = s.room_of(&[]).await?;
    s.change_member(room, ada, None, Some(Role::Member)).await?;
    let role = s.change_member(room, ada, Some(Role::Member), Some(Role::Admin)).await?;
    let role = role.expect("she had it");
    s.change_member(room, bob, None, Some(Role::Member)).await?;
    let events = all(s, Topic::User(ada), since).await?;
    assert_eq!(kinds(&events), ["room", "member", "room", "member"]);
    let state = s.store.room(room).await?.expect("it exists");
    assert_eq!(events[2], (role.version, Event::Room { room: state }));
    assert_eq!(events[3], (role.version, Event::Member { member: role }));
    assert!(matches!(&events[0].1, Event::Room { room } if room.id == first));
    // Both count, and so a page may end between them.
    for limit in 0..=5 {
        let page = s.store.changes(Topic::User(ada), since, limit).await?;
        assert_eq!(page.events, events[..limit.min(4)]);
        assert_eq!(page.more, limit < 4);
    }
    Ok(())
}

pub async fn whoever_left_learns_nothing_of_the_room(s: &Stage) -> StoreResult<()> {
    let ada = person();
    let room = s.room_of(&[ada]).await?;
    let since = s.id();
    let left = s.change_member(room, ada, Some(Role::Member), None).await?.expect("she left");
    let expected = told(left.version, Event::Member { member: left });
    assert_eq!(all(s, Topic::User(ada), since).await?, expected);
    Ok(())
}

pub async fn watermarks_are_no_news_to_the_person(s: &Stage) -> StoreResult<()> {
    let ada = person();
    let room = s.room_of(&[ada]).await?;
    let message = s.say(room, person()).await?;
    let since = s.id();
    s.read_up_to(room, ada, message.id).await?.expect("it rose");
    assert_eq!(all(s, Topic::User(ada), since).await?, []);
    assert_eq!(kinds(&all(s, Topic::Room(room), since).await?), ["member"]);
    Ok(())
}

pub async fn a_state_is_found_under_the_later_id_it_was_published_under(
    s: &Stage,
) -> StoreResult<()> {
    let (ada, room) = (person(), s.new_room(RoomKind::Private));
    let member = s.new_member(room.id, ada, Role::Owner);
    s.store.create_room(room.clone(), vec![member]).await?;
    let (topic, id) = (Topic::Room(room.id), room.id);
    let message = s.say(id, ada).await?;
    let Reacted::Changed(reaction) = s.react(id, message.id, ada, "A", true).await? else {
        panic!("it is new");
    };
    let member = s.store.member(id, ada).await?.expect("she is a member");
    let since = s.id();
    assert_eq!(all(s, topic, since).await?, []);
    let mut expected = Vec::new();
    for event in [
        message_event(s, id, &message).await?,
        reaction,
        Event::Room { room },
        Event::Member { member },
    ] {
        let later = s.id();
        s.store.log_change(topic, later, &event).await?;
        // The same again, or an earlier one, does not take it back.
        s.store.log_change(topic, later, &event).await?;
        s.store.log_change(topic, since, &event).await?;
        expected.push((later, event));
    }
    assert_eq!(all(s, topic, since).await?, expected);
    // Once only, also for whoever has not yet seen the first id.
    let from_the_start = all(s, topic, EventId::floor(0)).await?;
    assert_eq!(from_the_start, expected);
    assert_eq!(persons_events(s, ada, since).await?, [""; 0]);
    let (later, event) = (s.id(), expected[3].1.clone());
    s.store.log_change(Topic::User(ada), later, &event).await?;
    assert_eq!(persons_events(s, ada, since).await?, ["room", "member"]);
    Ok(())
}

pub async fn transient_events_are_not_logged(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let since = s.id();
    let event = Event::Typing { room_id: room, user_id: ada, on: true };
    for topic in [Topic::Room(room), Topic::User(ada), Topic::Presence(ada)] {
        s.store.log_change(topic, s.id(), &event).await?;
        assert_eq!(all(s, topic, since).await?, []);
    }
    Ok(())
}

/// What is unpublished in this topic; other tests may have some too.
async fn unpublished(s: &Stage, topic: Topic) -> StoreResult<Vec<Unpublished>> {
    let all = s.store.unpublished(10_000).await?;
    Ok(all.into_iter().filter(|noted| noted.topic == topic).collect())
}

fn noted(s: &Stage, topic: Topic, event: Event) -> Unpublished {
    Unpublished { id: s.id(), topic, event }
}

pub async fn what_is_unpublished_stays_until_it_is_forgotten(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    let said = noted(s, Topic::Room(room), Event::Message { room_id: room, message });
    let joined = s.change_member(room, ada, None, Some(Role::Member)).await?.expect("she joined");
    let joined = noted(s, Topic::User(ada), Event::Member { member: joined });
    s.store.note_unpublished(&[said.clone(), joined.clone()]).await?;
    s.store.note_unpublished(std::slice::from_ref(&said)).await?;
    assert_eq!(unpublished(s, said.topic).await?, std::slice::from_ref(&said));
    assert_eq!(unpublished(s, joined.topic).await?, std::slice::from_ref(&joined));
    s.store.forget_unpublished(std::slice::from_ref(&said)).await?;
    s.store.forget_unpublished(std::slice::from_ref(&said)).await?;
    assert_eq!(unpublished(s, said.topic).await?, []);
    assert_eq!(unpublished(s, joined.topic).await?, [joined]);
    Ok(())
}

pub async fn what_is_unpublished_comes_oldest_first(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let mut told = Vec::new();
    for _ in 0..5 {
        let message = s.say(room, ada).await?;
        told.push(noted(s, Topic::Room(room), Event::Message { room_id: room, message }));
    }
    for one in told.iter().rev() {
        s.store.note_unpublished(std::slice::from_ref(one)).await?;
    }
    assert_eq!(unpublished(s, Topic::Room(room)).await?, told);
    assert_eq!(s.store.unpublished(0).await?, []);
    assert_eq!(s.store.unpublished(2).await?.len(), 2);
    s.store.forget_unpublished(&told).await?;
    assert_eq!(unpublished(s, Topic::Room(room)).await?, []);
    Ok(())
}

pub async fn the_newest_event_is_not_below_anything_written(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    assert!(s.store.newest_event().await? >= Some(message.version));
    let edited = s.edit(room, message.id, "edited", s.id()).await?.expect("it exists");
    assert!(s.store.newest_event().await? >= Some(edited.version));
    let joined = s.change_member(room, ada, None, Some(Role::Member)).await?.expect("she joined");
    assert!(s.store.newest_event().await? >= Some(joined.version));
    let later = s.id();
    s.store.log_change(Topic::User(ada), later, &Event::Member { member: joined }).await?;
    assert!(s.store.newest_event().await? >= Some(later));
    Ok(())
}

pub async fn expiry_keeps_what_was_promised(s: &Stage) -> StoreResult<()> {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let old = s.put(room, text(ada, id_at(now() - 100 * DAY_MS))).await?;
    let since = EventId::floor(now() - MAX_AGE_MS);
    let edited = s.edit(room, old.id, "edited", id_at(now() - MAX_AGE_MS + 1_000)).await?;
    let edited = edited.expect("it exists");
    let sent = Message { nonce: unique(), ..text(ada, id_at(now() - 3 * DAY_MS + 1_000)) };
    let sent = s.put(room, sent).await?;
    let session = s.session(ada, now()).await?;
    let before = all(s, Topic::Room(room), since).await?;
    assert_eq!(before[0].0, edited.version);
    s.store.expire(now()).await?;
    assert_eq!(all(s, Topic::Room(room), since).await?, before);
    let message = Message { nonce: sent.nonce.clone(), ..text(ada, s.id()) };
    let again = s.store.write_message(NewMessage { room_id: room, message, first: false }).await?;
    assert_eq!(again, Written::Already { room_id: room, message_id: sent.id });
    assert_eq!(s.store.session(session.session.id).await?, Some(session));
    assert_eq!(s.store.message(room, old.id).await?, Some(edited));
    Ok(())
}

pub async fn the_store_says_that_it_works(s: &Stage) -> StoreResult<()> {
    for _ in 0..3 {
        s.store.check().await?;
    }
    Ok(())
}
