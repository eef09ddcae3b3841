//! Puts the parts together, and takes them apart again. It alone names a concrete store and bus.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_cors::Cors;
use actix_web::dev::ServerHandle;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::{self, Data, PathConfig, QueryConfig};
use actix_web::{HttpRequest, HttpResponse, HttpServer, Resource, guard, middleware};
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::task::JoinHandle;
use utoipa_actix_web::AppExt;

use crate::auth::keys::Keys;
use crate::auth::passwords::Passwords;
use crate::auth::tokens::Tokens;
use crate::bus::Bus;
use crate::bus::local::LocalBus;
use crate::bus::redis::{RedisBus, RedisOptions};
use crate::config::{self, Config, WebClient};
use crate::documents;
use crate::domain::clock::HybridClock;
use crate::domain::cursor::Cursor;
use crate::domain::rules::WAIT;
use crate::http::extract::Surroundings;
use crate::http::problem::Problem;
use crate::http::site::{self, Site};
use crate::http::system::{self, Documents, Draining};
use crate::http::{self, edge};
use crate::hub::{self, Hub, Inbox, Item};
use crate::observe;
use crate::protocol::codes::{CloseCode, ErrorCode};
use crate::relay::Relay;
use crate::service::{Limits, Parts, Refusal, Service};
use crate::store::catch_up::CatchUp;
use crate::store::scylla::{ScyllaOptions, ScyllaStore};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{self, Store, StoreError};
use crate::ws;

/// What the kernel keeps for a socket that doesn't read; it doubles this.
const SEND_BUFFER_BYTES: usize = 32 * 1024;

/// A peer that acknowledges nothing for this long is gone: with it goes what waits for a reader
/// that was closed and still doesn't read.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

const BACKLOG: i32 = 4_096;

/// Connections on one worker, sockets and requests together.
const CONNECTIONS: usize = 26_000;

/// Log-ins that may wait for their turn to hash.
const WAITING_LOGINS: usize = 64;

/// After the clients have moved: for what they were doing last.
const FINISH_WITHIN: Duration = Duration::from_secs(5);

/// What differs between a server that stands alone and one of many.
struct Scale {
    /// How long rooms, members and sessions are remembered where their changes are not heard.
    remembered: Duration,
    /// How long a retry that finds no claim waits for an attempt still on its way.
    retry_waits: Duration,
}

/// Nobody else writes to an embedded store, and the bus of the process knows every attempt.
const ALONE: Scale = Scale { remembered: Duration::from_mins(10), retry_waits: Duration::ZERO };
const CLUSTER: Scale = Scale { remembered: Duration::from_secs(5), retry_waits: WAIT };

/// How long a node that starts waits for the store, and how often it tries.
const STORE_WITHIN: Duration = Duration::from_mins(1);
const STORE_AGAIN: Duration = Duration::from_secs(1);

const EXPIRE_EVERY: Duration = Duration::from_hours(1);

/// Brings the tables of the cluster's store up to what this program knows; their version.
pub async fn migrate(config: &Config) -> anyhow::Result<u32> {
    anyhow::ensure!(
        !config.scylla_nodes.is_empty(),
        "only a store in ScyllaDB is migrated by hand: say where it is with --scylla-nodes"
    );
    Ok(ScyllaStore::migrate(scylla_options(config)?).await?)
}

/// The store of a server with these flags, to read from it while the server may be running.
pub async fn store_to_read(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    if config.scylla_nodes.is_empty() {
        return Ok(Arc::new(SqliteStore::beside(&config.data)?));
    }
    match ScyllaStore::attach(scylla_options(config)?).await {
        Ok(store) => Ok(Arc::new(store)),
        // There are other tables than these, or none.
        Err(StoreError::Damaged(reason)) => anyhow::bail!("ScyllaDB can't be used: {reason}"),
        Err(error) => Err(error).context("ScyllaDB can't be used"),
    }
}

/// The same, to write to it: the embedded one, while no server runs.
pub async fn store_to_write(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    if config.scylla_nodes.is_empty() {
        return Ok(Arc::new(SqliteStore::open(SqliteOptions::new(&config.data))?));
    }
    let store = ScyllaStore::connect(scylla_options(config)?).await;
    Ok(Arc::new(store.context("ScyllaDB can't be used")?))
}

