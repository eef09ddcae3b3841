//! One step of traffic: `load` at a given pace, `send` as fast as acknowledgements come.

use anyhow::Result;

use super::{crew, report_server, step, style, watch_server, world};
use crate::options;
use crate::report::Report;
use crate::traffic::Pace;
use crate::world::Plan;

/// Beyond this many unanswered messages a sender is passed over: only a server that is far behind
/// is ever spared anything by it.
const WINDOW: u32 = 1_000;

pub fn load(options: &options::Load) -> Result<bool> {
    let plan = Plan {
        users: options.users,
        rooms_of: options.rooms_of,
        rooms_per_user: options.rooms_per_user,
    };
    let threads = options.common.threads.clamp(1, options.users);
    let messages = options.rate / options.rooms_of.min(options.users) as f64;
    let pace = Pace::Open { per_second: messages / threads as f64, window: WINDOW };
    one_step("load", &options.common, &options.timing, plan, (0..options.users).collect(), pace)
}

pub fn send(options: &options::Send) -> Result<bool> {
    let users = options.senders * options.rooms_of;
    let plan = Plan { users, rooms_of: options.rooms_of, rooms_per_user: 1 };
    let senders = (0..options.senders).map(|room| room * options.rooms_of).collect();
    let pace = Pace::Closed { window: options.window };
    one_step("send", &options.common, &options.timing, plan, senders, pace)
}

fn one_step(
    title: &str,
    common: &options::Common,
    timing: &options::Timing,
    plan: Plan,
    senders: Vec<usize>,
    pace: Pace,
) -> Result<bool> {
    let world = world(common, plan, timing.warmup + timing.seconds + timing.drain)?;
    let (crew, took) = crew(common, &world, style(senders, timing))?;
    let step = step(pace, timing);
    crew.begin(step);
    let used = watch_server(common, step);
    let numbers = crew.finish(step, |_| false)?;
    let farewell = crew.dismiss()?;

    let mut report = Report::default();
    report.add("connections", plan.users);
    report.number("connections_ready_per_s", plan.users as f64 / took);
    numbers.tell(&mut report, timing.seconds);
    report_server(&mut report, common, used, numbers.deliveries);
    farewell.report(&mut report);
    report.print(title, common.json);
    Ok(numbers.lost == 0 && numbers.foreign == 0)
}
