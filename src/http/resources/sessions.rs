//! `me/sessions`: the caller's sessions.

use http::StatusCode;
use tutti_protocol::SessionId;
use tutti_protocol::http::{SessionList, SessionSummary};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::http::middleware::{authenticated, json, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;
use crate::store::StoredSession;

/// `me/sessions` and `me/sessions/{id}`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let user_request = || with(context).and(authenticated(context));
    let list = warp::path!("me" / "sessions").and(warp::get()).and(user_request()).then(list).map(respond);
    let end_others =
        warp::path!("me" / "sessions").and(warp::delete()).and(user_request()).then(end_others).map(respond);
    let end = warp::path!("me" / "sessions" / String).and(warp::delete()).and(user_request()).then(end).map(respond);
    list.or(end_others).unify().or(end).unify().boxed()
}

async fn list(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    let sessions = context.identity.sessions(access.user).await?;
    let summary = |session: StoredSession| SessionSummary {
        id: session.id,
        current: session.id == access.session,
        user_agent: session.user_agent,
        created_at_ms: session.created_at_ms,
        last_used_at_ms: session.last_used_at_ms,
    };
    Ok(json(&SessionList { sessions: sessions.into_iter().map(summary).collect() }))
}

async fn end_others(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.identity.revoke_other_sessions(access).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another user's session and an unknown one get the same response.
async fn end(id: String, context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    let unknown = || ApiError::not_found("You have no such session.");
    let id: SessionId = id.parse().map_err(|_| unknown())?;
    if context.identity.revoke_session(access.user, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}
