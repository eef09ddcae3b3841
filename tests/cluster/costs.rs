//! What things cost, counted.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use starling_servers::Node;
use tokio::time::sleep;

use crate::rig::{Rig, attempt};
use crate::support::Api;

/// Longer than what begins with a connection takes, and than two comparisons of heads.
const A_WHILE: Duration = Duration::from_secs(10);

/// A counter of a node, or the count of a histogram with this label.
async fn metric(node: SocketAddr, line: &str) -> u64 {
    let nobody = Api::nobody(node);
    let metrics = nobody.send(nobody.request(Method::GET, "/metrics")).await.text;
    let found = metrics.lines().find_map(|text| text.strip_prefix(line)?.trim().parse().ok());
    found.unwrap_or(0)
}

/// How often Redis has published, by itself or in a script.
fn publications(rig: &Rig) -> u64 {
    let stats = rig.redis.cli(&["INFO", "commandstats"]);
    let calls = stats.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("cmdstat_publish:calls=")?;
        rest.split(',').next()?.parse().ok()
    });
    calls.unwrap_or(0)
}

async fn heard(rig: &Rig, idle: &Node) -> [u64; 3] {
    let nodes = [rig.cluster.nodes[0].address(), rig.cluster.nodes[1].address(), idle.address()];
    let mut heard = [0; 3];
    for (heard, node) in heard.iter_mut().zip(nodes) {
        *heard = metric(node, "starling_events_heard_total").await;
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_costs_one_publication_and_one_hearing_for_each_interested_node() {
    const MESSAGES: u64 = 20;
    let rig = Rig::start("", &[]).await;
    // A node where nobody is in the room.
    let idle = tokio::task::block_in_place(|| Node::start(&rig.cluster.node_options()));
    let (ada, bob, room) = rig.people().await;
    let (_ada, _bob) = (ada.socket().await, rig.at(1, &bob).socket().await);
    sleep(A_WHILE).await;
    let (published, before) = (publications(&rig), heard(&rig, &idle).await);
    let handed = metric(ada.address, "starling_hand_overs_total").await;
    for number in 0..MESSAGES {
        attempt(&ada, &room, &format!("nonce-{number:04}"), false).await;
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(publications(&rig) - published, MESSAGES);
    let after = heard(&rig, &idle).await;
    let each = [after[0] - before[0], after[1] - before[1], after[2] - before[2]];
    assert_eq!(each, [MESSAGES, MESSAGES, 0]);
    let handed = metric(ada.address, "starling_hand_overs_total").await - handed;
    assert!((1..=MESSAGES).contains(&handed), "one worker is interested: {handed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_room_costs_no_read() {
    let rig = Rig::start("", &[]).await;
    let (ada, bob, room) = rig.people().await;
    attempt(&ada, &room, "nonce-once", false).await;
    let (_ada, _bob) = (ada.socket().await, rig.at(1, &bob).socket().await);
    sleep(A_WHILE).await;
    let reads = async || {
        let mut reads = 0;
        for node in &rig.cluster.nodes {
            for call in ["changes", "history", "message", "room", "member", "members"] {
                let line = format!("starling_store_call_seconds_count{{call=\"{call}\"}}");
                reads += metric(node.address(), &line).await;
            }
        }
        reads
    };
    let before = reads().await;
    assert!(before > 0, "the metric is there");
    sleep(A_WHILE).await;
    assert_eq!(reads().await, before);
}
