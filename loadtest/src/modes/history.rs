//! A chat with faults, and the verdict on it.

use std::collections::{BTreeMap, HashSet};
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::{style, world};
use crate::chat::{Chat, Findings, Manner, PresenceCheck, Tally, Until};
use crate::check::{KINDS, Room, Violation};
use crate::clock::{self, SECOND};
use crate::histogram::Histogram;
use crate::links::Engine;
use crate::listing::{self, Listing};
use crate::options::{self, Timing};
use crate::presence::PresenceReport;
use crate::report::{self, Report};
use crate::sessions::{Crowd, Fleet, Share};
use crate::usage::MemoryWatch;
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
    let chat = options.seconds.unwrap_or(options.deliveries as f64 / options.rate);
    let world: Arc<World> =
        world(common, plan, chat + 4.0 * options.settle + 2.0 * options.presence_bound)?;
    let kill = options.kill_command.clone().or_else(|| {
        let file = options.kill_pid_file.as_ref()?;
        Some(format!("kill -9 \"$(cat '{}')\"", file.display()))
    });
    let memory = MemoryWatch::start(common);
    let start = clock::now();
    let kill_at = start + clock::seconds(options.kill_after);
    let timing = Timing { seconds: 0.0, warmup: 0.0, drain: 0.0, text_bytes: options.text_bytes };
    let manner = Manner {
        per_second: options.rate / options.rooms_of.min(options.users) as f64,
        faults_per_minute: options.drop_rate,
        switches_per_minute: options.switch_rate,
        marks: options.marks as usize,
        poll_share: options.poll_share,
        until: match options.seconds {
            Some(seconds) => Until::Time(clock::seconds(seconds)),
            None => Until::Deliveries(options.deliveries),
        },
        not_before: if kill.is_some() { start + 2 * (kill_at - start) } else { 0 },
        settle: clock::seconds(options.settle),
        presence: options.watch_presence.then(|| PresenceCheck {
            bound: clock::seconds(options.presence_bound),
            closes: options.presence_closes,
        }),
        text_bytes: options.text_bytes,
        run: style(Vec::new(), &timing).run,
        ack_log: options.ack_log.clone(),
        events: options.events,
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
    let crowd = Crowd::new(Arc::clone(&world), share, &common.servers, common.in_flight);
    let (mut verdict, rooms) = run(crowd, manner)?;
    verdict.listing = listing::check(&common.servers, &world, &rooms);
    let seconds = (clock::now() - start) as f64 / SECOND as f64;
    verdict.print(options, seconds, memory.finish());
    Ok(verdict.passed())
}

/// What came out of a run.
pub struct Verdict {
    pub tally: Tally,
    pub contradictions: BTreeMap<String, u64>,
    pub findings: Findings,
    pub listing: Listing,
    reactions_ahead: u64,
    messages: usize,
    pub interruptions: Histogram,
    crew: crate::crew::Farewell,
}

