//! The composition root: what is started, in what order, and stopped in reverse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::{ProviderId, reason_values};

use crate::cleanup::Cleanup;
use crate::clock::{Clock, in_words};
use crate::config::{ServeConfig, StorageConfig};
use crate::connection::{DoorLimits, Hub, Sockets};
use crate::http;
use crate::http::cookie::Cookies;
use crate::http::limits::RequestLimits;
use crate::http::metrics::Exposition;
use crate::http::origin::Origins;
use crate::identity::Identity;
use crate::keys::{KeyFolder, Keys};
use crate::limits::{DRAIN_BACKGROUND_TIMEOUT, DRAIN_CONNECTIONS_TIMEOUT, DRAIN_ROOMS_TIMEOUT};
use crate::providers::library::{Library, Source};
use crate::providers::spotify::{Settings, Spotify};
use crate::providers::{Catalogue, Provider};
use crate::room::Registry;
use crate::store::SharedStore;
use crate::store::journal::Journal;
use crate::store::mysql::MySqlStore;
use crate::store::sqlite::backup::DatabaseLock;
use crate::store::sqlite::{self, SqliteStore};
use crate::telemetry::metrics::Metrics;
use crate::transport::listener;

/// From how long a wait on hosts are told of it: what is shorter is over before it is read.
const PAUSE_TOLD_FROM: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    stop: CancellationToken,
    hub: Arc<Hub>,
    connections: Group,
    rooms: Group,
    background: Group,
    library: Library,
    store: SharedStore,
    keys: Keys,
    /// Let go of when everything is over.
    #[expect(dead_code, reason = "it is held, not read")]
    lock: Option<DatabaseLock>,
}

/// Tasks that are stopped together.
#[derive(Debug, Default)]
struct Group {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics are read, if they are.
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
                tracing::warn!("keys from TUTTI_KEYS cannot be reloaded; restart the server to change them")
            }
            Ok(Err(error)) => tracing::error!(%error, "keys not reloaded; the current keys stay in use"),
            Err(error) => tracing::error!(%error, "keys not reloaded; the current keys stay in use"),
        }
    }

    /// Waits for the token given to [`start`], then stops in the reverse of the order in which it started: connections
    /// are told and closed, rooms end when all that was decided is durable, and what they write to ends last. Until the
    /// last connection is told to go HTTP is answered, `/readyz` with 503: whoever sends people here learns it in time.
    pub async fn stopped(self) {
        self.stop.cancelled().await;
        self.hub.drain().await;
        self.connections.end("connections", DRAIN_CONNECTIONS_TIMEOUT).await;
        self.rooms.end("rooms", DRAIN_ROOMS_TIMEOUT).await;
        self.background.end("background tasks", DRAIN_BACKGROUND_TIMEOUT).await;
        self.library.close().await;
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
    let clock = Clock::system();
    let data_dir = &config.storage.data_dir;
    std::fs::create_dir_all(data_dir).with_context(|| format!("data directory {}", data_dir.display()))?;
    let lock = lock_database(&config.storage).context("database")?;
    let store = open_store(&config.storage).await.context("database")?;

    let listener =
        listener::listen(config.listen.listen).with_context(|| format!("cannot listen on {}", config.listen.listen))?;
    let address = listener.local_addr()?;

    let (connections, rooms, background) = (Group::default(), Group::default(), Group::default());

    let keys = open_keys(&config, clock)?;
    let spotify = open_spotify(&config, address, &store, &keys, clock, &background).context("Spotify")?;
    let identity = Identity::open(store.clone(), keys.clone(), clock, &config.identity).await.context("identity")?;
    let library = open_library(&config, clock).await.context("library")?;
    let rescan_every = Duration::from_secs(config.library.library_rescan_seconds);
    library.start(&background.tasks, background.stop.clone(), rescan_every);
    let spotify_provider = spotify.clone().map(|spotify| Arc::new(spotify) as Arc<dyn Provider>);
    let library_provider: Arc<dyn Provider> = Arc::new(library.clone());
    let catalogue = Catalogue::new([library_provider].into_iter().chain(spotify_provider));

    let metrics_listen = config.telemetry.metrics_listen;
    let (metrics, renderer) = metrics_listen.map(|_| Metrics::on()).unzip();
    let metrics = metrics.unwrap_or_else(Metrics::off);
    let journal = Journal::start(store.clone(), clock, metrics.clone(), &background.tasks);
    let (tasks, end) = (rooms.tasks.clone(), rooms.stop.clone());
    let registry = Registry::new(store.clone(), journal, clock, metrics.clone(), tasks, end);
    let hub = Arc::new(Hub::default());
    let metrics_address = match metrics_listen.zip(renderer) {
        Some((listen, renderer)) => {
            let exposition = Exposition { renderer, hub: hub.clone(), rooms: registry.clone() };
            Some(exposition.serve(listen, &background.tasks, background.stop.clone()).await.context("metrics")?)
        }
        None => None,
    };
    let origins = Origins::new(&config.listen);
    if !origins.https() && !config.listen.listen.ip().is_loopback() {
        tracing::warn!("without https, login cookies and passwords can be read on the network");
    }
    let sockets = Arc::new(Sockets {
        identity: identity.clone(),
        rooms: registry.clone(),
        catalogue: catalogue.clone(),
        hub: hub.clone(),
        clock,
        metrics,
        config: config.limits.clone(),
        limits: DoorLimits::new(&config.limits, clock),
        admissions: Semaphore::new(config.limits.limit_admissions as usize),
        tasks: connections.tasks.clone(),
        draining: stop.clone(),
    });
    background.tasks.spawn(close_ended_sessions(identity.clone(), hub.clone(), background.stop.clone()));
    if let Some(spotify) = &spotify {
        let told = tell_of_pauses(spotify.pauses(), registry.clone(), clock, background.stop.clone());
        background.tasks.spawn(told);
    }

    let cleanup = Cleanup {
        store: store.clone(),
        identity: identity.clone(),
        rooms: registry.clone(),
        spotify: spotify.clone(),
        clock,
    };
    background.tasks.spawn(cleanup.run(background.stop.clone()));

    let services = Arc::new(http::Services {
        identity,
        spotify,
        store: store.clone(),
        clock,
        cookies: Cookies::new(origins.https()),
        origins,
        limits: RequestLimits::new(&config.limits, clock),
        rooms: registry,
        catalogue,
        sockets,
        draining: stop.clone(),
        config: config.clone(),
    });
    connections.tasks.spawn(listener::accept(
        listener,
        warp::service(http::routes(&services)),
        config.limits.limit_connections,
        connections.tasks.clone(),
        connections.stop.clone(),
    ));
    tracing::info!("serving at http://{address}");
    Ok(Server { address, metrics_address, stop, hub, connections, rooms, background, library, store, keys, lock })
}

