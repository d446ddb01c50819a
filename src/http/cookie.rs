//! The refresh token's cookie, one per account slot.
//!
//! On https it is `__Host-tutti_<slot>`: the prefix makes browsers insist on Secure, on `Path=/` and on no Domain, so no
//! neighbouring host can plant one. Plain-http installs, where browsers would not keep such a cookie, get `tutti_<slot>`.

use std::fmt;

use ::cookie::time::Duration;
use ::cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

/// Which of several people on one device a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u8);

impl Slot {
    /// The only one until several people can share a device.
    pub const FIRST: Self = Self(0);
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The cookies of one server.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// For a server that is reached by https, or not.
    pub fn new(https: bool) -> Self {
        Self { secure: https }
    }

    /// What the cookie of a slot is called.
    pub fn name(self, slot: Slot) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}tutti_{slot}")
    }

    /// The refresh token that a request brought.
    pub fn read(self, headers: &HeaderMap, slot: Slot) -> Option<SecretString> {
        let name = self.name(slot);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().into())
    }

    /// `Set-Cookie` that keeps a token for so many milliseconds.
    pub fn keep(self, token: &SecretString, lifetime_ms: i64, slot: Slot) -> HeaderValue {
        self.set(token.expose_secret(), Duration::seconds((lifetime_ms.max(0) + 999) / 1000), slot)
    }

    /// `Set-Cookie` that makes the browser forget it.
    pub fn forget(self, slot: Slot) -> HeaderValue {
        self.set("", Duration::ZERO, slot)
    }

    fn set(self, value: &str, max_age: Duration, slot: Slot) -> HeaderValue {
        let cookie = Cookie::build((self.name(slot), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .max_age(max_age)
            .build();
        let mut value = HeaderValue::try_from(cookie.to_string()).expect("names and tokens are ASCII");
        value.set_sensitive(true);
        value
    }
}
