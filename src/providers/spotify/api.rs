//! Requests to the Web API.
//!
//! Spotify's rate limit applies to the app as a whole: after a 429, no request is sent for any user until `Retry-After`
//! has passed.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use super::SpotifyError;
use crate::clock::{Clock, ms};
use crate::identity::picture::{self, PICTURE_BYTES_MAX};
use crate::store::StoredPicture;
use crate::telemetry::metrics::{Metrics, SpotifyRequestOutcome};

/// Longest response, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Pause after a 429 without `Retry-After`.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);
/// Preferred minimum width of a profile picture, in pixels: 50 points at triple density.
const PICTURE_PIXELS_WANTED: u32 = 150;

/// Why a request to the Web API failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// 401: the token was rejected, sometimes wrongly.
    Unauthorized,
    /// Another client error, with the player's reason code, or an empty string.
    Rejected(StatusCode, String),
    /// Anything else.
    Other(SpotifyError),
}

/// A user's profile. Most fields are missing in development mode.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Profile {
    id: Option<String>,
    account_id: Option<String>,
    display_name: Option<String>,
    product: Option<String>,
    #[serde(default)]
    images: Option<Vec<Image>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Image {
    url: String,
    width: Option<u32>,
}

impl Profile {
    /// Stable ids of the account, preferred first: `account_id`, then `id`. A prefix tells the two kinds apart.
    pub(super) fn account_ids(&self) -> Vec<String> {
        let of = |kind: &str, id: &Option<String>| {
            let id = id.as_deref().filter(|id| !id.is_empty() && id.len() <= 100)?;
            Some(format!("{kind}:{id}"))
        };
        of("account", &self.account_id).into_iter().chain(of("id", &self.id)).collect()
    }

    /// The display name without control characters; may be empty.
    pub(super) fn name(&self, chars_max: usize) -> String {
        let name = self.display_name.as_deref().unwrap_or_default();
        let clean: String = name.chars().filter(|c| !c.is_control()).take(chars_max).collect();
        clean.trim().to_owned()
    }

    /// Whether the account has Premium; `None` if the profile does not say.
    pub(super) fn premium(&self) -> Option<bool> {
        self.product.as_deref().filter(|product| !product.is_empty()).map(|product| product == "premium")
    }

    /// The smallest picture that is large enough, or else the largest.
    fn picture_url(&self) -> Option<&str> {
        let images = self.images.as_deref().unwrap_or_default();
        let width = |image: &&Image| image.width.unwrap_or(PICTURE_PIXELS_WANTED);
        let enough = images.iter().filter(|image| width(image) >= PICTURE_PIXELS_WANTED).min_by_key(width);
        enough.or_else(|| images.iter().max_by_key(width)).map(|image| image.url.as_str())
    }
}

/// The Web API.
pub(super) struct Api {
    http: reqwest::Client,
    base: Url,
    metrics: Metrics,
    clock: Clock,
    /// No request is sent before this time; negated if a quota is used up.
    pause_until_ms: AtomicI64,
    /// Publishes the end of each pause.
    pauses: watch::Sender<i64>,
}

impl Api {
    pub(super) fn new(http: reqwest::Client, base: Url, metrics: Metrics, clock: Clock) -> Self {
        Self { http, base, metrics, clock, pause_until_ms: AtomicI64::new(0), pauses: watch::Sender::new(0) }
    }

    /// `GET /v1/me`.
    pub(super) async fn me(&self, token: &SecretString) -> Result<Profile, Failure> {
        self.get("v1/me", &[], token).await?.ok_or_else(|| Failure::unavailable(anyhow!("empty profile")))
    }

    /// The picture of a profile. Plain http is allowed only if the API itself uses it.
    pub(super) async fn picture(&self, profile: &Profile) -> anyhow::Result<Option<StoredPicture>> {
        let Some(url) = profile.picture_url() else { return Ok(None) };
        let url = Url::parse(url)?;
        if url.scheme() != "https" && url.scheme() != self.base.scheme() {
            return Ok(None);
        }
        let response = self.http.get(url).send().await.map_err(reqwest::Error::without_url)?.error_for_status()?;
        Ok(picture::recognize(&read(response, PICTURE_BYTES_MAX).await?))
    }

    /// Fails during a pause.
    pub(super) fn check_pause(&self) -> Result<(), SpotifyError> {
        let until_ms = self.pause_until_ms.load(Ordering::Relaxed);
        let left_ms = until_ms.abs() - self.clock.now_ms();
        if left_ms <= 0 {
            return Ok(());
        }
        let retry_after = Duration::from_millis(left_ms.unsigned_abs());
        Err(SpotifyError::TooMany { retry_after, quota: until_ms < 0 })
    }

    /// Starts a pause after a 429.
    pub(super) fn pause(&self, headers: &HeaderMap, body: &[u8]) -> SpotifyError {
        let named = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let retry_after = named.map_or(RETRY_AFTER_DEFAULT, Duration::from_secs);
        let quota = body.windows(14).any(|window| window == b"QUOTA_EXCEEDED");
        let until_ms = self.clock.now_ms().saturating_add(ms(retry_after));
        self.pause_until_ms.store(if quota { -until_ms } else { until_ms }, Ordering::Relaxed);
        self.pauses.send_replace(until_ms);
        tracing::warn!(seconds = retry_after.as_secs(), quota, "Spotify rate-limits this server");
        SpotifyError::TooMany { retry_after, quota }
    }

