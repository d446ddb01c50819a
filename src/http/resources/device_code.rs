//! `me/device-code`: the code that makes another device the caller's.

use http::StatusCode;
use tutti_protocol::http::DeviceCode;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::http::middleware::{authenticated, json, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::{AccessClaims, DEVICE_CODE_LIFETIME};

/// `POST`, `GET` and `DELETE` of `me/device-code`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let user_request = || with(context).and(authenticated(context));
    let make = warp::path!("me" / "device-code").and(warp::post()).and(user_request()).then(make).map(respond);
    let show = warp::path!("me" / "device-code").and(warp::get()).and(user_request()).then(show).map(respond);
    let cancel = warp::path!("me" / "device-code").and(warp::delete()).and(user_request()).then(cancel).map(respond);
    make.or(show).unify().or(cancel).unify().boxed()
}

async fn make(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.limits.device_codes_made.check(&access.user)?;
    let code = context.identity.make_device_code(access).await?;
    let body = DeviceCode { code: code.shown().into(), expires_in: DEVICE_CODE_LIFETIME.as_secs() };
    Ok(warp::reply::with_status(json(&body), StatusCode::CREATED))
}

async fn show(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    let status = context.identity.device_code_status(access).await?;
    status.map(|status| json(&status)).ok_or_else(|| ApiError::not_found("This session has no code."))
}

async fn cancel(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.identity.cancel_device_code(access).await?;
    Ok(StatusCode::NO_CONTENT)
}
