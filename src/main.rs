//! Arguments, the server, the signals that stop it.

use anyhow::Context;
use clap::Parser;
use starling::app::{self, App};
use starling::config::{Config, Task};
use starling::doctor::{self, Verdict};
use starling::domain::rules::Rule;
use starling::report::{self, Reports};
use starling::trace::Traces;
use starling::{backup, documents, health, observe};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::Layer;

fn main() -> std::process::ExitCode {
    let config = Config::parse();
    match config.print.as_deref() {
        Some("openapi") => return print(&documents::openapi()),
        Some("asyncapi") => return print(&documents::asyncapi()),
        _ => {}
    }
    let done = match &config.task {
        Some(Task::Migrate) => watched(&config, migrate),
        Some(Task::Doctor) => examine(&config),
        Some(Task::Health) => health::ask(config.listen),
        Some(Task::Backup { to }) => backup::back_up(&config, to),
        Some(Task::Restore { from }) => backup::restore(&config, from),
        None => watched(&config, run),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("starling: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn print(document: &str) -> std::process::ExitCode {
    print!("{document}");
    std::process::ExitCode::SUCCESS
}

/// Does it with a log, and with traces and reports where they are asked for, of which the last are sent
/// when it is done.
fn watched(
    config: &Config,
    task: impl FnOnce(&Config) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let wrong = |flag: &'static str| move |error: String| anyhow::anyhow!("{flag}: {error}");
    let mut beside = observe::Layers::new();
    let reports = config.sentry_dsn.as_ref().map(Reports::to).transpose();
    let reports = reports.map_err(wrong("--sentry-dsn"))?;
    beside.extend(reports.iter().map(|_| report::layer().boxed()));
    let traces = config.otlp_endpoint.as_deref().map(|to| Traces::to(to, config.otlp_share));
    let traces = traces.transpose().map_err(wrong("--otlp-endpoint"))?;
    beside.extend(traces.iter().map(|traces| traces.layer().boxed()));
    observe::install_log(config.log_format, &config.log, beside).map_err(wrong("--log"))?;
    task(config)
}

#[tokio::main]
async fn migrate(config: &Config) -> anyhow::Result<()> {
    let version = app::migrate(config).await?;
    println!("The tables in the keyspace {} have version {version}.", config.scylla_keyspace);
    Ok(())
}

#[tokio::main]
async fn examine(config: &Config) -> anyhow::Result<()> {
    let found = doctor::examine(config).await;
    for finding in &found {
        println!("{finding}");
    }
    let problems = found.iter().filter(|it| it.verdict == Verdict::Problem).count();
    anyhow::ensure!(problems == 0, "{problems} of {} things are not well", found.len());
    Ok(())
}

#[tokio::main]
async fn run(config: &Config) -> anyhow::Result<()> {
    // For tests that show what each rule is for; a release build has all of them on, always.
    if cfg!(debug_assertions)
        && let Ok(names) = std::env::var("STARLING_WITHOUT")
    {
        Rule::switch_off(&names).map_err(|name| anyhow::anyhow!("no rule is called {name}"))?;
    }
    // Before the server says that it listens: whoever starts it may stop it from then on.
    let mut terminate = signal(SignalKind::terminate()).context("no signal can be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no signal can be received")?;
    let app = App::start(config).await?;
    let address = app.address();
    println!("Starling listens on http://{address}");
    if config.is_clustered() {
        println!("It is a node of a cluster. Stop it with Ctrl-C.");
    } else {
        println!("Its data is in {}. Stop it with Ctrl-C.", config.data.display());
    }
    println!("Next: open http://{address} in a browser, or chat from two terminals:");
    println!("  cargo run --example terminal_chat -- --server {address} --name ada");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    app.stop().await
}
