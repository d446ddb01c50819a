//! A stream that gives up on a peer that stops reading.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::limits::{WRITE_PROGRESS_BYTES, WRITE_PROGRESS_TIMEOUT};

/// Fails a write when the peer accepts fewer than [`WRITE_PROGRESS_BYTES`] within [`WRITE_PROGRESS_TIMEOUT`] while bytes
/// wait to be sent. A response that is not read would otherwise keep its memory for as long as the peer likes.
#[derive(Debug)]
pub struct WriteDeadline<S> {
    stream: S,
    /// Runs while bytes wait; boxed, because most connections never wait.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Bytes accepted since the deadline was set.
    accepted: usize,
}

impl<S> WriteDeadline<S> {
    /// Watches the writes to `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream, stalled: None, accepted: 0 }
    }

    /// The stream.
    pub fn into_inner(self) -> S {
        self.stream
    }

    fn watch(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.accepted += bytes;
                if self.accepted >= WRITE_PROGRESS_BYTES {
                    (self.stalled, self.accepted) = (None, 0);
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if self.stalled.is_none() {
                    self.accepted = 0;
                }
                let deadline = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_PROGRESS_TIMEOUT)));
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteDeadline<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteDeadline<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when everything that it had to write was accepted.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stalled = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::clock::{Clock, ms};

    /// A peer whose buffer holds 64 bytes.
    fn pair() -> (WriteDeadline<DuplexStream>, DuplexStream) {
        let (stream, peer) = tokio::io::duplex(64);
        (WriteDeadline::new(stream), peer)
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up() {
        let (mut stream, _peer) = pair();
        let clock = Clock::starting_at(0.0);
        let error = stream.write_all(&[7; 65]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(clock.now_ms() / 1_000, ms(WRITE_PROGRESS_TIMEOUT) / 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_a_byte_now_and_then_is_given_up() {
        let (mut stream, mut peer) = pair();
        let drip = async {
            let mut byte = [0];
            while peer.read_exact(&mut byte).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let written = tokio::select! {
            written = stream.write_all(&[7; 4096]) => written,
            () = drip => Ok(()),
        };
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_gets_everything() {
        let (mut stream, mut peer) = pair();
        let bytes = WRITE_PROGRESS_BYTES * 4;
        let slow = async {
            let (mut read, mut buffer) = (0, vec![0; WRITE_PROGRESS_BYTES / 2]);
            while read < bytes {
                let wanted = buffer.len().min(bytes - read);
                read += peer.read_exact(&mut buffer[..wanted]).await.unwrap();
                tokio::time::sleep(WRITE_PROGRESS_TIMEOUT / 3).await;
            }
        };
        let sent = vec![7; bytes];
        let (written, ()) = tokio::join!(stream.write_all(&sent), slow);
        written.unwrap();
        // Time without anything to write does not count.
        stream.flush().await.unwrap();
        tokio::time::sleep(WRITE_PROGRESS_TIMEOUT * 2).await;
        stream.write_all(&[7; 64]).await.unwrap();
    }
}
