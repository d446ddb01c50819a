//! Serves an admitted connection until it ends.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{self, Message};
use tutti_protocol::{
    ClientFrame, CloseCode, Command, CommandId, DecodeError, DeviceStatus, PlaybackState, Reason, ReasonValues,
    ServerFrame, reason_values,
};

use super::admission::access_denied;
use super::hello::WebSocket;
use super::hub::Registration;
use super::lookups::{Lookup, Lookups, Turn, named_tracks};
use super::{ConnectionContext, SocketGuards, status};
use crate::clock::{ms, whole_ms};
use crate::identity::SCREEN_HELLO_LIFETIME;
use crate::limiter::Gcra;
use crate::limits::CLOSE_TIMEOUT;
use crate::room::state::{BLOCKED_CHARS_MAX, FALLBACK_MAX, SAID_CHARS_MAX};
use crate::room::{self, RoomHandle};
use crate::text;
use crate::transport::{Drained, Link, Outbox, Party, frame};

/// A connection that has joined its room.
pub(super) struct Connection {
    context: Arc<ConnectionContext>,
    link: Arc<Link>,
    pub(super) room: RoomHandle,
    refusals: Gcra,
    signals: Gcra,
    lookups: Lookups,
    /// Frames wait in the outbox until the socket is writable.
    is_blocked: bool,
    _registration: Registration,
}

enum Event {
    /// The outbox has frames to send, or is closing.
    Outbox,
    /// The client sent a message, or the socket ended.
    Message(Option<Result<Message, tungstenite::Error>>),
}

/// An error ends the connection, with a code if the server closes it.
type Received = Result<(), Option<CloseCode>>;

impl Connection {
    pub(super) fn new(
        context: Arc<ConnectionContext>,
        link: Arc<Link>,
        room: RoomHandle,
        registration: Registration,
    ) -> Self {
        let (refusals, signals, lookups) = (Gcra::default(), Gcra::default(), Lookups::default());
        Self { context, link, room, refusals, signals, lookups, is_blocked: false, _registration: registration }
    }

    /// Serves the connection until it ends.
    ///
    /// An idle connection costs little more than this future, so the future only waits: everything else runs in boxed futures
    /// that exist while there is something to do.
    #[expect(clippy::manual_async_fn, reason = "an async function stores its arguments twice")]
    pub(super) fn serve(mut self, mut socket: WebSocket, guards: SocketGuards) -> impl Future<Output = ()> {
        async move {
            let _guards = &guards;
            loop {
                let event = tokio::select! {
                    biased;
                    () = self.link.outbox.woken() => Event::Outbox,
                    () = self.link.outbox.writable(), if self.is_blocked => Event::Outbox,
                    // A client that does not read its replies is not read from either.
                    message = socket.next(), if !(self.is_blocked && self.link.outbox.is_flooded()) => {
                        Event::Message(message)
                    }
                };
                if Box::pin(self.handle(event)).await.is_break() {
                    break;
                }
            }
            Box::pin(self.end(socket)).await;
        }
    }

    async fn handle(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Outbox => self.drain().await,
            Event::Message(message) => {
                if let Err(code) = self.receive(message).await {
                    if let Some(code) = code {
                        self.link.outbox.close(code);
                    }
                    return ControlFlow::Break(());
                }
            }
        }
        if self.link.outbox.is_closing() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Sends the waiting frames as far as the socket takes them.
    async fn drain(&mut self) {
        let drained = self.link.outbox.drain();
        self.is_blocked = drained == Drained::Blocked;
        if drained == Drained::NeedsSnapshot {
            self.room.resync(self.link.id).await;
        }
    }