impl Verdict {
    /// What stayed wrong.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.findings.last.iter().chain(&self.listing.violations)
    }

    /// What was wrong without a reconnect, and right after it.
    pub fn late(&self) -> impl Iterator<Item = &Violation> {
        let last: HashSet<&Violation> = self.findings.last.iter().collect();
        let first = self.findings.first.iter().map(|(violation, _)| violation);
        first.filter(move |violation| !last.contains(violation))
    }

    pub fn passed(&self) -> bool {
        self.findings.first.is_empty()
            && self.violations().next().is_none()
            && self.contradictions.is_empty()
            && self.listing.failed.is_none()
            && self.tally.unsettled.is_none()
            && self.tally.presence.as_ref().is_none_or(PresenceReport::passed)
    }

    fn print(&self, options: &options::History, seconds: f64, memory: Vec<Value>) {
        let tally = &self.tally;
        let mut report = Report::default();
        report.add("clients", options.users);
        report.number("seconds", seconds);
        report.add("messages", self.messages);
        report.add("acknowledged", tally.acknowledged);
        report.add("deliveries", tally.deliveries);
        latency(&mut report, "visible_after_ack", &tally.visible);
        report.add("last_to_be_visible", tally.slowest.clone());
        latency(&mut report, "ack", &tally.acks);
        report.counts("commands", &tally.commands);
        report.add("retries", tally.retries);
        report.add("retries_of_what_was_stored", tally.known_already);
        report.add("commands_not_answered_in_time", tally.unanswered);
        report.counts("refusals", &self.refusals());
        report.counts("refused", &tally.refused);
        report.counts("faults", &tally.faults);
        report.add("reconnects", self.crew.readied.saturating_sub(options.users as u64));
        report.add("interruptions", self.interruptions.total());
        latency(&mut report, "interruption", &self.interruptions);
        report.add("states_told_again", tally.repeated);
        report.add("rooms_reloaded", tally.reloads);
        report.add("cursors_not_taken", tally.not_resumed);
        report.add("inversions", tally.inversions);
        self.crew.report(&mut report);
        report.add("server_memory", memory);
        report.add("reactions_ahead_of_their_version", self.reactions_ahead);
        report.add("contradictions", self.contradictions.len());
        let first = self.contradictions.iter().take(SHOWN);
        report.counts("first_contradictions", &first.map(|(a, b)| (a.clone(), *b)).collect());
        self.phases(&mut report);
        self.presence(&mut report);
        report.add("servers_not_asked", self.listing.not_asked);
        report.add("listing_failed", self.listing.failed.clone());
        for (kind, count) in by_kind(self.violations()) {
            report.add(kind, count);
        }
        report.add("violations", self.violations().count());
        report.add("first_violations", shown(self.violations()));
        report.add("unsettled", tally.unsettled.clone());
        report.add("passed", self.passed());
        if options.events {
            eprint!("{}", report.table("history"));
            report::event(&json!({
                "phase": "checked", "passed": self.passed(), "late": self.late().count(),
                "violations": self.violations().count(),
            }));
            if options.common.json {
                report::event(&report.object());
            }
        } else {
            report.print("history", options.common.json);
        }
    }

    /// What was wrong at the end of phase one, by half, and how much of it was only late.
    fn phases(&self, report: &mut Report) {
        let findings = &self.findings;
        let half = |stayed: Option<bool>| {
            let of_half = findings.first.iter().filter(move |(_, whose)| *whose == stayed);
            let counts = by_kind(of_half.map(|(violation, _)| violation));
            counts.into_iter().filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>()
        };
        report.number("phase_one_s", findings.settled_after[0] as f64 / 1e9);
        report.number("phase_two_s", findings.settled_after[1] as f64 / 1e9);
        report.add("stayed_connected_in_phase_one", findings.stayed);
        report.counts("phase_one_wrong_where_connected", &half(Some(true)));
        report.counts("phase_one_wrong_where_reconnected", &half(Some(false)));
        report.counts("phase_one_wrong_of_rooms", &half(None));
        report.add("late", self.late().count());
        report.add("first_late", shown(self.late()));
    }

    fn presence(&self, report: &mut Report) {
        let presence = self.tally.presence.as_ref();
        let seconds = |nanoseconds: u64| (nanoseconds / 1_000_000) as f64 / 1_000.0;
        report.add(
            "presence",
            presence.map_or(Value::Null, |told| {
                json!({
                    "watched": told.watched, "agreed_after_s": told.agreed_after.map(seconds),
                    "wrong": told.wrong, "false_offline": told.false_offline,
                    "closed": told.closed, "seen_leaving": told.seen_leaving,
                    "longest_s": seconds(told.longest), "beyond_bound": told.beyond_bound,
                })
            }),
        );
    }

    /// Whatever was refused, by code.
    fn refusals(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (what, count) in &self.tally.refused {
            let code = what.rsplit(' ').next().unwrap_or_default();
            *all.entry(code.to_owned()).or_default() += count;
        }
        for (what, count) in &self.crew.refusals {
            let code = what.rsplit(' ').next().unwrap_or_default();
            *all.entry(code.to_owned()).or_default() += count;
        }
        for (why, count) in &self.crew.closes {
            if let crate::links::Closed::Rejected(status) = why {
                *all.entry(format!("http_{status}")).or_default() += count;
            }
        }
        all
    }
}

fn by_kind<'a>(all: impl Iterator<Item = &'a Violation>) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for violation in all {
        *counts.entry(violation.kind()).or_default() += 1;
    }
    KINDS.map(|kind| (kind, counts.get(kind).copied().unwrap_or_default())).to_vec()
}

fn shown<'a>(all: impl Iterator<Item = &'a Violation>) -> Vec<String> {
    all.take(SHOWN).map(ToString::to_string).collect()
}

fn latency(report: &mut Report, name: &str, histogram: &Histogram) {
    for (label, share) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        report.number(&format!("{name}_{label}_ms"), histogram.quantile(share) as f64 / 1e6);
    }
}

/// Lets the crowd chat to the end, and checks what it saw. With the verdict comes what was sent and
/// seen.
pub fn run(mut crowd: Crowd, manner: Manner) -> Result<(Verdict, Vec<Room>)> {
    let mut engine = Engine::new(crowd.clients(), clock::now())?;
    // Small enough that who stops reading is soon felt by the server.
    engine.links.receive_buffer = Some(RECEIVE_BUFFER);
    let mode = Chat::new(&mut crowd, manner)?;
    let mut fleet = Fleet { crowd, mode };
    engine.run(&mut fleet)?;
    let Fleet { crowd, mut mode } = fleet;
    let rooms = mode.histories(&crowd);
    let verdict = Verdict {
        tally: std::mem::take(&mut mode.tally),
        contradictions: mode.contradictions(),
        findings: std::mem::take(&mut mode.findings),
        listing: Listing::default(),
        reactions_ahead: mode.reactions_ahead(),
        messages: mode.messages(),
        interruptions: crowd.interruptions,
        crew: crate::crew::Farewell {
            cpu: clock::thread_cpu(),
            readied: crowd.readied,
            timeouts: crowd.timeouts,
            bytes_read: engine.links.bytes_read,
            reads: engine.links.reads,
            closes: crowd.closes,
            refusals: crowd.refusals,
        },
    };
    Ok((verdict, rooms))
}
