//! One connection from its first frame to its last: `hello`, then frames both ways, then the close.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tutti_protocol::{
    ClientFrame, CloseCode, Command, CommandId, ConnectionId, DecodeError, DeviceStatus, Hello, PlaybackState, Reason,
    ReasonValues, RoomCode, ServerFrame, reason_values,
};

use super::hub::{AddressPlace, Place};
use super::lookups::{Lookup, Lookups, Turn, named_tracks};
use super::{Sockets, report};
use crate::clock::whole_ms;
use crate::identity::AccessError;
use crate::ids;
use crate::limiter::Gcra;
use crate::limits::{
    CLOSE_TIMEOUT, HELLO_BUFFER_BYTES, HELLO_BYTES_MAX, HELLO_TIMEOUT, MESSAGE_BYTES_MAX, PASSCODE_WAIT_MAX,
    READ_BUFFER_BYTES,
};
use crate::room::{Join, JoinError, OpenError, RoomHandle, state};
use crate::telemetry::metrics::CommandOutcome;
use crate::transport::listener::Permit;
use crate::transport::{Drained, Link, Outbox, Socket, frame};

type WebSocket = WebSocketStream<Socket>;

/// A connection that was let in.
struct Session {
    sockets: Arc<Sockets>,
    link: Arc<Link>,
    room: RoomHandle,
    _place: Place,
    commands: Gcra,
    signals: Gcra,
    lookups: Lookups,
}

/// How much the codec takes and keeps.
pub fn codec_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

/// Lets a connection in, and serves it by a task of its own: the way in needs much more memory than what follows, and lasts
/// a moment.
pub async fn run(
    sockets: Arc<Sockets>,
    stream: TcpStream,
    already_read: Vec<u8>,
    place: AddressPlace,
    permit: Option<Permit>,
) {
    let (read, write) = stream.into_split();
    let outbox = Arc::new(Outbox::new(write));
    let socket = Socket::new(read, outbox.clone(), already_read.len());

    let (hello, socket) = greet(&sockets, socket, already_read).await;
    match enter(&sockets, hello, &outbox, place.address()).await {
        Ok(session) => drop(sockets.tasks.spawn(session.serve(socket, (place, permit)))),
        Err(code) => {
            outbox.close(code);
            part(socket, &outbox).await;
        }
    }
}

/// Waits for `hello`, or says with which code to close. With it comes the codec for what follows.
async fn greet(sockets: &Sockets, socket: Socket, already_read: Vec<u8>) -> (Result<Hello, CloseCode>, WebSocket) {
    let first = Some(codec_config().read_buffer_size(HELLO_BUFFER_BYTES));
    let mut socket = WebSocketStream::from_partially_read(socket, already_read, Role::Server, first).await;
    let hello = tokio::select! {
        hello = tokio::time::timeout(HELLO_TIMEOUT, hello(&mut socket)) => hello.unwrap_or(Err(CloseCode::BadHello)),
        () = sockets.draining.cancelled() => Err(CloseCode::GoingAway),
    };
    match hello {
        // `hello` is longer than what mostly follows, and the codec keeps a buffer of twice its length: where nothing else is
        // in it yet, another codec takes its place.
        Ok((hello, length)) if socket.get_ref().read_bytes() == frame::length_from_client(length) => {
            let config = Some(codec_config());
            (Ok(hello), WebSocketStream::from_raw_socket(socket.into_inner(), Role::Server, config).await)
        }
        hello => (hello.map(|(hello, _)| hello), socket),
    }
}

