//! A server of one's own: a free port, a temporary directory, limits out of the way.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    _dir: TempDir,
}

impl Server {
    /// Starts the program and waits until it serves.
    pub(crate) async fn start(program: &Path) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen=127.0.0.1:0", "--log=info,tutti::http=error"]);
        command.arg("--data-dir").arg(dir.path());
        for limit in
            ["logins", "guests", "joins", "rooms", "connections", "connections-per-address", "connections-per-user"]
        {
            command.arg(format!("--limit-{limit}=1000000"));
        }
        let mut child = command
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start; build it with `make build`", program.display()))?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some((_, address)) = line.split_once("serving at http://") {
                let address = address.trim().to_owned();
                // Reads on, so that the server never waits for us; ends with the server.
                #[expect(clippy::disallowed_methods, reason = "nothing waits for the end of a log")]
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { child, address, _dir: dir });
            }
        }
        bail!("the server ended before it served")
    }

    /// Resident memory, in KiB, as the operating system counts it.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        let pid = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).context("no figure")?.parse()?)
    }
}
