//! Flags and environment variables. Each is checked when the server starts; a wrong one is refused
//! with a sentence that names it.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Parser, Subcommand};

use crate::auth::passwords::{DEFAULT_MEMORY_KIB, DEFAULT_PASSES};
use crate::domain::network::Network;
use crate::domain::window::{Limit, MAX_COUNT};
use crate::observe::LogFormat;
use crate::report::Dsn;

#[derive(Clone, Debug, Parser)]
#[command(
    name = "starling",
    version,
    subcommand_negates_reqs = true,
    about = "A self-hosted chat server: one binary, one data folder.",
    long_about = "A self-hosted chat server.\n\nStarted without anything, it listens on 127.0.0.1:8080 and keeps everything in ./data. \
                  Each flag may be given as an environment variable instead; the flag goes before."
)]
pub struct Config {
    /// Where to listen: address and port (port 0: any that is free)
    #[arg(
        long,
        env = "STARLING_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    pub listen: SocketAddr,

    /// The folder with everything that must last; made where it is missing. One server at a time
    #[arg(long, env = "STARLING_DATA", default_value = "data", value_name = "FOLDER")]
    pub data: PathBuf,

    /// The file with the keys that tokens are signed with; made (mode 0600) where it is missing
    /// [default: signing-keys.json in the data folder]
    #[arg(long, env = "STARLING_SIGNING_KEYS", value_name = "FILE")]
    pub signing_keys: Option<PathBuf>,

    /// Redis, over which the nodes of a cluster hear each other: `redis://` or `rediss://` (TLS), with
    /// USER:PASSWORD@ before HOST:PORT where needed. Several, separated by commas, for Sentinel
    /// (`redis+sentinel://HOST:PORT/MASTER`) and Cluster (`redis+cluster://HOST:PORT`; `rediss+...` with
    /// TLS). Goes together with --scylla-nodes and --signing-keys
    #[arg(long, env = "STARLING_REDIS_URL", hide_env_values = true, value_name = "URLS", value_delimiter = ',', requires_all = ["scylla_nodes", "signing_keys"])]
    pub redis_url: Vec<String>,

