//! What processes cost: processor time and memory, from Linux's `/proc`.

use std::fs;

/// Clock ticks a second in `/proc`, the same on every Linux that this runs on.
const USER_HZ: f64 = 100.0;

#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub rss_bytes: u64,
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
    #[test]
    fn this_process_has_memory_and_one_that_is_not_there_has_none() {
        let own = super::of(&[std::process::id()]);
        assert!(own.rss_bytes > 100_000, "{own:?}");
        assert_eq!(super::of(&[u32::MAX]).rss_bytes, 0);
    }
}
