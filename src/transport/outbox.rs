//! What leaves through one socket, in order, never torn, within a bound.
//!
//! Whoever has something to send calls [`Outbox::push`]: under a small lock the bytes go to the socket at once, without
//! waking a task. Only what the socket does not take waits here, and the connection's own task drains it when the
//! socket can be written again. An idle connection owns no write buffer. Past [`OUTBOX_BYTES_MAX`] of them, deltas are
//! dropped and the connection is marked stale: a reader that slow gets a fresh snapshot once it has caught up, and costs
//! no memory until then.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;

use bytes::{Buf, Bytes};
use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tutti_protocol::CloseCode;

use super::frame;
use crate::limits::{OUTBOX_BYTES_HARD_MAX, OUTBOX_BYTES_MAX};

/// The way out of one connection.
#[derive(Debug)]
pub struct Outbox {
    /// `None` in tests that only look at what would be sent.
    socket: Option<OwnedWriteHalf>,
    inner: Mutex<Inner>,
    /// Wakes the connection's task: something waits, or the connection is to be closed.
    wake: Notify,
}

#[derive(Debug)]
struct Inner {
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Of these, what may be dropped.
    droppable_bytes: usize,
    state: State,
}

#[derive(Debug)]
struct Waiting {
    bytes: Bytes,
    droppable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Deltas were dropped: nothing droppable is taken until a snapshot was pushed.
    Stale,
    /// A close frame is the last that goes out.
    Closing,
    /// The socket is gone.
    Closed,
}

/// What the connection's task finds when it looks after its outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything is out.
    Empty,
    /// Everything is out, and the member has missed deltas.
    NeedsSnapshot,
    /// The socket does not take more at the moment.
    Blocked,
    /// Everything is out and the last was a close frame, or the socket is gone.
    Over,
}

impl Outbox {
    /// An outbox in front of a socket.
    pub fn new(socket: OwnedWriteHalf) -> Self {
        Self::with(Some(socket))
    }

    /// An outbox that only gathers, for tests; see [`Outbox::take`].
    pub fn gathering() -> Self {
        Self::with(None)
    }

    fn with(socket: Option<OwnedWriteHalf>) -> Self {
        let inner = Inner { waiting: VecDeque::new(), waiting_bytes: 0, droppable_bytes: 0, state: State::Open };
        Self { socket, inner: Mutex::new(inner), wake: Notify::new() }
    }

    /// Sends a frame that must not be lost: a reply, a notice, a ping.
    pub fn push(&self, frame: &Bytes) {
        self.sending(|inner, socket| {
            if inner.takes_frames() {
                inner.send(socket, frame, false);
            }
        });
    }

    /// Sends a delta, or anything else that a later snapshot makes good.
    pub fn push_droppable(&self, frame: &Bytes) {
        self.sending(|inner, socket| {
            if inner.state == State::Open {
                inner.send(socket, frame, true);
            }
        });
    }

    /// Sends what a later snapshot makes good, and behind it what must not be lost; in one write, if nothing waits.
    pub fn push_with(&self, droppable: &Bytes, kept: &[u8]) {
        self.sending(|inner, socket| match inner.state {
            State::Open if inner.waiting.is_empty() => {
                // Kept as one even if the reader turns out to be slow: it is no more than a room lets leave at once.
                inner.send(socket, &[droppable, kept].concat().into(), false);
            }
            State::Open => {
                inner.send(socket, droppable, true);
                inner.send(socket, &Bytes::copy_from_slice(kept), false);
            }
            State::Stale => inner.send(socket, &Bytes::copy_from_slice(kept), false),
            State::Closing | State::Closed => {}
        });
    }

    /// Sends a snapshot: whatever was dropped before is made good.
    pub fn push_snapshot(&self, frame: &Bytes) {
        self.sending(|inner, socket| {
            if inner.takes_frames() {
                inner.state = State::Open;
                inner.send(socket, frame, false);
            }
        });
    }

    /// Sends a frame ahead of everything that waits, but not into the middle of a frame.
    pub fn push_urgent(&self, frame: &Bytes) {
        self.sending(|inner, socket| {
            if inner.takes_frames() {
                inner.send_urgent(socket, frame);
            }
        });
    }

    /// Sends a close frame and nothing after it. The first code wins.
    pub fn close(&self, code: CloseCode) {
        self.sending(|inner, socket| inner.close(socket, code));
        self.wake.notify_one();
    }

    /// True once a close frame was pushed or the socket is gone.
    pub fn is_closing(&self) -> bool {
        !self.inner.lock().takes_frames()
    }

    /// Bytes that wait.
    pub fn waiting_bytes(&self) -> usize {
        self.inner.lock().waiting_bytes
    }

    /// Resolves when the connection's task has something to look after.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Resolves when the socket may take more. One task alone may wait for it.
    pub async fn writable(&self) {
        match &self.socket {
            // By poll, since every connection has room for this future. An error shows in the write that follows.
            Some(socket) => drop(poll_fn(|cx| socket.as_ref().poll_write_ready(cx)).await),
            None => std::future::pending().await,
        }
    }