/// Lets the member in, or says with which code to close.
async fn enter(
    sockets: &Arc<Sockets>,
    hello: Result<Hello, CloseCode>,
    outbox: &Arc<Outbox>,
    address: IpAddr,
) -> Result<Session, CloseCode> {
    let hello = hello?;
    let now_ms = sockets.clock.now_ms();
    let access = sockets.identity.authenticate(&hello.token).map_err(close_code)?;
    // After a restart everybody comes at once. Those who would wait for longer than their patience lasts are told so now:
    // otherwise they gave up when it is their turn, came again, and made the line no shorter.
    let _admission = sockets.admissions.try_acquire().map_err(|_| CloseCode::TryLater)?;
    let code = RoomCode::parse(&hello.room).ok_or(CloseCode::RoomNotFound)?;
    sockets.limits.guesses.peek(&address).map_err(|_| CloseCode::TryLater)?;
    let room = sockets.rooms.open(code).await.map_err(|error| match error {
        OpenError::NotFound => {
            let _ = sockets.limits.guesses.check(&address);
            CloseCode::RoomNotFound
        }
        OpenError::Closed => CloseCode::RoomClosed,
        OpenError::Store(error) => unavailable(&error),
    })?;
    let user = sockets.identity.user(access.user).await.map_err(|error| unavailable(&error))?;
    let user = user.ok_or(CloseCode::Unauthenticated)?;
    check_passcode(sockets, &room, &hello, access.user, address).await?;

    let id = ConnectionId(ids::uuid_v7(now_ms));
    let who = (access.user, access.session, address);
    let link = Arc::new(Link::new(
        id,
        who,
        report::device_within_bounds(hello.device),
        outbox.clone(),
        now_ms,
        access.expires_at_ms,
    ));
    let place =
        sockets.hub.admit(&link, sockets.config.limit_connections_per_user).ok_or(CloseCode::TooManyConnections)?;
    // A session that was ended between the two looks at it is closed by one of them.
    if sockets.identity.is_revoked(access.session) {
        return Err(CloseCode::SessionRevoked);
    }
    // So is one that comes while the server goes.
    if sockets.draining.is_cancelled() {
        return Err(CloseCode::GoingAway);
    }
    let newcomer = state::Newcomer::from(user.clone());
    let session = Session {
        sockets: sockets.clone(),
        link: link.clone(),
        room,
        _place: place,
        commands: Gcra::default(),
        signals: Gcra::default(),
        lookups: Lookups::default(),
    };
    session.room.join(Join { link, newcomer, resume: hello.resume }).await.map_err(|error| match error {
        JoinError::Refused(refusal) => close_code_of(refusal),
        JoinError::Unavailable => CloseCode::TryLater,
    })?;
    sockets.catalogue.user_connected(&user);
    tracing::debug!(connection = %session.link.id, member = %session.link.user, room = %session.room.id(), "joined");
    Ok(session)
}

/// The first frame, and how long its text was.
async fn hello(socket: &mut WebSocket) -> Result<(Hello, usize), CloseCode> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.len() <= HELLO_BYTES_MAX => {
                return match ClientFrame::decode(&text) {
                    Ok(ClientFrame::Hello(hello)) if is_proper(&hello) => Ok((hello, text.len())),
                    _ => Err(CloseCode::BadHello),
                };
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return Err(CloseCode::BadHello),
        }
    }
}

/// A device's name is shown to others: short and on one line.
fn is_proper(hello: &Hello) -> bool {
    let name = &hello.device.name;
    !name.trim().is_empty() && name.chars().count() <= 80 && !name.chars().any(char::is_control)
}

/// Members need no passcode. Newcomers may be wrong a few times, counted by room and address, so that nobody is locked
/// out by what somebody elsewhere guesses. Who guesses from many addresses is slowed down by the room, and with them
/// whoever comes meanwhile. Tries are counted before they are made, so that many at once gain nothing, and those that
/// were right are given back.
async fn check_passcode(
    sockets: &Sockets,
    room: &RoomHandle,
    hello: &Hello,
    user: tutti_protocol::UserId,
    address: IpAddr,
) -> Result<(), CloseCode> {
    let Some(hash) = room.passcode_hash() else { return Ok(()) };
    if room.role_of(user).await.is_some() {
        return Ok(());
    }
    let Some(passcode) = &hello.passcode else { return Err(CloseCode::PasscodeWrong) };
    let limits = &sockets.limits;
    let by_address = (room.id(), address);
    limits.passcodes.check(&by_address).map_err(|_| CloseCode::TryLater)?;
    let outcome = match limits.passcodes_of_room.reserve(&room.id(), PASSCODE_WAIT_MAX) {
        Ok(wait) => {
            let outcome = try_passcode(sockets, passcode, hash, wait).await;
            if outcome != Err(CloseCode::PasscodeWrong) {
                limits.passcodes_of_room.give_back(&room.id());
            }
            outcome
        }
        Err(_) => Err(CloseCode::TryLater),
    };
    if outcome != Err(CloseCode::PasscodeWrong) {
        limits.passcodes.give_back(&by_address);
    }
    outcome
}

