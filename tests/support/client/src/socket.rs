//! A WebSocket to a server. It answers pings, and knows nothing of the contract but its subprotocol.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tutti_protocol::ClientFrame;

use crate::client_state::encode;

/// The path of connections to any room.
pub const PATH: &str = "/ws";
const SUBPROTOCOL: &str = "tutti.v1";

/// An open WebSocket.
pub struct Socket(WebSocketStream<TcpStream>);

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code; `None` when there was none, as when the connection broke.
    pub code: Option<u16>,
    /// What was received instead of a message, for failure reports.
    pub cause: String,
}

impl Socket {
    /// Connects, with additional headers in the handshake.
    pub async fn connect(address: SocketAddr, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().expect("a header"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let stream = TcpStream::connect(address).await?;
        let (stream, response) = tokio_tungstenite::client_async(request, stream).await?;
        assert_eq!(response.headers()["sec-websocket-protocol"], SUBPROTOCOL);
        Ok(Self(stream))
    }

    /// Sends a frame of the contract.
    pub async fn send(&mut self, frame: &ClientFrame) -> Result<(), Error> {
        self.send_message(Message::text(encode(frame))).await
    }

    /// Sends any message.
    pub async fn send_message(&mut self, message: Message) -> Result<(), Error> {
        self.0.send(message).await
    }

    /// The next text message.
    pub async fn next(&mut self) -> Result<Utf8Bytes, Closed> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                ended => {
                    let cause = format!("{ended:?}");
                    let code = match ended {
                        Some(Ok(Message::Close(close))) => close.map(|close| close.code.into()),
                        _ => None,
                    };
                    return Err(Closed { code, cause });
                }
            }
        }
    }
}
