//! A server under test, and browsers that use it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::config::ServeConfig;
use tutti::connection::{ConnectionContext, ConnectionLimits};
use tutti::http::limits::RequestLimits;
use tutti::http::origin::Origins;
use tutti::http::{HttpContext, SharedContext};
use tutti::identity::Identity;
use tutti::keys::{KeyFolder, Keys};
use tutti::operator::Operators;
use tutti::providers::Catalogue;
use tutti::providers::library::cover_address::CoverSigner;
use tutti::providers::library::{Library, Source};
use tutti::providers::spotify::{Settings, Spotify};
use tutti::room::Registry;
use tutti::segments::{Cache, Preparer};
use tutti::store::SharedStore;
use tutti::store::journal::Journal;
use tutti::store::memory::MemoryStore;
use tutti::store::sqlite::SqliteStore;
use tutti::telemetry::metrics::Metrics;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

/// Noon of an arbitrary day.
pub const NOON_MS: f64 = 1_767_268_800_000.0;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    serve: ServeConfig,
}

/// A server under test.
pub struct Site {
    pub context: SharedContext,
    pub routes: BoxedFilter<(Response,)>,
    pub dir: TempDir,
}

impl Site {
    pub async fn in_memory(settings: &[&str]) -> Self {
        Self::on(Arc::new(MemoryStore::default()), settings, tempfile::tempdir().unwrap()).await
    }

    pub async fn on_sqlite(settings: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("tutti.db")).await.unwrap();
        Self::on(Arc::new(store), settings, dir).await
    }

    /// With this library.
    pub async fn around(library: Library) -> Self {
        Self::with(Arc::new(MemoryStore::default()), &[], tempfile::tempdir().unwrap(), library).await
    }

    pub async fn on(store: SharedStore, settings: &[&str], dir: TempDir) -> Self {
        let music = dir.path().join("music");
        std::fs::create_dir_all(&music).unwrap();
        let (index, source) = (dir.path().join("library.db"), Source::Folder(music));
        let library = Library::open(&index, source, Clock::starting_at(NOON_MS), CoverSigner::from_secret(&[7; 32]))
            .await
            .unwrap();
        Self::with(store, settings, dir, library).await
    }

    async fn with(store: SharedStore, settings: &[&str], dir: TempDir, library: Library) -> Self {
        let cheap = ["--bcrypt-cost", "4"].iter().filter(|_| !settings.contains(&"--bcrypt-cost"));
        let arguments = ["tutti", "--audio-access=users"].iter().chain(cheap).chain(settings);
        let config = Cli::parse_from(arguments).serve;
        let clock = Clock::starting_at(NOON_MS);
        let keys = Keys::from_folder(KeyFolder::in_data_dir(dir.path()), clock.now_ms()).unwrap();
        let (tasks, draining) = (TaskTracker::new(), CancellationToken::new());
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = Settings::new(&config.spotify, &config.listen, config.listen.listen).unwrap();
        let spotify = settings.map(|settings| {
            Spotify::new(settings, store.clone(), keys.clone(), Metrics::off(), clock, tasks.clone(), draining.clone())
                .unwrap()
        });
        let identity = Identity::open(store.clone(), keys, clock, &config.identity).await.unwrap();
        let origins = Origins::new(&config.listen);
        let catalogue = Catalogue::of(&config, library.clone(), spotify.clone());
        let journal = Journal::start(store.clone(), clock, Metrics::off(), &tasks);
        let rooms = Registry::new(
            store.clone(),
            journal,
            clock,
            Metrics::off(),
            Some(Arc::new(catalogue.clone())),
            tasks.clone(),
            draining.clone(),
        );
        let operators = Operators::open(store.clone(), identity.clone(), rooms.clone(), clock).await.unwrap();
        let cache = Cache::open(dir.path().join("segments"), 0).unwrap();
        let preparer = Preparer::new(cache, Metrics::off(), 1, tasks.clone(), draining.clone());
        let connection = Arc::new(ConnectionContext {
            identity: identity.clone(),
            rooms: rooms.clone(),
            catalogue: catalogue.clone(),
            hub: Arc::default(),
            clock,
            metrics: Metrics::off(),
            config: config.limits.clone(),
            limits: ConnectionLimits::new(&config.limits, clock),
            sockets: Arc::default(),
            refusals: tutti::telemetry::Throttle::new(clock),
            admissions: tokio::sync::Semaphore::new(config.limits.limit_admissions as usize),
            tasks,
            draining: draining.clone(),
        });
        let context = Arc::new(HttpContext {
            cluster_clock: None,
            library,
            preparer,
            cover_bytes: Arc::new(tokio::sync::Semaphore::new(tutti::limits::COVER_BYTES_UNSENT_MAX)),
            cover_bytes_of_networks: Arc::default(),
            listeners: tutti::http::recent_listeners::RecentListeners::new(clock),
            arrivals: tutti::telemetry::Throttle::new(clock),
            identity,
            operators,
            spotify,
            store,
            origins,
            limits: RequestLimits::new(&config.limits, clock),
            address: config.listen.listen,
            config,
            clock,
            rooms,
            catalogue,
            connection,
            draining,
        });
        let routes = tutti::http::routes(&context).boxed();
        Self { context, routes, dir }
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            site: self,
            cookie: None,
            jar: BTreeMap::new(),
            slot: None,
            access_token: None,
            address: ([192, 0, 2, 1], 4711).into(),
            origin: "http://tutti.lan:8080",
            forwarded_proto: None,
        }
    }

    /// Sends any request.
    pub async fn send(&self, request: warp::test::RequestBuilder) -> Answer {
        let response = request.reply(&self.routes).await;
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            json: serde_json::from_slice(response.body()).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(response.body()).into_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(warp::test::request().path(path)).await
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Cookies that the response sets, by name; an empty value removes one.
    pub fn cookies(&self) -> Vec<(String, String)> {
        let pair = |value: &http::HeaderValue| {
            let (name, value) = value.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        self.headers.get_all(header::SET_COOKIE).iter().map(pair).collect()
    }

    /// The value of the first cookie that the response sets.
    pub fn cookie(&self) -> Option<String> {
        let pair = self.header(header::SET_COOKIE).split(';').next()?;
        Some(pair.split_once('=')?.1.to_owned())
    }

    pub fn user_id(&self) -> &str {
        self.json["user"]["id"].as_str().expect("an answer with a user")
    }

    pub fn access_token(&self) -> String {
        self.json["access_token"].as_str().expect("an answer with a token").to_owned()
    }

    /// Checks for a problem document.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.json["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header(header::CONTENT_TYPE), "application/problem+json");
        assert_eq!(self.json["status"], status);
        assert!(!self.json["detail"].as_str().unwrap().is_empty());
        assert!(!self.json["error_id"].as_str().unwrap().is_empty());
    }

    #[track_caller]
    pub fn assert_ok(&self) -> &Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self
    }
}