    /// Handles one message. An error ends the connection, with a code if the server closes it.
    async fn receive(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Received {
        let received_ms = self.context.clock.now_ms_f64();
        self.link.heard(whole_ms(received_ms));
        let now = Duration::from_secs_f64(received_ms / 1e3);
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return self.signal(now),
            Some(Ok(Message::Close(_))) | None => return Err(None),
            Some(Ok(Message::Binary(_))) => return Err(Some(CloseCode::ProtocolViolation)),
            Some(Err(error)) => return Err(close_code(&error)),
        };
        match ClientFrame::decode(&text) {
            Ok(ClientFrame::Command { id, command }) => return self.command(now, id, command).await,
            Err(DecodeError::BadCommand { id, error }) => {
                // The error may quote the command, at any length; its line and column do not.
                let (line, column) = (error.line(), error.column());
                let message = format!("This is not a command known here (line {line}, column {column}).");
                return self.refuse(now, id, Reason::UnknownCommand, ReasonValues::new(), message);
            }
            Ok(ClientFrame::Hello(_)) | Err(DecodeError::NotAFrame(_) | DecodeError::UnknownType) => {
                return Err(Some(CloseCode::ProtocolViolation));
            }
            Ok(ClientFrame::Sync { t0 }) => {
                self.signal(now)?;
                // t1 to t2 covers the decoding. Encoding and sending the answer take less.
                let answer = ServerFrame::Sync { t0, t1: received_ms, t2: self.context.clock.now_ms_f64() };
                self.link.outbox.push_urgent(&frame::json(&answer));
            }
            Ok(ClientFrame::Status(status)) => {
                self.signal(now)?;
                self.report(status);
            }
            Ok(ClientFrame::Refresh { token }) => {
                self.signal(now)?;
                self.refresh(&token)?;
            }
        }
        Ok(())
    }

    /// Counts a frame that is no command.
    fn signal(&mut self, now: Duration) -> Received {
        self.signals.take(self.context.limits.signals, now).map_err(|_| Some(CloseCode::ProtocolViolation))
    }

    async fn command(&mut self, now: Duration, id: CommandId, mut command: Command) -> Received {
        let Some(user) = self.link.user() else {
            let message = "A screen only shows the room.";
            return self.refuse(now, id, Reason::ScreenOnlyShows, ReasonValues::new(), message);
        };
        let limits = &self.context.limits;
        let is_chat = matches!(command, Command::Say { .. } | Command::React { .. });
        if limits.commands.check(&user).is_err() || (is_chat && limits.chat.check(&user).is_err()) {
            return self.refuse_too_fast(now, id);
        }
        match &mut command {
            Command::Rename { display_name } => match crate::identity::parse_display_name(display_name) {
                Ok(clean) => *display_name = clean,
                Err(error) => {
                    let values = crate::identity::bad_display_name_values();
                    return self.refuse(now, id, Reason::BadDisplayName, values, error.to_string());
                }
            },
            Command::RenameRoom { room_name } => {
                if let Some(clean) = room::clean_name(room_name) {
                    *room_name = clean;
                } else {
                    let (values, message) = (room::bad_name_values(), room::BAD_NAME);
                    return self.refuse(now, id, Reason::BadRoomName, values, message);
                }
            }
            // What cannot be cleaned is refused by the room.
            Command::SetSettings { settings } => {
                let tracks = settings.blocked_tracks.iter_mut().flatten().map(|track| &mut track.label);
                for name in tracks.chain(settings.blocked_artists.iter_mut().flatten()) {
                    *name = text::clean(name, BLOCKED_CHARS_MAX).unwrap_or_default();
                }
            }
            Command::Block { track, artist } => {
                for name in track.iter_mut().map(|track| &mut track.label).chain(artist) {
                    *name = text::clean(name, BLOCKED_CHARS_MAX).unwrap_or_default();
                }
            }
            Command::Say { text: said } | Command::React { emoji: said } => {
                if let Some(clean) = text::clean(said, SAID_CHARS_MAX) {
                    *said = clean;
                } else {
                    said.clear();
                }
            }
            _ => {}
        }
        if named_tracks(&command).len() > FALLBACK_MAX {
            let values = reason_values([("max", (FALLBACK_MAX as u64).into())]);
            let message = "That is more tracks than a fallback playlist has.";
            return self.refuse(now, id, Reason::TooManyTracks, values, message);
        }
        let lookup =
            || Lookup { context: self.context.clone(), link: self.link.clone(), user, room: self.room.clone() };
        match self.lookups.turn(id, command, lookup) {
            Turn::Now(command) => self.room.command(self.link.id, user, id, command, vec![]).await,
            Turn::Later => {}
            Turn::Full => return self.refuse_too_fast(now, id),
        }
        Ok(())
    }

