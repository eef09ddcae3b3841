//! The files that an operator is given, and what they ask of Prometheus.

use std::path::{Path, PathBuf};

use serde_json::Value;

pub const DASHBOARD: &str = "helm/dashboards/starling.json";
pub const RULES: &str = "helm/rules/starling.yaml";
pub const ALERT_TESTS: &str = "tests/prometheus/alerts.yaml";

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect(name)
}

pub struct Dashboard(Value);

/// One of a panel's queries.
pub struct Query {
    pub panel: String,
    pub expr: String,
}

impl Dashboard {
    pub fn read() -> Self {
        Self(serde_json::from_str(&read(DASHBOARD)).expect("it is JSON"))
    }

    pub fn panels(&self) -> &[Value] {
        self.0["panels"].as_array().unwrap()
    }

    pub fn queries(&self) -> Vec<Query> {
        let of = |panel: &Value| {
            let title = panel["title"].as_str().unwrap().to_owned();
            let targets = panel["targets"].as_array().cloned().unwrap_or_default();
            let of = move |target: &Value| {
                let expr = target["expr"].as_str().unwrap().to_owned();
                Query { panel: title.clone(), expr }
            };
            targets.iter().map(of).collect::<Vec<_>>()
        };
        self.panels().iter().flat_map(of).collect()
    }

    /// What its variables ask for: `label_values(SELECTOR, LABEL)`.
    pub fn variables(&self) -> Vec<&str> {
        let list = self.0["templating"]["list"].as_array().unwrap();
        list.iter().filter_map(|variable| variable["query"]["query"].as_str()).collect()
    }
}

pub struct Alert {
    pub name: String,
    /// As it stands in the file.
    pub text: String,
}

pub fn alerts() -> Vec<Alert> {
    let rules = read(RULES);
    let of = |text: &str| Alert {
        name: text.lines().next().unwrap_or_default().to_owned(),
        text: text.to_owned(),
    };
    rules.split("- alert: ").skip(1).map(of).collect()
}

/// The words of an expression: names of metrics among them.
pub fn words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(|c| !is_part(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What an expression selects: names of metrics, with what their labels have to be.
pub fn selectors(expr: &str) -> Vec<&str> {
    let is_metric = |word: &str| {
        let ours = ["starling_", "process_"].iter().any(|begin| word.starts_with(begin));
        ours || word == "up" || word.contains(':')
    };
    let metrics = words(expr).into_iter().filter(|word| is_metric(word));
    let mut found = Vec::new();
    let mut rest = expr;
    for metric in metrics {
        rest = &rest[rest.find(&metric).expect("it is a word of it")..];
        let labels = rest[metric.len()..].starts_with('{');
        let end = if labels { rest.find('}').expect("it closes") + 1 } else { metric.len() };
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found
}
