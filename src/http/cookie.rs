//! The refresh token's cookie, one per account slot: users who share a device have a cookie each.
//!
//! On https it is `__Host-tutti_<slot>`: the prefix makes browsers insist on Secure, on `Path=/` and on no Domain, so
//! no sibling host can plant one. On plain http, where browsers reject that prefix, it is `tutti_<slot>`.

use std::fmt;

use ::cookie::time::Duration;
use ::cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::http::{SLOT_NEW, SLOTS};

/// The account slot of a device that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u8);

impl Slot {
    /// The default slot.
    pub const FIRST: Self = Self(0);

    /// The slot with this number, if there is one.
    pub fn new(number: u8) -> Option<Self> {
        (number < SLOTS).then_some(Self(number))
    }

    /// All slots.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SLOTS).map(Self)
    }

    /// Its number on the wire.
    pub fn number(self) -> u8 {
        self.0
    }
}

/// The slot that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotChoice {
    /// An existing slot.
    At(Slot),
    /// Any free slot, for another account beside the present ones.
    New,
}

impl SlotChoice {
    /// Parses a slot number or [`SLOT_NEW`]; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text == SLOT_NEW {
            return Some(Self::New);
        }
        // `parse` alone accepts `+1` and `01`.
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
    /// `https`: whether users reach the server by https.
    pub fn new(https: bool) -> Self {
        Self { secure: https }
    }

    /// The name of a slot's cookie.
    pub fn name(self, slot: Slot) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}tutti_{slot}")
    }

    /// A slot's refresh token in a request.
    pub fn read(self, headers: &HeaderMap, slot: Slot) -> Option<SecretString> {
        Self::find(headers, &self.name(slot))
    }

    /// All refresh tokens in a request, by slot.
    pub fn read_all(self, headers: &HeaderMap) -> Vec<(Slot, SecretString)> {
        Slot::all().filter_map(|slot| Some((slot, self.read(headers, slot)?))).collect()
    }

    /// The secret that binds a pending Spotify login to the browser that started it.
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

    /// A `Set-Cookie` that stores a token for `lifetime_ms`.
    pub fn store(self, token: &SecretString, lifetime_ms: i64, slot: Slot) -> HeaderValue {
        self.set(&self.name(slot), token.expose_secret(), Duration::seconds((lifetime_ms.max(0) + 999) / 1000))
    }

    /// A `Set-Cookie` that deletes a slot's cookie.
    pub fn clear(self, slot: Slot) -> HeaderValue {
        self.set(&self.name(slot), "", Duration::ZERO)
    }

    /// A `Set-Cookie` that stores the secret of a pending Spotify login.
    pub fn store_login(self, secret: &SecretString, lifetime_ms: i64) -> HeaderValue {
        self.set(&self.login_name(), secret.expose_secret(), Duration::milliseconds(lifetime_ms))
    }

    fn login_name(self) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}tutti_login")
    }

    // `Lax`, not `Strict`: the redirect back from Spotify is a cross-site navigation.
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
    fn each_slot_has_one_spelling() {
        assert_eq!(SlotChoice::parse("0"), Some(SlotChoice::At(Slot::FIRST)));
        assert_eq!(SlotChoice::parse("7"), Some(SlotChoice::At(Slot(7))));
        assert_eq!(SlotChoice::parse("new"), Some(SlotChoice::New));
        for other in ["8", "-1", "+1", "01", "", "NEW", " 1", "1; tutti_0=x", "256"] {
            assert_eq!(SlotChoice::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn each_slot_has_its_own_cookie() {
        let cookies = Cookies::new(true);
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-tutti_0=ana; theme=dark; __Host-tutti_3=ben"));
        headers.append(header::COOKIE, HeaderValue::from_static("tutti_1=not-ours-on-https; __Host-tutti_9=none"));
        let read: Vec<_> = cookies.read_all(&headers).into_iter().map(|(slot, token)| (slot.number(), token)).collect();
        let shown: Vec<_> = read.iter().map(|(slot, token)| (*slot, token.expose_secret())).collect();
        assert_eq!(shown, [(0, "ana"), (3, "ben")]);
    }
}
