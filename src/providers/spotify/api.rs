//! Requests to the Web API.
//!
//! The app as a whole has one allowance: when Spotify says 429, nothing is asked of it until the time that it names has
//! passed, whoever wants to.

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

/// Bytes in an answer, at most.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long to hold still when Spotify says 429 without a time.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);
/// Pixels that a picture of somebody should have at least, for screens with three of them to a point.
const PICTURE_PIXELS_WANTED: u32 = 150;

/// Why a request to the Web API has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The token is not taken, or a false 401.
    Unauthorized,
    /// It has no such thing, or it may not be done, for the reason that stands beside it where there is one.
    Refused(StatusCode, String),
    /// Anything else.
    Other(SpotifyError),
}

/// Somebody, as their profile says. In development mode most of it is missing.
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
    /// What the account is known by, best first: `account_id`, and `id` where that is missing. Each says which of the two it
    /// is, so that one is never taken for the other.
    pub(super) fn account_ids(&self) -> Vec<String> {
        let of = |kind: &str, id: &Option<String>| {
            let id = id.as_deref().filter(|id| !id.is_empty() && id.len() <= 100)?;
            Some(format!("{kind}:{id}"))
        };
        of("account", &self.account_id).into_iter().chain(of("id", &self.id)).collect()
    }

    /// What they are called, without what does not belong into a name; may be empty.
    pub(super) fn name(&self, chars_max: usize) -> String {
        let name = self.display_name.as_deref().unwrap_or_default();
        let clean: String = name.chars().filter(|c| !c.is_control()).take(chars_max).collect();
        clean.trim().to_owned()
    }

    /// Whether they have Premium, where the profile says so.
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
    clock: Clock,
    /// Nothing is asked before; negative while it is for a used-up allowance.
    pause_until_ms: AtomicI64,
    /// Until when nothing is asked, for those who tell people.
    pauses: watch::Sender<i64>,
}

impl Api {
    pub(super) fn new(http: reqwest::Client, base: Url, clock: Clock) -> Self {
        Self { http, base, clock, pause_until_ms: AtomicI64::new(0), pauses: watch::Sender::new(0) }
    }

    /// `GET /v1/me`.
    pub(super) async fn me(&self, token: &SecretString) -> Result<Profile, Failure> {
        self.get("v1/me", &[], token).await?.ok_or_else(|| Failure::unavailable(anyhow!("a profile that is empty")))
    }

    /// The picture that belongs to a profile. Over plain http only where the API itself is.
    pub(super) async fn picture(&self, profile: &Profile) -> anyhow::Result<Option<StoredPicture>> {
        let Some(url) = profile.picture_url() else { return Ok(None) };
        let url = Url::parse(url)?;
        if url.scheme() != "https" && url.scheme() != self.base.scheme() {
            return Ok(None);
        }
        let response = self.http.get(url).send().await.map_err(reqwest::Error::without_url)?.error_for_status()?;
        Ok(picture::recognize(&read(response, PICTURE_BYTES_MAX).await?))
    }

    /// Fails while Spotify wants to be left alone.
    pub(super) fn check_pause(&self) -> Result<(), SpotifyError> {
        let until_ms = self.pause_until_ms.load(Ordering::Relaxed);
        let left_ms = until_ms.abs() - self.clock.now_ms();
        if left_ms <= 0 {
            return Ok(());
        }
        let retry_after = Duration::from_millis(left_ms.unsigned_abs());
        Err(SpotifyError::TooMany { retry_after, quota: until_ms < 0 })
    }

    /// Takes a 429 to heart.
    pub(super) fn pause(&self, headers: &HeaderMap, body: &[u8]) -> SpotifyError {
        let named = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let retry_after = named.map_or(RETRY_AFTER_DEFAULT, Duration::from_secs);
        let quota = body.windows(14).any(|window| window == b"QUOTA_EXCEEDED");
        let until_ms = self.clock.now_ms().saturating_add(ms(retry_after));
        self.pause_until_ms.store(if quota { -until_ms } else { until_ms }, Ordering::Relaxed);
        self.pauses.send_replace(until_ms);
        tracing::warn!(seconds = retry_after.as_secs(), quota, "Spotify takes no more requests for a while");
        SpotifyError::TooMany { retry_after, quota }
    }

