//! Limits.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::{Stage, in_the_end, person, session};
use crate::bus::{BusResult, LimitKey};
use crate::domain::window::Limit;

pub(crate) async fn it_is_allowed_up_to_the_limit_and_refused_one_past(
    stage: &Stage,
) -> BusResult<()> {
    let (key, limit) = (LimitKey::Api(person()), Limit { most: 3, per_ms: 600_000 });
    for remaining in [2, 1, 0] {
        let verdict = stage.bus.limit(key.clone(), limit).await?;
        assert!(verdict.allowed);
        assert_eq!((verdict.limit, verdict.remaining), (limit, remaining));
        assert!((1..=limit.per_ms).contains(&verdict.reset_ms));
    }
    for _ in 0..3 {
        let verdict = stage.bus.limit(key.clone(), limit).await?;
        assert!(!verdict.allowed);
        assert_eq!(verdict.remaining, 0);
        assert!((1..=limit.per_ms).contains(&verdict.retry_after_ms));
        assert!(verdict.retry_after_ms <= verdict.reset_ms);
    }
    Ok(())
}

pub(crate) async fn of_many_at_once_as_many_as_the_limit_are_allowed(
    stage: &Stage,
) -> BusResult<()> {
    let (key, limit) = (LimitKey::Polls(session()), Limit { most: 10, per_ms: 600_000 });
    let asked = (0..64).map(|_| stage.bus.limit(key.clone(), limit));
    let allowed = try_join_all(asked).await?.into_iter().filter(|verdict| verdict.allowed);
    assert_eq!(allowed.count(), 10);
    Ok(())
}

pub(crate) async fn it_is_allowed_again_after_its_time_and_not_before(
    stage: &Stage,
) -> BusResult<()> {
    let (key, limit) = (LimitKey::Api(person()), Limit { most: 1, per_ms: 300 });
    for _ in 0..3 {
        let began = Instant::now();
        assert!(stage.bus.limit(key.clone(), limit).await?.allowed);
        let verdict = in_the_end(async || {
            let verdict = stage.bus.limit(key.clone(), limit).await?;
            assert!(verdict.retry_after_ms <= limit.per_ms);
            Ok(verdict.allowed.then_some(verdict))
        });
        assert_eq!(verdict.await?.remaining, 0);
        // A bus that counts whole milliseconds may be one early.
        assert!(began.elapsed() >= Duration::from_millis(limit.per_ms - 1));
        tokio::time::sleep(Duration::from_millis(limit.per_ms + 50)).await;
    }
    Ok(())
}

pub(crate) async fn what_is_limited_is_limited_by_itself(stage: &Stage) -> BusResult<()> {
    let (user, other, session) = (person(), person(), session());
    let limit = Limit { most: 1, per_ms: 600_000 };
    let address = |last| IpAddr::V4(Ipv4Addr::new(203, 0, 113, last));
    let name = user.to_string();
    for key in [
        LimitKey::Messages(user, other.0),
        LimitKey::Messages(user, user.0),
        LimitKey::Messages(other, other.0),
        LimitKey::Api(user),
        LimitKey::Api(other),
        LimitKey::Polls(session),
        LimitKey::LoginsTo(name.clone()),
        LimitKey::LoginsTo(format!("{name}:")),
        LimitKey::LoginsFrom(address(1)),
        LimitKey::LoginsFrom(address(2)),
    ] {
        assert!(stage.bus.limit(key.clone(), limit).await?.allowed, "{key:?}");
        assert!(!stage.bus.limit(key.clone(), limit).await?.allowed, "{key:?}");
    }
    Ok(())
}

pub(crate) async fn no_limit_refuses_nothing(stage: &Stage) -> BusResult<()> {
    let (key, limit) = (LimitKey::Api(person()), Limit { most: 0, per_ms: 1 });
    for _ in 0..100 {
        assert!(stage.bus.limit(key.clone(), limit).await?.allowed);
    }
    Ok(())
}
