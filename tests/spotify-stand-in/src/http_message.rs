//! HTTP requests with their complete body, and responses: the types that all handlers use.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::ids::PersonId;

/// A request with its body.
pub(crate) struct HttpRequest {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl HttpRequest {
    /// The segments of the path.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// The query parameters.
    pub(crate) fn parameters(&self) -> Parameters {
        Parameters::parse(self.query.as_bytes())
    }

    /// The fields of a form; empty if the content type is another one.
    pub(crate) fn form(&self) -> Parameters {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_form = kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded");
        Parameters::parse(if is_form { &self.body } else { b"" })
    }

    /// The body as JSON, whatever its `Content-Type`.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// The `Authorization` header.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())
    }
}

/// Names and values of a query or a form; the first value of a repeated name counts.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A response, before it is sent.
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// The person whom the request concerned, for the recorder.
    pub(crate) person: Option<PersonId>,
}

impl HttpResponse {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), person: None }
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // Cannot fail: all maps have string keys.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::bytes(status, "application/json; charset=utf-8", body)
    }

    pub(crate) fn html(status: StatusCode, body: String) -> Self {
        Self::bytes(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::bytes(status, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn bytes(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::empty(status).with(CONTENT_TYPE, kind) }
    }

    /// 303 See Other: the browser follows with GET.
    pub(crate) fn redirect(to: &str) -> Self {
        Self::empty(StatusCode::SEE_OTHER).with(LOCATION, to)
    }

    /// Adds a header; one with an invalid value is omitted.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn about(self, person: &PersonId) -> Self {
        Self { person: Some(person.clone()), ..self }
    }

    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