    /// Reads something; `None` where Spotify says that there is nothing.
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
        // The cause may quote what is somebody's.
        let answer = serde_json::from_slice(&body).map_err(|_| anyhow!("an answer that is not understood"));
        answer.map(Some).map_err(Failure::unavailable)
    }

    /// Has something done. What a success answers is not read: it is no JSON, although it says so.
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
            // What stands before the Web API demands a length, also of nothing.
            None => request.header(CONTENT_LENGTH, 0),
        };
        self.send(request, token).await.map(drop)
    }

    /// Until when Spotify wants to be left alone, now and from now on.
    pub(super) fn pauses(&self) -> watch::Receiver<i64> {
        self.pauses.subscribe()
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
        self.check_pause().map_err(Failure::Other)?;
        Ok(self.http.request(method, self.base.join(path).map_err(Failure::unavailable)?))
    }

    async fn send(&self, request: RequestBuilder, token: &SecretString) -> Result<Response, Failure> {
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
                Err(Failure::Refused(status, reason(&body)))
            }
            _ => Err(Failure::unavailable(anyhow!("Spotify answered {status}"))),
        }
    }
}

/// The reason for programs that stands in a refusal of the player, or nothing.
fn reason(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["error"]["reason"].as_str().unwrap_or_default().to_owned()
}

impl From<Failure> for SpotifyError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Other(error) => error,
            Failure::Unauthorized => Self::Unavailable(anyhow!("a token is not taken")),
            // Refusals of the player have a reason.
            Failure::Refused(StatusCode::FORBIDDEN, reason) if reason.is_empty() => Self::NotListed,
            Failure::Refused(status, reason) => Self::Unavailable(anyhow!("Spotify answered {status} {reason}")),
        }
    }
}

impl Failure {
    fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self::Other(SpotifyError::Unavailable(cause.into()))
    }
}

/// Reads a body that is not longer than `bytes_max`.
pub(super) async fn read(mut response: Response, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(anyhow!("an answer of more than {bytes_max} bytes"));
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
    fn an_account_is_known_by_its_account_id_and_else_by_its_id() {
        assert_eq!(profile(r#"{"id":"ana","account_id":"a1"}"#).account_ids(), ["account:a1", "id:ana"]);
        assert_eq!(profile(r#"{"id":"ana"}"#).account_ids(), ["id:ana"]);
        assert_eq!(profile(r#"{"id":"","account_id":null}"#).account_ids(), [""; 0]);
    }

    #[test]
    fn premium_is_what_the_profile_says_and_nothing_where_it_says_nothing() {
        assert_eq!(profile(r#"{"product":"premium"}"#).premium(), Some(true));
        assert_eq!(profile(r#"{"product":"free"}"#).premium(), Some(false));
        assert_eq!(profile(r#"{"product":""}"#).premium(), None);
        assert_eq!(profile("{}").premium(), None);
    }

    #[test]
    fn the_picture_is_large_enough_and_no_larger() {
        let of = |json: &str| profile(json).picture_url().map(str::to_owned);
        let images = r#"{"images":[{"url":"640","width":640},{"url":"300","width":300},{"url":"64","width":64}]}"#;
        assert_eq!(of(images).as_deref(), Some("300"));
        assert_eq!(of(r#"{"images":[{"url":"64","width":64}]}"#).as_deref(), Some("64"));
        assert_eq!(of(r#"{"images":[{"url":"some","width":null}]}"#).as_deref(), Some("some"));
        assert_eq!(of(r#"{"images":null}"#), None);
    }
}
