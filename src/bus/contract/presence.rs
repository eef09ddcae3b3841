//! Presence: leases, choices, announcements.

use futures_util::future::try_join_all;
use uuid::Uuid;

use super::{Stage, in_the_end, lease, now, person};
use crate::bus::{BusResult, Lease};
use crate::protocol::PresenceChoice::{Auto, Away as ChosenAway, DoNotDisturb, Invisible};
use crate::protocol::PresenceStatus::{self, Away, Offline, Online};
use crate::protocol::UserId;

const LONG: u64 = 600_000;

async fn status(stage: &Stage, user: UserId) -> BusResult<Option<PresenceStatus>> {
    Ok(stage.bus.presence_of(&[user]).await?[0])
}

/// Sweeps until this person is announced.
async fn announced(stage: &Stage, user: UserId) -> BusResult<PresenceStatus> {
    let sweep = async || {
        let announcements = stage.bus.presence_sweep().await?;
        Ok(announcements.into_iter().find(|(who, _)| *who == user).map(|(_, status)| status))
    };
    in_the_end(sweep).await
}

pub(crate) async fn a_device_that_comes_is_announced_once(stage: &Stage) -> BusResult<()> {
    let (user, device) = (person(), Uuid::new_v4());
    let here = || vec![lease(user, device, LONG)];
    assert_eq!(stage.bus.presence_lease(here()).await?, [(user, Online)]);
    assert_eq!(stage.bus.presence_lease(here()).await?, []);
    assert_eq!(stage.bus.presence_lease(vec![lease(user, Uuid::new_v4(), LONG)]).await?, []);
    assert_eq!(status(stage, user).await?, Some(Online));
    let many: Vec<_> = (0..3).map(|_| lease(person(), Uuid::new_v4(), LONG)).collect();
    let people: Vec<_> = many.iter().map(|lease| (lease.user, Online)).collect();
    assert_eq!(stage.bus.presence_lease(many).await?, people);
    Ok(())
}

pub(crate) async fn the_best_device_counts(stage: &Stage) -> BusResult<()> {
    let (user, phone, desk) = (person(), Uuid::new_v4(), Uuid::new_v4());
    let is = |device, idle| vec![Lease { idle, ..lease(user, device, LONG) }];
    assert_eq!(stage.bus.presence_lease(is(phone, true)).await?, [(user, Away)]);
    assert_eq!(stage.bus.presence_lease(is(desk, false)).await?, [(user, Online)]);
    assert_eq!(stage.bus.presence_lease(is(phone, false)).await?, []);
    assert_eq!(stage.bus.presence_lease(is(desk, true)).await?, []);
    assert_eq!(stage.bus.presence_lease(is(phone, true)).await?, [(user, Away)]);
    Ok(())
}

pub(crate) async fn what_a_person_chose_goes_before_their_devices(stage: &Stage) -> BusResult<()> {
    let user = person();
    stage.bus.presence_lease(vec![lease(user, Uuid::new_v4(), LONG)]).await?;
    for (choice, seen) in [
        (DoNotDisturb, PresenceStatus::DoNotDisturb),
        (ChosenAway, Away),
        (Invisible, Offline),
        (Auto, Online),
    ] {
        assert_eq!(stage.bus.presence_choose(user, choice).await?, [(user, seen)]);
        assert_eq!(stage.bus.presence_choose(user, choice).await?, []);
        assert_eq!(status(stage, user).await?, Some(seen));
    }
    Ok(())
}

pub(crate) async fn a_known_choice_is_not_replaced_by_a_lease(stage: &Stage) -> BusResult<()> {
    let (user, device) = (person(), Uuid::new_v4());
    let first = Lease { choice: DoNotDisturb, ..lease(user, device, LONG) };
    let told = stage.bus.presence_lease(vec![first]).await?;
    assert_eq!(told, [(user, PresenceStatus::DoNotDisturb)], "what was stored is taken");
    stage.bus.presence_choose(user, ChosenAway).await?;
    let late = Lease { choice: DoNotDisturb, ..lease(user, device, LONG) };
    assert_eq!(stage.bus.presence_lease(vec![late]).await?, []);
    assert_eq!(status(stage, user).await?, Some(Away));
    Ok(())
}

