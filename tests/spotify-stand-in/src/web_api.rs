//! `/v1`: whose token it is, what is wrong today, and which resource is meant.
//!
//! The order is that of the real thing, from the outside in: limits, tokens, the app's list of users, scopes.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, HeaderName, RETRY_AFTER,
};
use http::{Method, StatusCode};

use crate::api_error::ApiError;
use crate::exchange::{Answer, Ask};
use crate::grants::{Grant, NoAccess};
use crate::people::Person;
use crate::switches::{LimitKind, take_one};
use crate::world::World;
use crate::{commands, me, tracks};

/// Who asks, and what they may.
pub(crate) struct Caller {
    pub(crate) person: Person,
    scopes: Vec<String>,
}

impl Caller {
    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// The market that `market` means for them: theirs, unless it names another.
    pub(crate) fn market(&self, market: Option<&str>) -> Result<String, ApiError> {
        match market {
            None | Some("from_token") => Ok(self.person.country.clone()),
            Some(code) if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(code.to_owned()),
            Some(_) => Err(ApiError::invalid("Invalid market code")),
        }
    }
}

/// Answers, and says whom it was about.
pub(crate) fn answer(world: &mut World, ask: &Ask, path: &[&str]) -> Answer {
    if ask.method == Method::OPTIONS {
        return preflight();
    }
    let token = ask.authorization().and_then(|value| value.strip_prefix("Bearer "));
    world.seen.secret(token.unwrap_or_default());
    let access = token.map(|token| world.grants.access(token, world.clock.now_ms()).cloned());
    let about = access.as_ref().and_then(|access| access.as_ref().ok()).map(|grant| grant.person.clone());
    let answer = match limited(world) {
        Some(answer) => answer,
        None => caller(world, ask, access)
            .and_then(|caller| resource(world, ask, path, &caller))
            .unwrap_or_else(Answer::from),
    };
    // As the real one: pages may call it.
    let answer = answer.with(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if let Some(person) = about { answer.about(&person) } else { answer }
}

/// Refusals that have nothing to do with who asks for what.
fn limited(world: &mut World) -> Option<Answer> {
    if take_one(&mut world.switches.too_many_requests) {
        let seconds = world.switches.retry_after_seconds.to_string();
        let error = match world.switches.limit_kind {
            LimitKind::Rate => ApiError::new(StatusCode::TOO_MANY_REQUESTS, "API rate limit exceeded"),
            LimitKind::QuotaExceeded => {
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, "The app's quota is exceeded").because("QUOTA_EXCEEDED")
            }
        };
        return Some(Answer::from(error).with(RETRY_AFTER, &seconds));
    }
    let is_false = take_one(&mut world.switches.false_unauthorized);
    is_false.then(|| ApiError::unauthorized(NoAccess::Expired.to_string()).into())
}

fn caller(world: &World, ask: &Ask, access: Option<Result<Grant, NoAccess>>) -> Result<Caller, ApiError> {
    let grant = match access {
        None if ask.authorization().is_none() => return Err(ApiError::unauthorized("No token provided")),
        None => return Err(ApiError::invalid("Only valid bearer authentication supported")),
        Some(access) => access.map_err(|no_access| ApiError::unauthorized(no_access.to_string()))?,
    };
    let person = world.people.get(grant.person.as_str()).cloned();
    let person = person.ok_or_else(|| ApiError::unauthorized(NoAccess::Unknown.to_string()))?;
    Ok(Caller { person, scopes: grant.scopes })
}

fn resource(world: &mut World, ask: &Ask, path: &[&str], caller: &Caller) -> Result<Answer, ApiError> {
    if !caller.person.registered {
        let sentence = "Check settings on developer.spotify.com/dashboard, the user may not be registered.";
        return Ok(Answer::text(StatusCode::FORBIDDEN, sentence));
    }
    match (&ask.method, path) {
        (_, ["me", "player", path @ ..]) => commands::answer(world, ask, path, caller),
        (&Method::GET, ["me"]) => Ok(me::answer(world, caller)),
        (&Method::GET, ["search"]) => tracks::search(world, ask, caller),
        (&Method::GET, ["tracks", id]) => tracks::one(world, ask, id, caller),
        // Reading many at once is gone from development mode.
        (&Method::GET, ["tracks"]) => Err(ApiError::new(StatusCode::FORBIDDEN, "Forbidden")),
        _ => Err(ApiError::no_such_service()),
    }
}

/// What a browser asks before a page may call.
pub(crate) fn preflight() -> Answer {
    const ALLOWED: [(HeaderName, &str); 3] = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
    ];
    ALLOWED.into_iter().fold(Answer::empty(StatusCode::NO_CONTENT), |answer, (name, value)| answer.with(name, value))
}
