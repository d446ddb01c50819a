//! Validated settings: Spotify's URLs, and the redirect URL of logins.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use reqwest::Url;
use reqwest::header::HOST;

use crate::config::{ListenConfig, PublicUrl, SpotifyConfig};

/// Path of the login callback on this server.
pub const CALLBACK_PATH: &str = "/api/v1/auth/spotify/callback";

/// The validated settings.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) client_id: String,
    pub(super) redirect_url: Url,
    pub(super) accounts_url: Url,
    pub(super) api_url: Url,
    pub(super) sdk_url: Url,
}

impl Settings {
    /// `None` without a client id. `address` is the address that the server listens on.
    pub fn new(config: &SpotifyConfig, listen: &ListenConfig, address: SocketAddr) -> anyhow::Result<Option<Self>> {
        let client_id = config.spotify_client_id.as_deref().map(str::trim).unwrap_or_default();
        if client_id.is_empty() {
            return Ok(None);
        }
        let redirect_url = match (&config.spotify_redirect_url, &listen.public_url) {
            (Some(url), _) => url.clone(),
            (None, Some(public_url)) => format!("{public_url}{CALLBACK_PATH}"),
            (None, None) => format!("http://127.0.0.1:{}{CALLBACK_PATH}", address.port()),
        };
        let written = redirect_url.trim();
        let redirect_url = Url::parse(written).with_context(|| {
            format!("TUTTI_SPOTIFY_REDIRECT_URL={written}: write a URL such as https://tutti.example{CALLBACK_PATH}")
        })?;
        let loopback = matches!(redirect_url.host_str(), Some("127.0.0.1" | "[::1]"));
        if redirect_url.scheme() != "https" && !(redirect_url.scheme() == "http" && loopback) {
            bail!(
                "Spotify only redirects to https or http://127.0.0.1 URLs, not to {redirect_url}; set \
                 TUTTI_SPOTIFY_REDIRECT_URL, or remove TUTTI_SPOTIFY_CLIENT_ID"
            );
        }
        let base_path = listen.public_url.as_ref().map_or("", PublicUrl::base_path);
        let above = redirect_url.path().strip_suffix(CALLBACK_PATH);
        let is_ours = above.is_some_and(|above| above.is_empty() || above == base_path);
        if !is_ours || redirect_url.query().is_some() || redirect_url.fragment().is_some() {
            bail!("TUTTI_SPOTIFY_REDIRECT_URL={written} must end in {base_path}{CALLBACK_PATH}");
        }
        Ok(Some(Self {
            client_id: client_id.to_owned(),
            redirect_url,
            accounts_url: base("TUTTI_SPOTIFY_ACCOUNTS_URL", &config.spotify_accounts_url)?,
            api_url: base("TUTTI_SPOTIFY_API_URL", &config.spotify_api_url)?,
            sdk_url: script("TUTTI_SPOTIFY_SDK_URL", &config.spotify_sdk_url)?,
        }))
    }

    /// The path of the first page.
    pub fn home(&self) -> &str {
        let path = self.redirect_url.path();
        // All of the callback's path but its first slash.
        &path[..=path.len() - CALLBACK_PATH.len()]
    }

    /// The origin that replaces `localhost` for pages. Spotify rejects `localhost` in redirect URLs, and cookies of
    /// `localhost` are not sent to `127.0.0.1`.
    pub fn instead_of_localhost(&self, headers: &http::HeaderMap) -> Option<String> {
        let host = headers.get(HOST)?.to_str().ok()?;
        let port = self.redirect_url.port_or_known_default()?;
        let loopback = matches!(self.redirect_url.host_str(), Some("127.0.0.1" | "[::1]"));
        let (name, asked_port) = host.rsplit_once(':').unwrap_or((host, "80"));
        (loopback && name.eq_ignore_ascii_case("localhost") && asked_port == port.to_string())
            .then(|| self.redirect_url.origin().ascii_serialization())
    }
}

/// Parses the URL of a script.
fn script(setting: &str, url: &str) -> anyhow::Result<Url> {
    let parsed = Url::parse(url.trim()).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    parsed.with_context(|| format!("{setting}={url} must be an http or https URL"))
}

/// Parses a base URL, to which paths are added.
fn base(setting: &str, url: &str) -> anyhow::Result<Url> {
    let parsed = Url::parse(&format!("{}/", url.trim().trim_end_matches('/'))).ok();
    let parsed = parsed.filter(|url| matches!(url.scheme(), "https" | "http") && url.query().is_none());
    parsed.with_context(|| format!("{setting}={url} must be an http or https URL without a query"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(redirect_url: Option<&str>, public_url: Option<&str>) -> anyhow::Result<Option<Settings>> {
        let config = SpotifyConfig {
            spotify_client_id: Some("client".into()),
            spotify_redirect_url: redirect_url.map(Into::into),
            spotify_accounts_url: "https://accounts.spotify.com".into(),
            spotify_api_url: "https://api.spotify.com/".into(),
            spotify_sdk_url: "https://sdk.scdn.co/spotify-player.js".into(),
        };
        let listen = ListenConfig {
            mdns_name: String::new(),
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: public_url.map(|url| url.parse().unwrap()),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            tls_cert: None,
            tls_key: None,
        };
        Settings::new(&config, &listen, ([127, 0, 0, 1], 8080).into())
    }

    #[test]
    fn the_redirect_url_defaults_to_the_public_url() {
        let redirect = |redirect_url, public_url| settings(redirect_url, public_url).unwrap().unwrap().redirect_url;
        assert_eq!(redirect(None, None).as_str(), "http://127.0.0.1:8080/api/v1/auth/spotify/callback");
        let public = redirect(None, Some("https://tutti.example/"));
        assert_eq!(public.as_str(), "https://tutti.example/api/v1/auth/spotify/callback");
        let below = settings(None, Some("https://home.example/tutti")).unwrap().unwrap();
        assert_eq!(below.redirect_url.as_str(), "https://home.example/tutti/api/v1/auth/spotify/callback");
        assert_eq!(below.home(), "/tutti/");
        assert_eq!(settings(None, None).unwrap().unwrap().home(), "/");
        let given = redirect(Some("http://[::1]:9/api/v1/auth/spotify/callback"), Some("http://192.168.1.5:8080"));
        assert_eq!(given.as_str(), "http://[::1]:9/api/v1/auth/spotify/callback");
    }

    #[test]
    fn redirect_urls_that_spotify_rejects_are_errors() {
        for public_url in ["http://192.168.1.5:8080", "http://localhost:8080"] {
            settings(None, Some(public_url)).unwrap_err();
        }
        let elsewhere = "https://home.example/other/api/v1/auth/spotify/callback";
        settings(Some(elsewhere), Some("https://home.example/tutti")).unwrap_err();
        for redirect_url in ["https://tutti.example/elsewhere", "ftp://tutti.example", "nonsense"] {
            let error = settings(Some(redirect_url), None).unwrap_err().to_string();
            assert!(error.contains(redirect_url) && error.contains("TUTTI_SPOTIFY_REDIRECT_URL"), "{error}");
        }
    }

    #[test]
    fn only_pages_at_localhost_are_redirected() {
        let settings = settings(None, None).unwrap().unwrap();
        let moved = |host: &str| {
            let headers = http::HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            settings.instead_of_localhost(&headers)
        };
        assert_eq!(moved("localhost:8080").as_deref(), Some("http://127.0.0.1:8080"));
        for host in ["127.0.0.1:8080", "localhost:9090", "localhost", "tutti.example", "localhost.example:8080"] {
            assert_eq!(moved(host), None, "{host}");
        }
    }
}
