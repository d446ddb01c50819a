//! A real server on a free port over a temporary directory.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tutti::app::{self, Server};
use tutti::config::ServeConfig;
use tutti_test_client::TestUser;

use super::guest;

/// A server in this process; dropping it removes its data.
pub struct TestServer {
    pub address: SocketAddr,
    arguments: Vec<String>,
    running: Option<(Server, CancellationToken)>,
    /// Removed with the server.
    dir: TempDir,
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: ServeConfig,
}

impl TestServer {
    /// Starts a server with the demo library and raised limits.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with further arguments, such as `--limit-joins=3`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let raised = [
            "logins",
            "registrations",
            "guests",
            "joins",
            "guesses",
            "guesses-per-room",
            "rooms",
            "rooms-per-address",
            "searches",
        ];
        let raised = raised
            .iter()
            .map(|limit| format!("--limit-{limit}"))
            .filter(|flag| !arguments.iter().any(|argument| argument.starts_with(&format!("{flag}="))))
            .map(|flag| format!("{flag}=100000"));
        let access = (!arguments.iter().any(|argument| argument.starts_with("--audio-access=")))
            .then(|| "--audio-access=users".to_owned());
        let arguments = ["--bcrypt-cost=4".to_owned(), "--library-analysis=false".to_owned()]
            .into_iter()
            .chain(access)
            .chain([format!("--data-dir={}", dir.path().join("data").display())])
            .chain(raised)
            .chain(arguments.iter().map(ToString::to_string))
            .collect();
        let mut server = Self { address: ([127, 0, 0, 1], 0).into(), arguments, running: None, dir };
        server.run().await;
        server
    }

    /// Shuts down in order.
    pub async fn stop(&mut self) {
        if let Some((server, stop)) = self.running.take() {
            stop.cancel();
            server.stopped().await;
        }
    }

    /// Restarts with the same data and port.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    async fn run(&mut self) {
        let listen = format!("--listen={}", self.address);
        let arguments: Vec<_> = self.arguments.iter().chain([&listen]).map(String::as_str).collect();
        let config = Self::config(&arguments);
        let stop = CancellationToken::new();
        // Boxed: it has all settings, and tests hold it in their own futures.
        let server = Box::pin(app::start(config, stop.clone())).await.expect("the server starts");
        self.address = server.address();
        self.running = Some((server, stop));
    }

    /// Parses a configuration.
    pub fn config(arguments: &[&str]) -> ServeConfig {
        Arguments::parse_from(["tutti"].iter().chain(arguments)).config
    }

    /// Makes it read its keys again.
    pub async fn reload_keys(&self) {
        let (server, _) = self.running.as_ref().expect("it runs");
        server.reload_keys().await;
    }

    /// Makes it read its certificate again.
    pub async fn reload_certificate(&self) {
        let (server, _) = self.running.as_ref().expect("it runs");
        server.reload_certificate().await;
    }

    /// The address of its metrics, if they are served.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.running.as_ref().expect("it runs").0.metrics_address()
    }

    /// Its data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Logs a new guest in.
    pub async fn guest(&self, name: &str) -> TestUser {
        guest(self.address, name).await
    }
}
