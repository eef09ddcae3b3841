//! The engine from end to end, against a server in this process.

use std::path::PathBuf;
use std::sync::Arc;

use crate::book::Numbers;
use crate::clock::{self, MILLI};
use crate::crew::{Crew, Farewell, Hiring, soon};
use crate::setup::Setup;
use crate::stub::{Faults, Stub};
use crate::traffic::{Pace, Step, Style};
use crate::world::{Plan, World};

const PLAN: Plan = Plan { users: 12, rooms_of: 4, rooms_per_user: 2 };

fn state_file(name: &str) -> PathBuf {
    let name = format!("swarm-test-{}-{name}.json", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    path
}

fn world(stub: &Stub, name: &str) -> Arc<World> {
    let state = &state_file(name);
    let setup = Setup { servers: &[stub.address], state, parallel: 4, fresh_for: 60 };
    let world = setup.world(PLAN).unwrap();
    std::fs::remove_file(state).unwrap();
    Arc::new(world)
}

fn run(faults: Faults, name: &str, threads: usize, pace: Pace) -> (Numbers, Farewell) {
    let stub = Stub::start(faults);
    let world = world(&stub, name);
    let style =
        Style { senders: (0..PLAN.users).collect(), text_bytes: 64, receive_buffer: None, run: 7 };
    let hiring = Hiring { servers: &[stub.address], threads, in_flight: 5, style };
    let crew = Crew::hire(&world, &hiring);
    crew.gather().unwrap();
    let from = soon();
    let until = from + 500 * MILLI;
    let step = Step { pace, from, measure_from: from, until, give_up: until + 5_000 * MILLI };
    crew.begin(step);
    let numbers = crew.finish(step, |_| false).unwrap();
    (numbers, crew.dismiss().unwrap())
}

#[test]
fn paced_traffic_arrives_at_every_member_once_on_one_thread_and_on_two() {
    for threads in [1, 2] {
        let pace = Pace::Open { per_second: 400.0, window: 100 };
        let (numbers, farewell) = run(Faults::default(), "paced", threads, pace);
        let sent = 200 * threads as u64;
        // A machine that is busy holds some up beyond their turn.
        let due = numbers.sent + numbers.unsent;
        assert!(numbers.sent > 0 && due.abs_diff(sent) <= 4, "{due} of {sent}");
        assert_eq!(numbers.expected, numbers.sent * PLAN.rooms_of as u64);
        assert_eq!(numbers.all_deliveries, numbers.expected);
        let wrong = [numbers.lost, numbers.duplicates, numbers.inversions, numbers.foreign];
        assert_eq!(wrong, [0; 4]);
        assert_eq!(numbers.latency.total(), numbers.all_deliveries);
        assert_eq!(farewell.readied, PLAN.users as u64);
    }
}

#[test]
fn senders_that_wait_for_each_answer_never_have_more_than_their_window_under_way() {
    let (numbers, _) = run(Faults::default(), "closed", 1, Pace::Closed { window: 1 });
    assert!(numbers.acknowledged > 10, "{}", numbers.acknowledged);
    assert_eq!((numbers.lost, numbers.unanswered), (0, 0));
}

#[test]
fn what_a_bad_server_loses_and_doubles_is_counted_to_the_last_one() {
    let faults = Faults { lose_every: 50, double_every: 70, ..Faults::default() };
    let pace = Pace::Open { per_second: 400.0, window: 100 };
    let (numbers, _) = run(faults, "bad", 1, pace);
    // A delivery that was both left out and told twice came once.
    let once = numbers.expected / 350;
    assert!(numbers.lost > 5);
    assert_eq!(numbers.lost, numbers.expected / 50 - once);
    assert_eq!(numbers.duplicates, numbers.expected / 70 - once);
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    let faults = Faults { cut_every: 40, ..Faults::default() };
    let (numbers, farewell) = run(faults, "cut", 1, Pace::Open { per_second: 400.0, window: 100 });
    assert!(farewell.readied > PLAN.users as u64);
    assert!(numbers.unanswered > 0);
}

#[test]
fn a_second_run_finds_the_accounts_of_the_first_and_a_larger_one_adds_to_them() {
    let stub = Stub::start(Faults::default());
    let state = &state_file("twice");
    let setup = Setup { servers: &[stub.address], state, parallel: 4, fresh_for: 60 };
    let plan = |users| Plan { users, rooms_of: 4, rooms_per_user: 1 };
    let first = setup.world(plan(6)).unwrap();
    let second = setup.world(plan(10)).unwrap();
    assert_eq!(first.users[..], second.users[..6]);
    assert_eq!((first.rooms.len(), second.rooms.len()), (2, 3));
    assert_eq!(first.rooms[..], second.rooms[..2]);
    // Tokens that would not last are replaced, and the people stay the same.
    let setup = Setup { fresh_for: 10_000, ..setup };
    assert_eq!(setup.world(plan(6)).unwrap().users[0].id, first.users[0].id);
    assert!(first.users[0].expires_at > clock::unix_seconds());
    std::fs::remove_file(state).unwrap();
}
