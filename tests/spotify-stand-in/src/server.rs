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
use http_body_util::{BodyExt as _, Full, Limited};
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
use crate::{accounts, control, token, web_api};

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
    let is_control = mine.path.starts_with("/stand-in/");
    if head.method == Method::PUT && !says_its_length(&head.headers) {
        return Ok(length_required().into_response());
    }
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(Answer::empty(StatusCode::PAYLOAD_TOO_LARGE).into_response());
    };
    let ask = Ask {
        method: head.method,
        path: mine.path.clone(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    let latency_ms = if is_control { 0 } else { shared.world.lock().switches.latency_ms.min(LATENCY_MS_MAX) };
    let half = Duration::from_millis(latency_ms.into()) / 2;
    pass(half).await;
    let answer = answer(&shared, &ask, mine.in_flight);
    pass(half).await;
    Ok(answer.into_response())
}

/// Answers, and notes that it did. What is below `/stand-in/` is not noted.
fn answer(shared: &Shared, ask: &Ask, in_flight: u32) -> Answer {
    let mut world = shared.world.lock();
    let took_effect_at_ms = world.clock.now_ms();
    let path = ask.segments();
    let answer = match path.as_slice() {
        ["stand-in", path @ ..] => return control::answer(&mut world, ask, path),
        ["authorize"] => accounts::answer(&mut world, ask),
        ["api", "token"] => token::answer(&mut world, ask),
        ["v1", path @ ..] => web_api::answer(&mut world, ask, path),
        ["image", name, file] => image(name, file),
        _ => Answer::text(StatusCode::NOT_FOUND, "Not found"),
    };
    world.seen.request(SeenRequest {
        method: ask.method.to_string(),
        path: ask.path.clone(),
        query: if path.first() == Some(&"v1") { ask.query.clone() } else { String::new() },
        grant_type: ask.form().get("grant_type").filter(|_| path.as_slice() == ["api", "token"]).map(str::to_owned),
        person: answer.person.clone(),
        status: answer.status.as_u16(),
        took_effect_at_ms,
        in_flight,
    });
    answer
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
