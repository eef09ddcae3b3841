//! Looks at what a server is given (its flags, folders, Redis, `ScyllaDB`, the machine), and says of
//! each thing whether it is well, and what to do where it isn't. It changes nothing.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use crate::app;
use crate::auth::keys::Keys;
use crate::bus::redis::{self, MasterFacts};
use crate::config::Config;
use crate::store::scylla::{self, StoreFacts};

/// Sockets that a server of the size that is promised needs, and some files beside them.
const OPEN_FILES: u64 = 4_096;

/// Nodes' clocks may be wrong by up to a minute; it is said long before.
const CLOCK_DOUBTFUL_MS: u64 = 1_000;
const CLOCK_WRONG_MS: u64 = 60_000;

/// The oldest Redis that has what is used.
const REDIS: u32 = 6;
const REDIS_CLUSTER: u32 = 7;

const ROOM_BYTES: u64 = 1024 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Well,
    /// It works, and will not always.
    Advice,
    /// It doesn't work, or loses what must not be lost.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub verdict: Verdict,
    pub what: String,
    /// What to do about it; empty where it is well.
    pub remedy: String,
}

fn well(what: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Well, what: what.into(), remedy: String::new() }
}

fn advice(what: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Advice, what: what.into(), remedy: remedy.into() }
}

fn problem(what: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Problem, what: what.into(), remedy: remedy.into() }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.verdict {
            Verdict::Well => "well",
            Verdict::Advice => "advice",
            Verdict::Problem => "problem",
        };
        write!(f, "{word:8} {}", self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n         {}", self.remedy) }
    }
}

/// Looks at everything that this server would use.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut found = vec![address(config)];
    found.extend(config.metrics_listen.map(metrics_address));
    found.push(open_files());
    let Config { redis_password_file, scylla_password_file, sentry_dsn_file, .. } = config;
    for file in [redis_password_file, scylla_password_file, sentry_dsn_file].into_iter().flatten() {
        found.extend(readable_by_all(file));
    }
    found.push(signing_keys(&config.signing_keys(), config.is_clustered()));
    if !config.is_clustered() {
        found.push(data(&config.data));
        return found;
    }
    let masters = match app::redis_options(config) {
        Ok(options) => redis::examine(&options).await,
        Err(error) => Err(format!("{error:#}")),
    };
    match masters {
        Ok(masters) => {
            for master in masters {
                match master {
                    Ok(facts) => found.extend(of_redis(&facts)),
                    Err(error) => found.push(problem(
                        format!("Redis at {error}"),
                        "Nodes hear nothing of each other over it: see to that process and the way to it.",
                    )),
                }
            }
        }
        Err(error) => found.push(problem(
            format!("Redis can't be reached: {error}"),
            "See --redis-url and --redis-password-file: address, password, TLS, a firewall. A node is not ready before it hears it.",
        )),
    }
    let store = match app::scylla_options(config) {
        Ok(options) => scylla::examine(&options).await.map_err(|error| error.to_string()),
        Err(error) => Err(format!("{error:#}")),
    };
    match store {
        Ok(facts) => found.extend(of_store(&facts)),
        Err(error) => found.push(problem(
            format!("ScyllaDB can't be used: {error}"),
            "See --scylla-nodes, --scylla-user, --scylla-password-file, --scylla-ca. A node ends where it can't reach it for a minute.",
        )),
    }
    found
}

fn address(config: &Config) -> Finding {
    let address = config.listen;
    match TcpListener::bind(address) {
        Ok(_) if !address.ip().is_loopback() && config.trusted_proxies.is_empty() => advice(
            format!("The address {address} is free, and open to others"),
            "Put a proxy with TLS before it, and name it with --trusted-proxies; without it all log-ins \
             through a proxy share one limit.",
        ),
        Ok(_) => well(format!("The address {address} is free")),
        Err(error) => advice(
            format!("It can't listen on {address}: {error}"),
            "Well, if this server runs already. Otherwise another program has it: choose another --listen.",
        ),
    }
}

fn metrics_address(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => well(format!("The address {address} is free, for metrics")),
        Err(error) => advice(
            format!("It can't listen on {address} for metrics: {error}"),
            "Well, if this server runs already. Otherwise choose another --metrics-listen.",
        ),
    }
}

