//! The send buffer of one connection: keeps the order of frames, never interleaves them, and is bounded.
//!
//! [`Outbox::push`] writes to the socket in the caller's task, under a short lock and without waking another task. Only
//! bytes that the socket does not take are buffered; the connection's task drains them once the socket is writable. An
//! idle connection owns no buffer. When more than [`OUTBOX_BYTES_MAX`] of deltas wait, they are dropped and the
//! connection is marked stale: a slow reader costs no further memory and gets a snapshot once it has caught up. Replies
//! cannot be dropped: while many of them wait the connection is not read from, and beyond [`OUTBOX_REPLY_BYTES_MAX`] it
//! is closed.
//!
//! The outbox of a connection that another server holds keeps nothing: it hands everything to a [`Relay`].

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tutti_protocol::{CloseCode, ConnectionId, Position};

use super::encryption::WriteHalf;
use super::frame;
use crate::limits::{OUTBOX_BYTES_HARD_MAX, OUTBOX_BYTES_MAX, OUTBOX_REPLY_BYTES_MAX, OUTBOX_REPLY_BYTES_READING_MAX};

/// The way to the connections in one room that another server holds.
pub trait Relay: Debug + Send + Sync {
    /// Sends to one of them.
    fn write(&self, connection: ConnectionId, write: Write);

    /// Sends droppable frames to all of them, after which they know the room up to `position`. Some of them get only a part,
    /// or more.
    fn broadcast(&self, position: Position, frames: &Bytes, overrides: &[Override<'_>]);

    /// This server no longer owns the room.
    fn end(&self);
}

/// How a broadcast to one connection differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override<'a> {
    /// The connection.
    pub connection: ConnectionId,
    /// It gets the frames from this byte on.
    pub from: usize,
    /// Behind them, it gets these, which are never dropped.
    pub replies: &'a [u8],
}

/// What is sent to one connection through a [`Relay`]: the methods of its [`Outbox`] there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// [`Outbox::push`].
    Push(Bytes),
    /// [`Outbox::push_droppable`].
    Droppable(Bytes),
    /// [`Outbox::push_snapshot`].
    Snapshot(Bytes),
    /// [`Outbox::welcome`].
    Welcome {
        /// The frame `welcome`.
        welcome: Bytes,
        /// The room's state, or what a client missed that knows an earlier one.
        state: Bytes,
        /// Up to where the client then knows the room.
        position: Position,
    },
    /// [`Outbox::close`].
    Close(CloseCode),
}

/// The send buffer of one connection.
#[derive(Debug)]
pub struct Outbox {
    /// `None` in tests, which read the buffer instead, and with a relay.
    socket: Option<WriteHalf>,
    /// Of a connection that another server holds.
    relay: Option<Box<Relayed>>,
    inner: Mutex<Inner>,
    /// Wakes the connection's task: frames wait, or the connection is closing.
    wake: Notify,
}

#[derive(Debug)]
struct Relayed {
    relay: Arc<dyn Relay>,
    connection: ConnectionId,
}

#[derive(Debug)]
struct Inner {
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// The part of `waiting_bytes` of each kind: droppable frames and replies.
    droppable_bytes: usize,
    reply_bytes: usize,
    state: State,
    /// Of the close frame that was pushed.
    closed_with: Option<CloseCode>,
}

#[derive(Debug)]
struct Waiting {
    bytes: Bytes,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A later snapshot replaces it: a delta, presence.
    Droppable,
    /// A snapshot, a close frame, or a frame of another kind that is partly sent.
    Kept,
    /// A reply, a notice, a pong: clients can cause any number of them.
    Reply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Deltas were dropped: rejects droppable frames until a snapshot is pushed.
    Stale,
    /// A close frame is the last frame.
    Closing,
    /// The socket failed.
    Closed,
}

/// The result of draining an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything is sent.
    Empty,
    /// Everything is sent, and the client has missed deltas.
    NeedsSnapshot,
    /// The socket takes no more bytes for now.
    Blocked,
    /// The close frame is sent, or the socket failed.
    Over,
}

impl Outbox {
    /// An outbox that writes to a socket.
    pub fn new(socket: impl Into<WriteHalf>) -> Self {
        Self::with(Some(socket.into()), None)
    }

