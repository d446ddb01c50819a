//! Finishes the responses of all routes: turns rejections into problem documents and adds the security headers.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use reqwest::Url;
use tutti_protocol::ErrorCode;
use warp::filters::BoxedFilter;
use warp::reject::{
    InvalidHeader, InvalidQuery, LengthRequired, MethodNotAllowed, MissingHeader, PayloadTooLarge, Rejection,
    UnsupportedMediaType,
};
use warp::reply::Response;
use warp::{Filter, Reply};

use super::error::Rejected;
use super::{ApiError, SharedContext};
use crate::providers::spotify::Spotify;
use crate::telemetry::Throttle;

/// Allows scripts, styles and fonts from this server only, pictures (covers) from any https origin, and WebSockets to
/// any host, because `'self'` does not cover `ws:` in every browser. With `sdk_url`, the URL of the Web Playback SDK,
/// also allows Spotify's player: its script, its frame and its connections.
fn content_security_policy(sdk_url: Option<&Url>) -> HeaderValue {
    let (mut script, mut frame, mut connect, mut image) =
        (String::new(), "'none'".to_owned(), String::new(), String::new());
    if let Some(url) = sdk_url {
        let origin = url.origin().ascii_serialization();
        script = format!(" {origin}");
        frame.clone_from(&origin);
        connect =
            if origin == SDK_ORIGIN { " https://*.spotify.com https://*.scdn.co".to_owned() } else { script.clone() };
        // The Spotify stand-in of the tests serves covers over http.
        if url.scheme() == "http" {
            image.clone_from(&script);
        }
    }
    let policy = format!(
        "default-src 'self'; script-src 'self'{script}; frame-src {frame}; style-src 'self'; \
         img-src 'self' data: https:{image}; connect-src 'self' ws: wss:{connect}; media-src 'self' blob:; \
         worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("an origin is ASCII")
}

/// The origin of Spotify's own script.
const SDK_ORIGIN: &str = "https://sdk.scdn.co";

/// Allows the microphone, which measures the delay between devices, and playback in the frame of Spotify's player.
fn permissions_policy(sdk_url: Option<&Url>) -> HeaderValue {
    let frame = sdk_url.map(|url| format!(" \"{}\"", url.origin().ascii_serialization())).unwrap_or_default();
    let policy = format!(
        "autoplay=(self{frame}), encrypted-media=(self{frame}), fullscreen=(self), screen-wake-lock=(self), camera=(), \
         display-capture=(), geolocation=(), microphone=(self), payment=(), usb=()"
    );
    HeaderValue::try_from(policy).expect("an origin is ASCII")
}

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // A page's URL contains the room code.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// A year.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Wraps routes: every response gets the headers and every rejection a problem document. A WebSocket handshake gets
/// none.
pub fn finish(
    context: &SharedContext,
    routes: BoxedFilter<(Response,)>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    let https = context.origins.https();
    let sdk_url = context.spotify.as_ref().map(Spotify::sdk_url);
    let rejections = Arc::new(Throttle::new(context.clock));
    let (policy, permissions) = (content_security_policy(sdk_url), permissions_policy(sdk_url));
    routes.recover(|rejection: Rejection| std::future::ready(Ok::<_, Infallible>(problem(&rejection)))).unify().map(
        move |mut response: Response| {
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                return response;
            }
            if let Some(Rejected { error_id, detail }) = response.extensions_mut().remove() {
                let status = response.status().as_u16();
                rejections.log(|suppressed| {
                    tracing::info!(error_id, status, detail, suppressed, "request rejected");
                });
            }
            let headers = response.headers_mut();
            headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| policy.clone());
            headers.entry(PERMISSIONS_POLICY).or_insert_with(|| permissions.clone());
            add_headers(headers, https);
            response
        },
    )
}

/// The response to a rejection: an error of our own filters first, then a malformed request, then 404.
fn problem(rejection: &Rejection) -> Response {
    if let Some(error) = rejection.find::<ApiError>() {
        return error.to_response();
    }
    let invalid = |status, detail: &str| ApiError::new(status, ErrorCode::Invalid, detail);
    let error = if rejection.find::<PayloadTooLarge>().is_some() {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, "The body is too large.")
    } else if rejection.find::<UnsupportedMediaType>().is_some() {
        invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body has an unsupported content type.")
    } else if rejection.find::<LengthRequired>().is_some() {
        invalid(StatusCode::LENGTH_REQUIRED, "The request needs a Content-Length.")
    } else if rejection.find::<InvalidQuery>().is_some() {
        ApiError::invalid("The query is invalid.")
    } else if let Some(header) = rejection.find::<InvalidHeader>() {
        ApiError::invalid(format!("The header {} is invalid.", header.name()))
    } else if let Some(header) = rejection.find::<MissingHeader>() {
        ApiError::invalid(format!("The header {} is missing.", header.name()))
    } else if rejection.find::<MethodNotAllowed>().is_some() {
        invalid(StatusCode::METHOD_NOT_ALLOWED, "This resource does not support this method.")
    } else if rejection.is_not_found() {
        ApiError::not_found("There is no such resource.")
    } else {
        ApiError::internal(anyhow::anyhow!("unhandled rejection: {rejection:?}"))
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
    // Responses without a caching policy may contain a token or personal data.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
