//! The servers that Tutti is compared with: a few lines each in `peers/`, installed and started from here.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::child::{Child, START_TIMEOUT, output_of};
use crate::process::Process;
use crate::target::Target;
use crate::websocket::Connection;

/// Interval between checks whether a port accepts connections.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Marks the error of a peer that cannot be installed or started.
#[derive(Debug)]
pub(crate) struct CannotStart;

impl std::fmt::Display for CannotStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it cannot be started here")
    }
}

/// Whether a run failed because its peer cannot be started.
pub(crate) fn cannot_start(error: &anyhow::Error) -> bool {
    error.downcast_ref::<CannotStart>().is_some()
}

/// A running peer.
pub(crate) struct Peer {
    target: Target,
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Peer {
    /// Installs and starts a peer.
    pub(crate) async fn start(target: Target) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (child, address) = match target {
            Target::Tutti => bail!("Tutti is no peer"),
            Target::Bun => {
                let peer = install("bun").await?;
                started(Command::new(peer.join("node_modules/bun/bin/bun.exe")), &peer.join("server.js")).await?
            }
            Target::Ws => started(Command::new("node"), &install("ws").await?.join("server.js")).await?,
            Target::SocketIo => started(Command::new("node"), &install("socket.io").await?.join("server.js")).await?,
            Target::Nchan => nchan(folder.path()).await?,
            Target::Tungstenite => {
                let program = std::env::current_exe()?.with_file_name("tutti-loadtests-tungstenite");
                listening(Command::new(program)).await?
            }
        };
        Ok(Self { target, child, address, _folder: folder })
    }

    /// The process whose CPU time and memory are measured.
    pub(crate) fn process(&self) -> Process {
        self.child.process()
    }

    /// Its address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Joins a room.
    pub(crate) async fn join(&self, room: &str) -> anyhow::Result<Connection> {
        join(self.address, self.target, room).await
    }
}

/// Joins a room of a peer.
pub(crate) async fn join(address: SocketAddr, target: Target, room: &str) -> anyhow::Result<Connection> {
    if target != Target::SocketIo {
        return Connection::open(address, &format!("/?room={room}")).await;
    }
    let mut connection =
        Connection::open(address, &format!("/socket.io/?EIO=4&transport=websocket&room={room}")).await?;
    let open = connection.next().await?;
    ensure!(open.starts_with("0{"), "no Engine.IO session: {open}");
    connection.sender().send("40").await?;
    let connected = connection.next().await?;
    ensure!(connected.starts_with("40"), "no Socket.IO connection: {connected}");
    Ok(connection)
}

/// The version of each server.
pub(crate) async fn versions() -> BTreeMap<Target, String> {
    let mut versions = BTreeMap::from([(Target::Tutti, env!("CARGO_PKG_VERSION").to_owned())]);
    for (target, name) in [(Target::Bun, "bun"), (Target::Ws, "ws"), (Target::SocketIo, "socket.io")] {
        let package = tokio::fs::read(peers().join(name).join("package.json")).await.unwrap_or_default();
        let package: serde_json::Value = serde_json::from_slice(&package).unwrap_or_default();
        if let Some(version) = package["dependencies"][name].as_str() {
            versions.insert(target, version.to_owned());
        }
    }
    let node = output_of("node", &["--version"]).await;
    for target in [Target::Ws, Target::SocketIo] {
        versions
            .entry(target)
            .and_modify(|version| *version = format!("{version}, Node {}", node.trim_start_matches('v')));
    }
    let nginx = output_of("nginx", &["-v"]).await;
    if let Some((_, version)) = nginx.rsplit_once('/') {
        versions.insert(Target::Nchan, version.to_owned());
    }
    versions.insert(Target::Tungstenite, "0.30".to_owned());
    versions
}

/// The folder of the peers.
fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Installs a peer's npm packages from its lock file.
async fn install(name: &str) -> anyhow::Result<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/node-packages");
    let installed = Command::new(script).arg(format!("loadtests/peers/{name}")).output().await?;
    let said = String::from_utf8_lossy(&installed.stderr);
    ensure!(installed.status.success(), "its packages cannot be installed: {}", said.trim());
    Ok(peers().join(name))
}

async fn started(mut command: Command, script: &Path) -> anyhow::Result<(Child, SocketAddr)> {
    command.arg(script).env("NODE_ENV", "production");
    listening(command).await
}

async fn listening(mut command: Command) -> anyhow::Result<(Child, SocketAddr)> {
    command.stdout(Stdio::piped());
    let (child, port) = Child::start(command, |line| Some(line.strip_prefix("listening ")?.to_owned())).await?;
    Ok((child, SocketAddr::from(([127, 0, 0, 1], port.trim().parse()?))))
}

/// nginx does not report its port, so it gets one that was free a moment ago.
async fn nchan(folder: &Path) -> anyhow::Result<(Child, SocketAddr)> {
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let template = tokio::fs::read_to_string(peers().join("nchan/nginx.conf")).await?;
    let config = template.replace("FOLDER", &folder.display().to_string()).replace("PORT", &address.port().to_string());
    let path = folder.join("nginx.conf");
    tokio::fs::write(&path, config).await?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&path).arg("-p").arg(folder).args(["-e", "stderr"]);
    command.stdout(Stdio::null());
    let mut nginx = Child::spawn(command).context("install nginx and libnginx-mod-nchan")?;
    let served = tokio::time::timeout(START_TIMEOUT, async {
        loop {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = nginx.try_wait()? {
                bail!("nginx ended: {status}");
            }
            crate::clock::pass(LOOK_EVERY).await;
        }
    });
    served.await.context("nginx does not serve in time")??;
    Ok((nginx, address))
}