    /// An outbox of a connection that another server holds.
    pub fn relayed(relay: Arc<dyn Relay>, connection: ConnectionId) -> Self {
        Self::with(None, Some(Box::new(Relayed { relay, connection })))
    }

    /// An outbox that only buffers, for tests; see [`Outbox::take`].
    pub fn gathering() -> Self {
        Self::with(None, None)
    }

    fn with(socket: Option<WriteHalf>, relay: Option<Box<Relayed>>) -> Self {
        let inner = Inner {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            droppable_bytes: 0,
            reply_bytes: 0,
            state: State::Open,
            closed_with: None,
        };
        Self { socket, relay, inner: Mutex::new(inner), wake: Notify::new() }
    }

    /// The way to the server that holds the connection, if that is another one.
    pub fn relay(&self) -> Option<&Arc<dyn Relay>> {
        self.relay.as_ref().map(|relayed| &relayed.relay)
    }

    /// Hands a write to the relay; false without one.
    fn relays(&self, write: impl FnOnce() -> Write) -> bool {
        let Some(Relayed { relay, connection }) = self.relay.as_deref() else { return false };
        relay.write(*connection, write());
        true
    }

    /// Sends the first frames in one write: `welcome`, and the room's state at `position`.
    pub fn welcome(&self, welcome: Bytes, [state, presence]: [Bytes; 2], position: Position) {
        if let Some(Relayed { relay, connection }) = self.relay.as_deref() {
            relay.write(*connection, Write::Welcome { welcome, state: [state, presence].concat().into(), position });
        } else {
            self.push_snapshot(&[welcome, state, presence].concat().into());
        }
    }

    /// Sends a frame that is never dropped: a reply, a notice, a ping.
    pub fn push(&self, frame: &Bytes) {
        if self.relays(|| Write::Push(frame.clone())) {
            return;
        }
        self.sending(|inner, socket| {
            if inner.takes_frames() {
                inner.send(socket, frame, Kind::Reply);
            }
        });
    }

    /// Sends a frame that may be dropped because a later snapshot replaces it: a delta, presence.
    pub fn push_droppable(&self, frame: &Bytes) {
        if self.relays(|| Write::Droppable(frame.clone())) {
            return;
        }
        self.sending(|inner, socket| {
            if inner.state == State::Open {
                inner.send(socket, frame, Kind::Droppable);
            }
        });
    }

    /// Sends droppable frames followed by frames that are never dropped, in one write if nothing waits.
    pub fn push_with(&self, droppable: &Bytes, kept: &[u8]) {
        self.sending(|inner, socket| match inner.state {
            State::Open if inner.waiting.is_empty() => {
                // Not droppable even if the reader is slow; bounded by the size of a room's broadcast batch.
                inner.send(socket, &[droppable, kept].concat().into(), Kind::Reply);
            }
            State::Open => {
                inner.send(socket, droppable, Kind::Droppable);
                inner.send(socket, &Bytes::copy_from_slice(kept), Kind::Reply);
            }
            State::Stale => inner.send(socket, &Bytes::copy_from_slice(kept), Kind::Reply),
            State::Closing | State::Closed => {}
        });
    }

    /// Sends a snapshot, which replaces all dropped frames.
    pub fn push_snapshot(&self, frame: &Bytes) {
        if self.relays(|| Write::Snapshot(frame.clone())) {
            return;
        }
        self.sending(|inner, socket| {
            if inner.takes_frames() {
                inner.state = State::Open;
                inner.send(socket, frame, Kind::Kept);
            }
        });
    }

    /// Sends a frame ahead of all waiting frames, except one that may be partly sent.
    pub fn push_urgent(&self, frame: &Bytes) {
        self.sending(|inner, socket| {
            if inner.takes_frames() {
                inner.send_urgent(socket, frame);
            }
        });
    }

    /// Sends a close frame and nothing after it. The first code wins.
    pub fn close(&self, code: CloseCode) {
        if self.relays(|| Write::Close(code)) {
            return;
        }
        self.sending(|inner, socket| inner.close(socket, code));
        self.wake.notify_one();
    }

