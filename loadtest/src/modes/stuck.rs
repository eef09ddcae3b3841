//! Some members of a large room stop reading: the others must not notice.

use std::sync::Arc;

use anyhow::Result;

use super::{crew, report_server, step, style, watch_server, world};
use crate::clock::{self, SECOND};
use crate::options;
use crate::report::Report;
use crate::traffic::{Order, Pace, Style};
use crate::world::Plan;

/// How long those who read again have to be ready again.
const RECOVERY: u64 = 30 * SECOND;

/// Left to itself the kernel would read on for those who don't, many megabytes for each.
const RECEIVE_BUFFER: usize = 64 << 10;

pub fn stuck(options: &options::Stuck) -> Result<bool> {
    let (common, timing) = (&options.common, &options.timing);
    let users = options.users;
    let plan = Plan { users, rooms_of: users, rooms_per_user: 1 };
    let world = world(common, plan, 2.0 * (timing.warmup + timing.seconds + timing.drain))?;
    let first_stuck = users.saturating_sub(options.idlers);
    let stuck: Arc<[usize]> = (first_stuck..users).collect();
    let style = style((0..first_stuck).collect(), timing);
    let style = Style { receive_buffer: Some(RECEIVE_BUFFER), ..style };
    let (crew, _) = crew(common, &world, style)?;
    let messages = options.rate / users as f64 / common.threads.max(1) as f64;
    let pace = Pace::Open { per_second: messages, window: 1_000 };

    let calm = step(pace, timing);
    crew.begin(calm);
    let calm_used = watch_server(common, calm);
    let before = crew.finish(calm, |_| false)?;

    crew.order(|| Order::Pause(Arc::clone(&stuck)));
    let jammed = step(pace, timing);
    crew.begin(jammed);
    let jammed_used = watch_server(common, jammed);
    let during = crew.finish(jammed, |user| user >= first_stuck)?;

    crew.order(|| Order::Resume(Arc::clone(&stuck)));
    let resumed = clock::now();
    clock::sleep_until(resumed + SECOND);
    while crew.ready() < users && clock::now() < resumed + RECOVERY {
        clock::sleep_until(clock::now() + SECOND / 20);
    }
    let ready_again = crew.ready();
    let farewell = crew.dismiss()?;

    let mut report = Report::default();
    report.add("connections", users);
    before.tell(&mut report, timing.seconds);
    report_server(&mut report, common, calm_used, before.deliveries);
    report.print("before", common.json);

    let mut report = Report::default();
    report.add("stuck", options.idlers);
    during.tell(&mut report, timing.seconds);
    report_server(&mut report, common, jammed_used, during.deliveries);
    report.add("connections_lost_while_stuck", during.closed);
    report.add("connections_made_again", farewell.readied - users as u64);
    report.add("ready_after_reading_again", ready_again);
    farewell.report(&mut report);
    report.print("while some are stuck", common.json);
    Ok(during.lost == 0 && before.lost == 0 && ready_again == users)
}
