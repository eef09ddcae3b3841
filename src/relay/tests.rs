//! What is lost on the way is found and repaired from the store; nothing is proved before.

use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::bus::local::LocalBus;
use crate::bus::{BusResult, Publication};
use crate::protocol::{Control, Event, Message, RoomId, UserId};
use crate::store::Store;
use crate::store::catch_up::MAX_EVENTS;
use crate::store::contract::{Stage, person, text};
use crate::store::sqlite::{SqliteOptions, SqliteStore};

/// What works is there long before this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Two workers, a room, and a bus whose signals reach the relay only by hand.
struct Set {
    relay: Relay,
    bus: Arc<LocalBus>,
    store: Stage,
    inboxes: Vec<Arc<Inbox>>,
    room: RoomId,
    topic: Topic,
    author: UserId,
    _data: TempDir,
}

async fn set() -> Set {
    let data = TempDir::new().expect("a folder");
    let opened = SqliteStore::open(SqliteOptions::new(data.path())).expect("the data opens");
    let opened: Arc<dyn Store> = Arc::new(opened);
    let bus = Arc::new(LocalBus::new());
    let inboxes: Vec<_> = (0..2).map(|_| Arc::new(Inbox::default())).collect();
    let relay = Relay::new(bus.clone(), CatchUp::new(opened.clone()), inboxes.clone());
    tokio::spawn(relay.clone().repair());
    let store = Stage::new(opened);
    let author = person();
    let room = store.room_of(&[author]).await.expect("it is made");
    Set { relay, bus, store, inboxes, room, topic: Topic::Room(room), author, _data: data }
}

impl Set {
    /// A message that is stored and published; what the bus says of it.
    async fn say(&self) -> BusResult<(Message, Signal)> {
        let message = text(self.author, self.store.id());
        let message = self.store.put(self.room, message).await.expect("it is stored");
        let event = Event::Message { room_id: self.room, message: message.clone() };
        let publication = Publication {
            topic: self.topic,
            event_id: message.id.into(),
            control: None,
            frame: Frame::of(&event),
        };
        self.bus.publish(vec![publication.clone()]).await?;
        let head = self.bus.heads(&[self.topic]).await?[0].expect("it is known");
        let (epoch, count) = (head.epoch, head.count);
        Ok((message, Signal::Event { publication, epoch, count, heard: Instant::now() }))
    }

    fn hear(&self, signal: Signal) {
        self.relay.relay(vec![signal]);
    }

    async fn follow(&self, worker: usize) {
        assert!(self.relay.follow(worker, vec![self.topic]).await, "the bus is at hand");
    }