/// Where the cluster's store is.
pub fn scylla_options(config: &Config) -> anyhow::Result<ScyllaOptions> {
    let login = match (&config.scylla_user, &config.scylla_password_file) {
        (Some(user), Some(file)) => {
            Some((user.clone(), config::read_secret("--scylla-password-file", file)?))
        }
        _ => None,
    };
    Ok(ScyllaOptions {
        replication: config.scylla_replication,
        datacenter: config.scylla_datacenter.clone(),
        login,
        ca: config.scylla_ca.clone(),
        ..ScyllaOptions::new(config.scylla_nodes.clone(), config.scylla_keyspace.clone())
    })
}

/// An HTTP server that runs.
struct Listening {
    address: SocketAddr,
    server: ServerHandle,
    running: JoinHandle<io::Result<()>>,
}

impl Listening {
    /// Listens no more, and finishes open requests.
    async fn stop(self) -> anyhow::Result<()> {
        self.server.stop(true).await;
        Ok(self.running.await??)
    }
}

/// A server that runs.
pub struct App {
    people: Listening,
    /// Where metrics have an address of their own.
    metrics: Option<Listening>,
    keeping: Vec<JoinHandle<()>>,
    service: Service,
    draining: Draining,
    inboxes: Vec<Arc<Inbox>>,
    drain_ms: u64,
}

