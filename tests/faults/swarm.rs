//! The clients: `swarm history` in a process of its own, and its verdict.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// How long the chat has to come to rest after the last fault, in seconds.
const SETTLE_S: u32 = 60;

pub struct Swarm {
    child: Child,
    lines: BufReader<ChildStdout>,
    log: PathBuf,
}

/// Builds the program, in the profile of these tests, and gives its path.
pub fn build() -> PathBuf {
    let starling = Path::new(env!("CARGO_BIN_EXE_starling"));
    let folder = starling.parent().expect("it is in a folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "starling-loadtest", "--bin", "swarm"]);
    if folder.file_name().is_some_and(|name| name == "release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo runs").success(), "swarm does not build");
    folder.join("swarm")
}

impl Swarm {
    /// Begins to set up, and then to chat.
    pub fn start(program: &Path, arguments: &[String], log: PathBuf) -> Self {
        let errors = std::fs::File::create(&log).expect("a log can be written");
        let mut child = Command::new(program)
            .arg("history")
            .args(arguments)
            .args(["--events", "--json", "--settle", &SETTLE_S.to_string()])
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("swarm starts");
        let lines = BufReader::new(child.stdout.take().expect("it was asked for"));
        Self { child, lines, log }
    }

    /// `false`: it ended before.
    pub fn wait_until_chatting(&mut self) -> bool {
        while let Some(line) = self.line() {
            if line["phase"] == "chatting" {
                return true;
            }
        }
        false
    }

    /// Waits for the verdict.
    pub fn outcome(mut self) -> Outcome {
        let mut told = Value::Null;
        while let Some(line) = self.line() {
            if line.get("acknowledged").is_some() {
                told = line;
            }
        }
        let status = self.child.wait().expect("it was started");
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        Outcome { passed: status.success(), told, log }
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).expect("it writes text");
        (read > 0).then(|| serde_json::from_str(&line).unwrap_or(Value::Null))
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came of a scenario.
pub struct Outcome {
    pub passed: bool,
    /// Swarm's report: `loadtest/README.md` says what each figure is.
    pub told: Value,
    /// What swarm said on the way.
    log: String,
}

/// The columns of the table: a heading, and the figure's name in swarm's report.
const COLUMNS: &[(&str, &str)] = &[
    ("seconds", "seconds"),
    ("acked", "acknowledged"),
    ("deliveries", "deliveries"),
    ("retries", "retries"),
    ("reconnects", "reconnects"),
    ("lost", "lost"),
    ("late", "late"),
    ("doubled", "doubled"),
    ("wrong", "violations"),
    ("ack max ms", "ack_max_ms"),
    ("seen p99 ms", "visible_after_ack_p99_ms"),
    ("seen max ms", "visible_after_ack_max_ms"),
    ("cut p99 ms", "interruption_p99_ms"),
    ("cut max ms", "interruption_max_ms"),
];

impl Outcome {
    pub fn heading() -> String {
        let mut line = format!("{:<34} {:<6}", "scenario", "passed");
        for (heading, _) in COLUMNS {
            let _ = write!(line, " {heading:>11}");
        }
        line + "\n"
    }

    pub fn line(&self, name: &str) -> String {
        let mut line = format!("{name:<34} {:<6}", self.passed);
        for (_, key) in COLUMNS {
            let figure = match &self.told[*key] {
                Value::Null => "-".to_owned(),
                value => value.as_f64().map_or_else(|| value.to_string(), |n| format!("{n:.0}")),
            };
            let _ = write!(line, " {figure:>11}");
        }
        line
    }

    /// All that swarm told, for who looks for the reason.
    pub fn details(&self) -> String {
        let told = serde_json::to_string_pretty(&self.told).expect("it was read as JSON");
        format!("{told}\n{}", self.log)
    }
}