    /// Writes what waits, as far as the socket takes it.
    pub fn drain(&self) -> Drained {
        let mut inner = self.inner.lock();
        inner.write_waiting(self.socket.as_ref());
        match (inner.waiting.is_empty(), inner.state) {
            (_, State::Closed) | (true, State::Closing) => Drained::Over,
            (false, _) => Drained::Blocked,
            (true, State::Stale) => Drained::NeedsSnapshot,
            (true, State::Open) => Drained::Empty,
        }
    }

    /// Takes what a gathering outbox has gathered.
    pub fn take(&self) -> Vec<Bytes> {
        let mut inner = self.inner.lock();
        (inner.waiting_bytes, inner.droppable_bytes) = (0, 0);
        inner.waiting.drain(..).map(|waiting| waiting.bytes).collect()
    }

    fn sending(&self, send: impl FnOnce(&mut Inner, Option<&OwnedWriteHalf>)) {
        let mut inner = self.inner.lock();
        let was_waiting = !inner.waiting.is_empty();
        send(&mut inner, self.socket.as_ref());
        if !was_waiting && !inner.waiting.is_empty() {
            self.wake.notify_one();
        }
    }
}

impl Inner {
    fn takes_frames(&self) -> bool {
        matches!(self.state, State::Open | State::Stale)
    }

    fn send(&mut self, socket: Option<&OwnedWriteHalf>, frame: &Bytes, droppable: bool) {
        if frame.is_empty() {
            return;
        }
        let mut rest = frame.clone();
        if self.waiting.is_empty() {
            self.write(socket, &mut rest);
        }
        if rest.has_remaining() && self.state != State::Closed {
            // A frame that has begun to go out is never dropped.
            let droppable = droppable && rest.len() == frame.len();
            self.keep(socket, Waiting { bytes: rest, droppable });
        }
    }

    fn send_urgent(&mut self, socket: Option<&OwnedWriteHalf>, frame: &Bytes) {
        let Some(first) = self.waiting.front() else { return self.send(socket, frame, false) };
        // The first that waits may have begun to go out; whether it has is not kept, so it goes ahead.
        let ahead = usize::from(!first.droppable);
        self.waiting_bytes += frame.len();
        self.waiting.insert(ahead, Waiting { bytes: frame.clone(), droppable: false });
    }

    fn keep(&mut self, socket: Option<&OwnedWriteHalf>, waiting: Waiting) {
        self.waiting_bytes += waiting.bytes.len();
        self.droppable_bytes += if waiting.droppable { waiting.bytes.len() } else { 0 };
        self.waiting.push_back(waiting);
        // Deltas alone count. The snapshot of a large room may be larger than what they may be: if they were dropped for its
        // sake, it would never be the last.
        if self.droppable_bytes > OUTBOX_BYTES_MAX {
            self.drop_droppable();
            self.state = State::Stale;
        }
        if self.waiting_bytes > OUTBOX_BYTES_HARD_MAX {
            self.close(socket, CloseCode::TooSlow);
        }
    }

    fn drop_droppable(&mut self) {
        self.waiting.retain(|waiting| !waiting.droppable);
        self.waiting_bytes -= std::mem::take(&mut self.droppable_bytes);
    }

    fn close(&mut self, socket: Option<&OwnedWriteHalf>, code: CloseCode) {
        if self.takes_frames() {
            self.drop_droppable();
            self.state = State::Closing;
            self.send(socket, &frame::close(code), false);
        }
    }

    fn write_waiting(&mut self, socket: Option<&OwnedWriteHalf>) {
        while let Some(mut first) = self.waiting.pop_front() {
            let before = first.bytes.len();
            self.write(socket, &mut first.bytes);
            if self.state == State::Closed {
                return;
            }
            self.waiting_bytes -= before - first.bytes.len();
            // What has begun to go out is never dropped.
            if first.droppable && first.bytes.len() < before {
                first.droppable = false;
                self.droppable_bytes -= before;
            }
            if first.bytes.has_remaining() {
                self.waiting.push_front(first);
                return;
            }
        }
        // An idle connection owns no buffer.
        self.waiting = VecDeque::new();
    }

    fn write(&mut self, socket: Option<&OwnedWriteHalf>, bytes: &mut Bytes) {
        let Some(socket) = socket else { return };
        while bytes.has_remaining() {
            match write(socket.as_ref(), bytes) {
                Ok(0) => return self.lose(),
                Ok(written) => bytes.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.lose(),
            }
        }
    }

    /// The peer is gone; the reader finds out by itself.
    fn lose(&mut self) {
        self.state = State::Closed;
        self.waiting = VecDeque::new();
        (self.waiting_bytes, self.droppable_bytes) = (0, 0);
    }
}

