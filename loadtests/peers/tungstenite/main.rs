//! Fan-out with tokio-tungstenite in the usual way: one task and one channel per connection.
#![expect(clippy::disallowed_methods, reason = "a peer is written in the usual way")]

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

type Rooms = Arc<Mutex<HashMap<String, Vec<UnboundedSender<Message>>>>>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the generator reads the port there")]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?.port());
    let rooms = Rooms::default();
    loop {
        let (stream, _) = listener.accept().await?;
        let rooms = rooms.clone();
        tokio::spawn(async move {
            // A lost connection is not an error here.
            let _ = serve(stream, rooms).await;
        });
    }
}

async fn serve(stream: TcpStream, rooms: Rooms) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut name = String::new();
    #[expect(clippy::result_large_err, reason = "the library's signature")]
    let socket = tokio_tungstenite::accept_hdr_async(stream, |request: &Request, response: Response| {
        request.uri().query().unwrap_or_default().clone_into(&mut name);
        Ok(response)
    });
    let mut socket = socket.await?;
    let (sender, mut messages) = unbounded_channel();
    rooms.lock().entry(name.clone()).or_default().push(sender);
    loop {
        tokio::select! {
            Some(message) = messages.recv() => socket.send(message).await?,
            read = socket.next() => match read {
                Some(Ok(Message::Text(text))) => {
                    if let Some(room) = rooms.lock().get_mut(&name) {
                        room.retain(|member| member.send(Message::Text(text.clone())).is_ok());
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
        }
    }
}
