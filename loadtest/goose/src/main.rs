//! A load test of a Starling server with Goose: people who chat over sockets and by long polling, read
//! a history, sign up and log in. `loadtest/README.md` says how to run it and how to read it.

mod accounts;
mod api;
mod chat;
mod history;
mod ledger;
mod options;
mod polling;
mod run;
mod socket;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use goose::client::GooseClientBuilder;
use goose::goose::TransactionFunction;
use goose::prelude::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::options::Options;
use crate::run::Run;

/// Of 23 users so many chat; the others poll, read a history, and sign up, one each.
const CHATTING: usize = 20;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::from_command_line();
    let json = options.json;
    allow_sockets();
    let run = Arc::new(Run::new(&options));
    let thresholds = match attack(options, &run).await {
        Ok(metrics) => metrics.thresholds,
        Err(GooseError::ThresholdsFailed { failed, .. }) => failed,
        Err(error) => {
            eprintln!("starling-goose: {error}");
            return ExitCode::from(2);
        }
    };
    let mut failed = run.failures();
    for result in thresholds.iter().filter(|result| !result.passed) {
        failed.push(format!("{}: it is {}", result.rule, result.observed));
    }
    run.report().print("Starling", json);
    for failure in &failed {
        println!("  failed: {failure}");
    }
    if failed.is_empty() {
        println!("  every threshold holds");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

/// One of Goose's transactions: a function that is given the run as well.
macro_rules! step {
    ($run:ident, $name:literal, $function:path) => {{
        let run = Arc::clone($run);
        let function: TransactionFunction = Arc::new(move |user| {
            let run = Arc::clone(&run);
            Box::pin(async move { $function(user, &run).await })
        });
        Transaction::new(function).set_name($name)
    }};
}

async fn attack(options: Options, run: &Arc<Run>) -> Result<GooseMetrics, GooseError> {
    let (second, ten) = (Duration::from_secs(1), Duration::from_secs(10));
    // Nobody needs cookies, and without them all users share one client: to make one takes long.
    let client = GooseClientBuilder::new().without_cookies();
    let attack = GooseAttack::initialize_with_config(options.goose)?
        .set_client_builder_without_cookies(client)?
        .register_scenario(
            scenario!("Chat")
                .set_weight(CHATTING)?
                .register_transaction(step!(run, "enter", chat::enter).set_on_start())
                .register_transaction(step!(run, "talk", chat::talk))
                .register_transaction(step!(run, "leave", chat::leave).set_on_stop()),
        )
        .register_scenario(
            scenario!("Polling")
                .register_transaction(step!(run, "enter", polling::enter).set_on_start())
                .register_transaction(step!(run, "poll", polling::poll))
                .register_transaction(step!(run, "leave", polling::leave).set_on_stop()),
        )
        .register_scenario(
            scenario!("History")
                .set_wait_time(second, second * 2)?
                .register_transaction(step!(run, "write", history::write).set_on_start())
                .register_transaction(step!(run, "read", history::read)),
        )
        .register_scenario(
            scenario!("Accounts").set_wait_time(ten, ten * 2)?.register_transaction(step!(
                run,
                "sign up and log in",
                accounts::sign_up
            )),
        );
    // Too large for the stack of whoever calls it.
    Box::pin(attack.execute()).await
}

/// Each connection is an open file: as many as are allowed.
fn allow_sockets() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // What can't be had shows when there are too many connections.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
