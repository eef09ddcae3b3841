//! Whole histories, against a server in this process that keeps its promises or breaks one.

use std::sync::Arc;

use crate::chat::{Manner, PresenceCheck, Until};
use crate::check::Violation;
use crate::clock::{self, MILLI, SECOND};
use crate::modes::{Verdict, run_history};
use crate::sessions::{Crowd, Share};
use crate::setup::Setup;
use crate::stub::{Faults, Stub};
use crate::world::Plan;

fn history(name: &str, faults: Faults, faults_per_minute: f64) -> Verdict {
    history_with(name, faults, Manner { faults_per_minute, ..manner() })
}

fn manner() -> Manner {
    Manner {
        per_second: 600.0,
        marks: 10,
        until: Until::Deliveries(4_000),
        settle: 3 * SECOND,
        text_bytes: 40,
        run: 99,
        ..Manner::default()
    }
}

fn history_with(name: &str, faults: Faults, manner: Manner) -> Verdict {
    let stub = Stub::start(faults);
    let state = std::env::temp_dir().join(format!("swarm-{}-{name}.json", std::process::id()));
    let setup = Setup { servers: &[stub.address], state: &state, parallel: 4, fresh_for: 60 };
    let plan = Plan { users: 12, rooms_of: 4, rooms_per_user: 2 };
    let world = Arc::new(setup.world(plan).unwrap());
    std::fs::remove_file(&state).unwrap();
    let crowd = Crowd::new(world, Share { shard: 0, shards: 1 }, &[stub.address], 12);
    run_history(crowd, manner).unwrap().0
}

/// For a test that fails: the first of what is wrong.
fn told(verdict: &Verdict) -> String {
    let late: Vec<_> = verdict.findings.first.iter().take(3).collect();
    let wrong: Vec<_> = verdict.violations().take(3).collect();
    format!("{late:?} {wrong:?} {:?} {:?}", verdict.contradictions, verdict.tally)
}

/// All that is wrong in the end is of this kind, and something is.
fn assert_only(verdict: &Verdict, kind: &str) {
    let kinds: Vec<_> = verdict.violations().map(Violation::kind).collect();
    assert!(!kinds.is_empty() && !verdict.passed(), "{:?}", verdict.tally);
    assert!(kinds.iter().all(|one| *one == kind), "{kinds:?}");
}

#[test]
fn a_good_server_passes_through_all_faults() {
    let verdict = history("good", Faults { cut_every: 150, ..Faults::default() }, 60.0);
    assert!(verdict.passed(), "{}", told(&verdict));
    let tally = &verdict.tally;
    assert_eq!(verdict.findings.stayed, 6, "half of them");
    assert!(tally.acks.total() == tally.acknowledged && tally.acknowledged > 500);
    assert_eq!(tally.visible.total(), tally.acknowledged * 4, "one for each member of a room");
    assert!(
        tally.deliveries >= 4_000 && tally.known_already > 0 && tally.repeated > 0,
        "{tally:?}"
    );
    assert!(tally.commands.len() == 6 && tally.faults.len() >= 3, "{tally:?}");
    assert!(verdict.interruptions.max() > 0, "the server cut connections");
}

#[test]
fn deliveries_that_never_come_are_found() {
    let verdict = history("lose", Faults { lose_for_ever: true, ..Faults::default() }, 0.0);
    let lost = |violation: &Violation| matches!(violation, Violation::Lost { .. });
    assert!(verdict.violations().any(lost), "{:?}", verdict.tally);
}

#[test]
fn deliveries_that_only_come_after_a_reconnect_are_late_and_not_lost() {
    let verdict = history("late", Faults { lose_every: 300, ..Faults::default() }, 0.0);
    assert_eq!(verdict.violations().next(), None, "nothing is lost for good");
    assert!(verdict.late().count() > 0 && !verdict.passed(), "{:?}", verdict.tally);
    // Those who connected again have it.
    let stayed = |whose: &Option<bool>| *whose == Some(true);
    let whose: Vec<_> = verdict.findings.first.iter().map(|(_, whose)| *whose).collect();
    assert!(whose.iter().all(stayed), "{whose:?}");
}

