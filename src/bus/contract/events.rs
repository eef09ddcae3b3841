//! Live events: order, counts, heads, subscriptions, whispers.

use futures_util::future::try_join_all;

use super::{Stage, frame, person, room, session, typing};
use crate::bus::{BusResult, Publication};
use crate::domain::cursor::LATE_MS;
use crate::protocol::{Control, EventId, PresenceStatus, Topic, TraceParent};

pub(crate) async fn what_is_published_is_heard_as_it_is(stage: &Stage) -> BusResult<()> {
    let user = person();
    for topic in [room(), Topic::User(user), Topic::Presence(user)] {
        stage.subscribe(topic).await?;
        let Topic::Room(room) = self::room() else { unreachable!("it is a room") };
        for control in [
            None,
            Some(Control::Follow(room)),
            Some(Control::Unfollow(room)),
            Some(Control::Room),
            Some(Control::Member(user)),
            Some(Control::Presence(PresenceStatus::Offline)),
            Some(Control::Presence(PresenceStatus::Online)),
            Some(Control::Sessions),
            Some(Control::EndSession(session())),
            Some(Control::EndSessions { except: None }),
            Some(Control::EndSessions { except: Some(session()) }),
        ] {
            let mut publication = stage.event(topic, "\u{1f426} \"text\"\n");
            publication.control = control;
            stage.bus.publish(vec![publication.clone()]).await?;
            let heard = stage.next(topic).await.publication;
            assert_eq!(heard.event_id, publication.event_id);
            assert_eq!((heard.control, heard.frame), (control, publication.frame));
        }
        let traced = Some(TraceParent { trace: [1; 16], span: [2; 8] });
        let event = stage.event(topic, "part of a trace");
        let publication = Publication { frame: event.frame.traced(traced), ..event };
        stage.bus.publish(vec![publication]).await?;
        assert_eq!(stage.next(topic).await.publication.frame.trace(), traced);
    }
    Ok(())
}

pub(crate) async fn events_are_heard_in_the_order_of_their_counts_each_once(
    stage: &Stage,
) -> BusResult<()> {
    const EACH: usize = 100;
    let topics = [room(), room()];
    for topic in topics {
        assert_eq!(stage.subscribe(topic).await?.count, 0);
    }
    let publish = async |publisher: usize| {
        for number in 0..EACH {
            for topic in topics {
                stage.publish(topic, &format!("{publisher}/{number}")).await?;
            }
        }
        Ok(())
    };
    try_join_all((0..4).map(publish)).await?;
    for topic in topics {
        let head = stage.head(topic).await?.expect("it is known");
        assert_eq!(head.count, 4 * EACH as u64);
        let mut by_publisher = vec![Vec::new(); 4];
        for count in 1..=head.count {
            let heard = stage.next(topic).await;
            assert_eq!((heard.count, heard.epoch), (count, head.epoch));
            let publisher = (0..4).find(|publisher| {
                let next = by_publisher[*publisher].len();
                heard.publication.frame == frame(&format!("{publisher}/{next}"))
            });
            by_publisher[publisher.expect("the next one of somebody")].push(count);
        }
        assert!(by_publisher.iter().all(|counts| counts.len() == EACH));
    }
    Ok(())
}

pub(crate) async fn publications_of_one_call_keep_their_order(stage: &Stage) -> BusResult<()> {
    let topic = room();
    stage.subscribe(topic).await?;
    let publications: Vec<_> =
        (0..50).map(|number| stage.event(topic, &number.to_string())).collect();
    stage.bus.publish(publications.clone()).await?;
    for publication in publications {
        assert_eq!(stage.next(topic).await.publication.event_id, publication.event_id);
    }
    Ok(())
}

pub(crate) async fn a_subscription_begins_at_its_head(stage: &Stage) -> BusResult<()> {
    let topic = room();
    for _ in 0..3 {
        stage.publish(topic, "before").await?;
    }
    let head = stage.subscribe(topic).await?;
    let first = stage.publish(topic, "after").await?;
    let heard = stage.next(topic).await;
    assert_eq!(heard.publication.event_id, first);
    assert_eq!(heard.count, head.count + 1);
    // Asked for again, it goes on.
    let again = stage.subscribe(topic).await?;
    assert_eq!((again.epoch, again.count), (head.epoch, heard.count));
    stage.publish(topic, "more").await?;
    assert_eq!(stage.next(topic).await.count, heard.count + 1);
    Ok(())
}

