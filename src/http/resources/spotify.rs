//! `auth/spotify/*`, which browsers navigate to, and `me/spotify`.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tutti_protocol::http::{PremiumEvidence, SpotifyEvidenceRequest, SpotifyOutcome, SpotifyPlayerEvent, SpotifyToken};
use tutti_protocol::{ErrorCode, ProviderId, Reason, reason_values};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::auth;
use crate::clock::{in_words, ms};
use crate::http::cookie::{Slot, SlotChoice};
use crate::http::middleware::{DeviceSlot, authenticated, client_address, device_slot, json, json_body, respond, with};
use crate::http::{ApiError, HttpContext, SharedContext};
use crate::identity::{AccessClaims, IdentityError};
use crate::providers::spotify::{
    AuthenticatedAccount, Callback, LOGIN_LIFETIME, NEEDS_PREMIUM, NOT_LISTED, Spotify, SpotifyError,
};

/// Login with Spotify, and the linked account.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let passing = || with(context).and(client_address(context)).and(device_slot(context));
    let start = warp::path!("auth" / "spotify" / "start")
        .and(warp::get())
        .and(passing())
        .and(warp::header::headers_cloned())
        .and(warp::query())
        .then(start)
        .map(respond);
    let callback = warp::path!("auth" / "spotify" / "callback")
        .and(warp::get())
        .and(passing())
        .and(warp::header::headers_cloned())
        .and(warp::query())
        .then(callback)
        .map(respond);
    let user_request = || with(context).and(authenticated(context));
    let show = warp::path!("me" / "spotify").and(warp::get()).and(user_request()).then(show).map(respond);
    let unlink = warp::path!("me" / "spotify").and(warp::delete()).and(user_request()).then(unlink).map(respond);
    let check = warp::path!("me" / "spotify" / "check").and(warp::post()).and(user_request()).then(check).map(respond);
    let evidence = warp::path!("me" / "spotify" / "evidence")
        .and(warp::post())
        .and(user_request())
        .and(json_body())
        .then(evidence)
        .map(respond);
    let token = warp::path!("me" / "spotify" / "token").and(warp::post()).and(user_request()).then(token).map(respond);
    let login = start.or(callback).unify();
    let link = show.or(unlink).unify().or(check).unify().or(evidence).unify().or(token).unify();
    login.or(link).unify().boxed()
}

#[derive(Deserialize)]
struct StartQuery {
    #[serde(default)]
    return_to: String,
    #[serde(default)]
    slot: Option<String>,
}

/// Redirects the browser to Spotify's login page. Rejects navigations that another site started.
async fn start(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
    headers: HeaderMap,
    query: StartQuery,
) -> Result<Response, ApiError> {
    let spotify = available(&context)?;
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(ApiError::forbidden("This page is not allowed to start a login."));
    }
    let choice = query.slot.as_deref().map_or(Some(SlotChoice::At(Slot::FIRST)), SlotChoice::parse);
    let slot = match choice.ok_or_else(|| ApiError::invalid("There is no such slot."))? {
        SlotChoice::At(slot) => Some(slot.number()),
        SlotChoice::New => None,
    };
    if context.limits.spotify_logins.check(address).is_err() {
        return see_other(&back(spotify.home(), SpotifyOutcome::Busy, None), None);
    }
    let started = spotify.begin(device_slot.cookies.read_login(&headers), slot, &query.return_to).await?;
    let cookie = device_slot.cookies.store_login(&started.browser, ms(LOGIN_LIFETIME));
    see_other(&started.url, Some(cookie))
}

#[derive(Deserialize)]
struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

impl From<CallbackQuery> for Callback {
    fn from(query: CallbackQuery) -> Self {
        Self {
            state: query.state.map(Into::into),
            code: query.code.map(Into::into),
            error: query.error,
            iss: query.iss,
        }
    }
}