/// Two servers on one SQLite file would each tell the other's members nothing.
fn lock_database(config: &StorageConfig) -> anyhow::Result<Option<DatabaseLock>> {
    Ok(sqlite::database_path(config)?.map(|path| DatabaseLock::take(&path)).transpose()?)
}

async fn open_store(config: &StorageConfig) -> anyhow::Result<SharedStore> {
    let Some(url) = &config.database_url else {
        return Ok(Arc::new(SqliteStore::open(&config.data_dir.join("tutti.db")).await?));
    };
    match url.expose_secret().split_once(':') {
        Some(("sqlite", _)) => Ok(Arc::new(SqliteStore::open_url(url.expose_secret()).await?)),
        Some(("mysql", _)) => Ok(Arc::new(MySqlStore::open(url).await?)),
        _ => anyhow::bail!("TUTTI_DATABASE_URL must start with sqlite: or mysql:"),
    }
}

fn open_spotify(
    config: &ServeConfig,
    address: SocketAddr,
    store: &SharedStore,
    keys: &Keys,
    clock: Clock,
    background: &Group,
) -> anyhow::Result<Option<Spotify>> {
    let Some(settings) = Settings::new(&config.spotify, &config.listen, address)? else { return Ok(None) };
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spotify =
        Spotify::new(settings, store.clone(), keys.clone(), clock, background.tasks.clone(), background.stop.clone())?;
    tracing::info!(origin = spotify.origin(), "people can log in with Spotify");
    Ok(Some(spotify))
}

fn open_keys(config: &ServeConfig, clock: Clock) -> anyhow::Result<Keys> {
    match &config.identity.keys {
        Some(line) => Keys::from_export(line).context("TUTTI_KEYS"),
        None => Keys::from_folder(KeyFolder::in_data_dir(&config.storage.data_dir), clock.now_ms()).context("keys"),
    }
}

async fn open_library(config: &ServeConfig, clock: Clock) -> anyhow::Result<Library> {
    let data_dir = &config.storage.data_dir;
    let source = match &config.library.library_dir {
        Some(folder) => Source::Folder(folder.clone()),
        None => Source::Demo(data_dir.join("demo-library")),
    };
    Ok(Library::open(&data_dir.join("library.db"), source, clock).await?)
}

/// Tells the hosts of rooms with music from Spotify when Spotify wants to be left alone for so long that people notice.
async fn tell_of_pauses(mut pauses: watch::Receiver<i64>, rooms: Registry, clock: Clock, stop: CancellationToken) {
    loop {
        tokio::select! {
            changed = pauses.changed() => if changed.is_err() { return },
            () = stop.cancelled() => return,
        }
        let left_ms = (pauses.borrow_and_update().abs() - clock.now_ms()).max(0).unsigned_abs();
        let left = Duration::from_millis(left_ms);
        if left >= PAUSE_TOLD_FROM {
            let wait = in_words(left);
            let message = format!("Spotify takes no more requests from this server for {wait}. All else goes on.");
            let values = reason_values([("left_ms", left_ms.into())]);
            rooms.notify_hosts("spotify_busy", &message, &values, |room| room.providers.contains(&ProviderId::SPOTIFY));
        }
    }
}

/// Closes the sockets of every session that ends.
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
