//! Spotify: its catalogue, login, linked accounts, and playback on users' own devices.
//!
//! | module | what |
//! |---|---|
//! | `settings` | Spotify's URLs and the redirect URL |
//! | `login` | authorization code flow with PKCE (RFC 7636) |
//! | `links` | linked accounts: stored tokens, refreshing, unlinking |
//! | [`premium`] | the verdict on a subscription, from evidence; pure |
//! | `checks` | requests that check a subscription |
//! | `api` | requests to the Web API, and the pause after a 429 |
//! | `tracks`, `cache` | the [`Provider`](super::Provider): searching and looking tracks up, with caches |
//! | `notices` | notices to hosts while Spotify rejects requests |
//! | `player` | commands to a user's own devices |
//! | `outputs` | which device follows which room |
//! | `connect`, `plan` | the task that makes a device follow, and its decisions, which are pure |
//!
//! Guarantees: tokens are stored encrypted and never logged; one refresh at a time for each user; a revoked
//! authorization deletes the tokens and nothing else; a single false answer never changes the verdict on a
//! subscription.
//!
//! Not in here: users ([`crate::identity`]), HTTP routes, and the player in the browser, which is the client's.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::UserId;

pub use links::AUTHORIZATION_LIFETIME;
pub use login::{AuthenticatedAccount, Callback, FinishedLogin, LOGIN_LIFETIME, StartedLogin};
pub use settings::{CALLBACK_PATH, Settings};

use crate::clock::Clock;
use crate::keys::Keys;
use crate::providers::ProviderError;
use crate::store::{SharedStore, StoreError};
use crate::telemetry::metrics::Metrics;
use api::Api;
use outputs::Outputs;
use tracks::TrackCaches;

mod api;
mod cache;
mod checks;
mod connect;
mod links;
mod login;
mod notices;
mod outputs;
mod plan;
mod player;
pub mod premium;
mod settings;
mod tracks;

/// Timeout of one request to Spotify.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Delay between attempts of one check: above the spacing under which two doubts count as one burst.
const RETRY_DELAY: Duration = premium::DOUBT_SPACING.saturating_add(Duration::from_millis(100));
/// OAuth scopes: playback in the browser (which Spotify requires together with reading the profile), and reading and
/// controlling playback on the user's devices.
const SCOPES: [&str; 5] =
    ["streaming", "user-read-email", "user-read-private", "user-read-playback-state", "user-modify-playback-state"];

/// The message to users for [`SpotifyError::NotPremium`].
pub const NEEDS_PREMIUM: &str =
    "Playing Spotify on your own device needs Spotify Premium. Everything else works without it.";
/// The message to users for [`SpotifyError::NotListed`].
pub const NOT_LISTED: &str = "Spotify allows this server's app only for accounts that its owner has listed.";

/// Why a request to Spotify failed.
#[derive(Debug, thiserror::Error)]
pub enum SpotifyError {
    /// The user has no linked account.
    #[error("no Spotify account is linked")]
    NotLinked,
    /// The authorization was revoked or has expired.
    #[error("the authorization was revoked or has expired")]
    NeedsLogin,
    /// The account has no Premium.
    #[error("the account has no Spotify Premium")]
    NotPremium,
    /// The app is in development mode, and the account is not on its allowlist.
    #[error("the account is not on the app's allowlist")]
    NotListed,
    /// Spotify, or a limit of this server, accepts no requests for now.
    #[error("Spotify accepts no requests for {} s", .retry_after.as_secs())]
    TooMany {
        /// The pause.
        retry_after: Duration,
        /// Whether a quota is used up, and not only the rate too high.
        quota: bool,
    },
    /// A malformed request: an invalid cursor or id.
    #[error("invalid request to Spotify")]
    InvalidRequest,
    /// The track does not play in the country of the account.
    #[error("the track does not play in the account's country")]
    Unplayable,
    /// The device is off, or accepts no commands.
    #[error("the device is off or accepts no commands")]
    DeviceNotFound,
    /// The account plays something else.
    #[error("the account plays something else")]
    AccountInUse,
    /// Spotify cannot be reached, or its response is invalid.
    #[error("Spotify is not available")]
    Unavailable(#[source] anyhow::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SpotifyError> for ProviderError {
    fn from(error: SpotifyError) -> Self {
        match error {
            SpotifyError::NotLinked | SpotifyError::NeedsLogin => Self::NotLinked,
            SpotifyError::NotPremium => Self::Forbidden(NEEDS_PREMIUM),
            SpotifyError::NotListed => Self::Forbidden(NOT_LISTED),
            SpotifyError::TooMany { retry_after, .. } => Self::RateLimited { retry_after },
            SpotifyError::InvalidRequest => Self::Invalid("Spotify does not support this request."),
            SpotifyError::Unplayable => Self::Unplayable,
            SpotifyError::Unavailable(cause) => Self::Unavailable(cause),
            error @ (SpotifyError::DeviceNotFound | SpotifyError::AccountInUse | SpotifyError::Store(_)) => {
                Self::Unavailable(error.into())
            }
        }
    }
}

/// Spotify. Cheap to clone.
#[derive(Clone)]
pub struct Spotify(Arc<Inner>);

struct Inner {
    settings: Settings,
    store: SharedStore,
    keys: Keys,
    clock: Clock,
    http: reqwest::Client,
    api: Api,
    operations: KeyedLocks<(UserId, Operation)>,
    caches: TrackCaches,
    outputs: Outputs,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl fmt::Debug for Spotify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spotify").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Spotify {
    /// Sends no request yet. Background checks and devices that follow rooms run on `tasks`; the latter end when `stop`
    /// is cancelled.
    pub fn new(
        settings: Settings,
        store: SharedStore,
        keys: Keys,
        metrics: Metrics,
        clock: Clock,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        // No redirects: none of these services redirects, and following one could leak a token.
        let http = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("tutti/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let api = Api::new(http.clone(), settings.api_url.clone(), metrics, clock);
        let (operations, caches, outputs) = (KeyedLocks::default(), TrackCaches::new(clock), Outputs::default());
        let inner = Inner { settings, store, keys, clock, http, api, operations, caches, outputs, tasks, stop };
        Ok(Self(Arc::new(inner)))
    }

    /// The origin that replaces `localhost` for pages.
    pub fn instead_of_localhost(&self, headers: &http::HeaderMap) -> Option<String> {
        self.0.settings.instead_of_localhost(headers)
    }

    /// The URL of the Web Playback SDK.
    pub fn sdk_url(&self) -> &reqwest::Url {
        &self.0.settings.sdk_url
    }

    /// The path of the first page: `/`, or what is below the base path.
    pub fn home(&self) -> &str {
        self.0.settings.home()
    }

    /// The origin at which a login must start.
    pub fn origin(&self) -> String {
        self.0.settings.redirect_url.origin().ascii_serialization()
    }
}

/// An operation that runs once at a time for each user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    RefreshToken,
    CheckSubscription,
}

type KeyLock = tokio::sync::Mutex<()>;

/// A lock for each key. A lock exists only while it is held or awaited.
struct KeyedLocks<K>(Mutex<HashMap<K, Weak<KeyLock>>>);

impl<K> Default for KeyedLocks<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> KeyedLocks<K> {
    fn get(&self, key: K) -> Arc<KeyLock> {
        let mut locks = self.0.lock();
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}