    /// Waits until the worker was handed these messages, in whatever order; what it was handed.
    async fn handed(&self, worker: usize, messages: &[&Message]) -> Vec<EventId> {
        let mut handed = Vec::new();
        let waiting = async {
            while !messages.iter().all(|message| handed.contains(&EventId::from(message.id))) {
                tokio::time::sleep(Duration::from_millis(2)).await;
                handed.extend(ids(&self.inboxes[worker].take()));
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("they are handed over");
        handed
    }

    async fn head(&self) -> Option<Head> {
        self.bus.heads(&[self.topic]).await.expect("the bus is at hand")[0]
    }

    fn proved_ms(&self) -> u64 {
        self.relay.0.topics.lock()[&self.topic].proved_ms
    }

    /// One comparison, as of this time.
    async fn compare(&self, at_ms: u64) {
        let head = self.head().await;
        self.relay.0.topics.lock().get_mut(&self.topic).expect("followed").compare(head, at_ms);
        self.relay.0.dirty.notify_one();
    }

    /// Waits until nothing has to be repaired.
    async fn repaired(&self) {
        let clean = || {
            let topics = self.relay.0.topics.lock();
            let followed = &topics[&self.topic];
            !followed.dirty && !followed.repairing
        };
        let waiting = async {
            while !clean() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it is repaired");
    }
}

fn ids(items: &[Item]) -> Vec<EventId> {
    let id = |item: &Item| match item {
        Item::Event { event_id, .. } => Some(*event_id),
        _ => None,
    };
    items.iter().filter_map(id).collect()
}

#[tokio::test]
async fn what_is_heard_is_handed_to_the_workers_that_follow() -> BusResult<()> {
    let set = set().await;
    set.follow(1).await;
    let (message, signal) = set.say().await?;
    set.hear(signal);
    assert_eq!(ids(&set.inboxes[1].take()), [EventId::from(message.id)]);
    assert!(set.inboxes[0].take().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_hole_in_the_count_is_filled_from_the_store() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    let (first, signal) = set.say().await?;
    set.hear(signal);
    let (lost, _) = set.say().await?;
    let (third, signal) = set.say().await?;
    set.hear(signal);
    set.handed(0, &[&first, &lost, &third]).await;
    Ok(())
}

#[tokio::test]
async fn a_gap_that_the_bus_admits_is_filled_from_the_store() -> BusResult<()> {
    let set = set().await;
    for topic in [Some(set.topic), None] {
        set.follow(0).await;
        let (lost, _) = set.say().await?;
        set.hear(topic.map_or(Signal::GapEverywhere, |topic| Signal::Gap { topic }));
        set.handed(0, &[&lost]).await;
    }
    Ok(())
}

#[tokio::test]
async fn another_epoch_means_that_the_topic_is_read_again() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    let (lost, _) = set.say().await?;
    let (heard, signal) = set.say().await?;
    let Signal::Event { publication, epoch, heard: at, .. } = signal else { unreachable!() };
    // The bus began anew, and counts from one.
    set.hear(Signal::Event { publication, epoch: epoch + 1, count: 1, heard: at });
    set.handed(0, &[&lost, &heard]).await;
    Ok(())
}

#[tokio::test]
async fn the_last_event_is_missed_at_the_next_comparison() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    let (lost, _) = set.say().await?;
    assert!(set.inboxes[0].take().is_empty(), "nobody knows of it yet");
    set.compare(set.proved_ms() + 1).await;
    set.handed(0, &[&lost]).await;
    Ok(())
}

#[tokio::test]
async fn nothing_is_proved_over_a_gap() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    let began = set.proved_ms();
    set.compare(began + 1_000).await;
    assert_eq!(set.proved_ms(), began + 1_000, "nothing is missing");

    let (lost, _) = set.say().await?;
    set.compare(began + 2_000).await;
    assert_eq!(set.proved_ms(), began + 1_000, "something is missing");
    set.handed(0, &[&lost]).await;
    set.repaired().await;
    assert_eq!(set.proved_ms(), began + 1_000, "only a comparison proves");
    set.compare(began + 3_000).await;
    assert_eq!(set.proved_ms(), began + 3_000);
    set.compare(began + 2_000).await;
    assert_eq!(set.proved_ms(), began + 3_000, "it never goes back");
    Ok(())
}

#[tokio::test]
async fn a_topic_that_the_bus_knows_nothing_of_is_not_proved() {
    let set = set().await;
    set.follow(0).await;
    let began = set.proved_ms();
    {
        let mut topics = set.relay.0.topics.lock();
        let followed = topics.get_mut(&set.topic).expect("followed");
        followed.compare(None, began + 1_000);
        assert!(followed.dirty);
    }
    assert_eq!(set.proved_ms(), began);
}

/// What is proved is the time of the one that is furthest behind.
#[tokio::test(start_paused = true)]
async fn the_workers_are_told_what_is_proved_for_all_topics() {
    let set = set().await;
    set.follow(0).await;
    tokio::spawn(set.relay.clone().compare());
    let proved = async |above: u64| {
        loop {
            tokio::time::sleep(COMPARE_EVERY).await;
            let items = set.inboxes[1].take();
            let newest = items.iter().filter_map(|item| match item {
                Item::Proved(millis) => Some(*millis),
                _ => None,
            });
            if let Some(newest) = newest.max().filter(|newest| *newest >= above) {
                return newest;
            }
        }
    };
    let now = set.bus.now_ms().expect("it has a clock");
    let first = proved(0).await;
    assert!(first <= set.bus.now_ms().expect("it has a clock") - LAG_MS);
    assert!(first + LAG_MS + 2_000 >= now, "as soon as it can be");
    assert_eq!(first % 1_000, 0, "in full seconds");
    // A topic that can't be confirmed holds everything back.
    let stuck = Topic::Room(RoomId(person().0));
    set.relay.note(0, &[stuck], false);
    set.relay.0.topics.lock().get_mut(&stuck).expect("noted").proved_ms = now - 60_000;
    assert!(proved(0).await <= now - 60_000 - LAG_MS);
}

#[tokio::test]
async fn a_worker_that_comes_later_is_handed_what_it_missed_of_a_room() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    // Said between the word that somebody was added and their worker's interest.
    let (missed, signal) = set.say().await?;
    set.hear(signal);
    assert!(set.inboxes[1].take().is_empty());
    set.relay.follow_from_now(1, set.topic);
    set.handed(1, &[&missed]).await;
    let (live, signal) = set.say().await?;
    set.hear(signal);
    set.handed(1, &[&live]).await;
    Ok(())
}