pub(crate) async fn a_topic_that_is_not_subscribed_is_counted_but_not_heard(
    stage: &Stage,
) -> BusResult<()> {
    let (silent, heard) = (room(), room());
    stage.subscribe(heard).await?;
    stage.publish(silent, "unheard").await?;
    stage.publish(heard, "first").await?;
    assert_eq!(stage.next(heard).await.publication.frame, frame("first"));
    assert_eq!(stage.subscribe(silent).await?.count, 1);
    stage.publish(silent, "second").await?;
    assert_eq!(stage.next(silent).await.publication.frame, frame("second"));
    Ok(())
}

pub(crate) async fn whoever_unsubscribes_hears_no_more_in_the_end(stage: &Stage) -> BusResult<()> {
    let (gone, kept) = (room(), room());
    stage.subscribe(gone).await?;
    stage.subscribe(kept).await?;
    stage.bus.unsubscribe(&[gone]).await?;
    let before = stage.head(gone).await?.map_or(0, |head| head.count);
    // Soon, not at once: what is subscribed again has a head that tells what was not heard.
    stage.publish(gone, "unheard, or not").await?;
    stage.publish(kept, "heard").await?;
    assert_eq!(stage.next(kept).await.publication.frame, frame("heard"));
    let head = stage.subscribe(gone).await?;
    assert_eq!(head.count, before + 1);
    let last = stage.publish(gone, "heard again").await?;
    loop {
        let heard = stage.next(gone).await;
        if heard.publication.event_id == last {
            assert_eq!(heard.count, head.count + 1);
            return Ok(());
        }
    }
}

pub(crate) async fn heads_come_in_the_order_of_the_topics(stage: &Stage) -> BusResult<()> {
    let topics: Vec<_> = (0..20).map(|_| room()).collect();
    for (count, topic) in topics.iter().enumerate() {
        stage.subscribe(*topic).await?;
        for _ in 0..count {
            stage.publish(*topic, "x").await?;
        }
    }
    let heads = stage.bus.heads(&topics).await?;
    let counts: Vec<_> = heads.iter().map(|head| head.map(|head| head.count)).collect();
    assert_eq!(counts, (0..20).map(Some).collect::<Vec<_>>());
    assert_eq!(heads[0].and_then(|head| head.newest), None);
    assert_eq!(stage.bus.subscribe(&[]).await?, []);
    assert_eq!(stage.bus.heads(&[]).await?, []);
    Ok(())
}

pub(crate) async fn the_newest_of_a_head_is_the_highest_id(stage: &Stage) -> BusResult<()> {
    let topic = room();
    let (older, newer) = (stage.event(topic, "older"), stage.event(topic, "newer"));
    let newest = newer.event_id;
    stage.bus.publish(vec![newer]).await?;
    stage.bus.publish(vec![older]).await?;
    assert_eq!(stage.head(topic).await?.and_then(|head| head.newest), Some(newest));
    Ok(())
}

pub(crate) async fn a_publication_that_is_repeated_is_counted_twice(
    stage: &Stage,
) -> BusResult<()> {
    let topic = room();
    stage.subscribe(topic).await?;
    let publication = stage.event(topic, "twice");
    stage.bus.publish(vec![publication.clone()]).await?;
    stage.bus.publish(vec![publication.clone()]).await?;
    for count in [1, 2] {
        let heard = stage.next(topic).await;
        assert_eq!((heard.publication.event_id, heard.count), (publication.event_id, count));
    }
    Ok(())
}

pub(crate) async fn a_topic_is_not_quiet_before_its_newest_event(stage: &Stage) -> BusResult<()> {
    let topic = room();
    let head = stage.subscribe(topic).await?;
    assert!(!head.is_quiet_since(head.counted_from_ms), "something may have been on its way");
    assert!(head.is_quiet_since(head.counted_from_ms + LATE_MS));
    let newest: EventId = stage.publish(topic, "x").await?;
    let head = stage.head(topic).await?.expect("it is known");
    assert!(!head.is_quiet_since(newest.millis() - 1));
    assert!(head.is_quiet_since(newest.millis()));
    Ok(())
}

pub(crate) async fn whispers_are_heard_and_not_counted(stage: &Stage) -> BusResult<()> {
    let (topic, unheard) = (room(), room());
    let (one, other) = (typing(person()), typing(person()));
    stage.bus.whisper(topic, other.clone()).await?;
    stage.subscribe(topic).await?;
    stage.bus.whisper(unheard, other).await?;
    stage.bus.whisper(topic, one.clone()).await?;
    assert_eq!(stage.next_whisper(topic).await, one, "what was said before is gone");
    assert_eq!(stage.head(topic).await?.map(|head| head.count), Some(0));
    stage.publish(topic, "counted").await?;
    assert_eq!(stage.next(topic).await.count, 1);
    Ok(())
}
