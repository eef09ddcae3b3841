//! Messages, their history and what of it is unread.

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Stage, id_at, now, person, system, text, unique};
use crate::domain::history::{BUCKET_MS, Range};
use crate::protocol::{Message, MessageId, RoomId, UserId};
use crate::store::{NewMessage, StoreResult, Written};

const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;

pub async fn a_message_reads_back_as_it_was_written(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let first = s.say(room, ada).await?;
    let answer = Message {
        reply_to: Some(first.id),
        text: "Zeile eins\n\u{1f44d}\u{1f3fd} \u{0}'; --".to_owned(),
        ..text(ada, s.id())
    };
    let answer = s.put(room, answer).await?;
    let told = s.put(room, system(ada, s.id())).await?;
    for message in [&first, &answer, &told] {
        assert_eq!(s.store.message(room, message.id).await?.as_ref(), Some(message));
    }
    assert_eq!(s.store.history(room, Range::Newest, 9).await?, [first.clone(), answer, told]);
    assert_eq!(s.store.message(room, s.id().into()).await?, None);
    assert_eq!(s.store.message(RoomId(Uuid::new_v4()), first.id).await?, None);
    Ok(())
}

/// Many attempts at one message, each with an id of its own.
async fn attempts(s: &Stage, rooms: &[RoomId], firsts: usize) -> StoreResult<(RoomId, MessageId)> {
    let (author, nonce) = (person(), unique());
    let tries: Vec<_> = (0..64)
        .map(|n| {
            let message = Message { nonce: nonce.clone(), ..text(author, s.id()) };
            NewMessage { room_id: rooms[n % rooms.len()], message, first: n < firsts }
        })
        .collect();
    let written = join_all(tries.iter().map(|new| s.store.write_message(new.clone()))).await;
    let written = written.into_iter().collect::<StoreResult<Vec<_>>>()?;
    let new: Vec<_> = tries.iter().zip(&written).filter(|(_, w)| **w == Written::New).collect();
    assert_eq!(new.len(), 1, "written once");
    let (room_id, message_id) = (new[0].0.room_id, new[0].0.message.id);
    for outcome in written.iter().filter(|written| **written != Written::New) {
        assert_eq!(*outcome, Written::Already { room_id, message_id });
    }
    for room in rooms {
        let history = s.store.history(*room, Range::Newest, 100).await?;
        let ids: Vec<_> = history.iter().map(|message| message.id).collect();
        let expected = if *room == room_id { vec![message_id] } else { Vec::new() };
        assert_eq!(ids, expected);
    }
    // Nor does a late one write it again.
    let late = s.store.write_message(NewMessage { first: false, ..tries[7].clone() }).await?;
    assert_eq!(late, Written::Already { room_id, message_id });
    Ok((room_id, message_id))
}

pub async fn of_many_attempts_with_one_nonce_exactly_one_is_written(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    attempts(s, &[room], 0).await.map(drop)
}

pub async fn a_nonce_counts_across_rooms(s: &Stage) -> StoreResult<()> {
    let rooms = [s.room_of(&[]).await?, s.room_of(&[]).await?, s.room_of(&[]).await?];
    attempts(s, &rooms, 0).await.map(drop)
}

pub async fn a_first_attempt_and_its_retries_write_one_message(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    attempts(s, &[room], 1).await.map(drop)
}

pub async fn an_attempt_that_doubts_itself_stays_where_it_won(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    let message = Message { nonce: unique(), ..text(person(), s.id()) };
    let mine = NewMessage { room_id: room, message: message.clone(), first: true };
    assert_eq!(s.store.write_message(mine.clone()).await?, Written::New);
    let already = Written::Already { room_id: room, message_id: message.id };
    for _ in 0..2 {
        let doubt = NewMessage { first: false, ..mine.clone() };
        assert_eq!(s.store.write_message(doubt).await?, already);
    }
    let other = NewMessage {
        room_id: room,
        message: Message { nonce: message.nonce.clone(), ..text(message.author_id, s.id()) },
        first: false,
    };
    assert_eq!(s.store.write_message(other).await?, already);
    assert_eq!(s.store.history(room, Range::Newest, 9).await?, [message]);
    Ok(())
}

pub async fn another_author_may_use_the_same_nonce(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    let first = s.say(room, person()).await?;
    let nonce = first.nonce.clone();
    let other = s.put(room, Message { nonce, ..text(person(), s.id()) }).await?;
    assert_eq!(s.store.history(room, Range::Newest, 9).await?, [first, other]);
    Ok(())
}

