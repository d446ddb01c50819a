//! The composition root: starts the parts of a server in order, and stops them in reverse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cleanup::{Cleanup, Progress};
use crate::clock::{Clock, Steering};
use crate::clock_trust::ClockTrust;
use crate::cluster::bus::Bus;
use crate::cluster::clock::Standing;
use crate::cluster::nats::NatsBus;
use crate::cluster::{Membership, post};
use crate::config::{ListenConfig, NODE_ID_BYTES_MAX, PublicUrl, ServeConfig, StorageConfig};
use crate::connection::{ConnectionContext, ConnectionLimits, Hub};
use crate::http;
use crate::http::base_path::BasePath;
use crate::http::limits::RequestLimits;
use crate::http::metrics::Exposition;
use crate::http::origin::Origins;
use crate::http::recent_listeners::RecentListeners;
use crate::identity::Identity;
use crate::keys::{KeyFolder, Keys};
use crate::lan::mdns::{self, Scope};
use crate::limits::{
    CLOCK_SET_TIMEOUT, CONNECTIONS_PER_SOCKET, COVER_BYTES_UNSENT_MAX, DRAIN_BACKGROUND_TIMEOUT,
    DRAIN_CONNECTIONS_TIMEOUT, DRAIN_ROOMS_TIMEOUT,
};
use crate::operator::Operators;
use crate::private_files::private_folder;
use crate::providers::Catalogue;
use crate::providers::library::cover_address::CoverSigner;
use crate::providers::library::{Library, Source};
use crate::providers::spotify::{Settings, Spotify};
use crate::room::Registry;
use crate::room::remote::Remotes;
use crate::segments::{self, Preparer};
use crate::store::journal::Journal;
use crate::store::mysql::MySqlStore;
use crate::store::sqlite::backup::DatabaseLock;
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{RoomClaims, SharedStore};
use crate::telemetry::Throttle;
use crate::telemetry::metrics::{Metrics, MetricsRenderer};
use crate::transport::listener::{self, Caps};
use crate::transport::{Certificates, Tls, TlsFiles, descriptors};

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    draining: CancellationToken,
    hub: Arc<Hub>,
    tasks: Tasks,
    library: Library,
    store: SharedStore,
    keys: Keys,
    operators: Operators,
    /// Of a server that terminates TLS.
    certificates: Option<Arc<Certificates>>,
    /// Of a server on MySQL.
    membership: Option<Membership>,
    /// Released when everything else has stopped.
    _lock: Option<DatabaseLock>,
}

/// The parts from which everything that serves is built. All of them are cheap to clone.
#[derive(Debug)]
struct Parts {
    config: ServeConfig,
    address: SocketAddr,
    clock: Clock,
    store: SharedStore,
    keys: Keys,
    identity: Identity,
    operators: Operators,
    library: Library,
    spotify: Option<Spotify>,
    catalogue: Catalogue,
    preparer: Preparer,
    metrics: Metrics,
    rooms: Registry,
    hub: Arc<Hub>,
    tasks: Tasks,
    /// Of a server that shares rooms with others.
    cluster_clock: Option<watch::Receiver<Standing>>,
    /// Cancelled when the server begins to drain.
    draining: CancellationToken,
}

/// The tasks of a server, in the order in which they end.
#[derive(Debug, Default)]
struct Tasks {
    connections: Group,
    rooms: Group,
    background: Group,
}

/// Tasks that are stopped together.
#[derive(Debug, Default)]
struct Group {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that serves its metrics, if they are enabled.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Reloads the keys without closing connections. On an error the current keys stay in use and the error is logged.
    pub async fn reload_keys(&self) {
        let keys = self.keys.clone();
        match tokio::task::spawn_blocking(move || keys.reload()).await {
            Ok(Ok(true)) => {
                let (access, encryption) = self.keys.active_ids();
                tracing::info!(%access, %encryption, "keys reloaded");
            }
            Ok(Ok(false)) => {
                tracing::warn!("keys from TUTTI_KEYS cannot be reloaded; restart the server to change them");
            }
            Ok(Err(error)) => tracing::error!(%error, "keys not reloaded; the current keys stay in use"),
            Err(error) => tracing::error!(%error, "keys not reloaded; the current keys stay in use"),
        }
    }

