//! Two nodes, one of which publishes all the time while the other follows as the relay does. Whatever
//! happens to Redis meanwhile: each event that was published is heard, or the follower knows of a gap.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use super::super::RedisBus;
use super::{bus_called, in_the_end, ready};
use crate::bus::contract::{frame, room};
use crate::bus::{Bus, Ear, Head, Publication, Signal};
use crate::domain::clock::HybridClock;
use crate::protocol::{EventId, Topic};

const TOPICS: usize = 40;

/// What the relay would know.
#[derive(Default)]
struct Known {
    /// The epoch and the count that a topic was heard to.
    heard: HashMap<Topic, (u64, u64)>,
    /// When it was last found to lack something: what was stored before then is read.
    marked: HashMap<Topic, Instant>,
    ids: HashSet<EventId>,
    events: u64,
    marks: u64,
}

impl Known {
    fn mark(&mut self, topic: Topic) {
        self.marks += 1;
        self.marked.insert(topic, Instant::now());
    }

    fn compare(&mut self, topic: Topic, head: Head, is_confirmation: bool) {
        match self.heard.get(&topic) {
            Some((epoch, heard)) if *epoch == head.epoch && head.count <= *heard => return,
            None => {}
            Some(_) => self.mark(topic),
        }
        if is_confirmation || self.heard.contains_key(&topic) {
            self.heard.insert(topic, (head.epoch, head.count));
        }
    }
}

struct Follower(Arc<Mutex<Known>>);

impl Ear for Follower {
    fn hear(&self, signals: Vec<Signal>) {
        let mut known = self.0.lock();
        for signal in signals {
            match signal {
                Signal::Event {
                    publication: Publication { topic, event_id, .. },
                    epoch,
                    count,
                    ..
                } => {
                    known.events += 1;
                    known.ids.insert(event_id);
                    match known.heard.insert(topic, (epoch, count)) {
                        Some((before, heard)) if before != epoch || count != heard + 1 => {
                            known.mark(topic);
                        }
                        _ => {}
                    }
                }
                Signal::Subscribed { topic, head } => known.compare(topic, head, true),
                Signal::Gap { topic } => known.mark(topic),
                Signal::GapEverywhere => {
                    let all: Vec<_> = known.heard.keys().copied().collect();
                    for topic in all {
                        known.mark(topic);
                    }
                }
                Signal::Whisper { .. } => {}
            }
        }
    }
}

struct Sent {
    topic: Topic,
    id: EventId,
    began: Instant,
}

pub struct Pair {
    pub publisher: Arc<RedisBus>,
    pub follower: Arc<RedisBus>,
    pub topics: Vec<Topic>,
    known: Arc<Mutex<Known>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    ended: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Pair {
    /// Publishes to each topic every few milliseconds.
    pub async fn start(urls: &[String]) -> Self {
        let prefix = format!("test_{}", Uuid::new_v4().simple());
        let publisher = Arc::new(bus_called(urls, &prefix));
        let follower = Arc::new(bus_called(urls, &prefix));
        ready(&publisher).await;
        ready(&follower).await;
        let topics: Vec<_> = (0..TOPICS).map(|_| room()).collect();
        let known = Arc::new(Mutex::new(Known::default()));
        follower.listen(Box::new(Follower(Arc::clone(&known))));
        follower.subscribe(&topics).await.expect("interest is always taken");
        let all = async || known.lock().heard.len() == TOPICS;
        in_the_end("every topic is confirmed", all).await;

        let mut pair = Self {
            publisher,
            follower,
            topics,
            known,
            sent: Arc::default(),
            ended: Arc::default(),
            tasks: Vec::new(),
        };
        let clock = Arc::new(HybridClock::default());
        for topics in pair.topics.chunks(10) {
            pair.tasks.push(pair.publish(topics.to_vec(), Arc::clone(&clock)));
        }
        pair.tasks.push(pair.compare());
        pair.resumes("at the beginning").await;
        pair
    }

    fn publish(&self, topics: Vec<Topic>, clock: Arc<HybridClock>) -> tokio::task::JoinHandle<()> {
        let (bus, sent, ended) =
            (Arc::clone(&self.publisher), Arc::clone(&self.sent), Arc::clone(&self.ended));
        tokio::spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                for topic in &topics {
                    let began = Instant::now();
                    let id = clock.next(bus.now_ms().expect("it was heard"), rand::random());
                    let publication = Publication {
                        topic: *topic,
                        event_id: id,
                        control: None,
                        frame: frame("x"),
                    };
                    // What was not published for sure would be published once more.
                    if bus.publish(vec![publication]).await.is_ok() {
                        sent.lock().push(Sent { topic: *topic, id, began });
                    }
                }
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        })
    }

    fn compare(&self) -> tokio::task::JoinHandle<()> {
        let (bus, known, ended) =
            (Arc::clone(&self.follower), Arc::clone(&self.known), Arc::clone(&self.ended));
        let topics = self.topics.clone();
        tokio::spawn(async move {
            loop {
                // One more comparison when all is said.
                let was_last = ended.load(Ordering::Relaxed);
                let heads = bus.heads(&topics).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
                for (topic, head) in topics.iter().zip(heads.into_iter().flatten()) {
                    match head {
                        Some(head) => known.lock().compare(*topic, head, false),
                        None => known.lock().mark(*topic),
                    }
                }
                if was_last {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(800)).await;
            }
        })
    }

    /// How many gaps were found.
    pub fn marks(&self) -> u64 {
        self.known.lock().marks
    }

    /// Waits until each topic has events again that are published after now.
    pub async fn resumes(&self, when: &str) {
        let (from, began) = (self.sent.lock().len(), Instant::now());
        in_the_end(when, async || {
            let (sent, known) = (self.sent.lock(), self.known.lock());
            let fresh = sent[from..].iter().filter(|sent| sent.began > began);
            let heard: HashSet<_> =
                fresh.filter(|sent| known.ids.contains(&sent.id)).map(|sent| sent.topic).collect();
            heard.len() == TOPICS
        })
        .await;
    }

    /// Stops, and sees that nothing is missing unnoticed.
    pub async fn end(self) {
        self.ended.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("no task panics");
        }
        let (sent, known) = (self.sent.lock(), self.known.lock());
        let is_missing = |sent: &&Sent| {
            !known.ids.contains(&sent.id)
                && known.marked.get(&sent.topic).is_none_or(|marked| *marked < sent.began)
        };
        let missing = sent.iter().filter(is_missing).count();
        let unheard = sent.iter().filter(|sent| !known.ids.contains(&sent.id)).count();
        println!(
            "{} published, {} heard, {unheard} to be read from the store, {} gaps",
            sent.len(),
            known.events,
            known.marks
        );
        assert_eq!(missing, 0, "missing, and nobody knows");
    }
}
