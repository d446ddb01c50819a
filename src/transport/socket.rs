//! The stream under the WebSocket codec: reads from the socket, writes to the outbox.
//!
//! The codec's own frames (pongs, close replies) go through the outbox like all others, so that frames keep their order
//! and never interleave.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Outbox;
use super::encryption::ReadHalf;

/// A socket whose writes go through an outbox.
#[derive(Debug)]
pub struct Socket {
    read: ReadHalf,
    outbox: Arc<Outbox>,
    read_bytes: usize,
}

impl Socket {
    /// A socket from which `read_bytes` were already read.
    pub fn new(read: ReadHalf, outbox: Arc<Outbox>, read_bytes: usize) -> Self {
        Self { read, outbox, read_bytes }
    }

    /// All bytes read so far.
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
    /// Accepts everything: the codec writes whole frames.
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
