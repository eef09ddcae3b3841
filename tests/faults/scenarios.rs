//! What breaks, and how. Whatever a scenario breaks it mends before it returns.

use std::time::Duration;

use starling_servers::{Direction, Toxic};

use crate::stage::{NODES, Setting, Span, Stage, any};

pub struct Scenario {
    pub name: &'static str,
    /// In words, for people.
    pub breaks: &'static str,
    pub setting: Setting,
    /// Further arguments of `swarm history`.
    pub clients: &'static [&'static str],
    pub fault: fn(&mut Stage<'_>, Duration),
}

macro_rules! scenarios {
    ($($name:ident [$setting:ident $($client:literal)*] $breaks:literal)*) => {
        pub const SCENARIOS: &[Scenario] = &[$(Scenario {
            name: stringify!($name),
            breaks: $breaks,
            setting: Setting::$setting,
            clients: &[$($client),*],
            fault: $name,
        }),*];
    };
}

scenarios! {
    nothing [Plain "--watch-presence"] "nothing; clients drop their connections and switch nodes"
    clients_switch [Plain "--switch-rate" "60" "--drop-rate" "30"] "clients go to another node every second or so"
    node_killed [Plain "--watch-presence"] "a node is killed (kill -9), and started again"
    node_killed_at_each_step [Stops] "a node dies at each step of a message's way, one after the other"
    node_cut_off_and_killed [Proxies] "a node is cut off from Redis, goes on taking messages, and is killed"
    node_paused [Plain] "a node is stopped (SIGSTOP) for as long as clients wait and longer, and goes on"
    node_terminated [Plain] "a node is told to stop (SIGTERM) while it has connections"
    rolling_restart [Plain "--watch-presence"] "all nodes are restarted in an orderly way, one after the other"
    redis_restarted_empty [Plain "--watch-presence"] "Redis is killed, and started with nothing in it"
    redis_flushed [Plain] "Redis forgets everything (FLUSHALL)"
    redis_paused [Plain] "Redis answers nothing for 10 s"
    redis_failed_over [Sentinel] "Redis's master dies, and Sentinel puts the replica in its place"
    redis_failed_over_with_loss [Sentinel] "the same, and the replica lacks the last second of writes"
    pubsub_killed [Plain] "Redis ends all subscribers' connections, every second"
    redis_cut_from_one_node [AnotherHost] "packets between one node and Redis vanish"
    cql_node_killed [Plain] "one of three CQL servers is killed, and started again"
    cql_node_paused [Plain] "one of three CQL servers is stopped (SIGSTOP) for a while"
    store_away [Plain] "all CQL servers answer nothing for 15 s"
    clocks_apart [ClocksApart] "the nodes' clocks are 30 s fast, right, and 30 s slow"
    nginx_restarted [Plain] "nginx is reloaded, and killed and started again"
    links_slow [Proxies] "links to Redis and from the clients are slow and jittery"
    links_cut [Proxies] "links to Redis and from the clients are cut, again and again"
    everything [Proxies "--watch-presence"] "all of these, at random"
}

/// How long a fault that is repeated lasts, in seconds.
const SHORT: f64 = 2.0;

fn nothing(_: &mut Stage<'_>, time: Duration) {
    std::thread::sleep(time);
}

fn clients_switch(_: &mut Stage<'_>, time: Duration) {
    std::thread::sleep(time);
}

fn node_killed(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(1.0) {
        let node = &mut stage.cluster.nodes[any(NODES)];
        node.kill();
        span.wait(SHORT);
        node.restart();
    }
}

fn node_killed_at_each_step(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    let mut options = stage.cluster.node_options();
    let mut steps = starling::stops::PLACES.iter().cycle();
    while span.wait(0.2) {
        let node = &mut stage.cluster.nodes[0];
        if node.ended().is_some() {
            let step = steps.next().expect("it goes round");
            options.environment =
                vec![("STARLING_STOP".to_owned(), format!("{step}:{}", 1 + any(20)))];
            node.restart_as(&options);
        }
    }
    options.environment.clear();
    stage.cluster.nodes[0].restart_as(&options);
}

fn node_cut_off_and_killed(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(1.0) {
        let node = any(NODES);
        stage.redis_links[node].disable();
        span.wait(SHORT * 2.0);
        stage.cluster.nodes[node].kill();
        stage.redis_links[node].enable();
        stage.cluster.nodes[node].restart();
    }
}

fn node_paused(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(1.0) {
        let node = &stage.cluster.nodes[any(NODES)];
        node.pause();
        std::thread::sleep(Duration::from_secs([1, 4, 20][any(3)]));
        node.resume();
    }
}

fn node_terminated(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(1.0) {
        terminate(stage, any(NODES));
    }
}

fn rolling_restart(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(1.0) {
        (0..NODES).for_each(|node| terminate(stage, node));
    }
}