#[tokio::test]
async fn a_worker_that_comes_first_is_handed_what_it_missed_of_a_room() -> BusResult<()> {
    let set = set().await;
    let (missed, _) = set.say().await?;
    set.relay.follow_from_now(1, set.topic);
    set.handed(1, &[&missed]).await;
    Ok(())
}

#[tokio::test]
async fn what_is_repaired_is_told_with_what_a_node_has_to_do() -> BusResult<()> {
    let set = set().await;
    let own = Topic::User(set.author);
    assert!(set.relay.follow(0, vec![own]).await);
    set.hear(Signal::Gap { topic: own });
    let mut controls = Vec::new();
    let waiting = async {
        while controls.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
            for item in set.inboxes[0].take() {
                if let Item::Event { control: Some(control), .. } = item {
                    controls.push(control);
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it is told");
    assert_eq!(controls, [Control::Follow(set.room)]);
    Ok(())
}

#[tokio::test]
async fn a_topic_that_missed_too_much_is_loaded_again_by_its_followers() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    for _ in 0..=MAX_EVENTS {
        set.say().await?;
    }
    set.hear(Signal::Gap { topic: set.topic });
    let told = async {
        loop {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let items = set.inboxes[0].take();
            if !items.is_empty() {
                return items;
            }
        }
    };
    let items = tokio::time::timeout(PATIENCE, told).await.expect("it is told");
    let reload = Frame::of(&ServerFrame::Reload { room_id: Some(set.room) });
    assert!(matches!(&items[..], [Item::TooMany { frame, .. }] if *frame == reload), "{items:?}");
    Ok(())
}

#[tokio::test]
async fn whispers_go_to_followers_and_are_never_repaired() -> BusResult<()> {
    let set = set().await;
    let presence = Topic::Presence(set.author);
    assert!(set.relay.follow(0, vec![presence]).await);
    set.hear(Signal::Whisper { topic: presence, frame: Frame::text(b"{}") });
    assert!(matches!(set.inboxes[0].take()[..], [Item::Whisper { .. }]));
    set.hear(Signal::Gap { topic: presence });
    set.hear(Signal::Whisper { topic: set.topic, frame: Frame::text(b"{}") });
    assert!(set.inboxes[0].take().is_empty(), "nobody follows it");
    Ok(())
}

#[tokio::test]
async fn what_an_inbox_can_not_hold_is_a_gap() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    // Something large stands in the inbox, and nobody takes it.
    let large = Frame::text(&vec![b'x'; 32 * 1024 * 1024 - 64]);
    let whisper = Item::Whisper { topic: set.topic, frame: large };
    assert!(set.inboxes[0].push(vec![whisper]).is_empty());
    let (left, signal) = set.say().await?;
    set.hear(signal);
    assert!(ids(&set.inboxes[0].take()).is_empty(), "it had no place");
    set.handed(0, &[&left]).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_nobody_follows_is_let_go_and_can_be_followed_again() -> BusResult<()> {
    let set = set().await;
    set.follow(0).await;
    set.relay.unfollow(0, &[set.topic]);
    assert!(set.relay.0.topics.lock().contains_key(&set.topic), "somebody may come back");
    {
        let mut topics = set.relay.0.topics.lock();
        let followed = topics.get_mut(&set.topic).expect("it is kept");
        followed.idle_since = Instant::now().checked_sub(LINGER);
        assert!(followed.idle_since.is_some(), "the machine runs for longer than that");
    }
    tokio::spawn(set.relay.clone().forget());
    while set.relay.0.topics.lock().contains_key(&set.topic) {
        tokio::time::sleep(LINGER / 4).await;
    }
    set.follow(0).await;
    let (message, signal) = set.say().await?;
    set.hear(signal);
    set.handed(0, &[&message]).await;
    Ok(())
}