    /// The token of the link by which the first operator claims the role; `None` when there is one.
    pub async fn operator_claim(&self) -> Option<SecretString> {
        self.operators.make_claim().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell whether there is an operator");
            None
        })
    }

    /// Reads the certificate again, without closing connections. On an error the current one stays in use and the error is logged.
    pub async fn reload_certificate(&self) {
        let Some(certificates) = self.certificates.clone() else { return };
        if let Err(error) = tokio::task::spawn_blocking(move || certificates.reload_and_log()).await {
            tracing::error!(%error, "certificate not reloaded; the current one stays in use");
        }
    }

    /// Waits until another server has replaced this one on its database. This one must then stop.
    pub async fn replaced(&self) {
        match &self.membership {
            Some(membership) => membership.buried().cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Waits for the token given to [`start`], then stops in the reverse of the order of starting: connections are
    /// notified and closed, rooms end when all their events are durable, and the store closes last. HTTP is answered
    /// until the last connection is closed, `/readyz` with 503, so that a load balancer notices in time.
    pub async fn stopped(self) {
        self.draining.cancelled().await;
        self.hub.drain().await;
        self.tasks.connections.end("connections", DRAIN_CONNECTIONS_TIMEOUT).await;
        self.tasks.rooms.end("rooms", DRAIN_ROOMS_TIMEOUT).await;
        self.tasks.background.end("background tasks", DRAIN_BACKGROUND_TIMEOUT).await;
        self.library.close().await;
        if let Some(membership) = self.membership {
            membership.leave().await;
        }
        self.store.close().await;
    }
}

impl Group {
    async fn end(&self, what: &str, at_most: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(at_most, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "{what} did not end in time");
        }
    }
}

