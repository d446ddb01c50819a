//! A Tutti server, started here or already running, and its guests.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;
use tutti_protocol::{ClientFrame, Command, CommandId, Device, DeviceId, DeviceKind, Position, ServerFrame, TrackRef};
use tutti_test_client::{ClientState, TestUser, encode};
use uuid::Uuid;

use crate::child::Child;
use crate::clock;
use crate::process::Process;
use crate::websocket::Connection;

/// How often the library is asked for until it is scanned.
const SCAN_TRIES: u32 = 200;
const SCAN_RETRY_EVERY: Duration = Duration::from_millis(50);

/// A server with an empty database and raised limits; killed when dropped.
pub(crate) struct Tutti {
    child: Option<Child>,
    process: Process,
    address: SocketAddr,
    /// Its data; `None` for a server that was not started here.
    folder: Option<TempDir>,
    /// Time from start to serving.
    pub(crate) start_seconds: f64,
}

impl Tutti {
    /// Starts the program and waits until it serves.
    pub(crate) async fn start(program: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Self::start_in(program, folder).await
    }

    /// Starts the program with more settings.
    pub(crate) async fn start_with(program: &Path, settings: &[String]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Self::start_as(program, folder, settings).await
    }

    /// Starts the program on the data of an earlier server.
    pub(crate) async fn start_in(program: &Path, folder: TempDir) -> anyhow::Result<Self> {
        Self::start_as(program, folder, &[]).await
    }

    async fn start_as(program: &Path, folder: TempDir, settings: &[String]) -> anyhow::Result<Self> {
        let mut command = tokio::process::Command::new(program);
        command.args(["serve", "--listen=127.0.0.1:0", "--log=info,tutti::http=error"]);
        command.arg("--data-dir").arg(folder.path()).args(settings);
        for limit in [
            "logins",
            "guests",
            "joins",
            "rooms",
            "rooms-per-address",
            "searches",
            "commands-per-second",
            "connections",
            "connections-per-address",
            "connections-per-user",
        ] {
            command.arg(format!("--limit-{limit}=1000000"));
        }
        command.env("NO_COLOR", "1").stderr(Stdio::piped());
        let began_ns = clock::now_ns();
        let (child, address) = Child::start(command, |line| Some(line.split_once("serving at http://")?.1.to_owned()))
            .await
            .with_context(|| format!("{} does not start; build it with `make build`", program.display()))?;
        let start_seconds = clock::seconds_since(began_ns);
        Ok(Self {
            process: child.process(),
            child: Some(child),
            address: address.trim().parse()?,
            folder: Some(folder),
            start_seconds,
        })
    }

    /// A server that runs already on this machine; it keeps running.
    pub(crate) fn running(address: SocketAddr, pid: u32) -> Self {
        Self { child: None, process: Process::server(pid), address, folder: None, start_seconds: 0.0 }
    }

    /// Its address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process whose CPU time and memory are measured.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Stops it by SIGTERM and returns its data; `None` for a server that was not started here, which keeps running.
    pub(crate) async fn stop(mut self) -> anyhow::Result<Option<TempDir>> {
        if let Some(child) = self.child.take() {
            child.terminate().await?;
        }
        Ok(self.folder)
    }
}

/// A guest with one device.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) user: TestUser,
    device: DeviceId,
}

/// A joined connection.
pub(crate) struct Joined {
    pub(crate) connection: Connection,
    pub(crate) position: Position,
    pub(crate) resumed: bool,
}

impl Guest {
    /// Logs a new guest in.
    pub(crate) async fn log_in(http: &reqwest::Client, address: SocketAddr, name: &str) -> anyhow::Result<Self> {
        let user = TestUser::guest(http, address, name).await?;
        Ok(Self { user, device: DeviceId(Uuid::new_v4()) })
    }

    /// The same guest at another server that shares the rooms.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        let mut moved = self.clone();
        moved.user.address = address;
        moved
    }

    /// Opens a room; its code.
    pub(crate) async fn open_room(&self) -> anyhow::Result<String> {
        Ok(self.user.open_room("Load", None).await?.code.to_string())
    }

    /// Tracks of the library, the longest first, once it is scanned.
    pub(crate) async fn tracks(&self) -> anyhow::Result<Vec<TrackRef>> {
        let mut tracks = vec![];
        for _ in 0..SCAN_TRIES {
            tracks = self.user.library().await?;
            if !tracks.is_empty() {
                break;
            }
            clock::pass(SCAN_RETRY_EVERY).await;
        }
        ensure!(!tracks.is_empty(), "the library is empty");
        tracks.sort_by_key(|track| std::cmp::Reverse(track.duration_ms));
        Ok(tracks.into_iter().map(|track| TrackRef { provider: track.provider, id: track.id }).collect())
    }

    fn hello(&self, room: &str, resume: Option<Position>) -> String {
        let device = Device { id: self.device, name: "Load".into(), kind: DeviceKind::Remote, providers: vec![] };
        encode(&ClientState::at(resume).hello(&self.user.token, room, device))
    }
}

/// The fields of the first frames that [`enter`] needs: the generator shares the processors with the server.
#[derive(Deserialize)]
struct FirstFrame<'a> {
    r#type: &'a str,
    #[serde(default)]
    resumed: bool,
    position: Option<Position>,
    #[serde(default)]
    full: bool,
}

/// Enters a room; returns once the server has sent all that a client needs to start.
pub(crate) async fn enter(guest: &Guest, room: &str, resume: Option<Position>) -> anyhow::Result<Joined> {
    let mut connection = Connection::open(guest.user.address, &format!("/ws?room={room}")).await?;
    connection.sender().send(&guest.hello(room, resume)).await?;
    let (mut position, mut resumed) = (resume, false);
    loop {
        let text = connection.next().await?;
        let frame: FirstFrame<'_> = serde_json::from_str(&text)?;
        match frame.r#type {
            "welcome" => resumed = frame.resumed,
            "snapshot" | "delta" => position = frame.position,
            // The last of them.
            "presence" if frame.full => break,
            _ => bail!("an unexpected first frame: {text}"),
        }
    }
    Ok(Joined { connection, position: position.context("no snapshot")?, resumed })
}

/// Queues a track, which starts, so that members can seek.
pub(crate) async fn start_a_track(host: &Guest, joined: &mut Joined) -> anyhow::Result<()> {
    let track = host.tracks().await?.swap_remove(0);
    let command = Command::Enqueue { track, before: None };
    joined.connection.sender().send(&encode(&ClientFrame::Command { id: CommandId(Uuid::new_v4()), command })).await?;
    loop {
        match serde_json::from_str(&joined.connection.next().await?)? {
            ServerFrame::Reply { ok: true, .. } => return Ok(()),
            ServerFrame::Reply { error, .. } => bail!("the track was refused: {error:?}"),
            ServerFrame::Delta { position, .. } => joined.position = position,
            _ => {}
        }
    }
}
