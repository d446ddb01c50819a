//! `search` and `library/…`: what music there is, its sound and its covers.
//!
//! Searching and listening are for people who are logged in. Covers are for everybody, because an `<img>` cannot send a
//! bearer token: what protects them is that an id cannot be guessed, and all it gives away is a picture.

use bytes::Bytes;
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use sync_wrapper::SyncStream;
use tower_http::services::ServeFile;
use tutti_protocol::http::SearchResponse;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::http::ApiError;
use crate::providers::library::{AudioFile, Library};
use crate::providers::{MusicError, MusicProvider};

/// How long a browser keeps a track before it asks whether it is still the same.
const AUDIO_CACHE: HeaderValue = HeaderValue::from_static("private, max-age=3600");
/// How long anybody keeps a cover.
const ART_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// Bytes that are read from a file at once.
const AUDIO_CHUNK_BYTES: usize = 64 * 1024;

/// The routes, relative to `/api/v1`:
///
/// - `GET search?provider=&q=&cursor=`: a [`SearchResponse`]; for Spotify see [`super::spotify_player`]
/// - `GET library/tracks/{id}`: a [`Track`](tutti_protocol::room::Track)
/// - `GET`, `HEAD` `library/tracks/{id}/audio`: the file, or one byte range of it
/// - `GET` `library/tracks/{id}/art`: its cover
///
/// `identified` extracts who is asking, and rejects whoever is nobody; it guards all but the covers. `searching` does the
/// same for `search`, and may count.
pub fn routes<A: Send + 'static>(
    library: Library,
    searching: impl Filter<Extract = (A,), Error = Rejection> + Clone + Send + Sync + 'static,
    identified: impl Filter<Extract = (A,), Error = Rejection> + Clone + Send + Sync + 'static,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
    let library = warp::any().map(move || library.clone());
    let get_or_head = || warp::get().or(warp::head()).unify();

    let search = warp::path!("search")
        .and(warp::get())
        .and(searching)
        .and(warp::query::<Vec<(String, String)>>())
        .and(library.clone())
        .then(|_, query, library| async move { respond(search(&library, query).await) });
    let track = warp::path!("library" / "tracks" / String)
        .and(warp::get())
        .and(identified.clone())
        .and(library.clone())
        .then(|id: String, _, library| async move { respond(track(&library, &id).await) });
    let audio =
        warp::path!("library" / "tracks" / String / "audio")
            .and(get_or_head())
            .and(identified)
            .and(warp::method())
            .and(warp::header::headers_cloned())
            .and(library.clone())
            .then(|id: String, _, method, headers, library| async move {
                respond(audio(&library, &id, method, headers).await)
            });
    let art = warp::path!("library" / "tracks" / String / "art")
        .and(get_or_head())
        .and(warp::header::headers_cloned())
        .and(library)
        .then(|id: String, headers, library| async move { respond(art(&library, &id, &headers).await) });

    search.or(track).unify().or(audio).unify().or(art).unify()
}

fn respond(result: Result<Response, ApiError>) -> Response {
    result.unwrap_or_else(Reply::into_response)
}

async fn search(library: &Library, query: Vec<(String, String)>) -> Result<Response, ApiError> {
    let (mut provider, mut text, mut cursor) = (None, String::new(), None);
    for (name, value) in query {
        match name.as_str() {
            "provider" => provider = Some(value),
            "q" => text = value,
            "cursor" => cursor = Some(value).filter(|cursor| !cursor.is_empty()),
            _ => {}
        }
    }
    if provider.is_some_and(|provider| provider != "library") {
        return Err(ApiError::invalid("This server has no such provider of music."));
    }
    let page = library.search(&text, cursor.as_deref()).await?;
    let body = SearchResponse { tracks: page.tracks, next_cursor: page.next_cursor, closed: false };
    Ok(warp::reply::json(&body).into_response())
}

async fn track(library: &Library, id: &str) -> Result<Response, ApiError> {
    let track = library.track(id).await?.ok_or_else(no_such_track)?;
    Ok(warp::reply::json(&track).into_response())
}

async fn audio(library: &Library, id: &str, method: Method, headers: HeaderMap) -> Result<Response, ApiError> {
    let AudioFile { path, content_type } = library.audio(id).await?.ok_or_else(no_such_track)?;
    let mut service = ServeFile::new(&path).with_buf_chunk_size(AUDIO_CHUNK_BYTES).ignore_multi_range_requests(true);
    let mut asked = file_request(&method, &headers);

    // ServeFile knows all conditions but this one: a range of a file that has changed since is worth nothing, so the
    // whole of it is sent.
    if let Some(condition) = headers.get(header::IF_RANGE).filter(|_| asked.headers().contains_key(header::RANGE)) {
        let now = serve(&mut service, file_request(&Method::HEAD, &HeaderMap::new())).await?;
        let same = |name: HeaderName| now.headers().get(name) == Some(condition);
        if !same(header::ETAG) && !same(header::LAST_MODIFIED) {
            asked.headers_mut().remove(header::RANGE);
        }
    }

    let mut response = serve(&mut service, asked).await?;
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

/// What of a request is ServeFile's concern. Ranges are for `GET` and for bytes; another unit counts as no range.
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

async fn art(library: &Library, id: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let art = library.art(id).await?.ok_or_else(|| ApiError::not_found("There is no cover for this track."))?;
    let etag: ETag = art.etag.parse().map_err(|_| ApiError::internal(anyhow::anyhow!("a bad entity tag")))?;
    let known = headers.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(&etag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(art.bytes.into());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(art.content_type));
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    };
    response.headers_mut().typed_insert(etag);
    response.headers_mut().insert(header::CACHE_CONTROL, ART_CACHE);
    Ok(response)
}

fn no_such_track() -> ApiError {
    ApiError::not_found("There is no such track in the library.")
}

impl From<MusicError> for ApiError {
    fn from(error: MusicError) -> Self {
        match error {
            MusicError::Invalid(detail) => Self::invalid(detail),
            MusicError::Index(cause) => Self::unavailable(cause),
            MusicError::Files(cause) => Self::internal(cause),
            MusicError::Spotify(error) => error.into(),
        }
    }
}