/// Starts a server; it serves when this returns. Cancel `stop` to drain and stop it.
pub async fn start(config: ServeConfig, stop: CancellationToken) -> anyhow::Result<Server> {
    config.check()?;
    let scheme = config.listen.scheme();
    let certificates = open_certificates(&config.listen)?;
    let tls = certificates.clone().map(Tls::new).transpose().context("TLS")?;
    let data_dir = &config.storage.data_dir;
    private_folder(data_dir).with_context(|| format!("data directory {}", data_dir.display()))?;
    let lock = lock_database(&config.storage).context("database")?;
    let (store, membership) = open_store(&config.storage).await.context("database")?;

    let listen = config.listen.listen;
    let listener = listener::listen(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;

    let metrics_listen = config.telemetry.metrics_listen;
    let (metrics, renderer) = metrics_listen.map(|_| Metrics::on()).unzip();
    let metrics = metrics.unwrap_or_else(Metrics::off);
    let cluster = membership.as_ref().map(|membership| Cluster::of(membership, &config.storage, &metrics));
    let cluster = cluster.transpose()?;
    let shared = cluster.as_ref().and_then(|cluster| cluster.shared.clone());
    let mut parts = Parts::open(config, store, metrics, cluster, address, stop).await?;
    let metrics_address = match metrics_listen.zip(renderer) {
        Some((listen, renderer)) => Some(parts.serve_metrics(listen, renderer).await.context("metrics")?),
        None => None,
    };
    parts.start_background_tasks();
    if let Some((membership, shared)) = membership.as_ref().zip(shared) {
        Box::pin(parts.share(membership, shared)).await;
    }
    if let Some(certificates) = &certificates {
        let Group { tasks, stop } = &parts.tasks.background;
        tasks.spawn(certificates.clone().watch(stop.clone()));
    }
    parts.serve(listener, tls);
    tracing::info!("serving at {scheme}://{address}");
    // The rest is dropped here: the journal ends when no room holds it.
    let Parts { draining, hub, tasks, library, store, keys, operators, .. } = parts;
    Ok(Server {
        address,
        metrics_address,
        draining,
        hub,
        tasks,
        library,
        store,
        keys,
        operators,
        certificates,
        membership,
        _lock: lock,
    })
}

impl Parts {
    async fn open(
        config: ServeConfig,
        store: SharedStore,
        metrics: Metrics,
        cluster: Option<Cluster>,
        address: SocketAddr,
        draining: CancellationToken,
    ) -> anyhow::Result<Self> {
        let tasks = Tasks::default();
        let clock = cluster.as_ref().map_or_else(Clock::system, |cluster| cluster.clock);
        let keys = open_keys(&config, clock)?;
        let spotify =
            open_spotify(&config, address, &store, &keys, &metrics, clock, &tasks.background).context("Spotify")?;
        let identity =
            Identity::open(store.clone(), keys.clone(), clock, &config.identity).await.context("identity")?;
        let library = open_library(&config, clock, &keys).await.context("library")?;
        let preparer = open_preparer(&config, &metrics, &tasks.background).context("segment cache")?;
        let catalogue = Catalogue::of(&config, library.clone(), spotify.clone());
        let claims = cluster.as_ref().map(|cluster| cluster.claims.clone());
        let journal = Journal::start(store.clone(), clock, metrics.clone(), &tasks.background.tasks).claiming(claims);
        let (room_tasks, stop) = (tasks.rooms.tasks.clone(), tasks.rooms.stop.clone());
        let measurer = Arc::new(catalogue.clone());
        let mut rooms = Registry::new(store.clone(), journal, clock, metrics.clone(), Some(measurer), room_tasks, stop);
        if let Some(shared) = cluster.and_then(|cluster| cluster.shared) {
            rooms = rooms.sharing(shared.remotes);
        }
        let operators = Operators::open(store.clone(), identity.clone(), rooms.clone(), clock).await?;
        let hub = Arc::default();
        Ok(Self {
            config,
            address,
            clock,
            store,
            keys,
            identity,
            operators,
            library,
            spotify,
            catalogue,
            preparer,
            metrics,
            rooms,
            hub,
            tasks,
            cluster_clock: None,
            draining,
        })
    }

    /// Serves `GET /metrics`; the address.
    async fn serve_metrics(&self, listen: SocketAddr, renderer: MetricsRenderer) -> anyhow::Result<SocketAddr> {
        let Group { tasks, stop } = &self.tasks.background;
        let exposition = Exposition {
            renderer,
            hub: self.hub.clone(),
            rooms: self.rooms.clone(),
            library: self.library.clone(),
            preparer: self.preparer.clone(),
            database: sqlite::database_path(&self.config.storage)?,
            started_at_ms: self.clock.now_ms(),
        };
        exposition.serve(listen, self.clock, tasks, stop.clone()).await
    }

    fn start_background_tasks(&self) {
        let Group { tasks, stop } = &self.tasks.background;
        let rescan_every = Duration::from_secs(self.config.library.library_rescan_seconds);
        self.library.start(tasks, stop.clone(), rescan_every);
        if self.config.library.library_analysis {
            self.library.start_analysis(tasks);
        }
        tasks.spawn(close_ended_sessions(self.identity.clone(), self.hub.clone(), stop.clone()));
        if let Some(spotify) = &self.spotify {
            tasks.spawn(spotify.clone().notify_hosts_of_pauses(self.rooms.clone(), stop.clone()));
        }
        self.announce(tasks, stop);
        let cleanup = Cleanup {
            store: self.store.clone(),
            identity: self.identity.clone(),
            rooms: self.rooms.clone(),
            spotify: self.spotify.clone(),
            clock: self.clock,
            trust: Arc::new(ClockTrust::open(self.config.storage.data_dir.join("clock"), self.clock)),
            progress: Progress::default(),
        };
        tasks.spawn(cleanup.run(stop.clone()));
    }

    /// Shares the rooms with other servers, and waits a while for the time that all of them have.
    async fn share(&mut self, membership: &Membership, Shared { bus, remotes, steering }: Shared) {
        let Group { tasks, stop } = &self.tasks.background;
        tasks.spawn(membership.watch(self.clock, stop.clone()));
        let (life, living) = (membership.life(), membership.living());
        let (post, sorting) = post::sort(bus, life, living, self.clock, steering, stop.clone());
        tasks.spawn(sorting);
        tasks.spawn(remotes.run(post.rooms, self.rooms.clone(), tasks.clone(), stop.clone()));
        tasks.spawn(self.identity.clone().follow_revocations(stop.clone()));
        let mut standing = post.clock.clone();
        self.cluster_clock = Some(post.clock);
        let set = standing.wait_for(|standing| !standing.is_astray());
        if tokio::time::timeout(CLOCK_SET_TIMEOUT, set).await.is_err() {
            tracing::warn!("this server's clock could not be compared with those of the others: is NATS running?");
        }
    }

    /// Names the server in the local network, if devices there reach it at its own address.
    fn announce(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let ListenConfig { mdns_name, public_url, .. } = &self.config.listen;
        if mdns_name.is_empty() || public_url.is_some() || self.address.ip().is_loopback() {
            return;
        }
        let (name, address, stop) = (mdns_name.clone(), self.address, stop.clone());
        tasks.spawn(async move {
            if let Err(error) = mdns::announce(&name, address, Scope::Network, stop).await {
                tracing::warn!(%error, "the server cannot be announced in the local network");
            }
        });
    }

    fn serve(&self, listener: TcpListener, tls: Option<Tls>) {
        let Group { tasks, stop } = &self.tasks.connections;
        let base_path = self.config.listen.public_url.as_ref().map_or("", PublicUrl::base_path);
        let routes = BasePath::new(warp::service(http::routes(&Arc::new(self.http_context()))), base_path);
        tasks.spawn(listener::accept(listener, tls, routes, self.caps(), self.clock, tasks.clone(), stop.clone()));
    }

    fn caps(&self) -> Caps {
        let limits = &self.config.limits;
        let descriptors = descriptors::raise_limit();
        let connections_max = descriptors::connections_within(limits.limit_connections, descriptors);
        if connections_max < limits.limit_connections {
            tracing::warn!(descriptors, connections_max, "the limit of open files lowers TUTTI_LIMIT_CONNECTIONS");
        }
        Caps {
            connections_max,
            connections_per_network_max: limits.limit_connections_per_address.saturating_mul(CONNECTIONS_PER_SOCKET),
            proxies: self.config.listen.proxies(),
        }
    }

    fn http_context(&self) -> http::HttpContext {
        let origins = Origins::new(&self.config.listen);
        let terminates_tls = self.config.listen.tls_cert.is_some();
        if !origins.https() && !terminates_tls && !self.config.listen.listen.ip().is_loopback() {
            tracing::warn!("without https, login cookies and passwords can be read on the network");
        }
        if origins.https() && !terminates_tls && self.config.listen.trusted_proxies.is_empty() {
            tracing::warn!(
                "TUTTI_TRUSTED_PROXIES is not set: behind a proxy, all guests share its address and rate limits"
            );
        }
        http::HttpContext {
            identity: self.identity.clone(),
            operators: self.operators.clone(),
            spotify: self.spotify.clone(),
            store: self.store.clone(),
            cluster_clock: self.cluster_clock.clone(),
            address: self.address,
            clock: self.clock,
            origins,
            limits: RequestLimits::new(&self.config.limits, self.clock),
            rooms: self.rooms.clone(),
            catalogue: self.catalogue.clone(),
            library: self.library.clone(),
            preparer: self.preparer.clone(),
            cover_bytes: Arc::new(Semaphore::new(COVER_BYTES_UNSENT_MAX)),
            cover_bytes_of_networks: Arc::default(),
            listeners: RecentListeners::new(self.clock),
            arrivals: Throttle::new(self.clock),
            connection: Arc::new(self.connection_context()),
            draining: self.draining.clone(),
            config: self.config.clone(),
        }
    }

    fn connection_context(&self) -> ConnectionContext {
        ConnectionContext {
            identity: self.identity.clone(),
            rooms: self.rooms.clone(),
            catalogue: self.catalogue.clone(),
            hub: self.hub.clone(),
            clock: self.clock,
            metrics: self.metrics.clone(),
            config: self.config.limits.clone(),
            limits: ConnectionLimits::new(&self.config.limits, self.clock),
            sockets: Arc::default(),
            refusals: Throttle::new(self.clock),
            admissions: Semaphore::new(self.config.limits.limit_admissions as usize),
            tasks: self.tasks.connections.tasks.clone(),
            draining: self.draining.clone(),
        }
    }
}

/// What a server on a database that others can reach has besides.
struct Cluster {
    claims: RoomClaims,
    clock: Clock,
    /// How it shares the rooms with other servers.
    shared: Option<Shared>,
}

#[derive(Clone)]
struct Shared {
    bus: Arc<dyn Bus>,
    remotes: Remotes,
    steering: &'static Steering,
}

impl Cluster {
    fn of(membership: &Membership, config: &StorageConfig, metrics: &Metrics) -> anyhow::Result<Self> {
        let claims = membership.claims();
        let Some(servers) = config.nats_url.clone() else {
            return Ok(Self { claims, clock: Clock::system(), shared: None });
        };
        let prefix = config.nats_prefix.clone();
        let bus = NatsBus::start(servers, prefix, membership.life(), metrics.clone()).context("NATS")?;
        let bus: Arc<dyn Bus> = Arc::new(bus);
        let remotes = Remotes::new(membership.life(), bus.clone(), membership.living());
        // As long as the process runs; copies of the clock refer to it.
        let steering: &'static Steering = Box::leak(Box::default());
        let shared = Some(Shared { bus, remotes, steering });
        Ok(Self { claims, clock: Clock::system().steered(steering), shared })
    }
}

/// Two servers on one SQLite file would not see each other's events.
fn lock_database(config: &StorageConfig) -> anyhow::Result<Option<DatabaseLock>> {
    Ok(sqlite::database_path(config)?.map(|path| DatabaseLock::take(&path)).transpose()?)
}

async fn open_store(config: &StorageConfig) -> anyhow::Result<(SharedStore, Option<Membership>)> {
    let Some(url) = &config.database_url else {
        return Ok((Arc::new(SqliteStore::open(&config.data_dir.join("tutti.db")).await?), None));
    };
    match url.expose_secret().split_once(':') {
        Some(("sqlite", _)) => Ok((Arc::new(SqliteStore::open_url(url.expose_secret()).await?), None)),
        Some(("mysql", _)) => {
            let store = Arc::new(MySqlStore::open(url).await?);
            let name = config.node_id.clone().unwrap_or_else(host_name);
            let is_alone = config.nats_url.is_none();
            let membership =
                Membership::join(store.clone(), url, &name, is_alone, &config.data_dir, Clock::system()).await?;
            Ok((store, Some(membership)))
        }
        _ => anyhow::bail!("TUTTI_DATABASE_URL must start with sqlite: or mysql:"),
    }
}

fn host_name() -> String {
    let mut name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.truncate(name.floor_char_boundary(NODE_ID_BYTES_MAX));
    name
}

fn open_spotify(
    config: &ServeConfig,
    address: SocketAddr,
    store: &SharedStore,
    keys: &Keys,
    metrics: &Metrics,
    clock: Clock,
    background: &Group,
) -> anyhow::Result<Option<Spotify>> {
    let Some(settings) = Settings::new(&config.spotify, &config.listen, address)? else { return Ok(None) };
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Group { tasks, stop } = background;
    let (store, keys, metrics) = (store.clone(), keys.clone(), metrics.clone());
    let spotify = Spotify::new(settings, store, keys, metrics, clock, tasks.clone(), stop.clone())?;
    tracing::info!(origin = spotify.origin(), "login with Spotify is enabled");
    Ok(Some(spotify))
}

/// The certificate, for a server that terminates TLS.
fn open_certificates(listen: &ListenConfig) -> anyhow::Result<Option<Arc<Certificates>>> {
    let Some((certificate, key)) = listen.tls_cert.clone().zip(listen.tls_key.clone()) else { return Ok(None) };
    Ok(Some(Arc::new(Certificates::open(TlsFiles { certificate, key })?)))
}

fn open_keys(config: &ServeConfig, clock: Clock) -> anyhow::Result<Keys> {
    match &config.identity.keys {
        Some(line) => Keys::from_export(line).context("TUTTI_KEYS"),
        None => Keys::from_folder(KeyFolder::in_data_dir(&config.storage.data_dir), clock.now_ms()).context("keys"),
    }
}

async fn open_library(config: &ServeConfig, clock: Clock, keys: &Keys) -> anyhow::Result<Library> {
    let data_dir = &config.storage.data_dir;
    let source = match config.library.library_dir.as_slice() {
        [] => Source::Demo(data_dir.join("demo-library")),
        folders => Source::Folders(folders.to_vec()),
    };
    Ok(Library::open(&data_dir.join("library.db"), source, clock, CoverSigner::new(keys)).await?)
}

fn open_preparer(config: &ServeConfig, metrics: &Metrics, background: &Group) -> anyhow::Result<Preparer> {
    let folder = config.storage.data_dir.join("cache/segments");
    let cache = segments::Cache::open(folder, config.library.segment_cache_mib.saturating_mul(1 << 20))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Preparer::new(cache, metrics.clone(), cores, background.tasks.clone(), background.stop.clone()))
}

/// Closes the connections of every session that ends.
async fn close_ended_sessions(identity: Identity, hub: Arc<Hub>, stop: CancellationToken) {
    let mut ended = identity.subscribe_revocations();
    loop {
        tokio::select! {
            session = ended.recv() => match session {
                Ok(session) => hub.close_sessions(|known| known == session),
                Err(RecvError::Lagged(_)) => hub.close_sessions(|session| identity.is_revoked(session)),
                Err(RecvError::Closed) => return,
            },
            () = stop.cancelled() => return,
        }
    }
}