/// Handles the redirect back from Spotify. Every outcome redirects to a page of ours that states it.
async fn callback(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
    headers: HeaderMap,
    query: CallbackQuery,
) -> Result<Response, ApiError> {
    let spotify = available(&context)?;
    if context.limits.spotify_logins.check(address).is_err() {
        return see_other(&back(spotify.home(), SpotifyOutcome::Busy, None), None);
    }
    let finished = match spotify.finish(query.into(), device_slot.cookies.read_login(&headers).as_ref()).await {
        Ok(finished) => finished,
        Err(error) => {
            tracing::error!(%error, "login with Spotify failed");
            return see_other(&back("/", SpotifyOutcome::Failed, None), None);
        }
    };
    let choice = finished.slot.and_then(Slot::new).map_or(SlotChoice::New, SlotChoice::At);
    let result = match finished.result {
        Ok(account) => log_in(&context, spotify, device_slot.in_slot(choice), account).await,
        Err(outcome) => Err(outcome),
    };
    match result {
        Ok((slot, cookie)) => see_other(&back(&finished.return_to, SpotifyOutcome::Done, Some(slot)), Some(cookie)),
        Err(outcome) => see_other(&back(&finished.return_to, outcome, None), None),
    }
}

/// Logs in the user who authenticated with Spotify; returns the slot and its cookie.
async fn log_in(
    context: &HttpContext,
    spotify: &Spotify,
    device_slot: DeviceSlot,
    account: AuthenticatedAccount,
) -> Result<(Slot, HeaderValue), SpotifyOutcome> {
    let slot = device_slot.slot(context).await.map_err(|error| match error.code() {
        ErrorCode::LimitReached => SpotifyOutcome::Full,
        _ => SpotifyOutcome::Failed,
    })?;
    let may_register = may_register(context, &device_slot).await.map_err(|error| {
        tracing::error!(%error, "login with a Spotify account failed");
        SpotifyOutcome::Failed
    })?;
    let new_link = |user| spotify.new_link(&account, user);
    let result = context
        .identity
        .log_in_with_linked_account(
            &device_slot.caller,
            &account.account_ids(),
            &account.display_name(),
            may_register,
            new_link,
        )
        .await;
    let mut login = result.map_err(|error| match error {
        IdentityError::LinkedElsewhere => SpotifyOutcome::Taken,
        IdentityError::RegistrationRefused | IdentityError::Banned => SpotifyOutcome::Refused,
        error => {
            tracing::error!(%error, "login with a Spotify account failed");
            SpotifyOutcome::Failed
        }
    })?;
    if let Some(picture) = spotify.picture(&account).await {
        match context.identity.set_picture(login.user.id, &picture).await {
            Ok(user) => login.user = user,
            Err(error) => tracing::error!(%error, "profile picture not stored"),
        }
    }
    let cookie = auth::complete_login(context, &device_slot.cookies, &login, slot).await;
    Ok((slot, cookie))
}

/// Whether a login may create an account: not by invitation, which Spotify does not pass on, and not on a device of a user
/// who is banned.
async fn may_register(context: &HttpContext, device_slot: &DeviceSlot) -> Result<bool, IdentityError> {
    let banned = context.identity.names_banned(device_slot.tokens.iter().map(|(_, token)| token)).await?;
    Ok(!banned && context.operators.registers_everyone().await?)
}

async fn show(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    Ok(json(&available(&context)?.status(access.user).await?))
}

