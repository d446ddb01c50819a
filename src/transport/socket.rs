//! What the WebSocket codec reads from and writes to: the socket's read half, and the outbox.
//!
//! The codec's own frames (pongs, the answer to a close) go through the outbox like everything else, so that no frame is
//! torn by another and their order holds.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use super::Outbox;

/// A socket whose writes go through an outbox.
#[derive(Debug)]
pub struct Socket {
    read: OwnedReadHalf,
    outbox: Arc<Outbox>,
    read_bytes: usize,
}

impl Socket {
    /// A socket of which so much was read already.
    pub fn new(read: OwnedReadHalf, outbox: Arc<Outbox>, read_bytes: usize) -> Self {
        Self { read, outbox, read_bytes }
    }

    /// How much was read of it in all.
    pub fn read_bytes(&self) -> usize {
        self.read_bytes
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.read).poll_read(cx, buffer);
        self.read_bytes += buffer.filled().len() - before;
        read
    }
}

impl AsyncWrite for Socket {
    /// Takes everything at once: the codec hands over whole frames.
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, frames: &[u8]) -> Poll<io::Result<usize>> {
        self.outbox.push(&Bytes::copy_from_slice(frames));
        Poll::Ready(Ok(frames.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
