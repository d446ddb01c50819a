//! `{provider}/tracks/…`: tracks that this server serves, their audio and their covers.
//!
//! Tracks and audio need an access token, and audio a room that has the track. Covers do not, because an `<img>` cannot
//! send a token: their addresses are signed.

use std::convert::Infallible;
use std::net::IpAddr;

use bytes::Bytes;
use futures_util::stream;
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use sync_wrapper::SyncStream;
use tower_http::services::ServeFile;
use tutti_protocol::{ProviderId, Reason, TrackRef, UserId};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::config::AudioAccess;
use crate::http::middleware::{authenticated, client_address, json, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;
use crate::limits::COVER_BYTES_UNSENT_PER_NETWORK_MAX;
use crate::providers::{Art, Asker, Catalogue, Media, Provider, ProviderError};

/// How long a browser uses audio without revalidating it.
const AUDIO_CACHE: HeaderValue = HeaderValue::from_static("private, max-age=3600");
/// How long any cache uses a cover without revalidating it.
const ART_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// Rooms of a user that are loaded to find out whether one has a track.
const ROOMS_LOADED_MAX: u32 = 20;
/// Bytes that are read from a file, or sent, at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// `GET {provider}/tracks/{id}`; `GET` and `HEAD` of its `audio` (the file, or one byte range of it) and its
/// `art/{signature}`, which `?size=` asks for in small: 96, 320, 640 or 1000 pixels, whichever is the least that suffices.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let get_or_head = || warp::get().or(warp::head()).unify();
    let track = warp::path!(String / "tracks" / String)
        .and(warp::get())
        .and(authenticated(context))
        .and(with(context))
        .then(track)
        .map(respond);
    let audio = warp::path!(String / "tracks" / String / "audio")
        .and(get_or_head())
        .and(authenticated(context))
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(with(context))
        .then(audio)
        .map(respond);
    let art = warp::path!(String / "tracks" / String / "art" / String)
        .and(get_or_head())
        .and(warp::query::<Vec<(String, String)>>())
        .and(warp::header::headers_cloned())
        .and(client_address(context))
        .and(with(context))
        .then(art)
        .map(respond);
    track.or(audio).unify().or(art).unify().boxed()
}

async fn track(
    provider: String,
    id: String,
    access: AccessClaims,
    context: SharedContext,
) -> Result<Response, ApiError> {
    let provider = serving(&context.catalogue, &provider)?;
    let asker = Asker { user: access.user, host: None };
    let track = provider.track(&asker, &id).await.map_err(failed(provider))?.ok_or_else(no_such_track)?;
    Ok(json(&track).into_response())
}

async fn audio(
    provider: String,
    id: String,
    access: AccessClaims,
    method: Method,
    headers: HeaderMap,
    context: SharedContext,
) -> Result<Response, ApiError> {
    let provider = serving(&context.catalogue, &provider)?;
    check_audio_access(&context, access.user, provider.id(), &id).await?;
    let Media { file, content_type } = provider.open(&id).await.map_err(failed(provider))?.ok_or_else(no_such_track)?;
    let mut service = ServeFile::new(&file.path).with_buf_chunk_size(CHUNK_BYTES).ignore_multi_range_requests(true);
    let mut request = file_request(&method, &headers);

    // ServeFile does not support `If-Range`: if the file has changed, the whole of it is sent.
    if let Some(condition) = headers.get(header::IF_RANGE).filter(|_| request.headers().contains_key(header::RANGE)) {
        let now = serve(&mut service, file_request(&Method::HEAD, &HeaderMap::new())).await?;
        let same = |name: HeaderName| now.headers().get(name) == Some(condition);
        if !same(header::ETAG) && !same(header::LAST_MODIFIED) {
            request.headers_mut().remove(header::RANGE);
        }
    }

    let mut response = serve(&mut service, request).await?;
    let status = response.status();
    let headers = response.headers_mut();
    if status.is_success() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        headers.insert(header::CACHE_CONTROL, AUDIO_CACHE);
    }
    Ok(response)
}

