//! The origin check: which web pages may use this server.
//!
//! A browser says in `Origin` which page a request comes from; that page must be ours: served from the address that the
//! request went to (`Host`), from the public URL, or from an origin that the settings allow. Current browsers send
//! `Origin` with every request that changes something and with every WebSocket handshake.

use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;
use http::uri::Authority;

use crate::config::{ListenConfig, PublicUrl};

/// Scheme, host and port of a page, in lower case, with an explicit port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads an `Origin` header or a URL; `None` for `null`, other schemes, and what is neither.
    fn parse(raw: &str) -> Option<Self> {
        let uri: Uri = raw.trim().parse().ok()?;
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Self::at(https, uri.authority()?)
    }

    fn at(https: bool, authority: &Authority) -> Option<Self> {
        if authority.as_str().contains('@') {
            return None;
        }
        let default_port = if https { 443 } else { 80 };
        let port = match authority.port() {
            Some(_) => authority.port_u16()?,
            None => default_port,
        };
        Some(Self { https, host: authority.host().to_ascii_lowercase(), port })
    }
}

/// The origins whose pages may use this server, as the settings say.
#[derive(Clone, Debug)]
pub struct Origins {
    public: Option<Origin>,
    listed: Vec<Origin>,
    /// Of the public URL; empty for the root.
    base_path: Arc<str>,
    root: Arc<str>,
}

impl Origins {
    /// Reads the settings once.
    pub fn new(config: &ListenConfig) -> Self {
        Self {
            public: config.public_url.as_ref().and_then(|url| Origin::parse(url.as_str())),
            listed: config.allowed_origins.iter().filter_map(|listed| Origin::parse(listed.as_str())).collect(),
            base_path: config.public_url.as_ref().map_or("", PublicUrl::base_path).into(),
            root: "".into(),
        }
    }

    /// Whether a page of `origin` may use this server at `host`, both raw header values. A request without `Origin`
    /// may: native clients send none.
    ///
    /// The scheme of our own address is not compared, because a proxy may speak TLS for us; but if the public URL
    /// is https, its plain-http pages are rejected.
    pub fn allows(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let Some(origin) = Origin::parse(origin) else { return false };
        if self.public.iter().chain(&self.listed).any(|allowed| *allowed == origin) {
            return true;
        }
        let public = self.public.as_ref();
        let downgraded = public.is_some_and(|public| public.https && !origin.https && public.host == origin.host);
        let own = host.and_then(|host| host.parse::<Authority>().ok()).and_then(|host| Origin::at(origin.https, &host));
        own.is_some_and(|own| own == origin) && !downgraded
    }

    /// Whether a request to `host`, the raw header, is meant for this server: an IP address, a name that only local networks
    /// have, the host of the public URL or of an allowed origin. Other names may belong to an attacker, see
    /// [`known_host`](super::middleware::known_host). A request without `Host` is not from a browser.
    pub fn knows_host(&self, host: Option<&str>) -> bool {
        let Some(host) = host else { return true };
        let Some(host) = host.parse::<Authority>().ok().and_then(|host| Origin::at(false, &host)) else { return false };
        is_local(&host.host) || self.public.iter().chain(&self.listed).any(|known| known.host == host.host)
    }

    /// Whether requests to `host`, the raw header, come by https: to the public URL's host if that is https, because its
    /// plain-http pages are rejected, or to an allowed origin.
    pub fn is_https(&self, host: Option<&str>) -> bool {
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        let Some(there) = authority.and_then(|host| Origin::at(true, &host)) else { return false };
        self.public.as_ref().is_some_and(|public| public.https && public.host == there.host)
            || self.listed.contains(&there)
    }

    /// The base path of the pages and cookies of a request to `host`, the raw header: that of the public URL if the request
    /// came with it, or went to the public URL's host, where nothing else is this server's; else none.
    pub fn base_path(&self, came_with_it: bool, host: Option<&str>) -> Arc<str> {
        let is_public = || {
            let public = self.public.as_ref()?;
            let host = host?.parse::<Authority>().ok()?;
            (Origin::at(public.https, &host)? == *public).then_some(())
        };
        let is_below = !self.base_path.is_empty() && (came_with_it || is_public().is_some());
        Arc::clone(if is_below { &self.base_path } else { &self.root })
    }

    /// Whether the public URL is https: a proxy or this server terminates TLS.
    pub fn https(&self) -> bool {
        self.public.as_ref().is_some_and(|public| public.https)
    }
}

/// Top-level domains that no public name server answers for: RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`, and those
/// that home routers use.
const LOCAL_DOMAINS: [&str; 9] =
    ["localhost", "local", "home.arpa", "internal", "intranet", "private", "lan", "home", "test"];