#[test]
fn what_was_refused_for_now_is_said_again_until_it_is_acknowledged_and_is_no_fault() {
    let faults = Faults { refuse_every: 20, ..Faults::default() };
    let verdict = history_with("refuse", faults, Manner { settle: 10 * SECOND, ..manner() });
    let tally = &verdict.tally;
    assert!(verdict.passed(), "{}", told(&verdict));
    assert!(
        tally.refused["send storage_unavailable"] > 10 && tally.known_already > 10,
        "{tally:?}"
    );
}

#[test]
fn clients_that_poll_see_the_same_history_and_send_over_http() {
    let faults = Faults { refuse_every: 30, cut_every: 100, ..Faults::default() };
    let manner =
        Manner { poll_share: 0.4, settle: 10 * SECOND, faults_per_minute: 30.0, ..manner() };
    let verdict = history_with("poll", faults, manner);
    let tally = &verdict.tally;
    assert!(verdict.passed(), "{}", told(&verdict));
    assert!(tally.refused["send http_502"] > 0 && tally.known_already > 0, "{tally:?}");
    assert_eq!(verdict.findings.stayed, 6 - 2, "who polls can't stay connected");
    let faults = Faults { lose_for_ever: true, ..Faults::default() };
    let manner = Manner { poll_share: 1.0, ..self::manner() };
    let verdict = history_with("poll-lost", faults, manner);
    assert!(verdict.violations().any(|one| one.kind() == "lost"), "{:?}", verdict.tally);
}

#[test]
fn a_chat_that_is_bound_by_time_takes_so_long() {
    let start = clock::now();
    let until = Until::Time(1_500 * MILLI);
    let manner = Manner { until, switches_per_minute: 100.0, ..manner() };
    let verdict = history_with("time", Faults::default(), manner);
    assert!(verdict.passed(), "{}", told(&verdict));
    assert!(clock::now() - start > 1_500 * MILLI);
    assert!(verdict.tally.faults["moved to any node"] > 5, "{:?}", verdict.tally);
    assert_eq!(verdict.interruptions.total(), 0, "who moves by itself is not interrupted");
}

const PRESENCE: Option<PresenceCheck> = Some(PresenceCheck { bound: SECOND, closes: 3 });

#[test]
fn watchers_see_who_goes() {
    let presence = PRESENCE;
    let verdict = history_with("presence", Faults::default(), Manner { presence, ..manner() });
    let told = verdict.tally.presence.as_ref().unwrap();
    assert!(told.watched > 5 && told.closed == 3 && told.seen_leaving >= 3, "{told:?}");
    assert!(verdict.passed() && told.longest > 0, "{told:?}");
}

#[test]
fn somebody_who_went_and_is_still_shown_is_found() {
    let presence = PRESENCE;
    let faults = Faults { ghosts: true, ..Faults::default() };
    let verdict = history_with("ghosts", faults, Manner { presence, ..manner() });
    let told = verdict.tally.presence.as_ref().unwrap();
    assert!(told.beyond_bound >= 3 && !verdict.passed(), "{told:?}");
}

#[test]
fn a_server_that_stores_a_retry_again_is_found() {
    let faults = Faults { forget_nonces: true, cut_every: 50, ..Faults::default() };
    let verdict = history("double", faults, 0.0);
    let doubled = |violation: &Violation| matches!(violation, Violation::Doubled { .. });
    assert!(verdict.violations().any(doubled), "{:?}", verdict.tally);
}

#[test]
fn a_server_that_answers_edits_and_does_nothing_is_found() {
    let verdict = history("edit", Faults { ignore_edits: true, ..Faults::default() }, 0.0);
    assert_only(&verdict, "diverged_edits");
}

#[test]
fn a_server_that_answers_deletions_and_does_nothing_is_found() {
    let verdict = history("delete", Faults { ignore_deletions: true, ..Faults::default() }, 0.0);
    assert_only(&verdict, "diverged_deletes");
}

#[test]
fn a_server_that_lowers_read_marks_is_found() {
    let verdict = history("lower", Faults { lower_marks: true, ..Faults::default() }, 0.0);
    assert_only(&verdict, "diverged_reads");
}