impl App {
    /// Opens the store, and starts to listen: alone on embedded parts, or as one of a cluster.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        // First of all: what is told before anybody counts is lost, such as that Redis was reached.
        begin_to_count();
        let hears_on = hears_on(config.workers());
        if config.is_clustered() {
            let options = redis_options(config)?;
            let bus = Arc::new(RedisBus::connect_to_hear_on(hears_on.clone(), &options)?);
            let store = Arc::new(connect(&scylla_options(config)?).await?);
            return Self::start_with(config, store, bus, CLUSTER, hears_on).await;
        }
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(SqliteOptions::new(&config.data))?);
        let bus: Arc<dyn Bus> = Arc::new(LocalBus::new());
        Self::start_with(config, store, bus, ALONE, hears_on).await
    }

    async fn start_with(
        config: &Config,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        scale: Scale,
        hears_on: Arc<SetOnce<Handle>>,
    ) -> anyhow::Result<Self> {
        let metrics = observe::metrics_handle();
        let file = config.signing_keys();
        if config.is_clustered() && !file.exists() {
            tracing::warn!(file = %file.display(), "there are no signing keys; new ones are made, which every node must have");
        }
        let keys = Keys::load_or_create(&file)?;
        let workers = config.workers();
        let hashing = workers.div_ceil(2);
        let passwords = Passwords::new(
            config.password_memory_kib,
            config.password_passes,
            hashing,
            WAITING_LOGINS,
        )?;
        let catch_up = CatchUp::new(store.clone());
        let inboxes: Vec<_> = (0..workers).map(|_| Arc::new(Inbox::default())).collect();
        let relay = Relay::new(bus.clone(), catch_up.clone(), inboxes.clone());
        let service = Service::new(Parts {
            clock: HybridClock::after(store.newest_event().await?),
            store: store.clone(),
            bus: bus.clone(),
            catch_up: catch_up.clone(),
            passwords,
            tokens: Tokens::new(keys, config.access_token_s),
            limits: Limits {
                messages: config.limit_messages,
                api: config.limit_api,
                logins_to: config.limit_logins_to_account,
                logins_from: config.limit_logins_from_address,
                commands: config.limit_commands,
            },
            remembered: scale.remembered,
            retry_waits: scale.retry_waits,
            sound_since: Box::new(relay.soundness()),
            session_lasts: Duration::from_secs(config.session_days * 24 * 3600),
        });
        let witness = service.clone();
        let mut keeping = relay.start(Box::new(move |topic, event_id, control| {
            witness.heard(topic, event_id, control);
        }));

        let (listener, address) = listen(config.listen)
            .with_context(|| format!("It can't listen on {}", config.listen))?;
        let for_metrics = config.metrics_listen.map(|address| {
            listen(address)
                .with_context(|| format!("It can't listen on {address} (--metrics-listen)"))
        });
        let for_metrics = for_metrics.transpose()?;
        let surroundings = Data::new(Surroundings {
            origins: config.allowed_origins.clone().into(),
            proxies: config.trusted_proxies.clone().into(),
        });
        let site = Data::new(site_of(config.web_client.as_ref())?);
        let draining = Draining::default();
        let documents =
            Data::new(Documents { openapi: documents::openapi(), asyncapi: documents::asyncapi() });
        let factory = {
            let (service, draining) = (Data::new(service.clone()), Data::new(draining.clone()));
            let metrics = for_metrics.is_none().then(|| Data::new(metrics.clone()));
            let inboxes = inboxes.clone();
            let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            move || {
                // Called once on each worker's thread. Where there are several it is set.
                let _ = hears_on.set(Handle::current());
                let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let (hub, running) =
                    Hub::new(number, inboxes[number].clone(), Arc::new(relay.clone()), |millis| {
                        Cursor::at(millis).encode()
                    });
                actix_web::rt::spawn(running);
                actix_web::App::new()
                    .into_utoipa_app()
                    .configure(http::routes)
                    .configure(ws::routes)
                    .into_app()
                    .app_data(hub)
                    .app_data(service.clone())
                    .app_data(draining.clone())
                    .configure(|here| {
                        if let Some(metrics) = &metrics {
                            here.app_data(metrics.clone());
                        }
                    })
                    .app_data(documents.clone())
                    .app_data(surroundings.clone())
                    .app_data(site.clone())
                    .app_data(PathConfig::default().error_handler(|_, _| not_found().into()))
                    .app_data(QueryConfig::default().error_handler(|error, _| {
                        Problem(Refusal::because(ErrorCode::Malformed, error.to_string())).into()
                    }))
                    .service(get("/openapi.json").to(system::openapi))
                    .service(get("/asyncapi.json").to(system::asyncapi))
                    .service(get("/docs/protocol.md").to(system::protocol))
                    .default_service(web::to(elsewhere))
                    .wrap(cors(&surroundings.origins))
                    .wrap(middleware::from_fn(edge::middleware))
            }
        };
        let server = HttpServer::new(factory)
            .workers(workers)
            .max_connections(CONNECTIONS)
            .worker_max_blocking_threads(hashing + 2)
            .shutdown_timeout(FINISH_WITHIN.as_secs())
            .disable_signals()
            .tcp_nodelay(true)
            .listen(listener)?
            .run();
        let people = Listening { address, server: server.handle(), running: tokio::spawn(server) };
        let for_metrics = for_metrics.map(|(listener, address)| {
            serve_metrics(Data::new(metrics.clone()), listener, address)
        });
        keeping.extend(service.keep());
        keeping.extend([
            tokio::spawn(observe::keep_metrics(metrics)),
            tokio::spawn(expire(store, service.clone())),
        ]);
        Ok(Self {
            people,
            metrics: for_metrics.transpose()?,
            keeping,
            service,
            draining,
            inboxes,
            drain_ms: config.drain_ms,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.people.address
    }

    /// Where metrics are told, if not there.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|metrics| metrics.address)
    }

    /// Stops: tells clients to move and refuses who comes to stay, then finishes what was accepted.
    /// Within `drain_ms` and ten seconds.
    ///
    /// Until the listener closes every request is answered: one that waited in its queue would be
    /// given up by a proxy only after many seconds.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.draining.begin();
        observe::DRAINING.set("", 1.0);
        let drain = Item::Drain { within_ms: self.drain_ms };
        for inbox in &self.inboxes {
            let _ = inbox.push(vec![drain.clone()]);
        }
        tokio::time::sleep(Duration::from_millis(self.drain_ms + 100)).await;
        // While the bus hears: once the workers are gone it may have to connect anew.
        let _ = tokio::time::timeout(FINISH_WITHIN / 2, self.service.finish()).await;
        self.people.stop().await?;
        if tokio::time::timeout(FINISH_WITHIN / 2, self.service.finish()).await.is_err() {
            tracing::warn!("what was accepted last did not finish in time");
        }
        for task in self.keeping {
            task.abort();
            // It was aborted; what it held is free now.
            let _ = task.await;
        }
        // Last, so that it is seen how the server stops.
        match self.metrics {
            Some(metrics) => metrics.stop().await,
            None => Ok(()),
        }
    }
}

