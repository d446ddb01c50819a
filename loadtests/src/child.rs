//! Server processes: started until they print their address, stopped by a signal, killed with all of their children.

use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use crate::process::Process;

/// How long a server may take to start.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a server may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// A server's process; killed when dropped.
pub(crate) struct Child {
    child: tokio::process::Child,
    process: Process,
}

impl Child {
    /// Starts a program and waits until it prints its address on the piped stream, standard output or error.
    pub(crate) async fn start(
        command: Command,
        address: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<(Self, String)> {
        let mut started = Self::spawn(command)?;
        let stdout = started.child.stdout.take().map(|stream| Box::pin(stream) as Pin<Box<dyn AsyncRead + Send>>);
        let stderr = started.child.stderr.take().map(|stream| Box::pin(stream) as Pin<Box<dyn AsyncRead + Send>>);
        let mut lines = BufReader::new(stdout.or(stderr).context("nothing is piped")?).lines();
        let found = tokio::time::timeout(START_TIMEOUT, async {
            let mut said = String::new();
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = address(&line) {
                    return Ok(address);
                }
                said = line;
            }
            bail!("it ended before it served: {said}")
        });
        let address = found.await.context("it does not serve in time")??;
        // Keeps reading, so that the server never blocks on a full pipe; ends with the server.
        #[expect(clippy::disallowed_methods, reason = "nothing waits for the end of a log")]
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((started, address))
    }

    /// Starts a program.
    pub(crate) fn spawn(mut command: Command) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).kill_on_drop(true).spawn()?;
        let process = Process::server(child.id().context("it ended at once")?);
        Ok(Self { child, process })
    }

    /// The status with which it has ended, if it has.
    pub(crate) fn try_wait(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// The process.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Ends it by SIGTERM and waits for that.
    pub(crate) async fn terminate(mut self) -> anyhow::Result<()> {
        let pid = self.process.pid.to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await?;
        ensure!(sent.success(), "no SIGTERM for {pid}");
        tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await.context("the server does not end")??;
        Ok(())
    }
}

/// Killing only the parent would orphan its worker processes, so all of them are killed.
impl Drop for Child {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let family = self.process.family().into_iter().map(|pid| pid.to_string());
        let mut kill = std::process::Command::new("kill");
        kill.arg("-KILL").args(family).stdin(Stdio::null()).stderr(Stdio::null());
        // A process that has ended meanwhile is no error.
        let _ = kill.status();
    }
}

/// What a program prints on standard output and error; empty when it cannot be run.
pub(crate) async fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().await;
    output
        .map(|output| [output.stdout, output.stderr].concat())
        .map(|text| String::from_utf8_lossy(&text).trim().to_owned())
        .unwrap_or_default()
}