pub async fn system_messages_have_no_nonce_and_are_all_written(s: &Stage) -> StoreResult<()> {
    let (ada, room_id) = (person(), s.room_of(&[]).await?);
    let mut told = Vec::new();
    for first in [true, false, false] {
        let message = system(ada, s.id());
        let new = NewMessage { room_id, message: message.clone(), first };
        assert_eq!(s.store.write_message(new).await?, Written::New);
        told.push(message);
    }
    assert_eq!(s.store.history(room_id, Range::Newest, 9).await?, told);
    Ok(())
}

/// Writes texts at these times.
async fn write_at(
    s: &Stage,
    room: RoomId,
    author: UserId,
    times: &[u64],
) -> StoreResult<Vec<Message>> {
    let mut messages: Vec<_> = times.iter().map(|at| text(author, id_at(*at))).collect();
    messages.sort_by_key(|message| message.id);
    join_all(messages.iter().map(|message| s.put(room, message.clone())))
        .await
        .into_iter()
        .collect()
}

pub async fn history_is_cut_at_any_place_and_in_both_directions(s: &Stage) -> StoreResult<()> {
    let (room, other) = (s.room_of(&[]).await?, s.room_of(&[]).await?);
    // Five buckets of unlike size, two of them next to each other.
    let start = now() / BUCKET_MS * BUCKET_MS - 9 * BUCKET_MS;
    let times: Vec<u64> = [(0, 1), (1, 5), (4, 2), (8, 1), (9, 4)]
        .into_iter()
        .flat_map(|(bucket, count)| (0..count).map(move |n| start + bucket * BUCKET_MS + n))
        .collect();
    let all = write_at(s, room, person(), &times).await?;
    write_at(s, other, person(), &times).await?;
    for limit in [0, 1, 2, 3, 7, 12, 13, 14, 100] {
        let from = all.len().saturating_sub(limit);
        assert_eq!(s.store.history(room, Range::Newest, limit).await?, all[from..]);
        for (at, message) in all.iter().enumerate() {
            let before = s.store.history(room, Range::Before(message.id), limit).await?;
            assert_eq!(before, all[at.saturating_sub(limit)..at], "before {at}, limit {limit}");
            let after = s.store.history(room, Range::After(message.id), limit).await?;
            let to = (at + 1 + limit).min(all.len());
            assert_eq!(after, all[at + 1..to], "after {at}, limit {limit}");
        }
    }
    // The bounds need not be messages.
    let gap: MessageId = id_at(start + 6 * BUCKET_MS).into();
    assert_eq!(s.store.history(room, Range::Before(gap), 3).await?, all[5..8]);
    assert_eq!(s.store.history(room, Range::After(gap), 3).await?, all[8..11]);
    let empty = s.room_of(&[]).await?;
    assert_eq!(s.store.history(empty, Range::Newest, 10).await?, []);
    Ok(())
}

pub async fn three_silent_years_leave_no_hole_in_the_history(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    let then = now() - 3 * YEAR_MS;
    let times: Vec<_> = (0..10).map(|n| then + n).chain((0..3).map(|n| now() + n)).collect();
    let all = write_at(s, room, person(), &times).await?;
    assert_eq!(s.store.history(room, Range::Newest, 5).await?, all[8..]);
    assert_eq!(s.store.history(room, Range::Before(all[10].id), 4).await?, all[6..10]);
    assert_eq!(s.store.history(room, Range::After(all[9].id), 2).await?, all[10..12]);
    assert_eq!(s.store.history(room, Range::After(all[0].id), 100).await?, all[1..]);
    Ok(())
}

pub async fn an_edit_is_replaced_only_by_a_newer_one(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    let message = s.say(room, person()).await?;
    let (early, late) = (s.id(), s.id());
    let edited = s.edit(room, message.id, "late", late).await?.expect("it exists");
    let expected = Message {
        text: "late".to_owned(),
        edited_at: Some(late.millis()),
        version: late,
        ..message.clone()
    };
    assert_eq!(edited, expected);
    // An older edit gets the state that beat it.
    assert_eq!(s.edit(room, message.id, "early", early).await?.as_ref(), Some(&expected));
    assert_eq!(s.edit(room, message.id, "late", late).await?.as_ref(), Some(&expected));
    assert_eq!(s.store.message(room, message.id).await?, Some(expected));
    assert_eq!(s.edit(room, s.id().into(), "nothing", s.id()).await?, None);
    Ok(())
}

