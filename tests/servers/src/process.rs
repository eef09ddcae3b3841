//! One process: started, watched over, signalled by its own id, started again.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::guardian;
use crate::programs;

/// Nothing that works takes this long, on a machine however busy.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// Waits for its first line, which comes when the guardian knows of it, and becomes the program.
/// Where this process ends before that, there is no line, and no program.
const GATE: &str = r#"read -r _ && exec "$@" </dev/null"#;

/// What to start.
#[derive(Clone, Debug)]
pub struct Program {
    path: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: PathBuf,
    log: PathBuf,
}

impl Program {
    /// A program that runs in this folder, with its output in `log` there.
    pub fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        Self {
            path: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: folder.to_owned(),
            log: folder.join("log"),
        }
    }

    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    pub fn start(self) -> Process {
        let (child, log_from) = self.spawn();
        Process { program: self, child, ended: None, log_from }
    }

    /// The child, and where in the log its output begins.
    fn spawn(&self) -> (Child, u64) {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.expect("the log can be written");
        let log_from = log.metadata().expect("it is open").len();
        let mut child = Command::new("sh")
            .args(["-c", GATE, "starling-gate"])
            .arg(&self.path)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", programs::search_path())
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            // A group of its own: a terminal's Ctrl-C is not for it, and what it starts ends with it.
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        guardian::watch(&child.id().to_string());
        let mut gate = child.stdin.take().expect("it is piped");
        gate.write_all(b"go\n").expect("the gate reads");
        (child, log_from)
    }
}

/// A process that was started here. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    program: Program,
    child: Child,
    ended: Option<ExitStatus>,
    log_from: u64,
}

impl Process {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn pid_for_signals(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn signal(&self, signal: Signal) {
        // Once its end was noticed, the number may be somebody else's.
        assert!(self.ended.is_none(), "the process has ended");
        kill_process(self.pid_for_signals(), signal).expect("one's own process can be signalled");
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// SIGSTOP: its connections stay, and nothing answers. The kernel stops one thread after the
    /// other: this waits for the last.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        wait_until("the process is stopped", || self.is_stopped());
    }

    fn is_stopped(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).into_iter().flatten();
        threads.flatten().all(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            // The state stands after the name, which is in brackets.
            stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
        })
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// `kill -9`, with all that it started, and waits until it is gone.
    pub fn kill(&mut self) {
        if self.ended.is_none() {
            // Not waited for yet, so the number is still its own.
            let _ = kill_process_group(self.pid_for_signals(), Signal::KILL);
            self.note_end(|child| child.wait().map(Some));
        }
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.note_end(Child::try_wait);
        }
        self.ended
    }

    fn note_end(&mut self, wait: impl FnOnce(&mut Child) -> std::io::Result<Option<ExitStatus>>) {
        self.ended = wait(&mut self.child).expect("one's own child can be waited for");
        if self.ended.is_some() {
            guardian::forget(&self.pid().to_string());
        }
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "{} doesn't end", self.name());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it, if it runs, and starts the same once more.
    pub fn restart(&mut self) {
        self.restart_as(self.program.clone());
    }

    /// The same, with another program or other arguments.
    pub fn restart_as(&mut self, program: Program) {
        self.kill();
        self.program = program;
        (self.child, self.log_from) = self.program.spawn();
        self.ended = None;
    }

    /// Waits until this is so; fails, with the end of the log, where the process ends first.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, is_so: impl FnMut(&Self) -> bool) {
        if !self.becomes(PATIENCE, what, is_so) {
            let (name, end) = (self.name(), self.end_of_log());
            panic!("{name} has not {what} in {PATIENCE:?}. Its log ends:\n{end}");
        }
    }

    /// Waits for so long until this is so, and tells whether it is.
    #[track_caller]
    pub fn becomes(
        &mut self,
        within: Duration,
        what: &str,
        mut is_so: impl FnMut(&Self) -> bool,
    ) -> bool {
        let began = Instant::now();
        while !is_so(self) {
            if let Some(status) = self.ended() {
                let (name, end) = (self.name(), self.end_of_log());
                panic!("{name} has ended ({status}) before it {what}. Its log ends:\n{end}");
            }
            if began.elapsed() > within {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// What it has written since it was last started.
    pub fn log(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.program.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.log_from))?;
            file.read_to_end(&mut text)
        });
        read.expect("the log can be read");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The file with everything that it has written.
    pub fn log_file(&self) -> &Path {
        &self.program.log
    }

    fn end_of_log(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn name(&self) -> String {
        Path::new(&self.program.path).display().to_string()
    }

    /// What it takes of memory now, in MiB.
    pub fn memory_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until this is so.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
