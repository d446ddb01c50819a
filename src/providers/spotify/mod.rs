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
//! Guarantees: tokens are stored encrypted and never logged; one refresh at a time for each user; a revoked authorization
//! deletes the tokens and nothing else; a single false answer never changes the verdict on a subscription.
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

/// What a user reads for [`SpotifyError::NotPremium`].
pub const NEEDS_PREMIUM: &str =
    "Playing Spotify on your own device needs Spotify Premium. Everything else works without it.";
/// What a user reads for [`SpotifyError::NotListed`].
pub const NOT_LISTED: &str = "Spotify allows this server's app only for accounts that its owner has listed.";

/// Why Spotify cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpotifyError {
    /// The user has linked no account.
    #[error("no Spotify account is linked")]
    NotLinked,
    /// The authorization was revoked or has expired.
    #[error("the authorization at Spotify has ended")]
    NeedsLogin,
    /// The account has no Premium.
    #[error("this needs Spotify Premium")]
    NotPremium,
    /// The app is in development mode, and the account is not on its list of users.
    #[error("not on the list of those who may use this app")]
    NotListed,
    /// Spotify, or a limit of this server, accepts no requests for now.
    #[error("Spotify takes no requests for {} s", .retry_after.as_secs())]
    TooMany {
        /// The pause.
        retry_after: Duration,
        /// Whether a quota is used up, and not only the rate too high.
        quota: bool,
    },
    /// A malformed request: an invalid cursor or id.
    #[error("invalid request")]
    InvalidRequest,
    /// The track does not play in the country of the account.
    #[error("this track does not play there")]
    Unplayable,
    /// The device is off, or accepts no commands.
    #[error("there is no such device at the moment")]
    DeviceNotFound,
    /// The user plays something else with the account.
    #[error("the account is used for something else")]
    Taken,
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
            error @ (SpotifyError::DeviceNotFound | SpotifyError::Taken | SpotifyError::Store(_)) => {
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
    flights: Flights<(UserId, Flight)>,
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
    /// Sends no request yet. Checks in the background, and devices that follow rooms, run on `tasks`; the latter
    /// end when `stop` is cancelled.
    pub fn new(
        settings: Settings,
        store: SharedStore,
        keys: Keys,
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
        let api = Api::new(http.clone(), settings.api_url.clone(), clock);
        let (flights, caches, outputs) = (Flights::default(), TrackCaches::new(clock), Outputs::default());
        let inner = Inner { settings, store, keys, clock, http, api, flights, caches, outputs, tasks, stop };
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

    /// The origin at which a login must start.
    pub fn origin(&self) -> String {
        self.0.settings.redirect_url.origin().ascii_serialization()
    }
}

/// An operation that runs once at a time for each user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Flight {
    Refresh,
    Check,
}

type FlightLock = tokio::sync::Mutex<()>;

/// Locks that exist while they are held or awaited.
struct Flights<K>(Mutex<HashMap<K, Weak<FlightLock>>>);

impl<K> Default for Flights<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Flights<K> {
    fn of(&self, key: K) -> Arc<FlightLock> {
        let mut flights = self.0.lock();
        if let Some(lock) = flights.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        flights.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        flights.insert(key, Arc::downgrade(&lock));
        lock
    }
}
