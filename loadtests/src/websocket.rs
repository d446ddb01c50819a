//! A minimal WebSocket client, so that the generator is not the bottleneck.
//!
//! It has no write buffer, and a read buffer only while a frame is incomplete. It accepts what the servers under test
//! send: unfragmented text frames, pings, closes. Fragmented frames are errors, although the standard allows them.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tutti_test_client::frame::{CLOSE, FIN, PING, PONG, RawFrame, TEXT, client_frame};

/// A valid mask that is cheap to apply. Masks protect proxies, and there is none on loopback.
const NO_MASK: [u8; 4] = [0; 4];

/// Longest response to a handshake.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Size of a read.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    /// Shared by all connections of a thread, so that an idle one needs no buffer.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// The reading half of a WebSocket.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Arc<TcpStream>,
    /// The received part of an incomplete frame.
    rest: Vec<u8>,
}

/// The writing half of a WebSocket. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sender(Arc<TcpStream>);

impl Connection {
    /// Connects and performs the handshake.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect")?;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream: Arc::new(stream), rest: vec![] };
        let key = generate_key();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        );
        connection.sender().write(request.as_bytes()).await?;
        let head = loop {
            if let Some(end) = memchr::memmem::find(&connection.rest, b"\r\n\r\n") {
                break connection.rest.drain(..end + 4).collect::<Vec<_>>();
            }
            ensure!(connection.rest.len() < HEAD_BYTES_MAX, "the response to the handshake is too long");
            connection.read_more().await?;
        };
        let head = String::from_utf8_lossy(&head);
        ensure!(head.starts_with("HTTP/1.1 101 "), "no WebSocket: {}", head.lines().next().unwrap_or_default());
        ensure!(head.contains(&derive_accept_key(key.as_bytes())), "the response to the handshake is invalid");
        Ok(connection)
    }

    /// The writing half.
    pub(crate) fn sender(&self) -> Sender {
        Sender(self.stream.clone())
    }

    /// The next text message.
    pub(crate) async fn next(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(frame) = RawFrame::parse(&self.rest)? {
                let length = frame.length;
                let text = self.sender().take(&frame)?.map(|text| String::from_utf8_lossy(text).into_owned());
                self.rest.drain(..length);
                if let Some(text) = text {
                    return Ok(text);
                }
            } else {
                self.read_more().await?;
            }
        }
    }

    /// Passes every text message to `each`, until the connection ends or `each` returns false.
    pub(crate) async fn each(&mut self, mut each: impl FnMut(&[u8]) -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let sender = self.sender();
        if !self.rest.is_empty() {
            let mut rest = std::mem::take(&mut self.rest);
            let more = take_frames(&sender, &mut rest, &mut each)?;
            self.rest = rest;
            if !more {
                return Ok(());
            }
        }
        loop {
            self.stream.readable().await?;
            let more = BUFFER.with_borrow_mut(|buffer| {
                let count = match self.stream.try_read(buffer) {
                    Ok(0) => bail!("the connection ended"),
                    Ok(count) => count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                    Err(error) => return Err(error.into()),
                };
                if self.rest.is_empty() {
                    let mut taken = 0;
                    while let Some(frame) = RawFrame::parse(&buffer[taken..count])? {
                        taken += frame.length;
                        if let Some(text) = sender.take(&frame)?
                            && !each(text)?
                        {
                            self.rest.extend_from_slice(&buffer[taken..count]);
                            return Ok(false);
                        }
                    }
                    self.rest.extend_from_slice(&buffer[taken..count]);
                    return Ok(true);
                }
                self.rest.extend_from_slice(&buffer[..count]);
                take_frames(&sender, &mut self.rest, &mut each)
            })?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Resets the connection, which frees the port at once.
    pub(crate) fn reset(self) -> anyhow::Result<()> {
        self.stream.set_zero_linger()?;
        Ok(())
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        loop {
            self.stream.readable().await?;
            let read = BUFFER.with_borrow_mut(|buffer| {
                let count = self.stream.try_read(buffer)?;
                self.rest.extend_from_slice(&buffer[..count]);
                io::Result::Ok(count)
            });
            match read {
                Ok(0) => bail!("the connection ended"),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn take_frames(
    sender: &Sender,
    rest: &mut Vec<u8>,
    each: &mut impl FnMut(&[u8]) -> anyhow::Result<bool>,
) -> anyhow::Result<bool> {
    let (mut taken, mut more) = (0, true);
    while more && let Some(frame) = RawFrame::parse(&rest[taken..])? {
        taken += frame.length;
        if let Some(text) = sender.take(&frame)? {
            more = each(text)?;
        }
    }
    rest.drain(..taken);
    if rest.is_empty() {
        *rest = vec![];
    }
    Ok(more)
}

impl Sender {
    /// Sends a text message.
    pub(crate) async fn send(&self, text: &str) -> anyhow::Result<()> {
        self.write(&client_frame(FIN | TEXT, NO_MASK, text.as_bytes())).await
    }

    /// Sends a text message without waiting; false when the socket is full.
    pub(crate) fn try_send(&self, text: &str) -> anyhow::Result<bool> {
        self.try_write(&client_frame(FIN | TEXT, NO_MASK, text.as_bytes()))
    }

    async fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        while !self.try_write(bytes)? {
            self.0.writable().await?;
        }
        Ok(())
    }

    fn try_write(&self, bytes: &[u8]) -> anyhow::Result<bool> {
        match self.0.try_write(bytes) {
            Ok(count) => {
                ensure!(count == bytes.len(), "the server does not read: a frame was sent in part");
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The payload of a text frame. Answers a ping; a close is an error.
    fn take<'a>(&self, frame: &RawFrame<'a>) -> anyhow::Result<Option<&'a [u8]>> {
        match frame.opcode {
            TEXT => Ok(Some(frame.payload)),
            PING => {
                self.try_write(&client_frame(FIN | PONG, NO_MASK, frame.payload))?;
                Ok(None)
            }
            PONG => Ok(None),
            CLOSE => {
                let code = frame.close_code().unwrap_or(1005);
                bail!("closed with {code}: {}", String::from_utf8_lossy(frame.payload.get(2..).unwrap_or_default()))
            }
            other => bail!("an unexpected opcode: {other}"),
        }
    }
}
