//! What every answer gets on its way out: refusals become problem documents, and all of it gets the security headers.

use std::convert::Infallible;

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use tutti_protocol::ErrorCode;
use warp::filters::BoxedFilter;
use warp::reject::{
    InvalidHeader, InvalidQuery, LengthRequired, MethodNotAllowed, MissingHeader, PayloadTooLarge, Rejection,
    UnsupportedMediaType,
};
use warp::reply::Response;
use warp::{Filter, Reply};

use super::{ApiError, SharedServices};

/// Pages get their script, style and font from here only; pictures (covers) from any https; sockets to any host, because
/// `'self'` does not cover `ws:` in every browser.
macro_rules! content_security_policy {
    (script: $script:literal, frame: $frame:literal, connect: $connect:literal) => {
        HeaderValue::from_static(concat!(
            "default-src 'self'; script-src 'self'",
            $script,
            "; frame-src ",
            $frame,
            "; style-src 'self'; img-src 'self' data: https:; connect-src 'self' ws: wss:",
            $connect,
            "; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'"
        ))
    };
}

/// Where Spotify is not set up, nothing of it is allowed.
const CONTENT_SECURITY_POLICY: HeaderValue = content_security_policy!(script: "", frame: "'none'", connect: "");
/// The player for the browser: its script, the frame in which it plays, and what it talks to.
const CONTENT_SECURITY_POLICY_WITH_SPOTIFY: HeaderValue = content_security_policy!(
    script: " https://sdk.scdn.co",
    frame: "https://sdk.scdn.co",
    connect: " https://*.spotify.com https://*.scdn.co"
);

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // A room's code is in the address of its page.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "autoplay=(self), fullscreen=(self), screen-wake-lock=(self), camera=(), display-capture=(), \
             geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// A year.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Wraps routes, so that nothing leaves without its headers and no refusal without its problem document.
pub fn frame(
    services: &SharedServices,
    routes: BoxedFilter<(Response,)>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    let https = services.origins.https();
    let policy = match services.spotify {
        Some(_) => CONTENT_SECURITY_POLICY_WITH_SPOTIFY,
        None => CONTENT_SECURITY_POLICY,
    };
    routes.recover(|rejection: Rejection| std::future::ready(Ok::<_, Infallible>(problem(&rejection)))).unify().map(
        move |mut response: Response| {
            let headers = response.headers_mut();
            headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| policy.clone());
            add_headers(headers, https);
            response
        },
    )
}

/// What a refusal looks like. What a filter of ours said comes first; then what is wrong with the request; then that
/// nothing was found.
fn problem(rejection: &Rejection) -> Response {
    if let Some(error) = rejection.find::<ApiError>() {
        return error.to_response();
    }
    let invalid = |status, detail: &str| ApiError::new(status, ErrorCode::Invalid, detail);
    let error = if rejection.find::<PayloadTooLarge>().is_some() {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, "The body is too large.")
    } else if rejection.find::<UnsupportedMediaType>().is_some() {
        invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body has a type that is not understood here.")
    } else if rejection.find::<LengthRequired>().is_some() {
        invalid(StatusCode::LENGTH_REQUIRED, "The length of the body must be announced.")
    } else if rejection.find::<InvalidQuery>().is_some() {
        ApiError::invalid("The query is not understood here.")
    } else if let Some(header) = rejection.find::<InvalidHeader>() {
        ApiError::invalid(format!("The header {} is not understood here.", header.name()))
    } else if let Some(header) = rejection.find::<MissingHeader>() {
        ApiError::invalid(format!("The header {} is missing.", header.name()))
    } else if rejection.find::<MethodNotAllowed>().is_some() {
        invalid(StatusCode::METHOD_NOT_ALLOWED, "There is something here, but not by this method.")
    } else if rejection.is_not_found() {
        ApiError::not_found("There is nothing here.")
    } else {
        ApiError::internal(anyhow::anyhow!("a filter refused for a reason that has no answer yet: {rejection:?}"))
    };
    error.into_response()
}

fn add_headers(headers: &mut HeaderMap, https: bool) {
    for (name, value) in &HEADERS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(STRICT_TRANSPORT_SECURITY);
    }
    // What says nothing about it may hold a token, or be about one person.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
