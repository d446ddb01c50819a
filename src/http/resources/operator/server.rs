//! `operator/report`, `operator/library/scan`, `operator/switches`, `operator/invitations` and `operator/log`.

use http::StatusCode;
use serde::Deserialize;
use tutti_protocol::UserId;
use tutti_protocol::http::{
    ActList, ActRecord, LibraryReport, NamedPerson, ServerReport, SwitchesChange, SwitchesStatus,
};
use uuid::Uuid;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::{cursor, one_time_link};
use crate::http::middleware::{json, json_body, operating, respond, with};
use crate::http::{ApiError, HttpContext, SharedContext};
use crate::identity::AccessClaims;
use crate::operator::LoggedAct;

/// All of them.
pub(super) fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let request = || with(context).and(operating(context));
    let report = warp::path!("report").and(warp::get()).and(request()).then(report).map(respond);
    let scan = warp::path!("library" / "scan").and(warp::post()).and(request()).then(scan).map(respond);
    let switches = warp::path!("switches").and(warp::get()).and(request()).then(switches).map(respond);
    let set =
        warp::path!("switches").and(warp::patch()).and(request()).and(json_body()).then(set_switches).map(respond);
    let invite = warp::path!("invitations").and(warp::post()).and(request()).then(invite).map(respond);
    let withdraw = warp::path!("invitations").and(warp::delete()).and(request()).then(withdraw).map(respond);
    let log = warp::path!("log").and(warp::get()).and(request()).and(warp::query()).then(log).map(respond);
    let door = switches.or(set).unify().or(invite).unify().or(withdraw).unify();
    report.or(scan).unify().or(door).unify().or(log).unify().boxed()
}

async fn report(context: SharedContext, _access: AccessClaims) -> Result<impl Reply, ApiError> {
    let counts = context.operators.counts().await?;
    let (cache_bytes, cache_bytes_max) = context.preparer.cached_bytes();
    let scanned = context.library.scan_state();
    let library = LibraryReport {
        tracks: scanned.last.tracks,
        unreadable: scanned.last.unreadable,
        unreadable_files: context.library.unreadable_files(),
        unplayable: scanned.last.unplayable,
        missing: scanned.last.missing,
        scanned_at_ms: (scanned.scans > 0).then_some(scanned.ended_at_ms),
    };
    Ok(json(&ServerReport {
        version: env!("CARGO_PKG_VERSION").into(),
        database: counts.database.into(),
        database_bytes: counts.database_bytes,
        cache_bytes,
        cache_bytes_max,
        free_bytes: free_bytes(&context).await,
        accounts: counts.users.accounts,
        guests: counts.users.guests,
        banned: counts.users.banned,
        rooms: counts.rooms,
        connections: context.connection.hub.len() as u64,
        library,
    }))
}

async fn scan(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.operators.record_rescan(access.user).await?;
    context.library.request_scan().await.map_err(ApiError::unavailable)?;
    Ok(StatusCode::ACCEPTED)
}

async fn switches(context: SharedContext, _access: AccessClaims) -> Result<impl Reply, ApiError> {
    Ok(json(&status(&context).await?))
}

async fn set_switches(
    context: SharedContext,
    access: AccessClaims,
    change: SwitchesChange,
) -> Result<impl Reply, ApiError> {
    context.operators.set_switches(access.user, &change).await?;
    Ok(json(&status(&context).await?))
}

async fn invite(context: SharedContext, access: AccessClaims) -> Result<Response, ApiError> {
    let (token, expires_at_ms) = context.operators.invite(access.user).await?;
    Ok(one_time_link(&token, expires_at_ms))
}

async fn withdraw(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.operators.withdraw_invitations(access.user).await?;
    Ok(json(&status(&context).await?))
}

async fn status(context: &HttpContext) -> Result<SwitchesStatus, ApiError> {
    let switches = context.operators.switches().await?;
    Ok(SwitchesStatus { switches, invitations_open: context.operators.open_invitations().await? })
}

#[derive(Deserialize)]
struct LogQuery {
    cursor: Option<String>,
}

async fn log(context: SharedContext, _access: AccessClaims, query: LogQuery) -> Result<impl Reply, ApiError> {
    let page = context.operators.log(cursor::<Uuid>(query.cursor.as_deref())?).await?;
    let acts = page.entries.into_iter().filter_map(record).collect();
    Ok(json(&ActList { acts, next_cursor: page.next.map(|act| act.to_string()) }))
}

/// `None` for an act of a newer version, which has no name here.
fn record(logged: LoggedAct) -> Option<ActRecord> {
    let LoggedAct { act, actor_name, subject_name } = logged;
    let named = |user: Option<UserId>, name| user.map(|id| NamedPerson { id, name });
    Some(ActRecord {
        at_ms: act.at_ms,
        act: act.act?.as_str().into(),
        by: named(act.actor, actor_name),
        person: named(act.subject, subject_name),
        room: act.room,
        value: act.value,
    })
}

/// Free space of the data directory's disk.
async fn free_bytes(context: &HttpContext) -> Option<u64> {
    let folder = context.config.storage.data_dir.clone();
    // A disk that hangs must not hold up other requests.
    let found = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&folder)).await;
    found.ok()?.ok().map(|facts| facts.f_bavail.saturating_mul(facts.f_frsize))
}
