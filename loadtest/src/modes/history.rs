//! A chat with faults, and the verdict on it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;

use super::{style, world};
use crate::chat::{Chat, Manner, Tally};
use crate::check::{self, Violation};
use crate::clock::{self, SECOND};
use crate::links::Engine;
use crate::options::{self, Timing};
use crate::report::Report;
use crate::sessions::{Crowd, Fleet, Share};
use crate::world::{Plan, World};

/// Violations that are shown; all are counted.
const SHOWN: usize = 20;
const RECEIVE_BUFFER: usize = 32 << 10;

pub fn history(options: &options::History) -> Result<bool> {
    let common = &options.common;
    let plan = Plan {
        users: options.users,
        rooms_of: options.rooms_of,
        rooms_per_user: options.rooms_per_user,
    };
    let expected = options.deliveries as f64 / options.rate + 2.0 * options.patience;
    let world: Arc<World> = world(common, plan, expected)?;
    let kill = options.kill_command.clone().or_else(|| {
        let file = options.kill_pid_file.as_ref()?;
        Some(format!("kill -9 \"$(cat '{}')\"", file.display()))
    });
    let start = clock::now();
    let kill_at = start + clock::seconds(options.kill_after);
    let timing = Timing { seconds: 0.0, warmup: 0.0, drain: 0.0, text_bytes: options.text_bytes };
    let manner = Manner {
        per_second: options.rate / options.rooms_of.min(options.users) as f64,
        faults_per_minute: options.drop_rate,
        deliveries: options.deliveries,
        not_before: if kill.is_some() { start + 2 * (kill_at - start) } else { 0 },
        patience: clock::seconds(options.patience),
        text_bytes: options.text_bytes,
        run: style(Vec::new(), &timing).run,
    };
    if let Some(command) = kill {
        std::thread::spawn(move || {
            clock::sleep_until(kill_at);
            eprintln!("running: {command}");
            let done = Command::new("sh").arg("-c").arg(&command).status();
            eprintln!("the command has ended: {done:?}");
        });
    }
    let share = Share { shard: 0, shards: 1 };
    let crowd = Crowd::new(world, share, &common.servers, common.in_flight);
    let verdict = run(crowd, manner)?;
    verdict.print(options, (clock::now() - start) as f64 / SECOND as f64);
    Ok(verdict.passed())
}

/// What came out of a run.
pub struct Verdict {
    pub tally: Tally,
    pub contradictions: BTreeMap<String, u64>,
    pub violations: Vec<Violation>,
    reactions_ahead: u64,
    messages: usize,
    crew: crate::crew::Farewell,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.violations.is_empty()
            && self.contradictions.is_empty()
            && self.tally.unsettled.is_none()
    }

    fn print(&self, options: &options::History, seconds: f64) {
        let tally = &self.tally;
        let mut report = Report::default();
        report.add("clients", options.users);
        report.number("seconds", seconds);
        report.add("messages", self.messages);
        report.add("deliveries", tally.deliveries);
        report.counts("commands", &tally.commands);
        report.add("retries", tally.retries);
        report.add("retries_of_what_was_stored", tally.known_already);
        report.counts("refused", &tally.refused);
        report.counts("faults", &tally.faults);
        report.add("connections_made", self.crew.readied);
        report.add("states_told_again", tally.repeated);
        report.add("rooms_reloaded", tally.reloads);
        report.add("cursors_not_taken", tally.not_resumed);
        report.add("inversions", tally.inversions);
        self.crew.report(&mut report);
        report.add("reactions_ahead_of_their_version", self.reactions_ahead);
        report.add("contradictions", self.contradictions.len());
        let first = self.contradictions.iter().take(SHOWN);
        report.counts("first_contradictions", &first.map(|(a, b)| (a.clone(), *b)).collect());
        report.add("violations", self.violations.len());
        let first: Vec<String> =
            self.violations.iter().take(SHOWN).map(ToString::to_string).collect();
        report.add("first_violations", first);
        report.add("unsettled", tally.unsettled.clone().unwrap_or_else(|| "no".to_owned()));
        report.add("verdict", if self.passed() { "passed" } else { "FAILED" });
        report.print("history", options.common.json);
    }
}

/// Lets the crowd chat to the end, and checks what it saw.
pub fn run(crowd: Crowd, manner: Manner) -> Result<Verdict> {
    let mut engine = Engine::new(crowd.clients(), clock::now())?;
    // Small enough that who stops reading is soon felt by the server.
    engine.links.receive_buffer = Some(RECEIVE_BUFFER);
    let mode = Chat::new(&crowd, manner);
    let mut fleet = Fleet { crowd, mode };
    engine.run(&mut fleet)?;
    let Fleet { crowd, mut mode } = fleet;
    let tally = std::mem::take(&mut mode.tally);
    let contradictions = mode.contradictions();
    let reactions_ahead = mode.reactions_ahead();
    let (mut violations, mut messages) = (Vec::new(), 0);
    for room in mode.histories(&crowd) {
        messages += room.sent.len();
        violations.extend(check::check(&room));
    }
    let crew = crate::crew::Farewell {
        cpu: clock::thread_cpu(),
        readied: crowd.readied,
        timeouts: crowd.timeouts,
        bytes_read: engine.links.bytes_read,
        reads: engine.links.reads,
        closes: crowd.closes,
        refusals: crowd.refusals,
    };
    Ok(Verdict { tally, contradictions, violations, reactions_ahead, messages, crew })
}