/// A browser: it keeps cookies, sends `Origin`, and keeps the access token as the client does.
#[derive(Clone)]
pub struct Browser<'a> {
    pub site: &'a Site,
    /// The cookie of the first slot.
    pub cookie: Option<String>,
    /// All other cookies.
    pub jar: BTreeMap<String, String>,
    /// The `Tutti-Slot` header.
    pub slot: Option<&'static str>,
    pub access_token: Option<String>,
    /// Its own, or that of the proxy between it and the server.
    pub address: SocketAddr,
    /// Of the page that is open.
    pub origin: &'static str,
    /// The `X-Forwarded-Proto` header that the proxy adds.
    pub forwarded_proto: Option<&'static str>,
}

impl Browser<'_> {
    pub fn at(mut self, address: &str) -> Self {
        self.address = format!("{address}:4711").parse().unwrap();
        self
    }

    pub fn request(&self, method: &str, path: &str) -> warp::test::RequestBuilder {
        let mut request = warp::test::request()
            .method(method)
            .path(path)
            .extension(self.address)
            .header("host", self.origin.split_once("://").unwrap().1)
            .header("origin", self.origin)
            .header("user-agent", "Test/1");
        let first = self.cookie.iter().map(|cookie| format!("{}={cookie}", self.first_slot()));
        let others = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<_> = first.chain(others).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", format!("theme=dark; {}", cookies.join("; ")));
        }
        if let Some(slot) = self.slot {
            request = request.header("tutti-slot", slot);
        }
        if let Some(proto) = self.forwarded_proto {
            request = request.header("x-forwarded-proto", proto);
        }
        if let Some(token) = &self.access_token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        let answer = self.site.send(self.request("POST", path).json(&body)).await;
        self.take(&answer);
        answer
    }

    pub async fn guest(&mut self, display_name: &str) -> Answer {
        self.post("/api/v1/auth/guest", json!({ "display_name": display_name })).await
    }

    pub async fn register(&mut self, username: &str, password: &str) -> Answer {
        let body = json!({ "username": username, "password": password, "display_name": username });
        self.post("/api/v1/auth/register", body).await
    }

    pub async fn login(&mut self, username: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", json!({ "username": username, "password": password })).await
    }

    pub async fn refresh(&mut self) -> Answer {
        let answer = self.site.send(self.request("POST", "/api/v1/auth/refresh")).await;
        self.take(&answer);
        answer
    }

    pub async fn logout(&mut self) -> Answer {
        let answer = self.site.send(self.request("POST", "/api/v1/auth/logout")).await;
        self.take(&answer);
        answer
    }

    pub async fn me(&self) -> Answer {
        self.site.send(self.request("GET", "/api/v1/me")).await
    }

    /// Opens a page, with the headers of a navigation: no `Origin`, no access token.
    pub async fn open(&mut self, path: &str, site: &str) -> Answer {
        let navigator = Self { access_token: None, slot: None, ..self.clone() };
        let mut request = navigator.request("GET", path).header("sec-fetch-mode", "navigate");
        request = request.header("sec-fetch-dest", "document").header("sec-fetch-site", site);
        let answer = self.site.send(request).await;
        self.take(&answer);
        answer
    }

    pub async fn delete(&mut self, path: &str) -> Answer {
        let answer = self.site.send(self.request("DELETE", path)).await;
        self.take(&answer);
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.site.send(self.request("GET", path)).await
    }

    fn is_secure(&self) -> bool {
        self.origin.starts_with("https:")
    }

    fn first_slot(&self) -> &'static str {
        if self.is_secure() { "__Host-tutti_0" } else { "tutti_0" }
    }

    fn take(&mut self, answer: &Answer) {
        let is_secure = self.is_secure();
        for (name, value) in answer.cookies() {
            if !is_secure && name.starts_with("__Host-") {
                // Browsers ignore it.
            } else if name == self.first_slot() {
                self.cookie = (!value.is_empty()).then_some(value);
            } else if value.is_empty() {
                self.jar.remove(&name);
            } else {
                self.jar.insert(name, value);
            }
        }
        if answer.json["access_token"].is_string() {
            self.access_token = Some(answer.access_token());
        }
    }
}

/// Advances the clock. It is not paused before and after, because a paused clock does not wait for the threads of the
/// database.
pub async fn pass(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

/// Runs each test on every store.
macro_rules! on_every_store {
    ($($test:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::http::Site::in_memory(&[]).await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::http::Site::on_sqlite(&[]).await).await;
            })*
        }
    };
}
pub(crate) use on_every_store;
