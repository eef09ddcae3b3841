//! Accounts and their names.

use futures_util::future::join_all;

use super::{Stage, new_account, now, person, unique};
use crate::protocol::{PresenceChoice, ServerRole};
use crate::store::{Account, StoreError, StoreResult, Unique};

pub async fn an_account_is_found_by_name_and_address_in_any_case(s: &Stage) -> StoreResult<()> {
    let name = unique();
    let new = new_account(&format!("Ada.{name}"), &format!("Ada.{name}@Example.org"));
    let user = s.store.create_account(new.clone()).await?;
    assert_eq!((user.id, &user.username), (new.id, &new.username));
    assert_eq!((&user.display_name, user.created_at), (&new.display_name, new.created_at));
    let expected = Account {
        user: user.clone(),
        email: new.email,
        password_hash: new.password_hash,
        presence: PresenceChoice::Auto,
        last_seen: None,
    };
    assert_eq!(s.store.account(new.id).await?.as_ref(), Some(&expected));
    for login in [format!("aDA.{name}"), format!("ada.{name}@EXAMPLE.ORG")] {
        assert_eq!(s.store.account_by_login(&login).await?.as_ref(), Some(&expected), "{login}");
    }
    assert_eq!(s.store.user_by_username(&format!("ADA.{name}")).await?, Some(user));
    assert_eq!(s.store.account(person()).await?, None);
    assert_eq!(s.store.account_by_login(&unique()).await?, None);
    assert_eq!(s.store.account_by_login(&format!("{name}@nowhere")).await?, None);
    assert_eq!(s.store.user_by_username(&unique()).await?, None);
    Ok(())
}

pub async fn a_taken_name_or_address_is_refused_and_named(s: &Stage) -> StoreResult<()> {
    let (name, other) = (unique(), unique());
    s.store.create_account(new_account(&name, &format!("{name}@x"))).await?;
    let again = new_account(&name.to_uppercase(), &format!("{other}@x"));
    let refused = s.store.create_account(again.clone()).await;
    assert!(matches!(refused, Err(StoreError::Taken(Unique::Username))), "{refused:?}");
    assert_eq!(s.store.account(again.id).await?, None);
    let refused = s.store.create_account(new_account(&other, &format!("{name}@X"))).await;
    assert!(matches!(refused, Err(StoreError::Taken(Unique::Email))), "{refused:?}");
    // Neither refusal has claimed anything.
    s.store.create_account(new_account(&other, &format!("{other}@x"))).await?;
    Ok(())
}

pub async fn of_many_who_register_one_name_exactly_one_gets_it(s: &Stage) -> StoreResult<()> {
    let name = unique();
    let accounts: Vec<_> = (0..64).map(|n| new_account(&name, &format!("{n}.{name}@x"))).collect();
    let made = join_all(accounts.iter().map(|new| s.store.create_account(new.clone()))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let owner = s.store.user_by_username(&name).await?.expect("one has it");
    for (new, made) in accounts.iter().zip(made) {
        match made {
            Ok(user) => assert_eq!(user, owner),
            Err(StoreError::Taken(Unique::Username)) => {
                assert_eq!(s.store.account(new.id).await?, None);
                assert_eq!(s.store.account_by_login(&new.email).await?, None);
                s.store.create_account(new_account(&unique(), &new.email)).await?;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

pub async fn of_many_who_register_one_address_exactly_one_gets_it(s: &Stage) -> StoreResult<()> {
    let email = format!("{}@x", unique());
    let accounts: Vec<_> = (0..64).map(|_| new_account(&unique(), &email)).collect();
    let made = join_all(accounts.iter().map(|new| s.store.create_account(new.clone()))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    for (new, made) in accounts.iter().zip(made) {
        match made {
            Ok(user) => {
                let account = s.store.account_by_login(&email).await?.expect("one has it");
                assert_eq!(account.user, user);
            }
            Err(StoreError::Taken(Unique::Email)) => {
                assert_eq!(s.store.user_by_username(&new.username).await?, None);
                let other = format!("{}@x", unique());
                s.store.create_account(new_account(&new.username, &other)).await?;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

pub async fn after_the_first_account_nobody_becomes_admin(s: &Stage) -> StoreResult<()> {
    let mut admins = 0;
    for made in join_all((0..32).map(|_| s.account())).await {
        admins += usize::from(made?.role == ServerRole::Admin);
    }
    // None, where the store had accounts before.
    assert!(admins <= 1, "{admins} admins");
    for made in join_all((0..8).map(|_| s.account())).await {
        let user = made?;
        assert_eq!(user.role, ServerRole::User);
        assert_eq!(s.store.account(user.id).await?.map(|account| account.user), Some(user));
    }
    Ok(())
}

pub async fn users_are_those_that_exist(s: &Stage) -> StoreResult<()> {
    let (ada, bob) = (s.account().await?, s.account().await?);
    let mut ids = vec![ada.id, person(), bob.id];
    ids.resize_with(200, person);
    let mut found = s.store.users(&ids).await?;
    found.sort_by_key(|user| user.id != ada.id);
    assert_eq!(found, [ada, bob]);
    assert_eq!(s.store.users(&[]).await?, []);
    Ok(())
}

pub async fn a_password_and_a_presence_are_replaced(s: &Stage) -> StoreResult<()> {
    let user = s.account().await?;
    s.store.set_password(user.id, "$argon2id$new").await?;
    s.store.set_presence(user.id, PresenceChoice::Invisible).await?;
    let account = s.store.account(user.id).await?.expect("it exists");
    assert_eq!(account.password_hash, "$argon2id$new");
    assert_eq!(account.presence, PresenceChoice::Invisible);
    assert_eq!(account.user, user);
    Ok(())
}

pub async fn last_seen_only_ever_rises(s: &Stage) -> StoreResult<()> {
    let (ada, bob, stranger) = (s.account().await?.id, s.account().await?.id, person());
    let now = now();
    s.store.set_last_seen(&[(ada, now), (stranger, now)]).await?;
    s.store.set_last_seen(&[(ada, now - 1)]).await?;
    assert_eq!(s.store.last_seen(&[ada, bob, stranger]).await?, [(ada, now)]);
    s.store.set_last_seen(&[(ada, now + 1), (bob, 5)]).await?;
    let mut seen = s.store.last_seen(&[ada, bob]).await?;
    seen.sort_by_key(|(_, at)| *at);
    assert_eq!(seen, [(bob, 5), (ada, now + 1)]);
    assert_eq!(s.store.account(ada).await?.and_then(|account| account.last_seen), Some(now + 1));
    Ok(())
}