pub async fn a_deletion_leaves_a_tombstone_for_good(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let message = s.say(room, ada).await?;
    s.react(room, message.id, ada, "\u{1f44d}", true).await?;
    let version = s.id();
    let tombstone = s.delete(room, message.id, version).await?.expect("it exists");
    assert!(tombstone.deleted && tombstone.text.is_empty() && tombstone.reactions.is_empty());
    assert_eq!((tombstone.id, tombstone.author_id), (message.id, ada));
    assert_eq!((tombstone.version, tombstone.reactions_version), (version, Some(version)));
    assert_eq!(s.store.reactions_of(ada, room, &[message.id]).await?, []);
    assert_eq!(s.delete(room, message.id, s.id()).await?, None);
    assert_eq!(s.edit(room, message.id, "again", s.id()).await?, None);
    assert_eq!(s.delete(room, s.id().into(), s.id()).await?, None);
    // A late copy of the message does not bring its text back.
    let again = NewMessage { room_id: room, message, first: false };
    assert!(matches!(s.store.write_message(again).await?, Written::Already { .. }));
    assert_eq!(s.store.history(room, Range::Newest, 9).await?, [tombstone]);
    Ok(())
}

pub async fn a_deletion_that_comes_late_still_deletes(s: &Stage) -> StoreResult<()> {
    let room = s.room_of(&[]).await?;
    let message = s.say(room, person()).await?;
    let (early, late) = (s.id(), s.id());
    s.edit(room, message.id, "late", late).await?;
    let tombstone = s.delete(room, message.id, early).await?.expect("it exists");
    assert!(tombstone.deleted && tombstone.version > late);
    assert_eq!(s.store.message(room, message.id).await?, Some(tombstone));
    Ok(())
}

async fn unread(
    s: &Stage,
    user: UserId,
    room: RoomId,
    read: Option<MessageId>,
    cap: u32,
) -> StoreResult<u32> {
    let tails = s.store.tails(user, &[(room, read)], cap).await?;
    Ok(tails[0].unread)
}

pub async fn a_tail_has_the_newest_message_and_counts_what_is_unread(s: &Stage) -> StoreResult<()> {
    let (ada, bob) = (person(), person());
    let (room, empty) = (s.room_of(&[]).await?, s.room_of(&[]).await?);
    let old = write_at(s, room, bob, &[now() - 2 * YEAR_MS]).await?.remove(0);
    let first = s.say(room, bob).await?;
    let gone = s.say(room, bob).await?;
    s.delete(room, gone.id, s.id()).await?;
    s.put(room, system(bob, s.id())).await?;
    s.say(room, ada).await?;
    let last = s.say(room, bob).await?;
    let mut tails = s.store.tails(ada, &[(room, None), (empty, None)], 99).await?;
    tails.sort_by_key(|tail| tail.room_id != room);
    assert_eq!((tails[0].last_message.as_ref(), tails[0].unread), (Some(&last), 3));
    assert_eq!((tails[1].room_id, tails[1].last_message.as_ref()), (empty, None));
    assert_eq!((tails[1].unread, tails.len()), (0, 2));
    for (read, expected) in [(&old, 2), (&first, 1), (&gone, 1), (&last, 0)] {
        assert_eq!(unread(s, ada, room, Some(read.id), 99).await?, expected);
    }
    assert_eq!(unread(s, bob, room, None, 99).await?, 1);
    Ok(())
}

pub async fn unread_is_counted_up_to_the_cap(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    for _ in 0..5 {
        s.say(room, person()).await?;
    }
    for (cap, expected) in [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5)] {
        assert_eq!(unread(s, ada, room, None, cap).await?, expected);
    }
    Ok(())
}

pub async fn many_own_messages_hide_no_unread_one(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    s.say(room, person()).await?;
    let times: Vec<_> = (0..300).map(|n| now() + n).collect();
    for gone in &write_at(s, room, person(), &times[..150]).await? {
        s.delete(room, gone.id, s.id()).await?;
    }
    write_at(s, room, ada, &times[150..]).await?;
    assert_eq!(unread(s, ada, room, None, 2).await?, 1);
    Ok(())
}
