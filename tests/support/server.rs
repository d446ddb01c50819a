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

/// A server that is stopped and removed with its test.
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
    /// A server with the demo library and limits that no test reaches by accident.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server that is told more, such as `--limit-joins=3`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let plenty = ["logins", "registrations", "guests", "joins", "guesses", "guesses-per-room", "rooms", "searches"];
        let plenty = plenty
            .iter()
            .map(|limit| format!("--limit-{limit}"))
            .filter(|flag| !arguments.iter().any(|argument| argument.starts_with(&format!("{flag}="))))
            .map(|flag| format!("{flag}=100000"));
        let arguments = ["--bcrypt-cost=4".to_owned()]
            .into_iter()
            .chain([format!("--data-dir={}", dir.path().join("data").display())])
            .chain(plenty)
            .chain(arguments.iter().map(ToString::to_string))
            .collect();
        let mut server = Self { address: ([127, 0, 0, 1], 0).into(), arguments, running: None, dir };
        server.run().await;
        server
    }

    /// Stops in order.
    pub async fn stop(&mut self) {
        if let Some((server, stop)) = self.running.take() {
            stop.cancel();
            server.stopped().await;
        }
    }

    /// Starts again on the same data and the same port.
    pub async fn start_again(&mut self) {
        self.stop().await;
        self.run().await;
    }

    async fn run(&mut self) {
        let listen = format!("--listen={}", self.address);
        let arguments: Vec<_> = self.arguments.iter().chain([&listen]).map(String::as_str).collect();
        let config = Self::config(&arguments);
        let stop = CancellationToken::new();
        let server = app::start(config, stop.clone()).await.expect("the server starts");
        self.address = server.address();
        self.running = Some((server, stop));
    }

    /// What a server is told by these arguments.
    pub fn config(arguments: &[&str]) -> ServeConfig {
        Arguments::parse_from(["tutti"].iter().chain(arguments)).config
    }

    /// Tells it to read its keys anew.
    pub async fn reload_keys(&self) {
        let (server, _) = self.running.as_ref().expect("it runs");
        server.reload_keys().await;
    }

    /// Where its metrics are read, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.running.as_ref().expect("it runs").0.metrics_address()
    }

    /// Where it keeps things.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A guest, as known to the server.
    pub async fn guest(&self, name: &str) -> TestUser {
        guest(self.address, name).await
    }
}
