//! Errors of the Web API.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::json;

use crate::http_message::HttpResponse;

/// An error in the format of the Web API; those of the player have a machine-readable reason.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: Cow<'static, str>,
    reason: Option<&'static str>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), reason: None }
    }

    /// 400.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401.
    pub(crate) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 404 for an unknown path.
    pub(crate) fn no_such_service() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Service not found")
    }

    pub(crate) fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

impl From<ApiError> for HttpResponse {
    fn from(error: ApiError) -> Self {
        let mut inner = json!({ "status": error.status.as_u16(), "message": error.message });
        if let Some(reason) = error.reason {
            inner["reason"] = json!(reason);
        }
        Self::json(error.status, &json!({ "error": inner }))
    }
}