/// The method and headers that ServeFile evaluates. Ranges are for `GET` and in bytes; other units are ignored.
fn file_request(method: &Method, headers: &HeaderMap) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = method.clone();
    for name in [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
        if let Some(value) = headers.get(&name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    let range = headers.get(header::RANGE).filter(|range| range.as_bytes().starts_with(b"bytes="));
    if let Some(range) = range.filter(|_| method == Method::GET) {
        request.headers_mut().insert(header::RANGE, range.clone());
    }
    request
}

async fn serve(service: &mut ServeFile, request: Request<Empty<Bytes>>) -> Result<Response, ApiError> {
    let (parts, body) = match service.try_call(request).await {
        Ok(response) => response.into_parts(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(no_such_track()),
        Err(error) => return Err(ApiError::internal(error)),
    };
    if parts.status == StatusCode::RANGE_NOT_SATISFIABLE {
        let detail = "The file has no such bytes.";
        let mut response = ApiError::new(parts.status, tutti_protocol::ErrorCode::Invalid, detail).into_response();
        response
            .headers_mut()
            .extend(parts.headers.get(header::CONTENT_RANGE).map(|range| (header::CONTENT_RANGE, range.clone())));
        return Ok(response);
    }
    let stream = SyncStream::new(body.into_data_stream());
    let mut response = warp::reply::stream(stream).into_response();
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    Ok(response)
}

async fn art(
    provider: String,
    id: String,
    signature: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    address: IpAddr,
    context: SharedContext,
) -> Result<Response, ApiError> {
    let provider = serving(&context.catalogue, &provider)?;
    let size = query.iter().find(|(name, _)| name == "size").and_then(|(_, size)| size.parse().ok());
    let art = provider.art(&id, &signature, size).await.map_err(failed(provider))?;
    let art = art.ok_or_else(|| ApiError::not_found("There is no cover at this address."))?;
    let etag: ETag = art.etag.parse().map_err(|_| ApiError::internal(anyhow::anyhow!("a bad entity tag")))?;
    let known = headers.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(&etag));
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { picture(art, address, &context)? };
    response.headers_mut().typed_insert(etag);
    response.headers_mut().insert(header::CACHE_CONTROL, ART_CACHE);
    Ok(response)
}

/// A picture, sent in pieces. It counts towards [`COVER_BYTES_UNSENT_MAX`](crate::limits::COVER_BYTES_UNSENT_MAX) until its last piece is sent.
fn picture(art: Art, address: IpAddr, context: &SharedContext) -> Result<Response, ApiError> {
    let Art { mut bytes, content_type, .. } = art;
    let length = bytes.len();
    let shares = u32::try_from(length).ok().and_then(|length| {
        let of_network = context.cover_bytes_of_networks.take(address, length, COVER_BYTES_UNSENT_PER_NETWORK_MAX)?;
        Some((of_network, context.cover_bytes.clone().try_acquire_many_owned(length).ok()?))
    });
    let shares = shares.ok_or_else(|| ApiError::limit_reached("Too many covers are being sent. Please try again."))?;
    let pieces = std::iter::from_fn(move || {
        let _held = &shares;
        (!bytes.is_empty()).then(|| Ok::<_, Infallible>(bytes.split_to(bytes.len().min(CHUNK_BYTES))))
    });
    let mut response = warp::reply::stream(stream::iter(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The provider of this name, if this server serves its files.
pub(super) fn serving<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a dyn Provider, ApiError> {
    let provider = ProviderId::parse(name).and_then(|id| catalogue.get(id));
    provider.filter(|provider| provider.capabilities().serves_files).ok_or_else(no_such_track)
}

/// Rejects (403) a user in none of whose rooms the track is on or coming up, unless all users may fetch audio. Another
/// minute is granted, in which any track may be fetched: a member could queue it as well.
pub(super) async fn check_audio_access(
    context: &SharedContext,
    user: UserId,
    provider: ProviderId,
    id: &str,
) -> Result<(), ApiError> {
    let track = TrackRef { provider, id: id.to_owned() };
    let may = async || {
        let may = context.rooms.has_track_for(user, &track).await;
        if may {
            context.listeners.insert(user);
        }
        may || context.listeners.contains(user)
    };
    if context.config.library.audio_access == AudioAccess::Users || may().await {
        return Ok(());
    }
    // After a restart, a device may ask before its room is in memory again.
    context.limits.audio_lookups.check(&user)?;
    context.rooms.load_rooms_of(user, ROOMS_LOADED_MAX).await.map_err(ApiError::unavailable)?;
    if may().await {
        return Ok(());
    }
    let detail = "This track is neither on nor coming up in a room of yours.";
    Err(ApiError::from_reason(StatusCode::FORBIDDEN, Reason::TrackNotInRoom, detail))
}

pub(super) fn failed(provider: &dyn Provider) -> impl FnOnce(ProviderError) -> ApiError {
    move |error| ApiError::from_provider(provider, error)
}

pub(super) fn no_such_track() -> ApiError {
    ApiError::not_found("There is no such track on this server.")
}
