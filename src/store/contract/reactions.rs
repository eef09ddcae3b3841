//! Reactions.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{Stage, person};
use crate::protocol::{Event, ReactionSummary};
use crate::store::{MAX_EMOJIS, REACTION_USERS, Reacted, ReactionChange, StoreResult};

fn summary(emoji: &str, users: &[crate::protocol::UserId]) -> ReactionSummary {
    ReactionSummary { emoji: emoji.to_owned(), count: users.len() as u32, users: users.to_owned() }
}

pub async fn a_reaction_is_told_with_all_others(s: &Stage) -> StoreResult<()> {
    let (ada, bob, room) = (person(), person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    s.react(room, message.id, ada, "A", true).await?;
    s.react(room, message.id, bob, "A", true).await?;
    let version = s.id();
    let change = ReactionChange {
        room_id: room,
        message_id: message.id,
        user_id: bob,
        emoji: "B".to_owned(),
        on: true,
        version,
    };
    let reactions = vec![summary("A", &[ada, bob]), summary("B", &[bob])];
    let event = Event::Reaction {
        room_id: room,
        version,
        message_id: message.id,
        user_id: bob,
        emojis: vec!["A".to_owned(), "B".to_owned()],
        reactions: reactions.clone(),
    };
    assert_eq!(s.store.react(change).await?, Reacted::Changed(event));
    let now = s.store.message(room, message.id).await?.expect("it exists");
    assert_eq!((&now.reactions, now.reactions_version), (&reactions, Some(version)));
    // The message's own version stands apart.
    assert_eq!((now.version, now.text), (message.version, message.text));
    let Reacted::Changed(Event::Reaction { emojis, reactions, .. }) =
        s.react(room, message.id, bob, "A", false).await?
    else {
        panic!("it was there");
    };
    assert_eq!(emojis, ["B"]);
    assert_eq!(reactions, [summary("A", &[ada]), summary("B", &[bob])]);
    // An edit leaves reactions alone.
    s.edit(room, message.id, "edited", s.id()).await?;
    let edited = s.store.message(room, message.id).await?.expect("it exists");
    assert_eq!((edited.reactions, edited.text.as_str()), (reactions, "edited"));
    Ok(())
}

pub async fn a_reaction_that_is_so_already_writes_nothing(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    assert_eq!(s.react(room, message.id, ada, "A", false).await?, Reacted::Already);
    let change = ReactionChange {
        room_id: room,
        message_id: message.id,
        user_id: ada,
        emoji: "A".to_owned(),
        on: true,
        version: s.id(),
    };
    assert!(matches!(s.store.react(change.clone()).await?, Reacted::Changed(_)));
    assert_eq!(s.store.react(change.clone()).await?, Reacted::Already);
    assert_eq!(s.react(room, message.id, ada, "A", true).await?, Reacted::Already);
    let before = s.store.message(room, message.id).await?;
    assert_eq!(before.and_then(|message| message.reactions_version), Some(change.version));
    assert!(matches!(s.react(room, message.id, ada, "A", false).await?, Reacted::Changed(_)));
    // A late copy of the first does not undo what came after it.
    assert_eq!(s.store.react(change).await?, Reacted::Already);
    let after = s.store.message(room, message.id).await?.expect("it exists");
    assert_eq!(after.reactions, []);
    assert!(matches!(s.react(room, message.id, ada, "A", true).await?, Reacted::Changed(_)));
    Ok(())
}

pub async fn emojis_come_in_the_order_of_their_first_use(s: &Stage) -> StoreResult<()> {
    let (ada, bob, room) = (person(), person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    for (user, emoji) in [(ada, "C"), (bob, "A"), (ada, "B"), (bob, "C")] {
        s.react(room, message.id, user, emoji, true).await?;
    }
    let emojis = async || -> StoreResult<Vec<String>> {
        let message = s.store.message(room, message.id).await?.expect("it exists");
        Ok(message.reactions.into_iter().map(|summary| summary.emoji).collect())
    };
    assert_eq!(emojis().await?, ["C", "A", "B"]);
    // Whose first use is taken back moves to the next one's place.
    s.react(room, message.id, ada, "C", false).await?;
    assert_eq!(emojis().await?, ["A", "B", "C"]);
    s.react(room, message.id, bob, "A", false).await?;
    s.react(room, message.id, ada, "A", true).await?;
    assert_eq!(emojis().await?, ["B", "C", "A"]);
    Ok(())
}

pub async fn the_first_ten_people_are_named_and_all_are_counted(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    let message = s.say(room, person()).await?;
    let mut people: Vec<_> = (0..REACTION_USERS + 3).map(|_| person()).collect();
    for user in &people {
        s.react(room, message.id, *user, "A", true).await?;
    }
    for _ in 0..2 {
        let now = s.store.message(room, message.id).await?.expect("it exists");
        assert_eq!(now.reactions[0].count as usize, people.len());
        assert_eq!(now.reactions[0].users, people[..REACTION_USERS]);
        // When one of the first goes, the next is named.
        let gone = people.remove(4);
        s.react(room, message.id, gone, "A", false).await?;
    }
    Ok(())
}

pub async fn a_message_takes_twenty_emojis_and_not_one_more(s: &Stage) -> StoreResult<()> {
    let (ada, bob, room) = (person(), person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    for n in 0..MAX_EMOJIS {
        let reacted = s.react(room, message.id, ada, &n.to_string(), true).await?;
        assert!(matches!(reacted, Reacted::Changed(_)), "{n}");
    }
    assert_eq!(s.react(room, message.id, bob, "more", true).await?, Reacted::TooMany);
    assert!(matches!(s.react(room, message.id, bob, "7", true).await?, Reacted::Changed(_)));
    s.react(room, message.id, ada, "3", false).await?;
    assert!(matches!(s.react(room, message.id, bob, "more", true).await?, Reacted::Changed(_)));
    let now = s.store.message(room, message.id).await?.expect("it exists");
    assert_eq!(now.reactions.len(), MAX_EMOJIS);
    Ok(())
}

pub async fn of_many_who_react_at_once_none_is_lost(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    let message = s.say(room, person()).await?;
    let people: Vec<_> = (0..30).map(|_| person()).collect();
    let changes: Vec<_> = people
        .iter()
        .map(|user| ReactionChange {
            room_id: room,
            message_id: message.id,
            user_id: *user,
            emoji: "A".to_owned(),
            on: true,
            version: s.id(),
        })
        .collect();
    // They arrive against the order of their versions.
    let reacted = join_all(changes.into_iter().rev().map(|change| s.store.react(change))).await;
    let mut versions = BTreeSet::new();
    for reacted in reacted {
        let Reacted::Changed(event) = reacted? else { panic!("each is new") };
        versions.extend(event.version());
    }
    assert_eq!(versions.len(), people.len(), "each state has a version of its own");
    let now = s.store.message(room, message.id).await?.expect("it exists");
    assert_eq!(now.reactions[0].count, 30);
    assert_eq!(now.reactions_version, versions.last().copied());
    Ok(())
}

pub async fn there_is_nothing_to_react_to_on_a_missing_or_deleted_message(
    s: &Stage,
) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    assert_eq!(s.react(room, s.id().into(), ada, "A", true).await?, Reacted::NoMessage);
    let message = s.say(room, ada).await?;
    s.delete(room, message.id, s.id()).await?;
    assert_eq!(s.react(room, message.id, ada, "A", true).await?, Reacted::NoMessage);
    Ok(())
}

pub async fn a_persons_own_reactions_are_given_for_a_page(s: &Stage) -> StoreResult<()> {
    let (ada, bob, room) = (person(), person(), s.room_of(&[]).await?);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(s.say(room, ada).await?.id);
    }
    s.react(room, ids[0], ada, "A", true).await?;
    s.react(room, ids[2], ada, "B", true).await?;
    s.react(room, ids[2], ada, "A", true).await?;
    s.react(room, ids[1], bob, "A", true).await?;
    s.react(room, ids[3], ada, "A", true).await?;
    s.react(room, ids[3], ada, "A", false).await?;
    let mut own = s.store.reactions_of(ada, room, &ids).await?;
    own.sort();
    let expected = [(ids[0], vec!["A".to_owned()]), (ids[2], vec!["B".to_owned(), "A".to_owned()])];
    assert_eq!(own, expected);
    assert_eq!(s.store.reactions_of(ada, room, &ids[1..2]).await?, []);
    Ok(())
}
