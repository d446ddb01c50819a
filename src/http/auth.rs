//! `auth/*`: coming in, staying in, going out.

use std::net::IpAddr;

use http::{HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::ErrorCode;
use tutti_protocol::http::{AuthResponse, GuestRequest, LoginRequest, RegisterRequest};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::cookie::Slot;
use super::middleware::{caller, client_address, json, json_body, respond, with};
use super::{ApiError, Services, SharedServices};
use crate::identity::{ACCESS_TOKEN_LIFETIME, Caller, IdentityError, Login};
use crate::store::StoreError;

/// All of `auth/`.
pub fn routes(services: &SharedServices) -> BoxedFilter<(Response,)> {
    let asked = || {
        let services = services.clone();
        with(&services).and(client_address(&services)).and(caller(&services))
    };
    let guest = warp::path!("guest").and(warp::post()).and(asked()).and(json_body()).then(guest).map(respond);
    let register = warp::path!("register").and(warp::post()).and(asked()).and(json_body()).then(register).map(respond);
    let login = warp::path!("login").and(warp::post()).and(asked()).and(json_body()).then(login).map(respond);
    let refresh =
        warp::path!("refresh").and(warp::post()).and(with(services)).and(caller(services)).then(refresh).map(respond);
    let logout =
        warp::path!("logout").and(warp::post()).and(with(services)).and(caller(services)).then(logout).map(respond);
    let all = guest.or(register).unify().or(login).unify().or(refresh).unify().or(logout).unify();
    warp::path("auth").and(all).boxed()
}

async fn guest(
    services: SharedServices,
    address: IpAddr,
    caller: Caller,
    body: GuestRequest,
) -> Result<Response, ApiError> {
    services.limits.guest(address)?;
    let login = services.identity.guest(&caller, &body.display_name).await?;
    Ok(welcome(&services, login))
}

async fn register(
    services: SharedServices,
    address: IpAddr,
    caller: Caller,
    body: RegisterRequest,
) -> Result<Response, ApiError> {
    let password = SecretString::from(body.password.0);
    services.limits.registration(address)?;
    let login = services.identity.register(&caller, &body.username, &password, &body.display_name).await?;
    Ok(welcome(&services, login))
}

async fn login(
    services: SharedServices,
    address: IpAddr,
    caller: Caller,
    body: LoginRequest,
) -> Result<Response, ApiError> {
    let password = SecretString::from(body.password.0);
    services.limits.login(&body.username, address)?;
    let login = services.identity.login(&caller, &body.username, &password).await?;
    Ok(welcome(&services, login))
}

/// On failure the cookie stays: another tab may have put a new one in its place while this request was on its way.
async fn refresh(services: SharedServices, caller: Caller) -> Result<Response, ApiError> {
    let token = caller.refresh_token.ok_or(IdentityError::Unauthenticated)?;
    let login = services.identity.refresh(&token).await?;
    Ok(welcome(&services, login))
}

async fn logout(services: SharedServices, caller: Caller) -> Result<Response, ApiError> {
    services.identity.logout(&caller).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, services.cookies.forget(Slot::FIRST));
    Ok(response)
}

fn welcome(services: &Services, login: Login) -> Response {
    let lifetime_ms = login.refresh_expires_at_ms - services.clock.now_ms();
    let cookie = services.cookies.keep(&login.refresh_token, lifetime_ms, Slot::FIRST);
    let body = AuthResponse {
        access_token: login.access_token.expose_secret().into(),
        expires_in: ACCESS_TOKEN_LIFETIME.as_secs(),
        user: login.user.into(),
        slot: 0,
    };
    let mut response = json(&body).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let conflict = |detail: &str| Self::new(StatusCode::CONFLICT, ErrorCode::Conflict, detail);
        match error {
            IdentityError::Invalid(detail) => Self::invalid(detail),
            IdentityError::WrongCredentials => Self::unauthenticated("Username or password is wrong."),
            IdentityError::Unauthenticated => Self::unauthenticated("Please log in again."),
            IdentityError::UsernameTaken => conflict("This username is taken."),
            IdentityError::AlreadyLoggedIn => conflict("You are logged in to an account already. Log out first."),
            IdentityError::Busy => Self::unavailable(error),
            IdentityError::Store(error) => error.into(),
            IdentityError::Internal(cause) => Self::internal(cause),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(_) | StoreError::Injected => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}
