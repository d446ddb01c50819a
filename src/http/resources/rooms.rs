//! `rooms` and `me/rooms`.

use std::net::IpAddr;

use http::StatusCode;
use tutti_protocol::http::{CreateRoomRequest, RoomList, RoomSummary};
use tutti_protocol::{ErrorCode, Reason, RoomCode, SettingsChange, UserId};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::passcode;
use crate::http::middleware::with;
use crate::http::{
    ApiError, HttpContext, SharedContext, authenticated, client_address, json, json_body, maybe_authenticated, respond,
};
use crate::identity::AccessClaims;
use crate::room::state::Refusal;
use crate::room::{self, OpenError, RoomError, RoomHandle};
use crate::store::StoredRoom;

/// Rooms in one list, at most.
const ROOMS_LISTED_MAX: u32 = 20;
/// Open rooms that one user hosts, at most: rooms are kept until they are closed.
const ROOMS_HOSTED_MAX: usize = 20;
/// Rooms of a user that are looked through for that.
const ROOMS_COUNTED_MAX: u32 = 500;

/// `rooms`, `rooms/{code}` and `me/rooms`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let create = warp::path!("rooms")
        .and(warp::post())
        .and(authenticated(context))
        .and(client_address(context))
        .and(json_body::<CreateRoomRequest>())
        .and(with(context))
        .then(create)
        .map(respond);
    let show = warp::path!("rooms" / String)
        .and(warp::get())
        .and(maybe_authenticated(context))
        .and(client_address(context))
        .and(with(context))
        .then(show)
        .map(respond);
    let close = warp::path!("rooms" / String)
        .and(warp::delete())
        .and(authenticated(context))
        .and(client_address(context))
        .and(with(context))
        .then(close)
        .map(respond);
    let mine = warp::path!("me" / "rooms")
        .and(warp::get())
        .and(authenticated(context))
        .and(with(context))
        .then(mine)
        .map(respond);
    create.or(show).unify().or(close).unify().or(mine).unify().boxed()
}

async fn create(
    access: AccessClaims,
    address: IpAddr,
    request: CreateRoomRequest,
    context: SharedContext,
) -> Result<Response, ApiError> {
    context.limits.rooms.check(&access.user)?;
    let bad_name = || ApiError::invalid(room::BAD_NAME).with_reason(Reason::BadRoomName, room::bad_name_values());
    let name = room::clean_name(&request.name).ok_or_else(bad_name)?;
    // The user and their rooms are checked before the passcode is hashed, which is what costs.
    let user = context.identity.user(access.user).await.map_err(ApiError::unavailable)?;
    let user = user.ok_or_else(|| ApiError::unauthenticated("Your account no longer exists."))?;
    context.operators.admit_room_of(&user).await?;
    check_open_rooms(&context, access.user).await?;
    context.limits.rooms_by_network.check(address)?;
    let passcode = match request.passcode.as_deref().filter(|passcode| !passcode.is_empty()) {
        None => None,
        Some(passcode) => {
            let passcode = passcode::check(passcode)?;
            Some((context.identity.hash_passcode(passcode, address).await?, passcode))
        }
    };
    let sealed = |room| passcode.map(|(hash, passcode)| passcode::sealed(&context, room, hash, passcode));
    let settings =
        SettingsChange { wait_for_listener: request.wait_for_listener.then_some(true), ..SettingsChange::default() };
    let room = context.rooms.create(&name, sealed, user.into(), settings).await.map_err(ApiError::unavailable)?;
    let (code, host) = (room.code, access.user);
    context.arrivals.log(|suppressed| tracing::info!(room = %code, %host, %address, suppressed, "room opened"));
    let summary = summary(&context, room, true).await?;
    Ok(warp::reply::with_status(json(&summary), StatusCode::CREATED).into_response())
}

async fn show(
    code: String,
    access: Option<AccessClaims>,
    address: IpAddr,
    context: SharedContext,
) -> Result<Response, ApiError> {
    let (room, member) = find_room(&context, &code, access.map(|access| access.user), address).await?;
    Ok(json(&summary(&context, room, member).await?).into_response())
}

