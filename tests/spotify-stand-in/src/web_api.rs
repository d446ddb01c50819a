//! `/v1`: authentication, injected faults, and routing of the Web API.
//!
//! Checks run in the order of the real API: limits, tokens, the app's list of users, scopes.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, HeaderName, RETRY_AFTER,
};
use http::{Method, StatusCode};

use crate::api_error::ApiError;
use crate::grants::{AccessTokenError, Grant};
use crate::http_message::{HttpRequest, HttpResponse};
use crate::people::Person;
use crate::switches::{LimitKind, decrement};
use crate::world::World;
use crate::{commands, me, tracks};

/// The authenticated person and the granted scopes.
pub(crate) struct Caller {
    pub(crate) person: Person,
    scopes: Vec<String>,
}

impl Caller {
    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// The market of a request: the account's, unless `market` names another.
    pub(crate) fn market(&self, market: Option<&str>) -> Result<String, ApiError> {
        match market {
            None | Some("from_token") => Ok(self.person.country.clone()),
            Some(code) if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(code.to_owned()),
            Some(_) => Err(ApiError::invalid("Invalid market code")),
        }
    }
}

/// Handles a request and records its person.
pub(crate) fn respond(world: &mut World, req: &HttpRequest, path: &[&str]) -> HttpResponse {
    if req.method == Method::OPTIONS {
        return preflight();
    }
    let token = req.authorization().and_then(|value| value.strip_prefix("Bearer "));
    world.recorder.secret(token.unwrap_or_default());
    let access = token.map(|token| world.grants.access(token, world.clock.now_ms()).cloned());
    let about = access.as_ref().and_then(|access| access.as_ref().ok()).map(|grant| grant.person.clone());
    let response = match limited(world) {
        Some(response) => response,
        None => caller(world, req, access)
            .and_then(|caller| resource(world, req, path, &caller))
            .unwrap_or_else(HttpResponse::from),
    };
    // Like the real API, callable from web pages.
    let response = response.with(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if let Some(person) = about { response.about(&person) } else { response }
}

/// Injected faults, independent of the request.
fn limited(world: &mut World) -> Option<HttpResponse> {
    if decrement(&mut world.switches.too_many_requests) {
        let seconds = world.switches.retry_after_seconds.to_string();
        let error = match world.switches.limit_kind {
            LimitKind::Rate => ApiError::new(StatusCode::TOO_MANY_REQUESTS, "API rate limit exceeded"),
            LimitKind::QuotaExceeded => {
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, "The app's quota is exceeded").because("QUOTA_EXCEEDED")
            }
        };
        return Some(HttpResponse::from(error).with(RETRY_AFTER, &seconds));
    }
    let is_false = decrement(&mut world.switches.false_unauthorized);
    is_false.then(|| ApiError::unauthorized(AccessTokenError::Expired.to_string()).into())
}

fn caller(
    world: &World,
    req: &HttpRequest,
    access: Option<Result<Grant, AccessTokenError>>,
) -> Result<Caller, ApiError> {
    let grant = match access {
        None if req.authorization().is_none() => return Err(ApiError::unauthorized("No token provided")),
        None => return Err(ApiError::invalid("Only valid bearer authentication supported")),
        Some(access) => access.map_err(|error| ApiError::unauthorized(error.to_string()))?,
    };
    let person = world.people.get(grant.person.as_str()).cloned();
    let person = person.ok_or_else(|| ApiError::unauthorized(AccessTokenError::Unknown.to_string()))?;
    Ok(Caller { person, scopes: grant.scopes })
}

fn resource(world: &mut World, req: &HttpRequest, path: &[&str], caller: &Caller) -> Result<HttpResponse, ApiError> {
    if !caller.person.registered {
        let sentence = "Check settings on developer.spotify.com/dashboard, the user may not be registered.";
        return Ok(HttpResponse::text(StatusCode::FORBIDDEN, sentence));
    }
    match (&req.method, path) {
        (_, ["me", "player", path @ ..]) => commands::respond(world, req, path, caller),
        (&Method::GET, ["me"]) => Ok(me::respond(world, caller)),
        (&Method::GET, ["search"]) => tracks::search(world, req, caller),
        (&Method::GET, ["tracks", id]) => tracks::one(world, req, id, caller),
        // Development mode has no batch reads.
        (&Method::GET, ["tracks"]) => Err(ApiError::new(StatusCode::FORBIDDEN, "Forbidden")),
        _ => Err(ApiError::no_such_service()),
    }
}

/// The response to a CORS preflight request.
pub(crate) fn preflight() -> HttpResponse {
    const ALLOWED: [(HeaderName, &str); 3] = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
    ];
    ALLOWED
        .into_iter()
        .fold(HttpResponse::empty(StatusCode::NO_CONTENT), |response, (name, value)| response.with(name, value))
}
