//! The accept loop: serves warp's routes on hyper's HTTP/1 connections, with features that warp's own server lacks.
//!
//! Nagle's algorithm is off. TLS handshakes and request heads have a deadline (slowloris), and so have responses and frames
//! that the peer does not read. The number of connections is capped, in total and per network. Every connection runs in a
//! tracked task, and shutdown lets requests finish. Where TLS is terminated here, plain http is answered with the https
//! address.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::{SendFlags, send, sockopt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::WriteDeadline;
use super::encryption::{Begun, Tls};
use crate::clock::Clock;
use crate::config::Networks;
use crate::limiter::{NetworkCounts, NetworkShare};
use crate::limits::{ACCEPT_RETRY, HTTP_BUFFER_BYTES_MAX, HTTP_HEADER_TIMEOUT, LISTEN_BACKLOG, UNACKNOWLEDGED_TIMEOUT};
use crate::telemetry::Throttle;

/// How many connections are served at the same time.
#[derive(Clone, Debug)]
pub struct Caps {
    /// In total.
    pub connections_max: u32,
    /// Of one subscriber, see [`NetworkCounts`].
    pub connections_per_network_max: u32,
    /// Proxies, which connect on behalf of many clients: they have no cap of their own.
    pub proxies: Networks,
}

/// A connection's share of the caps. In every request's extensions, so that an upgraded connection keeps it.
#[derive(Clone, Debug)]
pub struct Permit {
    _shares: Arc<(OwnedSemaphorePermit, Option<NetworkShare>)>,
}

/// In the extensions of requests that came encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted;

/// Hands out shares of the caps.
struct Admission {
    caps: Caps,
    places: Arc<Semaphore>,
    networks: Arc<NetworkCounts>,
}

/// Why a connection is refused, and the response to it; nothing of its request is read.
struct Full {
    cap: &'static str,
    response: &'static [u8],
}

const NETWORK_FULL: Full = Full {
    cap: "of the network",
    response: b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 10\r\n\
    Content-Type: text/plain\r\n\r\nThere are too many connections from your network.\n",
};
const SERVER_FULL: Full = Full {
    cap: "of the server",
    response: b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n\
    Content-Type: text/plain\r\n\r\nThe server has no more connections.\n",
};

impl Admission {
    fn new(caps: Caps) -> Self {
        let places = Arc::new(Semaphore::new(caps.connections_max as usize));
        Self { caps, places, networks: Arc::default() }
    }

    /// Shares for a connection of `peer`.
    fn admit(&self, peer: IpAddr) -> Result<Permit, Full> {
        let share = if self.caps.proxies.contains(peer) {
            None
        } else {
            Some(self.networks.take(peer, 1, self.caps.connections_per_network_max).ok_or(NETWORK_FULL)?)
        };
        let place = self.places.clone().try_acquire_owned().map_err(|_| SERVER_FULL)?;
        Ok(Permit { _shares: Arc::new((place, share)) })
    }
}

/// Listens, with a backlog for all clients reconnecting at once: a client that the system drops retries only after a
/// second.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of a server that just stopped would block the port. On Windows they do not, and there the option
    // would let two servers share it.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

/// Accepts connections until `stop`, by TLS if there is one. Each request carries its peer's [`SocketAddr`] and a [`Permit`] in
/// its extensions, and [`Encrypted`] if it came by TLS.
pub async fn accept<S, B>(
    listener: TcpListener,
    tls: Option<Tls>,
    routes: S,
    caps: Caps,
    clock: Clock,
    tasks: TaskTracker,
    stop: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let admission = Admission::new(caps);
    let (failures, refusals) = (Throttle::new(clock), Throttle::new(clock));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                failures.log(|suppressed| tracing::warn!(%error, suppressed, "cannot accept connections"));
                if !concerns_one_connection(&error) {
                    // Usually out of file descriptors, until another connection closes.
                    tokio::select! {
                        () = tokio::time::sleep(ACCEPT_RETRY) => {}
                        () = stop.cancelled() => return,
                    }
                }
                continue;
            }
        };
        match admission.admit(peer.ip().to_canonical()) {
            Ok(permit) => {
                let (tls, routes, stop) = (tls.clone(), routes.clone(), stop.clone());
                match tls {
                    None => drop(tasks.spawn(serve(stream, peer, permit, routes, stop))),
                    Some(tls) => drop(tasks.spawn(serve_by_tls(tls, stream, peer, permit, routes, stop))),
                }
            }
            Err(Full { cap, response }) => {
                refusals.log(|suppressed| {
                    tracing::warn!(%peer, cap, suppressed, "connection refused: a cap is reached");
                });
                let _ = send(&stream, response, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
            }
        }
    }
}