async fn close(
    code: String,
    access: AccessClaims,
    address: IpAddr,
    context: SharedContext,
) -> Result<Response, ApiError> {
    let (room, _) = find_room(&context, &code, Some(access.user), address).await?;
    open_room(&context, room.code).await?.close(access.user).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn mine(access: AccessClaims, context: SharedContext) -> Result<Response, ApiError> {
    let stored = context.rooms.rooms_of(access.user, ROOMS_LISTED_MAX).await.map_err(ApiError::unavailable)?;
    let mut rooms = Vec::with_capacity(stored.len());
    for room in stored {
        rooms.push(summary(&context, room, true).await?);
    }
    Ok(json(&RoomList { rooms }).into_response())
}

/// The open room with a code, and whether the user is a member. Unknown codes are limited as they are for sockets.
pub(super) async fn find_room(
    context: &HttpContext,
    code: &str,
    user: Option<UserId>,
    address: IpAddr,
) -> Result<(StoredRoom, bool), ApiError> {
    let limits = &context.connection.limits;
    let may_guess = limits.may_guess(user, address);
    let limited = || limits.guesses.peek(address).err().map_or_else(no_such_room, ApiError::from);
    if !may_guess && user.is_none() {
        return Err(limited());
    }
    let room = match RoomCode::parse(code) {
        Some(code) => context.rooms.find(code).await.map_err(ApiError::unavailable)?,
        None => None,
    };
    let room = room.filter(|room| room.closed_at_ms.is_none());
    let member = match (&room, user) {
        (Some(room), Some(user)) => context.rooms.is_member(room, user).await.map_err(not_opened)?,
        _ => false,
    };
    match room {
        Some(room) if may_guess || member => Ok((room, member)),
        _ if !may_guess => Err(limited()),
        _ => {
            limits.guessed_wrong(user, address);
            Err(no_such_room())
        }
    }
}

pub(super) async fn open_room(context: &HttpContext, code: RoomCode) -> Result<RoomHandle, ApiError> {
    context.rooms.open(code).await.map_err(not_opened)
}

fn not_opened(error: OpenError) -> ApiError {
    match error {
        OpenError::NotFound | OpenError::Closed => no_such_room(),
        OpenError::Store(error) => ApiError::unavailable(error),
    }
}

/// The response to what a room did not do.
pub(super) fn refused(error: RoomError) -> ApiError {
    match error {
        RoomError::Refused(Refusal::NotAMember | Refusal::RoomClosed) => no_such_room(),
        RoomError::Refused(refusal) => {
            let status = match refusal.code() {
                ErrorCode::Forbidden => StatusCode::FORBIDDEN,
                _ => StatusCode::CONFLICT,
            };
            ApiError::new(status, refusal.code(), refusal.to_string()).with_reason(refusal.reason(), refusal.values())
        }
        RoomError::Unavailable => ApiError::unavailable(RoomError::Unavailable),
    }
}

async fn summary(context: &HttpContext, room: StoredRoom, member: bool) -> Result<RoomSummary, ApiError> {
    let host = context.identity.user(room.host).await.map_err(ApiError::unavailable)?;
    Ok(RoomSummary {
        code: room.code,
        name: room.name,
        host_name: host.map(|host| host.display_name).unwrap_or_default(),
        has_passcode: room.passcode.is_some(),
        member,
        created_at_ms: room.created_at_ms,
    })
}

async fn check_open_rooms(context: &HttpContext, host: UserId) -> Result<(), ApiError> {
    let rooms = context.rooms.rooms_of(host, ROOMS_COUNTED_MAX).await.map_err(ApiError::unavailable)?;
    if rooms.iter().filter(|room| room.host == host).count() < ROOMS_HOSTED_MAX {
        return Ok(());
    }
    let detail = format!("You have {ROOMS_HOSTED_MAX} open rooms. Close one of them first.");
    Err(ApiError::new(StatusCode::CONFLICT, ErrorCode::LimitReached, detail))
}

pub(super) fn no_such_room() -> ApiError {
    ApiError::from_reason(StatusCode::NOT_FOUND, Reason::NoSuchRoom, "There is no room with this code.")
}

/// A room that a user is a member of; for others it does not exist.
pub(super) async fn room_of_member(
    context: &HttpContext,
    code: &str,
    user: UserId,
) -> Result<(RoomCode, RoomHandle), ApiError> {
    let no_such_room = || ApiError::not_found("You are not a member of a room with this code.");
    let code = RoomCode::parse(code).ok_or_else(no_such_room)?;
    let room = context.rooms.open(code).await.map_err(|error| match error {
        OpenError::NotFound | OpenError::Closed => no_such_room(),
        OpenError::Store(error) => ApiError::unavailable(error),
    })?;
    let is_member = room.view().borrow().members.contains(&user);
    if is_member { Ok((code, room)) } else { Err(no_such_room()) }
}
