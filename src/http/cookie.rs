//! The refresh token's cookie, one per account slot: users who share a device have a cookie each.
//!
//! On https it is `__Host-tutti_<slot>`: the prefix makes browsers insist on Secure, on `Path=/` and on no Domain, so
//! no sibling host can plant one. Below a base path it is `__Secure-tutti_<slot>` for that path, so that it is not sent to
//! the other servers of the site. On plain http, where browsers reject these prefixes, it is `tutti_<slot>`. Which of them
//! is decided for each request: one server is reached by https through its proxy and by plain http in its local network.

use std::fmt;
use std::sync::Arc;

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

/// The way by which a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Plain http.
    Plain,
    /// Https.
    Secure,
    /// Https, on a server that set plain cookies there in earlier versions: these are read where there are no others.
    SecureOrPlain,
}

/// The cookies of a request, by the way it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookies {
    way: Way,
    /// The path that they are for; empty for the root.
    base_path: Arc<str>,
}

/// What the names of secure cookies begin with: at the root, and below a base path.
const SECURE: [&str; 2] = ["__Host-", "__Secure-"];

impl Cookies {
    /// Of a request that came this way, for a path.
    pub fn new(way: Way, base_path: Arc<str>) -> Self {
        Self { way, base_path }
    }

    /// Whether a request has any refresh token, however it came.
    pub fn has_token(headers: &HeaderMap) -> bool {
        Self::has_secure_token(headers) || has_token_named(headers, "")
    }

    /// Whether the browser itself considers the way of a request secure: it sends these cookies on no other.
    pub fn has_secure_token(headers: &HeaderMap) -> bool {
        SECURE.iter().any(|prefix| has_token_named(headers, prefix))
    }

    /// All refresh tokens in a request, by slot.
    pub fn read_all(&self, headers: &HeaderMap) -> Vec<(Slot, SecretString)> {
        Slot::all().filter_map(|slot| Some((slot, self.find(headers, &slot.to_string())?))).collect()
    }

    /// The secret that binds a pending Spotify login to the browser that started it.
    pub fn read_login(&self, headers: &HeaderMap) -> Option<SecretString> {
        self.find(headers, LOGIN)
    }

    fn find(&self, headers: &HeaderMap, suffix: &str) -> Option<SecretString> {
        find(headers, &self.name(suffix)).or_else(|| find(headers, &self.older()?.name(suffix)))
    }

    /// The plain ones that were set here in earlier versions.
    fn older(&self) -> Option<Self> {
        (self.way == Way::SecureOrPlain).then(|| Self { way: Way::Plain, base_path: self.base_path.clone() })
    }

    /// A `Set-Cookie` that stores a token for `lifetime_ms`.
    pub fn store(&self, token: &SecretString, lifetime_ms: i64, slot: Slot) -> HeaderValue {
        self.set(&slot.to_string(), token.expose_secret(), Duration::seconds((lifetime_ms.max(0) + 999) / 1000))
    }

    /// `Set-Cookie`s that delete a slot's cookies.
    pub fn clear(&self, slot: Slot) -> impl Iterator<Item = HeaderValue> + use<> {
        let all = [self.clone()].into_iter().chain(self.older());
        all.map(move |cookies| cookies.set(&slot.to_string(), "", Duration::ZERO))
    }

    /// A `Set-Cookie` that stores the secret of a pending Spotify login.
    pub fn store_login(&self, secret: &SecretString, lifetime_ms: i64) -> HeaderValue {
        self.set(LOGIN, secret.expose_secret(), Duration::milliseconds(lifetime_ms))
    }

    fn name(&self, suffix: &str) -> String {
        let [at_root, below] = SECURE;
        let prefix = match self.way {
            Way::Plain => "",
            _ if self.base_path.is_empty() => at_root,
            _ => below,
        };
        name(prefix, suffix)
    }

    // `Lax`, not `Strict`: the redirect back from Spotify is a cross-site navigation.
    fn set(&self, suffix: &str, value: &str, max_age: Duration) -> HeaderValue {
        let path = if self.base_path.is_empty() { "/" } else { &*self.base_path };
        let cookie = Cookie::build((self.name(suffix), value))
            .path(path)
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.way != Way::Plain)
            .max_age(max_age)
            .build();
        let mut value = HeaderValue::try_from(cookie.to_string()).expect("names and tokens are ASCII");
        value.set_sensitive(true);
        value
    }
}

/// In place of a slot: the cookie of a pending Spotify login.
const LOGIN: &str = "login";

fn name(prefix: &str, suffix: &str) -> String {
    format!("{prefix}tutti_{suffix}")
}

fn has_token_named(headers: &HeaderMap, prefix: &str) -> bool {
    Slot::all().any(|slot| find(headers, &name(prefix, &slot.to_string())).is_some())
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
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-tutti_0=ana; theme=dark; __Host-tutti_3=ben"));
        headers.append(header::COOKIE, HeaderValue::from_static("tutti_0=old; tutti_1=cleo; __Host-tutti_9=none"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Secure-tutti_5=dan"));
        let read = |way, base: &str| {
            let read = Cookies::new(way, base.into()).read_all(&headers).into_iter();
            read.map(|(slot, token)| format!("{slot} {}", token.expose_secret())).collect::<Vec<_>>()
        };
        assert_eq!(read(Way::Secure, ""), ["0 ana", "3 ben"], "no plain one, which a sibling host can plant");
        assert_eq!(read(Way::SecureOrPlain, ""), ["0 ana", "1 cleo", "3 ben"]);
        assert_eq!(read(Way::Plain, ""), ["0 old", "1 cleo"]);
        assert_eq!(read(Way::Secure, "/tutti"), ["5 dan"], "only those for this path");
        assert_eq!(read(Way::Plain, "/tutti"), ["0 old", "1 cleo"]);
    }

    #[test]
    fn a_cookie_below_a_base_path_is_for_that_path_only() {
        let set = |way, base: &str| {
            let value = Cookies::new(way, base.into()).store(&"token".into(), 1_000, Slot(2));
            value.to_str().unwrap().to_owned()
        };
        let below = set(Way::Secure, "/tutti");
        assert!(below.starts_with("__Secure-tutti_2=token") && below.contains("; Secure"), "{below}");
        assert!(below.split("; ").any(|part| part == "Path=/tutti"), "{below}");
        let plain = set(Way::Plain, "/tutti");
        assert!(plain.starts_with("tutti_2=token") && plain.split("; ").any(|part| part == "Path=/tutti"), "{plain}");
        let root = set(Way::Secure, "");
        assert!(root.starts_with("__Host-tutti_2=token") && root.split("; ").any(|part| part == "Path=/"), "{root}");
    }
}
