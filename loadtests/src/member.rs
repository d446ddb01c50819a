//! A member as light as can be: one identity, one socket.

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tutti_protocol::ServerFrame;
use tutti_protocol::http::{AuthResponse, RoomSummary};
use uuid::Uuid;

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Guest {
    address: String,
    token: String,
}

impl Guest {
    pub(crate) async fn new(http: &reqwest::Client, address: &str, name: &str) -> anyhow::Result<Self> {
        let request = http.post(format!("http://{address}/api/v1/auth/guest")).json(&json!({ "display_name": name }));
        let answer: AuthResponse = request.send().await?.error_for_status()?.json().await?;
        Ok(Self { address: address.to_owned(), token: answer.access_token.0 })
    }

    pub(crate) async fn open_room(&self, http: &reqwest::Client) -> anyhow::Result<String> {
        let request = http.post(format!("http://{}/api/v1/rooms", self.address)).bearer_auth(&self.token);
        let room: RoomSummary =
            request.json(&json!({ "name": "Load" })).send().await?.error_for_status()?.json().await?;
        Ok(room.code.to_string())
    }

    /// Enters a room; returns once the room was shown.
    pub(crate) async fn enter(&self, room: &str) -> anyhow::Result<Member> {
        let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{}/ws", self.address)).await?;
        let hello = json!({
            "type": "hello",
            "token": self.token,
            "room": room,
            "device": { "id": Uuid::new_v4(), "name": "Load", "kind": "remote" },
        });
        socket.send(Message::text(hello.to_string())).await?;
        let mut member = Member { socket };
        while !matches!(member.frame().await?, ServerFrame::Snapshot { .. }) {}
        Ok(member)
    }
}

/// A joined connection.
pub(crate) struct Member {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Member {
    /// The next frame.
    pub(crate) async fn frame(&mut self) -> anyhow::Result<ServerFrame> {
        loop {
            match self.socket.next().await.context("the connection ended")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(close) => bail!("closed: {close:?}"),
                _ => {}
            }
        }
    }

    /// Reads, and so answers pings, until it hears a heartbeat.
    pub(crate) async fn heartbeat(&mut self) -> anyhow::Result<()> {
        while !matches!(self.frame().await?, ServerFrame::Heartbeat { .. }) {}
        Ok(())
    }
}
