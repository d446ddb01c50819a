//! `GET /ws`: the WebSocket handshake of RFC 6455, section 4.2, implemented here.
//!
//! warp's own WebSocket filter fixes a read buffer of 128 KiB a connection and offers no subprotocol, so the request is
//! answered here and the bare TCP socket taken out of hyper.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tutti_protocol::{CloseCode, SUBPROTOCOL};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::middleware::{foreign_page, unknown_host, with};
use super::{ApiError, HttpContext, SharedContext, client_address, respond};
use crate::connection::{self, ConnectionContext};
use crate::limiter::NetworkShare;
use crate::transport::listener::Permit;
use crate::transport::{ClientSocket, EncryptedSocket, WriteDeadline};

/// `GET /ws`.
pub fn route(context: &SharedContext) -> BoxedFilter<(Response,)> {
    warp::path!("ws")
        .and(warp::get())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(client_address(context))
        .and(warp::ext::optional::<Permit>())
        .and(with(context))
        .map(|headers: HeaderMap, on_upgrade, address, permit, context: SharedContext| {
            respond(upgrade(&context, &headers, on_upgrade, address, permit))
        })
        .boxed()
}

/// Answers a handshake and starts the connection.
fn upgrade(
    context: &HttpContext,
    headers: &HeaderMap,
    on_upgrade: Option<OnUpgrade>,
    address: IpAddr,
    permit: Option<Permit>,
) -> Result<Response, ApiError> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"));
    if !context.origins.knows_host(host) {
        return Err(unknown_host());
    }
    if !context.origins.allows(origin, host) {
        return Err(foreign_page());
    }
    let (Some(on_upgrade), Some(accept)) = (on_upgrade, accept_key(headers)) else {
        return Err(no_handshake(headers));
    };
    let connection = &context.connection;
    let sockets_max = connection.config.limit_connections_per_address;
    let share = match connection.limits.joins.check(address) {
        Ok(()) => connection.sockets.take(address, 1, sockets_max),
        Err(_) => None,
    };

    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().any(|protocols| {
        protocols.to_str().is_ok_and(|protocols| protocols.split(',').any(|offered| offered.trim() == SUBPROTOCOL))
    });
    connection.tasks.spawn(serve(connection.clone(), on_upgrade, share.ok_or(address), permit));

    let mut response = Response::default();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if offered {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
}

/// The response to a request that is no handshake. Browsers send handshakes only, so one without `Upgrade` lost it on the way:
/// proxies pass on the header if they are told to, and the rest of the handshake by themselves.
fn no_handshake(headers: &HeaderMap) -> ApiError {
    if headers.contains_key(header::SEC_WEBSOCKET_KEY) && !headers.contains_key(header::UPGRADE) {
        return ApiError::invalid(
            "A proxy on the way does not pass on WebSocket handshakes: the header Upgrade is missing. Let it forward \
                Upgrade and Connection, by HTTP/1.1.",
        );
    }
    ApiError::invalid("This address accepts only WebSocket handshakes (RFC 6455, version 13).")
}

fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let lists = |name, token: &str| {
        headers.get_all(name).iter().any(|values| {
            values.to_str().is_ok_and(|values| values.split(',').any(|value| value.trim().eq_ignore_ascii_case(token)))
        })
    };
    let version_13 = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    // Sixteen bytes in base64.
    let proper =
        key.len() == 24 && version_13 && lists(header::CONNECTION, "upgrade") && lists(header::UPGRADE, "websocket");
    proper.then(|| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).expect("base64 is a header value"))
}

/// Runs the connection of a network that may have another one; refuses it otherwise.
async fn serve(
    context: Arc<ConnectionContext>,
    on_upgrade: OnUpgrade,
    share: Result<NetworkShare, IpAddr>,
    permit: Option<Permit>,
) {
    let Some((socket, already_read)) = take_socket(on_upgrade).await else { return };
    match share {
        Ok(share) => connection::run(context, socket, already_read, share, permit).await,
        Err(address) => {
            connection::refuse(&context, socket, already_read, address, CloseCode::NetworkBusy).await;
        }
    }
}

/// The bare socket, and the bytes that were read after the request.
async fn take_socket(on_upgrade: OnUpgrade) -> Option<(ClientSocket, Vec<u8>)> {
    let upgraded = match on_upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "WebSocket upgrade failed");
            return None;
        }
    };
    // The bytes are copied, because even an empty slice keeps hyper's whole read buffer allocated for the life of the
    // connection.
    let upgraded = match upgraded.downcast::<TokioIo<WriteDeadline<TcpStream>>>() {
        Ok(Parts { io, read_buf, .. }) => {
            return Some((ClientSocket::Plain(io.into_inner().into_inner()), read_buf.to_vec()));
        }
        Err(upgraded) => upgraded,
    };
    let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<WriteDeadline<TlsStream<TcpStream>>>>() else {
        tracing::error!("upgraded connection is no socket");
        return None;
    };
    let (stream, session) = io.into_inner().into_inner().into_inner();
    Some((ClientSocket::Encrypted(EncryptedSocket::new(stream, session).into()), read_buf.to_vec()))
}
