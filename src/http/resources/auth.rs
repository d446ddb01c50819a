//! `auth/*`: guests, registration, login, also by a code of another device or a link to choose a password, refresh and
//! logout.

use std::net::IpAddr;

use http::{HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tutti_protocol::http::{
    AuthResponse, DeviceLoginRequest, GuestRequest, LoginRequest, NewPasswordRequest, RegisterRequest,
};
use tutti_protocol::{Reason, UserId};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::http::cookie::{Cookies, Slot, SlotChoice};
use crate::http::middleware::{DeviceSlot, client_address, device_slot, json, json_body, respond, with};
use crate::http::{ApiError, HttpContext, SharedContext};
use crate::identity::{ACCESS_TOKEN_LIFETIME, DeviceCodeError, IdentityError, Login};
use crate::store::StoreError;

/// The routes of `auth/`, without `auth/spotify`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let device_request = || with(context).and(client_address(context)).and(device_slot(context));
    let guest = warp::path!("guest").and(warp::post()).and(device_request()).and(json_body()).then(guest).map(respond);
    let register =
        warp::path!("register").and(warp::post()).and(device_request()).and(json_body()).then(register).map(respond);
    let login = warp::path!("login").and(warp::post()).and(device_request()).and(json_body()).then(login).map(respond);
    let device =
        warp::path!("device").and(warp::post()).and(device_request()).and(json_body()).then(device).map(respond);
    let password =
        warp::path!("password").and(warp::post()).and(device_request()).and(json_body()).then(password).map(respond);
    let refresh = warp::path!("refresh").and(warp::post()).and(device_request()).then(refresh).map(respond);
    let logout = warp::path!("logout")
        .and(warp::post())
        .and(with(context))
        .and(device_slot(context))
        .and(warp::query())
        .then(logout)
        .map(respond);
    let logins = guest.or(register).unify().or(login).unify().or(device).unify().or(password).unify();
    warp::path("auth").and(logins.or(refresh).unify().or(logout).unify()).boxed()
}

async fn guest(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
    body: GuestRequest,
) -> Result<Response, ApiError> {
    context.limits.guests.check(address)?;
    refuse_banned(&context, &device_slot).await?;
    if context.identity.current_user(&device_slot.caller).await?.is_none() {
        context.operators.admit_guest().await?;
    }
    let slot = device_slot.slot(&context).await?;
    let login = context.identity.guest(&device_slot.caller, &body.display_name).await?;
    log_arrival(&context, login.user.id, address, "guest logged in");
    Ok(login_response(&context, &device_slot.cookies, login, slot).await)
}

async fn register(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
    body: RegisterRequest,
) -> Result<Response, ApiError> {
    context.limits.registrations.check(address)?;
    let slot = device_slot.slot(&context).await?;
    refuse_banned(&context, &device_slot).await?;
    let (operators, caller) = (context.operators.clone(), device_slot.caller.clone());
    // A client that hangs up ends its request, but not this: its invitation would be lost.
    let registering = context.connection.tasks.spawn(async move { operators.register(&caller, body).await });
    let login = registering.await.map_err(ApiError::internal)??;
    log_arrival(&context, login.user.id, address, "account registered");
    Ok(login_response(&context, &device_slot.cookies, login, slot).await)
}

async fn login(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
    body: LoginRequest,
) -> Result<Response, ApiError> {
    let password = SecretString::from(body.password.0);
    context.limits.check_login(&body.username, address)?;
    let slot = device_slot.slot(&context).await?;
    let login = context.identity.login(&device_slot.caller, &body.username, &password).await?;
    log_arrival(&context, login.user.id, address, "account logged in");
    Ok(login_response(&context, &device_slot.cookies, login, slot).await)
}

/// The session takes the slot of the same user, or a free one; the slot that the request names does not matter.
async fn device(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
    body: DeviceLoginRequest,
) -> Result<Response, ApiError> {
    context.limits.device_codes.check(address)?;
    let code = context.identity.check_device_code(&body.code).await?;
    let device_slot = device_slot.in_slot_of(&context, code.user()).await?;
    let slot = device_slot.slot(&context).await?;
    let login = context.identity.log_in_with_device_code(&device_slot.caller, code).await?;
    log_arrival(&context, login.user.id, address, "device logged in by code");
    Ok(login_response(&context, &device_slot.cookies, login, slot).await)
}

/// Chooses a new password by a link. The session takes the slot of the same user, or a free one.
async fn password(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
    body: NewPasswordRequest,
) -> Result<Response, ApiError> {
    let (token, password) = (SecretString::from(body.token.0), SecretString::from(body.password.0));
    context.limits.device_codes.check(address)?;
    let slot = device_slot.slot(&context).await?;
    let login = context.identity.choose_password(&device_slot.caller, &token, &password).await?;
    context.operators.record_password_reset(login.user.id).await;
    log_arrival(&context, login.user.id, address, "password chosen by a link");
    Ok(login_response(&context, &device_slot.cookies, login, slot).await)
}

/// Refuses to make a new identity on a device on which a user is logged in, or was, who is banned from the server.
async fn refuse_banned(context: &HttpContext, device_slot: &DeviceSlot) -> Result<(), ApiError> {
    if context.identity.names_banned(device_slot.tokens.iter().map(|(_, token)| token)).await? {
        return Err(IdentityError::Banned.into());
    }
    Ok(())
}

fn log_arrival(context: &HttpContext, user: UserId, address: IpAddr, what: &str) {
    context.arrivals.log(|suppressed| tracing::info!(%user, %address, suppressed, "{what}"));
}

