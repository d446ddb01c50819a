//! A WebSocket client as light as can be, so that the generator is not what is measured.
//!
//! One socket, no write buffer, and a read buffer only while a frame is incomplete. It speaks what the servers under test
//! send: whole text frames, pings, closes. A fragmented frame is an error here, no matter that the standard allows it.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const MASKED: u8 = 0x80;
/// In the place of a length: it follows in two bytes, or in eight.
const TWO_BYTES: u8 = 0x7E;
const EIGHT_BYTES: u8 = 0x7F;

/// Bytes of an answer to a handshake; a longer one is an error.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    /// Shared by all connections of a thread: an idle one has no buffer of its own.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// The end of a WebSocket that reads.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Arc<TcpStream>,
    /// The beginning of what has not come completely.
    rest: Vec<u8>,
}

/// The way out of a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sender(Arc<TcpStream>);

impl Connection {
    /// Connects and shakes hands.
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
            ensure!(connection.rest.len() < HEAD_BYTES_MAX, "the answer to the handshake does not end");
            connection.read_more().await?;
        };
        let head = String::from_utf8_lossy(&head);
        ensure!(head.starts_with("HTTP/1.1 101 "), "no WebSocket: {}", head.lines().next().unwrap_or_default());
        ensure!(head.contains(&derive_accept_key(key.as_bytes())), "the handshake was answered wrongly");
        Ok(connection)
    }

    /// The way out.
    pub(crate) fn sender(&self) -> Sender {
        Sender(self.stream.clone())
    }

    /// The next text.
    pub(crate) async fn next(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(frame) = Frame::parse(&self.rest)? {
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

    /// Hands over every text that comes, until the connection ends or `each` says that it is enough.
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
                    while let Some(frame) = Frame::parse(&buffer[taken..count])? {
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

    /// Loses the connection without a word, as a phone in a tunnel does; the port is free at once.
    pub(crate) fn lose(self) -> anyhow::Result<()> {
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
    while more && let Some(frame) = Frame::parse(&rest[taken..])? {
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
    /// Sends a text.
    pub(crate) async fn send(&self, text: &str) -> anyhow::Result<()> {
        self.write(&frame(TEXT, text.as_bytes())).await
    }

    /// Sends a text at once; false when the server has not read what came before.
    pub(crate) fn try_send(&self, text: &str) -> anyhow::Result<bool> {
        self.try_write(&frame(TEXT, text.as_bytes()))
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
                ensure!(count == bytes.len(), "the server does not read: a frame is stuck halfway");
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The text of a frame; answers a ping, and fails at a close.
    fn take<'a>(&self, frame: &Frame<'a>) -> anyhow::Result<Option<&'a [u8]>> {
        match frame.opcode {
            TEXT => Ok(Some(frame.payload)),
            PING => {
                self.try_write(&self::frame(PONG, frame.payload))?;
                Ok(None)
            }
            PONG => Ok(None),
            CLOSE => {
                let code = frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                bail!("closed with {code}: {}", String::from_utf8_lossy(frame.payload.get(2..).unwrap_or_default()))
            }
            other => bail!("a frame of kind {other} was not expected"),
        }
    }
}

struct Frame<'a> {
    opcode: u8,
    payload: &'a [u8],
    /// Of all of it.
    length: usize,
}

impl<'a> Frame<'a> {
    /// The first frame of what came; `None` while it is incomplete.
    fn parse(bytes: &'a [u8]) -> anyhow::Result<Option<Self>> {
        let Some([first, second]) = bytes.first_chunk::<2>() else { return Ok(None) };
        ensure!(first & 0xF0 == FIN, "a fragmented or compressed frame was not expected");
        let (head, payload) = match *second {
            TWO_BYTES => match bytes[2..].first_chunk::<2>() {
                Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
                None => return Ok(None),
            },
            EIGHT_BYTES => match bytes[2..].first_chunk::<8>() {
                Some(length) => (10, usize::try_from(u64::from_be_bytes(*length))?),
                None => return Ok(None),
            },
            short @ 0..TWO_BYTES => (2, usize::from(short)),
            _ => bail!("a server does not mask"),
        };
        let payload = bytes.get(head..head + payload);
        Ok(payload.map(|payload| Self { opcode: first & 0x0F, payload, length: head + payload.len() }))
    }
}

/// A client's frame. The mask is all zeros: servers undo it as any other, and nobody is between.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(FIN | opcode);
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => frame.push(MASKED | short.to_be_bytes()[1]),
        Ok(medium) => {
            frame.push(MASKED | TWO_BYTES);
            frame.extend(medium.to_be_bytes());
        }
        Err(_) => {
            frame.push(MASKED | EIGHT_BYTES);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(payload: &[u8]) -> Vec<u8> {
        let mut bytes = frame(TEXT, payload);
        let head = bytes.len() - payload.len();
        bytes.drain(head - 4..head);
        bytes[1] &= !MASKED;
        bytes
    }

    #[test]
    fn frames_are_read_however_they_are_cut() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let bytes = from_server(&vec![b'x'; length]);
            for cut in (0..bytes.len().min(12)).chain([bytes.len() - 1]) {
                assert!(Frame::parse(&bytes[..cut]).unwrap().is_none(), "{length} cut at {cut}");
            }
            let frame = Frame::parse(&bytes).unwrap().unwrap();
            assert_eq!((frame.opcode, frame.payload.len(), frame.length), (TEXT, length, bytes.len()));
        }
    }

    #[test]
    fn what_no_server_under_test_sends_is_an_error() {
        for bytes in [[0x01, 0], [0xC1, 0], [0x81, 0x80]] {
            assert!(Frame::parse(&bytes).is_err(), "{bytes:?}");
        }
    }
}
