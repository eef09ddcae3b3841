//! Whatever happens to the process that started servers, they don't outlive it.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use starling_servers::{NetworkNamespace, Nginx, Redis, redis_for_tests, wait_until};

/// Not a test: what the other tests start, and end.
#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn owner() {
    let (redis, paused) = (Redis::start(), Redis::start());
    paused.pause();
    let nginx =
        Nginx::start("events {} http { access_log off; server { listen 127.0.0.1:{port}; } }");
    let _namespace = NetworkNamespace::is_possible().then(NetworkNamespace::new);
    for process in [redis.process(), paused.process(), nginx.process()] {
        println!("\nstarted {}", process.pid());
    }
    println!("\nfolder {}", redis.process().log_file().ancestors().nth(2).unwrap().display());
    println!("\nshared {}", redis_for_tests());
    println!("\nready {}", std::process::id());
    if std::env::var_os("OWNER_RETURNS").is_none() {
        std::thread::sleep(std::time::Duration::from_mins(10));
    }
}

struct Started {
    owner: std::process::Child,
    pid: String,
    processes: Vec<String>,
    folder: String,
    shared: String,
}

fn start_owner(returns: bool) -> Started {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["owner", "--exact", "--ignored", "--nocapture"]);
    if returns {
        command.env("OWNER_RETURNS", "1");
    }
    let mut owner = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let mut started = Started {
        owner,
        pid: String::new(),
        processes: vec![],
        folder: String::new(),
        shared: String::new(),
    };
    for line in lines.by_ref().map(Result::unwrap) {
        match line.split_once(' ') {
            Some(("started", pid)) => started.processes.push(pid.to_owned()),
            Some(("folder", path)) => path.clone_into(&mut started.folder),
            Some(("shared", url)) => url.clone_into(&mut started.shared),
            Some(("ready", pid)) => {
                pid.clone_into(&mut started.pid);
                break;
            }
            _ => {}
        }
    }
    // What else it prints has to go somewhere.
    std::thread::spawn(|| lines.for_each(drop));
    assert_eq!(started.processes.len(), 3);
    started
}

/// A zombie that nobody has collected yet is gone.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// Process groups, named by their leaders: nginx's workers are in its group.
fn group_runs(group: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|entry| {
        let pid = entry.file_name().to_string_lossy().into_owned();
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
        fields.get(3) == Some(&group) && runs(&pid)
    })
}

fn assert_nothing_is_left(started: &Started) {
    wait_until("every process is gone", || {
        !started.processes.iter().any(|pid| runs(pid) || group_runs(pid))
    });
    wait_until("the folder is gone", || !Path::new(&started.folder).exists());
    let shared = started.shared.trim_start_matches("redis://");
    wait_until("the shared server is gone", || std::net::TcpStream::connect(shared).is_err());
    let namespace = format!("/run/netns/starling-{}-0", started.pid);
    wait_until("the namespace is gone", || !Path::new(&namespace).exists());
}

#[test]
fn when_the_owner_is_killed() {
    let mut started = start_owner(false);
    assert!(started.processes.iter().all(|pid| group_runs(pid)));
    assert!(Path::new(&started.folder).exists());
    started.owner.kill().unwrap();
    started.owner.wait().unwrap();
    assert_nothing_is_left(&started);
}

#[test]
fn when_the_owner_returns_and_its_statics_are_not_dropped() {
    let mut started = start_owner(true);
    assert!(started.owner.wait().unwrap().success());
    assert_nothing_is_left(&started);
}

#[test]
fn when_a_test_fails() {
    let failed = std::thread::spawn(|| {
        let redis = Redis::start();
        std::panic::panic_any(redis.process().pid().to_string());
    });
    let pid = failed.join().unwrap_err().downcast::<String>().unwrap();
    assert!(!runs(&pid));
}