    /// What all keys and channels in Redis begin with
    #[arg(
        long,
        env = "STARLING_REDIS_PREFIX",
        default_value = "starling",
        value_name = "TEXT",
        value_parser = name
    )]
    pub redis_prefix: String,

    /// A PEM file with the authority that signed Redis's certificate [default: the system's]
    #[arg(long, env = "STARLING_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,

    /// Some nodes of ScyllaDB (or Cassandra), where a cluster keeps what must last, separated by commas.
    /// Goes together with --redis-url
    #[arg(
        long,
        env = "STARLING_SCYLLA_NODES",
        value_name = "HOST:PORT",
        value_delimiter = ',',
        requires = "redis_url"
    )]
    pub scylla_nodes: Vec<String>,

    /// The keyspace; made where it is missing
    #[arg(
        long,
        env = "STARLING_SCYLLA_KEYSPACE",
        default_value = "starling",
        value_name = "NAME",
        value_parser = name
    )]
    pub scylla_keyspace: String,

    /// Copies of each row in a keyspace that is made, 1 to 9
    #[arg(long, env = "STARLING_SCYLLA_REPLICATION", default_value_t = 3, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub scylla_replication: u8,

    /// The datacenter whose nodes are asked first, and where a keyspace that is made has its copies
    /// [default: the one of the first node that answers]
    #[arg(long, env = "STARLING_SCYLLA_DATACENTER", value_name = "NAME")]
    pub scylla_datacenter: Option<String>,

    /// Who logs in to ScyllaDB
    #[arg(
        long,
        env = "STARLING_SCYLLA_USER",
        value_name = "NAME",
        requires = "scylla_password_file"
    )]
    pub scylla_user: Option<String>,

    /// A file with their password
    #[arg(long, env = "STARLING_SCYLLA_PASSWORD_FILE", value_name = "FILE")]
    pub scylla_password_file: Option<PathBuf>,

    /// A PEM file with the authority that signed ScyllaDB's certificates; with it, TLS is used
    #[arg(long, env = "STARLING_SCYLLA_CA", value_name = "FILE")]
    pub scylla_ca: Option<PathBuf>,

    /// A folder with a web client (what `npm run build` makes), or `off` for none [default: the one that
    /// was built with the program]
    #[arg(long, env = "STARLING_WEB_CLIENT", value_name = "FOLDER")]
    pub web_client: Option<WebClient>,

    /// Threads that serve connections, 1 to 64 [default: one for each core but one, which the store has]
    #[arg(long, env = "STARLING_WORKERS", value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub workers: Option<u8>,

    /// Web origins that may use the API from a browser, beside the server's own, separated by commas
    #[arg(long, env = "STARLING_ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub allowed_origins: Vec<String>,

    /// Addresses and networks (`10.0.0.0/8`) of proxies whose X-Forwarded-For and X-Forwarded-Proto are
    /// believed, separated by commas
    #[arg(long, env = "STARLING_TRUSTED_PROXIES", value_name = "ADDRESSES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// How long an access token is valid, in seconds, 30 to 86400
    #[arg(long, env = "STARLING_ACCESS_TOKEN_S", default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(30..=86_400))]
    pub access_token_s: u64,

    /// How long a session lasts without being used, in days, 1 to 365
    #[arg(long, env = "STARLING_SESSION_DAYS", default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=365))]
    pub session_days: u64,

    /// Memory of one password hash (Argon2id), in KiB, 8 to 1048576
    #[arg(long, env = "STARLING_PASSWORD_MEMORY_KIB", default_value_t = DEFAULT_MEMORY_KIB, value_name = "KIB", value_parser = clap::value_parser!(u32).range(8..=1_048_576))]
    pub password_memory_kib: u32,

    /// Passes of one password hash (Argon2id), 1 to 100
    #[arg(long, env = "STARLING_PASSWORD_PASSES", default_value_t = DEFAULT_PASSES, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub password_passes: u32,

    /// Messages of one person in one room: NUMBER/TIME (s, m or h), or `off`
    #[arg(long, env = "STARLING_LIMIT_MESSAGES", default_value = "5/10s", value_name = "LIMIT", value_parser = limit)]
    pub limit_messages: Limit,

    /// API requests of one person
    #[arg(long, env = "STARLING_LIMIT_API", default_value = "100/1m", value_name = "LIMIT", value_parser = limit)]
    pub limit_api: Limit,

    /// Log-ins to one account
    #[arg(long, env = "STARLING_LIMIT_LOGINS_TO_ACCOUNT", default_value = "10/15m", value_name = "LIMIT", value_parser = limit)]
    pub limit_logins_to_account: Limit,

    /// Log-ins and registrations from one address
    #[arg(long, env = "STARLING_LIMIT_LOGINS_FROM_ADDRESS", default_value = "30/15m", value_name = "LIMIT", value_parser = limit)]
    pub limit_logins_from_address: Limit,

    /// Commands on one socket
    #[arg(long, env = "STARLING_LIMIT_COMMANDS", default_value = "200/10s", value_name = "LIMIT", value_parser = limit)]
    pub limit_commands: Limit,

    /// When stopped, how long clients take to move away, in milliseconds, 0 to 60000
    #[arg(long, env = "STARLING_DRAIN_MS", default_value_t = 2_000, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub drain_ms: u64,

    /// What is logged, for example `info` or `info,starling=debug`
    #[arg(
        long,
        env = "STARLING_LOG",
        default_value = "info,actix_server=warn",
        value_name = "FILTER"
    )]
    pub log: String,

    /// How logs look
    #[arg(long, env = "STARLING_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Where traces are sent (OTLP over HTTP), for example `http://collector:4318` [default: nowhere]
    #[arg(long, env = "STARLING_OTLP_ENDPOINT", hide_env_values = true, value_name = "URL", value_parser = Secret(web_address))]
    pub otlp_endpoint: Option<String>,

    /// The share of requests and commands that is traced, 0 to 1
    #[arg(long, env = "STARLING_OTLP_SHARE", default_value_t = 0.01, value_name = "SHARE", value_parser = share)]
    pub otlp_share: f64,

    /// Where panics and errors are reported (a DSN of Sentry, or of a server that speaks its protocol)
    /// [default: nowhere]
    #[arg(long, env = "STARLING_SENTRY_DSN", hide_env_values = true, value_name = "URL", value_parser = Secret(dsn))]
    pub sentry_dsn: Option<Dsn>,

    /// Print the OpenAPI document (`openapi`) or the AsyncAPI document (`asyncapi`), and end
    #[arg(long, value_name = "DOCUMENT", value_parser = ["openapi", "asyncapi"])]
    pub print: Option<String>,

    #[command(subcommand)]
    pub task: Option<Task>,
}

/// Which web client is served, where it is not the one that was built with the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebClient {
    Off,
    Folder(PathBuf),
}

impl From<OsString> for WebClient {
    fn from(text: OsString) -> Self {
        if text == "off" { Self::Off } else { Self::Folder(text.into()) }
    }
}

/// What is done instead of serving.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Bring ScyllaDB's tables up to what this program knows, and end. A node does so when it starts,
    /// too; done ahead of an upgrade, none has to
    Migrate,
    /// Look at what a server with these flags would use, and say what to do where something is not well.
    /// Changes nothing; ends with status 1 where there is a problem
    Doctor,
    /// Ask the server on --listen whether it is ready, and end with status 0 where it is
    Health,
    /// Copy the data folder into a new one, while a server uses it, and read the copy whole
    Backup {
        /// Made where it is missing; may not hold data
        to: PathBuf,
    },
    /// Put a backup into the data folder, which may hold no data, and read it whole
    Restore {
        /// What `backup` made
        from: PathBuf,
    },
}

impl Config {
    pub fn signing_keys(&self) -> PathBuf {
        self.signing_keys.clone().unwrap_or_else(|| self.data.join("signing-keys.json"))
    }