/// A file with a secret. One that isn't there is told of where it is needed.
fn readable_by_all(file: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    (mode & 0o004 != 0).then(|| {
        let name = file.display();
        advice(
            format!("Everybody on this machine can read the secret in {name}"),
            format!("Take that right away: chmod o= {name}"),
        )
    })
}

fn open_files() -> Finding {
    let limit = getrlimit(Resource::Nofile).current;
    match limit {
        Some(limit) if limit < OPEN_FILES => advice(
            format!(
                "This process may open {limit} files, and so serve fewer connections than that"
            ),
            "Raise it: LimitNOFILE= for systemd, `ulimit -n` in a shell, the runtime's setting for a container.",
        ),
        Some(limit) => well(format!("This process may open {limit} files")),
        None => well("This process may open any number of files"),
    }
}

fn signing_keys(file: &Path, clustered: bool) -> Finding {
    if !file.exists() {
        let what = format!("There are no signing keys in {}", file.display());
        return if clustered {
            problem(
                what,
                "Make the file once, and give every node the same one: docs/operations.md says how.",
            )
        } else {
            well(what + " yet; the server makes them")
        };
    }
    match Keys::load_or_create(file) {
        Ok(_) => well(format!("The signing keys in {} are good", file.display())),
        Err(error) => problem(format!("{error:#}"), "Without good keys nobody can log in."),
    }
}

fn data(folder: &Path) -> Finding {
    let name = folder.display();
    let Ok(facts) = std::fs::metadata(folder) else {
        return well(format!("The data folder {name} is not there yet; the server makes it"));
    };
    if !facts.is_dir() {
        return problem(format!("{name} is no folder"), "Choose another one with --data.");
    }
    if facts.permissions().mode() & 0o077 != 0 {
        return advice(
            format!("Others may look into the data folder {name}"),
            format!("Make it yours alone: chmod 700 {name}"),
        );
    }
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return problem(format!("The disk of {name} doesn't answer"), "See the system's log.");
    };
    let free = disk.f_bavail * disk.f_frsize;
    let gib = free as f64 / ROOM_BYTES as f64;
    if free < ROOM_BYTES {
        return advice(
            format!("The disk of {name} has {gib:.1} GiB left"),
            "When it is full, messages are refused: make room.",
        );
    }
    well(format!("The disk of {name} has {gib:.1} GiB left"))
}

fn of_redis(facts: &MasterFacts) -> Vec<Finding> {
    let name = format!("Redis {}", facts.address);
    let major = facts.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let needed = if facts.is_clustered { REDIS_CLUSTER } else { REDIS };
    let mut found = Vec::new();
    if !facts.is_master {
        found.push(problem(
            format!("{name} is a replica"),
            "Name the master, or the Sentinels (redis+sentinel://).",
        ));
    }
    found.push(if major.is_some_and(|major| major < needed) {
        problem(
            format!("{name} has version {}", facts.version),
            format!("Version {needed} or newer is needed."),
        )
    } else {
        let millis = facts.answers_in.as_secs_f64() * 1_000.0;
        well(format!("{name} has version {}, and answers in {millis:.1} ms", facts.version))
    });
    if let Some(policy) = facts.eviction.as_deref().filter(|policy| *policy != "noeviction") {
        found.push(advice(
            format!("{name} may drop keys for want of memory (maxmemory-policy {policy})"),
            "Set maxmemory-policy to noeviction.",
        ));
    }
    if facts.may_fail_over && facts.least_replicas == Some(0) {
        found.push(advice(
            format!("{name} takes writes even where it has lost all its replicas"),
            "Set min-replicas-to-write 1, so that a master that is cut off stops by itself.",
        ));
    }
    found.push(clock(&name, facts.ahead_ms));
    found
}

