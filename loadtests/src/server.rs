//! The server under test behind one interface: rooms that fill with members, whichever server it is.
//!
//! Tutti runs with everything on: guests, tokens, a room's state, the journal, replies. The other servers only fan out
//! 300 bytes.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::dialect::Dialect;
use crate::peer::{CannotStart, Peer};
use crate::placed::Placed;
use crate::process::Processes;
use crate::target::Target;
use crate::tutti::{Guest, Tutti, enter, start_a_track};
use crate::websocket::Connection;

/// Rooms that fill at a time, and members that join each of them at a time.
const ROOMS_AT_ONCE: usize = 4;
const MEMBERS_AT_ONCE: usize = 8;

/// Where the server comes from.
pub(crate) enum Source<'a> {
    /// It is started; Tutti from this program.
    Program(&'a Path),
    /// A Tutti that runs already, and its process id.
    Running(SocketAddr, u32),
}

impl Source<'_> {
    /// Starts Tutti, or attaches to the one that runs.
    pub(crate) async fn tutti(&self) -> anyhow::Result<Tutti> {
        match self {
            Self::Program(program) => Tutti::start(program).await,
            Self::Running(address, pid) => Ok(Tutti::running(*address, *pid)),
        }
    }
}

/// A running server.
pub(crate) struct ServerUnderTest {
    target: Target,
    running: Running,
}

enum Running {
    Tutti(Tutti),
    Peer(Peer),
    /// Several Tutti servers that share rooms.
    Nodes(Placed),
}

impl ServerUnderTest {
    /// Starts `target` on a free port, in a folder of its own, unless it runs already.
    pub(crate) async fn start(target: Target, source: &Source<'_>) -> anyhow::Result<Self> {
        let running = match target {
            Target::Tutti => Running::Tutti(source.tutti().await?),
            peer => Running::Peer(Peer::start(peer).await.context(CannotStart)?),
        };
        Ok(Self { target, running })
    }

    /// Tutti servers that share rooms and run already.
    pub(crate) fn nodes(nodes: Placed) -> Self {
        Self { target: Target::Tutti, running: Running::Nodes(nodes) }
    }

    /// Which server it is.
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// The processes whose CPU time and memory are measured.
    pub(crate) fn processes(&self) -> Processes {
        match &self.running {
            Running::Tutti(tutti) => Processes(vec![tutti.process()]),
            Running::Peer(peer) => Processes(vec![peer.process()]),
            Running::Nodes(nodes) => nodes.processes(),
        }
    }

    /// Its address.
    pub(crate) fn address(&self) -> SocketAddr {
        match &self.running {
            Running::Tutti(tutti) => tutti.address(),
            Running::Peer(peer) => peer.address(),
            Running::Nodes(nodes) => nodes.owner_of(0),
        }
    }

    /// Its protocol after joining.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.target {
            Target::Tutti => Dialect::Tutti,
            Target::SocketIo => Dialect::SocketIo,
            Target::Bun | Target::Nchan | Target::Ws | Target::Tungstenite => Dialect::Plain,
        }
    }

    /// Opens a room and fills it. Each connection is passed to `joined` as soon as it has joined, and must be read from
    /// at once: servers drop connections that do not answer pings. The first one publishes. `number` distinguishes
    /// rooms.
    pub(crate) async fn room(
        &self,
        http: &reqwest::Client,
        number: usize,
        members: usize,
        joined: impl Fn(Connection),
    ) -> anyhow::Result<()> {
        match &self.running {
            Running::Tutti(tutti) => {
                fill_room(http, number, members, tutti.address(), |_| tutti.address(), joined).await
            }
            Running::Nodes(nodes) => {
                let server_of = |member| nodes.server_of(number, member);
                fill_room(http, number, members, nodes.owner_of(number), server_of, joined).await
            }
            Running::Peer(peer) => {
                for _ in 0..members {
                    joined(peer.join(&format!("r{number}")).await.context("join a peer's room")?);
                }
                Ok(())
            }
        }
    }

    /// Opens rooms and fills them; `joined` gets the number of the room with each connection.
    pub(crate) async fn fill(
        &self,
        rooms: usize,
        members: usize,
        joined: impl Fn(usize, Connection),
    ) -> anyhow::Result<()> {
        let (http, joined) = (&reqwest::Client::new(), &joined);
        futures_util::stream::iter(0..rooms)
            .map(|number| self.room(http, number, members, move |connection| joined(number, connection)))
            .buffer_unordered(ROOMS_AT_ONCE)
            .try_collect()
            .await
            .context("the rooms cannot be filled")
    }
}

/// Opens a room at the server `owner` and fills it with members at their servers.
async fn fill_room(
    http: &reqwest::Client,
    number: usize,
    members: usize,
    owner: SocketAddr,
    server_of: impl Fn(usize) -> SocketAddr,
    joined: impl Fn(Connection),
) -> anyhow::Result<()> {
    let host = Guest::log_in(http, owner, &format!("Host {number}")).await?;
    let code = host.open_room().await?;
    // The first connection decides which server owns the room.
    let first = (server_of(0) != owner).then(|| enter(&host, &code, None));
    let first = futures_util::future::OptionFuture::from(first).await.transpose()?;
    joined(enter(&host.at(server_of(0)), &code, None).await?.connection);
    let (code, joined, server_of) = (&code, &joined, &server_of);
    let others = futures_util::stream::iter(1..members).map(|member| async move {
        let guest = Guest::log_in(http, server_of(member), &format!("Guest {member}")).await?;
        joined(enter(&guest, code, None).await?.connection);
        anyhow::Ok(())
    });
    let () = others.buffer_unordered(MEMBERS_AT_ONCE).try_collect().await?;
    drop(first);
    // After filling: a large room takes longer to fill than a track lasts.
    let mut second = enter(&host, code, None).await?;
    start_a_track(&host, &mut second).await
}

/// Reads and discards messages, and answers pings, until the connection ends.
pub(crate) async fn read_and_discard(dialect: Dialect, mut connection: Connection) -> anyhow::Result<()> {
    let sender = connection.sender();
    connection
        .each(|text| {
            if matches!(dialect, Dialect::SocketIo) && text == b"2" {
                sender.try_send("3")?;
            }
            Ok(true)
        })
        .await
}
