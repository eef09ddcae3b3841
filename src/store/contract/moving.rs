//! What moves from one store to another.

use std::collections::HashSet;
use std::hash::Hash;

use super::{Stage, kinds, new_account, now, person, system, text, unique};
use crate::domain::history::Range;
use crate::protocol::{
    EventId, Member, Membership, Message, MessageId, PresenceChoice, Role, Room, RoomId, RoomKind,
    ServerRole, Topic, User, UserId,
};
use crate::store::{
    Account, MovedMessage, NewMessage, Reacted, Reaction, StoreError, StoreResult, Unique, Written,
};

/// All ids, in pages of so many.
async fn pages<I: Copy + Eq + Hash, P: Future<Output = StoreResult<Vec<I>>>>(
    page: impl Fn(Option<I>) -> P,
    most: usize,
) -> StoreResult<Vec<I>> {
    let mut all = Vec::new();
    loop {
        let found = page(all.last().copied()).await?;
        assert!(found.len() <= most);
        if found.is_empty() {
            break;
        }
        all.extend(found);
    }
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "none comes twice");
    Ok(all)
}

pub async fn every_account_and_every_room_is_on_one_page(s: &Stage) -> StoreResult<()> {
    let (mut users, mut rooms) = (HashSet::new(), HashSet::new());
    for _ in 0..7 {
        users.insert(s.account().await?.id);
        rooms.insert(s.room_of(&[]).await?);
    }
    // Who was only seen has no account.
    let seen = person();
    s.store.set_last_seen(&[(seen, now())]).await?;
    let direct = Room { id: RoomId::direct(person(), person()), ..s.new_room(RoomKind::Direct) };
    rooms.insert(direct.id);
    s.store.create_room(direct, Vec::new()).await?;
    let gone = s.new_room(RoomKind::Public);
    rooms.insert(gone.id);
    s.store.create_room(gone.clone(), Vec::new()).await?;
    s.store.update_room(Room { deleted: true, version: s.id(), ..gone }).await?;
    // Others make some at the same time.
    for most in [2, 1_000] {
        let found = pages(|after| s.store.user_ids(after, most), most).await?;
        assert!(users.iter().all(|user| found.contains(user)) && !found.contains(&seen));
        let found = pages(|after| s.store.room_ids(after, most), most).await?;
        assert!(rooms.iter().all(|room| found.contains(room)));
    }
    Ok(())
}

fn reaction(user_id: UserId, emoji: &str, version: EventId) -> Reaction {
    Reaction { user_id, emoji: emoji.to_owned(), version }
}

fn version_of(reacted: Reacted) -> EventId {
    let Reacted::Changed(event) = reacted else { panic!("it is new") };
    event.version().expect("it is durable")
}

pub async fn everybodys_reactions_are_given_oldest_first(s: &Stage) -> StoreResult<()> {
    let (ada, bob, room) = (person(), person(), s.room_of(&[]).await?);
    let (one, other) = (s.say(room, ada).await?.id, s.say(room, ada).await?.id);
    let silent = s.say(room, ada).await?.id;
    let react = async |message, user, emoji: &str, on| {
        s.react(room, message, user, emoji, on).await.map(version_of)
    };
    let first = react(one, bob, "B", true).await?;
    react(one, ada, "A", true).await?;
    let second = react(one, ada, "B", true).await?;
    react(one, ada, "A", false).await?;
    let third = react(other, ada, "A", true).await?;
    let mut found = s.store.reactions_to(room, &[one, other, silent]).await?;
    found.sort_by_key(|(message, _)| *message);
    let expected = [
        (one, vec![reaction(bob, "B", first), reaction(ada, "B", second)]),
        (other, vec![reaction(ada, "A", third)]),
    ];
    assert_eq!(found, expected);
    Ok(())
}