/// Tries a passcode when its turn has come, unless the server goes before.
async fn try_passcode(sockets: &Sockets, passcode: &str, hash: &str, wait: Duration) -> Result<(), CloseCode> {
    if !wait.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = sockets.draining.cancelled() => return Err(CloseCode::GoingAway),
        }
    }
    match sockets.identity.verify_passcode(passcode, hash).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(CloseCode::PasscodeWrong),
        Err(_) => Err(CloseCode::TryLater),
    }
}

fn unavailable(error: &crate::store::StoreError) -> CloseCode {
    tracing::error!(%error, "nobody can be let in");
    CloseCode::TryLater
}

fn close_code(error: AccessError) -> CloseCode {
    match error {
        AccessError::Expired => CloseCode::TokenExpired,
        AccessError::Revoked => CloseCode::SessionRevoked,
        AccessError::Invalid => CloseCode::Unauthenticated,
    }
}

fn close_code_of(refusal: state::Refusal) -> CloseCode {
    match refusal {
        state::Refusal::RoomClosed => CloseCode::RoomClosed,
        state::Refusal::Banned => CloseCode::Banned,
        state::Refusal::InLobby => CloseCode::Waiting,
        state::Refusal::RoomLocked => CloseCode::RoomLocked,
        state::Refusal::AccountNeeded => CloseCode::AccountNeeded,
        state::Refusal::NotAdmitted => CloseCode::NotAdmitted,
        _ => CloseCode::TryLater,
    }
}

impl Session {
    /// Serves a connection until it ends. What an idle one keeps for all of its life, so nothing is moved or borrowed into
    /// another future: there it would be a second time.
    #[expect(clippy::manual_async_fn, reason = "an async function keeps a second place for each argument")]
    fn serve(mut self, mut socket: WebSocket, places: (AddressPlace, Option<Permit>)) -> impl Future<Output = ()> {
        async move {
            // Kept until the end.
            let _places = &places;
            let mut blocked = false;
            loop {
                tokio::select! {
                    biased;
                    () = self.link.outbox.woken() => blocked = self.drain().await,
                    () = self.link.outbox.writable(), if blocked => blocked = self.drain().await,
                    message = socket.next() => {
                        // In a box of its own, which an idle connection does not have.
                        if let Err(code) = Box::pin(self.take(message)).await {
                            if let Some(code) = code {
                                self.link.outbox.close(code);
                            }
                            break;
                        }
                    }
                }
                if self.link.outbox.is_closing() {
                    break;
                }
            }
            self.lookups.end();
            Box::pin(self.room.disconnect(self.link.id)).await;
            tracing::debug!(connection = %self.link.id, "parted");
            // Whoever is let go of may come again at once.
            let outbox = self.link.outbox.clone();
            drop(self);
            Box::pin(part(socket, &outbox)).await;
        }
    }

    /// Writes what waits; true when the socket does not take all of it.
    async fn drain(&self) -> bool {
        match self.link.outbox.drain() {
            Drained::Empty | Drained::Over => false,
            Drained::Blocked => true,
            Drained::NeedsSnapshot => {
                Box::pin(self.room.resync(self.link.id)).await;
                false
            }
        }
    }