/// Says what runs here, and begins at 0 what is counted by label: what is first seen at 1 has risen for
/// nobody. (An app among others in one process leaves gauges as they are.)
fn begin_to_count() {
    observe::metrics_handle();
    observe::BUILD_INFO.set(env!("CARGO_PKG_VERSION"), 1.0);
    observe::DRAINING.set("", 0.0);
    for gauge in [&observe::CONNECTIONS, &observe::POLLS, &observe::INBOX_BYTES] {
        gauge.change(0.0);
    }
    for code in ErrorCode::ALL {
        observe::REFUSALS.add(code.as_str(), 0);
    }
    for code in CloseCode::ALL {
        observe::CONNECTIONS_CLOSED.add(hub::reason(*code), 0);
    }
    for kind in store::FAILURES {
        observe::STORE_ERRORS.add(kind, 0);
    }
}

/// Where the bus hears: on the thread of the only worker, which then need not be woken for it; with several
/// beside them, which leaves none of them less time than the others.
fn hears_on(workers: usize) -> Arc<SetOnce<Handle>> {
    Arc::new(SetOnce::new_with((workers > 1).then(Handle::current)))
}

/// Where the cluster's bus is.
pub fn redis_options(config: &Config) -> anyhow::Result<RedisOptions> {
    let file = config.redis_password_file.as_deref();
    Ok(RedisOptions {
        urls: config.redis_url.iter().map(|url| url.0.clone()).collect(),
        password: file
            .map(|file| config::read_secret("--redis-password-file", file))
            .transpose()?,
        prefix: config.redis_prefix.clone(),
        ca: config.redis_ca.clone(),
    })
}

fn site_of(client: Option<&WebClient>) -> anyhow::Result<Site> {
    match client {
        None => Site::built_in().context("The web client can't be read"),
        Some(WebClient::Off) => Ok(Site::default()),
        Some(WebClient::Folder(folder)) => {
            Site::read(folder).with_context(|| format!("--web-client {}", folder.display()))
        }
    }
}

/// Tells metrics and nothing else, on a thread of its own.
fn serve_metrics(
    metrics: Data<PrometheusHandle>,
    listener: TcpListener,
    address: SocketAddr,
) -> anyhow::Result<Listening> {
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(metrics.clone())
            .service(system::metrics)
            .default_service(web::to(async || Err::<HttpResponse, _>(not_found())))
            .wrap(middleware::from_fn(edge::middleware))
    })
    .workers(1)
    .worker_max_blocking_threads(1)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(Listening { address, server: server.handle(), running: tokio::spawn(server) })
}

/// Waits for the store for a while: it may be starting too, or be away for a moment.
async fn connect(options: &ScyllaOptions) -> anyhow::Result<ScyllaStore> {
    let began = Instant::now();
    loop {
        match ScyllaStore::connect(options.clone()).await {
            Ok(store) => return Ok(store),
            Err(StoreError::Unavailable(reason)) if began.elapsed() < STORE_WITHIN => {
                tracing::warn!(reason, "the store can't be reached yet");
                tokio::time::sleep(STORE_AGAIN).await;
            }
            Err(error) => return Err(error).context("ScyllaDB can't be used"),
        }
    }
}

/// A listener whose sockets are bounded in what they cost when nobody reads, and where it is.
fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .allowed_header("x-request-id")
        .expose_headers([
            "x-request-id",
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
        ])
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// An address that knows `GET` alone.
fn get(path: &str) -> Resource {
    web::resource(path).guard(guard::Get())
}

fn not_found() -> Problem {
    Problem(Refusal::of(ErrorCode::NotFound))
}

/// What nothing else answers: the web client, no such address, or one that does not know the method.
async fn elsewhere(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Problem> {
    if request.match_pattern().is_some() {
        return Err(Problem(Refusal::of(ErrorCode::MethodNotAllowed)));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(not_found());
    }
    let metrics = request.app_data::<Data<PrometheusHandle>>().is_some();
    let front_page = || (request.path() == "/").then(|| system::front_page(metrics));
    site::answer(&site, &request).or_else(front_page).ok_or_else(not_found)
}

/// Deletes what has expired. Runs until dropped.
async fn expire(store: Arc<dyn Store>, service: Service) {
    loop {
        if let Ok(now) = service.now_ms()
            && let Err(error) = store.expire(now).await
        {
            tracing::warn!(%error, "what has expired could not be deleted");
        }
        tokio::time::sleep(EXPIRE_EVERY).await;
    }
}
