//! Filters that requests pass before they reach a resource.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bytes::{Buf, BufMut, BytesMut};
use futures_util::{Stream, TryStreamExt};
use http::{HeaderMap, Method, StatusCode, header};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tutti_protocol::http::SLOT_HEADER;
use tutti_protocol::{ErrorCode, Reason, UserId};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::base_path::WithBasePath;
use super::cookie::{Cookies, Slot, SlotChoice, Way};
use super::{ApiError, HttpContext, SharedContext};
use crate::config::Networks;
use crate::identity::{AccessClaims, Caller};
use crate::limits::{HTTP_BODY_PART_TIMEOUT, HTTP_BODY_TIMEOUT};
use crate::transport::listener::Encrypted;

/// Longest request body.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// Passes the context to a handler.
pub fn with(
    context: &SharedContext,
) -> impl Filter<Extract = (SharedContext,), Error = Infallible> + Clone + Send + Sync + 'static + use<> {
    let context = Arc::clone(context);
    warp::any().map(move || Arc::clone(&context))
}

/// A JSON response.
pub fn json<T: Serialize>(body: &T) -> impl Reply + use<T> {
    warp::reply::json(body)
}

/// The response of a handler's result.
pub fn respond<T: Reply>(result: Result<T, ApiError>) -> Response {
    match result {
        Ok(reply) => reply.into_response(),
        Err(error) => error.into_response(),
    }
}

/// The caller, by `Authorization: Bearer`; 401 without a valid token.
pub fn authenticated(
    context: &SharedContext,
) -> impl Filter<Extract = (AccessClaims,), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    maybe_authenticated(context)
        .and_then(|access: Option<AccessClaims>| std::future::ready(access.ok_or_else(|| refuse(unauthenticated()))))
}

/// The caller, if the request has a token; 401 for an invalid one.
pub fn maybe_authenticated(
    context: &SharedContext,
) -> impl Filter<Extract = (Option<AccessClaims>,), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    let identity = context.identity.clone();
    warp::header::headers_cloned().and_then(move |headers: HeaderMap| {
        let access = match bearer(&headers) {
            Some(token) => identity.authenticate(token).map(Some).map_err(|_| refuse(unauthenticated())),
            None => Ok(None),
        };
        std::future::ready(access)
    })
}

/// The caller, who is an operator: 401 without a valid token, 403 for everyone else.
pub fn operating(
    context: &SharedContext,
) -> impl Filter<Extract = (AccessClaims,), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    authenticated(context).and(with(context)).and_then(|access: AccessClaims, context: SharedContext| async move {
        match context.operators.is_operator(access.user).await {
            Ok(true) => Ok(access),
            Ok(false) => {
                let detail = "Only operators of this server may do this.";
                Err(refuse(ApiError::from_reason(StatusCode::FORBIDDEN, Reason::NotAnOperator, detail)))
            }
            Err(error) => Err(refuse(error.into())),
        }
    })
}

/// The caller of a search: 401 without a valid token, 429 over the rate limit.
pub fn searching(
    context: &SharedContext,
) -> impl Filter<Extract = (AccessClaims,), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    authenticated(context).and(with(context)).and_then(|access: AccessClaims, context: SharedContext| {
        std::future::ready(
            context.limits.searches.check(&access.user).map(|()| access).map_err(|limited| refuse(limited.into())),
        )
    })
}

/// The sender of a login, refresh or logout: the account slot, its account, and all accounts on the device.
#[derive(Clone, Debug)]
pub struct DeviceSlot {
    /// The slot that the request names.
    pub choice: SlotChoice,
    /// How this request's cookies are called.
    pub cookies: Cookies,
    /// The refresh tokens of all accounts on the device.
    pub tokens: Vec<(Slot, SecretString)>,
    /// The account in the chosen slot; empty for a new one.
    pub caller: Caller,
}