fn moved_account() -> Account {
    let new = new_account(&unique(), &format!("{}@Example.org", unique()));
    Account {
        user: User {
            id: new.id,
            username: new.username,
            display_name: new.display_name,
            role: ServerRole::User,
            created_at: 1_600_000_000_000,
        },
        email: new.email,
        password_hash: new.password_hash,
        presence: PresenceChoice::Away,
        last_seen: Some(1_700_000_000_000),
    }
}

pub async fn an_account_moves_as_it_was(s: &Stage) -> StoreResult<()> {
    let account = moved_account();
    let never_seen = Account { last_seen: None, ..moved_account() };
    for account in [&account, &never_seen] {
        for _ in 0..2 {
            s.store.put_account(account.clone()).await?;
            assert_eq!(s.store.account(account.user.id).await?.as_ref(), Some(account));
        }
        for login in [&account.user.username, &account.email] {
            assert_eq!(s.store.account_by_login(login).await?.as_ref(), Some(account), "{login}");
        }
    }
    // What changed here stays.
    s.store.set_password(account.user.id, "$other$").await?;
    s.store.put_account(account.clone()).await?;
    let there = s.store.account(account.user.id).await?.expect("it is there");
    assert_eq!(there.password_hash, "$other$");
    Ok(())
}

pub async fn a_moved_account_takes_no_name_that_somebody_has(s: &Stage) -> StoreResult<()> {
    let there = moved_account();
    s.store.put_account(there.clone()).await?;
    let free = moved_account();
    let same_name =
        Account { user: User { id: person(), ..there.user.clone() }, ..moved_account() };
    let same_address = Account { email: there.email.to_uppercase(), ..free.clone() };
    for (account, which) in [(same_name, Unique::Username), (same_address, Unique::Email)] {
        let id = account.user.id;
        let refused = s.store.put_account(account).await;
        assert!(matches!(refused, Err(StoreError::Taken(taken)) if taken == which), "{refused:?}");
        assert_eq!(s.store.account(id).await?, None);
    }
    // Nor is a name kept by who was refused.
    s.store.create_account(new_account(&free.user.username, &free.email)).await?;
    assert_eq!(s.store.account(there.user.id).await?, Some(there));
    Ok(())
}

pub async fn a_moved_account_gets_the_password_that_it_lacks(s: &Stage) -> StoreResult<()> {
    let account = moved_account();
    let without = Account { password_hash: String::new(), ..account.clone() };
    s.store.put_account(without.clone()).await?;
    assert_eq!(s.store.account(account.user.id).await?.as_ref(), Some(&without));
    s.store.put_account(account.clone()).await?;
    s.store.put_account(without).await?;
    assert_eq!(s.store.account(account.user.id).await?, Some(account));
    Ok(())
}

pub async fn an_admin_elsewhere_is_nobody_where_there_is_one(s: &Stage) -> StoreResult<()> {
    s.account().await?;
    let mut account = moved_account();
    account.user.role = ServerRole::Admin;
    s.store.put_account(account.clone()).await?;
    let there = s.store.account(account.user.id).await?.expect("it is there");
    assert_eq!(there.user.role, ServerRole::User);
    Ok(())
}

fn moved(message: &Message, reactions: &[Reaction]) -> MovedMessage {
    let reactions_version = reactions.iter().map(|reaction| reaction.version).max();
    let message = Message {
        reactions: Vec::new(),
        reactions_version: message.reactions_version.max(reactions_version),
        ..message.clone()
    };
    MovedMessage { message, reactions: reactions.to_vec(), note_nonce: false }
}

/// The room as another store has it: all its messages, and the reactions to them.
async fn taken_out(s: &Stage, room: RoomId) -> StoreResult<Vec<MovedMessage>> {
    let history = s.store.history(room, Range::Newest, 100).await?;
    let ids: Vec<_> = history.iter().map(|message| message.id).collect();
    let reactions = s.store.reactions_to(room, &ids).await?;
    let of = |id: MessageId| reactions.iter().find(|(message, _)| *message == id);
    let moved = history.iter().map(|message| {
        moved(message, of(message.id).map_or(&[][..], |(_, reactions)| reactions.as_slice()))
    });
    Ok(moved.collect())
}

