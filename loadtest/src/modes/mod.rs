//! The modes: each sets up its world, has a crew do something with it, and reports.

mod connect;
mod flood;
mod history;
mod load;
mod self_test;
mod stuck;

use std::sync::Arc;

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::clock;
use crate::crew::{Crew, Hiring};
use crate::options::{Common, Timing};
use crate::report::Report;
use crate::setup::Setup;
use crate::traffic::{Pace, Step, Style};
use crate::usage;
use crate::world::{Plan, World};

pub use connect::connect;
pub use flood::flood;
pub use history::history;
#[cfg(test)]
pub use history::{Verdict, run as run_history};
pub use load::{load, send};
pub use self_test::self_test;
pub use stuck::stuck;

pub fn setup(options: &crate::options::Setup) -> Result<bool> {
    let plan = Plan {
        users: options.users,
        rooms_of: options.rooms_of,
        rooms_per_user: options.rooms_per_user,
    };
    let world = world(&options.common, plan, 0.0)?;
    println!("{} accounts, {} rooms", world.users.len(), world.rooms.len());
    Ok(true)
}

/// The accounts and rooms for a run of about this many seconds.
fn world(common: &Common, plan: Plan, seconds: f64) -> Result<Arc<World>> {
    allow_sockets(plan.users + common.parallel)?;
    let fresh_for = seconds as u64 + 120;
    let setup = Setup {
        servers: &common.servers,
        state: &common.state,
        parallel: common.parallel,
        fresh_for,
    };
    setup.world(plan).map(Arc::new)
}

/// Raises the limit of open files as far as it may be.
fn allow_sockets(sockets: usize) -> Result<()> {
    let wanted = sockets as u64 + 64;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|most| most < wanted) {
        bail!("{sockets} connections need `ulimit -Hn` to be at least {wanted}");
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })?)
}

/// A crew whose clients are all ready, and how long that took, in seconds.
fn crew(common: &Common, world: &Arc<World>, style: Style) -> Result<(Crew, f64)> {
    let crew = Crew::hire(
        world,
        &Hiring {
            servers: &common.servers,
            threads: common.threads,
            in_flight: common.in_flight,
            style,
        },
    );
    let took = crew.gather()?;
    Ok((crew, took))
}

fn style(senders: Vec<usize>, timing: &Timing) -> Style {
    let run = clock::unix_seconds() as u32 ^ (std::process::id() << 16);
    Style { senders, text_bytes: timing.text_bytes, receive_buffer: None, run }
}

/// A step that begins now.
fn step(pace: Pace, timing: &Timing) -> Step {
    let from = crate::crew::soon();
    let measure_from = from + clock::seconds(timing.warmup);
    let until = measure_from + clock::seconds(timing.seconds);
    Step { pace, from, measure_from, until, give_up: until + clock::seconds(timing.drain) }
}

/// What the server used while a step was measured: (processor seconds, memory at the end).
fn watch_server(common: &Common, step: Step) -> usage::Usage {
    clock::sleep_until(step.measure_from);
    let before = usage::of(&common.pids());
    clock::sleep_until(step.until);
    let after = usage::of(&common.pids());
    usage::Usage { cpu_seconds: after.cpu_seconds - before.cpu_seconds, rss_bytes: after.rss_bytes }
}

fn report_server(report: &mut Report, common: &Common, used: usage::Usage, deliveries: u64) {
    if !common.knows_processes() {
        return;
    }
    report.number("server_cpu_s", used.cpu_seconds);
    if deliveries > 0 {
        report.number("server_cpu_us_per_delivery", used.cpu_seconds * 1e6 / deliveries as f64);
    }
    report.number("server_rss_mib", used.rss_bytes as f64 / 1_048_576.0);
}
