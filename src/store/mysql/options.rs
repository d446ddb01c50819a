//! How a connection is made: encrypted and verified unless it stays on this machine, and without what Vitess refuses.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::limits::DATABASE_PREPARED_MAX;
use crate::store::{StoreError, StoreResult};

/// Reads a URL. No message repeats a part of it: there is a password in it.
pub(super) fn parse(url: &SecretString) -> StoreResult<MySqlConnectOptions> {
    let options: MySqlConnectOptions = url
        .expose_secret()
        .parse()
        .map_err(|_| wrong("it cannot be read: mysql://user:password@host:port/database"))?;
    if options.get_database().is_none_or(str::is_empty) {
        return Err(wrong("it names no database: mysql://user:password@host:port/database"));
    }
    let mode = options.get_ssl_mode();
    let encrypted = match mode {
        _ if is_local(&options) => mode,
        // The driver's default, which gives up encryption when the other side says so.
        MySqlSslMode::Preferred | MySqlSslMode::VerifyIdentity => MySqlSslMode::VerifyIdentity,
        MySqlSslMode::Disabled | MySqlSslMode::Required | MySqlSslMode::VerifyCa => {
            return Err(wrong(
                "a database on another machine is only talked to over TLS that proves who answers: leave `ssl-mode` out, and \
                 name an authority of your own by `ssl-ca=/path/to/ca.pem`",
            ));
        }
    };
    Ok(options
        .ssl_mode(encrypted)
        .statement_cache_capacity(DATABASE_PREPARED_MAX)
        // Both are set by reading `@@sql_mode` in a subquery, which Vitess refuses.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        // A time zone of its own would cost every connection through Vitess a reserved one behind it. All times are numbers.
        .timezone(None))
}

/// Whether nothing leaves this machine.
fn is_local(options: &MySqlConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    options.get_socket().is_some() || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn wrong(reason: &'static str) -> StoreError {
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
    fn a_database_elsewhere_must_prove_who_it_is() {
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
    fn on_this_machine_tls_is_optional() {
        for host in ["localhost", "127.0.0.1:3307", "[::1]:3306"] {
            assert_eq!(mode(&format!("mysql://ana@{host}/tutti")), "Preferred", "{host}");
            assert_eq!(mode(&format!("mysql://ana@{host}/tutti?ssl-mode=DISABLED")), "Disabled", "{host}");
        }
        assert_eq!(mode("mysql://ana@ignored.example/tutti?socket=/run/mysqld/mysqld.sock"), "Preferred");
    }

    #[test]
    fn no_message_repeats_the_url() {
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
