//! `operator/rooms`.

use http::StatusCode;
use serde::Deserialize;
use tutti_protocol::http::{HandOverRequest, NamedPerson, OperatedRoom, OperatedRoomList, OperatedRoomMembers};
use tutti_protocol::{RoomCode, RoomId, UserId};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::cursor;
use crate::http::middleware::{json, json_body, operating, respond, with};
use crate::http::resources::rooms::no_such_room;
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;
use crate::operator::ListedRoom;

/// `rooms`, `rooms/{code}` and `rooms/{code}/host`.
pub(super) fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let request = || with(context).and(operating(context));
    let list = warp::path!("rooms").and(warp::get()).and(request()).and(warp::query()).then(list).map(respond);
    let show = warp::path!("rooms" / String).and(warp::get()).and(request()).then(show).map(respond);
    let close = warp::path!("rooms" / String).and(warp::delete()).and(request()).then(close).map(respond);
    let hand_over = warp::path!("rooms" / String / "host")
        .and(warp::put())
        .and(request())
        .and(json_body())
        .then(hand_over)
        .map(respond);
    list.or(show).unify().or(close).unify().or(hand_over).unify().boxed()
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

async fn list(context: SharedContext, _access: AccessClaims, query: ListQuery) -> Result<impl Reply, ApiError> {
    let before = cursor::<RoomId>(query.cursor.as_deref())?;
    let page = context.operators.find_rooms(&query.q, before).await?;
    let rooms = page.entries.into_iter().map(room).collect();
    Ok(json(&OperatedRoomList { rooms, next_cursor: page.next.map(|room| room.to_string()) }))
}

async fn show(code: String, context: SharedContext, _access: AccessClaims) -> Result<impl Reply, ApiError> {
    let room = context.operators.room_members(parse(&code)?).await?;
    let members = room.members.into_iter().map(named).collect();
    Ok(json(&OperatedRoomMembers { host: named(room.host), members }))
}

async fn close(code: String, context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.operators.close_room(access.user, parse(&code)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn hand_over(
    code: String,
    context: SharedContext,
    access: AccessClaims,
    request: HandOverRequest,
) -> Result<impl Reply, ApiError> {
    context.operators.hand_over(access.user, parse(&code)?, request.member).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(code: &str) -> Result<RoomCode, ApiError> {
    RoomCode::parse(code).ok_or_else(no_such_room)
}

fn named((id, name): (UserId, String)) -> NamedPerson {
    NamedPerson { id, name }
}

fn room(listed: ListedRoom) -> OperatedRoom {
    let ListedRoom { room, host_name, used, connections } = listed;
    OperatedRoom {
        code: room.code,
        name: room.name,
        host: NamedPerson { id: room.host, name: host_name },
        has_passcode: room.passcode.is_some(),
        members: used.members,
        connections: connections as u64,
        created_at_ms: room.created_at_ms,
        last_used_at_ms: used.last_used_at_ms.unwrap_or(room.created_at_ms),
    }
}
