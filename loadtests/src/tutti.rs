//! A Tutti server of one's own, or one that runs already, and the people who come to it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tutti_protocol::http::{AuthResponse, RoomSummary, SearchResponse};
use tutti_protocol::{Position, ServerFrame, UserId};
use uuid::Uuid;

use crate::clock;
use crate::peer::Child;
use crate::process::Process;
use crate::websocket::Connection;

/// A server with an empty database, its limits out of the way; ends when dropped.
pub(crate) struct Tutti {
    child: Option<Child>,
    process: Process,
    address: SocketAddr,
    /// Its data; `None` of a server that is not ours.
    folder: Option<TempDir>,
    /// How long it took until it served.
    pub(crate) start_seconds: f64,
}

impl Tutti {
    /// Starts the program and waits until it serves.
    pub(crate) async fn start(program: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Self::start_in(program, folder).await
    }

    /// Starts on what another server has left in a folder.
    pub(crate) async fn start_in(program: &Path, folder: TempDir) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.args(["serve", "--listen=127.0.0.1:0", "--log=info,tutti::http=error"]);
        command.arg("--data-dir").arg(folder.path());
        for limit in [
            "logins",
            "guests",
            "joins",
            "rooms",
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

    /// A server that runs already, on this machine, its limits lifted; it goes on afterwards.
    pub(crate) fn running(address: SocketAddr, pid: u32) -> Self {
        Self { child: None, process: Process::server(pid), address, folder: None, start_seconds: 0.0 }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What costs are read of.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Ends it by SIGTERM, as a service manager does; what it has written stays.
    /// `None` of a server that is not ours, which goes on.
    pub(crate) async fn stop(mut self) -> anyhow::Result<Option<TempDir>> {
        if let Some(child) = self.child.take() {
            child.terminate().await?;
        }
        Ok(self.folder)
    }
}

/// Where guests come from: one pool of HTTP connections for all of them.
#[derive(Clone, Default)]
pub(crate) struct Guests {
    http: reqwest::Client,
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) id: UserId,
    pub(crate) address: SocketAddr,
    token: String,
    device: Uuid,
}

/// A joined connection, and what it was told at the door.
pub(crate) struct Member {
    pub(crate) connection: Connection,
    pub(crate) position: Position,
    pub(crate) resumed: bool,
}

impl Guests {
    /// A new guest.
    pub(crate) async fn come(&self, address: SocketAddr, name: &str) -> anyhow::Result<Guest> {
        let request =
            self.http.post(format!("http://{address}/api/v1/auth/guest")).json(&json!({ "display_name": name }));
        let answer: AuthResponse = request.send().await?.error_for_status()?.json().await?;
        Ok(Guest { id: answer.user.id, address, token: answer.access_token.0, device: Uuid::new_v4() })
    }

    /// Ids of tracks that anybody may queue, the longest first.
    pub(crate) async fn tracks(&self, guest: &Guest) -> anyhow::Result<Vec<String>> {
        let url = format!("http://{}/api/v1/search?provider=library&q=", guest.address);
        let found = self.http.get(url).bearer_auth(&guest.token).send().await?.error_for_status()?;
        let mut found: SearchResponse = found.json().await?;
        ensure!(!found.tracks.is_empty(), "the library is empty");
        found.tracks.sort_by_key(|track| std::cmp::Reverse(track.duration_ms));
        Ok(found.tracks.into_iter().map(|track| track.id).collect())
    }
}

impl Guest {
    /// Opens a room; its code.
    pub(crate) async fn open_room(&self, guests: &Guests) -> anyhow::Result<String> {
        let request = guests.http.post(format!("http://{}/api/v1/rooms", self.address)).bearer_auth(&self.token);
        let room: RoomSummary =
            request.json(&json!({ "name": "Load" })).send().await?.error_for_status()?.json().await?;
        Ok(room.code.to_string())
    }

    /// The first frame of a connection.
    pub(crate) fn hello(&self, room: &str, resume: Option<Position>) -> String {
        json!({
            "type": "hello",
            "token": self.token,
            "room": room,
            "device": { "id": self.device, "name": "Load", "kind": "remote" },
            "resume": resume,
        })
        .to_string()
    }
}

/// Of a first frame no more than what is looked at: the generator shares the processors with the server.
#[derive(Deserialize)]
struct AtTheDoor<'a> {
    r#type: &'a str,
    #[serde(default)]
    resumed: bool,
    position: Option<Position>,
    #[serde(default)]
    full: bool,
}

/// Enters a room; returns once everything that a client needs was told.
pub(crate) async fn enter(guest: &Guest, room: &str, resume: Option<Position>) -> anyhow::Result<Member> {
    let mut connection = Connection::open(guest.address, "/ws").await?;
    connection.sender().send(&guest.hello(room, resume)).await?;
    let (mut position, mut resumed) = (resume, false);
    loop {
        let text = connection.next().await?;
        let frame: AtTheDoor<'_> = serde_json::from_str(&text)?;
        match frame.r#type {
            "welcome" => resumed = frame.resumed,
            "snapshot" | "delta" => position = frame.position,
            // The last of what is told at the door.
            "presence" if frame.full => break,
            _ => bail!("not expected at the door: {text}"),
        }
    }
    Ok(Member { connection, position: position.context("no snapshot")?, resumed })
}

/// The text of a command, and its id.
pub(crate) fn command(command: &serde_json::Value) -> (Uuid, String) {
    let id = Uuid::new_v4();
    (id, json!({ "type": "command", "id": id, "command": command }).to_string())
}

/// Queues a track, which starts, so that there is something to seek in.
pub(crate) async fn queue_something(guests: &Guests, host: &Guest, member: &mut Member) -> anyhow::Result<()> {
    let tracks = guests.tracks(host).await?;
    let (_, text) = command(&json!({ "name": "enqueue", "track": { "provider": "library", "id": tracks[0] } }));
    member.connection.sender().send(&text).await?;
    loop {
        match serde_json::from_str(&member.connection.next().await?)? {
            ServerFrame::Reply { ok: true, .. } => return Ok(()),
            ServerFrame::Reply { error, .. } => bail!("the track was refused: {error:?}"),
            ServerFrame::Delta { position, .. } => member.position = position,
            _ => {}
        }
    }
}
