//! The contract of [`Bus`] as tests, one for each promise. An implementation passes them by
//! `contract_tests!(make_bus)`, where `make_bus` gives an `Arc<dyn Bus>` that nobody listens to yet,
//! and whatever has to live as long as it.
//!
//! Each promise uses fresh ids, so that a bus may hold other things too. Nothing is asserted about
//! time but what is stated: no earlier than, and in the end.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use uuid::Uuid;

use super::{Attempt, Bus, BusResult, Ear, Head, Lease, LimitKey, Publication, Signal};
use crate::domain::clock::HybridClock;
use crate::domain::window::Limit;
use crate::protocol::{
    Event, EventId, Frame, MessageId, PresenceChoice, RoomId, SessionId, Topic, UserId,
};

pub(crate) mod claims;
pub(crate) mod events;
pub(crate) mod limits;
pub(crate) mod presence;

/// Makes each promise a test of its own.
macro_rules! contract_tests {
    ($make:path) => {
        contract_tests! { $make =>
            events: what_is_published_is_heard_as_it_is;
            events: events_are_heard_in_the_order_of_their_counts_each_once;
            events: publications_of_one_call_keep_their_order;
            events: a_subscription_begins_at_its_head;
            events: a_topic_that_is_not_subscribed_is_counted_but_not_heard;
            events: whoever_unsubscribes_hears_no_more_in_the_end;
            events: heads_come_in_the_order_of_the_topics;
            events: the_newest_of_a_head_is_the_highest_id;
            events: a_publication_that_is_repeated_is_counted_twice;
            events: a_topic_is_not_quiet_before_its_newest_event;
            events: whispers_are_heard_and_not_counted;
            claims: the_first_attempt_gets_the_id_that_it_proposes;
            claims: a_later_attempt_finds_the_claim;
            claims: of_many_attempts_at_once_one_is_first_and_all_get_its_id;
            claims: another_authors_nonce_is_another;
            claims: a_retry_looks_for_a_claim_and_makes_none;
            claims: an_attempt_that_finds_a_claim_is_not_counted;
            claims: an_attempt_that_is_refused_claims_nothing;
            claims: a_message_is_published_while_its_claim_stands;
            limits: it_is_allowed_up_to_the_limit_and_refused_one_past;
            limits: of_many_at_once_as_many_as_the_limit_are_allowed;
            limits: it_is_allowed_again_after_its_time_and_not_before;
            limits: what_is_limited_is_limited_by_itself;
            limits: no_limit_refuses_nothing;
            presence: a_device_that_comes_is_announced_once;
            presence: the_best_device_counts;
            presence: what_a_person_chose_goes_before_their_devices;
            presence: a_known_choice_is_not_replaced_by_a_lease;
            presence: a_choice_of_somebody_who_is_away_is_not_announced;
            presence: a_lease_that_ran_out_is_announced_to_one_caller;
            presence: a_shorter_lease_shortens_and_a_longer_one_keeps;
            presence: one_device_of_two_is_not_missed;
            presence: people_are_told_of_in_the_order_asked;
            presence: the_clock_is_the_time;
            presence: the_bus_says_that_it_can_be_reached;
        }
    };
    ($make:path => $($module:ident: $promise:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $promise() -> $crate::bus::BusResult<()> {
            let (bus, _kept) = $make();
            $crate::bus::contract::$module::$promise(&$crate::bus::contract::Stage::new(bus)).await
        }
    )*};
}
pub(crate) use contract_tests;

/// What works is there long before this.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bus, and who listens to it. Its methods set the stage; they promise nothing.
pub(crate) struct Stage {
    pub bus: Arc<dyn Bus>,
    listener: Mutex<(UnboundedReceiver<Vec<Signal>>, Vec<Signal>)>,
    clock: HybridClock,
}

struct Pipe(UnboundedSender<Vec<Signal>>);

impl Ear for Pipe {
    fn hear(&self, signals: Vec<Signal>) {
        // A stage that is gone listens no more.
        let _ = self.0.send(signals);
    }
}

/// An event as it was heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub publication: Publication,
    pub epoch: u64,
    pub count: u64,
}