fn of_store(facts: &StoreFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    let StoreFacts { release, nodes, connected, version, oldest, known, .. } = facts;
    let what = format!("ScyllaDB (release {release}): {connected} of {nodes} nodes are connected");
    found.push(if connected == nodes {
        well(what)
    } else {
        advice(what, "See to the others: each row is on some of them only.")
    });
    if facts.copies.iter().all(|copies| *copies < 3) && !facts.copies.is_empty() {
        found.push(advice(
            format!("There are fewer than three copies of each row ({:?})", facts.copies),
            "With three on three servers one of them may be down: ALTER KEYSPACE, then repair.",
        ));
    }
    found.push(match version.cmp(known) {
        std::cmp::Ordering::Equal => well(format!("The tables have version {version}")),
        std::cmp::Ordering::Less => advice(
            format!("The tables have version {version}; this program knows {known}"),
            "A node brings them up to date when it starts; `starling migrate` does it ahead.",
        ),
        std::cmp::Ordering::Greater if oldest <= known => advice(
            format!(
                "The tables have version {version}; this program knows {known}, and can work with them"
            ),
            "Nothing has to be done. Finish the upgrade, or stay with this program.",
        ),
        std::cmp::Ordering::Greater => problem(
            format!("The tables have version {version}; this program knows {known} at most"),
            "Run the newer program.",
        ),
    });
    found.push(clock("ScyllaDB", facts.ahead_ms));
    found
}

fn clock(whose: &str, ahead_ms: i64) -> Finding {
    let off = ahead_ms.unsigned_abs();
    let way = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let what = format!("The clock of {whose} is {off} ms {way} this machine's");
    let remedy = "Keep all clocks right: NTP, slewing and not stepping.";
    match off {
        CLOCK_WRONG_MS.. => problem(what, remedy),
        CLOCK_DOUBTFUL_MS.. => advice(what, remedy),
        _ => well(what),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn master() -> MasterFacts {
        MasterFacts {
            address: "10.0.0.1:6379".into(),
            version: "7.0.15".into(),
            eviction: Some("noeviction".into()),
            is_clustered: false,
            may_fail_over: true,
            least_replicas: Some(1),
            is_master: true,
            answers_in: Duration::from_micros(300),
            ahead_ms: 3,
        }
    }

    fn store() -> StoreFacts {
        StoreFacts {
            release: "3.0.8".into(),
            nodes: 3,
            connected: 3,
            copies: vec![3],
            version: 1,
            oldest: 1,
            known: 1,
            ahead_ms: -2,
        }
    }

    fn worst(found: &[Finding]) -> Verdict {
        for finding in found {
            let has_remedy = !finding.remedy.is_empty();
            assert_eq!(has_remedy, finding.verdict != Verdict::Well, "{finding}");
        }
        found.iter().map(|finding| finding.verdict).max().expect("something was found")
    }

    #[test]
    fn each_thing_that_is_wrong_is_said() {
        assert_eq!(worst(&of_redis(&master())), Verdict::Well);
        assert_eq!(worst(&of_store(&store())), Verdict::Well);
        for (facts, verdict) in [
            (MasterFacts { version: "5.0.3".into(), ..master() }, Verdict::Problem),
            (MasterFacts { version: "6.2.0".into(), ..master() }, Verdict::Well),
            (
                MasterFacts { version: "6.2.0".into(), is_clustered: true, ..master() },
                Verdict::Problem,
            ),
            (MasterFacts { eviction: Some("allkeys-lru".into()), ..master() }, Verdict::Advice),
            (MasterFacts { least_replicas: Some(0), ..master() }, Verdict::Advice),
            (
                MasterFacts { least_replicas: Some(0), may_fail_over: false, ..master() },
                Verdict::Well,
            ),
            (MasterFacts { is_master: false, ..master() }, Verdict::Problem),
            (MasterFacts { ahead_ms: 999, ..master() }, Verdict::Well),
            (MasterFacts { ahead_ms: -1_000, ..master() }, Verdict::Advice),
            (MasterFacts { ahead_ms: 60_000, ..master() }, Verdict::Problem),
        ] {
            assert_eq!(worst(&of_redis(&facts)), verdict, "{facts:?}");
        }
        for (facts, verdict) in [
            (StoreFacts { connected: 2, ..store() }, Verdict::Advice),
            (StoreFacts { copies: vec![1], ..store() }, Verdict::Advice),
            (StoreFacts { copies: vec![], version: 0, ..store() }, Verdict::Advice),
            (StoreFacts { version: 2, ..store() }, Verdict::Advice),
            (StoreFacts { version: 2, oldest: 2, ..store() }, Verdict::Problem),
            (StoreFacts { ahead_ms: -61_000, ..store() }, Verdict::Problem),
        ] {
            assert_eq!(worst(&of_store(&facts)), verdict, "{facts:?}");
        }
    }
}