/// Whether a host is an IP address, a name without a dot, or below one of [`LOCAL_DOMAINS`].
fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if address.parse::<IpAddr>().is_ok() {
        return true;
    }
    // Browsers read numbers like `0x7f.1` as addresses before they send them.
    let below = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    !host.is_empty() && (!host.contains('.') || LOCAL_DOMAINS.iter().any(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(public_url: Option<&str>, allowed: &[&str]) -> Origins {
        Origins::new(&ListenConfig {
            listen: ([127, 0, 0, 1], 8080).into(),
            public_url: public_url.map(|url| url.parse().unwrap()),
            mdns_name: String::new(),
            allowed_origins: allowed.iter().map(|origin| origin.parse().unwrap()).collect(),
            trusted_proxies: Vec::new(),
            tls_cert: None,
            tls_key: None,
        })
    }

    #[test]
    fn pages_from_the_requested_host_are_allowed() {
        let origins = origins(None, &[]);
        let cases = [
            (None, Some("tutti.lan:8080"), true),
            (Some("http://tutti.lan:8080"), Some("tutti.lan:8080"), true),
            (Some("http://Tutti.LAN:8080"), Some("tutti.lan:8080"), true),
            (Some("http://tutti.lan"), Some("tutti.lan:80"), true),
            (Some("https://tutti.lan"), Some("tutti.lan"), true),
            (Some("http://[::1]:8080"), Some("[::1]:8080"), true),
            (Some("http://tutti.lan:8081"), Some("tutti.lan:8080"), false),
            (Some("http://evil.example"), Some("tutti.lan:8080"), false),
            (Some("http://tutti.lan.evil.example:8080"), Some("tutti.lan:8080"), false),
            (Some("http://tutti.lan:8080@evil.example"), Some("tutti.lan:8080"), false),
            (Some("null"), Some("tutti.lan:8080"), false),
            (Some("null"), Some("null"), false),
            (Some(""), Some(""), false),
            (Some("file://"), Some("tutti.lan:8080"), false),
            (Some("http://tutti.lan:8080"), None, false),
        ];
        for (origin, host, allowed) in cases {
            assert_eq!(origins.allows(origin, host), allowed, "{origin:?} at {host:?}");
        }
    }

    #[test]
    fn pages_from_the_public_url_and_the_list_are_allowed() {
        let origins = origins(Some("https://tutti.example/"), &["https://friends.example:8443"]);
        let cases = [
            ("https://tutti.example", true),
            ("https://friends.example:8443", true),
            ("https://friends.example", false),
            ("http://tutti.example", false),
            ("http://127.0.0.1:8080", true),
        ];
        for (origin, allowed) in cases {
            assert_eq!(origins.allows(Some(origin), Some("127.0.0.1:8080")), allowed, "{origin}");
        }
        assert!(!origins.allows(Some("http://tutti.example"), Some("tutti.example")), "downgraded");
    }

    #[test]
    fn only_names_of_this_server_are_known_hosts() {
        let cases = [
            (None, true),
            (Some("127.0.0.1:8080"), true),
            (Some("[2001:db8::1]:8080"), true),
            (Some("localhost:5173"), true),
            (Some("living-room"), true),
            (Some("tutti.local"), true),
            (Some("Tutti.Fritz.HOME.arpa:80"), true),
            (Some("tutti.lan."), true),
            (Some("tutti.example"), true),
            (Some("friends.example"), true),
            (Some("evil.example"), false),
            (Some("tutti.example.evil.test.example"), false),
            (Some("evillocal.example"), false),
            (Some("sub.tutti.example"), false),
            (Some("127.0.0.1.evil.example"), false),
            (Some(""), false),
            (Some("."), false),
            (Some("user@127.0.0.1"), false),
            (Some("tutti.example/x"), false),
        ];
        let origins = origins(Some("https://tutti.example/"), &["https://friends.example:8443"]);
        for (host, known) in cases {
            assert_eq!(origins.knows_host(host), known, "{host:?}");
        }
    }

    #[test]
    fn only_hosts_of_https_origins_are_reached_by_https() {
        let origins = origins(Some("https://tutti.example/"), &["https://friends.example:8443", "http://tutti.lan"]);
        let cases = [
            (Some("tutti.example"), true),
            (Some("Tutti.Example:8080"), true),
            (Some("friends.example:8443"), true),
            (Some("friends.example"), false),
            (Some("tutti.lan"), false),
            (Some("192.168.1.5:8080"), false),
            (Some("evil.example"), false),
            (Some(""), false),
            (None, false),
        ];
        for (host, https) in cases {
            assert_eq!(origins.is_https(host), https, "{host:?}");
        }
    }

    #[test]
    fn the_base_path_is_for_requests_that_have_it_and_for_the_public_host() {
        let below = origins(Some("https://home.example/tutti"), &[]);
        let root = origins(Some("https://home.example"), &[]);
        for (with, host, base) in [
            (true, Some("192.168.1.5:8080"), "/tutti"),
            (false, Some("home.example"), "/tutti"),
            (false, Some("Home.Example:443"), "/tutti"),
            (false, Some("home.example:8080"), ""),
            (false, Some("192.168.1.5:8080"), ""),
            (false, Some("not a host"), ""),
            (false, None, ""),
        ] {
            assert_eq!(&*below.base_path(with, host), base, "{with} {host:?}");
            assert_eq!(&*root.base_path(with, host), "");
        }
    }

    #[test]
    fn the_public_url_determines_https() {
        assert!(origins(Some("https://tutti.example"), &[]).https());
        assert!(!origins(Some("http://192.168.1.5:8080"), &[]).https());
        assert!(!origins(None, &[]).https());
    }
}
