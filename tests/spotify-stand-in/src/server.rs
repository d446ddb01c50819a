//! The accept loop: hyper's HTTP/1 connections on loopback, one lock around the world, latency around each answer.
//!
//! There are no timeouts: they would fire in tests that pause the time. Who connects is a test or a browser of one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, TRANSFER_ENCODING};
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

use crate::exchange::{Answer, Ask};
use crate::picture;
use crate::seen::SeenRequest;
use crate::switches::LATENCY_MS_MAX;
use crate::world::World;
use crate::{accounts, control, sdk, token, web_api};

/// Bytes in a body, at most; a longer one is 413.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    /// How many requests are under way, by path.
    pub(crate) in_flight: Mutex<HashMap<String, u32>>,
}

/// Accepts connections until `stop`.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tasks.spawn(serve(stream, Arc::clone(&shared), stop.clone()))),
                // Out of descriptors, mostly: whoever leaves makes room.
                Err(_) => tokio::task::yield_now().await,
            },
            () = stop.cancelled() => return,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| respond(Arc::clone(&shared), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // A connection that broke is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let mine = UnderWay::begin(&shared, path);
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.ok().map(Collected::to_bytes);
    let is_whole = body.is_some();
    let ask = Ask {
        method: head.method,
        path: mine.path.clone(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.unwrap_or_default(),
    };
    // What the player asks all the time is no request of the app's.
    if ask.path.starts_with("/sdk/") {
        return Ok(sdk::answer(&mut shared.world.lock(), &ask, &ask.segments()[1..]).into_response());
    }
    if ask.path.starts_with("/stand-in/") {
        let path = ask.segments();
        return Ok(control::answer(&mut shared.world.lock(), &ask, &path[1..]).into_response());
    }
    let half = Duration::from_millis(shared.world.lock().switches.latency_ms.min(LATENCY_MS_MAX).into()) / 2;
    pass(half).await;
    let answer = {
        let mut world = shared.world.lock();
        let answer = if is_whole { answer(&mut world, &ask) } else { Answer::empty(StatusCode::PAYLOAD_TOO_LARGE) };
        note(&mut world, &ask, &answer, mine.in_flight);
        answer
    };
    pass(half).await;
    Ok(answer.into_response())
}

fn answer(world: &mut World, ask: &Ask) -> Answer {
    if ask.method == Method::PUT && !says_its_length(&ask.headers) {
        return length_required();
    }
    match ask.segments().as_slice() {
        ["authorize"] => accounts::answer(world, ask),
        ["api", "token"] => token::answer(world, ask),
        ["v1", path @ ..] => web_api::answer(world, ask, path),
        ["image", name, file] => image(name, file),
        _ => Answer::text(StatusCode::NOT_FOUND, "Not found"),
    }
}

/// Remembers a request, without any secret that was in it.
fn note(world: &mut World, ask: &Ask, answer: &Answer, in_flight: u32) {
    let is_for_token = ask.path == "/api/token";
    let request = SeenRequest {
        method: ask.method.to_string(),
        path: ask.path.clone(),
        query: if ask.path.starts_with("/v1/") { ask.query.clone() } else { String::new() },
        grant_type: ask.form().get("grant_type").filter(|_| is_for_token).map(str::to_owned),
        person: answer.person.clone(),
        status: answer.status.as_u16(),
        took_effect_at_ms: world.clock.now_ms(),
        in_flight,
    };
    world.seen.request(request);
}

fn image(name: &str, file: &str) -> Answer {
    let size_px = file.strip_suffix(".png").and_then(|size| size.parse().ok());
    match size_px.and_then(|size_px| picture::png(name, size_px)) {
        Some(png) => Answer::bytes(StatusCode::OK, "image/png", png).with(CACHE_CONTROL, "public, max-age=31536000"),
        None => Answer::empty(StatusCode::NOT_FOUND),
    }
}

/// What Google's front end, which stands before the real one, demands of every PUT.
fn says_its_length(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}

fn length_required() -> Answer {
    let page = "<!DOCTYPE html><html lang=en><title>Error 411 (Length Required)</title>\
                <p><b>411.</b> PUT requests require a <code>Content-length</code> header.</html>";
    Answer::html(StatusCode::LENGTH_REQUIRED, page.to_owned())
}

async fn pass(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// A request is under way as long as this lives.
struct UnderWay<'shared> {
    shared: &'shared Shared,
    path: String,
    /// How many there were to the same path when it came, itself included.
    in_flight: u32,
}

impl<'shared> UnderWay<'shared> {
    fn begin(shared: &'shared Shared, path: String) -> Self {
        let in_flight = {
            let mut paths = shared.in_flight.lock();
            let count = paths.entry(path.clone()).or_default();
            *count += 1;
            *count
        };
        Self { shared, path, in_flight }
    }
}

impl Drop for UnderWay<'_> {
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
