//! Who is in a room, and how far they have read.

use futures_util::future::join_all;

use super::{Stage, id_at, now, person};
use crate::protocol::{Event, Member, Membership, MessageId, Role, Room, RoomKind, Topic};
use crate::store::{MemberChange, StoreResult, Watermarks};

pub async fn of_many_changes_from_one_role_exactly_one_succeeds(s: &Stage) -> StoreResult<()> {
    let (user, room) = (person(), s.room_of(&[]).await?);
    let to = [Some(Role::Member), Some(Role::Admin), Some(Role::Owner)];
    let joins = (0..30).map(|n| s.change_member(room, user, None, to[n % 3]));
    let joined = join_all(joins).await.into_iter().collect::<StoreResult<Vec<_>>>()?;
    let mut winners = joined.into_iter().flatten();
    let member = winners.next().expect("one joined");
    assert_eq!(winners.next(), None);
    assert_eq!(s.store.member(room, user).await?.as_ref(), Some(&member));
    let leaves = (0..30).map(|_| s.change_member(room, user, Some(member.role), None));
    let left = join_all(leaves).await.into_iter().collect::<StoreResult<Vec<_>>>()?;
    assert_eq!(left.iter().flatten().count(), 1);
    assert_eq!(s.store.member_count(room).await?, 0);
    Ok(())
}

pub async fn a_change_from_another_role_writes_nothing(s: &Stage) -> StoreResult<()> {
    let user = person();
    let room = s.room_of(&[user]).await?;
    let before = s.store.member(room, user).await?;
    let since = s.id();
    for (from, to) in [
        (None, Some(Role::Member)),
        (Some(Role::Admin), Some(Role::Owner)),
        (Some(Role::Owner), None),
    ] {
        assert_eq!(s.change_member(room, user, from, to).await?, None);
    }
    assert_eq!(s.change_member(room, person(), Some(Role::Member), None).await?, None);
    assert_eq!(s.store.member(room, user).await?, before);
    let topic = crate::protocol::Topic::Room(room);
    assert_eq!(s.store.changes(topic, since, 10).await?.events, []);
    Ok(())
}

pub async fn whoever_comes_back_keeps_their_watermarks(s: &Stage) -> StoreResult<()> {
    let (user, other) = (person(), person());
    let room = s.room_of(&[user]).await?;
    let message = s.say(room, other).await?.id;
    let read = s.read_up_to(room, user, message).await?.expect("it rose");
    let left = s.change_member(room, user, Some(Role::Member), None).await?.expect("they left");
    assert_eq!(left.state, Membership::Left);
    let back = s.change_member(room, user, None, Some(Role::Admin)).await?.expect("they are back");
    assert_eq!((back.read, back.delivered), (Some(message), Some(message)));
    assert_eq!((back.state, back.role), (Membership::Joined, Role::Admin));
    assert_eq!(back.joined_at, back.version.millis());
    assert!(read.version < left.version && left.version < back.version);
    // Another role is not another beginning.
    let owner = s.change_member(room, user, Some(Role::Admin), Some(Role::Owner)).await?;
    assert_eq!(owner.map(|member| member.joined_at), Some(back.joined_at));
    Ok(())
}

pub async fn whoever_left_is_found_but_is_no_member(s: &Stage) -> StoreResult<()> {
    let (stays, leaves) = (person(), person());
    let room = s.room_of(&[stays, leaves]).await?;
    s.change_member(room, leaves, Some(Role::Member), None).await?;
    let left = s.store.member(room, leaves).await?.expect("the row stays");
    assert_eq!(left.state, Membership::Left);
    let members = s.store.members(room, None, 10).await?;
    assert_eq!(members.iter().map(|member| member.user_id).collect::<Vec<_>>(), [stays]);
    assert_eq!(s.store.member_count(room).await?, 1);
    assert_eq!(s.store.memberships(leaves).await?, []);
    assert_eq!(s.store.memberships(stays).await?, members);
    assert_eq!(s.store.member(room, person()).await?, None);
    Ok(())
}

pub async fn members_come_by_id_page_by_page(s: &Stage) -> StoreResult<()> {
    let mut people: Vec<_> = (0..7).map(|_| person()).collect();
    let room = s.room_of(&people).await?;
    s.room_of(&people).await?;
    people.sort_unstable();
    let gone = people.remove(3);
    s.change_member(room, gone, Some(Role::Member), None).await?;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = s.store.members(room, after, 4).await?;
        assert!(page.iter().all(|member| member.room_id == room));
        found.extend(page.iter().map(|member| member.user_id));
        if page.len() < 4 {
            break;
        }
        after = found.last().copied();
    }
    assert_eq!(found, people);
    assert_eq!(s.store.member_count(room).await?, 6);
    let deleted = Room { deleted: true, version: s.id(), ..s.new_room(RoomKind::Private) };
    let member = s.new_member(deleted.id, people[0], Role::Owner);
    s.store.create_room(deleted, vec![member.clone()]).await?;
    let memberships = s.store.memberships(people[0]).await?;
    assert!(memberships.contains(&member) && memberships.len() == 3);
    Ok(())
}

