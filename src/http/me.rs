//! `me`: the profile of whoever asks.

use tutti_protocol::http::{UpdateMeRequest, User};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::middleware::{authenticated, json, json_body, respond, with};
use super::{ApiError, SharedServices};
use crate::identity::{self, Access};

/// `GET` and `PATCH` of `me`.
pub fn routes(services: &SharedServices) -> BoxedFilter<(Response,)> {
    let show =
        warp::path!("me").and(warp::get()).and(with(services)).and(authenticated(services)).then(show).map(respond);
    let update = warp::path!("me")
        .and(warp::patch())
        .and(with(services))
        .and(authenticated(services))
        .and(json_body())
        .then(update)
        .map(respond);
    show.or(update).unify().boxed()
}

async fn show(services: SharedServices, access: Access) -> Result<impl Reply, ApiError> {
    let user = services.identity.user(access.user).await?;
    let user = user.ok_or_else(|| ApiError::unauthenticated("Please log in again."))?;
    Ok(json(&User::from(user)))
}

async fn update(services: SharedServices, access: Access, body: UpdateMeRequest) -> Result<impl Reply, ApiError> {
    let user = services.identity.rename(access.user, body.display_name.as_deref().unwrap_or_default()).await?;
    Ok(json(&User::from(user)))
}

impl From<identity::User> for User {
    fn from(user: identity::User) -> Self {
        Self {
            id: user.id,
            kind: user.kind,
            display_name: user.display_name,
            username: user.username,
            picture: None,
            spotify: false,
        }
    }
}
