//! Settings that are valid each, and contradict each other.

use std::net::SocketAddr;

use reqwest::Url;
use secrecy::ExposeSecret as _;

use super::{PublicUrl, ServeConfig};

/// Two settings that cannot both be meant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Contradiction {
    /// The pages and the metrics on one port.
    #[error("TUTTI_LISTEN={listen} and TUTTI_METRICS_LISTEN={metrics} are one port; give the metrics another one")]
    MetricsOnThePort {
        /// Where pages are served.
        listen: SocketAddr,
        /// Where metrics are served.
        metrics: SocketAddr,
    },
    /// A certificate without its key, or the other way round.
    #[error("{set} is set and {missing} is not; https needs both")]
    HalfOfTls {
        /// The variable of the one that is set.
        set: &'static str,
        /// The variable of the other.
        missing: &'static str,
    },
    /// Links to plain http, which this server does not speak.
    #[error(
        "TUTTI_PUBLIC_URL={0} is http, and TUTTI_TLS_CERT makes this server speak https; write https, or remove TUTTI_TLS_CERT"
    )]
    PlainPublicUrl(PublicUrl),
    /// Several servers, and a database that is a file of one of them.
    #[error(
        "TUTTI_NATS_URL is set, and the database is SQLite, which only one server can use; set TUTTI_DATABASE_URL to a MySQL \
         database that the servers share, or remove TUTTI_NATS_URL"
    )]
    SharedSqlite,
    /// Spotify leads back to where this server's cookies are not, or where it does not answer.
    #[error(
        "TUTTI_SPOTIFY_REDIRECT_URL={redirect} is neither below TUTTI_PUBLIC_URL={public} nor at one of \
         TUTTI_ALLOWED_ORIGINS, so no login would succeed; leave it out, or add its origin there"
    )]
    RedirectElsewhere {
        /// Where Spotify leads back to.
        redirect: String,
        /// Where users are.
        public: PublicUrl,
    },
}

impl ServeConfig {
    /// Finds settings that contradict each other.
    pub fn check(&self) -> Result<(), Contradiction> {
        self.check_ports()?;
        self.check_tls()?;
        self.check_database()?;
        self.check_redirect()
    }

    fn check_ports(&self) -> Result<(), Contradiction> {
        let listen = self.listen.listen;
        let Some(metrics) = self.telemetry.metrics_listen else { return Ok(()) };
        let same_address = listen.ip() == metrics.ip() || listen.ip().is_unspecified() || metrics.ip().is_unspecified();
        if listen.port() != 0 && listen.port() == metrics.port() && same_address {
            return Err(Contradiction::MetricsOnThePort { listen, metrics });
        }
        Ok(())
    }

    fn check_tls(&self) -> Result<(), Contradiction> {
        let (certificate, key) = ("TUTTI_TLS_CERT", "TUTTI_TLS_KEY");
        match (&self.listen.tls_cert, &self.listen.tls_key, &self.listen.public_url) {
            (Some(_), None, _) => Err(Contradiction::HalfOfTls { set: certificate, missing: key }),
            (None, Some(_), _) => Err(Contradiction::HalfOfTls { set: key, missing: certificate }),
            (Some(_), Some(_), Some(url)) if !url.is_https() => Err(Contradiction::PlainPublicUrl(url.clone())),
            _ => Ok(()),
        }
    }

    fn check_database(&self) -> Result<(), Contradiction> {
        let url = self.storage.database_url.as_ref();
        let is_sqlite = url.is_none_or(|url| url.expose_secret().starts_with("sqlite:"));
        if is_sqlite && self.storage.nats_url.is_some() { Err(Contradiction::SharedSqlite) } else { Ok(()) }
    }

    fn check_redirect(&self) -> Result<(), Contradiction> {
        let has_client = self.spotify.spotify_client_id.as_deref().is_some_and(|id| !id.trim().is_empty());
        let (Some(redirect), Some(public), true) =
            (&self.spotify.spotify_redirect_url, &self.listen.public_url, has_client)
        else {
            return Ok(());
        };
        // What is no URL is reported where Spotify's settings are read.
        let Ok(url) = Url::parse(redirect.trim()) else { return Ok(()) };
        let origin = url.origin().ascii_serialization();
        let is_known = origin == public.origin()
            || self.listen.allowed_origins.iter().any(|allowed| allowed.as_str() == origin)
            || matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
        if is_known {
            return Ok(());
        }
        Err(Contradiction::RedirectElsewhere { redirect: redirect.clone(), public: public.clone() })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        config: ServeConfig,
    }

    fn check(arguments: &[&str]) -> Result<(), String> {
        let config = Arguments::try_parse_from(["tutti"].iter().chain(arguments)).expect("each is valid").config;
        config.check().map_err(|error| error.to_string())
    }

    #[test]
    fn metrics_have_a_port_of_their_own() {
        check(&["--listen=0.0.0.0:8080", "--metrics-listen=127.0.0.1:9090"]).unwrap();
        check(&["--listen=10.0.0.1:8080", "--metrics-listen=127.0.0.1:8080"]).unwrap();
        check(&["--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0"]).unwrap();
        let said = check(&["--listen=0.0.0.0:8080", "--metrics-listen=127.0.0.1:8080"]).unwrap_err();
        assert!(said.contains("TUTTI_METRICS_LISTEN=127.0.0.1:8080"), "{said}");
    }

    #[test]
    fn https_needs_a_certificate_its_key_and_an_address_of_its_kind() {
        let tls = ["--tls-cert=cert.pem", "--tls-key=key.pem"];
        check(&tls).unwrap();
        check(&[tls[0], tls[1], "--public-url=https://tutti.example"]).unwrap();
        assert!(check(&[tls[0]]).unwrap_err().contains("TUTTI_TLS_CERT is set and TUTTI_TLS_KEY is not"));
        assert!(check(&[tls[1]]).unwrap_err().contains("TUTTI_TLS_KEY is set and TUTTI_TLS_CERT is not"));
        let said = check(&[tls[0], tls[1], "--public-url=http://tutti.example"]).unwrap_err();
        assert!(said.contains("TUTTI_PUBLIC_URL=http://tutti.example is http"), "{said}");
    }

    #[test]
    fn servers_share_a_mysql_database_only() {
        let shared = "--nats-url=nats://user:secret@10.0.0.5";
        check(&[shared, "--database-url=mysql://user:secret@10.0.0.5/tutti"]).unwrap();
        check(&["--database-url=sqlite:tutti.db"]).unwrap();
        for arguments in [&[shared][..], &[shared, "--database-url=sqlite:tutti.db"]] {
            let said = check(arguments).unwrap_err();
            assert!(said.contains("TUTTI_NATS_URL is set, and the database is SQLite"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn spotify_leads_back_to_this_server() {
        let with = |redirect: &str, others: &[&str]| {
            let redirect = format!("--spotify-redirect-url={redirect}/api/v1/auth/spotify/callback");
            let common = ["--spotify-client-id=client", "--public-url=https://tutti.example", &redirect];
            check(&common.iter().chain(others).copied().collect::<Vec<_>>())
        };
        with("https://tutti.example", &[]).unwrap();
        with("http://127.0.0.1:8080", &[]).unwrap();
        with("https://friends.example", &["--allowed-origins=https://a.example, https://friends.example"]).unwrap();
        let said = with("https://tutti.exmaple", &[]).unwrap_err();
        assert!(said.contains("TUTTI_SPOTIFY_REDIRECT_URL=https://tutti.exmaple/"), "{said}");
    }
}
