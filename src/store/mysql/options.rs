//! Connection options: TLS with a verified host unless the connection is local, and no option that Vitess refuses.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::limits::DATABASE_PREPARED_MAX;
use crate::store::{StoreError, StoreResult};

/// Parses a URL. No error repeats a part of it, since it holds a password.
pub(super) fn parse(url: &SecretString) -> StoreResult<MySqlConnectOptions> {
    let options: MySqlConnectOptions = url
        .expose_secret()
        .parse()
        .map_err(|_| invalid("it cannot be read: mysql://user:password@host:port/database"))?;
    if options.get_database().is_none_or(str::is_empty) {
        return Err(invalid("it names no database: mysql://user:password@host:port/database"));
    }
    let mode = options.get_ssl_mode();
    let encrypted = match mode {
        _ if is_local(&options) => mode,
        // The driver's default, `Preferred`, falls back to plaintext when the server has no TLS.
        MySqlSslMode::Preferred | MySqlSslMode::VerifyIdentity => MySqlSslMode::VerifyIdentity,
        MySqlSslMode::Disabled | MySqlSslMode::Required | MySqlSslMode::VerifyCa => {
            return Err(invalid(
                "a database on another machine is reached only over TLS with a verified host name: leave `ssl-mode` out, and \
                 name a private certificate authority with `ssl-ca=/path/to/ca.pem`",
            ));
        }
    };
    Ok(options
        .ssl_mode(encrypted)
        .statement_cache_capacity(DATABASE_PREPARED_MAX)
        // The driver sets both by reading `@@sql_mode` in a subquery, which Vitess refuses.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        // Setting a time zone would make Vitess reserve a connection for each of these. All times are stored as
        // numbers.
        .timezone(None))
}

/// Whether the connection stays on this machine.
fn is_local(options: &MySqlConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    options.get_socket().is_some() || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn invalid(reason: &'static str) -> StoreError {
    StoreError::Database(sqlx::Error::Configuration(format!("TUTTI_DATABASE_URL: {reason}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        match parse(&url.to_owned().into()) {
            Ok(options) => format!("{:?}", options.get_ssl_mode()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_remote_host_must_be_verified() {
        for url in [
            "mysql://ana:secret@aws.connect.psdb.cloud/tutti",
            "mysql://ana:secret@aws.connect.psdb.cloud/tutti?sslaccept=strict",
            "mysql://ana:secret@192.0.2.1:3306/tutti?ssl-mode=VERIFY_IDENTITY",
            "mysql://ana:secret@localhost.example/tutti?ssl-ca=/etc/ssl/own.pem",
        ] {
            assert_eq!(mode(url), "VerifyIdentity", "{url}");
        }
        for weaker in ["DISABLED", "REQUIRED", "VERIFY_CA"] {
            let refused = mode(&format!("mysql://ana:secret@db.example/tutti?ssl-mode={weaker}"));
            assert!(refused.contains("over TLS"), "{refused}");
        }
    }

    #[test]
    fn tls_is_optional_for_a_local_host() {
        for host in ["localhost", "127.0.0.1:3307", "[::1]:3306"] {
            assert_eq!(mode(&format!("mysql://ana@{host}/tutti")), "Preferred", "{host}");
            assert_eq!(mode(&format!("mysql://ana@{host}/tutti?ssl-mode=DISABLED")), "Disabled", "{host}");
        }
        assert_eq!(mode("mysql://ana@ignored.example/tutti?socket=/run/mysqld/mysqld.sock"), "Preferred");
    }

    #[test]
    fn no_error_repeats_the_url() {
        for url in [
            "mysql://ana:hunter2@db.example",
            "mysql://ana:hunter2@db.example/",
            "mysql://ana:hunter2@[db/tutti",
            "mysql://ana:hunter2@db.example:port/tutti",
            "mysql://ana:hunter2@db.example/tutti?ssl-mode=hunter2",
            "mysql://ana:hunter2@db.example/tutti?statement-cache-capacity=hunter2",
            "mysql://ana:hunter2@db.example/tutti?ssl-mode=DISABLED",
        ] {
            let error = parse(&url.to_owned().into()).expect_err(url);
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hunter2") && !said.contains("db.example"), "{said}");
            assert!(said.contains("TUTTI_DATABASE_URL"), "{said}");
        }
    }
}
