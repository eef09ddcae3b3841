//! A node alone and a cluster, with people who chat, and a Prometheus that scrapes them all.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use starling_servers::{
    Cluster, ClusterOptions, Node, NodeOptions, PATIENCE, Prometheus, Redis, WITHOUT_LIMITS,
    cql_for_tests,
};
use tempfile::TempDir;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::given::{Dashboard, RULES, alerts, path, selectors};
use crate::swarm::{self, Swarm};

/// In place of Grafana's `$__rate_interval`: Prometheus scrapes each second here.
const RATE_INTERVAL: &str = "10s";

/// How long the chat goes on before it is drawn, and when a node is stopped and started in it.
const DRAWN: Duration = Duration::from_secs(100);
const STOPPED_AFTER: Duration = Duration::from_secs(55);

struct Site {
    alone: Node,
    cluster: Cluster,
    redis: Redis,
    prometheus: Prometheus,
    began: Instant,
    stirred: u32,
    http: reqwest::Client,
    _chats: [Swarm; 2],
    _folder: TempDir,
}

impl Site {
    fn start() -> Self {
        let flags = WITHOUT_LIMITS.into_iter().chain([("--workers", "1"), ("--drain-ms", "3000")]);
        let flags: Vec<_> =
            flags.flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]).collect();
        let redis = Redis::start();
        let cluster = Cluster::start(ClusterOptions {
            program: env!("CARGO_BIN_EXE_starling").into(),
            nodes: 2,
            redis_url: redis.url(),
            redis_prefix: "starling".to_owned(),
            contact_points: cql_for_tests().to_vec(),
            keyspace: format!("prometheus_{}", std::process::id()),
            replication: 1,
            arguments: flags.clone(),
            nginx: None,
        });
        let mut options = NodeOptions {
            program: env!("CARGO_BIN_EXE_starling").into(),
            arguments: flags,
            ..NodeOptions::default()
        };
        options.set("--data", "data");
        let alone = Node::start(&options);
        let jobs = [("alone", vec![alone.address()]), ("cluster", cluster.addresses())];
        let prometheus = Prometheus::start(&jobs, &path(RULES));
        let folder = tempfile::tempdir().unwrap();
        let program = swarm::build();
        let chats = jobs.map(|(name, nodes)| chat(&program, folder.path(), name, &nodes));
        Self {
            alone,
            cluster,
            redis,
            prometheus,
            began: Instant::now(),
            stirred: 0,
            http: reqwest::Client::new(),
            _chats: chats,
            _folder: folder,
        }
    }

    /// What a chat alone doesn't do: somebody comes, somebody may not, Redis forgets everything, and drops
    /// its connections.
    async fn stir(&mut self) {
        self.stirred += 1;
        for (index, node) in
            [self.alone.address(), self.cluster.nodes[0].address()].iter().enumerate()
        {
            let name = format!("newcomer{}x{index}", self.stirred);
            let person = json!({ "username": name, "email": format!("{name}@example.org"), "password": "correct horse" });
            let url = format!("http://{node}/api/v1/auth/register");
            let came = self.http.post(url).json(&person).send().await.unwrap();
            assert!(came.status().is_success(), "{}", came.text().await.unwrap());
            let refused =
                self.http.get(format!("http://{node}/api/v1/rooms")).send().await.unwrap();
            assert_eq!(refused.status(), 401);
        }
        block_in_place(|| match self.stirred {
            // All topics are read again, on each node.
            2 | 6 => self.redis.cli(&["FLUSHALL"]),
            stirred if stirred.is_multiple_of(8) => {
                self.redis.try_cli(&["CLIENT", "KILL", "TYPE", "pubsub"])
            }
            _ => String::new(),
        });
    }

    /// `data` of Prometheus' answer, or what it finds wrong.
    async fn ask(&self, what: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let base = format!("http://{}/api/v1/{what}", self.prometheus.address());
        let url = reqwest::Url::parse_with_params(&base, parameters).unwrap();
        let mut answer: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].take()),
            _ => Err(answer["error"].to_string()),
        }
    }

    /// Whether there is a number in what Prometheus answers.
    async fn has_data(&self, expr: &str) -> bool {
        let found = self.ask("query", &[("query", expr)]).await;
        let found = found.unwrap_or_else(|error| panic!("{expr}\n{error}"));
        let numbers = found["result"].as_array().unwrap().iter();
        let mut numbers =
            numbers.filter_map(|series| series["value"][1].as_str()?.parse::<f64>().ok());
        numbers.any(f64::is_finite)
    }

    async fn rules(&self) -> Vec<Value> {
        let groups = self.ask("rules", &[]).await.unwrap();
        let groups = groups["groups"].as_array().unwrap().iter();
        groups.flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
    }
}

