//! The first frame of a connection, `hello`.

use futures_util::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tutti_protocol::{ClientFrame, CloseCode, Hello};

use super::ConnectionContext;
use crate::limits::{
    DEVICE_NAME_CHARS_MAX, HELLO_BUFFER_BYTES, HELLO_BYTES_MAX, HELLO_TIMEOUT, MESSAGE_BYTES_MAX, READ_BUFFER_BYTES,
};
use crate::text;
use crate::transport::{Socket, frame};

pub(super) type WebSocket = WebSocketStream<Socket>;

/// The codec's buffer sizes and message limit.
pub fn codec_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

/// Waits for `hello`; an error is the code to close with. Also returns the codec that reads the frames after it.
pub(super) async fn receive(
    context: &ConnectionContext,
    socket: Socket,
    already_read: Vec<u8>,
) -> (Result<Hello, CloseCode>, WebSocket) {
    let mut socket = codec(socket, already_read).await;
    let hello = tokio::select! {
        hello = tokio::time::timeout(HELLO_TIMEOUT, read(&mut socket)) => hello.unwrap_or(Err(CloseCode::BadHello)),
        () = context.draining.cancelled() => Err(CloseCode::GoingAway),
    };
    match hello {
        // The codec keeps a buffer of twice the length of `hello`, which is longer than most frames. A new codec with a
        // small buffer replaces it, unless it has read beyond `hello`.
        Ok((hello, length)) if socket.get_ref().read_bytes() == frame::length_from_client(length) => {
            let config = Some(codec_config());
            (Ok(hello), WebSocketStream::from_raw_socket(socket.into_inner(), Role::Server, config).await)
        }
        hello => (hello.map(|(hello, _)| hello), socket),
    }
}

/// The codec that reads `hello`.
pub(super) async fn codec(socket: Socket, already_read: Vec<u8>) -> WebSocket {
    let config = codec_config().read_buffer_size(HELLO_BUFFER_BYTES);
    WebSocketStream::from_partially_read(socket, already_read, Role::Server, Some(config)).await
}

/// Reads `hello` and the length of its text.
async fn read(socket: &mut WebSocket) -> Result<(Hello, usize), CloseCode> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.len() <= HELLO_BYTES_MAX => {
                let hello = match ClientFrame::decode(&text) {
                    Ok(ClientFrame::Hello(hello)) => with_clean_name(hello),
                    _ => None,
                };
                return hello.map(|hello| (hello, text.len())).ok_or(CloseCode::BadHello);
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return Err(CloseCode::BadHello),
        }
    }
}

/// Other members see the device's name: at most [`DEVICE_NAME_CHARS_MAX`] characters on one line, not blank.
fn with_clean_name(mut hello: Hello) -> Option<Hello> {
    hello.device.name = text::clean(&hello.device.name, DEVICE_NAME_CHARS_MAX)?;
    Some(hello)
}
