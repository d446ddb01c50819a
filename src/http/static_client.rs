//! The web client: embedded at build time, read from its folder in debug builds.
//!
//! Files that the bundler names by a hash (`/assets/…`) are cached for ever. Every other path is a page of the client,
//! which has a router of its own: it gets `index.html`, which is revalidated each time.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response as HttpResponse, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::SharedContext;
use super::base_path::WithBasePath;
use crate::providers::spotify::Spotify;

/// The built client.
#[derive(RustEmbed)]
#[folder = "client/dist"]
#[allow_missing = true]
pub struct Client;

/// The one page.
const PAGE: &str = "index.html";
/// The folder of files that are named by a hash of their content.
const HASHED: &str = "assets/";
/// Paths below these are not pages.
const NOT_PAGES: [&str; 2] = ["api", "ws"];
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>Tutti</title><h1>Tutti is running</h1>\
    <p>This server was built without the web client. Run <code>make build</code>, then start it again.</p></html>";

/// A proxy that changes `Host` leads to it too, so it names the settings for the operator.
const UNKNOWN_HOST: &str = "<!doctype html><html lang=\"en\"><title>Tutti</title>\
    <h1>Tutti does not answer for this host name</h1><p>Its operator allows it with <code>TUTTI_PUBLIC_URL</code> or <code>TUTTI_ALLOWED_ORIGINS</code>.</p></html>";

/// Precompressed variants that the build may have written, best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Serves the files and pages of `A` to `GET` and `HEAD`, at the hosts of this server
/// ([`Origins::knows_host`](super::origin::Origins::knows_host)). Redirects pages at `localhost` to the origin of Spotify's
/// login callback, so that users do not log in at an origin that has other cookies.
pub fn routes<A: RustEmbed + 'static>(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let (origins, spotify) = (context.origins.clone(), context.spotify.clone());
    warp::path::full()
        .and_then(|path: FullPath| std::future::ready(page_path(path.as_str())))
        .and(warp::get().or(warp::head()).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<WithBasePath>())
        .and_then(move |path: String, headers: HeaderMap, with: Option<WithBasePath>| {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let base = origins.base_path(with.is_some(), host);
            let below = with.and_then(|with| with.below);
            let response = if origins.knows_host(host) {
                redirect_from_localhost(spotify.as_ref(), &base, &path, &headers)
                    .or_else(|| redirect(StatusCode::PERMANENT_REDIRECT, &below?))
                    .or_else(|| serve::<A>(&base, &path, &headers))
            } else {
                Some(own_page(StatusCode::MISDIRECTED_REQUEST, UNKNOWN_HOST))
            };
            std::future::ready(response.ok_or_else(warp::reject::not_found))
        })
        .boxed()
}

/// The redirect of a page from `localhost` to `127.0.0.1`. Drops the query, which entry pages do not use.
fn redirect_from_localhost(spotify: Option<&Spotify>, base: &str, path: &str, headers: &HeaderMap) -> Option<Response> {
    let is_page = headers.get("sec-fetch-dest").is_none_or(|destination| destination == "document");
    let origin = spotify.filter(|_| is_page && !path.starts_with(HASHED))?.instead_of_localhost(headers)?;
    redirect(StatusCode::TEMPORARY_REDIRECT, &format!("{origin}{base}/{path}"))
}

fn redirect(status: StatusCode, location: &str) -> Option<Response> {
    let location = HeaderValue::try_from(location).ok()?;
    let response = HttpResponse::builder().status(status).header(header::LOCATION, location);
    response.header(header::CACHE_CONTROL, "no-store").body(Bytes::new().into()).ok()
}

/// The path without its leading slash; rejects paths of other routes and parent folders. Does not decode escapes,
/// because no client file needs one.
fn page_path(path: &str) -> Result<String, Rejection> {
    let path = path.trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    let traverses = path.split(['/', '\\']).any(|part| part == ".." || part == ".") || path.contains('\0');
    if NOT_PAGES.contains(&first) || traverses {
        return Err(warp::reject::not_found());
    }
    Ok(path.to_owned())
}

fn serve<A: RustEmbed>(base: &str, path: &str, headers: &HeaderMap) -> Option<Response> {
    let is_file = !path.is_empty() && path != PAGE && !ENCODINGS.iter().any(|(_, suffix)| path.ends_with(suffix));
    if is_file && A::get(path).is_some() {
        return file::<A>(path, headers);
    }
    if path.starts_with(HASHED) {
        return None;
    }
    let page = if base.is_empty() { file::<A>(PAGE, headers) } else { page_below::<A>(base, headers) };
    page.or_else(|| Some(own_page(StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT)))
}

/// The page with the base path before the addresses of its files, and where the client reads it. It is served as it is,
/// because only files of the build are compressed.
fn page_below<A: RustEmbed>(base: &str, headers: &HeaderMap) -> Option<Response> {
    let file = A::get(PAGE)?;
    let etag = etag(&file, base);
    let html = String::from_utf8_lossy(&file.data);
    // A base path has no characters with a meaning in HTML.
    let html = html.replace("=\"/", &format!("=\"{base}/"));
    let html = html.replacen("<html", &format!("<html data-base=\"{base}\""), 1);
    Some(answer(PAGE, etag, None, html.into(), headers))
}

fn file<A: RustEmbed>(path: &str, headers: &HeaderMap) -> Option<Response> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoded = ENCODINGS
        .iter()
        .filter(|(encoding, _)| accepts(accepted, encoding))
        .find_map(|(encoding, suffix)| Some((*encoding, A::get(&format!("{path}{suffix}"))?)));
    let (encoding, file) = match encoded {
        Some((encoding, file)) => (Some(encoding), file),
        None => (None, A::get(path)?),
    };
    let etag = etag(&file, "");
    let body = match file.data {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => read.into(),
    };
    Some(answer(path, etag, encoding, body, headers))
}

/// The response with a file's bytes, or without them if the browser has them.
fn answer(path: &str, etag: String, encoding: Option<&str>, body: Bytes, headers: &HeaderMap) -> Response {
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|known| is_cached(known, &etag));
    let cache = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = HttpResponse::builder()
        .status(if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK })
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, cache)
        .header(header::VARY, "accept-encoding");
    if !fresh {
        response = response.header(header::CONTENT_TYPE, content_type(path));
        if let Some(encoding) = encoding {
            response = response.header(header::CONTENT_ENCODING, encoding);
        }
    }
    let body = if fresh { Bytes::new() } else { body };
    response.body(body.into()).expect("all of it is ASCII")
}

fn content_type(path: &str) -> String {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    let textual = guess.type_() == "text" || matches!(guess.subtype().as_str(), "javascript" | "json");
    if textual { format!("{guess}; charset=utf-8") } else { guess.to_string() }
}

/// An entity tag of the encoded bytes, so that two encodings of one file differ, and of the base path that is put into them.
fn etag(file: &EmbeddedFile, base: &str) -> String {
    let hash = u128::from_be_bytes(file.metadata.sha256_hash()[..16].try_into().expect("half of a hash"));
    format!("\"{hash:032x}{base}\"")
}

fn is_cached(if_none_match: &HeaderValue, etag: &str) -> bool {
    let known = if_none_match.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// Whether `Accept-Encoding` allows an encoding (RFC 9110, section 12.5.3), as browsers write it.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|choice| {
        let mut parts = choice.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|weight| weight.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)));
        named && !refused
    })
}

/// A page that the server has in its code.
fn own_page(status: StatusCode, html: &'static str) -> Response {
    HttpResponse::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .body(html.to_owned().into())
        .expect("all of it is ASCII")
}
