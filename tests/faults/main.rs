//! A cluster of three nodes behind nginx, on three CQL servers and a Redis, chats while one thing
//! after another breaks; then the histories are checked.
//!
//!     cargo test --test faults -- [--seconds N] [--report FILE] [--list] [SCENARIO]...
//!
//! Each scenario runs for N seconds (6 where nothing is said) and is what `scenarios.rs` says it
//! is. The clients are `swarm`'s: it makes the load, and the verdict is its own.

mod scenarios;
mod stage;
mod swarm;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use scenarios::{SCENARIOS, Scenario};
use stage::{Servers, Setting};
use starling_servers::NetworkNamespace;
use swarm::Outcome;

struct Options {
    seconds: u64,
    report: Option<PathBuf>,
    list: bool,
    names: Vec<String>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let wanted: Vec<_> = SCENARIOS
        .iter()
        .filter(|scenario| {
            options.names.is_empty() || options.names.iter().any(|name| name == scenario.name)
        })
        .collect();
    if options.list {
        for scenario in wanted {
            println!("{:<34} {}", scenario.name, scenario.breaks);
        }
        return ExitCode::SUCCESS;
    }
    if wanted.is_empty() {
        println!("no scenario has such a name; --list shows them");
        return ExitCode::SUCCESS;
    }
    let servers = Servers::start();
    let mut table = Outcome::heading();
    let mut failed = Vec::new();
    for scenario in wanted {
        if scenario.setting == Setting::AnotherHost && !NetworkNamespace::is_possible() {
            println!("{:<34} skipped: only root makes network namespaces", scenario.name);
            continue;
        }
        let outcome = run(&servers, scenario, Duration::from_secs(options.seconds));
        let line = outcome.line(scenario.name);
        println!("{line}");
        let _ = writeln!(table, "{line}");
        if !outcome.passed {
            println!("{}", outcome.details());
            failed.push(scenario.name);
        }
    }
    if let Some(file) = &options.report {
        std::fs::write(file, &table).expect("the report is written");
    }
    if failed.is_empty() {
        println!("every history holds");
        return ExitCode::SUCCESS;
    }
    println!("failed: {}", failed.join(", "));
    ExitCode::FAILURE
}

fn run(servers: &Servers, scenario: &Scenario, time: Duration) -> Outcome {
    eprintln!("-- {}: {}", scenario.name, scenario.breaks);
    let mut stage = servers.stage(scenario.setting);
    let mut swarm = stage.swarm(scenario.name, time, scenario.clients);
    if swarm.wait_until_chatting() {
        (scenario.fault)(&mut stage, time);
    }
    // Whatever was broken is whole again: from here on everything has to come right.
    swarm.outcome()
}

fn options() -> Result<Options, String> {
    let mut options = Options { seconds: 6, report: None, list: false, names: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--seconds" => {
                options.seconds = value()?.parse().map_err(|_| "--seconds takes a number")?;
            }
            "--report" => options.report = Some(value()?.into()),
            "--list" => options.list = true,
            // What `cargo test` passes on to every test binary; so does it with names of tests.
            flag if flag.starts_with("--") => {}
            _ => options.names.push(argument),
        }
    }
    Ok(options)
}
