//! How often anybody may log in, register, or become a guest. Addresses are those that
//! [`client_address`](super::middleware::client_address) gives.

use std::net::IpAddr;

use tutti_protocol::UserId;

use super::ApiError;
use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::identity::Username;
use crate::limiter::Limiter;

/// A party behind one address logs in within a minute or two; one account needs no more than a few tries.
const LOGINS_PER_ADDRESS_FACTOR: u32 = 6;

/// The doors and how often each opens.
///
/// Logins are counted for the pair of account and address, and for the address. Never for the account alone: then anybody
/// who guesses could keep its owner out.
#[derive(Debug)]
pub struct Limits {
    logins_by_account: Limiter<(String, IpAddr)>,
    logins_by_address: Limiter<IpAddr>,
    registrations: Limiter<IpAddr>,
    guests: Limiter<IpAddr>,
    refreshes: Limiter<IpAddr>,
    spotify_logins: Limiter<IpAddr>,
    spotify_requests: Limiter<UserId>,
    spotify_plays: Limiter<UserId>,
    password_changes: Limiter<UserId>,
    rooms: Limiter<UserId>,
    searches: Limiter<UserId>,
}

impl Limits {
    /// As the settings say.
    pub fn new(config: &LimitsConfig, clock: Clock) -> Self {
        let logins_per_address = config.limit_logins.saturating_mul(LOGINS_PER_ADDRESS_FACTOR);
        Self {
            logins_by_account: Limiter::per_minute(config.limit_logins, clock),
            logins_by_address: Limiter::per_minute(logins_per_address, clock),
            registrations: Limiter::per_minute(config.limit_registrations, clock),
            guests: Limiter::per_minute(config.limit_guests, clock),
            refreshes: Limiter::per_minute(config.limit_refreshes, clock),
            spotify_logins: Limiter::per_minute(config.limit_spotify_logins, clock),
            spotify_requests: Limiter::per_minute(config.limit_spotify_requests, clock),
            spotify_plays: Limiter::per_minute(config.limit_spotify_requests, clock),
            password_changes: Limiter::per_minute(config.limit_logins, clock),
            rooms: Limiter::per_minute(config.limit_rooms, clock),
            searches: Limiter::per_minute(config.limit_searches, clock),
        }
    }

    /// One more try to log in, right or wrong.
    pub fn login(&self, username: &str, address: IpAddr) -> Result<(), ApiError> {
        // What cannot be a username is no account, so all of it is one key: keys stay short.
        let account = Username::parse(username).map(|username| username.normalized().to_owned()).unwrap_or_default();
        self.logins_by_account
            .check(&(account, address))
            .and_then(|()| self.logins_by_address.check(&address))
            .map_err(ApiError::rate_limited)
    }

    /// One more try to register.
    pub fn registration(&self, address: IpAddr) -> Result<(), ApiError> {
        self.registrations.check(&address).map_err(ApiError::rate_limited)
    }

    /// One more guest.
    pub fn guest(&self, address: IpAddr) -> Result<(), ApiError> {
        self.guests.check(&address).map_err(ApiError::rate_limited)
    }

    /// One more use of a login cookie.
    pub fn refresh(&self, address: IpAddr) -> Result<(), ApiError> {
        self.refreshes.check(&address).map_err(ApiError::rate_limited)
    }

    /// One more way to Spotify and back.
    pub fn spotify_login(&self, address: IpAddr) -> Result<(), ApiError> {
        self.spotify_logins.check(&address).map_err(ApiError::rate_limited)
    }

    /// One more request that may make one to Spotify.
    pub fn spotify_request(&self, user: UserId) -> Result<(), ApiError> {
        self.spotify_requests.check(&user).map_err(ApiError::rate_limited)
    }

    /// One more track started on a player: apart from the others, so that nobody who clicks about loses the music.
    pub fn spotify_play(&self, user: UserId) -> Result<(), ApiError> {
        self.spotify_plays.check(&user).map_err(ApiError::rate_limited)
    }

    /// One more try to change a password.
    pub fn password_change(&self, user: UserId) -> Result<(), ApiError> {
        self.password_changes.check(&user).map_err(ApiError::rate_limited)
    }

    /// One more room opened.
    pub fn room(&self, user: UserId) -> Result<(), ApiError> {
        self.rooms.check(&user).map_err(ApiError::rate_limited)
    }

    /// One more search.
    pub fn search(&self, user: UserId) -> Result<(), ApiError> {
        self.searches.check(&user).map_err(ApiError::rate_limited)
    }
}
