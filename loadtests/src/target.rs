//! The servers that are compared, behind one small face: rooms with members, a publish, its deliveries.
//!
//! Tutti does all that it does for a party: guests, tokens, a room's state, the journal, replies. The others do
//! nothing but fan out 300 bytes.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use futures_util::{StreamExt as _, TryStreamExt as _};
use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::peer::{CannotStart, Peer};
use crate::process::Process;
use crate::tutti::{Guests, Tutti, enter, queue_something};
use crate::websocket::Connection;

/// Bytes that a peer publishes: about as many as a delta of Tutti's that says where a track plays now.
pub(crate) const PAYLOAD_BYTES: usize = 300;
/// Rooms that fill at a time, and members that come into each.
const ROOMS_AT_ONCE: usize = 4;
const MEMBERS_AT_ONCE: usize = 8;

/// What is put under load.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    /// This project.
    Tutti,
    /// Bun's own publish (uWebSockets).
    Bun,
    /// nginx with nchan.
    Nchan,
    /// Node with `ws`.
    Ws,
    /// Node with socket.io.
    SocketIo,
    /// tokio-tungstenite, one task and one channel for each connection.
    Tungstenite,
}

impl Target {
    /// As it stands in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tutti => "Tutti, everything on",
            Self::Bun => "Bun `publish`",
            Self::Nchan => "nginx nchan",
            Self::Ws => "Node `ws`",
            Self::SocketIo => "socket.io",
            Self::Tungstenite => "tokio-tungstenite, a task and a channel each",
        }
    }

    /// Starts it, on a free port and in a folder of its own, unless it runs already.
    pub(crate) async fn start(self, source: &Source<'_>) -> anyhow::Result<Stage> {
        let running = match self {
            Self::Tutti => Running::Tutti(source.tutti().await?),
            peer => Running::Peer(Peer::start(peer).await.context(CannotStart)?),
        };
        Ok(Stage { target: self, running })
    }
}

/// Where the servers come from.
pub(crate) enum Source<'a> {
    /// They are started, Tutti from this program.
    Program(&'a Path),
    /// A Tutti that runs already, with its process.
    Running(SocketAddr, u32),
}

impl Source<'_> {
    /// A Tutti of ours, or the one that runs.
    pub(crate) async fn tutti(&self) -> anyhow::Result<Tutti> {
        match self {
            Self::Program(program) => Tutti::start(program).await,
            Self::Running(address, pid) => Ok(Tutti::running(*address, *pid)),
        }
    }
}

/// A server that runs.
pub(crate) struct Stage {
    target: Target,
    running: Running,
}

enum Running {
    Tutti(Tutti),
    Peer(Peer),
}

/// A delivery, as far as the generator looks into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// What was published, by its number.
    Delivery(u64),
    /// Something else that is allowed: presence, heartbeats, replies.
    Other,
    /// Deltas were dropped because we read too slowly; a snapshot made up for them.
    Snapshot,
    /// socket.io asks whether we are there.
    Ping,
    /// The server refused a publish.
    Refused,
}

/// How a target speaks, once a member is in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    /// Seeks, and the deltas that they lead to.
    Tutti,
    /// The payload and nothing else.
    Plain,
    /// Engine.IO 4 and Socket.IO 5 over a WebSocket.
    SocketIo,
}

impl Stage {
    /// What it is.
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// What costs are read of.
    pub(crate) fn process(&self) -> Process {
        match &self.running {
            Running::Tutti(tutti) => tutti.process(),
            Running::Peer(peer) => peer.process(),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        match &self.running {
            Running::Tutti(tutti) => tutti.address(),
            Running::Peer(peer) => peer.address(),
        }
    }

    /// How it is spoken to.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.target {
            Target::Tutti => Dialect::Tutti,
            Target::SocketIo => Dialect::SocketIo,
            Target::Bun | Target::Nchan | Target::Ws | Target::Tungstenite => Dialect::Plain,
        }
    }

    /// Opens a room with so many members, the first of whom is the one who publishes. Each is handed over as they come in, to
    /// be read from at once: a server drops whoever is silent. `number` tells the room from others.
    pub(crate) async fn room(
        &self,
        guests: &Guests,
        number: usize,
        members: usize,
        come: impl Fn(Connection),
    ) -> anyhow::Result<()> {
        match &self.running {
            Running::Tutti(tutti) => {
                let host = guests.come(tutti.address(), &format!("Host {number}")).await?;
                let code = host.open_room(guests).await?;
                come(enter(&host, &code, None).await?.connection);
                let (code, come) = (&code, &come);
                let others = futures_util::stream::iter(1..members).map(|member| async move {
                    let guest = guests.come(tutti.address(), &format!("Guest {member}")).await?;
                    come(enter(&guest, code, None).await?.connection);
                    anyhow::Ok(())
                });
                let () = others.buffer_unordered(MEMBERS_AT_ONCE).try_collect().await?;
                // Only now, because a large room takes longer to fill than a track lasts.
                let mut again = enter(&host, code, None).await?;
                queue_something(guests, &host, &mut again).await
            }
            Running::Peer(peer) => {
                for _ in 0..members {
                    come(peer.join(&format!("r{number}")).await.context("join a peer's room")?);
                }
                Ok(())
            }
        }
    }

    /// Opens rooms and lets everybody in; `come` learns in which room.
    pub(crate) async fn fill(
        &self,
        rooms: usize,
        members: usize,
        come: impl Fn(usize, Connection),
    ) -> anyhow::Result<()> {
        let (guests, come) = (&Guests::default(), &come);
        futures_util::stream::iter(0..rooms)
            .map(|number| self.room(guests, number, members, move |connection| come(number, connection)))
            .buffer_unordered(ROOMS_AT_ONCE)
            .try_collect()
            .await
            .context("the rooms do not fill")
    }
}