pub(crate) async fn a_choice_of_somebody_who_is_away_is_not_announced(
    stage: &Stage,
) -> BusResult<()> {
    let user = person();
    assert_eq!(stage.bus.presence_choose(user, DoNotDisturb).await?, []);
    assert!(matches!(status(stage, user).await?, None | Some(Offline)));
    Ok(())
}

pub(crate) async fn a_lease_that_ran_out_is_announced_to_one_caller(
    stage: &Stage,
) -> BusResult<()> {
    let user = person();
    stage.bus.presence_lease(vec![lease(user, Uuid::new_v4(), 50)]).await?;
    let mut told = 0;
    let sweeps = async || {
        let swept = try_join_all((0..8).map(|_| stage.bus.presence_sweep())).await?;
        let ours = swept.into_iter().flatten().filter(|told| *told == (user, Offline));
        let ours = ours.count();
        Ok((ours > 0).then_some(ours))
    };
    told += in_the_end(sweeps).await?;
    for _ in 0..3 {
        let again = stage.bus.presence_sweep().await?;
        told += again.iter().filter(|(who, _)| *who == user).count();
    }
    assert_eq!(told, 1);
    assert!(matches!(status(stage, user).await?, None | Some(Offline)));
    let back = stage.bus.presence_lease(vec![lease(user, Uuid::new_v4(), LONG)]).await?;
    assert_eq!(back, [(user, Online)]);
    Ok(())
}

pub(crate) async fn a_shorter_lease_shortens_and_a_longer_one_keeps(
    stage: &Stage,
) -> BusResult<()> {
    let (goes, stays) = (person(), person());
    let device = Uuid::new_v4();
    stage.bus.presence_lease(vec![lease(goes, device, LONG), lease(stays, device, 50)]).await?;
    stage.bus.presence_lease(vec![lease(goes, device, 50), lease(stays, device, LONG)]).await?;
    assert_eq!(announced(stage, goes).await?, Offline);
    assert_eq!(status(stage, stays).await?, Some(Online));
    Ok(())
}

pub(crate) async fn one_device_of_two_is_not_missed(stage: &Stage) -> BusResult<()> {
    let (user, other) = (person(), person());
    let phone = Uuid::new_v4();
    stage.bus.presence_lease(vec![lease(user, phone, LONG)]).await?;
    stage.bus.presence_lease(vec![lease(user, Uuid::new_v4(), 20)]).await?;
    // Whoever ran out later is announced; by then the second device is long gone.
    stage.bus.presence_lease(vec![lease(other, Uuid::new_v4(), 60)]).await?;
    assert_eq!(announced(stage, other).await?, Offline);
    assert_eq!(status(stage, user).await?, Some(Online));
    stage.bus.presence_lease(vec![lease(user, phone, 1)]).await?;
    assert_eq!(announced(stage, user).await?, Offline);
    Ok(())
}

pub(crate) async fn people_are_told_of_in_the_order_asked(stage: &Stage) -> BusResult<()> {
    let people = [person(), person(), person()];
    let idle = Lease { idle: true, ..lease(people[2], Uuid::new_v4(), LONG) };
    stage.bus.presence_lease(vec![idle, lease(people[0], Uuid::new_v4(), LONG)]).await?;
    let told = stage.bus.presence_of(&people).await?;
    assert_eq!((told[0], told[2]), (Some(Online), Some(Away)));
    assert!(matches!(told[1], None | Some(Offline)), "nobody is there who never came");
    assert_eq!(stage.bus.presence_of(&[]).await?, []);
    Ok(())
}

pub(crate) async fn the_clock_is_the_time(stage: &Stage) -> BusResult<()> {
    let told = in_the_end(async || Ok(stage.bus.now_ms())).await?;
    assert!(told.abs_diff(now()) < 60_000, "{told}");
    Ok(())
}

pub(crate) async fn the_bus_says_that_it_can_be_reached(stage: &Stage) -> BusResult<()> {
    stage.bus.heads(&[]).await?;
    assert!(stage.bus.is_reachable());
    Ok(())
}
