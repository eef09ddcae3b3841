//! The command line: Goose's own, what a run is to do on top of it, and the defaults of both.

use clap::{Args, CommandFactory, FromArgMatches, Parser};
use goose::config::GooseConfiguration;

/// A load test of a Starling server: chat, long polling, history, sign-up and log-in
#[derive(Parser)]
#[command(name = "starling-goose")]
pub struct Options {
    #[command(flatten)]
    pub run: RunOptions,

    /// Print the result as one JSON object too
    #[arg(long, help_heading = "Starling")]
    pub json: bool,

    /// What most deliveries have to keep within, end to end: the threshold on their 99th
    /// percentile
    #[arg(long, default_value = "100ms", value_name = "TIME", help_heading = "Starling")]
    delivery_p99: String,

    #[command(flatten)]
    pub goose: GooseConfiguration,
}

#[derive(Args, Clone)]
pub struct RunOptions {
    /// Members of a room
    #[arg(long, default_value_t = 50, value_name = "N", help_heading = "Starling")]
    pub rooms_of: usize,

    /// Deliveries to each connection in a second
    #[arg(long, default_value_t = 1.0, value_name = "N", help_heading = "Starling")]
    pub rate: f64,

    /// Sockets that have to be open at the same time for the run to pass: of 23 users, 20 have one
    #[arg(long, default_value_t = 1_000, value_name = "N", help_heading = "Starling")]
    pub connections: usize,

    /// How long to wait at the end for what is under way, in seconds
    #[arg(long, default_value_t = 10, value_name = "N", help_heading = "Starling")]
    pub drain_s: u64,
}

impl Options {
    /// Ends the process where they make no sense, with a sentence.
    pub fn from_command_line() -> Self {
        let mut command = Self::command();
        let matches = command.clone().get_matches();
        let mut options = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let RunOptions { rooms_of, rate, .. } = options.run;
        if rooms_of == 0 || rate <= 0.0 || !rate.is_finite() {
            let why = "--rooms-of and --rate are above 0";
            command.error(clap::error::ErrorKind::ValueValidation, why).exit();
        }
        let goose = &mut options.goose;
        goose.host.get_or_insert_with(|| "http://127.0.0.1:8080".to_owned());
        // They would end the run, or be in the way of another one on this machine.
        goose.no_telnet = true;
        if matches.value_source("test_plan").is_none() {
            goose.users.get_or_insert(1_150);
            if goose.increase_rate.is_none() {
                goose.increase_time.get_or_insert_with(|| "60s".to_owned());
            }
            if goose.iterations.is_none() {
                goose.run_time.get_or_insert_with(|| "60s".to_owned());
            }
        }
        if goose.threshold.is_empty() {
            let bound = &options.delivery_p99;
            goose.threshold = vec![format!("p99<{bound} for SOCKET delivery")];
            goose.no_threshold_abort = true;
        }
        options
    }
}