impl Stage {
    pub fn new(bus: Arc<dyn Bus>) -> Self {
        let (pipe, heard) = unbounded_channel();
        bus.listen(Box::new(Pipe(pipe)));
        let listener = Mutex::new((heard, Vec::new()));
        Self { bus, listener, clock: HybridClock::default() }
    }

    pub fn id(&self) -> EventId {
        self.clock.next(now(), rand::random())
    }

    /// An event with a text to know it by.
    pub fn event(&self, topic: Topic, text: &str) -> Publication {
        Publication { topic, event_id: self.id(), control: None, frame: frame(text) }
    }

    pub async fn publish(&self, topic: Topic, text: &str) -> BusResult<EventId> {
        let publication = self.event(topic, text);
        let id = publication.event_id;
        self.bus.publish(vec![publication]).await?;
        Ok(id)
    }

    /// Subscribes, and waits until the subscription holds.
    pub async fn subscribe(&self, topic: Topic) -> BusResult<Head> {
        if let Some(head) = self.bus.subscribe(&[topic]).await?[0] {
            return Ok(head);
        }
        let is = |signal: &Signal| match signal {
            Signal::Subscribed { topic: there, head } if *there == topic => Some(*head),
            _ => None,
        };
        Ok(self.wait(is).await)
    }

    pub async fn head(&self, topic: Topic) -> BusResult<Option<Head>> {
        Ok(self.bus.heads(&[topic]).await?[0])
    }

    /// The next event of the topic.
    pub async fn next(&self, topic: Topic) -> Heard {
        let is = |signal: &Signal| match signal {
            Signal::Event { publication, epoch, count, .. } if publication.topic == topic => {
                Some(Heard { publication: publication.clone(), epoch: *epoch, count: *count })
            }
            _ => None,
        };
        self.wait(is).await
    }

    /// The text of the next whisper in the topic.
    pub async fn next_whisper(&self, topic: Topic) -> Frame {
        let is = |signal: &Signal| match signal {
            Signal::Whisper { topic: there, frame } if *there == topic => Some(frame.clone()),
            _ => None,
        };
        self.wait(is).await
    }

    /// Takes the first signal that is like this; the others stay.
    pub async fn wait<T>(&self, is: impl Fn(&Signal) -> Option<T>) -> T {
        let mut guard = self.listener.lock().await;
        let (listener, waiting) = &mut *guard;
        loop {
            if let Some((at, found)) =
                waiting.iter().enumerate().find_map(|(at, signal)| Some((at, is(signal)?)))
            {
                waiting.remove(at);
                return found;
            }
            let more = timeout(PATIENCE, listener.recv()).await.expect("a signal in time");
            waiting.extend(more.expect("the bus has not ended"));
        }
    }

    /// An attempt with this nonce, under a limit that nobody reaches.
    pub fn attempt(&self, author: UserId, nonce: &str) -> Attempt {
        let limit = (LimitKey::Api(author), Limit { most: 1_000, per_ms: 600_000 });
        let proposed = MessageId::from(self.id());
        Attempt { author, nonce: nonce.to_owned(), proposed, retry: false, limit }
    }
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    since.as_millis() as u64
}

pub(crate) fn person() -> UserId {
    UserId(Uuid::new_v4())
}

pub(crate) fn room() -> Topic {
    Topic::Room(RoomId(Uuid::new_v4()))
}

pub(crate) fn session() -> SessionId {
    SessionId(Uuid::new_v4())
}

pub(crate) fn frame(text: &str) -> Frame {
    Frame::text(format!("{text:?}").as_bytes())
}

pub(crate) fn lease(user: UserId, device: Uuid, lasts_ms: u64) -> Lease {
    Lease { user, device, idle: false, choice: PresenceChoice::Auto, lasts_ms }
}

/// Some event that says nothing durable.
pub(crate) fn typing(user: UserId) -> Frame {
    Frame::of(&Event::Typing { room_id: RoomId::NIL, user_id: user, on: true })
}

/// Asks again until the answer is there.
pub(crate) async fn in_the_end<T>(
    mut ask: impl AsyncFnMut() -> BusResult<Option<T>>,
) -> BusResult<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        assert!(began.elapsed() < PATIENCE, "it never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
