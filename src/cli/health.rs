//! `tutti health`: asks a running server whether it is ready, at the address of the server's own settings.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tutti::config::ListenConfig;

use super::print;

/// Characters of an unexpected answer that are shown.
const SHOWN_CHARS_MAX: usize = 200;

#[derive(Args)]
pub(crate) struct HealthArguments {
    /// Seconds to wait for the answer.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,

    #[command(flatten)]
    listen: ListenConfig,
}

/// Asks `GET /readyz`; an error says why the server is not ready.
pub(crate) fn run(arguments: &HealthArguments) -> anyhow::Result<()> {
    let HealthArguments { timeout, listen } = arguments;
    ensure!(listen.listen.port() != 0, "TUTTI_LISTEN={} does not say at which port the server is", listen.listen);
    let url = format!("{}://{}/readyz", listen.scheme(), from_here(listen.listen));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ask(&url, Duration::from_secs(*timeout)))?;
    print("ready\n")
}

async fn ask(url: &str, timeout: Duration) -> anyhow::Result<()> {
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().timeout(timeout).redirect(reqwest::redirect::Policy::none());
    // The certificate is for the server's public name, and this is an address of the same machine.
    let client = client.tls_danger_accept_invalid_certs(true).build()?;
    let response = match client.get(url).send().await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => bail!("not ready: no answer from {url} within {} s", timeout.as_secs()),
        Err(error) => bail!("not ready: nothing answers at {url} ({})", cause(&error)),
    };
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(());
    }
    bail!("not ready: {url} answers {status}: {}", said(&response.text().await.unwrap_or_default()))
}

/// The address of a server of this machine that listens at `listen`.
fn from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The innermost error, such as "Connection refused".
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The sentence of a problem document, or the first line of anything else.
fn said(body: &str) -> String {
    let detail =
        serde_json::from_str::<Value>(body).ok().and_then(|problem| Some(problem["detail"].as_str()?.to_owned()));
    let text = detail.unwrap_or_else(|| body.lines().next().unwrap_or_default().to_owned());
    text.chars().filter(|letter| !letter.is_control()).take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("192.168.1.5:80", "192.168.1.5:80"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(from_here(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }

    #[test]
    fn what_a_server_says_fits_on_a_line() {
        assert_eq!(said(r#"{"status":503,"detail":"The server is stopping."}"#), "The server is stopping.");
        assert_eq!(said("<html>\n<h1>Bad Gateway"), "<html>");
        assert_eq!(said(""), "");
        assert_eq!(said(&"x".repeat(9_000)).len(), SHOWN_CHARS_MAX);
    }
}