    /// True once a close frame was pushed or the socket failed.
    pub fn is_closing(&self) -> bool {
        !self.inner.lock().takes_frames()
    }

    /// The code with which the server closed the connection; `None` if it did not.
    pub fn closed_with(&self) -> Option<CloseCode> {
        self.inner.lock().closed_with
    }

    /// Whether so many replies wait that the client should not cause further ones.
    pub fn is_flooded(&self) -> bool {
        self.inner.lock().reply_bytes > OUTBOX_REPLY_BYTES_READING_MAX
    }

    /// The number of buffered bytes.
    pub fn waiting_bytes(&self) -> usize {
        self.inner.lock().waiting_bytes
    }

    /// Waits until the outbox needs its connection's task.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Waits until the socket may be writable. Only one task may wait.
    pub async fn writable(&self) {
        match &self.socket {
            // `poll_fn` keeps this future small, of which every connection holds one. An error shows in the next write.
            Some(socket) => drop(poll_fn(|cx| socket.poll_write_ready(cx)).await),
            None => std::future::pending().await,
        }
    }

    /// Writes waiting frames as far as the socket takes them.
    pub fn drain(&self) -> Drained {
        let (mut inner, socket) = (self.inner.lock(), self.socket.as_ref());
        inner.flush(socket);
        inner.write_waiting(socket);
        match (inner.is_blocked(socket), inner.state) {
            (_, State::Closed) | (false, State::Closing) => Drained::Over,
            (true, _) => Drained::Blocked,
            (false, State::Stale) => Drained::NeedsSnapshot,
            (false, State::Open) => Drained::Empty,
        }
    }

    /// Takes the buffered frames, in tests.
    pub fn take(&self) -> Vec<Bytes> {
        let mut inner = self.inner.lock();
        (inner.waiting_bytes, inner.droppable_bytes, inner.reply_bytes) = (0, 0, 0);
        inner.waiting.drain(..).map(|waiting| waiting.bytes).collect()
    }

    fn sending(&self, send: impl FnOnce(&mut Inner, Option<&WriteHalf>)) {
        let (mut inner, socket) = (self.inner.lock(), self.socket.as_ref());
        let was_waiting = !inner.waiting.is_empty();
        send(&mut inner, socket);
        if !was_waiting && inner.is_blocked(socket) {
            self.wake.notify_one();
        }
    }
}

impl Inner {
    fn takes_frames(&self) -> bool {
        matches!(self.state, State::Open | State::Stale)
    }

    /// Whether bytes wait until the socket is writable.
    fn is_blocked(&self, socket: Option<&WriteHalf>) -> bool {
        !self.waiting.is_empty() || (self.state != State::Closed && socket.is_some_and(WriteHalf::has_unsent))
    }

    /// Sends the rest of what the socket accepted.
    fn flush(&mut self, socket: Option<&WriteHalf>) {
        if let Some(Err(error)) = socket.map(WriteHalf::flush)
            && error.kind() != io::ErrorKind::WouldBlock
        {
            self.lose();
        }
    }

    fn send(&mut self, socket: Option<&WriteHalf>, frame: &Bytes, kind: Kind) {
        if frame.is_empty() {
            return;
        }
        let mut rest = frame.clone();
        if self.waiting.is_empty() {
            self.write(socket, &mut rest);
        }
        if rest.has_remaining() && self.state != State::Closed {
            // A partly sent frame is never dropped.
            let is_whole = rest.len() == frame.len();
            let kind = if kind == Kind::Droppable && !is_whole { Kind::Kept } else { kind };
            self.keep(socket, Waiting { bytes: rest, kind });
        }
    }

    fn send_urgent(&mut self, socket: Option<&WriteHalf>, frame: &Bytes) {
        let Some(first) = self.waiting.front() else { return self.send(socket, frame, Kind::Reply) };
        // The first frame may be partly sent unless it is droppable, so it stays first.
        let ahead = usize::from(first.kind != Kind::Droppable);
        if self.reply_bytes > OUTBOX_REPLY_BYTES_MAX {
            return self.close(socket, CloseCode::TooSlow);
        }
        self.waiting_bytes += frame.len();
        self.reply_bytes += frame.len();
        self.waiting.insert(ahead, Waiting { bytes: frame.clone(), kind: Kind::Reply });
    }

