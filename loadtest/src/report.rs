//! A run's result: a table for people, and with `--json` one object of the same numbers.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Map, Value};

use crate::histogram::Histogram;

/// Tells whoever follows the run, as a line on standard output.
pub fn event(event: &Value) {
    println!("{event}");
    let _ = std::io::stdout().flush();
}

#[derive(Default)]
pub struct Report {
    rows: Vec<(String, Value)>,
}

impl Report {
    pub fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.rows.push((name.to_owned(), value.into()));
    }

    /// A number with three digits behind the point at most.
    pub fn number(&mut self, name: &str, value: f64) {
        self.add(name, (value * 1000.0).round() / 1000.0);
    }

    pub fn latency(&mut self, name: &str, histogram: &Histogram) {
        let shares = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];
        for (label, share) in shares {
            self.number(&format!("{name}_{label}_ms"), histogram.quantile(share) as f64 / 1e6);
        }
    }

    pub fn counts<K: ToString>(&mut self, name: &str, counts: &BTreeMap<K, u64>) {
        let counts: Map<_, _> =
            counts.iter().map(|(key, count)| (key.to_string(), (*count).into())).collect();
        self.add(name, counts);
    }

    pub fn print(&self, title: &str, json: bool) {
        print!("{}", self.table(title));
        if json {
            println!("{}", self.object());
        }
    }

    pub fn object(&self) -> Value {
        Value::Object(self.rows.iter().cloned().collect())
    }

    pub fn table(&self, title: &str) -> String {
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut lines = vec![title.to_owned()];
        for (name, value) in &self.rows {
            let label = name.replace('_', " ");
            match value {
                Value::Object(map) if map.is_empty() => {
                    lines.push(format!("  {label:width$}  none"));
                }
                Value::Object(map) => {
                    lines.push(format!("  {label:width$}"));
                    lines.extend(map.iter().map(|(key, count)| format!("    {key}: {count}")));
                }
                Value::Array(all) => {
                    lines.push(format!("  {label:width$}  {}", all.len()));
                    lines.extend(all.iter().map(|one| format!("    {one}")));
                }
                Value::String(text) => lines.push(format!("  {label:width$}  {text}")),
                number => lines.push(format!("  {label:width$}  {number}")),
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }
}
