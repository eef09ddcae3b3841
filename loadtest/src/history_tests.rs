//! Whole histories, against a server in this process that keeps its promises or breaks one.

use std::sync::Arc;

use crate::chat::Manner;
use crate::check::Violation;
use crate::clock::SECOND;
use crate::modes::{Verdict, run_history};
use crate::sessions::{Crowd, Share};
use crate::setup::Setup;
use crate::stub::{Faults, Stub};
use crate::world::Plan;

fn history(name: &str, faults: Faults, faults_per_minute: f64) -> Verdict {
    let stub = Stub::start(faults);
    let state = std::env::temp_dir().join(format!("swarm-{}-{name}.json", std::process::id()));
    let setup = Setup { servers: &[stub.address], state: &state, parallel: 4, fresh_for: 60 };
    let plan = Plan { users: 12, rooms_of: 4, rooms_per_user: 2 };
    let world = Arc::new(setup.world(plan).unwrap());
    std::fs::remove_file(&state).unwrap();
    let crowd = Crowd::new(world, Share { shard: 0, shards: 1 }, &[stub.address], 12);
    let manner = Manner {
        per_second: 600.0,
        faults_per_minute,
        deliveries: 4_000,
        not_before: 0,
        patience: 20 * SECOND,
        text_bytes: 40,
        run: 99,
    };
    run_history(crowd, manner).unwrap()
}

#[test]
fn a_good_server_passes_through_all_faults() {
    let verdict = history("good", Faults { cut_every: 150, ..Faults::default() }, 60.0);
    assert!(verdict.passed(), "{:?} {:?}", verdict.violations.first(), verdict.tally);
    let tally = &verdict.tally;
    assert!(
        tally.deliveries >= 4_000 && tally.known_already > 0 && tally.repeated > 0,
        "{tally:?}"
    );
    assert!(tally.commands.len() == 4 && tally.faults.len() >= 3, "{tally:?}");
}

#[test]
fn deliveries_that_never_come_are_found() {
    let verdict = history("lose", Faults { lose_for_ever: true, ..Faults::default() }, 0.0);
    let lost = |violation: &Violation| matches!(violation, Violation::Lost { .. });
    assert!(verdict.violations.iter().any(lost), "{:?}", verdict.tally);
}

#[test]
fn a_server_that_stores_a_retry_again_is_found() {
    let faults = Faults { forget_nonces: true, cut_every: 50, ..Faults::default() };
    let verdict = history("double", faults, 0.0);
    let doubled = |violation: &Violation| matches!(violation, Violation::Doubled { .. });
    assert!(verdict.violations.iter().any(doubled), "{:?}", verdict.tally);
}

#[test]
fn a_server_that_answers_edits_and_does_nothing_is_found() {
    let verdict = history("edit", Faults { ignore_edits: true, ..Faults::default() }, 0.0);
    let lost = |violation: &Violation| matches!(violation, Violation::LostEdit { .. });
    assert!(!verdict.violations.is_empty());
    let other = verdict.violations.iter().find(|violation| !lost(violation));
    assert_eq!(other, None);
}
