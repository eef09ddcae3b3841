//! What is deleted by its age.

use futures_util::future::join_all;

use super::{folder, open, stage};
use crate::domain::cursor::LOG_KEEPS_MS;
use crate::protocol::{EventId, Message, Topic};
use crate::store::contract::{id_at, kinds, now, person, text};
use crate::store::sqlite::expire::{PIECE, SENDS_KEEP_MS};
use crate::store::{NewMessage, Store, StoreResult, Written};

#[tokio::test]
async fn what_is_old_goes_in_pieces_and_what_is_young_stays() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let (author, room_id) = (person(), s.room_of(&[]).await?);
    let old = now() - SENDS_KEEP_MS - 60_000;
    let messages: Vec<_> = (0..PIECE as u64 + 5).map(|n| text(author, id_at(old + n))).collect();
    let writes = join_all(messages.iter().map(|message| s.put(room_id, message.clone()))).await;
    writes.into_iter().collect::<StoreResult<Vec<_>>>()?;
    let young = s.say(room_id, author).await?;
    let expired = s.session(author, now()).await?;

    // Both ends of the log: the edit of the first message is too old, that of the second is not.
    let edges = [now() - LOG_KEEPS_MS - 1_000, now() - LOG_KEEPS_MS + 60_000].map(id_at);
    let edited = s.put(room_id, text(author, id_at(old - LOG_KEEPS_MS))).await?;
    let other = s.put(room_id, text(author, id_at(old - LOG_KEEPS_MS + 1))).await?;
    s.edit(room_id, edited.id, "edited", edges[0]).await?;
    s.edit(room_id, other.id, "edited", edges[1]).await?;

    store.expire(now()).await?;
    let write = async |like: &Message| {
        let message = Message { nonce: like.nonce.clone(), ..text(author, s.id()) };
        store.write_message(NewMessage { room_id, message, first: false }).await
    };
    for gone in [&messages[0], &messages[PIECE], &messages[PIECE + 4]] {
        assert_eq!(write(gone).await?, Written::New);
    }
    assert!(matches!(write(&young).await?, Written::Already { .. }));
    let log = store.changes(Topic::Room(room_id), edges[0], 1).await?;
    assert_eq!(log.events[0].0, edges[1]);
    let before = store.changes(Topic::Room(room_id), EventId::floor(0), 1).await?;
    assert_eq!(before.events[0].0, EventId::from(edited.id), "its log is gone, the message is not");

    assert_eq!(store.session(expired.session.id).await?.as_ref(), Some(&expired));
    store.expire(expired.session.expires_at).await?;
    assert_eq!(store.session(expired.session.id).await?, None);
    Ok(())
}

#[tokio::test]
async fn the_logs_of_many_topics_go_together() -> StoreResult<()> {
    let folder = folder();
    let store = open(folder.path());
    let s = stage(&store);
    let rooms = join_all((0..PIECE / 2 + 10).map(async |_| s.room_of(&[person()]).await)).await;
    let rooms = rooms.into_iter().collect::<StoreResult<Vec<_>>>()?;
    store.expire(now() + LOG_KEEPS_MS - 3_600_000).await?;
    let changes = store.changes(Topic::Room(rooms[3]), EventId::floor(0), 9).await?;
    assert_eq!(kinds(&changes.events), ["room", "member"]);
    store.expire(now() + LOG_KEEPS_MS + 1_000).await?;
    for room in rooms {
        let changes = store.changes(Topic::Room(room), EventId::floor(0), 9).await?;
        assert_eq!(changes.events, []);
    }
    Ok(())
}
