//! What each rule of recovery is for: the same thing happens with all rules on, and with one
//! switched off. With all of them nothing is lost and nothing is doubled; without that one, it is.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use starling::domain::rules::Rule;
use starling_servers::{Direction, Node, Toxic};
use tokio::time::sleep;

use crate::rig::{Rig, attempt, attempt_meanwhile, is_told, poll};
use crate::support::Api;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Whether a promise is broken in one of a few tries. On a busy machine another rule may step in:
/// an attempt that came too late for the test's purpose is slow, and doubts itself.
async fn goes_wrong<F: Future<Output = bool>>(holds: impl Fn() -> F) -> bool {
    for _ in 0..5 {
        if !holds().await {
            return true;
        }
    }
    false
}

/// Each rule, and what happens where it matters: whether the promise held.
macro_rules! rules {
    ($($rule:ident => $scenario:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $scenario() {
                assert!(scenario::$scenario("").await, "with all rules on");
                let without = Rule::$rule.name();
                assert!(goes_wrong(|| scenario::$scenario(without)).await, "without `{without}`");
            }
        )*

        #[test]
        fn every_rule_is_tried() {
            let tried = [$(Rule::$rule),*, Rule::Recheck, Rule::Stall, Rule::Ask];
            for rule in Rule::ALL {
                assert!(tried.contains(rule), "{}", rule.name());
            }
        }
    };
}

rules! {
    Claim => a_message_that_is_sent_again_elsewhere_is_one_message;
    Wait => a_retry_overtakes_an_attempt_that_has_not_written_yet;
    Slow => an_attempt_wakes_after_its_retry_was_stored;
    Lwt => a_retry_finds_no_claim_and_the_message_stored;
    Look => an_attempt_arrives_after_its_retry_was_answered;
    Late => a_message_is_published_long_after_its_id_was_taken;
    Lag => a_message_is_published_a_little_after_its_id_was_taken;
    Unpublished => a_node_that_is_cut_off_takes_a_message_and_dies;
    Holes => an_event_is_missed_and_the_next_is_heard;
    Compare => the_last_event_is_missed;
    Repair => a_missed_event_is_noticed;
    Sweep => redis_forgets_everything_after_an_event_was_missed;
    Reset => somebody_comes_after_an_event_was_missed;
    Confirm => a_subscription_takes_long;
    Clock => a_node_has_never_heard_the_reference_clock;
}

