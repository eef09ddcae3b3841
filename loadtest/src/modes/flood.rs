//! How much a large room can carry.

use std::sync::Arc;

use anyhow::Result;

use super::{crew, report_server, step, style, watch_server, world};
use crate::book::Numbers;
use crate::crew::Crew;
use crate::options::{self, Rate};
use crate::report::Report;
use crate::traffic::Pace;
use crate::usage::{self, Usage};
use crate::world::{Plan, World};

/// A rate counts as carried when at least this share of its deliveries arrives in time.
const CARRIED: f64 = 0.97;
/// Halvings of the interval between the highest rate that was carried and the lowest that wasn't.
const HALVINGS: u32 = 5;

struct Flood<'a> {
    options: &'a options::Flood,
    crew: Crew,
    members: f64,
}

impl Flood<'_> {
    fn try_pace(&self, pace: Pace) -> Result<(Numbers, Usage)> {
        let step = step(pace, &self.options.timing);
        self.crew.begin(step);
        let used = watch_server(&self.options.common, step);
        Ok((self.crew.finish(step, |_| false)?, used))
    }

    fn open(&self, messages: f64) -> Pace {
        let threads = self.options.common.threads.max(1) as f64;
        Pace::Open { per_second: messages / threads, window: self.options.window }
    }

    /// The highest rate that the server carries within the bound, in messages a second.
    fn search(&self) -> Result<Option<(f64, Numbers, Usage)>> {
        let (mut best, mut rate, mut refused) = (None, self.options.start, None::<f64>);
        let mut halvings = 0;
        while halvings < HALVINGS {
            let (numbers, used) = self.try_pace(self.open(rate))?;
            let p99 = numbers.latency.quantile(0.99) as f64 / 1e6;
            let told = numbers.deliveries as f64 / self.options.timing.seconds;
            let carried = told >= CARRIED * rate * self.members
                && p99 <= self.options.p99_ms
                && numbers.lost == 0;
            let verdict = if carried { "carried" } else { "too much" };
            eprintln!(
                "{rate:.0} messages/s: {told:.0} deliveries/s, p99 {p99:.1} ms, {} lost: {verdict}",
                numbers.lost
            );
            if carried {
                best = Some((rate, numbers, used));
            } else {
                refused = Some(rate);
            }
            let low = best.as_ref().map_or(0.0, |(rate, ..)| *rate);
            rate = match refused {
                None => rate * 2.0,
                Some(high) => {
                    halvings += 1;
                    f64::midpoint(low, high)
                }
            };
        }
        Ok(best)
    }
}

pub fn flood(options: &options::Flood) -> Result<bool> {
    let (common, timing) = (&options.common, &options.timing);
    let users = options.rooms_of * options.rooms;
    let plan = Plan { users, rooms_of: options.rooms_of, rooms_per_user: 1 };
    let world: Arc<World> = world(common, plan, timing.seconds * 20.0)?;
    let senders = (0..users).filter(|user| user % options.rooms_of < options.senders).collect();
    let before = usage::of(&common.pids());
    let (crew, took) = crew(common, &world, style(senders, timing))?;
    let flood = Flood { options, crew, members: options.rooms_of as f64 };
    let found = match options.rate {
        Rate::Auto => flood.search()?,
        Rate::Max => {
            let (numbers, used) = flood.try_pace(Pace::Closed { window: options.window })?;
            Some((numbers.sent as f64 / timing.seconds, numbers, used))
        }
        Rate::Messages(rate) => {
            let (numbers, used) = flood.try_pace(flood.open(rate))?;
            Some((rate, numbers, used))
        }
    };
    let after = usage::of(&common.pids());
    let farewell = flood.crew.dismiss()?;

    let mut report = Report::default();
    report.add("connections", users);
    report.number("connections_ready_per_s", users as f64 / took);
    let carried = found.is_some();
    if let Some((rate, numbers, used)) = &found {
        report.number("rate_messages_per_s", *rate);
        numbers.tell(&mut report, timing.seconds);
        report_server(&mut report, common, *used, numbers.deliveries);
    }
    if common.knows_processes() {
        let grown = after.rss_bytes.saturating_sub(before.rss_bytes);
        report.number("server_rss_growth_bytes_per_connection", grown as f64 / users as f64);
    }
    farewell.report(&mut report);
    report.print("flood", common.json);
    Ok(carried)
}
