//! `operator/*`: what operators see and do. Everyone else gets 403, and 401 without a login.

use http::{HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::http::{ClaimRequest, OneTimeLink};
use tutti_protocol::{ErrorCode, Reason};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::rooms::{no_such_room, refused};
use crate::http::middleware::{authenticated, client_address, json, json_body, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;
use crate::operator::OperatorError;
use crate::room::OpenError;

mod people;
mod rooms;
mod server;

/// `operator/*`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let claim = warp::path!("claim")
        .and(warp::post())
        .and(with(context))
        .and(client_address(context))
        .and(authenticated(context))
        .and(json_body())
        .then(claim)
        .map(respond);
    let resources = people::routes(context).or(rooms::routes(context)).unify().or(server::routes(context)).unify();
    warp::path("operator").and(claim.or(resources).unify()).boxed()
}

/// Open to every account: the token of the link makes the first operator.
async fn claim(
    context: SharedContext,
    address: std::net::IpAddr,
    access: AccessClaims,
    body: ClaimRequest,
) -> Result<impl Reply, ApiError> {
    context.limits.device_codes.check(address)?;
    context.operators.claim(access.user, &body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The secret of a link, which no cache keeps.
fn one_time_link(token: &SecretString, expires_at_ms: i64) -> Response {
    let body = OneTimeLink { token: token.expose_secret().into(), expires_at_ms };
    let mut response = warp::reply::with_status(json(&body), StatusCode::CREATED).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A cursor as the previous page named it.
fn cursor<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, ApiError> {
    let bad = |_| ApiError::invalid("This is no cursor of an earlier page.");
    cursor.map(str::parse).transpose().map_err(bad)
}

impl From<OperatorError> for ApiError {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::Refused(reason, detail) => {
                let status = match (reason, reason.code()) {
                    (Reason::LinkVoid | Reason::InvitationVoid, _) => StatusCode::GONE,
                    (_, ErrorCode::NotFound) => StatusCode::NOT_FOUND,
                    (_, ErrorCode::Conflict) => StatusCode::CONFLICT,
                    _ => StatusCode::FORBIDDEN,
                };
                Self::from_reason(status, reason, detail)
            }
            OperatorError::Erase(error) => error.into(),
            OperatorError::Identity(error) => error.into(),
            OperatorError::Room(error) => refused(error),
            OperatorError::Open(OpenError::Store(error)) | OperatorError::Store(error) => error.into(),
            OperatorError::Open(OpenError::Closed | OpenError::NotFound) => no_such_room(),
        }
    }
}
