//! The server as a process.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

/// `TUTTI_BINARY` is tested instead of this build's program, to see whether an older one fails.
static PROGRAM: LazyLock<String> =
    LazyLock::new(|| std::env::var("TUTTI_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tutti").to_owned()));
/// A healthy server does everything sooner; a test that waits longer fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server process, killed when dropped.
pub struct Process {
    child: Child,
    /// The lines of its log. They are read at once: a program whose log is not read stops when the pipe is full.
    log: UnboundedReceiver<String>,
    _reader: JoinSet<()>,
}

/// The arguments of every server.
const SERVE: [&str; 4] = ["serve", "--listen=127.0.0.1:0", "--library-analysis=false", "--data-dir"];

impl Process {
    pub fn start(data_dir: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(&*PROGRAM);
        command.args(SERVE).arg(data_dir);
        if !arguments.iter().any(|argument| argument.starts_with("--bcrypt-cost=")) {
            command.arg("--bcrypt-cost=4");
        }
        command.args(arguments);
        Self::spawn(command)
    }

    /// Starts a server with further variables.
    pub fn start_with_variables(data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(&*PROGRAM);
        command.args(SERVE).arg(data_dir).arg("--bcrypt-cost=4").envs(variables.iter().copied());
        Self::spawn(command)
    }

    /// Starts a server that may open `descriptors` files.
    pub fn start_with_descriptors(data_dir: &Path, descriptors: u32) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -n {descriptors}; exec \"$@\"")).arg("sh");
        command.arg(&*PROGRAM).args(SERVE).arg(data_dir).arg("--bcrypt-cost=4");
        Self::spawn(command)
    }

    /// Starts a copy of the program as another user, if that is not the user who runs the tests.
    pub fn start_as(program: &Path, user: u32, data_dir: &Path) -> Self {
        let mut command = Command::new(program);
        command.args(SERVE).arg(data_dir).arg("--bcrypt-cost=4").current_dir("/");
        if std::fs::metadata("/proc/self").expect("this process").uid() != user {
            command.uid(user).gid(user);
        }
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        // For HTTP clients of the server.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // `TUTTI_BINARY` is no setting, with which no server starts.
        command
            .env_remove("TUTTI_BINARY")
            .env_remove("TUTTI_KEYS")
            .env_remove("TUTTI_DATABASE_URL")
            .env("NO_COLOR", "1");
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("the program runs");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let (read, log) = unbounded_channel();
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = read.send(line);
            }
        });
        Self { child, log, _reader: reader }
    }

    /// Its address, once it serves.
    pub async fn address(&mut self) -> SocketAddr {
        self.log_line("serving at http://").await.parse().expect("an address")
    }

    /// Waits for a log line that contains `text`; returns what follows it.
    pub async fn log_line(&mut self, text: &str) -> String {
        let found = async {
            while let Some(line) = self.log.recv().await {
                if let Some((_, rest)) = line.split_once(text) {
                    return rest.to_owned();
                }
            }
            panic!("its log never contains {text}")
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the log line")
    }

    /// Its resident memory, in KiB.
    pub fn memory_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id().expect("it runs"));
        let status = std::fs::read_to_string(status).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Stops it; returns the lines of its log that were not read yet.
    pub async fn log_lines_until_stopped(&mut self) -> Vec<String> {
        self.signal("TERM").await;
        let mut lines = Vec::new();
        let read = async {
            while let Some(line) = self.log.recv().await {
                lines.push(line);
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("it ends");
        lines
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

    /// Waits until it fails by itself; returns what it says last.
    pub async fn failure(mut self) -> String {
        let mut last = String::new();
        let read = async {
            while let Some(line) = self.log.recv().await {
                last = line;
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("it ends");
        assert!(!self.child.wait().await.expect("its status").success());
        last
    }

    /// Stops it by SIGTERM and checks that it ends successfully.
    pub async fn stop(mut self) {
        self.signal("TERM").await;
        self.log_line("stopped").await;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("its status");
        assert!(status.success());
    }
}
