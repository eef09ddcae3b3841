//! `swarm`: thousands of clients of a Starling server in one small process. It measures, breaks
//! connections, and checks that what everybody saw is one and the same history.
//!
//! It is written from the protocol's documents and shares no code with the server.

mod book;
mod chat;
mod check;
mod clock;
mod commands;
mod crew;
#[cfg(test)]
mod crew_tests;
#[cfg(test)]
mod history_tests;
mod http;
mod links;
mod listing;
mod marks;
mod modes;
mod options;
mod presence;
mod requests;
mod sessions;
mod setup;
#[cfg(test)]
mod stub;
mod traffic;
mod usage;
mod views;
mod world;

use std::process::ExitCode;

use clap::Parser;
use starling_loadtest::{frame, histogram, report, rng, wire};

use crate::options::{Command, Options};

fn main() -> ExitCode {
    clock::now();
    let done = match Options::parse().command {
        Command::Setup(options) => modes::setup(&options),
        Command::Load(options) => modes::load(&options),
        Command::Send(options) => modes::send(&options),
        Command::Connect(options) => modes::connect(&options),
        Command::Flood(options) => modes::flood(&options),
        Command::Stuck(options) => modes::stuck(&options),
        Command::History(options) => modes::history(&options),
        Command::SelfTest(options) => modes::self_test(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("swarm: {error:#}");
            ExitCode::from(2)
        }
    }
}
