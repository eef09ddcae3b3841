//! Admission: one claim for each nonce, one count for each message.

use futures_util::future::try_join_all;

use super::{Stage, frame, person, room};
use crate::bus::{Admitted, Attempt, BusResult, Claim, LimitKey};
use crate::domain::window::Limit;
use crate::protocol::MessageId;

fn go(admitted: Admitted) -> (MessageId, Claim) {
    match admitted {
        Admitted::Go { id, claim } => (id, claim),
        Admitted::Refused(verdict) => panic!("it was refused: {verdict:?}"),
    }
}

pub(crate) async fn the_first_attempt_gets_the_id_that_it_proposes(stage: &Stage) -> BusResult<()> {
    let attempt = stage.attempt(person(), "nonce-1");
    assert_eq!(go(stage.bus.admit(attempt.clone()).await?), (attempt.proposed, Claim::New));
    Ok(())
}

pub(crate) async fn a_later_attempt_finds_the_claim(stage: &Stage) -> BusResult<()> {
    let author = person();
    let first = stage.attempt(author, "nonce-1");
    stage.bus.admit(first.clone()).await?;
    for _ in 0..3 {
        let later = stage.attempt(author, "nonce-1");
        assert_eq!(go(stage.bus.admit(later).await?), (first.proposed, Claim::Found));
    }
    let other = stage.attempt(author, "nonce-2");
    assert_eq!(go(stage.bus.admit(other.clone()).await?), (other.proposed, Claim::New));
    Ok(())
}

pub(crate) async fn of_many_attempts_at_once_one_is_first_and_all_get_its_id(
    stage: &Stage,
) -> BusResult<()> {
    let author = person();
    let attempts = (0..32).map(|_| stage.bus.admit(stage.attempt(author, "nonce-1")));
    let admitted: Vec<_> = try_join_all(attempts).await?.into_iter().map(go).collect();
    assert_eq!(admitted.iter().filter(|(_, claim)| *claim == Claim::New).count(), 1);
    assert!(admitted.iter().all(|(id, _)| *id == admitted[0].0));
    Ok(())
}

pub(crate) async fn another_authors_nonce_is_another(stage: &Stage) -> BusResult<()> {
    for author in [person(), person()] {
        let attempt = stage.attempt(author, "nonce-1");
        assert_eq!(go(stage.bus.admit(attempt.clone()).await?), (attempt.proposed, Claim::New));
    }
    Ok(())
}

pub(crate) async fn a_retry_looks_for_a_claim_and_makes_none(stage: &Stage) -> BusResult<()> {
    let author = person();
    for _ in 0..2 {
        let retry = Attempt { retry: true, ..stage.attempt(author, "nonce-1") };
        assert_eq!(go(stage.bus.admit(retry.clone()).await?), (retry.proposed, Claim::None));
    }
    let first = stage.attempt(author, "nonce-1");
    assert_eq!(go(stage.bus.admit(first.clone()).await?), (first.proposed, Claim::New));
    let retry = Attempt { retry: true, ..stage.attempt(author, "nonce-1") };
    assert_eq!(go(stage.bus.admit(retry).await?), (first.proposed, Claim::Found));
    Ok(())
}

pub(crate) async fn an_attempt_that_finds_a_claim_is_not_counted(stage: &Stage) -> BusResult<()> {
    let author = person();
    let limit = (LimitKey::Messages(author, person().0), Limit { most: 2, per_ms: 600_000 });
    let attempt = |nonce: &str| Attempt { limit: limit.clone(), ..stage.attempt(author, nonce) };
    for _ in 0..3 {
        go(stage.bus.admit(attempt("nonce-1")).await?);
    }
    go(stage.bus.admit(attempt("nonce-2")).await?);
    let refused = stage.bus.admit(attempt("nonce-3")).await?;
    let Admitted::Refused(verdict) = refused else { panic!("the limit is reached") };
    assert!(!verdict.allowed && verdict.retry_after_ms > 0);
    assert_eq!((verdict.limit, verdict.remaining), (limit.1, 0));
    go(stage.bus.admit(attempt("nonce-1")).await?);
    Ok(())
}

pub(crate) async fn an_attempt_that_is_refused_claims_nothing(stage: &Stage) -> BusResult<()> {
    let author = person();
    let limit = (LimitKey::Messages(author, person().0), Limit { most: 1, per_ms: 600_000 });
    let attempt = Attempt { limit, ..stage.attempt(author, "nonce-1") };
    go(stage.bus.admit(attempt.clone()).await?);
    let refused = Attempt { nonce: "nonce-2".to_owned(), ..attempt };
    assert!(matches!(stage.bus.admit(refused).await?, Admitted::Refused(_)));
    let elsewhere = stage.attempt(author, "nonce-2");
    assert_eq!(go(stage.bus.admit(elsewhere.clone()).await?), (elsewhere.proposed, Claim::New));
    Ok(())
}

pub(crate) async fn a_message_is_published_while_its_claim_stands(stage: &Stage) -> BusResult<()> {
    let (author, topic) = (person(), room());
    stage.subscribe(topic).await?;
    let (id, _) = go(stage.bus.admit(stage.attempt(author, "nonce-1")).await?);
    let publish = async |text: &str, author, nonce: &str, id| {
        stage.bus.publish_claimed(stage.event(topic, text), author, nonce, id).await
    };
    assert!(!publish("another id", author, "nonce-1", stage.id().into()).await?);
    assert!(!publish("another nonce", author, "nonce-2", id).await?);
    assert!(!publish("another author", person(), "nonce-1", id).await?);
    assert!(publish("claimed", author, "nonce-1", id).await?);
    let heard = stage.next(topic).await;
    assert_eq!((heard.publication.frame, heard.count), (frame("claimed"), 1));
    Ok(())
}