impl DeviceSlot {
    fn read(context: &HttpContext, headers: &HeaderMap, cookies: Cookies, address: IpAddr, choice: SlotChoice) -> Self {
        let tokens = cookies.read_all(headers);
        let user_agent = text(headers, header::USER_AGENT).unwrap_or_default().to_owned();
        let caller = match choice {
            SlotChoice::New => Caller { user_agent, address: Some(address), ..Caller::default() },
            SlotChoice::At(slot) => Caller {
                refresh_token: tokens.iter().find(|(taken, _)| *taken == slot).map(|(_, token)| token.clone()),
                access: bearer(headers).and_then(|token| context.identity.authenticate(token).ok()),
                user_agent,
                address: Some(address),
            },
        };
        Self { choice, cookies, tokens, caller }
    }

    /// The same device with another slot. Ignores the access token, which belongs to no slot.
    #[must_use]
    pub fn in_slot(mut self, choice: SlotChoice) -> Self {
        let token = |slot| self.tokens.iter().find(|(taken, _)| *taken == slot).map(|(_, token)| token.clone());
        self.caller.refresh_token = if let SlotChoice::At(slot) = choice { token(slot) } else { None };
        self.caller.access = None;
        self.choice = choice;
        self
    }

    /// The same device with the slot that has a session of `user`, or any free one, so that no other account on the device is
    /// replaced.
    pub async fn in_slot_of(self, context: &HttpContext, user: UserId) -> Result<Self, ApiError> {
        for (slot, token) in &self.tokens {
            let caller = Caller { refresh_token: Some(token.clone()), ..Caller::default() };
            if context.identity.peek(&caller).await?.is_some_and(|known| known.id == user) {
                let slot = *slot;
                return Ok(self.in_slot(SlotChoice::At(slot)));
            }
        }
        Ok(self.in_slot(SlotChoice::New))
    }

    /// The slot to log in to: the chosen one, or the first without a valid session.
    pub async fn slot(&self, context: &HttpContext) -> Result<Slot, ApiError> {
        if let SlotChoice::At(slot) = self.choice {
            return Ok(slot);
        }
        for slot in Slot::all() {
            let Some((_, token)) = self.tokens.iter().find(|(taken, _)| *taken == slot) else { return Ok(slot) };
            let caller = Caller { refresh_token: Some(token.clone()), ..Caller::default() };
            if context.identity.peek(&caller).await?.is_none() {
                return Ok(slot);
            }
        }
        let detail = "No more accounts fit on this device. Log one of them out first.";
        Err(ApiError::new(StatusCode::CONFLICT, ErrorCode::LimitReached, detail))
    }
}

/// The sender's [`DeviceSlot`]; 400 for an invalid slot.
pub fn device_slot(
    context: &SharedContext,
) -> impl Filter<Extract = (DeviceSlot,), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    let (context, peer) = (Arc::clone(context), warp::ext::optional::<SocketAddr>());
    let way_in = peer.and(warp::ext::optional::<Encrypted>()).and(warp::ext::optional::<WithBasePath>());
    client_address(&context).and(way_in).and(warp::header::headers_cloned()).and_then(
        move |address, peer, encrypted: Option<Encrypted>, with_base: Option<WithBasePath>, headers: HeaderMap| {
            let choice = headers
                .get(SLOT_HEADER)
                .map_or(Some(SlotChoice::At(Slot::FIRST)), |value| value.to_str().ok().and_then(SlotChoice::parse));
            let base = context.origins.base_path(with_base.is_some(), text(&headers, header::HOST));
            let cookies = Cookies::new(way(&context, peer, encrypted.is_some(), &headers), base);
            let device_slot = choice.map(|choice| DeviceSlot::read(&context, &headers, cookies, address, choice));
            std::future::ready(device_slot.ok_or_else(|| refuse(ApiError::invalid("There is no such slot."))))
        },
    )
}

/// The way of a request from `peer`. It came by https if it came encrypted, if a trusted proxy says so, if the settings say so
/// for its host, or if the browser sent a cookie that it sends by https only.
fn way(context: &HttpContext, peer: Option<SocketAddr>, encrypted: bool, headers: &HeaderMap) -> Way {
    let proxies = &context.config.listen.trusted_proxies;
    let is_trusted = |peer: SocketAddr| proxies.iter().any(|proxy| proxy.contains(peer.ip()));
    let is_https = encrypted || (peer.is_some_and(is_trusted) && was_https(headers));
    if !is_https && !context.origins.is_https(text(headers, header::HOST)) && !Cookies::has_secure_token(headers) {
        Way::Plain
    } else if context.origins.https() {
        Way::Secure
    } else {
        Way::SecureOrPlain
    }
}

