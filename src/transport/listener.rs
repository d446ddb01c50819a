//! The accept loop: serves warp's routes on hyper's HTTP/1 connections, with features that warp's own server lacks.
//!
//! Nagle's algorithm is off, request heads have a deadline (slowloris), the number of connections is capped, every
//! connection runs in a tracked task, and shutdown lets requests finish.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::limits::{HTTP_HEADER_TIMEOUT, LISTEN_BACKLOG};

/// A connection's share of the cap. In every request's extensions, so that an upgraded connection keeps it.
#[derive(Clone, Debug)]
pub struct Permit {
    _permit: Arc<OwnedSemaphorePermit>,
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

/// Accepts connections until `stop`. Each request carries its peer's [`SocketAddr`] and a [`Permit`] in its extensions.
pub async fn accept<S, B>(
    listener: TcpListener,
    routes: S,
    connections_max: u32,
    tasks: TaskTracker,
    stop: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let permits = Arc::new(Semaphore::new(connections_max as usize));
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Usually out of file descriptors, until another connection closes.
                    tracing::warn!(%error, "cannot accept");
                    tokio::task::yield_now().await;
                    continue;
                }
            },
            () = stop.cancelled() => return,
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            tracing::warn!(%peer, "connection refused: the cap is reached");
            continue;
        };
        let permit = Permit { _permit: Arc::new(permit) };
        tasks.spawn(serve(stream, peer, permit, routes.clone(), stop.clone()));
    }
}

async fn serve<S, B>(stream: TcpStream, peer: SocketAddr, permit: Permit, routes: S, stop: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY not set");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(permit.clone());
        routes.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HTTP_HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
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
