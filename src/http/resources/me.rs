//! `me`: the caller's profile; and the pictures of all users.

use std::net::IpAddr;

use http::{HeaderValue, StatusCode, header};
use secrecy::SecretString;
use serde::Deserialize;
use tutti_protocol::http::{UpdateMeRequest, User};
use tutti_protocol::{Reason, UserId};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::erasure::{self, EraseError};
use crate::http::middleware::{DeviceSlot, authenticated, client_address, device_slot, json, json_body, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::{self, AccessClaims, IdentityError, picture};

/// `GET`, `PATCH` and `DELETE` of `me`, and `users/{id}/picture`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let user_request = || with(context).and(authenticated(context));
    let show = warp::path!("me").and(warp::get()).and(user_request()).then(show).map(respond);
    let update = warp::path!("me")
        .and(warp::patch())
        .and(user_request())
        .and(client_address(context))
        .and(json_body())
        .then(update)
        .map(respond);
    let erase =
        warp::path!("me").and(warp::delete()).and(user_request()).and(device_slot(context)).then(erase).map(respond);
    let picture = warp::path!("users" / String / "picture")
        .and(warp::get())
        .and(warp::query())
        .and(with(context))
        .then(show_picture)
        .map(respond);
    show.or(update).unify().or(erase).unify().or(picture).unify().boxed()
}

async fn show(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    let user = context.identity.user(access.user).await?.ok_or(IdentityError::Unauthenticated)?;
    Ok(json(&User::from(user)))
}

async fn update(
    context: SharedContext,
    access: AccessClaims,
    address: IpAddr,
    body: UpdateMeRequest,
) -> Result<impl Reply, ApiError> {
    // Validated first, so that an invalid name leaves the password unchanged.
    if let Some(display_name) = &body.display_name {
        identity::parse_display_name(display_name)?;
    }
    if let Some(change) = body.password {
        context.limits.password_changes.check(&access.user)?;
        let (current, new) = (SecretString::from(change.current.0), SecretString::from(change.new.0));
        context.identity.change_password(access, address, &current, &new).await.map_err(|error| match error {
            // Not a 401, which clients treat as the end of the session.
            IdentityError::WrongCredentials => {
                ApiError::from_reason(StatusCode::FORBIDDEN, Reason::WrongPassword, "The current password is wrong.")
            }
            other => other.into(),
        })?;
    }
    let user = match body.display_name {
        Some(display_name) => context.identity.rename(access.user, &display_name).await?,
        None => context.identity.user(access.user).await?.ok_or(IdentityError::Unauthenticated)?,
    };
    Ok(json(&User::from(user)))
}

async fn erase(context: SharedContext, access: AccessClaims, device_slot: DeviceSlot) -> Result<Response, ApiError> {
    erasure::erase(&context.identity, &context.rooms, access.user).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    // The refresh token in a cookie names its user.
    for (slot, _) in device_slot.tokens.iter().filter(|(_, token)| identity::is_refresh_token_of(token, access.user)) {
        response.headers_mut().extend(device_slot.cookies.clear(*slot).map(|cookie| (header::SET_COOKIE, cookie)));
    }
    Ok(response)
}

#[derive(Deserialize)]
struct PictureQuery {
    v: String,
}

/// Cached for ever, because the URL changes with the picture. Needs no login: `<img>` cannot send a token, and the URL
/// cannot be guessed.
async fn show_picture(id: String, query: PictureQuery, context: SharedContext) -> Result<Response, ApiError> {
    let unknown = || ApiError::not_found("There is no such picture.");
    let id: UserId = id.parse().map_err(|_| unknown())?;
    let stored = context.store.picture(id).await?;
    let stored = stored.filter(|stored| picture::version(&stored.hash) == query.v).ok_or_else(unknown)?;
    let mut response = Response::new(stored.bytes.into());
    let headers = response.headers_mut();
    let media_type = HeaderValue::try_from(stored.media_type).map_err(ApiError::internal)?;
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}

impl From<EraseError> for ApiError {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Rooms(error) => Self::unavailable(error),
            EraseError::Identity(error) => error.into(),
        }
    }
}

impl From<identity::User> for User {
    fn from(user: identity::User) -> Self {
        Self {
            id: user.id,
            kind: user.kind,
            display_name: user.display_name,
            username: user.username,
            picture: user.picture,
            spotify: user.spotify,
            operator: user.operator,
        }
    }
}
