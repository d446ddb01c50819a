//! The refresh token's cookie, one per account slot: several people can share a device, each with a cookie of their own.
//!
//! On https it is `__Host-tutti_<slot>`: the prefix makes browsers insist on Secure, on `Path=/` and on no Domain, so no
//! neighbouring host can plant one. Plain-http installs, where browsers would not keep such a cookie, get `tutti_<slot>`.

use std::fmt;

use ::cookie::time::Duration;
use ::cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::http::{SLOT_NEW, SLOTS};

/// Which of several people on one device a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u8);

impl Slot {
    /// The one that is meant when none is named.
    pub const FIRST: Self = Self(0);

    /// The slot of that number.
    pub fn new(number: u8) -> Option<Self> {
        (number < SLOTS).then_some(Self(number))
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SLOTS).map(Self)
    }

    /// As it stands on the wire.
    pub fn number(self) -> u8 {
        self.0
    }
}

/// The slot that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotChoice {
    /// This one.
    At(Slot),
    /// Whichever is free, for somebody who comes in beside the others.
    New,
}

impl SlotChoice {
    /// Reads a number or the word for a new one; `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if text == SLOT_NEW {
            return Some(Self::New);
        }
        // `parse` alone would take `+1` and `01`.
        let number: u8 = text.parse().ok()?;
        (number.to_string() == text).then_some(Self::At(Slot::new(number)?))
    }
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

    /// The refresh token that a request brought for a slot.
    pub fn read(self, headers: &HeaderMap, slot: Slot) -> Option<SecretString> {
        Self::find(headers, &self.name(slot))
    }

    /// The refresh tokens that a request brought, by slot.
    pub fn read_all(self, headers: &HeaderMap) -> Vec<(Slot, SecretString)> {
        Slot::all().filter_map(|slot| Some((slot, self.read(headers, slot)?))).collect()
    }

    /// What tells a login at Spotify that it comes back to the browser that it began in.
    pub fn read_login(self, headers: &HeaderMap) -> Option<SecretString> {
        Self::find(headers, &self.login_name())
    }

    fn find(headers: &HeaderMap, name: &str) -> Option<SecretString> {
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
        self.set(&self.name(slot), token.expose_secret(), Duration::seconds((lifetime_ms.max(0) + 999) / 1000))
    }

    /// `Set-Cookie` that makes the browser forget it.
    pub fn forget(self, slot: Slot) -> HeaderValue {
        self.set(&self.name(slot), "", Duration::ZERO)
    }

    /// `Set-Cookie` that marks the browser in which a login at Spotify began.
    pub fn keep_login(self, secret: &SecretString, lifetime_ms: i64) -> HeaderValue {
        self.set(&self.login_name(), secret.expose_secret(), Duration::milliseconds(lifetime_ms))
    }

    fn login_name(self) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}tutti_login")
    }

    // `Lax`, not `Strict`: coming back from Spotify is a navigation that another site began.
    fn set(self, name: &str, value: &str, max_age: Duration) -> HeaderValue {
        let cookie = Cookie::build((name, value))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_named_in_one_way_only() {
        assert_eq!(SlotChoice::parse("0"), Some(SlotChoice::At(Slot::FIRST)));
        assert_eq!(SlotChoice::parse("7"), Some(SlotChoice::At(Slot(7))));
        assert_eq!(SlotChoice::parse("new"), Some(SlotChoice::New));
        for other in ["8", "-1", "+1", "01", "", "NEW", " 1", "1; tutti_0=x", "256"] {
            assert_eq!(SlotChoice::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn each_slot_has_its_cookie() {
        let cookies = Cookies::new(true);
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-tutti_0=ana; theme=dark; __Host-tutti_3=ben"));
        headers.append(header::COOKIE, HeaderValue::from_static("tutti_1=not-ours-on-https; __Host-tutti_9=none"));
        let read: Vec<_> = cookies.read_all(&headers).into_iter().map(|(slot, token)| (slot.number(), token)).collect();
        let shown: Vec<_> = read.iter().map(|(slot, token)| (*slot, token.expose_secret())).collect();
        assert_eq!(shown, [(0, "ana"), (3, "ben")]);
    }
}