pub async fn messages_move_with_edits_deletions_and_reactions(s: &Stage) -> StoreResult<()> {
    let (ada, from, to) = (person(), s.room_of(&[]).await?, s.room_of(&[]).await?);
    s.put(from, text(ada, super::id_at(1_600_000_000_000))).await?;
    s.put(from, system(ada, s.id())).await?;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(s.say(from, ada).await?.id);
    }
    s.edit(from, ids[0], "edited", s.id()).await?;
    for (emoji, people) in [("B", 12), ("A", 2)] {
        for _ in 0..people {
            s.react(from, ids[1], person(), emoji, true).await?;
        }
    }
    s.delete(from, ids[2], s.id()).await?;
    s.react(from, ids[3], ada, "A", true).await?;
    s.delete(from, ids[3], s.id()).await?;
    s.react(from, ids[4], ada, "A", true).await?;
    s.react(from, ids[4], ada, "A", false).await?;
    let moving = taken_out(s, from).await?;
    // A piece of it, and then all: as after an attempt that ended.
    s.store.put_messages(to, &moving[..4]).await?;
    for _ in 0..2 {
        s.store.put_messages(to, &moving).await?;
        let there = s.store.history(to, Range::Newest, 100).await?;
        assert_eq!(there, s.store.history(from, Range::Newest, 100).await?);
        let reactions = s.store.reactions_to(to, &ids).await?;
        assert_eq!(reactions, s.store.reactions_to(from, &ids).await?);
    }
    let tails = s.store.tails(person(), &[(from, None), (to, None)], 100).await?;
    assert_eq!(
        (tails[0].unread, &tails[0].last_message),
        (tails[1].unread, &tails[1].last_message)
    );
    Ok(())
}

pub async fn a_moved_message_goes_on_like_any_other(s: &Stage) -> StoreResult<()> {
    let (ada, bob, room) = (person(), person(), s.room_of(&[]).await?);
    let message = text(ada, s.id());
    let reactions = [reaction(ada, "A", s.id()), reaction(bob, "A", s.id())];
    let moving = [moved(&message, &reactions)];
    s.store.put_messages(room, &moving).await?;
    assert_eq!(s.react(room, message.id, ada, "A", true).await?, Reacted::Already);
    s.react(room, message.id, ada, "A", false).await?;
    s.react(room, message.id, ada, "B", true).await?;
    s.edit(room, message.id, "edited", s.id()).await?;
    // What happened here stays, whatever comes again.
    s.store.put_messages(room, &moving).await?;
    let there = s.store.message(room, message.id).await?.expect("it is there");
    let shown: Vec<_> =
        there.reactions.iter().map(|one| (one.emoji.as_str(), one.count, one.users[0])).collect();
    assert_eq!((there.text.as_str(), shown), ("edited", vec![("A", 1, bob), ("B", 1, ada)]));
    s.delete(room, message.id, s.id()).await?.expect("it is there");
    s.store.put_messages(room, &moving).await?;
    let there = s.store.message(room, message.id).await?.expect("its tombstone is there");
    assert!(there.deleted && there.text.is_empty() && there.reactions.is_empty());
    assert_eq!(s.react(room, message.id, bob, "C", true).await?, Reacted::NoMessage);
    assert_eq!(s.store.reactions_to(room, &[message.id]).await?, []);
    Ok(())
}

