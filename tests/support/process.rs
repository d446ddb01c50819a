//! The program itself, serving in a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tutti");
/// No healthy program takes this long for anything; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server of its own process, ended with its test.
pub struct Process {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Process {
    pub fn start(data_dir: &Path, arguments: &[&str]) -> Self {
        // For those who come to it over HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--listen=127.0.0.1:0", "--bcrypt-cost=4", "--data-dir"]).arg(data_dir).args(arguments);
        command.env_remove("TUTTI_KEYS").env_remove("TUTTI_DATABASE_URL").env("NO_COLOR", "1");
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("its log")).lines();
        Self { child, log }
    }

    /// Where it serves, once it does.
    pub async fn address(&mut self) -> SocketAddr {
        self.says("serving at http://").await.parse().expect("an address")
    }

    /// What its log says after these words, once it says them.
    pub async fn says(&mut self, words: &str) -> String {
        let said = async {
            while let Some(line) = self.log.next_line().await.expect("its log") {
                if let Some((_, rest)) = line.split_once(words) {
                    return rest.to_owned();
                }
            }
            panic!("it never says {words}")
        };
        tokio::time::timeout(PATIENCE, said).await.expect("it says so")
    }

    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid]).status().await;
        assert!(sent.expect("a shell").success());
    }

    /// Asks it to end, and sees that it does so well.
    pub async fn stop(mut self) {
        self.signal("TERM").await;
        self.says("stopped").await;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("its status");
        assert!(status.success());
    }
}
