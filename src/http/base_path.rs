//! The part of a site's path that a proxy gives this server, such as `/tutti` of `https://home.example/tutti`.
//!
//! Proxies pass requests on with that path, or remove it; requests from the local network come without it. [`BasePath`] removes
//! it before the routes see a request, so that all of these are served alike. The path of
//! pages and cookies is decided by [`Origins::base_path`](super::origin::Origins::base_path).

use std::sync::Arc;
use std::task::{Context, Poll};

use http::uri::PathAndQuery;
use http::{Request, Uri};
use tower_service::Service;

/// In the extensions of a request that came with the base path.
#[derive(Clone, Debug)]
pub struct WithBasePath {
    /// Where to redirect a request for the base path itself, without the slash after it: the service worker and the manifest
    /// are for what is below it.
    pub below: Option<String>,
}

/// Removes the base path from requests.
#[derive(Clone, Debug)]
pub struct BasePath<S> {
    inner: S,
    base: Arc<str>,
}

impl<S> BasePath<S> {
    /// Around routes; an empty base changes nothing.
    pub fn new(inner: S, base: &str) -> Self {
        Self { inner, base: base.into() }
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for BasePath<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if !self.base.is_empty()
            && let Some((uri, with)) = without_base(request.uri(), &self.base)
        {
            *request.uri_mut() = uri;
            request.extensions_mut().insert(with);
        }
        self.inner.call(request)
    }
}

/// An address without the base path; `None` for one that does not have it.
fn without_base(uri: &Uri, base: &str) -> Option<(Uri, WithBasePath)> {
    let rest = uri.path().strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let below = rest.is_empty().then(|| format!("{base}/{query}"));
    let path = if rest.is_empty() { "/" } else { rest };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{path}{query}")).ok()?);
    Some((Uri::from_parts(parts).ok()?, WithBasePath { below }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_path_is_removed_from_what_is_below_it() {
        let rest = |uri: &str| {
            let (uri, with) = without_base(&uri.parse().unwrap(), "/tutti")?;
            Some((uri.to_string(), with.below))
        };
        let plain = |path: &str| Some((path.to_owned(), None));
        assert_eq!(rest("/tutti/"), plain("/"));
        assert_eq!(rest("/tutti/api/v1/me?a=b&c"), plain("/api/v1/me?a=b&c"));
        assert_eq!(rest("/tutti/tutti/x"), plain("/tutti/x"), "once");
        assert_eq!(rest("/tutti//evil.example/"), plain("//evil.example/"), "still a path");
        assert_eq!(rest("http://home.example/tutti/ws"), plain("http://home.example/ws"));
        assert_eq!(rest("/tutti"), Some(("/".into(), Some("/tutti/".into()))));
        assert_eq!(rest("/tutti?a=b"), Some(("/?a=b".into(), Some("/tutti/?a=b".into()))));
        for other in ["/", "/api/v1/me", "/tuttifrutti/", "/Tutti/", "/x/tutti/", "*"] {
            assert_eq!(rest(other), None, "{other}");
        }
    }
}