/// Keeps the cookie on failure: another tab may have replaced it in the meantime.
pub(super) async fn refresh(
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
) -> Result<Response, ApiError> {
    context.limits.refreshes.check(address)?;
    let SlotChoice::At(slot) = device_slot.choice else {
        return Err(ApiError::invalid("This request needs a slot number."));
    };
    let token = device_slot.caller.refresh_token.ok_or(IdentityError::Unauthenticated)?;
    let login = match context.identity.refresh(&token).await {
        Err(IdentityError::Banned) => Err(banned_session()),
        // A ban has ended the session.
        Err(IdentityError::Unauthenticated) if context.identity.names_banned([&token].into_iter()).await? => {
            Err(banned_session())
        }
        refreshed => refreshed.map_err(ApiError::from),
    }?;
    Ok(login_response(&context, &device_slot.cookies, login, slot).await)
}

/// 401, which says to every client that the session is over.
fn banned_session() -> ApiError {
    let detail = "You have been banned from this server.";
    ApiError::from_reason(StatusCode::UNAUTHORIZED, Reason::BannedFromServer, detail)
}

#[derive(Deserialize)]
struct LogoutQuery {
    /// Ends the sessions on all devices.
    #[serde(default)]
    everywhere: bool,
}

async fn logout(context: SharedContext, device_slot: DeviceSlot, query: LogoutQuery) -> Result<Response, ApiError> {
    if query.everywhere {
        let user = context.identity.current_user(&device_slot.caller).await?.ok_or(IdentityError::Unauthenticated)?;
        context.identity.revoke_all_sessions(user).await?;
    }
    end_session(&context, &device_slot).await
}

/// Ends the session in the slot and deletes its cookie.
pub(super) async fn end_session(context: &HttpContext, device_slot: &DeviceSlot) -> Result<Response, ApiError> {
    let SlotChoice::At(slot) = device_slot.choice else {
        return Err(ApiError::invalid("This request needs a slot number."));
    };
    context.identity.logout(&device_slot.caller).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().extend(device_slot.cookies.clear(slot).map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// The response to a login: tokens, user and cookie.
async fn login_response(context: &HttpContext, cookies: &Cookies, login: Login, slot: Slot) -> Response {
    let cookie = complete_login(context, cookies, &login, slot).await;
    let body = AuthResponse {
        access_token: login.access_token.expose_secret().into(),
        expires_in: ACCESS_TOKEN_LIFETIME.as_secs(),
        user: login.user.into(),
        slot: slot.number(),
    };
    let mut response = json(&body).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Merges the guest that the user was into their account in all rooms. Returns the cookie to set.
pub(super) async fn complete_login(context: &HttpContext, cookies: &Cookies, login: &Login, slot: Slot) -> HeaderValue {
    if let Some(guest) = login.merged_guest
        && let Err(error) = context.rooms.merge(guest, login.user.clone()).await
    {
        // The login succeeds anyway; the queued tracks stay with the guest.
        tracing::error!(%error, %guest, user = %login.user.id, "guest not merged in rooms");
    }
    let lifetime_ms = login.refresh_expires_at_ms - context.clock.now_ms();
    cookies.store(&login.refresh_token, lifetime_ms, slot)
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let conflict = |reason, detail: &str| Self::from_reason(StatusCode::CONFLICT, reason, detail);
        let unknown = |reason, detail: &str| Self::from_reason(StatusCode::UNAUTHORIZED, reason, detail);
        match error {
            IdentityError::Invalid(reason, values, detail) => Self::invalid(detail).with_reason(reason, values),
            IdentityError::WrongCredentials => unknown(Reason::WrongCredentials, "Username or password is wrong."),
            IdentityError::Unauthenticated => unknown(Reason::LoginNeeded, "Please log in again."),
            IdentityError::UsernameTaken => conflict(Reason::UsernameTaken, "This username is taken."),
            IdentityError::AlreadyLoggedIn => {
                conflict(Reason::AlreadyLoggedIn, "You are logged in to an account already. Log out first.")
            }
            IdentityError::Banned => {
                let detail = "You have been banned from this server.";
                Self::from_reason(StatusCode::FORBIDDEN, Reason::BannedFromServer, detail)
            }
            IdentityError::RegistrationRefused => {
                let detail = "This server takes no new accounts.";
                Self::from_reason(StatusCode::FORBIDDEN, Reason::RegistrationClosed, detail)
            }
            IdentityError::LinkVoid => {
                let detail = "This link was used or replaced, or has expired.";
                Self::from_reason(StatusCode::GONE, Reason::LinkVoid, detail)
            }
            IdentityError::LinkedElsewhere => {
                conflict(Reason::LinkedElsewhere, "This Spotify account is linked to another user of this server.")
            }
            IdentityError::DeviceCode(error) => {
                let gone = |reason, detail: &str| Self::from_reason(StatusCode::GONE, reason, detail);
                match error {
                    DeviceCodeError::Unknown => {
                        let detail = "No device shows this code.";
                        Self::from_reason(StatusCode::NOT_FOUND, Reason::NoSuchDeviceCode, detail)
                    }
                    DeviceCodeError::Used => gone(Reason::DeviceCodeUsed, "Another device has used this code."),
                    DeviceCodeError::Expired => gone(Reason::DeviceCodeExpired, "This code has expired."),
                }
            }
            IdentityError::Busy => Self::unavailable(error),
            IdentityError::Store(error) => error.into(),
            IdentityError::Internal(cause) => Self::internal(cause),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(_)
            | StoreError::Injected
            | StoreError::Fenced
            | StoreError::Owned(_)
            | StoreError::Unreachable => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}
