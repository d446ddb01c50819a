//! The servers that are compared.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A server that is put under load.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    /// This project.
    Tutti,
    /// Bun's built-in `publish` (uWebSockets).
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
    /// Its name in tables.
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
}
