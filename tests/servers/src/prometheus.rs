//! Prometheus: scrapes and evaluates rules each second, so that a test sees soon what an operator sees
//! in a minute.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use crate::guardian;
use crate::http;
use crate::ports::Port;
use crate::process::{Process, Program};
use crate::programs;

#[derive(Debug)]
pub struct Prometheus {
    process: Process,
    port: Port,
    _folder: TempDir,
}

impl Prometheus {
    /// Scrapes these jobs, each with its targets' addresses, and evaluates the rules in this file.
    pub fn start(jobs: &[(&str, Vec<SocketAddr>)], rules: &Path) -> Self {
        let folder = guardian::folder("prometheus");
        let mut configuration = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: ['{}']\n\
             scrape_configs:\n",
            rules.display()
        );
        for (job, targets) in jobs {
            let targets = targets.iter().map(|target| format!("'{target}'")).collect::<Vec<_>>();
            let targets = targets.join(", ");
            let _ = writeln!(configuration, "  - job_name: {job}");
            let _ = writeln!(configuration, "    static_configs: [{{targets: [{targets}]}}]");
        }
        let written = std::fs::write(folder.path().join("prometheus.yml"), configuration);
        written.expect("a file can be written");
        let port = Port::reserve();
        let process = Program::new(programs::find("prometheus"), folder.path())
            .args(["--config.file", "prometheus.yml", "--storage.tsdb.path", "data"])
            .args(["--web.listen-address", &port.address().to_string(), "--log.level", "warn"])
            .start();
        let mut prometheus = Self { process, port, _folder: folder };
        let address = prometheus.address();
        prometheus.process.wait_until("was ready", |_| {
            http::request(address, "GET", "/-/ready", "").is_ok_and(|(status, _)| status == 200)
        });
        prometheus
    }

    /// Of its HTTP API.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    pub fn process(&self) -> &Process {
        &self.process
    }
}
