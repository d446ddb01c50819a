//! Admission: whether a connection that said `hello` joins its room. Every error is the code to close with.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tutti_protocol::{CloseCode, ConnectionId, Device, Hello, RoomCode, UserId};

use super::ConnectionContext;
use super::hub::Registration;
use super::serve::Connection;
use super::status;
use crate::clock::ms;
use crate::identity::{AccessError, SCREEN_HELLO_LIFETIME, is_screen_token};
use crate::ids;
use crate::limits::PASSCODE_WAIT_MAX;
use crate::room::state::{Newcomer, Refusal};
use crate::room::{Join, OpenError, RoomError, RoomHandle};
use crate::store::StoreError;
use crate::transport::{Link, Outbox, Party};

/// Admits a connection and joins it to its room.
pub(super) async fn admit(
    context: &Arc<ConnectionContext>,
    hello: Hello,
    outbox: &Arc<Outbox>,
    address: IpAddr,
) -> Result<Connection, CloseCode> {
    if is_screen_token(&hello.token) {
        return admit_screen(context, hello, outbox, address).await;
    }
    let access = context.identity.authenticate(&hello.token).map_err(access_denied)?;
    // Admission fails fast. After a restart all clients reconnect at once: a queued join would time out on the client
    // before its turn, and the client would join the queue again.
    let _permit = context.admissions.try_acquire().map_err(|_| CloseCode::TryLater)?;
    let user = context.identity.user(access.user).await.map_err(|error| unavailable(&error))?;
    let user = user.ok_or(CloseCode::Unauthenticated)?;
    // A session that began while its user was being banned.
    if user.banned {
        return Err(CloseCode::Banned);
    }
    let room = open_room(context, &hello.room, access.user, address).await?;
    check_passcode(context, &room, &hello, access.user, address).await?;

    let party = Party::User { user: access.user, session: access.session };
    let (link, registration) = register(context, party, access.expires_at_ms, hello.device, outbox, address)?;
    // From here on the hub closes the connection when its session ends. It may have ended before.
    if context.identity.is_revoked(access.session) {
        return Err(CloseCode::SessionRevoked);
    }
    let newcomer = Newcomer::from(user.clone());
    let connection = Connection::new(context.clone(), link.clone(), room, registration);
    connection.room.join(Join { link: link.clone(), newcomer, resume: hello.resume }).await.map_err(not_joined)?;
    context.catalogue.user_connected(&user);
    tracing::debug!(connection = %link.id, member = %access.user, room = %connection.room.id(), "joined");
    Ok(connection)
}

/// Admits a screen. A room that does not have it, one that is closed and one that does not exist are the same to it: a
/// screen that was paired elsewhere, or nowhere, finds no rooms by trying their codes.
async fn admit_screen(
    context: &Arc<ConnectionContext>,
    hello: Hello,
    outbox: &Arc<Outbox>,
    address: IpAddr,
) -> Result<Connection, CloseCode> {
    let screen = context.identity.authenticate_screen(&hello.token).ok_or(CloseCode::ScreenNotPaired)?;
    let _permit = context.admissions.try_acquire().map_err(|_| CloseCode::TryLater)?;
    let code = RoomCode::parse(&hello.room).ok_or(CloseCode::ScreenNotPaired)?;
    let room = context.rooms.open(code).await.map_err(|error| match error {
        OpenError::Store(error) => unavailable(&error),
        OpenError::Closed | OpenError::NotFound => CloseCode::ScreenNotPaired,
    })?;
    let expires_at_ms = context.clock.now_ms() + ms(SCREEN_HELLO_LIFETIME);
    let party = Party::Screen(screen);
    let (link, registration) = register(context, party, expires_at_ms, hello.device, outbox, address)?;
    let connection = Connection::new(context.clone(), link.clone(), room, registration);
    connection.room.join_screen(link.clone(), hello.resume).await.map_err(|error| match error {
        RoomError::Refused(_) => CloseCode::ScreenNotPaired,
        RoomError::Unavailable => CloseCode::TryLater,
    })?;
    tracing::debug!(connection = %link.id, %screen, room = %connection.room.id(), "screen joined");
    Ok(connection)
}