    fn keep(&mut self, socket: Option<&WriteHalf>, waiting: Waiting) {
        // A single reply may exceed the bound, so what waited before counts.
        let is_flooded = waiting.kind == Kind::Reply && self.reply_bytes > OUTBOX_REPLY_BYTES_MAX;
        self.waiting_bytes += waiting.bytes.len();
        match waiting.kind {
            Kind::Droppable => self.droppable_bytes += waiting.bytes.len(),
            Kind::Reply => self.reply_bytes += waiting.bytes.len(),
            Kind::Kept => {}
        }
        self.waiting.push_back(waiting);
        // Only deltas count. A large snapshot may exceed the bound by itself; dropping the deltas behind it would cause
        // another snapshot, and so on.
        if self.droppable_bytes > OUTBOX_BYTES_MAX {
            self.drop_droppable();
            self.state = State::Stale;
        }
        if is_flooded || self.waiting_bytes > OUTBOX_BYTES_HARD_MAX {
            self.close(socket, CloseCode::TooSlow);
        }
    }

    fn drop_droppable(&mut self) {
        self.waiting.retain(|waiting| waiting.kind != Kind::Droppable);
        self.waiting_bytes -= std::mem::take(&mut self.droppable_bytes);
    }

    fn close(&mut self, socket: Option<&WriteHalf>, code: CloseCode) {
        if self.takes_frames() {
            self.drop_droppable();
            self.state = State::Closing;
            self.closed_with = Some(code);
            self.send(socket, &frame::close(code), Kind::Kept);
        }
    }

    fn write_waiting(&mut self, socket: Option<&WriteHalf>) {
        while let Some(mut first) = self.waiting.pop_front() {
            let before = first.bytes.len();
            self.write(socket, &mut first.bytes);
            if self.state == State::Closed {
                return;
            }
            let sent = before - first.bytes.len();
            self.waiting_bytes -= sent;
            match first.kind {
                // A partly sent frame is never dropped.
                Kind::Droppable if sent > 0 => {
                    first.kind = Kind::Kept;
                    self.droppable_bytes -= before;
                }
                Kind::Reply => self.reply_bytes -= sent,
                Kind::Droppable | Kind::Kept => {}
            }
            if first.bytes.has_remaining() {
                self.waiting.push_front(first);
                return;
            }
        }
        // Frees the buffer: most connections are idle.
        self.waiting = VecDeque::new();
    }

    fn write(&mut self, socket: Option<&WriteHalf>, bytes: &mut Bytes) {
        let Some(socket) = socket else { return };
        while bytes.has_remaining() {
            match socket.send(bytes) {
                Ok(0) => return self.lose(),
                Ok(written) => bytes.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.lose(),
            }
        }
    }

    /// The socket failed. The read half reports that to the connection's task.
    fn lose(&mut self) {
        self.state = State::Closed;
        self.waiting = VecDeque::new();
        (self.waiting_bytes, self.droppable_bytes, self.reply_bytes) = (0, 0, 0);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncRead, AsyncReadExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    fn bytes(length: usize) -> Bytes {
        vec![b'x'; length].into()
    }

    /// Both ends of a connection.
    pub(crate) async fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        (near.unwrap(), far.unwrap().0)
    }

    /// What a connection's task does.
    pub(crate) async fn drain(outbox: &Outbox) {
        while outbox.drain() == Drained::Blocked {
            outbox.writable().await;
        }
    }

    /// Pushes frames until the socket is full, then compares what the other end reads.
    pub(crate) async fn check_that_a_full_socket_loses_nothing(outbox: Outbox, mut far: impl AsyncRead + Unpin) {
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

        let mut received = vec![0; sent.len()];
        let (read, ()) = tokio::join!(far.read_exact(&mut received), drain(&outbox));
        read.unwrap();
        assert!(received == sent, "all of it, in order");
        assert_eq!(outbox.drain(), Drained::Empty);
    }