pub async fn of_a_message_that_moves_twice_the_newer_state_stays(s: &Stage) -> StoreResult<()> {
    let (ada, bob, from, to) = (person(), person(), s.room_of(&[]).await?, s.room_of(&[]).await?);
    let [edited, deleted] = [s.say(from, ada).await?.id, s.say(from, ada).await?.id];
    s.react(from, edited, ada, "A", true).await?;
    s.react(from, edited, bob, "A", true).await?;
    s.react(from, deleted, bob, "A", true).await?;
    let first = taken_out(s, from).await?;
    s.store.put_messages(to, &first).await?;
    // An edit here, too, so that what comes meets what was decided here.
    s.edit(to, edited, "here", s.id()).await?;
    s.edit(from, edited, "there", s.id()).await?;
    s.react(from, edited, ada, "A", false).await?;
    s.react(from, edited, ada, "B", true).await?;
    s.delete(from, deleted, s.id()).await?;
    let second = taken_out(s, from).await?;
    for moving in [&second, &first] {
        s.store.put_messages(to, moving).await?;
        let there = s.store.history(to, Range::Newest, 100).await?;
        assert_eq!(there, s.store.history(from, Range::Newest, 100).await?);
        let reactions = s.store.reactions_to(to, &[edited, deleted]).await?;
        assert_eq!(reactions, s.store.reactions_to(from, &[edited, deleted]).await?);
    }
    Ok(())
}

pub async fn a_nonce_moves_with_its_message(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let message = text(ada, s.id());
    let moving = MovedMessage { note_nonce: true, ..moved(&message, &[]) };
    s.store.put_messages(room, &[moving]).await?;
    let again = Message { nonce: message.nonce.clone(), ..text(ada, s.id()) };
    let retry = NewMessage { room_id: room, message: again, first: false };
    let written = s.store.write_message(retry).await?;
    assert_eq!(written, Written::Already { room_id: room, message_id: message.id });
    assert_eq!(s.store.history(room, Range::Newest, 100).await?, [message]);
    Ok(())
}

pub async fn memberships_move_and_watermarks_only_rise(s: &Stage) -> StoreResult<()> {
    let (ada, bob, room) = (person(), person(), s.room_of(&[]).await?);
    let [low, high] = [s.say(room, ada).await?.id, s.say(room, ada).await?.id];
    let older = Member { read: Some(high), ..s.new_member(room, ada, Role::Member) };
    let newer = Member { read: Some(low), ..s.new_member(room, ada, Role::Admin) };
    let left = Member { state: Membership::Left, ..s.new_member(room, bob, Role::Member) };
    s.store.put_members(&[older.clone(), left.clone()]).await?;
    assert_eq!(s.store.member(room, ada).await?.as_ref(), Some(&older));
    assert_eq!(s.store.member(room, bob).await?.as_ref(), Some(&left));
    let expected = Member { read: Some(high), ..newer.clone() };
    for moving in [&newer, &older, &newer] {
        s.store.put_members(std::slice::from_ref(moving)).await?;
        assert_eq!(s.store.member(room, ada).await?.as_ref(), Some(&expected));
        assert_eq!(s.store.members(room, None, 100).await?, std::slice::from_ref(&expected));
        assert_eq!(s.store.memberships(ada).await?, std::slice::from_ref(&expected));
    }
    assert_eq!(s.store.memberships(bob).await?, []);
    let back = s.change_member(room, bob, None, Some(Role::Member)).await?;
    assert_eq!(back.map(|member| member.state), Some(Membership::Joined));
    Ok(())
}

pub async fn what_moved_is_found_among_the_changes(s: &Stage) -> StoreResult<()> {
    let (ada, room) = (person(), s.room_of(&[]).await?);
    let since = s.id();
    let (plain, changed) = (text(ada, s.id()), text(ada, s.id()));
    let edited = Message { edited_at: Some(now()), version: s.id(), ..changed };
    let reactions = [reaction(ada, "A", s.id())];
    s.store.put_messages(room, &[moved(&plain, &reactions), moved(&edited, &[])]).await?;
    s.store.put_members(&[s.new_member(room, ada, Role::Member)]).await?;
    let changes = s.store.changes(Topic::Room(room), since, 100).await?;
    assert_eq!(kinds(&changes.events), ["message", "message", "reaction", "member"]);
    assert_eq!(changes.events[0].0, plain.version);
    assert_eq!(changes.events[1].0, edited.version);
    let own = s.store.changes(Topic::User(ada), since, 100).await?;
    assert_eq!(kinds(&own.events), ["room", "member"]);
    assert!(s.store.newest_event().await? >= Some(edited.version));
    Ok(())
}
