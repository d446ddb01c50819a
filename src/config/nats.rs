//! Where NATS is, and how its subjects begin.

use std::fmt;
use std::str::FromStr;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use crate::limits::BUS_PREFIX_CHARS_MAX;

/// The servers of NATS. Shown without the credentials.
#[derive(Clone)]
pub struct NatsServers {
    addresses: Vec<ServerAddr>,
    login: Option<NatsLogin>,
}

/// How this server logs in to NATS.
#[derive(Clone, PartialEq, Eq)]
pub enum NatsLogin {
    /// With a token.
    Token(String),
    /// With a user and a password.
    Password(String, String),
}

/// Why text does not say where NATS is. It does not repeat the text, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NatsServersError {
    /// Not a URL.
    #[error("address {0} is no URL; write one such as nats://10.0.0.5:4222")]
    NoUrl(usize),
    /// Another protocol.
    #[error("address {0} must begin with nats:// or tls://")]
    Scheme(usize),
    /// More than an address.
    #[error("address {0} has a path or a query; remove it")]
    MoreThanAnAddress(usize),
    /// One connection has one login.
    #[error("address {0} has another user or password than those before it; write the same in all of them, or in one")]
    AnotherLogin(usize),
}

impl NatsServers {
    /// Their addresses.
    pub fn addresses(&self) -> &[ServerAddr] {
        &self.addresses
    }

    /// The login that all of them accept.
    pub fn login(&self) -> Option<&NatsLogin> {
        self.login.as_ref()
    }
}

impl FromStr for NatsServers {
    type Err = NatsServersError;

    /// URLs with commas in between.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut addresses, mut login) = (vec![], None);
        for (at, url) in (1..).zip(text.split(',')) {
            let url = url.trim();
            if url.split_once("://").is_some_and(|(scheme, _)| !["nats", "tls"].contains(&scheme)) {
                return Err(NatsServersError::Scheme(at));
            }
            let address: ServerAddr = url.parse().map_err(|_| NatsServersError::NoUrl(at))?;
            let url = address.clone().into_inner();
            if url.host_str().is_none_or(str::is_empty) {
                return Err(NatsServersError::NoUrl(at));
            }
            if !["", "/"].contains(&url.path()) || url.query().is_some() || url.fragment().is_some() {
                return Err(NatsServersError::MoreThanAnAddress(at));
            }
            let own = NatsLogin::of(&address);
            if own.is_some() && login.is_some() && own != login {
                return Err(NatsServersError::AnotherLogin(at));
            }
            login = login.or(own);
            addresses.push(address);
        }
        Ok(Self { addresses, login })
    }
}

impl NatsLogin {
    fn of(address: &ServerAddr) -> Option<Self> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = decoded(address.username()?);
        Some(match address.password() {
            Some(password) => Self::Password(user, decoded(password)),
            None => Self::Token(user),
        })
    }
}

impl fmt::Debug for NatsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.addresses.iter().map(|address| (address.host(), address.port()))).finish()
    }
}

/// The first part of all subjects of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsPrefix(String);

/// Text that is no [`NatsPrefix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write 1 to {BUS_PREFIX_CHARS_MAX} letters, digits, - and _")]
pub struct NatsPrefixError;

impl NatsPrefix {
    /// It, without the dot after it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NatsPrefix {
    type Err = NatsPrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let fits = (1..=BUS_PREFIX_CHARS_MAX).contains(&text.len());
        if fits && text.bytes().all(is_allowed) { Ok(Self(text.to_owned())) } else { Err(NatsPrefixError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_given_as_urls() {
        let servers: NatsServers = "nats://a, tls://b:4333,c".parse().expect("three");
        assert_eq!(format!("{servers:?}"), r#"[("a", 4222), ("b", 4333), ("c", 4222)]"#);
        let said = |text: &str| text.parse::<NatsServers>().expect_err("refused").to_string();
        assert_eq!(said(""), "address 1 is no URL; write one such as nats://10.0.0.5:4222");
        assert_eq!(said("nats://a,"), "address 2 is no URL; write one such as nats://10.0.0.5:4222");
        assert_eq!(said("nats://a,ws://b"), "address 2 must begin with nats:// or tls://");
        assert_eq!(said("nats://a/tutti"), "address 1 has a path or a query; remove it");
        assert_eq!(
            said("nats://u:p@a,nats://u:q@b"),
            "address 2 has another user or password than those before it; write the same in all of them, or in one"
        );
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let servers: NatsServers = "nats://ana:p%40ss@a,nats://b".parse().expect("two");
        assert!(servers.login == Some(NatsLogin::Password("ana".into(), "p@ss".into())));
        assert_eq!(format!("{servers:?}"), r#"[("a", 4222), ("b", 4222)]"#);
        let servers: NatsServers = "nats://s3cret@a".parse().expect("one");
        assert!(servers.login == Some(NatsLogin::Token("s3cret".into())));
    }

    #[test]
    fn a_prefix_is_one_token_of_a_subject() {
        assert_eq!("party-2".parse::<NatsPrefix>(), Ok(NatsPrefix("party-2".into())));
        for text in ["", "a.b", "a b", "a*", ">", &"a".repeat(BUS_PREFIX_CHARS_MAX + 1)] {
            assert_eq!(text.parse::<NatsPrefix>(), Err(NatsPrefixError), "{text}");
        }
    }
}
