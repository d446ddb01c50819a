//! `rooms/{code}/passcode`. Not a command of the room: clients keep commands until they are answered, and a passcode is to
//! be kept nowhere.

use std::net::IpAddr;

use http::StatusCode;
use secrecy::ExposeSecret;
use tutti_protocol::http::{RoomPasscode, SetPasscodeRequest};
use tutti_protocol::{Action, Reason, RoomId, UserId, reason_values};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::rooms::{find_room, no_such_room, open_room, refused};
use crate::http::middleware::with;
use crate::http::{ApiError, HttpContext, SharedContext, authenticated, client_address, json, json_body, respond};
use crate::identity::AccessClaims;
use crate::room::RoomHandle;
use crate::store::{StoredPasscode, StoredRoom};

/// Characters in a passcode, at least.
const CHARS_MIN: usize = 4;
/// Characters in a passcode, at most.
const CHARS_MAX: usize = 64;

/// `GET`, `PUT` and `DELETE`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let request = || {
        warp::path!("rooms" / String / "passcode")
            .and(authenticated(context))
            .and(client_address(context))
            .and(with(context))
    };
    let show = request().and(warp::get()).then(show).map(respond);
    let set = request().and(warp::put()).and(json_body()).then(set).map(respond);
    let remove = request().and(warp::delete()).then(remove).map(respond);
    show.or(set).unify().or(remove).unify().boxed()
}

async fn show(
    code: String,
    access: AccessClaims,
    address: IpAddr,
    context: SharedContext,
) -> Result<impl Reply, ApiError> {
    let (stored, room) = room_of_member(&context, &code, access.user, address).await?;
    let sealed = stored.passcode.as_ref().and_then(|passcode| passcode.sealed.as_ref());
    let passcode = match sealed {
        Some(sealed) if room.require(access.user, Action::SeePasscode).await.is_ok() => {
            context.identity.open_passcode(stored.id, sealed)
        }
        _ => None,
    };
    let passcode = passcode.map(|passcode| passcode.expose_secret().into());
    Ok(json(&RoomPasscode { has_passcode: stored.passcode.is_some(), passcode }))
}

async fn set(
    code: String,
    access: AccessClaims,
    address: IpAddr,
    context: SharedContext,
    request: SetPasscodeRequest,
) -> Result<impl Reply, ApiError> {
    context.limits.passcode_changes.check(&access.user)?;
    let passcode = check(&request.passcode)?;
    let (stored, room) = room_of_member(&context, &code, access.user, address).await?;
    // Checked before the passcode is hashed, which is what costs.
    room.require(access.user, Action::SetSettings).await.map_err(refused)?;
    let hash = context.identity.hash_passcode(passcode, address).await?;
    room.set_passcode(access.user, Some(sealed(&context, stored.id, hash, passcode))).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    code: String,
    access: AccessClaims,
    address: IpAddr,
    context: SharedContext,
) -> Result<impl Reply, ApiError> {
    let (_, room) = room_of_member(&context, &code, access.user, address).await?;
    room.require(access.user, Action::SetSettings).await.map_err(refused)?;
    if room.passcode_hash().is_some() {
        room.set_passcode(access.user, None).await.map_err(refused)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A passcode that may be set.
pub(super) fn check(passcode: &str) -> Result<&str, ApiError> {
    if (CHARS_MIN..=CHARS_MAX).contains(&passcode.chars().count()) {
        return Ok(passcode);
    }
    let bounds = [("min", (CHARS_MIN as u64).into()), ("max", (CHARS_MAX as u64).into())];
    Err(ApiError::invalid("A passcode has 4 to 64 characters.").with_reason(Reason::BadPasscode, reason_values(bounds)))
}

/// A passcode for storage.
pub(super) fn sealed(context: &HttpContext, room: RoomId, hash: String, passcode: &str) -> StoredPasscode {
    StoredPasscode { hash, sealed: Some(context.identity.seal_passcode(room, passcode)) }
}

/// A room that a user is a member of; for others it does not exist.
async fn room_of_member(
    context: &HttpContext,
    code: &str,
    user: UserId,
    address: IpAddr,
) -> Result<(StoredRoom, RoomHandle), ApiError> {
    match find_room(context, code, Some(user), address).await? {
        (stored, true) => {
            let room = open_room(context, stored.code).await?;
            Ok((stored, room))
        }
        _ => Err(no_such_room()),
    }
}
