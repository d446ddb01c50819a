//! The app that asks people for their consent, as its owner has registered it.

use url::{Host, Url};

/// The path at which Tutti takes people back.
const TUTTI_CALLBACK: &str = "/api/v1/auth/spotify/callback";

/// An app as in the developer dashboard. There is one; it has no secret, as one that is handed out to others cannot.
#[derive(Clone, Debug)]
pub struct App {
    /// What the consent page calls it.
    pub name: String,
    /// Its public id.
    pub client_id: String,
    /// Where people may be sent back to, to the letter. Empty: `http://127.0.0.1:<any port>/api/v1/auth/spotify/callback`.
    pub redirect_uris: Vec<String>,
}

impl Default for App {
    fn default() -> Self {
        Self { name: "Tutti".to_owned(), client_id: "tutti-test-client".to_owned(), redirect_uris: Vec::new() }
    }
}

/// Why nobody is sent there. The text is Spotify's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRedirect {
    #[error("INVALID_CLIENT: Invalid redirect URI")]
    Invalid,
    #[error("INVALID_CLIENT: Insecure redirect URI")]
    Insecure,
}

impl App {
    /// Whether people may be sent to `uri`. Registered or not, it is https, or http to a literal loopback address;
    /// `localhost` is a name, which may mean another machine.
    pub(crate) fn redirect(&self, uri: &str) -> Result<Url, NoRedirect> {
        let url = Url::parse(uri).map_err(|_| NoRedirect::Invalid)?;
        let is_registered = if self.redirect_uris.is_empty() {
            is_local_tutti(&url)
        } else {
            self.redirect_uris.iter().any(|known| known == uri)
        };
        if !is_registered || url.fragment().is_some() {
            return Err(NoRedirect::Invalid);
        }
        match (url.scheme(), url.host()) {
            (_, Some(Host::Domain("localhost"))) => Err(NoRedirect::Invalid),
            ("https", Some(_)) => Ok(url),
            ("http", Some(Host::Ipv4(address))) if address.octets() == [127, 0, 0, 1] => Ok(url),
            ("http", Some(Host::Ipv6(address))) if address.is_loopback() => Ok(url),
            _ => Err(NoRedirect::Insecure),
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

    fn check(registered: &[&str], uri: &str, expected: Result<(), NoRedirect>) {
        let app = App { redirect_uris: registered.iter().map(ToString::to_string).collect(), ..App::default() };
        assert_eq!(app.redirect(uri).map(|_| ()), expected, "{uri}");
    }

    #[test]
    fn people_are_sent_to_a_tutti_on_this_machine_only_unless_others_are_registered() {
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
            check(&[], other, Err(NoRedirect::Invalid));
        }
    }

    #[test]
    fn what_is_registered_counts_to_the_letter_and_must_be_secure() {
        check(&["https://hub.example/back"], "https://hub.example/back", Ok(()));
        check(&["http://[::1]:1/back"], "http://[::1]:1/back", Ok(()));
        check(&["https://hub.example/back"], "https://hub.example/back/", Err(NoRedirect::Invalid));
        check(&["https://hub.example/back"], "http://127.0.0.1/api/v1/auth/spotify/callback", Err(NoRedirect::Invalid));
        check(&["http://localhost:1/back"], "http://localhost:1/back", Err(NoRedirect::Invalid));
        check(&["http://192.168.1.7/back"], "http://192.168.1.7/back", Err(NoRedirect::Insecure));
        check(&["http://hub.example/back"], "http://hub.example/back", Err(NoRedirect::Insecure));
    }
}
