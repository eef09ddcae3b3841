//! One trace over several nodes.

use crate::rig::Rig;
use crate::support::{Receiver, Span};

/// OTLP's numbers for what kind a span is of.
const SERVER: i32 = 2;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_a_command_on_one_node_to_the_delivery_on_another() {
    let collector = Receiver::start();
    let url = collector.url();
    let traced = [0, 1].map(|node| {
        // Of what begins on the second nothing is traced; it goes on with what comes from the first.
        let share = if node == 0 { "1" } else { "0" };
        [
            (node, "STARLING_OTLP_ENDPOINT", url.as_str()),
            (node, "STARLING_OTLP_SHARE", share),
            (node, "OTEL_BSP_SCHEDULE_DELAY", "100"),
        ]
    });
    let rig = Rig::start("", traced.as_flattened()).await;
    let (ada, bob, room) = rig.people().await;
    let mut there = rig.at(1, &bob).socket().await;
    let mut here = ada.socket().await;
    here.say(&room, "hello").await;
    there.text("hello").await;

    let below = |spans: &[Span], parent: &Span, name: &str| {
        let mut spans = spans.iter();
        spans.find(|span| span.parent == parent.id && span.name == name).cloned()
    };
    let elsewhere = |receiver: &Receiver| {
        let spans = receiver.spans();
        let command = spans.iter().find(|span| span.name == "command send")?.clone();
        let stored = below(&spans, &command, "store write_message")?;
        let published = below(&spans, &command, "publish")?;
        let delivered = spans.iter().find(|span| {
            (span.name == "deliver" && span.parent == published.id)
                && span.instance != command.instance
        })?;
        Some([command, stored, published, delivered.clone()])
    };
    let way = collector.wait_for("the whole trace", elsewhere).await;
    let [command, stored, published, delivered] = &way;
    assert!(way.iter().all(|span| span.trace == command.trace), "{way:#?}");
    assert_eq!((command.kind, published.kind, delivered.kind), (SERVER, PRODUCER, CONSUMER));
    assert_eq!(command.parent, "");
    assert_eq!(stored.instance, command.instance);
    assert_eq!(published.instance, command.instance);
    assert_eq!(delivered.attributes["starling.connections"], "1");
    let begun = collector.spans().into_iter().filter(|span| span.parent.is_empty());
    assert!(
        begun.clone().all(|span| span.instance == command.instance),
        "{begun:#?}",
        begun = begun.collect::<Vec<_>>()
    );
    collector.stop().await;
}
