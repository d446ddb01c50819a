//! Records requests and secrets for assertions.
//!
//! Requests to `/stand-in/` are not recorded. Queries are recorded for the Web API only: those of logins contain
//! secrets.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;

use crate::ids::PersonId;

/// Requests kept; beyond, the oldest is dropped.
const REQUESTS_MAX: usize = 100_000;

/// Secrets kept; beyond, no more are recorded.
const SECRETS_MAX: usize = 100_000;

/// A request and the status of its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedRequest {
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query of a request to the Web API, else empty.
    pub query: String,
    /// The `grant_type` of a request to the token endpoint.
    pub grant_type: Option<String>,
    /// The person of its token, code or consent, if known.
    pub person: Option<PersonId>,
    /// The status of the response.
    pub status: u16,
    /// When it took effect, after half of the latency, in Unix milliseconds of the stand-in's clock.
    pub took_effect_at_ms: i64,
    /// Requests to the same path in flight when it arrived, itself included: 2 for two concurrent refreshes.
    pub in_flight: u32,
}

#[derive(Default)]
pub(crate) struct Recorder {
    requests: VecDeque<RecordedRequest>,
    secrets: BTreeSet<String>,
}

impl Recorder {
    pub(crate) fn request(&mut self, request: RecordedRequest) {
        if self.requests.len() == REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn secret(&mut self, secret: &str) {
        if !secret.is_empty() && self.secrets.len() < SECRETS_MAX {
            self.secrets.insert(secret.to_owned());
        }
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        self.secrets.iter().cloned().collect()
    }
}
