//! Rooms.

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Stage, person};
use crate::protocol::{Role, Room, RoomId, RoomKind};
use crate::store::StoreResult;

pub async fn a_room_and_its_members_read_back(s: &Stage) -> StoreResult<()> {
    let (ada, bob) = (person(), person());
    let room = Room {
        id: RoomId::direct(ada, bob),
        people: Some([ada, bob]),
        ..s.new_room(RoomKind::Direct)
    };
    let mut members =
        vec![s.new_member(room.id, ada, Role::Owner), s.new_member(room.id, bob, Role::Member)];
    // The two of a direct conversation may come with one version.
    members[1].version = members[0].version;
    let made = s.store.create_room(room.clone(), members.clone()).await?;
    assert_eq!(made, (room.clone(), true));
    assert_eq!(s.store.room(room.id).await?.as_ref(), Some(&room));
    for member in members {
        assert_eq!(s.store.member(room.id, member.user_id).await?, Some(member));
    }
    assert_eq!(s.store.room(RoomId(Uuid::new_v4())).await?, None);
    Ok(())
}

pub async fn of_many_who_make_one_room_all_get_the_same(s: &Stage) -> StoreResult<()> {
    let id = RoomId::direct(person(), person());
    let attempts: Vec<_> = (0..32)
        .map(|_| {
            let room = Room { id, ..s.new_room(RoomKind::Direct) };
            let member = s.new_member(id, person(), Role::Member);
            (room, member)
        })
        .collect();
    let made = join_all(
        attempts
            .iter()
            .map(|(room, member)| s.store.create_room(room.clone(), vec![member.clone()])),
    )
    .await
    .into_iter()
    .collect::<StoreResult<Vec<_>>>()?;
    let winner = made.iter().position(|(_, new)| *new).expect("one made it");
    assert_eq!(made.iter().filter(|(_, new)| *new).count(), 1);
    assert!(made.iter().all(|(room, _)| *room == attempts[winner].0));
    assert_eq!(s.store.room(id).await?.as_ref(), Some(&attempts[winner].0));
    // Nor did the others leave members behind.
    assert_eq!(s.store.members(id, None, 100).await?, [attempts[winner].1.clone()]);
    Ok(())
}

pub async fn a_room_is_replaced_only_by_a_newer_state(s: &Stage) -> StoreResult<()> {
    let room = s.new_room(RoomKind::Private);
    s.store.create_room(room.clone(), Vec::new()).await?;
    let older = Room { name: "older".to_owned(), version: s.id(), ..room.clone() };
    let newer = Room {
        name: "newer".to_owned(),
        description: String::new(),
        kind: RoomKind::Public,
        deleted: true,
        version: s.id(),
        ..room.clone()
    };
    s.store.update_room(newer.clone()).await?;
    s.store.update_room(newer.clone()).await?;
    s.store.update_room(older).await?;
    assert_eq!(s.store.room(room.id).await?, Some(newer));
    Ok(())
}

pub async fn rooms_are_those_that_exist(s: &Stage) -> StoreResult<()> {
    let (one, other) = (s.new_room(RoomKind::Private), s.new_room(RoomKind::Public));
    s.store.create_room(one.clone(), Vec::new()).await?;
    s.store.create_room(other.clone(), Vec::new()).await?;
    let gone = Room { deleted: true, version: s.id(), ..other };
    s.store.update_room(gone.clone()).await?;
    let mut rooms = s.store.rooms(&[gone.id, RoomId(Uuid::new_v4()), one.id]).await?;
    rooms.sort_by_key(|room| room.id != one.id);
    assert_eq!(rooms, [one, gone]);
    Ok(())
}

pub async fn public_rooms_come_newest_first_page_by_page(s: &Stage) -> StoreResult<()> {
    let mut public = Vec::new();
    let floor = RoomId(s.id().0);
    for n in 0..7 {
        let kind = if n == 2 { RoomKind::Private } else { RoomKind::Public };
        let room = s.new_room(kind);
        s.store.create_room(room.clone(), Vec::new()).await?;
        match n {
            2 => {}
            4 => s.store.update_room(Room { deleted: true, version: s.id(), ..room }).await?,
            // It becomes private.
            5 => {
                let kind = RoomKind::Private;
                s.store.update_room(Room { kind, version: s.id(), ..room }).await?;
            }
            _ => public.insert(0, room),
        }
    }
    let (mut found, mut before) = (Vec::new(), Some(RoomId(s.id().0)));
    // Others make rooms at the same time.
    loop {
        let page = s.store.public_rooms(before, 2).await?;
        assert!(page.len() <= 2 && page.iter().is_sorted_by(|a, b| a.id > b.id));
        assert!(page.iter().all(|room| Some(room.id) < before && !room.deleted));
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        found.extend(page.into_iter().filter(|room| public.contains(room)));
        if before < Some(floor) {
            break;
        }
    }
    assert_eq!(found, public);
    let newest = s.store.public_rooms(None, 1).await?;
    assert!(newest[0].id >= public[0].id);
    Ok(())
}
