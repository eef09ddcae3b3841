//! What processes cost: processor time and memory, from Linux's `/proc`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::options::Common;

/// Between two looks at the processes' memory.
const LOOK: Duration = Duration::from_millis(250);

/// Clock ticks a second in `/proc`, the same on every Linux that this runs on.
const USER_HZ: f64 = 100.0;

#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub rss_bytes: u64,
}

/// The number in a process's file; `None` while there is none.
pub fn pid_in(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The memory of one process, or of those that follow each other under one file, in bytes.
#[derive(Clone, Debug)]
struct Memory {
    name: String,
    source: Source,
    start: u64,
    end: u64,
    max: u64,
}

#[derive(Clone, Debug)]
enum Source {
    Pid(u32),
    File(PathBuf),
}

impl Memory {
    fn look(&mut self) {
        let pid = match &self.source {
            Source::Pid(pid) => Some(*pid),
            Source::File(file) => pid_in(file),
        };
        // One that is just not there keeps what it had.
        if let Some(rss) = pid.and_then(rss_bytes) {
            self.start = if self.start == 0 { rss } else { self.start };
            self.end = rss;
            self.max = self.max.max(rss);
        }
    }

    fn told(&self) -> Value {
        let mib = |bytes: u64| (bytes as f64 / 104_857.6).round() / 10.0;
        json!({
            "process": self.name, "start_mib": mib(self.start), "end_mib": mib(self.end),
            "max_mib": mib(self.max),
            "growth_mib": (mib(self.end) * 10.0 - mib(self.start) * 10.0).round() / 10.0,
        })
    }
}

/// Looks at the memory of the server's processes until it is asked what it saw.
pub struct MemoryWatch {
    stop: Sender<()>,
    thread: JoinHandle<Vec<Memory>>,
}

impl MemoryWatch {
    pub fn start(common: &Common) -> Self {
        let pids = common.server_pids.iter().map(|pid| (pid.to_string(), Source::Pid(*pid)));
        let files = common.server_pid_files.iter();
        let files = files.map(|file| (file.display().to_string(), Source::File(file.clone())));
        let mut all: Vec<Memory> = pids
            .chain(files)
            .map(|(name, source)| Memory { name, source, start: 0, end: 0, max: 0 })
            .collect();
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            loop {
                all.iter_mut().for_each(Memory::look);
                if stopped.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                    return all;
                }
            }
        });
        Self { stop, thread }
    }

    /// An object for each process.
    pub fn finish(self) -> Vec<Value> {
        drop(self.stop);
        self.thread.join().unwrap_or_default().iter().map(Memory::told).collect()
    }
}

/// The sum over these processes; those that are gone count nothing.
pub fn of(pids: &[u32]) -> Usage {
    pids.iter().fold(Usage::default(), |sum, pid| Usage {
        cpu_seconds: sum.cpu_seconds + cpu_seconds(*pid).unwrap_or_default(),
        rss_bytes: sum.rss_bytes + rss_bytes(*pid).unwrap_or_default(),
    })
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may hold anything; utime and stime are the 12th and 13th
    // fields behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / USER_HZ)
}

fn rss_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::{Memory, Source};

    #[test]
    fn a_process_is_followed_by_its_file_and_one_that_is_gone_keeps_what_it_had() {
        let file = std::env::temp_dir().join(format!("swarm-pid-{}", std::process::id()));
        let source = Source::File(file.clone());
        let mut memory = Memory { name: String::new(), source, start: 0, end: 0, max: 0 };
        memory.look();
        assert_eq!(memory.end, 0, "no file yet");
        std::fs::write(&file, format!("{}\n", std::process::id())).unwrap();
        memory.look();
        assert!(memory.start > 100_000 && memory.end == memory.start, "{memory:?}");
        std::fs::write(&file, u32::MAX.to_string()).unwrap();
        memory.look();
        assert!(memory.end > 0 && memory.max >= memory.end, "{memory:?}");
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn this_process_has_memory_and_one_that_is_not_there_has_none() {
        let own = super::of(&[std::process::id()]);
        assert!(own.rss_bytes > 100_000, "{own:?}");
        assert_eq!(super::of(&[u32::MAX]).rss_bytes, 0);
    }
}