    #[tokio::test]
    async fn frames_that_a_full_socket_rejects_follow_once_it_is_writable() {
        let (near, far) = connection().await;
        let (_reader, writer) = near.into_split();
        check_that_a_full_socket_loses_nothing(Outbox::new(writer), far).await;
    }

    #[test]
    fn a_slow_reader_loses_deltas_and_keeps_replies() {
        let outbox = Outbox::gathering();
        let (reply, delta) = (bytes(10), bytes(100_000));
        outbox.push(&reply);
        outbox.push_droppable(&delta);
        outbox.push_droppable(&delta);
        assert_eq!(outbox.waiting_bytes(), 200_010);
        outbox.push_droppable(&delta);
        assert_eq!(outbox.waiting_bytes(), 10, "past the bound deltas are dropped");
        outbox.push_droppable(&delta);
        assert_eq!(outbox.waiting_bytes(), 10, "and no more are accepted");
        outbox.push_snapshot(&bytes(20));
        outbox.push_droppable(&bytes(30));
        assert_eq!(outbox.take().iter().map(Bytes::len).collect::<Vec<_>>(), [10, 20, 30]);
    }

    #[test]
    fn deltas_behind_a_large_snapshot_are_kept() {
        let outbox = Outbox::gathering();
        outbox.push_snapshot(&bytes(OUTBOX_BYTES_MAX + 1));
        outbox.push_droppable(&bytes(10));
        outbox.push_droppable(&bytes(OUTBOX_BYTES_MAX - 10));
        assert_eq!(outbox.drain(), Drained::Blocked);
        assert_eq!(outbox.waiting_bytes(), 2 * OUTBOX_BYTES_MAX + 1);
        outbox.push_droppable(&bytes(1));
        assert_eq!(outbox.waiting_bytes(), OUTBOX_BYTES_MAX + 1, "past the bound deltas are dropped");
    }

    #[test]
    fn of_a_combined_write_only_the_deltas_are_dropped() {
        let lengths = |outbox: &Outbox| outbox.take().iter().map(Bytes::len).collect::<Vec<_>>();
        let outbox = Outbox::gathering();
        outbox.push_with(&bytes(3), &bytes(4));
        assert_eq!(lengths(&outbox), [7], "one write");
        outbox.push(&bytes(1));
        outbox.push_with(&bytes(OUTBOX_BYTES_MAX), &bytes(5));
        outbox.push_with(&bytes(3), &bytes(6));
        outbox.push_with(&bytes(0), &bytes(7));
        assert_eq!(lengths(&outbox), [1, 5, 6, 7], "a slow reader keeps the replies");
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
    fn replies_are_bounded_but_a_single_one_may_be_long() {
        let outbox = Outbox::gathering();
        outbox.push_snapshot(&bytes(2 * OUTBOX_REPLY_BYTES_MAX));
        outbox.push_droppable(&bytes(1));
        assert!(!outbox.is_flooded(), "neither snapshots nor deltas count");
        outbox.push(&bytes(OUTBOX_REPLY_BYTES_READING_MAX));
        assert!(!outbox.is_flooded());
        outbox.push(&bytes(OUTBOX_REPLY_BYTES_MAX));
        assert!(outbox.is_flooded() && !outbox.is_closing());
        outbox.push(&bytes(1));
        assert!(outbox.is_closing());
        assert_eq!(outbox.take().last(), Some(&frame::close(CloseCode::TooSlow)));
    }

    #[test]
    fn urgent_frames_count_as_replies() {
        let outbox = Outbox::gathering();
        let mut pushed = 0;
        while !outbox.is_closing() {
            outbox.push_urgent(&bytes(100));
            pushed += 100;
        }
        assert!(pushed <= OUTBOX_REPLY_BYTES_MAX + 300, "{pushed}");
    }

    #[test]
    fn nothing_follows_a_close_frame_and_the_first_code_wins() {
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
    fn an_urgent_frame_goes_ahead_of_all_but_a_partly_sent_frame() {
        let outbox = Outbox::gathering();
        outbox.push(&bytes(1));
        outbox.push(&bytes(2));
        outbox.push_urgent(&bytes(3));
        assert_eq!(outbox.take().iter().map(Bytes::len).collect::<Vec<_>>(), [1, 3, 2]);
    }
}