/// Whether the client closed the connection before it was accepted.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

async fn serve<S, B>(stream: TcpStream, peer: SocketAddr, permit: Permit, routes: S, stop: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    set_options(&stream, peer);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(permit.clone());
        routes.clone().call(request)
    });
    converse(stream, peer, service, stop).await;
}

async fn serve_by_tls<S, B>(
    tls: Tls,
    stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
    routes: S,
    stop: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    set_options(&stream, peer);
    let begun = stop.run_until_cancelled(tls.begin(stream)).await;
    match begun {
        Some(Ok(Begun::Encrypted(stream))) => {
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                request.extensions_mut().insert(permit.clone());
                request.extensions_mut().insert(Encrypted);
                routes.clone().call(request)
            });
            converse(*stream, peer, service, stop).await;
        }
        Some(Ok(Begun::Plain(stream))) => {
            let service =
                service_fn(|request: Request<Incoming>| std::future::ready(Ok::<_, Infallible>(to_https(&request))));
            converse(stream, peer, service, stop).await;
            drop(permit);
        }
        Some(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        None => {}
    }
}

/// The response to a request by plain http where TLS is spoken.
fn to_https(request: &Request<Incoming>) -> Response<http_body_util::Full<Bytes>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let location = host.filter(|host| !host.as_str().contains('@')).map(|host| format!("https://{host}{path}"));
    let text = location.as_deref().map_or_else(String::new, |location| format!(": {location}"));
    let mut response = Response::new(http_body_util::Full::from(format!("This port speaks https{text}\n")));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    let location = location.and_then(|location| HeaderValue::try_from(location).ok());
    let status = if location.is_some() { StatusCode::PERMANENT_REDIRECT } else { StatusCode::BAD_REQUEST };
    headers.extend(location.map(|location| (header::LOCATION, location)));
    *response.status_mut() = status;
    response
}

/// Answers requests until the peer ends, or `stop` and the end of the request at hand.
async fn converse<I, S, B>(stream: I, peer: SocketAddr, service: S, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: hyper::service::HttpService<Incoming, ResBody = B, Error = Infallible>,
    B: hyper::body::Body + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HTTP_HEADER_TIMEOUT)
        .max_buf_size(HTTP_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(WriteDeadline::new(stream)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection failed");
    }
}

fn set_options(stream: &TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY not set");
    }
    // Ends connections whose peer is gone or reads nothing, sockets included.
    #[cfg(target_os = "linux")]
    if let Err(error) = u32::try_from(UNACKNOWLEDGED_TIMEOUT.as_millis())
        .map_err(io::Error::other)
        .and_then(|timeout| Ok(sockopt::set_tcp_user_timeout(stream, timeout)?))
    {
        tracing::debug!(%peer, %error, "TCP_USER_TIMEOUT not set");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_backlog_holds_more_than_a_thousand_connections() {
        let most =
            std::fs::read_to_string("/proc/sys/net/core/somaxconn").map_or(1_500, |most| most.trim().parse().unwrap());
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = vec![];
        for _ in 0..most.min(1_500) {
            let connected = tokio::time::timeout(Duration::from_secs(20), TcpStream::connect(address)).await;
            waiting.push(connected.expect("there is room").unwrap());
        }
        for _ in &waiting {
            listener.accept().await.unwrap();
        }
    }
}
