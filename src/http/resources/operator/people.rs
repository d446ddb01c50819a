//! `operator/people`.

use http::StatusCode;
use serde::Deserialize;
use tutti_protocol::http::{Person, PersonList};
use tutti_protocol::{Reason, UserId};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::{cursor, one_time_link};
use crate::http::middleware::{json, operating, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::{AccessClaims, User};
use crate::store::StoredUser;

/// `people`, `people/{id}`, `people/{id}/ban` and `people/{id}/password-link`.
pub(super) fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let request = || with(context).and(operating(context));
    let list = warp::path!("people").and(warp::get()).and(request()).and(warp::query()).then(list).map(respond);
    let erase = warp::path!("people" / String).and(warp::delete()).and(request()).then(erase).map(respond);
    let ban = warp::path!("people" / String / "ban").and(warp::put()).and(request()).then(ban).map(respond);
    let unban = warp::path!("people" / String / "ban").and(warp::delete()).and(request()).then(unban).map(respond);
    let link = warp::path!("people" / String / "password-link")
        .and(warp::post())
        .and(request())
        .then(password_link)
        .map(respond);
    list.or(erase).unify().or(ban).unify().or(unban).unify().or(link).unify().boxed()
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    banned: bool,
    cursor: Option<String>,
}

async fn list(context: SharedContext, _access: AccessClaims, query: ListQuery) -> Result<impl Reply, ApiError> {
    let before = cursor::<UserId>(query.cursor.as_deref())?;
    let page = context.operators.find_people(&query.q, query.banned, before).await?;
    let people = page.entries.iter().map(person).collect();
    Ok(json(&PersonList { people, next_cursor: page.next.map(|user| user.to_string()) }))
}

async fn erase(id: String, context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.operators.delete_person(access.user, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn ban(id: String, context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    let user = parse(&id)?;
    context.operators.ban(access.user, user).await?;
    if let Some(spotify) = &context.spotify {
        // It follows rooms without a socket.
        spotify.unfollow(user, None).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn unban(id: String, context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.operators.unban(access.user, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn password_link(id: String, context: SharedContext, access: AccessClaims) -> Result<Response, ApiError> {
    let (token, expires_at_ms) = context.operators.make_password_link(access.user, parse(&id)?).await?;
    Ok(one_time_link(&token, expires_at_ms))
}

fn parse(id: &str) -> Result<UserId, ApiError> {
    let unknown = |_| ApiError::from_reason(StatusCode::NOT_FOUND, Reason::NoSuchPerson, "There is no such person.");
    id.parse().map_err(unknown)
}

fn person(stored: &StoredUser) -> Person {
    let user = User::from(stored);
    Person {
        id: user.id,
        kind: user.kind,
        display_name: user.display_name,
        username: user.username,
        picture: user.picture,
        spotify: user.spotify,
        operator: user.operator,
        banned_at_ms: stored.banned_at_ms,
        created_at_ms: stored.created_at_ms,
        last_seen_at_ms: stored.last_seen_at_ms,
    }
}