    /// Takes one message in. An error ends the connection, with a code when it is the server that closes.
    async fn take(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Result<(), Option<CloseCode>> {
        let heard_ms = self.sockets.clock.now_ms_f64();
        self.link.heard(whole_ms(heard_ms));
        let now = Duration::from_secs_f64(heard_ms / 1e3);
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
            Some(Ok(Message::Close(_))) | None => return Err(None),
            Some(Ok(Message::Binary(_))) => return Err(Some(CloseCode::ProtocolViolation)),
            Some(Err(error)) => return Err(violation(&error)),
        };
        match ClientFrame::decode(&text) {
            Ok(ClientFrame::Command { id, command }) => self.command(now, id, command).await,
            Err(DecodeError::BadCommand { id, error }) => {
                self.refuse(
                    id,
                    Reason::UnknownCommand,
                    ReasonValues::new(),
                    format!("This is not a command known here: {error}."),
                );
            }
            Ok(ClientFrame::Hello(_)) | Err(DecodeError::NotAFrame(_) | DecodeError::UnknownType) => {
                return Err(Some(CloseCode::ProtocolViolation));
            }
            Ok(_) if self.signals.take(self.sockets.limits.signals, now).is_err() => {
                return Err(Some(CloseCode::ProtocolViolation));
            }
            Ok(ClientFrame::Sync { t0 }) => {
                // Between the two there is what it took to read it; writing the answer takes less.
                let answer = ServerFrame::Sync { t0, t1: heard_ms, t2: self.sockets.clock.now_ms_f64() };
                self.link.outbox.push_urgent(&frame::json(&answer));
            }
            Ok(ClientFrame::Status(status)) => self.report(status),
            Ok(ClientFrame::Refresh { token }) => self.refresh(&token)?,
        }
        Ok(())
    }

    async fn command(&mut self, now: Duration, id: CommandId, mut command: Command) {
        if self.commands.take(self.sockets.limits.commands, now).is_err() {
            return self.refuse_too_many(id);
        }
        if let Command::Rename { display_name } = &mut command {
            match crate::identity::parse_display_name(display_name) {
                Ok(clean) => *display_name = clean,
                Err(error) => {
                    let values = crate::identity::bad_display_name_values();
                    return self.refuse(id, Reason::BadDisplayName, values, error.to_string());
                }
            }
        }
        if named_tracks(&command).len() > state::FALLBACK_MAX {
            let values = reason_values([("max", (state::FALLBACK_MAX as u64).into())]);
            let message = "That is more tracks than a fallback playlist has.";
            return self.refuse(id, Reason::TooManyTracks, values, message);
        }
        let lookup = || Lookup { sockets: self.sockets.clone(), link: self.link.clone(), room: self.room.clone() };
        match self.lookups.turn(id, command, lookup) {
            Turn::Now(command) => self.room.command(self.link.id, self.link.user, id, command, vec![]).await,
            Turn::Later => {}
            Turn::Full => self.refuse_too_many(id),
        }
    }

    fn report(&self, status: DeviceStatus) {
        let status = report::within_bounds(status);
        if let Some(playback) = status.playback.as_ref().filter(|playback| playback.state == PlaybackState::Playing) {
            self.sockets.metrics.device(playback);
        }
        self.room.status(self.link.id, status);
    }

    fn refresh(&self, token: &str) -> Result<(), Option<CloseCode>> {
        let access = self.sockets.identity.authenticate(token).map_err(|error| Some(close_code(error)))?;
        if access.user != self.link.user {
            return Err(Some(CloseCode::Unauthenticated));
        }
        self.link.extend(access.expires_at_ms);
        Ok(())
    }

    fn refuse_too_many(&self, id: CommandId) {
        let message = "That was too much at once. Please wait a moment.";
        self.refuse(id, Reason::TooManyCommands, ReasonValues::new(), message);
    }

    fn refuse(&self, id: CommandId, reason: Reason, values: ReasonValues, message: impl Into<String>) {
        self.sockets.metrics.command(CommandOutcome::Refused);
        self.link.outbox.push(&frame::json(&ServerFrame::refused(id, reason, values, message)));
    }
}

/// Whether an error of the codec is the client's breach of the contract, or a connection that is gone.
fn violation(error: &tungstenite::Error) -> Option<CloseCode> {
    match error {
        tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_) | tungstenite::Error::Protocol(_)
            if !matches!(
                error,
                tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)
            ) =>
        {
            Some(CloseCode::ProtocolViolation)
        }
        _ => None,
    }
}

/// Lets the last frames out and waits for the client's answer to the close, both for a moment only.
async fn part(mut socket: WebSocket, outbox: &Outbox) {
    let goodbye = async {
        while outbox.drain() == Drained::Blocked {
            outbox.writable().await;
        }
        // After a protocol error the codec reads no more; after a close it answers and ends.
        while let Some(Ok(_)) = socket.next().await {}
    };
    let _: Result<(), _> = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
}
