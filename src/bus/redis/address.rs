//! Where Redis is: URLs in, connections out.

use std::path::PathBuf;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, RedisConnectionInfo, RedisResult, TlsCertificates,
};
use socket2::TcpKeepalive;

/// How long an answer may take, on purpose: a Redis that is well takes a millisecond, and one that
/// forks or swaps some hundred; whoever sends a message waits this long once, then Redis counts as
/// away until it answers again.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(1);
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// Sent bytes that nobody acknowledges for this long end a connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(5);
/// Requests that wait for their turn to be written.
const PIPELINE: usize = 1024;

/// How to reach Redis.
#[derive(Clone)]
pub struct RedisOptions {
    /// One of `redis://`, or some of `redis+sentinel://…/MASTER` or of `redis+cluster://`; all of them
    /// `rediss…` for TLS. User, password and database are taken from the first.
    pub urls: Vec<String>,
    /// The password, where it doesn't stand in the first URL.
    pub password: Option<String>,
    /// What all keys and channels begin with.
    pub prefix: String,
    /// A PEM file with the authority that signed Redis's certificate; `None`: the system's.
    pub ca: Option<PathBuf>,
}

/// Without what may hold a password.
impl std::fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisOptions")
            .field("urls", &self.urls.len())
            .field("prefix", &self.prefix)
            .field("ca", &self.ca)
            .finish()
    }
}

/// What keeps a bus from being made at all.
#[derive(Debug, thiserror::Error)]
pub enum RedisOptionsError {
    #[error("no URL of Redis is given")]
    NoUrl,
    /// The URL may hold a password and is not repeated.
    #[error("the URL of Redis number {number} is no good: {why}")]
    Url { number: usize, why: String },
    #[error("the password of Redis is given twice: in its URL, and beside it")]
    TwoPasswords,
    #[error("{}: {why}", path.display())]
    Ca { path: PathBuf, why: String },
}

/// How its processes stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    /// The master of this name, which Sentinels know.
    Sentinel(String),
    Cluster,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    pub host: String,
    pub port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Where to begin, and how to connect to whatever is found from there.
pub(super) struct Directory {
    pub kind: Kind,
    /// Redis itself, Sentinels, or some nodes of the cluster.
    pub seeds: Vec<Address>,
    login: RedisConnectionInfo,
    tls: bool,
    ca: Option<Vec<u8>>,
}

struct Url {
    kind: Kind,
    tls: bool,
    address: Address,
    login: RedisConnectionInfo,
}

impl Directory {
    pub fn new(options: &RedisOptions) -> Result<Self, RedisOptionsError> {
        let refuse = |at: usize| move |why: String| RedisOptionsError::Url { number: at + 1, why };
        let (first, rest) = options.urls.split_first().ok_or(RedisOptionsError::NoUrl)?;
        let first = parse(first).map_err(refuse(0))?;
        if first.kind == Kind::Single && !rest.is_empty() {
            let why = "several are for Sentinel and Cluster only".to_owned();
            return Err(refuse(1)(why));
        }
        let mut seeds = vec![first.address];
        for (at, url) in rest.iter().enumerate() {
            let url = parse(url).map_err(refuse(at + 1))?;
            if (&url.kind, url.tls) != (&first.kind, first.tls) {
                return Err(refuse(at + 1)("it is of another kind than the first".to_owned()));
            }
            seeds.push(url.address);
        }
        let login = match &options.password {
            None => first.login,
            Some(_) if first.login.password().is_some() => {
                return Err(RedisOptionsError::TwoPasswords);
            }
            Some(password) => first.login.set_password(password.as_str()),
        };
        let ca = options.ca.as_ref().filter(|_| first.tls);
        let ca = ca.map(|path| {
            std::fs::read(path).map_err(|error| RedisOptionsError::Ca {
                path: path.clone(),
                why: error.to_string(),
            })
        });
        let directory =
            Self { kind: first.kind, seeds, login, tls: first.tls, ca: ca.transpose()? };
        if directory.tls {
            // The driver takes the process's provider. Whoever installed one before is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        if let Some(path) = &options.ca {
            let bad = |why| RedisOptionsError::Ca { path: path.clone(), why };
            let pem = directory.ca.as_deref().unwrap_or_default();
            if directory.tls && !pem.windows(11).any(|window| window == b"CERTIFICATE") {
                return Err(bad("there is no certificate in it".to_owned()));
            }
            directory.client(&directory.seeds[0]).map_err(|error| bad(error.to_string()))?;
        }
        Ok(directory)
    }

    pub fn is_clustered(&self) -> bool {
        self.kind == Kind::Cluster
    }

    /// How to connect to one process of Redis.
    pub fn client(&self, address: &Address) -> RedisResult<Client> {
        self.client_as(address, self.login.clone())
    }

    /// How to connect to a Sentinel, which may have no password where Redis has one.
    pub fn sentinel(&self, address: &Address, with_login: bool) -> RedisResult<Client> {
        let login = if with_login { self.login.clone() } else { RedisConnectionInfo::default() };
        self.client_as(address, login.set_db(0).set_protocol(ProtocolVersion::RESP2))
    }

    fn client_as(&self, address: &Address, login: RedisConnectionInfo) -> RedisResult<Client> {
        let (host, port) = (address.host.clone(), address.port);
        let to = if self.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(UNACKNOWLEDGED);
        let info: ConnectionInfo =
            to.into_connection_info()?.set_tcp_settings(tcp).set_redis_settings(login);
        match &self.ca {
            Some(pem) => Client::build_with_tls(
                info,
                TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) },
            ),
            None => Client::open(info),
        }
    }
}

