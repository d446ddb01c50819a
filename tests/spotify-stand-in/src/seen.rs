//! What the stand-in remembers for assertions: every request, and every secret.
//!
//! Requests for `/stand-in/` are not among them. Of a query only the Web API's is kept: those of logins hold secrets.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;

use crate::ids::PersonId;

/// Requests that are kept; then the oldest is forgotten.
const REQUESTS_MAX: usize = 100_000;

/// Secrets that are kept; then no further one is.
const SECRETS_MAX: usize = 100_000;

/// One request, as it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenRequest {
    /// `GET` and the like.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The query of a request to the Web API, else empty.
    pub query: String,
    /// The `grant_type` of a request to the token endpoint.
    pub grant_type: Option<String>,
    /// Whose token, code or consent it was, where that was known.
    pub person: Option<PersonId>,
    /// The status of the answer.
    pub status: u16,
    /// When it took effect, after half of the latency, in Unix milliseconds of the stand-in's clock.
    pub took_effect_at_ms: i64,
    /// How many requests to the same path were under way when it came, itself included. Two refreshes in flight are
    /// a 2 here.
    pub in_flight: u32,
}

#[derive(Default)]
pub(crate) struct Seen {
    requests: VecDeque<SeenRequest>,
    secrets: BTreeSet<String>,
}

impl Seen {
    pub(crate) fn request(&mut self, request: SeenRequest) {
        if self.requests.len() == REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<SeenRequest> {
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