/// Registers a connection. From here on the hub closes it when the server drains.
fn register(
    context: &ConnectionContext,
    party: Party,
    expires_at_ms: i64,
    device: Device,
    outbox: &Arc<Outbox>,
    address: IpAddr,
) -> Result<(Arc<Link>, Registration), CloseCode> {
    let now_ms = context.clock.now_ms();
    let id = ConnectionId(ids::uuid_v7(now_ms));
    let device = status::clamp_device(device);
    let link = Arc::new(Link::of(id, party, address, device, outbox.clone(), (now_ms, expires_at_ms)));
    let connections_max = context.config.limit_connections_per_user;
    let registration = context.hub.register(&link, connections_max).ok_or(CloseCode::TooManyConnections)?;
    // It may have begun to drain before.
    if context.draining.is_cancelled() { Err(CloseCode::GoingAway) } else { Ok((link, registration)) }
}

/// Opens the room with a code. Unknown codes are limited by network, so that rooms cannot be found by guessing. Members
/// are not affected by guesses of others; a newcomer behind a network that has used up its guesses has a few of their own.
async fn open_room(
    context: &ConnectionContext,
    code: &str,
    user: UserId,
    address: IpAddr,
) -> Result<RoomHandle, CloseCode> {
    let code = RoomCode::parse(code).ok_or(CloseCode::RoomNotFound)?;
    let may_guess = context.limits.may_guess(Some(user), address);
    match context.rooms.open(code).await {
        Ok(room) if may_guess || room.role_of(user).await.is_some() => Ok(room),
        Err(OpenError::Store(error)) => Err(unavailable(&error)),
        // The same for a code that exists, one that does not, and that of a closed room.
        _ if !may_guess => Err(CloseCode::TryLater),
        Err(OpenError::Closed) => Err(CloseCode::RoomClosed),
        Err(OpenError::NotFound) | Ok(_) => {
            context.limits.guessed_wrong(Some(user), address);
            Err(CloseCode::RoomNotFound)
        }
    }
}

/// Checks the passcode of a newcomer; members need none.
///
/// Wrong passcodes are limited by room and address, so that guesses from elsewhere lock nobody out, and slowed down by room
/// over all addresses. A permit is taken before the attempt, so that parallel attempts gain nothing, and given back unless
/// the passcode was wrong.
async fn check_passcode(
    context: &ConnectionContext,
    room: &RoomHandle,
    hello: &Hello,
    user: UserId,
    address: IpAddr,
) -> Result<(), CloseCode> {
    let Some(hash) = room.passcode_hash() else { return Ok(()) };
    if room.role_of(user).await.is_some() {
        return Ok(());
    }
    let Some(passcode) = &hello.passcode else { return Err(CloseCode::PasscodeWrong) };
    let limits = &context.limits;
    let by_address = (room.id(), address);
    limits.passcodes.check(&by_address).map_err(|_| CloseCode::TryLater)?;
    let outcome = match limits.passcodes_of_room.reserve(&room.id(), PASSCODE_WAIT_MAX) {
        Ok(wait) => {
            let outcome = try_passcode(context, passcode, &hash, wait, address).await;
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

/// Verifies a passcode after `wait`, unless the server drains first.
async fn try_passcode(
    context: &ConnectionContext,
    passcode: &str,
    hash: &str,
    wait: Duration,
    address: IpAddr,
) -> Result<(), CloseCode> {
    if !wait.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = context.draining.cancelled() => return Err(CloseCode::GoingAway),
        }
    }
    match context.identity.verify_passcode(passcode, hash, address).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(CloseCode::PasscodeWrong),
        Err(_) => Err(CloseCode::TryLater),
    }
}

fn unavailable(error: &StoreError) -> CloseCode {
    tracing::error!(%error, "connection not admitted");
    CloseCode::TryLater
}

pub(super) fn access_denied(error: AccessError) -> CloseCode {
    match error {
        AccessError::Expired => CloseCode::TokenExpired,
        AccessError::Revoked => CloseCode::SessionRevoked,
        AccessError::Invalid => CloseCode::Unauthenticated,
    }
}

fn not_joined(error: RoomError) -> CloseCode {
    match error {
        RoomError::Refused(Refusal::RoomClosed) => CloseCode::RoomClosed,
        RoomError::Refused(Refusal::Banned) => CloseCode::Banned,
        RoomError::Refused(Refusal::InLobby) => CloseCode::Waiting,
        RoomError::Refused(Refusal::RoomLocked) => CloseCode::RoomLocked,
        RoomError::Refused(Refusal::AccountNeeded) => CloseCode::AccountNeeded,
        RoomError::Refused(Refusal::NotAdmitted) => CloseCode::NotAdmitted,
        RoomError::Refused(Refusal::RoomFull) => CloseCode::RoomFull,
        RoomError::Refused(Refusal::LobbyFull) => CloseCode::LobbyFull,
        RoomError::Refused(_) | RoomError::Unavailable => CloseCode::TryLater,
    }
}