/// Whether the proxy that forwarded a request was reached by https. A proxy that adds to the header, instead of replacing
/// it, adds the last value.
fn was_https(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all("x-forwarded-proto").iter().filter_map(|value| value.to_str().ok());
    let scheme = lines.next_back().and_then(|line| line.rsplit(',').next());
    scheme.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// A JSON body of at most [`BODY_BYTES_MAX`] bytes; 413 for a longer one, 408 for one that does not arrive in time, 400 for
/// anything else.
pub fn json_body<T: DeserializeOwned + Send>()
-> impl Filter<Extract = (T,), Error = Rejection> + Clone + Send + Sync + 'static {
    warp::header::headers_cloned().and(warp::body::stream()).and_then(|headers: HeaderMap, body| async move {
        if !is_json(&headers) {
            return Err(refuse(ApiError::invalid("The body must be JSON with a Content-Type of application/json.")));
        }
        let bytes = read_body(&headers, body).await.map_err(refuse)?;
        // The error may quote the body, and with it a password; its line and column do not.
        serde_json::from_slice(&bytes).map_err(|cause| {
            let place = format!("line {}, column {}", cause.line(), cause.column());
            refuse(ApiError::invalid(format!("The body is not valid JSON for this request ({place}).")))
        })
    })
}

/// The client's address: the peer, or the one that a trusted proxy reports in `X-Forwarded-For`. The accept loop puts
/// the peer's [`SocketAddr`] into the request's extensions; without one all requests count as one address.
///
/// Used as a key for rate limits: an IPv4 address, or the /64 of an IPv6 address, which belongs to one subscriber.
pub fn client_address(
    context: &SharedContext,
) -> impl Filter<Extract = (IpAddr,), Error = Infallible> + Clone + Send + Sync + 'static + use<> {
    let trusted = context.config.listen.proxies();
    warp::ext::optional::<SocketAddr>().and(warp::header::headers_cloned()).map(
        move |peer: Option<SocketAddr>, headers: HeaderMap| {
            let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip().to_canonical());
            subscriber(forwarded_for(peer, &headers, &trusted))
        },
    )
}

/// Rejects (403) requests that another site's page could have made a browser send.
///
/// For requests that may change something:
/// 1. with `Origin`, it must be [allowed](super::origin::Origins::allows);
/// 2. else with `Sec-Fetch-Site`, it must be `same-origin` or `none` (typed by the user);
/// 3. with neither, the client is no current browser: it is allowed unless the cookie alone authenticates it. A native
///    client with a cookie sends `Authorization`, or this server's address as `Origin`.
pub fn own_origin(
    context: &SharedContext,
) -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    let context = Arc::clone(context);
    warp::method()
        .and(warp::header::headers_cloned())
        .and_then(move |method: Method, headers: HeaderMap| {
            let refusal = if method.is_safe() { Ok(()) } else { check_origin(&headers, &context) };
            std::future::ready(refusal.map_err(refuse))
        })
        .untuple_one()
}

/// Rejects (421) requests to a host name that is not this server's: a page of that name, whose address was changed to this
/// server's after it was loaded (DNS rebinding), has this server's origin for the browser.
pub fn known_host(
    context: &SharedContext,
) -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    let context = Arc::clone(context);
    warp::header::headers_cloned()
        .and_then(move |headers: HeaderMap| {
            let host = text(&headers, header::HOST);
            std::future::ready(if context.origins.knows_host(host) { Ok(()) } else { Err(refuse(unknown_host())) })
        })
        .untuple_one()
}

/// The response to a request that went to a host name that is not this server's.
pub fn unknown_host() -> ApiError {
    let detail = "This server does not answer for this host name. Its operator allows it with TUTTI_PUBLIC_URL or \
        TUTTI_ALLOWED_ORIGINS.";
    ApiError::from_reason(StatusCode::MISDIRECTED_REQUEST, Reason::ForeignPage, detail)
}