    /// Whether it is one of many nodes, on Redis and ScyllaDB.
    pub fn is_clustered(&self) -> bool {
        !self.redis_url.is_empty()
    }

    pub fn workers(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.workers.map_or((cores - 1).clamp(1, 64), usize::from)
    }
}

/// A name that needs no quoting, wherever it ends up.
fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if text.is_empty() || text.len() > 40 || !text.chars().all(plain) {
        return Err("a name has 1 to 40 small letters, digits and underscores".into());
    }
    Ok(text.to_owned())
}

/// Reads `5/10s`, `100/1m`, `off`.
fn limit(text: &str) -> Result<Limit, String> {
    const FORM: &str = "write it as NUMBER/TIME, like 5/10s, 100/1m or 1000/1h, or `off`";
    if text == "off" {
        return Ok(Limit { most: 0, per_ms: 1 });
    }
    let (most, time) = text.split_once('/').ok_or(FORM)?;
    let most: u32 = most.parse().map_err(|_| FORM)?;
    let split = time.len() - time.chars().last().map_or(0, char::len_utf8);
    let (number, unit) = time.split_at(split);
    let unit_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(FORM.into()),
    };
    let number = if number.is_empty() { 1 } else { number.parse::<u32>().map_err(|_| FORM)? };
    if !(1..=MAX_COUNT).contains(&most) || !(1..=86_400).contains(&number) {
        return Err(format!("a limit counts 1 to {MAX_COUNT}, in a time of 1 to 86400"));
    }
    Ok(Limit { most, per_ms: u64::from(number) * unit_ms })
}

/// Reads what may hold a secret: it is not repeated where it is wrong.
#[derive(Clone, Copy)]
struct Secret<T>(fn(&str) -> Result<T, String>);

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Secret<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let Self(read) = self;
        read(value.to_str().unwrap_or_default()).map_err(|form| {
            let flag = arg.and_then(Arg::get_long).unwrap_or_default();
            let wrong = format!("the value of --{flag} is wrong: {form}");
            command.clone().error(ErrorKind::ValueValidation, wrong)
        })
    }
}

fn web_address(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains([' ', '@']) => Ok(text.to_owned()),
        _ => Err("it is an address like http://collector:4318, without a password".into()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share is a number from 0 to 1, like 0.01".into())
}

fn dsn(text: &str) -> Result<Dsn, String> {
    text.parse().map_err(|_| "it has the form https://KEY@HOST/PROJECT".into())
}

fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => Ok(text.to_owned()),
        _ => Err("an origin is written like https://chat.example.org, without a path".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_defaults_are_what_is_promised() {
        Config::command().debug_assert();
        let config = Config::try_parse_from(["starling"]).expect("the defaults are valid");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.limit_messages, Limit { most: 5, per_ms: 10_000 });
        assert_eq!(config.limit_api, Limit { most: 100, per_ms: 60_000 });
    }

    #[test]
    fn a_migration_needs_no_flags_of_a_node() {
        let nodes = ["--scylla-nodes", "10.0.0.1:9042"];
        let arguments = ["starling"].iter().chain(&nodes).chain(&["migrate"]);
        let config = Config::try_parse_from(arguments).expect("it is whole");
        assert_eq!((config.task, config.scylla_nodes.len()), (Some(Task::Migrate), 1));
    }

    #[test]
    fn a_wrong_value_is_refused_by_its_name() {
        for (flag, value) in [
            ("--listen", "localhost"),
            ("--workers", "0"),
            ("--workers", "65"),
            ("--limit-messages", "5"),
            ("--limit-messages", "0/10s"),
            ("--limit-messages", "10001/10s"),
            ("--limit-api", "5/10d"),
            ("--allowed-origins", "*"),
            ("--allowed-origins", "https://a.example/path"),
            ("--access-token-s", "29"),
            ("--session-days", "366"),
            ("--password-memory-kib", "7"),
            ("--trusted-proxies", "proxy"),
            ("--trusted-proxies", "10.0.0.0/33"),
            ("--log-format", "xml"),
            ("--otlp-endpoint", "collector:4318"),
            ("--otlp-share", "1.1"),
            ("--sentry-dsn", "https://host/1"),
            ("--sentry-dsn", "ftp://its-key@host/1"),
            ("--otlp-endpoint", "https://its-key@collector:4318"),
            ("--redis-prefix", "a:b"),
            ("--scylla-keyspace", ""),
            ("--scylla-replication", "0"),
            ("--scylla-nodes", "127.0.0.1:9042"),
            ("--redis-url", "redis://127.0.0.1"),
        ] {
            let error = Config::try_parse_from(["starling", flag, value]).expect_err(value);
            assert!(error.to_string().contains(flag), "{flag} {value}: {error}");
            assert!(!error.to_string().contains("its-key"), "{error}");
        }
        assert_eq!(limit("10000/24h"), Ok(Limit { most: 10_000, per_ms: 86_400_000 }));
        assert_eq!(limit("7/s"), Ok(Limit { most: 7, per_ms: 1_000 }));
        assert_eq!(limit("off").map(|limit| limit.most), Ok(0));
    }
}
