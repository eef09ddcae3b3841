//! Two nodes that decide the same thing at the same moment.

use futures_util::future::join_all;
use uuid::Uuid;

use super::{nodes, options, stages, unique_keyspace};
use crate::protocol::{Member, Role, Room, RoomId, RoomKind, ServerRole, Topic};
use crate::store::contract::{Stage, new_account, now, person, unique};
use crate::store::scylla::ScyllaStore;
use crate::store::scylla::facts::CLAIM_HOLDS_MS;
use crate::store::scylla::values::Big;
use crate::store::{MemberChange, NewAccount, Rotation, Store, StoreError, StoreResult, Unique};

#[tokio::test]
async fn of_two_nodes_that_register_one_name_one_succeeds() -> StoreResult<()> {
    let name = unique();
    let accounts: Vec<_> = (0..16).map(|n| new_account(&name, &format!("{n}.{name}@x"))).collect();
    let create = |(n, new): (usize, &NewAccount)| nodes()[n % 2].create_account(new.clone());
    let made = join_all(accounts.iter().enumerate().map(create)).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    for (new, made) in accounts.iter().zip(made) {
        match made {
            Ok(user) => assert_eq!(nodes()[1].user_by_username(&name).await?, Some(user)),
            Err(StoreError::Taken(Unique::Username)) => {
                assert_eq!(nodes()[0].account(new.id).await?, None);
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_claim_whose_owner_died_is_taken_over_when_it_is_old() -> StoreResult<()> {
    let [one, other] = nodes();
    let (name, dead, at) = (unique(), person(), now());
    let claim = &one.db.people.claim_name;
    assert!(one.db.insist(claim, (&name, dead, Big(at))).await?);
    let mut new = new_account(&name, &format!("{name}@x"));
    let refused = other.create_account(new.clone()).await;
    assert!(matches!(refused, Err(StoreError::Taken(Unique::Username))), "{refused:?}");
    assert_eq!(other.user_by_username(&name).await?, None);
    new.created_at = at + CLAIM_HOLDS_MS;
    let user = other.create_account(new).await?;
    assert_eq!(one.user_by_username(&name).await?, Some(user));
    // Who wakes up then finds that it has lost.
    assert!(!one.db.insist(&one.db.people.confirm_name, (&name, dead)).await?);
    Ok(())
}

#[tokio::test]
async fn two_nodes_that_start_one_direct_conversation_make_one() -> StoreResult<()> {
    let (ada, bob) = (person(), person());
    let id = RoomId::direct(ada, bob);
    let [one, other] = stages();
    let make = |s: &Stage| {
        let room = Room { id, people: Some([ada, bob]), ..s.new_room(RoomKind::Direct) };
        let first: Vec<Member> =
            [ada, bob].iter().map(|user| s.new_member(id, *user, Role::Member)).collect();
        let store = s.store.clone();
        async move { store.create_room(room, first).await }
    };
    let made = join_all((0..8).map(|n| make(if n % 2 == 0 { &one } else { &other }))).await;
    let made = made.into_iter().collect::<StoreResult<Vec<_>>>()?;
    assert_eq!(made.iter().filter(|(_, new)| *new).count(), 1);
    assert!(made.iter().all(|(room, _)| *room == made[0].0));
    for stage in [&one, &other] {
        assert_eq!(stage.store.members(id, None, 9).await?.len(), 2);
        assert_eq!(stage.store.memberships(ada).await?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_room_that_was_half_made_is_completed_by_whoever_opens_it() -> StoreResult<()> {
    let (ada, bob) = (person(), person());
    let [one, other] = stages();
    let id = RoomId::direct(ada, bob);
    let room = Room { id, people: Some([ada, bob]), ..one.new_room(RoomKind::Direct) };
    let members: Vec<Member> =
        [ada, bob].iter().map(|user| one.new_member(id, *user, Role::Member)).collect();
    // Its maker dies before the members are written.
    crate::store::scylla::rooms::begin(&nodes()[0].db, &room, &members).await?;
    assert_eq!(other.store.memberships(ada).await?, []);
    let again = Room { version: other.id(), ..room.clone() };
    assert_eq!(other.store.create_room(again, members.clone()).await?, (room, false));
    assert_eq!(other.store.memberships(bob).await?, members[1..]);
    assert_eq!(other.store.member_count(id).await?, 2);
    Ok(())
}

#[tokio::test]
async fn of_two_nodes_that_rotate_one_token_one_succeeds() -> StoreResult<()> {
    let [stage, _] = stages();
    let record = stage.session(person(), now()).await?;
    for from in 0..3 {
        let rotations = (0..8).map(|n| {
            let (id, at, address) = (record.session.id, now(), n.to_string());
            let rotated = Rotation { id, from, at, expires_at: at + 3_600_000, address };
            nodes()[n % 2].rotate_session(rotated)
        });
        let rotated = join_all(rotations).await.into_iter().collect::<StoreResult<Vec<_>>>()?;
        assert_eq!(rotated.iter().filter(|rotated| **rotated).count(), 1);
        let now_is = nodes()[1].session(record.session.id).await?.expect("it lives");
        assert_eq!(now_is.generation, from + 1);
    }
    Ok(())
}

#[tokio::test]
async fn two_nodes_that_change_one_member_lose_nothing() -> StoreResult<()> {
    let [one, other] = stages();
    let user = person();
    let room = one.room_of(&[user]).await?;
    let ids: Vec<_> = (0..12).map(|_| one.id()).collect();
    let raise = |n: usize| {
        let stage = if n.is_multiple_of(2) { &one } else { &other };
        stage.read_up_to(room, user, ids[n].into())
    };
    let raised = join_all((0..12).rev().map(raise)).await;
    let mut told: Vec<_> =
        raised.into_iter().collect::<StoreResult<Vec<_>>>()?.into_iter().flatten().collect();
    let member = other.store.member(room, user).await?.expect("they are a member");
    assert_eq!(member.read, ids.last().map(|id| (*id).into()));
    told.sort_by_key(|member| member.version);
    assert!(told.windows(2).all(|two| two[0].version < two[1].version));
    assert!(told.windows(2).all(|two| two[0].read <= two[1].read));
    assert_eq!(told.last(), Some(&member));
    Ok(())
}

#[tokio::test]
async fn a_member_whose_copy_was_lost_is_found_by_the_hint() -> StoreResult<()> {
    let [stage, _] = stages();
    let (room, user, db) = (stage.room_of(&[]).await?, person(), &nodes()[0].db);
    let version = stage.id();
    let change =
        MemberChange { room_id: room, user_id: user, from: None, to: Some(Role::Member), version };
    let joined = nodes()[0].change_member(change).await?.expect("they join");
    // As if the writer had died before the copy.
    let tick = joined.version.tick() as i64;
    db.write(&db.members.remove, (tick, room, user)).await?;
    db.write(&db.members.announce, (tick + 1, joined.version, room, user)).await?;
    assert_eq!(nodes()[1].members(room, None, 9).await?, [joined]);
    Ok(())
}

#[tokio::test]
async fn a_fresh_keyspace_has_one_admin_whoever_registers_first() -> StoreResult<()> {
    let keyspace = unique_keyspace();
    let connect = |options| async { ScyllaStore::connect(options).await };
    let (one, other) =
        futures_util::join!(connect(options(&keyspace)), connect(options(&keyspace)));
    // Two nodes made the tables at once.
    let stores = [one?, other?];
    let accounts: Vec<_> =
        (0..8).map(|_| new_account(&unique(), &format!("{}@x", unique()))).collect();
    let create = |(n, new): (usize, &NewAccount)| stores[n % 2].create_account(new.clone());
    let made = join_all(accounts.iter().enumerate().map(create)).await;
    let mut admins = 0;
    for made in made {
        let user = made?;
        let stored = stores[0].account(user.id).await?.expect("it exists");
        assert_eq!(stored.user, user);
        admins += usize::from(user.role == ServerRole::Admin);
    }
    assert_eq!(admins, 1);
    let topic = Topic::Room(RoomId(Uuid::new_v4()));
    assert_eq!(stores[1].changes(topic, crate::protocol::EventId::floor(0), 9).await?.events, []);
    super::drop_keyspace(&stores[0], &keyspace).await;
    Ok(())
}