/// People on these nodes, until it is dropped.
fn chat(program: &Path, folder: &Path, name: &str, nodes: &[std::net::SocketAddr]) -> Swarm {
    let mut arguments: Vec<String> = [
        ("--state", folder.join(format!("{name}.json")).display().to_string().as_str()),
        ("--seconds", "600"),
        ("--users", "80"),
        ("--rooms-of", "20"),
        ("--rate", "1000"),
        ("--drop-rate", "6"),
        ("--poll-share", "0.1"),
    ]
    .into_iter()
    .flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()])
    .collect();
    for node in nodes {
        arguments.extend(["--server".to_owned(), node.to_string()]);
    }
    let mut chat = Swarm::start(program, &arguments, folder.join(format!("{name}.log")));
    let log = || std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap();
    assert!(chat.wait_until_chatting(), "nobody chats: {}", log());
    chat
}

/// Everything that the dashboard and the rules ask of Prometheus, with who asks.
fn questions(rules: &[Value]) -> BTreeSet<(String, String)> {
    let dashboard = Dashboard::read();
    let chosen = |expr: &str| {
        let expr = expr.replace("$__rate_interval", RATE_INTERVAL);
        expr.replace("$job", ".*").replace("$instance", ".*")
    };
    let mut asked = BTreeSet::new();
    for query in dashboard.queries() {
        asked.insert((format!("panel {}", query.panel), chosen(&query.expr)));
    }
    for variable in dashboard.variables() {
        let inside = variable.strip_prefix("label_values(").and_then(|it| it.strip_suffix(')'));
        let (selector, label) = inside.and_then(|it| it.rsplit_once(", ")).expect(variable);
        let expr = format!("group by ({label}) ({})", chosen(selector));
        asked.insert(("a variable".to_owned(), expr));
    }
    for rule in rules {
        let (name, expr) = (rule["name"].as_str().unwrap(), rule["query"].as_str().unwrap());
        if rule["type"] == "recording" {
            asked.insert((name.to_owned(), name.to_owned()));
        }
        // An alert asks for nothing where all is well; what it looks at has to be there.
        for selector in selectors(expr) {
            asked.insert((name.to_owned(), selector.to_owned()));
        }
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_has_data_while_people_chat() {
    let mut site = block_in_place(Site::start);
    let healthy = "starling_redis_reachable == 1";
    while !site.has_data(healthy).await {
        let waited = site.began.elapsed();
        assert!(waited < Duration::from_secs(20), "no {healthy}, and nothing was done to Redis");
        sleep(Duration::from_millis(200)).await;
    }
    let rules = site.rules().await;
    let alerting = rules.iter().filter(|rule| rule["type"] == "alerting").count();
    assert_eq!(alerting, alerts().len());
    let mut open = questions(&rules);
    assert!(open.len() > 80, "only {} questions", open.len());
    let began = Instant::now();
    while !open.is_empty() {
        assert!(began.elapsed() < PATIENCE / 2, "without data: {open:#?}");
        site.stir().await;
        let mut unanswered = BTreeSet::new();
        for (who, expr) in open {
            if !site.has_data(&expr).await {
                unanswered.insert((who, expr));
            }
        }
        open = unanswered;
        sleep(Duration::from_secs(1)).await;
    }
    for rule in site.rules().await {
        assert_eq!(rule["health"], "ok", "{rule:#}");
        assert_ne!(rule["state"], "firing", "all is well: {rule:#}");
    }
    if let Ok(picture) = std::env::var("STARLING_DRAW") {
        draw(&mut site, Path::new(&picture)).await;
    }
}

/// Draws the dashboard from what Prometheus has of this site, with a node that is stopped and started.
async fn draw(site: &mut Site, picture: &Path) {
    while site.began.elapsed() < STOPPED_AFTER {
        site.stir().await;
        sleep(Duration::from_secs(1)).await;
    }
    block_in_place(|| {
        site.cluster.nodes[1].terminate();
        site.cluster.nodes[1].wait();
        site.cluster.nodes[1].restart();
    });
    while site.began.elapsed() < DRAWN {
        site.stir().await;
        sleep(Duration::from_secs(1)).await;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let drawn = Command::new(path("scripts/web.sh"))
        .args(["node", "../tests/prometheus/draw.mjs"])
        .arg(format!("http://{}", site.prometheus.address()))
        .args([(now - DRAWN.as_secs()).to_string(), now.to_string(), RATE_INTERVAL.to_owned()])
        .arg(picture)
        .status();
    assert!(drawn.unwrap().success());
}