    /// Sends a `GET`; `None` for 204 (No Content).
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &SecretString,
    ) -> Result<Option<T>, Failure> {
        let response = self.send(self.request(Method::GET, path)?.query(query), token).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let body = read(response, ANSWER_BYTES_MAX).await.map_err(Failure::unavailable)?;
        // The cause may quote personal data.
        let result = serde_json::from_slice(&body).map_err(|_| anyhow!("malformed response"));
        result.map(Some).map_err(Failure::unavailable)
    }

    /// Sends a `PUT`. Ignores the body of a success, which is not JSON despite its content type.
    pub(super) async fn put(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        token: &SecretString,
    ) -> Result<(), Failure> {
        let request = self.request(Method::PUT, path)?.query(query);
        let request = match body {
            Some(body) => request.json(body),
            // The API's gateway requires a length even without a body.
            None => request.header(CONTENT_LENGTH, 0),
        };
        self.send(request, token).await.map(drop)
    }

    /// The end of the latest pause, in Unix milliseconds.
    pub(super) fn pauses(&self) -> watch::Receiver<i64> {
        self.pauses.subscribe()
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
        self.check_pause().map_err(Failure::Other)?;
        Ok(self.http.request(method, self.base.join(path).map_err(Failure::unavailable)?))
    }

    /// Sends a request and counts its outcome.
    async fn send(&self, request: RequestBuilder, token: &SecretString) -> Result<Response, Failure> {
        let began_ms = self.clock.now_ms_f64();
        let answer = self.send_uncounted(request, token).await;
        let outcome = match &answer {
            Ok(_) => SpotifyRequestOutcome::Ok,
            Err(Failure::Unauthorized) => SpotifyRequestOutcome::TokenRejected,
            Err(Failure::Rejected(..)) => SpotifyRequestOutcome::Refused,
            Err(Failure::Other(SpotifyError::TooMany { .. })) => SpotifyRequestOutcome::RateLimited,
            Err(Failure::Other(_)) => SpotifyRequestOutcome::Failed,
        };
        self.metrics.spotify_request(outcome, self.clock.now_ms_f64() - began_ms);
        answer
    }

    async fn send_uncounted(&self, request: RequestBuilder, token: &SecretString) -> Result<Response, Failure> {
        let response = request.bearer_auth(token.expose_secret()).send().await;
        let response = response.map_err(|error| Failure::unavailable(error.without_url()))?;
        let status = response.status();
        match status {
            _ if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED => Err(Failure::Unauthorized),
            StatusCode::TOO_MANY_REQUESTS => {
                let headers = response.headers().clone();
                let body = read(response, ANSWER_BYTES_MAX).await.unwrap_or_default();
                Err(Failure::Other(self.pause(&headers, &body)))
            }
            _ if status.is_client_error() => {
                let body = read(response, ANSWER_BYTES_MAX).await.unwrap_or_default();
                Err(Failure::Rejected(status, reason(&body)))
            }
            _ => Err(Failure::unavailable(anyhow!("Spotify responded with {status}"))),
        }
    }
}

/// The reason code of a player error, or an empty string.
fn reason(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["error"]["reason"].as_str().unwrap_or_default().to_owned()
}

impl From<Failure> for SpotifyError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Other(error) => error,
            Failure::Unauthorized => Self::Unavailable(anyhow!("token rejected")),
            // Player errors have a reason code.
            Failure::Rejected(StatusCode::FORBIDDEN, reason) if reason.is_empty() => Self::NotListed,
            Failure::Rejected(status, reason) => Self::Unavailable(anyhow!("Spotify responded with {status} {reason}")),
        }
    }
}

impl Failure {
    fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self::Other(SpotifyError::Unavailable(cause.into()))
    }
}

/// Reads a body of at most `bytes_max` bytes.
pub(super) async fn read(mut response: Response, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(anyhow!("response longer than {bytes_max} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(json: &str) -> Profile {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn account_id_is_preferred_to_id() {
        assert_eq!(profile(r#"{"id":"ana","account_id":"a1"}"#).account_ids(), ["account:a1", "id:ana"]);
        assert_eq!(profile(r#"{"id":"ana"}"#).account_ids(), ["id:ana"]);
        assert_eq!(profile(r#"{"id":"","account_id":null}"#).account_ids(), [""; 0]);
    }

    #[test]
    fn premium_is_unknown_without_a_product() {
        assert_eq!(profile(r#"{"product":"premium"}"#).premium(), Some(true));
        assert_eq!(profile(r#"{"product":"free"}"#).premium(), Some(false));
        assert_eq!(profile(r#"{"product":""}"#).premium(), None);
        assert_eq!(profile("{}").premium(), None);
    }

    #[test]
    fn the_smallest_sufficient_picture_is_chosen() {
        let of = |json: &str| profile(json).picture_url().map(str::to_owned);
        let images = r#"{"images":[{"url":"640","width":640},{"url":"300","width":300},{"url":"64","width":64}]}"#;
        assert_eq!(of(images).as_deref(), Some("300"));
        assert_eq!(of(r#"{"images":[{"url":"64","width":64}]}"#).as_deref(), Some("64"));
        assert_eq!(of(r#"{"images":[{"url":"some","width":null}]}"#).as_deref(), Some("some"));
        assert_eq!(of(r#"{"images":null}"#), None);
    }
}
