//! Error responses: RFC 9457 problem details with a code, a sentence for users, and an `error_id` under which the cause
//! is logged. They expose no internals.

use std::fmt;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use tutti_protocol::http::Problem;
use tutti_protocol::{ErrorCode, Reason, ReasonValues, reason_values};
use uuid::Uuid;
use warp::reply::Response;

use crate::clock::in_words;
use crate::limiter::RateLimited;
use crate::providers::{Provider, ProviderError};

/// `Retry-After` while a cap is reached; the actual waiting time is unknown.
const LIMIT_REACHED_RETRY_AFTER: Duration = Duration::from_secs(10);

/// A request that was rejected because of its sender. In the response's extensions until it is logged.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The id in the problem document.
    pub error_id: String,
    /// Its sentence.
    pub detail: String,
}

/// A failed request.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    reason: Option<Reason>,
    values: ReasonValues,
    detail: String,
    retry_after: Option<Duration>,
    cause: Option<anyhow::Error>,
}

impl ApiError {
    /// An error that the client caused.
    pub fn new(status: StatusCode, code: ErrorCode, detail: impl Into<String>) -> Self {
        let (reason, values) = (None, ReasonValues::new());
        Self { status, code, reason, values, detail: detail.into(), retry_after: None, cause: None }
    }

    /// An error with a reason of the protocol, and the code of that reason.
    pub fn from_reason(status: StatusCode, reason: Reason, detail: impl Into<String>) -> Self {
        Self::new(status, reason.code(), detail).with_reason(reason, ReasonValues::new())
    }

    /// The same error with a reason, and the values that a sentence about it needs.
    #[must_use]
    pub fn with_reason(self, reason: Reason, values: ReasonValues) -> Self {
        Self { reason: Some(reason), values, ..self }
    }

    /// 400 `invalid`.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid, detail)
    }

    /// 401 `forbidden`: the caller is not authenticated.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Forbidden, detail)
    }

    /// 403 `forbidden`: the caller is authenticated and not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail)
    }

    /// 404 `not_found`.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, detail)
    }

    /// 429 `rate_limited`, with `Retry-After`.
    pub fn rate_limited(retry_after: Duration) -> Self {
        let seconds = in_seconds(retry_after);
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorCode::RateLimited,
                format!("Too many requests. Please try again in {seconds} s."),
            )
        }
    }

    /// The same error with another sentence.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// 503 `unavailable`: the store does not answer; the same request may succeed later.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self {
            retry_after: Some(Duration::from_secs(2)),
            cause: Some(cause.into()),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::Unavailable,
                "The server cannot do this at the moment. Please try again.",
            )
        }
    }

    /// 500 `internal`: a bug in the server.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "Something went wrong on the server.")
        }
    }

    /// 429 `limit_reached`, with `Retry-After`: a cap is reached.
    pub fn limit_reached(detail: impl Into<String>) -> Self {
        Self {
            retry_after: Some(LIMIT_REACHED_RETRY_AFTER),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::LimitReached, detail)
        }
    }

    /// The response to a failed provider request.
    pub fn from_provider(provider: &dyn Provider, error: ProviderError) -> Self {
        let (name, reason) = (provider.name(), error.reason());
        let problem = match error {
            ProviderError::NotLinked => Self::forbidden(format!("This needs a linked {name} account.")),
            ProviderError::Forbidden(detail) => Self::forbidden(detail),
            ProviderError::Unplayable => Self::invalid(format!("{name} does not offer this track where you are.")),
            ProviderError::RateLimited { retry_after } => Self::rate_limited(retry_after).with_detail(format!(
                "{name} accepts no more requests from this server for {}. Everything else works.",
                in_words(retry_after)
            )),
            ProviderError::Invalid(detail) => Self::invalid(detail),
            ProviderError::Unavailable(cause) => {
                let detail = format!("{name} cannot be reached at the moment. Everything else works.");
                Self::unavailable(cause).with_detail(detail)
            }
        };
        problem.with_reason(reason, reason_values([("provider", provider.id().as_str().into())]))
    }

    /// The error code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code.as_str(), self.detail)
    }
}

impl ApiError {
    /// Logs the error and builds its problem document.
    pub fn to_response(&self) -> Response {
        let error_id = Uuid::new_v4().simple().to_string();
        if let Some(cause) = &self.cause {
            let status = self.status.as_u16();
            tracing::error!(error_id, status, cause = format!("{cause:#}"), "request failed");
        }
        let rejected = Rejected { error_id: error_id.clone(), detail: self.detail.clone() };
        let problem = Problem {
            r#type: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or("Error").into(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code,
            error_id,
            reason: self.reason,
            values: self.values.clone(),
        };
        let body = serde_json::to_vec(&problem).expect("a problem is JSON");
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status;
        if self.cause.is_none() {
            response.extensions_mut().insert(rejected);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(retry_after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(in_seconds(retry_after)));
        }
        response
    }
}

impl From<RateLimited> for ApiError {
    fn from(limited: RateLimited) -> Self {
        Self::rate_limited(limited.retry_after)
    }
}

/// Rounded up, so that a retry is not early.
fn in_seconds(retry_after: Duration) -> u64 {
    retry_after.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

impl warp::Reply for ApiError {
    fn into_response(self) -> Response {
        self.to_response()
    }
}

/// Filters use it as a rejection.
impl warp::reject::Reject for ApiError {}
