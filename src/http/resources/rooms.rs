//! `rooms` and `me/rooms`.

use std::net::IpAddr;

use http::StatusCode;
use tutti_protocol::http::{CreateRoomRequest, RoomList, RoomSummary};
use tutti_protocol::{ErrorCode, Reason, RoomCode, UserId, reason_values};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::http::middleware::with;
use crate::http::{
    ApiError, HttpContext, SharedContext, authenticated, client_address, json, json_body, maybe_authenticated, respond,
};
use crate::identity::AccessClaims;
use crate::room::state::Refusal;
use crate::room::{OpenError, RoomError, RoomHandle};
use crate::store::StoredRoom;

/// Rooms in one list, at most.
const ROOMS_LISTED_MAX: u32 = 20;
/// Characters in a room's name.
const NAME_CHARS_MAX: usize = 60;
/// Characters in a passcode.
const PASSCODE_CHARS_MAX: usize = 64;

/// `rooms`, `rooms/{code}` and `me/rooms`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let create = warp::path!("rooms")
        .and(warp::post())
        .and(authenticated(context))
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
    request: CreateRoomRequest,
    context: SharedContext,
) -> Result<Response, ApiError> {
    context.limits.rooms.check(&access.user)?;
    let name = room_name(&request.name)?;
    let passcode_hash = match request.passcode.as_deref() {
        None | Some("") => None,
        Some(passcode) if passcode.chars().count() > PASSCODE_CHARS_MAX => {
            let values = reason_values([("max", (PASSCODE_CHARS_MAX as u64).into())]);
            return Err(
                ApiError::invalid("A passcode has at most 64 characters.").with_reason(Reason::BadPasscode, values)
            );
        }
        Some(passcode) => Some(context.identity.hash_passcode(passcode).await?),
    };
    let user = context.identity.user(access.user).await.map_err(ApiError::unavailable)?;
    let user = user.ok_or_else(|| ApiError::unauthenticated("Your account no longer exists."))?;
    let room = context.rooms.create(&name, passcode_hash, user.into()).await.map_err(ApiError::unavailable)?;
    let summary = summary(&context, room, true).await?;
    Ok(warp::reply::with_status(json(&summary), StatusCode::CREATED).into_response())
}

async fn show(
    code: String,
    access: Option<AccessClaims>,
    address: IpAddr,
    context: SharedContext,
) -> Result<Response, ApiError> {
    context.connection.limits.guesses.peek(&address)?;
    let room = match RoomCode::parse(&code) {
        Some(code) => context.rooms.find(code).await.map_err(ApiError::unavailable)?,
        None => None,
    };
    let Some(room) = room.filter(|room| room.closed_at_ms.is_none()) else {
        let _ = context.connection.limits.guesses.check(&address);
        return Err(no_such_room());
    };
    let member = match access {
        Some(access) => is_member(&context, &room, access.user).await?,
        None => false,
    };
    Ok(json(&summary(&context, room, member).await?).into_response())
}

async fn close(code: String, access: AccessClaims, context: SharedContext) -> Result<Response, ApiError> {
    let code = RoomCode::parse(&code).ok_or_else(no_such_room)?;
    let room = context.rooms.open(code).await.map_err(|error| match error {
        OpenError::NotFound | OpenError::Closed => no_such_room(),
        OpenError::Store(error) => ApiError::unavailable(error),
    })?;
    match room.close(access.user).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(RoomError::Refused(Refusal::NotAMember | Refusal::RoomClosed)) => Err(no_such_room()),
        Err(RoomError::Refused(refusal)) => {
            let status = match refusal.code() {
                ErrorCode::Forbidden => StatusCode::FORBIDDEN,
                _ => StatusCode::CONFLICT,
            };
            Err(ApiError::new(status, refusal.code(), refusal.to_string())
                .with_reason(refusal.reason(), refusal.values()))
        }
        Err(RoomError::Unavailable) => Err(ApiError::unavailable(RoomError::Unavailable)),
    }
}

async fn mine(access: AccessClaims, context: SharedContext) -> Result<Response, ApiError> {
    let stored = context.rooms.rooms_of(access.user, ROOMS_LISTED_MAX).await.map_err(ApiError::unavailable)?;
    let mut rooms = Vec::with_capacity(stored.len());
    for room in stored {
        rooms.push(summary(&context, room, true).await?);
    }
    Ok(json(&RoomList { rooms }).into_response())
}

async fn is_member(context: &HttpContext, room: &StoredRoom, user: UserId) -> Result<bool, ApiError> {
    match context.rooms.open(room.code).await {
        Ok(room) => Ok(room.role_of(user).await.is_some()),
        Err(OpenError::NotFound | OpenError::Closed) => Err(no_such_room()),
        Err(OpenError::Store(error)) => Err(ApiError::unavailable(error)),
    }
}

async fn summary(context: &HttpContext, room: StoredRoom, member: bool) -> Result<RoomSummary, ApiError> {
    let host = context.identity.user(room.host).await.map_err(ApiError::unavailable)?;
    Ok(RoomSummary {
        code: room.code,
        name: room.name,
        host_name: host.map(|host| host.display_name).unwrap_or_default(),
        has_passcode: room.passcode_hash.is_some(),
        member,
        created_at_ms: room.created_at_ms,
    })
}

fn room_name(typed: &str) -> Result<String, ApiError> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let values = reason_values([("max", (NAME_CHARS_MAX as u64).into())]);
        return Err(ApiError::invalid("A room's name has 1 to 60 characters.").with_reason(Reason::BadRoomName, values));
    }
    Ok(name)
}

fn no_such_room() -> ApiError {
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
