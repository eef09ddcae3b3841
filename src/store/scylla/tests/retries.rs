//! Sent twice, stored once: attempts on two nodes, of which one died on the way.

use super::{nodes, stages};
use crate::domain::history::Range;
use crate::protocol::{Message, RoomId, Topic};
use crate::store::contract::{Stage, person, text};
use crate::store::scylla::{ScyllaStore, messages, sends};
use crate::store::{NewMessage, Store, StoreResult, Written};

fn new(room_id: RoomId, message: &Message, first: bool) -> NewMessage {
    NewMessage { room_id, message: message.clone(), first }
}

fn already(room_id: RoomId, message: &Message) -> Written {
    Written::Already { room_id, message_id: message.id }
}

/// Two attempts at one message, the older one first.
async fn attempts(s: &Stage) -> StoreResult<(RoomId, Message, Message)> {
    let room = s.room_of(&[]).await?;
    let one = text(person(), s.id());
    let nonce = one.nonce.clone();
    let other = Message { nonce, text: one.text.clone(), ..text(one.author_id, s.id()) };
    Ok((room, one, other))
}

/// Every way of reading, on both nodes, shows this message alone.
async fn stands_alone(room: RoomId, kept: &Message, gone: &Message) -> StoreResult<()> {
    let since = crate::protocol::EventId::floor(kept.id.millis() - 60_000);
    for node in nodes() {
        let kept = std::slice::from_ref(kept);
        assert_eq!(node.history(room, Range::Newest, 9).await?, kept);
        let changes = node.changes(Topic::Room(room), since, 9).await?.events;
        let messages = changes
            .iter()
            .filter(|(_, event)| matches!(event, crate::protocol::Event::Message { .. }));
        assert_eq!(messages.count(), 1);
        assert_eq!(node.message(room, gone.id).await?, None);
        assert_eq!(node.message(room, kept[0].id).await?.as_ref(), Some(&kept[0]));
        // It is gone for good, not only hidden.
        assert_eq!(messages::by_id(&node.db, room, gone.id).await?, None);
    }
    Ok(())
}

#[tokio::test]
async fn an_attempt_whose_answer_was_lost_is_found_by_the_next() -> StoreResult<()> {
    let [one, other] = nodes();
    let (room, lost, again) = attempts(&stages()[0]).await?;
    assert_eq!(one.write_message(new(room, &lost, true)).await?, Written::New);
    assert_eq!(other.write_message(new(room, &again, false)).await?, already(room, &lost));
    stands_alone(room, &lost, &again).await
}

#[tokio::test]
async fn a_plain_write_that_comes_after_the_decision_changes_nothing() -> StoreResult<()> {
    let [one, other] = nodes();
    let (room, late, again) = attempts(&stages()[0]).await?;
    assert_eq!(other.write_message(new(room, &again, false)).await?, Written::New);
    // What the slow attempt had sent arrives now, whether its id is older or newer.
    arrives(one, room, &late).await?;
    stands_alone(room, &again, &late).await?;
    let (room, again, late) = attempts(&stages()[0]).await?;
    assert_eq!(other.write_message(new(room, &again, false)).await?, Written::New);
    arrives(one, room, &late).await?;
    stands_alone(room, &again, &late).await
}

/// The plain writes of an attempt that has looked before.
async fn arrives(node: &ScyllaStore, room: RoomId, late: &Message) -> StoreResult<()> {
    messages::put(&node.db, room, late).await?;
    sends::note(&node.db, room, late).await
}

#[tokio::test]
async fn an_attempt_that_comes_after_its_retry_finds_it() -> StoreResult<()> {
    let [one, other] = nodes();
    let (room, late, again) = attempts(&stages()[0]).await?;
    assert_eq!(other.write_message(new(room, &again, false)).await?, Written::New);
    assert_eq!(one.write_message(new(room, &late, true)).await?, already(room, &again));
    stands_alone(room, &again, &late).await
}

#[tokio::test]
async fn an_attempt_that_doubts_itself_and_lost_takes_its_row_back() -> StoreResult<()> {
    let [one, other] = nodes();
    let (room, slow, again) = attempts(&stages()[0]).await?;
    assert_eq!(other.write_message(new(room, &again, false)).await?, Written::New);
    arrives(one, room, &slow).await?;
    assert_eq!(one.write_message(new(room, &slow, false)).await?, already(room, &again));
    assert_eq!(messages::by_id(&one.db, room, slow.id).await?, None);
    stands_alone(room, &again, &slow).await
}

#[tokio::test]
async fn a_message_whose_writer_died_before_its_nonce_is_replaced_by_the_retry() -> StoreResult<()>
{
    let [one, other] = nodes();
    let (room, orphan, again) = attempts(&stages()[0]).await?;
    messages::put(&one.db, room, &orphan).await?;
    assert_eq!(other.write_message(new(room, &again, false)).await?, Written::New);
    stands_alone(room, &again, &orphan).await
}

#[tokio::test]
async fn a_nonce_whose_writer_died_before_its_message_is_completed_by_the_retry() -> StoreResult<()>
{
    let [one, other] = nodes();
    let (room, half, again) = attempts(&stages()[0]).await?;
    sends::note(&one.db, room, &half).await?;
    assert_eq!(one.message(room, half.id).await?, None);
    assert_eq!(other.write_message(new(room, &again, false)).await?, already(room, &half));
    stands_alone(room, &half, &again).await
}

#[tokio::test]
async fn a_deleted_message_stays_deleted_when_its_first_attempt_arrives_late() -> StoreResult<()> {
    let [stage, _] = stages();
    let (room, message, _) = attempts(&stage).await?;
    stage.put(room, message.clone()).await?;
    let tombstone = stage.delete(room, message.id, stage.id()).await?.expect("it exists");
    messages::put(&nodes()[1].db, room, &message).await?;
    assert_eq!(nodes()[1].message(room, message.id).await?, Some(tombstone));
    Ok(())
}