/// The response to a request of a page that is not this server's, or of its own page through a proxy that changes `Host`.
pub fn foreign_page() -> ApiError {
    let detail = "This page is not allowed to use this server. If it is this server's own, behind a proxy, set \
        TUTTI_PUBLIC_URL to its address, or let the proxy pass on the header Host.";
    ApiError::from_reason(StatusCode::FORBIDDEN, Reason::ForeignPage, detail)
}

fn check_origin(headers: &HeaderMap, context: &HttpContext) -> Result<(), ApiError> {
    const UNKNOWN_ORIGIN: &str = "A request with a cookie needs Authorization or Origin.";
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if let Some(origin) = origins.next() {
        let origin = origin.to_str().unwrap_or("null");
        let ours = context.origins.allows(Some(origin), text(headers, header::HOST));
        return if ours && origins.next().is_none() { Ok(()) } else { Err(foreign_page()) };
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site == "same-origin" || site == "none" { Ok(()) } else { Err(foreign_page()) };
    }
    let only_cookie = !headers.contains_key(header::AUTHORIZATION) && Cookies::has_token(headers);
    if only_cookie { Err(ApiError::forbidden(UNKNOWN_ORIGIN)) } else { Ok(()) }
}

/// The rightmost address that is not a trusted proxy. Clients can forge those further left.
fn forwarded_for(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut client = peer;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !trusted.contains(client) {
            break;
        }
        let Some(address) = parse_hop(hop.trim()) else { break };
        client = address;
    }
    client
}

fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// Parses an address; some proxies add the port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip())).ok();
    address.map(|address: IpAddr| address.to_canonical())
}

async fn read_body<B: Buf>(
    headers: &HeaderMap,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Result<BytesMut, ApiError> {
    let too_large = || {
        let detail = format!("The body may have at most {BODY_BYTES_MAX} bytes.");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, detail)
    };
    let announced = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    let mut body = std::pin::pin!(body);
    let mut bytes = BytesMut::new();
    let too_slow = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::Invalid, "The body took too long.");
    let whole = async {
        while let Some(part) = timeout(HTTP_BODY_PART_TIMEOUT, body.try_next())
            .await
            .map_err(too_slow)?
            .map_err(|_| ApiError::invalid("The body ended early."))?
        {
            if bytes.len() + part.remaining() > BODY_BYTES_MAX {
                return Err(too_large());
            }
            bytes.put(part);
        }
        Ok(())
    };
    timeout(HTTP_BODY_TIMEOUT, whole).await.map_err(too_slow)??;
    Ok(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The bearer token of a request, unchecked.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn unauthenticated() -> ApiError {
    ApiError::unauthenticated("Please log in again.")
}

fn refuse(error: ApiError) -> Rejection {
    warp::reject::custom(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(raw: &str) -> IpAddr {
        raw.parse().unwrap()
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (http::HeaderName::from_static("x-forwarded-for"), line.parse().unwrap())).collect()
    }

    #[test]
    fn only_trusted_proxies_can_forward_addresses() {
        let trusted =
            ["10.0.0.1", "10.0.0.2", "172.16.0.0/12"].iter().map(|network| network.parse().unwrap()).collect();
        let cases: [(&str, &[&str], &str); 10] = [
            ("172.17.0.3", &["203.0.113.9, 172.18.0.2"], "203.0.113.9"),
            ("172.32.0.3", &["203.0.113.9"], "172.32.0.3"),
            ("192.0.2.7", &["203.0.113.9"], "192.0.2.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1"),
        ];
        for (peer, lines, client) in cases {
            assert_eq!(forwarded_for(address(peer), &headers(lines), &trusted), address(client), "{lines:?}");
        }
    }

    #[test]
    fn ipv6_addresses_share_a_key_by_prefix() {
        let key = |raw| subscriber(address(raw));
        assert_eq!(key("2001:db8:1:2:aaaa::1"), key("2001:db8:1:2:bbbb::2"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