async fn unlink(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    // Before the link is removed, so that the device can be paused.
    available(&context)?.unfollow(access.user, None).await;
    context.identity.unlink(access.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn check(context: SharedContext, access: AccessClaims) -> Result<impl Reply, ApiError> {
    context.limits.spotify_requests.check(&access.user)?;
    let spotify = available(&context)?;
    match spotify.check(access.user).await {
        // Not an error: the status says that the link has expired.
        Err(SpotifyError::NeedsLogin) => Ok(json(&spotify.status(access.user).await?)),
        answer => Ok(json(&answer?)),
    }
}

async fn evidence(
    context: SharedContext,
    access: AccessClaims,
    body: SpotifyEvidenceRequest,
) -> Result<impl Reply, ApiError> {
    context.limits.spotify_requests.check(&access.user)?;
    let has_premium = body.event == SpotifyPlayerEvent::Ready;
    let status =
        available(&context)?.record_premium_evidence(access.user, PremiumEvidence::Player, has_premium).await?;
    Ok(json(&status))
}

async fn token(context: SharedContext, access: AccessClaims) -> Result<Response, ApiError> {
    context.limits.spotify_requests.check(&access.user)?;
    let token: SpotifyToken = available(&context)?.player_token(access.user).await?;
    let mut response = json(&token).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) fn available(context: &HttpContext) -> Result<&Spotify, ApiError> {
    context.spotify.as_ref().ok_or_else(|| ApiError::not_found("Spotify is not set up on this server."))
}

/// The page that a login leads back to, with its outcome in the query.
fn back(return_to: &str, outcome: SpotifyOutcome, slot: Option<Slot>) -> String {
    let (path, query) = return_to.split_once('?').unwrap_or((return_to, ""));
    let (query, fragment) = query.split_once('#').unwrap_or((query, ""));
    let (path, fragment) = path.split_once('#').unwrap_or((path, fragment));
    let ours = |pair: &&str| !pair.is_empty() && !pair.starts_with("spotify=") && !pair.starts_with("slot=");
    let mut pairs: Vec<String> = query.split('&').filter(ours).map(str::to_owned).collect();
    pairs.push(format!("spotify={}", outcome.as_str()));
    pairs.extend(slot.map(|slot| format!("slot={slot}")));
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    format!("{path}?{}{fragment}", pairs.join("&"))
}

/// A redirect that is neither cached nor sent as a `Referer`.
fn see_other(location: &str, cookie: Option<HeaderValue>) -> Result<Response, ApiError> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::try_from(location).map_err(ApiError::internal)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

impl From<SpotifyError> for ApiError {
    fn from(error: SpotifyError) -> Self {
        let reason = match &error {
            SpotifyError::NotLinked => Some(Reason::NoLinkedAccount),
            SpotifyError::NeedsLogin => Some(Reason::ProviderLoginNeeded),
            SpotifyError::NotPremium => Some(Reason::SubscriptionNeeded),
            SpotifyError::NotListed => Some(Reason::ProviderAccountNotAllowed),
            SpotifyError::TooMany { .. } => Some(Reason::ProviderBusy),
            SpotifyError::InvalidRequest => Some(Reason::BadSearch),
            SpotifyError::Unplayable => Some(Reason::TrackUnplayable),
            SpotifyError::DeviceNotFound => Some(Reason::ProviderDeviceNotFound),
            SpotifyError::AccountInUse => Some(Reason::ProviderAccountInUse),
            SpotifyError::Unavailable(_) => Some(Reason::ProviderUnavailable),
            SpotifyError::Store(_) => None,
        };
        let problem = problem_of(error);
        let values = || reason_values([("provider", ProviderId::SPOTIFY.as_str().into())]);
        match reason {
            Some(reason) => problem.with_reason(reason, values()),
            None => problem,
        }
    }
}

fn problem_of(error: SpotifyError) -> ApiError {
    match error {
        SpotifyError::NotLinked => ApiError::not_found("No Spotify account is linked."),
        SpotifyError::NeedsLogin => {
            let detail = "Spotify needs you to log in there again. Everything else works.";
            ApiError::new(StatusCode::CONFLICT, ErrorCode::NeedsLogin, detail)
        }
        SpotifyError::NotPremium => ApiError::new(StatusCode::FORBIDDEN, ErrorCode::PremiumRequired, NEEDS_PREMIUM),
        SpotifyError::NotListed => ApiError::forbidden(NOT_LISTED),
        SpotifyError::TooMany { retry_after, .. } => {
            let detail = format!(
                "Spotify accepts no more requests from this server for {}. Everything else works.",
                in_words(retry_after)
            );
            ApiError::rate_limited(retry_after).with_detail(detail)
        }
        SpotifyError::InvalidRequest => ApiError::invalid("Spotify does not support this request."),
        SpotifyError::Unplayable => ApiError::invalid("Spotify does not offer this track where you are."),
        SpotifyError::DeviceNotFound => {
            ApiError::not_found("Spotify does not see this device now. Open Spotify on it, then try again.")
        }
        SpotifyError::AccountInUse => {
            let detail = "Your Spotify account is used for something else right now.";
            ApiError::new(StatusCode::CONFLICT, ErrorCode::Conflict, detail)
        }
        SpotifyError::Unavailable(cause) => {
            ApiError::unavailable(cause).with_detail("Spotify cannot be reached at the moment. Everything else works.")
        }
        SpotifyError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_replaces_an_older_one_in_the_query() {
        let done = |return_to| back(return_to, SpotifyOutcome::Done, Slot::new(2));
        assert_eq!(done("/"), "/?spotify=done&slot=2");
        assert_eq!(done("/r/K0LT1X?tab=queue"), "/r/K0LT1X?tab=queue&spotify=done&slot=2");
        assert_eq!(done("/me?spotify=denied&slot=1&a=b#part"), "/me?a=b&spotify=done&slot=2#part");
        assert_eq!(done("/me#part"), "/me?spotify=done&slot=2#part");
        assert_eq!(back("/me", SpotifyOutcome::Denied, None), "/me?spotify=denied");
    }
}
