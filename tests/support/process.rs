//! The server as a process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tutti");
/// A healthy server does everything sooner; a test that waits longer fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server process, killed when dropped.
pub struct Process {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Process {
    pub fn start(data_dir: &Path, arguments: &[&str]) -> Self {
        // For HTTP clients of the server.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = Command::new(PROGRAM);
        command
            .args(["serve", "--listen=127.0.0.1:0", "--bcrypt-cost=4", "--library-analysis=false", "--data-dir"])
            .arg(data_dir)
            .args(arguments);
        command.env_remove("TUTTI_KEYS").env_remove("TUTTI_DATABASE_URL").env("NO_COLOR", "1");
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("its log")).lines();
        Self { child, log }
    }

    /// Its address, once it serves.
    pub async fn address(&mut self) -> SocketAddr {
        self.log_line("serving at http://").await.parse().expect("an address")
    }

    /// Waits for a log line that contains `text`; returns what follows it.
    pub async fn log_line(&mut self, text: &str) -> String {
        let found = async {
            while let Some(line) = self.log.next_line().await.expect("its log") {
                if let Some((_, rest)) = line.split_once(text) {
                    return rest.to_owned();
                }
            }
            panic!("its log never contains {text}")
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the log line")
    }

    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid]).status().await;
        assert!(sent.expect("a shell").success());
    }

    /// Kills it with SIGKILL, and returns when it has ended.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Stops it by SIGTERM and checks that it ends successfully.
    pub async fn stop(mut self) {
        self.signal("TERM").await;
        self.log_line("stopped").await;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("its status");
        assert!(status.success());
    }
}
