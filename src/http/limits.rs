//! Rate limits of HTTP requests. Addresses are those that [`client_address`](super::middleware::client_address)
//! returns.

use std::net::IpAddr;

use tutti_protocol::UserId;

use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::identity::Username;
use crate::limiter::{Limiter, NetworkLimiter, RateLimited};

/// A party behind one address needs many logins within a minute; a single account needs few.
const LOGINS_PER_ADDRESS_FACTOR: u32 = 6;

/// Times a minute that a user's rooms are looked up to find out whether one has a track.
const AUDIO_LOOKUPS: u32 = 60;

/// One limiter for each kind of request.
#[derive(Debug)]
pub struct RequestLimits {
    logins_by_account: Limiter<(String, IpAddr)>,
    logins_by_address: NetworkLimiter,
    /// Accounts registered.
    pub registrations: NetworkLimiter,
    /// Guests created.
    pub guests: NetworkLimiter,
    /// Uses of a login cookie.
    pub refreshes: NetworkLimiter,
    /// Redirects to Spotify and back, each.
    pub spotify_logins: NetworkLimiter,
    /// Requests that may call Spotify.
    pub spotify_requests: Limiter<UserId>,
    /// Tracks started on a player. Separate from `spotify_requests`, so that browsing never stops the music.
    pub spotify_plays: Limiter<UserId>,
    /// Attempts to change a password.
    pub password_changes: Limiter<UserId>,
    /// Attempts to use a code of another device or of a screen.
    pub device_codes: NetworkLimiter,
    /// Such codes made.
    pub device_codes_made: Limiter<UserId>,
    /// Codes made for screens.
    pub screens_made: NetworkLimiter,
    /// Requests of screens for the status of their codes.
    pub screen_looks: NetworkLimiter,
    /// Rooms created.
    pub rooms: Limiter<UserId>,
    /// Passcodes set.
    pub passcode_changes: Limiter<UserId>,
    /// The same in a day.
    pub rooms_by_network: NetworkLimiter,
    /// Searches.
    pub searches: Limiter<UserId>,
    /// Audio that no loaded room of the user has.
    pub audio_lookups: Limiter<UserId>,
}

impl RequestLimits {
    /// The configured limits.
    pub fn new(config: &LimitsConfig, clock: Clock) -> Self {
        let logins_per_address = config.limit_logins.saturating_mul(LOGINS_PER_ADDRESS_FACTOR);
        Self {
            logins_by_account: Limiter::per_minute(config.limit_logins, clock),
            logins_by_address: NetworkLimiter::per_minute(logins_per_address, clock),
            registrations: NetworkLimiter::per_minute(config.limit_registrations, clock),
            guests: NetworkLimiter::per_minute(config.limit_guests, clock),
            refreshes: NetworkLimiter::per_minute(config.limit_refreshes, clock),
            spotify_logins: NetworkLimiter::per_minute(config.limit_spotify_logins, clock),
            spotify_requests: Limiter::per_minute(config.limit_spotify_requests, clock),
            spotify_plays: Limiter::per_minute(config.limit_spotify_requests, clock),
            password_changes: Limiter::per_minute(config.limit_logins, clock),
            device_codes: NetworkLimiter::per_minute(config.limit_guesses, clock),
            device_codes_made: Limiter::per_minute(config.limit_logins, clock),
            screens_made: NetworkLimiter::per_minute(config.limit_guests, clock),
            screen_looks: NetworkLimiter::per_minute(config.limit_refreshes, clock),
            rooms: Limiter::per_minute(config.limit_rooms, clock),
            passcode_changes: Limiter::per_minute(config.limit_rooms, clock),
            rooms_by_network: NetworkLimiter::per_day(config.limit_rooms_per_address, clock),
            searches: Limiter::per_minute(config.limit_searches, clock),
            audio_lookups: Limiter::per_minute(AUDIO_LOOKUPS, clock),
        }
    }

    /// Counts a login attempt, successful or not: by account and address, and by address. Never by account alone, which
    /// would let an attacker lock its owner out.
    pub fn check_login(&self, username: &str, address: IpAddr) -> Result<(), RateLimited> {
        // Everything that is no valid username shares one key, which keeps keys short.
        let account = Username::parse(username).map(|username| username.normalized().to_owned()).unwrap_or_default();
        self.logins_by_account.check(&(account, address))?;
        self.logins_by_address.check(address)
    }
}
