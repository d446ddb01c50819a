//! The accept loop: hyper's HTTP/1 connections on loopback, one lock around the world, latency around each response.
//!
//! Without timeouts, which would fire in tests with paused time. Only tests and their browsers connect.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Collected, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http_message::{HttpRequest, HttpResponse};
use crate::picture;
use crate::recorder::RecordedRequest;
use crate::switches::LATENCY_MS_MAX;
use crate::world::World;
use crate::{accounts, control, sdk, token, web_api};

/// Bytes in a body, at most; longer ones get 413.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Shared by all connections.
pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    /// Requests in flight, by path.
    pub(crate) in_flight: Mutex<HashMap<String, u32>>,
}

/// Accepts connections until `stop`.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tasks.spawn(serve(stream, Arc::clone(&shared), stop.clone()))),
                // Mostly out of file descriptors, until a connection closes.
                Err(_) => tokio::task::yield_now().await,
            },
            () = stop.cancelled() => return,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| handle(Arc::clone(&shared), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // Errors of a connection concern only its client.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let mine = InFlight::begin(&shared, path);
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.ok().map(Collected::to_bytes);
    let is_whole = body.is_some();
    let req = HttpRequest {
        method: head.method,
        path: mine.path.clone(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.unwrap_or_default(),
    };
    // The player's polling is not a request of the app.
    if req.path.starts_with("/sdk/") {
        return Ok(sdk::respond(&mut shared.world.lock(), &req, &req.segments()[1..]).into_response());
    }
    if req.path.starts_with("/stand-in/") {
        let path = req.segments();
        return Ok(control::respond(&mut shared.world.lock(), &req, &path[1..]).into_response());
    }
    let half = Duration::from_millis(shared.world.lock().switches.latency_ms.min(LATENCY_MS_MAX).into()) / 2;
    delay(half).await;
    let response = {
        let mut world = shared.world.lock();
        let response =
            if is_whole { route(&mut world, &req) } else { HttpResponse::empty(StatusCode::PAYLOAD_TOO_LARGE) };
        record(&mut world, &req, &response, mine.concurrent);
        response
    };
    delay(half).await;
    Ok(response.into_response())
}

fn route(world: &mut World, req: &HttpRequest) -> HttpResponse {
    if req.method == Method::PUT && !has_content_length(&req.headers) {
        return length_required();
    }
    match req.segments().as_slice() {
        ["authorize"] => accounts::respond(world, req),
        ["api", "token"] => token::respond(world, req),
        ["v1", path @ ..] => web_api::respond(world, req, path),
        ["image", name, file] => image(name, file),
        _ => HttpResponse::text(StatusCode::NOT_FOUND, "Not found"),
    }
}

/// Records a request without its secrets.
fn record(world: &mut World, req: &HttpRequest, response: &HttpResponse, in_flight: u32) {
    let is_for_token = req.path == "/api/token";
    let request = RecordedRequest {
        method: req.method.to_string(),
        path: req.path.clone(),
        query: if req.path.starts_with("/v1/") { req.query.clone() } else { String::new() },
        grant_type: req.form().get("grant_type").filter(|_| is_for_token).map(str::to_owned),
        person: response.person.clone(),
        status: response.status.as_u16(),
        took_effect_at_ms: world.clock.now_ms(),
        in_flight,
    };
    world.recorder.request(request);
}

fn image(name: &str, file: &str) -> HttpResponse {
    let size_px = file.strip_suffix(".png").and_then(|size| size.parse().ok());
    match size_px.and_then(|size_px| picture::png(name, size_px)) {
        Some(png) => HttpResponse::bytes(StatusCode::OK, "image/png", png)
            .with(CACHE_CONTROL, "public, max-age=31536000")
            .with(ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        None => HttpResponse::empty(StatusCode::NOT_FOUND),
    }
}

/// Google's front end, which serves the real API, requires a length for every PUT.
fn has_content_length(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}

fn length_required() -> HttpResponse {
    let page = "<!DOCTYPE html><html lang=en><title>Error 411 (Length Required)</title>\
                <p><b>411.</b> PUT requests require a <code>Content-length</code> header.</html>";
    HttpResponse::html(StatusCode::LENGTH_REQUIRED, page.to_owned())
}

async fn delay(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// Counts a request as in flight until dropped.
struct InFlight<'shared> {
    shared: &'shared Shared,
    path: String,
    /// Requests in flight to the same path on arrival, itself included.
    concurrent: u32,
}

impl<'shared> InFlight<'shared> {
    fn begin(shared: &'shared Shared, path: String) -> Self {
        let concurrent = {
            let mut paths = shared.in_flight.lock();
            let count = paths.entry(path.clone()).or_default();
            *count += 1;
            *count
        };
        Self { shared, path, concurrent }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut paths = self.shared.in_flight.lock();
        if let Some(count) = paths.get_mut(&self.path) {
            *count -= 1;
            if *count == 0 {
                paths.remove(&self.path);
            }
        }
    }
}
