//! A private NATS server, killed when dropped.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use super::mariadb::free_port;

/// Where `make setup` unpacks it.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/nats-server/usr/sbin/nats-server");

/// A server on a free port.
pub struct NatsServer {
    port: u16,
    arguments: Vec<String>,
    running: Option<Running>,
}

struct Running {
    process: Child,
    /// Kept open: the server ends when it cannot log.
    _log: BufReader<ChildStderr>,
}

impl NatsServer {
    pub fn start(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Self { port: free_port(), arguments, running: None };
        server.start_again();
        server
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it on the same port.
    pub fn start_again(&mut self) {
        let path = ["/usr/sbin/nats-server", UNPACKED].into_iter().find(|path| Path::new(path).exists());
        // The kernel kills it however the test ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", path.unwrap_or("nats-server"), "-a", "127.0.0.1", "-p"]);
        command.arg(self.port.to_string()).args(&self.arguments).stderr(Stdio::piped());
        let mut process = command.spawn().expect("setpriv is part of util-linux");
        let mut log = BufReader::new(process.stderr.take().expect("its log"));
        let mut said = String::new();
        while !said.contains("Server is ready") {
            let read = log.read_line(&mut said).expect("its log is text");
            assert!(read > 0, "nats-server does not start (see `make setup`): {said}");
        }
        self.running = Some(Running { process, _log: log });
    }

    pub fn kill(&mut self) {
        if let Some(Running { mut process, _log }) = self.running.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it ends");
        }
    }

    /// Suspends it.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Resumes it.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.running.as_ref().expect("it runs").process.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().expect("kill runs").success());
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}
