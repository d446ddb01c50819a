//! The app that requests consent, as registered by its owner.

use url::{Host, Url};

/// The path of Tutti's redirect URI.
const TUTTI_CALLBACK: &str = "/api/v1/auth/spotify/callback";

/// An app as in the developer dashboard. There is one; it is a public client without a secret.
#[derive(Clone, Debug)]
pub struct App {
    /// Shown on the consent page.
    pub name: String,
    /// Its public id.
    pub client_id: String,
    /// Allowed redirect URIs, compared exactly. Empty: `http://127.0.0.1:<any port>/api/v1/auth/spotify/callback`.
    pub redirect_uris: Vec<String>,
}

impl Default for App {
    fn default() -> Self {
        Self { name: "Tutti".to_owned(), client_id: "tutti-test-client".to_owned(), redirect_uris: Vec::new() }
    }
}

/// Why a redirect URI is rejected. The text is Spotify's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RedirectError {
    #[error("INVALID_CLIENT: Invalid redirect URI")]
    Invalid,
    #[error("INVALID_CLIENT: Insecure redirect URI")]
    Insecure,
}

impl App {
    /// Validates a redirect URI. Besides being registered it must be https, or http to a literal loopback address;
    /// `localhost` is a name, which may resolve to another machine.
    pub(crate) fn redirect(&self, uri: &str) -> Result<Url, RedirectError> {
        let url = Url::parse(uri).map_err(|_| RedirectError::Invalid)?;
        let is_registered = if self.redirect_uris.is_empty() {
            is_local_tutti(&url)
        } else {
            self.redirect_uris.iter().any(|known| known == uri)
        };
        if !is_registered || url.fragment().is_some() {
            return Err(RedirectError::Invalid);
        }
        match (url.scheme(), url.host()) {
            (_, Some(Host::Domain("localhost"))) => Err(RedirectError::Invalid),
            ("https", Some(_)) => Ok(url),
            ("http", Some(Host::Ipv4(address))) if address.octets() == [127, 0, 0, 1] => Ok(url),
            ("http", Some(Host::Ipv6(address))) if address.is_loopback() => Ok(url),
            _ => Err(RedirectError::Insecure),
        }
    }
}

fn is_local_tutti(url: &Url) -> bool {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    url.as_str() == format!("http://127.0.0.1{port}{TUTTI_CALLBACK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(registered: &[&str], uri: &str, expected: Result<(), RedirectError>) {
        let app = App { redirect_uris: registered.iter().map(ToString::to_string).collect(), ..App::default() };
        assert_eq!(app.redirect(uri).map(|_| ()), expected, "{uri}");
    }

    #[test]
    fn by_default_only_a_local_tutti_is_a_valid_redirect_uri() {
        check(&[], "http://127.0.0.1:8080/api/v1/auth/spotify/callback", Ok(()));
        check(&[], "http://127.0.0.1/api/v1/auth/spotify/callback", Ok(()));
        for other in [
            "http://localhost:8080/api/v1/auth/spotify/callback",
            "http://192.168.1.7:8080/api/v1/auth/spotify/callback",
            "http://127.0.0.1:8080/api/v1/auth/spotify/callback/",
            "http://127.0.0.1:8080/api/v1/auth/spotify/callback?to=elsewhere",
            "http://ana@127.0.0.1:8080/api/v1/auth/spotify/callback",
            "https://127.0.0.1:8080/api/v1/auth/spotify/callback",
            "not a url",
        ] {
            check(&[], other, Err(RedirectError::Invalid));
        }
    }

    #[test]
    fn registered_redirect_uris_are_compared_exactly_and_must_be_secure() {
        check(&["https://hub.example/back"], "https://hub.example/back", Ok(()));
        check(&["http://[::1]:1/back"], "http://[::1]:1/back", Ok(()));
        check(&["https://hub.example/back"], "https://hub.example/back/", Err(RedirectError::Invalid));
        check(
            &["https://hub.example/back"],
            "http://127.0.0.1/api/v1/auth/spotify/callback",
            Err(RedirectError::Invalid),
        );
        check(&["http://localhost:1/back"], "http://localhost:1/back", Err(RedirectError::Invalid));
        check(&["http://192.168.1.7/back"], "http://192.168.1.7/back", Err(RedirectError::Insecure));
        check(&["http://hub.example/back"], "http://hub.example/back", Err(RedirectError::Insecure));
    }
}
