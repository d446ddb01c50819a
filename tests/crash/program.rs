//! The program as a process: started on some data, asked whether it is ready, signalled, killed, started again.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tutti::clock::Clock;

/// Limits that nobody here is to reach.
const PLENTY: &[&str] = &[
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

/// How a program is started, as often as is needed.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// A program that becomes the server, and its arguments; none for the server itself.
    pub under: Vec<String>,
    pub arguments: Vec<String>,
    pub database_url: Option<String>,
}

impl Start {
    pub fn on(data_dir: &Path) -> Self {
        let mut arguments = vec!["serve".to_owned(), "--log=warn,tutti=info,tutti::http=error".to_owned()];
        arguments.push(format!("--data-dir={}", data_dir.display()));
        arguments.extend(PLENTY.iter().map(|limit| format!("--limit-{limit}=1000000")));
        Self { arguments, ..Self::default() }
    }
}

/// A running server; killed when dropped.
pub struct Program {
    child: Child,
    pub address: SocketAddr,
    /// From the start until it served.
    pub started_in_ms: f64,
    said: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it, and returns when it serves. Port 0 takes a free one.
    pub async fn start(start: &Start, port: u16) -> Self {
        let clock = Clock::system();
        let began_ms = clock.now_ms_f64();
        let program = std::env::var("TUTTI_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tutti").to_owned());
        let words: Vec<&String> = start.under.iter().chain([&program]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(&start.arguments).arg(format!("--listen=127.0.0.1:{port}"));
        if let Some(url) = &start.database_url {
            command.env("TUTTI_DATABASE_URL", url);
        }
        command.env("NO_COLOR", "1").stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        let said = Arc::new(Mutex::new(vec![]));
        while let Some(line) = lines.next_line().await.expect("its lines") {
            if let Some((_, address)) = line.split_once("serving at http://") {
                let address = address.trim().parse().expect("an address");
                let started_in_ms = clock.now_ms_f64() - began_ms;
                #[expect(clippy::disallowed_methods, reason = "it ends with the program, whose every word it reads")]
                tokio::spawn({
                    let said = said.clone();
                    async move {
                        while let Ok(Some(line)) = lines.next_line().await {
                            said.lock().push(line);
                        }
                    }
                });
                return Self { child, address, started_in_ms, said };
            }
            said.lock().push(line);
        }
        panic!("the program ended before it served: {:#?}", said.lock());
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Lines of its log with this in them.
    pub fn said(&self, what: &str) -> Vec<String> {
        self.said.lock().iter().filter(|line| line.contains(what)).cloned().collect()
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.start_kill().expect("it runs");
        self.child.wait().await.expect("it ends");
        self.assert_calm();
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> ExitStatus {
        let status = self.child.wait().await.expect("it ends");
        self.assert_calm();
        status
    }

    /// Nothing in it panicked.
    fn assert_calm(&self) {
        let panics = self.said("panicked");
        assert!(panics.is_empty(), "{panics:#?}");
    }
}