    /// A screen plays nothing and makes no member present.
    fn report(&self, status: DeviceStatus) {
        if self.link.user().is_none() {
            return;
        }
        let status = status::clamp(status);
        if let Some(playback) = status.playback.as_ref().filter(|playback| playback.state == PlaybackState::Playing) {
            self.context.metrics.device(playback);
        }
        self.room.status(self.link.id, status);
    }

    fn refresh(&self, token: &str) -> Result<(), Option<CloseCode>> {
        let identity = &self.context.identity;
        let expires_at_ms = match self.link.party {
            Party::User { user, .. } => {
                let access = identity.authenticate(token).map_err(|error| Some(access_denied(error)))?;
                (access.user == user).then_some(access.expires_at_ms)
            }
            Party::Screen(screen) => {
                let is_same = identity.authenticate_screen(token) == Some(screen);
                is_same.then(|| self.context.clock.now_ms() + ms(SCREEN_HELLO_LIFETIME))
            }
        };
        self.link.extend(expires_at_ms.ok_or(Some(CloseCode::Unauthenticated))?);
        Ok(())
    }

    fn refuse_too_fast(&mut self, now: Duration, id: CommandId) -> Received {
        let message = "That was too much at once. Please wait a moment.";
        self.refuse(now, id, Reason::TooManyCommands, ReasonValues::new(), message)
    }

    /// Refuses a command without asking the room. Too many refusals end the connection.
    fn refuse(
        &mut self,
        now: Duration,
        id: CommandId,
        reason: Reason,
        values: ReasonValues,
        message: impl Into<String>,
    ) -> Received {
        self.context.metrics.refusal(reason);
        self.link.outbox.push(&frame::json(&ServerFrame::refused(id, reason, values, message)));
        self.refusals.take(self.context.limits.refusals, now).map_err(|_| Some(CloseCode::ProtocolViolation))
    }

    /// Leaves the room, frees the user's slot for the next connection, and finishes the close.
    async fn end(mut self, socket: WebSocket) {
        self.lookups.end();
        self.room.disconnect(self.link.id).await;
        tracing::debug!(connection = %self.link.id, "disconnected");
        self.context.metrics.close(self.link.outbox.closed_with());
        let outbox = self.link.outbox.clone();
        drop(self);
        finish_closing(socket, &outbox).await;
    }
}

/// Sends the last frames and waits for the client's close frame, for at most [`CLOSE_TIMEOUT`].
pub(super) async fn finish_closing(mut socket: WebSocket, outbox: &Outbox) {
    let goodbye = async {
        while outbox.drain() == Drained::Blocked {
            outbox.writable().await;
        }
        // The codec answers a close and then ends; after a protocol error it reads nothing more.
        while let Some(Ok(_)) = socket.next().await {}
    };
    let _: Result<(), _> = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
}

/// The code to close with after an error of the codec; `None` when the connection is lost.
fn close_code(error: &tungstenite::Error) -> Option<CloseCode> {
    match error {
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_) | tungstenite::Error::Protocol(_) => {
            Some(CloseCode::ProtocolViolation)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn future_bytes<A, B, C, F: Future>(_: impl Fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_idle_connection_holds_a_small_future() {
        let bytes = future_bytes(Connection::serve);
        assert!(bytes <= 640, "{bytes} bytes");
    }
}
