//! What an operator watches: the dashboard and the rules in `helm/`, before a real Prometheus that scrapes
//! real nodes under load.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod given;
mod live;
#[path = "../faults/swarm.rs"]
#[allow(dead_code, reason = "it is told to chat here, and not asked for its verdict")]
mod swarm;

use std::collections::BTreeSet;
use std::process::Command;

use starling::observe;

use given::{ALERT_TESTS, Dashboard, alerts, path, read, words};

/// What Prometheus makes of a metric: a histogram is three.
fn series() -> impl Iterator<Item = (&'static str, String)> {
    observe::table().flat_map(|metric| {
        let ends: &[&str] =
            if metric.kind() == "histogram" { &["_bucket", "_count", "_sum"] } else { &[""] };
        ends.iter().map(|end| (metric.name, format!("{}{end}", metric.name)))
    })
}

#[test]
fn the_dashboard_and_the_rules_name_what_is_declared_and_leave_nothing_out() {
    let known: BTreeSet<_> = series().map(|(_, series)| series).collect();
    let dashboard = Dashboard::read();
    let shown: BTreeSet<_> = dashboard.queries().iter().flat_map(|it| words(&it.expr)).collect();
    let watched = alerts().into_iter().flat_map(|alert| words(&alert.text));
    let variables = dashboard.variables().iter().flat_map(|it| words(it)).collect::<Vec<_>>();
    for word in shown.iter().cloned().chain(watched).chain(variables) {
        let ours = word.starts_with("starling_");
        assert!(!ours || known.contains(&word), "{word} is no metric of ours");
    }
    for metric in observe::table() {
        let mut in_panels = series().filter(|(name, _)| *name == metric.name);
        let is_shown = in_panels.any(|(_, series)| shown.contains(&series));
        assert!(is_shown, "{} is in no panel", metric.name);
    }
}

#[test]
fn the_dashboard_fits_together() {
    let dashboard = Dashboard::read();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in dashboard.panels() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels have one id: {panel}");
        let cell = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        let (x, y, w, h) = (cell("x"), cell("y"), cell("w"), cell("h"));
        assert!(x + w <= 24, "{} is wider than the page", panel["title"]);
        for place in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
            assert!(taken.insert(place), "{} lies on another panel", panel["title"]);
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
            assert!(panel["description"].as_str().unwrap().ends_with('.'), "{}", panel["title"]);
            assert!(!panel["fieldConfig"]["defaults"]["unit"].is_null(), "{}", panel["title"]);
        }
    }
    for query in dashboard.queries() {
        let chosen = query.expr.matches("job=~\"$job\", instance=~\"$instance\"").count();
        assert_eq!(chosen, query.expr.matches('{').count(), "{}: {}", query.panel, query.expr);
    }
}

#[test]
fn each_alert_says_what_to_do_and_where_to_read_more() {
    let alerts = alerts();
    assert!(alerts.len() > 10);
    for alert in &alerts {
        let name = &alert.name;
        for part in ["severity: ", "summary: ", "description: "] {
            assert!(alert.text.contains(part), "{name} has no {part}");
        }
        let link = alert.text.split("runbook: ").nth(1).and_then(|rest| rest.lines().next());
        let (page, section) = link.and_then(|link| link.split_once('#')).expect(name);
        let headings = read(page);
        let anchors = headings.lines().filter(|line| line.starts_with('#')).map(anchor);
        assert!(anchors.into_iter().any(|it| it == section), "{name}: {page} has no #{section}");
        assert!(headings.contains(&format!("`{name}`")), "{page} says nothing of {name}");
    }
}

/// As a page's viewer makes it from a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn each_alert_was_seen_to_fire_and_to_stay_quiet() {
    let tests = read(ALERT_TESTS);
    for alert in alerts() {
        let name = &alert.name;
        let of = |kind: &str| {
            let (_, rest) = tests.split_once(&format!("name: {name} {kind}\n"))?;
            rest.split("- name: ").next()
        };
        let fires = of("fires").unwrap_or_default();
        assert!(fires.contains(&format!("alertname=\"{name}\"")), "{name} was not seen to fire");
        let quiet = of("stays quiet").unwrap_or_default();
        assert!(quiet.contains("exp_samples: []"), "{name} was not seen to stay quiet");
    }
    let told = Command::new("promtool").args(["test", "rules"]).arg(path(ALERT_TESTS)).output();
    let told = told.expect("promtool is installed: scripts/servers.sh does it, or says how to");
    let text = [told.stdout, told.stderr].concat();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&text));
}