pub async fn watermarks_only_ever_rise(s: &Stage) -> StoreResult<()> {
    let (user, other) = (person(), person());
    let room_id = s.room_of(&[user]).await?;
    let (first, second, third) = (
        s.say(room_id, other).await?.id,
        s.say(room_id, other).await?.id,
        s.say(room_id, other).await?.id,
    );
    let raise = async |delivered, read| {
        let version = s.id();
        let told_to = Topic::Room(room_id);
        let to = Watermarks { room_id, user_id: user, delivered, read, version, told_to };
        let raised = s.store.raise_watermarks(to).await?;
        if let Some(member) = &raised {
            assert_eq!(member.version, version);
        }
        StoreResult::Ok(raised.map(|member| (member.delivered, member.read)))
    };
    assert_eq!(raise(None, None).await?, None);
    assert_eq!(raise(Some(first), None).await?, Some((Some(first), None)));
    // Reading raises delivery as well.
    assert_eq!(raise(None, Some(second)).await?, Some((Some(second), Some(second))));
    assert_eq!(raise(Some(first), Some(first)).await?, None);
    assert_eq!(raise(Some(second), Some(second)).await?, None);
    assert_eq!(raise(Some(third), Some(first)).await?, Some((Some(third), Some(second))));
    assert_eq!(raise(None, Some(third)).await?, Some((Some(third), Some(third))));
    let member: Option<Member> = s.store.member(room_id, user).await?;
    assert_eq!(
        member.map(|member| (member.delivered, member.read)),
        Some((Some(third), Some(third)))
    );
    Ok(())
}

pub async fn of_many_raised_watermarks_the_highest_stays(s: &Stage) -> StoreResult<()> {
    let user_id = person();
    let room_id = s.room_of(&[user_id]).await?;
    let messages: Vec<MessageId> = (0..32).map(|n| id_at(now() + n).into()).collect();
    // The versions run against the messages: the one who read furthest has the oldest.
    let asked = messages.iter().rev().map(|message| {
        let (version, read) = (s.id(), Some(*message));
        Watermarks {
            room_id,
            user_id,
            delivered: None,
            read,
            version,
            told_to: Topic::Room(room_id),
        }
    });
    let asked: Vec<_> = asked.collect();
    let raised = join_all(asked.iter().rev().map(|to| s.store.raise_watermarks(*to))).await;
    let raised = raised.into_iter().collect::<StoreResult<Vec<_>>>()?;
    let member = s.store.member(room_id, user_id).await?.expect("they are a member");
    let highest = messages.last().copied();
    assert_eq!((member.read, member.delivered), (highest, highest));
    // Each state that was told has a version of its own, and the higher one says more.
    let mut told: Vec<_> = raised.into_iter().flatten().collect();
    told.sort_by_key(|member| member.version);
    assert!(told.windows(2).all(|two| two[0].version < two[1].version));
    assert!(told.windows(2).all(|two| two[0].read <= two[1].read));
    assert_eq!(told.last(), Some(&member));
    Ok(())
}

pub async fn watermarks_told_to_their_person_are_not_told_to_the_room(
    s: &Stage,
) -> StoreResult<()> {
    let user_id = person();
    let room_id = s.room_of(&[user_id]).await?;
    let message = s.say(room_id, person()).await?.id;
    let (read, version, since) = (Some(message), s.id(), message.into());
    let told_to = Topic::User(user_id);
    let to = Watermarks { room_id, user_id, delivered: None, read, version, told_to };
    let member = s.store.raise_watermarks(to).await?.expect("it rose");
    assert_eq!(s.store.changes(Topic::Room(room_id), since, 10).await?.events, []);
    let own = s.store.changes(told_to, since, 10).await?.events;
    assert_eq!(own.last(), Some(&(version, Event::Member { member })));
    Ok(())
}

pub async fn only_a_member_has_watermarks_to_raise(s: &Stage) -> StoreResult<()> {
    let (user, stranger) = (person(), person());
    let room = s.room_of(&[user]).await?;
    let message = s.say(room, user).await?.id;
    s.change_member(room, user, Some(Role::Member), None).await?;
    assert_eq!(s.read_up_to(room, user, message).await?, None);
    assert_eq!(s.read_up_to(room, stranger, message).await?, None);
    assert_eq!(s.store.member(room, user).await?.and_then(|member| member.read), None);
    Ok(())
}

pub async fn changes_in_the_wrong_order_lose_nothing_and_versions_rise(
    s: &Stage,
) -> StoreResult<()> {
    let user_id = person();
    let room_id = s.room_of(&[user_id]).await?;
    let message = s.say(room_id, person()).await?.id;
    let (early, late) = (s.id(), s.id());
    let read = Watermarks {
        room_id,
        user_id,
        delivered: None,
        read: Some(message),
        version: late,
        told_to: Topic::Room(room_id),
    };
    let read = s.store.raise_watermarks(read).await?.expect("it rose");
    assert_eq!(read.version, late);
    let (from, to) = (Some(Role::Member), Some(Role::Admin));
    let promoted = MemberChange { room_id, user_id, from, to, version: early };
    let promoted = s.store.change_member(promoted).await?.expect("they had the role");
    assert!(promoted.version > late, "a new state has a version of its own");
    assert_eq!((promoted.role, promoted.read), (Role::Admin, Some(message)));
    assert_eq!(s.store.member(room_id, user_id).await?, Some(promoted));
    Ok(())
}