/// Writes straight to the socket. tokio's own way first reads from memory whether the socket takes anything, which nearly
/// always it does, and where thousands of sockets are written to in a row that memory is far away. When it does not take
/// anything tokio is asked, and with that knows that it is to tell when it does.
fn write(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match send(socket, bytes, SendFlags::DONTWAIT) {
        Err(Errno::AGAIN) => socket.try_write(bytes),
        sent => Ok(sent?),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    fn bytes(length: usize) -> Bytes {
        vec![b'x'; length].into()
    }

    #[tokio::test]
    async fn what_a_full_socket_does_not_take_follows_when_it_does() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (_reader, writer) = near.unwrap().into_split();
        let (outbox, (mut far, _)) = (Outbox::new(writer), far.unwrap());

        let mut sent = Vec::new();
        for number in (0..=u8::MAX).cycle() {
            let frame = Bytes::from(vec![number; 100_000]);
            sent.extend_from_slice(&frame);
            outbox.push(&frame);
            if outbox.waiting_bytes() > 0 {
                break;
            }
        }
        assert_eq!(outbox.drain(), Drained::Blocked);
        assert!(outbox.writable().now_or_never().is_none(), "tokio knows that the socket is full");

        let drain = async {
            while outbox.drain() == Drained::Blocked {
                outbox.writable().await;
            }
        };
        let mut received = vec![0; sent.len()];
        let (read, ()) = tokio::join!(far.read_exact(&mut received), drain);
        read.unwrap();
        assert!(received == sent, "all of it, in order");
        assert_eq!(outbox.drain(), Drained::Empty);
    }

    #[test]
    fn a_reader_that_is_too_slow_loses_deltas_and_keeps_replies() {
        let outbox = Outbox::gathering();
        let (reply, delta) = (bytes(10), bytes(100_000));
        outbox.push(&reply);
        outbox.push_droppable(&delta);
        outbox.push_droppable(&delta);
        assert_eq!(outbox.waiting_bytes(), 200_010);
        outbox.push_droppable(&delta);
        assert_eq!(outbox.waiting_bytes(), 10, "past the bound deltas are dropped");
        outbox.push_droppable(&delta);
        assert_eq!(outbox.waiting_bytes(), 10, "and no more are taken");
        outbox.push_snapshot(&bytes(20));
        outbox.push_droppable(&bytes(30));
        assert_eq!(outbox.take().iter().map(Bytes::len).collect::<Vec<_>>(), [10, 20, 30]);
    }

    #[test]
    fn what_follows_a_large_snapshot_is_kept_behind_it() {
        let outbox = Outbox::gathering();
        outbox.push_snapshot(&bytes(OUTBOX_BYTES_MAX + 1));
        outbox.push_droppable(&bytes(10));
        outbox.push_droppable(&bytes(OUTBOX_BYTES_MAX - 10));
        assert_eq!(outbox.drain(), Drained::Blocked);
        assert_eq!(outbox.waiting_bytes(), 2 * OUTBOX_BYTES_MAX + 1);
        outbox.push_droppable(&bytes(1));
        assert_eq!(outbox.waiting_bytes(), OUTBOX_BYTES_MAX + 1, "past the bound deltas are dropped as ever");
    }

    #[test]
    fn of_what_goes_together_only_the_deltas_are_dropped() {
        let lengths = |outbox: &Outbox| outbox.take().iter().map(Bytes::len).collect::<Vec<_>>();
        let outbox = Outbox::gathering();
        outbox.push_with(&bytes(3), &bytes(4));
        assert_eq!(lengths(&outbox), [7], "one write");
        outbox.push(&bytes(1));
        outbox.push_with(&bytes(OUTBOX_BYTES_MAX), &bytes(5));
        outbox.push_with(&bytes(3), &bytes(6));
        outbox.push_with(&bytes(0), &bytes(7));
        assert_eq!(lengths(&outbox), [1, 5, 6, 7], "a slow reader keeps what must not be lost");
        outbox.close(CloseCode::Kicked);
        outbox.push_with(&bytes(3), &bytes(4));
        assert_eq!(outbox.take(), [frame::close(CloseCode::Kicked)]);
    }

    #[test]
    fn memory_is_bounded_even_without_deltas() {
        let outbox = Outbox::gathering();
        let reply = bytes(1024 * 1024);
        for _ in 0..20 {
            outbox.push(&reply);
        }
        assert!(outbox.is_closing());
        assert!(outbox.waiting_bytes() <= OUTBOX_BYTES_HARD_MAX + 2 * reply.len());
        assert_eq!(outbox.take().last(), Some(&frame::close(CloseCode::TooSlow)));
    }

    #[test]
    fn after_a_close_nothing_goes_out_and_the_first_code_wins() {
        let outbox = Outbox::gathering();
        outbox.push(&bytes(3));
        outbox.push_droppable(&bytes(4));
        outbox.close(CloseCode::Kicked);
        outbox.close(CloseCode::GoingAway);
        outbox.push(&bytes(5));
        outbox.push_snapshot(&bytes(6));
        assert_eq!(outbox.take(), [bytes(3), frame::close(CloseCode::Kicked)]);
    }

    #[test]
    fn an_urgent_frame_goes_ahead_but_not_into_a_frame_that_may_have_begun() {
        let outbox = Outbox::gathering();
        outbox.push(&bytes(1));
        outbox.push(&bytes(2));
        outbox.push_urgent(&bytes(3));
        assert_eq!(outbox.take().iter().map(Bytes::len).collect::<Vec<_>>(), [1, 3, 2]);
    }
}