// Some stand in for each other, so that two things have to go wrong at once. Each is tried without
// the other.

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_wakes_after_its_claim_was_lost() {
    assert!(scenario::an_attempt_wakes_after_its_claim_was_lost("slow").await);
    assert!(
        goes_wrong(|| scenario::an_attempt_wakes_after_its_claim_was_lost("slow,recheck")).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_finds_an_old_attempt_in_a_socket() {
    assert!(scenario::a_stopped_node_finds_an_old_attempt_in_a_socket("look").await);
    assert!(
        goes_wrong(|| scenario::a_stopped_node_finds_an_old_attempt_in_a_socket("look,stall"))
            .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_finds_a_claim_that_redis_had_forgotten() {
    assert!(scenario::a_retry_finds_a_claim_that_redis_had_forgotten("look").await);
    assert!(
        goes_wrong(|| scenario::a_retry_finds_a_claim_that_redis_had_forgotten("look,ask")).await
    );
}

mod scenario {
    use super::*;

    pub async fn a_message_that_is_sent_again_elsewhere_is_one_message(without: &str) -> bool {
        let rig = Rig::start(without, &[]).await;
        let (ada, _, room) = rig.people().await;
        let first = attempt(&ada, &room, "nonce-once", false).await;
        attempt(&rig.at(1, &ada), &room, "nonce-once", true).await == first
    }

    pub async fn a_retry_overtakes_an_attempt_that_has_not_written_yet(without: &str) -> bool {
        // The retry asks the store while the first has looked there and not written yet.
        let slow = [(0, "STARLING_PAUSE", "noting:1:750"), (1, "STARLING_PAUSE", "claimed:1:500")];
        let rig = Rig::start(without, &slow).await;
        let (ada, _, room) = rig.people().await;
        let retry = attempt_meanwhile(&rig.at(1, &ada), &room, "nonce-once", true);
        sleep(ms(150)).await;
        let first = attempt(&ada, &room, "nonce-once", false).await;
        retry.await.expect("it is answered") == first
    }

    pub async fn an_attempt_wakes_after_its_retry_was_stored(without: &str) -> bool {
        wakes_late(without, true).await
    }

    pub async fn an_attempt_wakes_after_its_claim_was_lost(without: &str) -> bool {
        wakes_late(without, false).await
    }

    /// An attempt claims, looks into the store, and dawdles; Redis forgets the claim, and may be brought back with it.
    async fn wakes_late(without: &str, claim_comes_back: bool) -> bool {
        let rig = Rig::start(without, &[(0, "STARLING_PAUSE", "noting:1:4000")]).await;
        let (ada, _, room) = rig.people().await;
        let first = attempt_meanwhile(&ada, &room, "nonce-once", false);
        sleep(ms(300)).await;
        let claim = rig.forget_claim();
        let retry = attempt(&rig.at(1, &ada), &room, "nonce-once", true).await;
        if claim_comes_back {
            rig.bring_back(&claim);
        }
        first.await.expect("it is answered") == retry
    }

    pub async fn a_stopped_node_finds_an_old_attempt_in_a_socket(without: &str) -> bool {
        let rig = Rig::start(without, &[]).await;
        let (ada, _, room) = rig.people().await;
        let mut socket = ada.socket().await;
        rig.cluster.nodes[0].pause();
        let send =
            json!({ "type": "send", "room_id": room, "nonce": "nonce-once", "text": "once" });
        let first = socket.start(send).await;
        sleep(ms(1_500)).await;
        let retry = attempt(&rig.at(1, &ada), &room, "nonce-once", true).await;
        rig.cluster.nodes[0].resume();
        socket.answer(first).await["data"]["message_id"] == retry
    }

    pub async fn a_retry_finds_a_claim_that_redis_had_forgotten(without: &str) -> bool {
        let rig = Rig::start(without, &[(0, "STARLING_STOP", "claimed:1")]).await;
        let (ada, _, room) = rig.people().await;
        let body = json!({ "nonce": "nonce-once", "text": "once" });
        let path = format!("/api/v1/rooms/{room}/messages");
        assert!(ada.try_send(ada.request(Method::POST, &path).json(&body)).await.is_err());
        let claim = rig.forget_claim();
        let there = rig.at(1, &ada);
        let second = attempt(&there, &room, "nonce-once", true).await;
        rig.bring_back(&claim);
        attempt(&there, &room, "nonce-once", true).await == second
    }

    pub async fn a_retry_finds_no_claim_and_the_message_stored(without: &str) -> bool {
        let rig = Rig::start(without, &[]).await;
        let (ada, _, room) = rig.people().await;
        let first = attempt(&ada, &room, "nonce-once", false).await;
        rig.forget_claim();
        attempt(&rig.at(1, &ada), &room, "nonce-once", true).await == first
    }

    pub async fn an_attempt_arrives_after_its_retry_was_answered(without: &str) -> bool {
        let rig = Rig::start(without, &[]).await;
        let (ada, _, room) = rig.people().await;
        let retry = attempt(&rig.at(1, &ada), &room, "nonce-once", true).await;
        attempt(&ada, &room, "nonce-once", false).await == retry
    }

    pub async fn a_message_is_published_long_after_its_id_was_taken(without: &str) -> bool {
        published_after(without, 9_000, 7_500).await
    }

    pub async fn a_message_is_published_a_little_after_its_id_was_taken(without: &str) -> bool {
        published_after(without, 2_700, 2_200).await
    }

    /// A message is published `published_ms` after its id was taken. Somebody polled before that
    /// at `polled_ms`, and polls again when it is published.
    async fn published_after(without: &str, published_ms: u64, polled_ms: u64) -> bool {
        let pause = format!("stored:1:{published_ms}");
        let rig = Rig::start(without, &[(0, "STARLING_PAUSE", &pause)]).await;
        let (ada, bob, room) = rig.people().await;
        let bob = rig.at(1, &bob);
        let sent = attempt_meanwhile(&ada, &room, "nonce-once", false);
        sleep(ms(polled_ms)).await;
        let (cursor, before) = poll(&bob, None, "nonce-once").await;
        assert!(!before, "it was not published yet");
        sent.await.expect("it is answered");
        poll(&bob, Some(&cursor), "nonce-once").await.1
    }

    pub async fn a_node_that_is_cut_off_takes_a_message_and_dies(without: &str) -> bool {
        let mut rig = Rig::alone(without).await;
        let (ada, bob, room) = rig.people().await;
        let mut bob = rig.at(1, &bob).socket().await;
        rig.links[0].disable();
        attempt(&ada, &room, "nonce-once", false).await;
        rig.cluster.nodes[0].kill();
        is_told(without, &mut bob, "nonce-once").await
    }

    pub async fn an_event_is_missed_and_the_next_is_heard(without: &str) -> bool {
        missed(without, async |_, ada, room| {
            attempt(ada, room, "nonce-two", false).await;
        })
        .await
    }

    pub async fn the_last_event_is_missed(without: &str) -> bool {
        missed(without, async |_, _, _| {}).await
    }

    pub async fn a_missed_event_is_noticed(without: &str) -> bool {
        missed(without, async |_, _, _| {}).await
    }

    pub async fn redis_forgets_everything_after_an_event_was_missed(without: &str) -> bool {
        missed(without, async |rig, _, _| {
            rig.redis.cli(&["FLUSHALL"]);
        })
        .await
    }

    pub async fn somebody_comes_after_an_event_was_missed(without: &str) -> bool {
        missed(without, async |rig, ada, _| {
            rig.at(1, ada).socket().await;
        })
        .await
    }

    /// The second node misses the first message that it should hear; then something happens.
    async fn missed(without: &str, then: impl AsyncFnOnce(&Rig, &Api, &str)) -> bool {
        let rig = Rig::start(without, &[(1, "STARLING_MISS", "1")]).await;
        let (ada, bob, room) = rig.people().await;
        let mut bob = rig.at(1, &bob).socket().await;
        attempt(&ada, &room, "nonce-one", false).await;
        then(&rig, &ada, &room).await;
        is_told(without, &mut bob, "nonce-one").await
    }

    pub async fn a_subscription_takes_long(without: &str) -> bool {
        let rig = Rig::start(without, &[]).await;
        let (ada, bob, room) = rig.people().await;
        let slow = Toxic::Latency { ms: 300, jitter_ms: 0 };
        rig.links[1].add(slow, Direction::Up);
        let mut bob = rig.at(1, &bob).socket().await;
        attempt(&ada, &room, "nonce-once", false).await;
        is_told(without, &mut bob, "nonce-once").await
    }

    pub async fn a_node_has_never_heard_the_reference_clock(without: &str) -> bool {
        let rig = Rig::start(without, &[]).await;
        let (ada, _, room) = rig.people().await;
        rig.links[1].disable();
        let mut options = rig.cluster.node_options();
        options.set("--redis-url", &format!("redis://{}", rig.links[1].address()));
        options.environment.push(("STARLING_WITHOUT".to_owned(), without.to_owned()));
        let lonely = Node::begin(&options);
        let there = ada.at(until_it_listens(&lonely).await);
        let body = json!({ "nonce": "nonce-once", "text": "once" });
        let reply = there.post(&format!("/rooms/{room}/messages"), body).await;
        reply.status == 503
    }

    async fn until_it_listens(node: &Node) -> std::net::SocketAddr {
        let nobody = Api::nobody(node.address());
        for _ in 0..400 {
            let request = nobody.request(Method::GET, "/health/live");
            if nobody.try_send(request).await.is_ok() {
                return node.address();
            }
            sleep(ms(100)).await;
        }
        panic!("it does not listen: {}", node.log());
    }
}
