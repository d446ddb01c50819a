//! The server as a process: started, signalled, killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tutti::clock::Clock;

/// Limits that these tests must not reach.
const RAISED_LIMITS: &[&str] = &[
    "logins",
    "guests",
    "refreshes",
    "joins",
    "guesses",
    "rooms",
    "searches",
    "commands-per-second",
    "connections-per-address",
    "connections-per-user",
    "connections",
];

/// The command that starts the server, any number of times.
#[derive(Clone, Debug, Default)]
pub struct StartCommand {
    /// A wrapper that executes the server, with its arguments.
    pub wrapper: Vec<String>,
    pub arguments: Vec<String>,
    pub database_url: Option<String>,
}

impl StartCommand {
    pub fn in_data_dir(data_dir: &Path) -> Self {
        let mut arguments = vec!["serve".to_owned(), "--log=warn,tutti=info,tutti::http=error".to_owned()];
        arguments.push(format!("--data-dir={}", data_dir.display()));
        arguments.push("--scripted-provider".to_owned());
        arguments.extend(RAISED_LIMITS.iter().map(|limit| format!("--limit-{limit}=1000000")));
        Self { arguments, ..Self::default() }
    }

    /// Shares its database with other servers.
    pub fn sharing(mut self, nats_url: &str, name: &str) -> Self {
        self.arguments.extend([format!("--nats-url={nats_url}"), format!("--node-id={name}")]);
        self
    }
}

/// A running server; killed when dropped.
pub struct Program {
    child: Child,
    pub address: SocketAddr,
    /// Time from start to serving.
    pub started_in_ms: f64,
    log: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it and waits until it serves. Port 0 is any free port.
    pub async fn start(start: &StartCommand, port: u16) -> Self {
        let clock = Clock::system();
        let began_ms = clock.now_ms_f64();
        let program = std::env::var("TUTTI_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tutti").to_owned());
        let words: Vec<&String> = start.wrapper.iter().chain([&program]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(&start.arguments).arg(format!("--listen=127.0.0.1:{port}"));
        if let Some(url) = &start.database_url {
            command.env("TUTTI_DATABASE_URL", url);
        }
        // It is no setting, with which no server starts.
        command.env_remove("TUTTI_BINARY");
        command.env("NO_COLOR", "1").stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        let log = Arc::new(Mutex::new(vec![]));
        while let Some(line) = lines.next_line().await.expect("its log") {
            if let Some((_, address)) = line.split_once("serving at http://") {
                let address = address.trim().parse().expect("an address");
                let started_in_ms = clock.now_ms_f64() - began_ms;
                #[expect(clippy::disallowed_methods, reason = "it ends with the program, whose log it reads")]
                tokio::spawn({
                    let log = log.clone();
                    async move {
                        while let Ok(Some(line)) = lines.next_line().await {
                            log.lock().push(line);
                        }
                    }
                });
                return Self { child, address, started_in_ms, log };
            }
            log.lock().push(line);
        }
        panic!("the program ended before it served: {:#?}", log.lock());
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Lines of its log that contain `text`.
    pub fn log_lines(&self, text: &str) -> Vec<String> {
        self.log.lock().iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.start_kill().expect("it runs");
        self.child.wait().await.expect("it ends");
        self.assert_no_panics();
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
    }

    /// Waits until it ends.
    pub async fn wait(mut self) -> ExitStatus {
        let status = self.child.wait().await.expect("it ends");
        self.assert_no_panics();
        status
    }

    /// Fails the test when it panicked.
    fn assert_no_panics(&self) {
        let panics = self.log_lines("panicked");
        assert!(panics.is_empty(), "{panics:#?}");
    }
}
