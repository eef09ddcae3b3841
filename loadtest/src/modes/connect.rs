//! How fast connections become ready, and what they cost the server in memory.

use anyhow::Result;

use super::{crew, style, world};
use crate::clock;
use crate::options::{self, Timing};
use crate::report::Report;
use crate::usage;
use crate::world::Plan;

/// Without traffic.
const STILL: Timing = Timing { seconds: 0.0, warmup: 0.0, drain: 0.0, text_bytes: 0 };

pub fn connect(options: &options::Connect) -> Result<bool> {
    let common = &options.common;
    let plan = Plan {
        users: options.users,
        rooms_of: options.rooms_of,
        rooms_per_user: options.rooms_per_user,
    };
    let world = world(common, plan, options.hold + 60.0)?;
    let before = usage::of(&common.pids());
    let (crew, took) = crew(common, &world, style(Vec::new(), &STILL))?;
    let connected = usage::of(&common.pids());
    clock::sleep_until(clock::now() + clock::seconds(options.hold));
    let held = usage::of(&common.pids());
    let still_ready = crew.ready();
    let farewell = crew.dismiss()?;

    let mut report = Report::default();
    report.add("connections", options.users);
    report.number("connect_s", took);
    report.number("connections_ready_per_s", options.users as f64 / took);
    report.add("still_ready_after_hold", still_ready);
    if common.knows_processes() {
        let each =
            |bytes: u64| bytes.saturating_sub(before.rss_bytes) as f64 / options.users as f64;
        let cpu = connected.cpu_seconds - before.cpu_seconds;
        report.number("server_cpu_us_per_connect", cpu * 1e6 / options.users as f64);
        report.number("server_rss_before_mib", before.rss_bytes as f64 / 1_048_576.0);
        report.number("server_rss_after_mib", held.rss_bytes as f64 / 1_048_576.0);
        report.number("server_rss_bytes_per_connection", each(held.rss_bytes));
        report.number("server_cpu_s_while_held", held.cpu_seconds - connected.cpu_seconds);
    }
    farewell.report(&mut report);
    report.print("connect", common.json);
    Ok(still_ready == options.users)
}