/// Reads whatever comes and answers what must be answered, for as long as the connection lasts.
pub(crate) async fn listen_quietly(dialect: Dialect, mut connection: Connection) -> anyhow::Result<()> {
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

/// Positions that a seek can say, from 1 on; beyond they begin anew. At 0 the music starts, which nobody published.
const POSITIONS: u64 = 30_000;

impl Dialect {
    /// The text that publishes `number` in a room.
    pub(crate) fn publish(self, number: u64) -> String {
        match self {
            Self::Tutti => {
                let (id, position) = (uuid::Uuid::new_v4(), 1 + number % POSITIONS);
                format!(r#"{{"type":"command","id":"{id}","command":{{"name":"seek","position_ms":{position}}}}}"#)
            }
            Self::Plain => payload(number),
            Self::SocketIo => format!(r#"42["publish","{}"]"#, payload(number)),
        }
    }

    /// What a text from the server is, to somebody who heard `last` before.
    pub(crate) fn hear(self, text: &[u8], last: Option<u64>) -> Heard {
        match self {
            Self::Tutti if text.starts_with(br#"{"type":"delta""#) => {
                // A position repeats itself after a long time; it is the next such one that is meant.
                let position = number_after(text, br#""anchor_position_ms":"#).filter(|position| *position > 0);
                position.map_or(Heard::Other, |position| {
                    let next = last.map_or(0, |last| last + 1);
                    let ahead = (position - 1 + POSITIONS - next % POSITIONS) % POSITIONS;
                    // Behind by a little is a repetition, not a lead of almost all positions.
                    Heard::Delivery(if ahead > POSITIONS / 2 {
                        (next + ahead).saturating_sub(POSITIONS)
                    } else {
                        next + ahead
                    })
                })
            }
            Self::Tutti if text.starts_with(br#"{"type":"snapshot""#) => Heard::Snapshot,
            Self::Tutti if text.starts_with(br#"{"type":"reply""#) => {
                if memmem::find(text, br#""ok":true"#).is_some() {
                    Heard::Other
                } else {
                    Heard::Refused
                }
            }
            Self::Tutti => Heard::Other,
            Self::Plain => number_after(text, b"n").map_or(Heard::Other, Heard::Delivery),
            Self::SocketIo if text == b"2" => Heard::Ping,
            Self::SocketIo => number_after(text, br#"["message","n"#).map_or(Heard::Other, Heard::Delivery),
        }
    }
}

/// The room's offset that a delta of Tutti's says.
pub(crate) fn offset_of(text: &[u8]) -> Option<u64> {
    number_after(text, br#""offset":"#)
}

fn payload(number: u64) -> String {
    format!("n{number:<width$}", width = PAYLOAD_BYTES - 1)
}

/// The number that stands right behind the first `mark`.
fn number_after(text: &[u8], mark: &[u8]) -> Option<u64> {
    let start = memmem::find(text, mark)? + mark.len();
    let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut number = None;
    for digit in digits {
        number = Some(number.unwrap_or(0) * 10 + u64::from(digit - b'0'));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_peers_publish_is_heard_again() {
        for (dialect, wrap) in [(Dialect::Plain, ("", "")), (Dialect::SocketIo, (r#"42["message",""#, r#""]"#))] {
            for number in [0, 7, 123_456] {
                let published = payload(number);
                assert_eq!(published.len(), PAYLOAD_BYTES);
                let text = format!("{}{published}{}", wrap.0, wrap.1);
                assert_eq!(dialect.hear(text.as_bytes(), None), Heard::Delivery(number));
            }
        }
        assert_eq!(Dialect::SocketIo.hear(b"2", None), Heard::Ping);
    }

    #[test]
    fn a_seek_is_known_by_its_position_however_long_it_goes_on() {
        let delta = |position: u64| {
            format!(
                r#"{{"type":"delta","position":{{"epoch":1,"offset":7}},"events":[{{"name":"playback_changed","playback":{{"anchor_position_ms":{position}}}}}]}}"#
            )
        };
        for (position, last, number) in [
            (1, None, 0),
            (6, Some(4), 5),
            (8, Some(4), 7),
            (5, Some(4), 4),
            (1, Some(POSITIONS - 1), POSITIONS),
            (4, Some(2 * POSITIONS + 2), 2 * POSITIONS + 3),
        ] {
            let text = delta(position);
            assert_eq!(
                Dialect::Tutti.hear(text.as_bytes(), last),
                Heard::Delivery(number),
                "{position} after {last:?}"
            );
            assert_eq!(offset_of(text.as_bytes()), Some(7));
        }
        assert_eq!(Dialect::Tutti.hear(delta(0).as_bytes(), None), Heard::Other, "the music starts");
    }
}