pub(super) fn connection_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_WITHIN))
        .set_response_timeout(Some(ANSWER_WITHIN))
        .set_pipeline_buffer_size(PIPELINE)
}

/// Connects, with no more patience than for an answer. The driver's own limit covers the connection
/// but not the greeting, which a process that is stopped never gives.
pub(super) async fn connect(
    client: &Client,
    config: &AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    let connection = client.get_multiplexed_async_connection_with_config(config);
    tokio::time::timeout(CONNECT_WITHIN + ANSWER_WITHIN, connection)
        .await
        .map_err(|_| redis::RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut)))?
}

fn parse(url: &str) -> Result<Url, String> {
    const FORMS: &str =
        "it begins with redis://, redis+sentinel:// or redis+cluster:// (rediss for TLS)";
    let (scheme, rest) = url.split_once("://").ok_or(FORMS)?;
    let (base, form) = scheme.split_once('+').unwrap_or((scheme, ""));
    let tls = match base {
        "redis" => false,
        "rediss" => true,
        _ => return Err(FORMS.to_owned()),
    };
    let (kind, rest) = match form {
        "" if scheme == base => (Kind::Single, rest),
        "sentinel" => match rest.split_once('/') {
            Some((rest, master)) if !master.is_empty() && !master.contains(['/', '?', '#']) => {
                (Kind::Sentinel(master.to_owned()), rest)
            }
            _ => return Err("behind host and port stands /MASTER, the master's name".to_owned()),
        },
        "cluster" => (Kind::Cluster, rest.trim_end_matches('/')),
        _ => return Err(FORMS.to_owned()),
    };
    if kind != Kind::Single && rest.contains(['/', '?', '#']) {
        return Err("nothing stands behind host and port".to_owned());
    }
    let info = format!("{base}://{rest}")
        .into_connection_info()
        .map_err(|_| "it is not of the form USER:PASSWORD@HOST:PORT".to_owned())?;
    let address = match info.addr() {
        ConnectionAddr::Tcp(host, port)
        | ConnectionAddr::TcpTls { host, port, insecure: false, .. } => {
            Address { host: host.clone(), port: *port }
        }
        _ => return Err("it has no host, or asks not to check it".to_owned()),
    };
    let login = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(Url { kind, tls, address, login })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(urls: &[&str]) -> Result<Directory, String> {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        let options = RedisOptions { urls, password: None, prefix: "starling".into(), ca: None };
        Directory::new(&options).map_err(|error| error.to_string())
    }

    #[test]
    fn urls_say_what_stands_behind_them() {
        let single = directory(&["redis://user:p%40ss@redis.example:6380/3"]).expect("it is good");
        assert_eq!((single.kind, single.tls), (Kind::Single, false));
        assert_eq!(single.seeds[0].to_string(), "redis.example:6380");
        assert_eq!(
            (single.login.username(), single.login.password()),
            (Some("user"), Some("p@ss"))
        );
        assert_eq!(single.login.db(), 3);

        let sentinels = ["rediss+sentinel://:pass@one/main", "rediss+sentinel://two:26380/main"];
        let sentinels = directory(&sentinels).expect("they are good");
        assert_eq!((sentinels.kind, sentinels.tls), (Kind::Sentinel("main".into()), true));
        assert_eq!(sentinels.login.password(), Some("pass"));
        let seeds: Vec<_> = sentinels.seeds.iter().map(ToString::to_string).collect();
        assert_eq!(seeds, ["one:6379", "two:26380"]);

        let cluster = directory(&["redis+cluster://[::1]:7000/"]).expect("it is good");
        assert_eq!(cluster.kind, Kind::Cluster);
    }

    #[test]
    fn a_password_beside_the_urls_is_that_of_the_login() {
        let directory = |url: &str| {
            let urls = vec![url.to_owned()];
            let password = Some("p@ss/w%rd +".to_owned());
            let options = RedisOptions { urls, password, prefix: "starling".into(), ca: None };
            assert!(!format!("{options:?}").contains("ss/w"), "{options:?}");
            Directory::new(&options)
        };
        for (url, user) in [
            ("redis://redis.example", None),
            ("redis://ada@redis.example", Some("ada")),
            ("redis+sentinel://ada@redis.example/main", Some("ada")),
            ("redis+cluster://redis.example", None),
        ] {
            let login = directory(url).expect(url).login;
            assert_eq!((login.username(), login.password()), (user, Some("p@ss/w%rd +")), "{url}");
        }
        let twice = directory("redis://:secret@redis.example").err().expect("it is refused");
        assert!(matches!(twice, RedisOptionsError::TwoPasswords));
        assert!(!twice.to_string().contains("secret"), "{twice}");
    }

    #[test]
    fn a_url_that_is_no_good_is_refused_without_repeating_it() {
        for urls in [
            &[][..],
            &["secret@host"],
            &["http://secret@host"],
            &["redis+other://secret@host"],
            &["redis+://secret@host"],
            &["redis://secret@host:port"],
            &["redis://"],
            &["rediss://secret@host#insecure"],
            &["redis+sentinel://secret@host"],
            &["redis+sentinel://secret@host/"],
            &["redis+sentinel://secret@host/a/b"],
            &["redis+cluster://secret@host/1"],
            &["redis://one", "redis://secret@two"],
            &["redis+cluster://one", "rediss+cluster://secret@two"],
            &["redis+sentinel://one/a", "redis+sentinel://secret@two/b"],
        ] {
            let error = directory(urls).map(|_| ()).expect_err("it is no good");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
