//! Sessions and the rotation of their tokens.

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Stage, now, person};
use crate::protocol::{PresenceChoice, Role, Room, RoomKind, SessionId};
use crate::store::{Rotation, SessionRecord, StoreResult};

fn rotation(of: &SessionRecord, from: u32, address: &str) -> Rotation {
    let (at, address) = (now() + 1_000, address.to_owned());
    Rotation { id: of.session.id, from, at, expires_at: at + 7_200_000, address }
}

pub async fn a_session_reads_back_until_it_ends(s: &Stage) -> StoreResult<()> {
    let record = s.session(person(), now()).await?;
    let id = record.session.id;
    assert_eq!(s.store.session(id).await?.as_ref(), Some(&record));
    assert!(s.store.rotate_session(rotation(&record, 0, "::1")).await?);
    // To write it again does not take back what happened since.
    s.store.create_session(record.clone()).await?;
    assert_eq!(s.store.session(id).await?.map(|record| record.generation), Some(1));
    assert!(s.store.end_session(record.user_id, id).await?);
    assert_eq!(s.store.session(id).await?, None);
    assert!(!s.store.end_session(record.user_id, id).await?);
    Ok(())
}

pub async fn a_persons_sessions_come_newest_use_first(s: &Stage) -> StoreResult<()> {
    let (user, now) = (person(), now());
    let middle = s.session(user, now - 10).await?;
    let oldest = s.session(user, now - 20).await?;
    let newest = s.session(user, now).await?;
    s.session(person(), now).await?;
    let sessions = s.store.sessions_of(user).await?;
    assert_eq!(sessions, [newest.clone(), middle.clone(), oldest.clone()]);
    assert!(s.store.rotate_session(rotation(&oldest, 0, "::1")).await?);
    let sessions = s.store.sessions_of(user).await?;
    let ids: Vec<_> = sessions.iter().map(|record| record.session.id).collect();
    assert_eq!(ids, [oldest.session.id, newest.session.id, middle.session.id]);
    Ok(())
}

pub async fn of_many_rotations_from_one_generation_exactly_one_succeeds(
    s: &Stage,
) -> StoreResult<()> {
    let record = s.session(person(), now()).await?;
    for from in 0..3 {
        let rotated = join_all(
            (0..32).map(|n| s.store.rotate_session(rotation(&record, from, &n.to_string()))),
        )
        .await
        .into_iter()
        .collect::<StoreResult<Vec<_>>>()?;
        assert_eq!(rotated.iter().filter(|rotated| **rotated).count(), 1);
        let winner = rotated.iter().position(|rotated| *rotated).expect("there is one");
        let now_is = s.store.session(record.session.id).await?.expect("it lives");
        assert_eq!((now_is.generation, now_is.session.address), (from + 1, winner.to_string()));
    }
    Ok(())
}

pub async fn a_rotation_needs_the_generation_and_a_live_session(s: &Stage) -> StoreResult<()> {
    let record = s.session(person(), now()).await?;
    assert!(!s.store.rotate_session(rotation(&record, 1, "::1")).await?);
    assert_eq!(s.store.session(record.session.id).await?.as_ref(), Some(&record));
    let rotated = rotation(&record, 0, "::1");
    assert!(s.store.rotate_session(rotated.clone()).await?);
    let mut expected = record.clone();
    expected.generation = 1;
    expected.rotated_at = rotated.at;
    expected.session.last_used_at = rotated.at;
    expected.session.expires_at = rotated.expires_at;
    expected.session.address = rotated.address;
    assert_eq!(s.store.session(record.session.id).await?, Some(expected));
    s.store.end_sessions(record.user_id, None).await?;
    assert!(!s.store.rotate_session(rotation(&record, 1, "::1")).await?);
    assert_eq!(s.store.session(record.session.id).await?, None);
    Ok(())
}

pub async fn nobody_ends_somebody_elses_session(s: &Stage) -> StoreResult<()> {
    let record = s.session(person(), now()).await?;
    assert!(!s.store.end_session(person(), record.session.id).await?);
    assert!(!s.store.end_session(record.user_id, SessionId(Uuid::new_v4())).await?);
    s.store.end_sessions(person(), None).await?;
    assert_eq!(s.store.session(record.session.id).await?, Some(record));
    Ok(())
}

pub async fn all_sessions_but_one_end(s: &Stage) -> StoreResult<()> {
    let user = person();
    let kept = s.session(user, now()).await?;
    let ended = s.session(user, now()).await?;
    s.store.end_sessions(user, Some(kept.session.id)).await?;
    assert_eq!(s.store.sessions_of(user).await?.as_slice(), std::slice::from_ref(&kept));
    assert_eq!(s.store.session(ended.session.id).await?, None);
    s.store.end_sessions(user, None).await?;
    assert_eq!(s.store.sessions_of(user).await?, []);
    Ok(())
}

pub async fn whoever_arrives_gets_session_presence_and_joined_rooms(s: &Stage) -> StoreResult<()> {
    let user = s.account().await?.id;
    s.store.set_presence(user, PresenceChoice::Away).await?;
    let record = s.session(user, now()).await?;
    let (here, left) = (s.room_of(&[user]).await?, s.room_of(&[user]).await?);
    s.change_member(left, user, Some(Role::Member), None).await?;
    s.room_of(&[person()]).await?;
    let gone = s.new_room(RoomKind::Private);
    let owner = s.new_member(gone.id, user, Role::Owner);
    s.store.create_room(gone.clone(), vec![owner]).await?;
    s.store.update_room(Room { deleted: true, version: s.id(), ..gone.clone() }).await?;
    let arrival = s.store.arrive(record.session.id).await?.expect("the session lives");
    assert_eq!((arrival.session, arrival.presence), (record.clone(), PresenceChoice::Away));
    let mut rooms = arrival.rooms;
    rooms.sort_unstable();
    let mut expected = [here, gone.id];
    expected.sort_unstable();
    assert_eq!(rooms, expected);
    s.store.end_session(user, record.session.id).await?;
    assert!(s.store.arrive(record.session.id).await?.is_none());
    Ok(())
}