fn terminate(stage: &mut Stage<'_>, node: usize) {
    let node = &mut stage.cluster.nodes[node];
    node.terminate();
    let status = node.wait();
    assert!(status.success(), "it did not stop in an orderly way: {status}");
    node.restart();
}

fn redis_restarted_empty(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(3.0) {
        stage.redis().kill();
        span.wait(SHORT);
        stage.redis().restart();
    }
}

fn redis_flushed(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(2.0) {
        stage.redis().cli(&["FLUSHALL"]);
    }
}

fn redis_paused(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(2.0) {
        stage.redis().pause();
        std::thread::sleep(Duration::from_secs(10));
        stage.redis().resume();
    }
}

fn redis_failed_over(stage: &mut Stage<'_>, time: Duration) {
    fail_over(stage, time, false);
}

fn redis_failed_over_with_loss(stage: &mut Stage<'_>, time: Duration) {
    fail_over(stage, time, true);
}

fn fail_over(stage: &mut Stage<'_>, time: Duration, with_loss: bool) {
    let span = Span::of(time);
    let sentinels = stage.sentinels.as_mut().expect("this scenario has them");
    while span.wait(2.0) {
        let master = sentinels.master();
        if with_loss && let Some(master) = master {
            // What is written from now on does not reach the replica.
            let replica = &sentinels.redis[1 - master];
            replica.pause();
            std::thread::sleep(Duration::from_secs(1));
            sentinels.redis[master].pause();
            sentinels.redis[1 - master].resume();
        }
        let old = sentinels.kill_master();
        sentinels.wait_for_another_master(old);
        sentinels.redis[old].restart();
        sentinels.wait_until_whole();
    }
}

fn pubsub_killed(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(1.0) {
        // With RESP3 a subscriber is a connection like any other.
        stage.redis().cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        stage.redis().cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }
}

fn redis_cut_from_one_node(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    let cable = stage.cable();
    while span.wait(1.0) {
        cable.down();
        span.wait(SHORT * 2.0);
        cable.up();
        span.wait(SHORT);
    }
}

fn cql_node_killed(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    let mut cassandra = stage.servers.cassandra.borrow_mut();
    while span.wait(1.0) {
        let node = any(3);
        cassandra.kill(node);
        span.wait(SHORT);
        cassandra.restart(node);
    }
}

fn cql_node_paused(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    let cassandra = stage.servers.cassandra.borrow();
    while span.wait(1.0) {
        let node = any(3);
        cassandra.pause(node);
        span.wait(SHORT * 2.0);
        cassandra.resume(node);
    }
}

fn store_away(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    let cassandra = stage.servers.cassandra.borrow();
    while span.wait(2.0) {
        (0..3).for_each(|node| cassandra.pause(node));
        std::thread::sleep(Duration::from_secs(15));
        (0..3).for_each(|node| cassandra.resume(node));
        span.wait(5.0);
    }
}

fn clocks_apart(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    let mut off = [30, 0, -30].into_iter().cycle();
    while span.wait(3.0) {
        // A clock that is put right, or wrong, while the node runs.
        for node in &stage.cluster.nodes {
            node.set_clock(off.next().expect("it goes round"));
        }
        off.next();
    }
}

fn nginx_restarted(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(2.0) {
        stage.cluster.nginx.reload_nodes(&stage.cluster.addresses());
        span.wait(2.0);
        stage.cluster.nginx.kill();
        span.wait(SHORT);
        stage.cluster.nginx.restart();
    }
}

fn links_slow(stage: &mut Stage<'_>, time: Duration) {
    let slow = Toxic::Latency { ms: 100, jitter_ms: 80 };
    let links = || stage.redis_links.iter().chain(&stage.client_link);
    let toxics: Vec<_> = links()
        .map(|link| [Direction::Up, Direction::Down].map(|way| link.add(slow, way)))
        .collect();
    std::thread::sleep(time);
    for (link, toxics) in links().zip(&toxics) {
        for toxic in toxics {
            link.remove(toxic);
        }
    }
}

fn links_cut(stage: &mut Stage<'_>, time: Duration) {
    let span = Span::of(time);
    while span.wait(1.0) {
        let links: Vec<_> = stage.redis_links.iter().chain(&stage.client_link).collect();
        let link = links[any(links.len())];
        link.disable();
        span.wait([0.1, 1.0, 4.0][any(3)]);
        link.enable();
    }
}

fn everything(stage: &mut Stage<'_>, time: Duration) {
    const FAULTS: &[fn(&mut Stage<'_>, Duration)] = &[
        node_killed,
        node_cut_off_and_killed,
        node_paused,
        node_terminated,
        redis_restarted_empty,
        redis_flushed,
        redis_paused,
        pubsub_killed,
        cql_node_killed,
        cql_node_paused,
        nginx_restarted,
        links_slow,
        links_cut,
    ];
    let span = Span::of(time);
    while span.wait(0.5) {
        FAULTS[any(FAULTS.len())](stage, Duration::from_secs(3));
    }
}
