//! Search and track lookup.
//!
//! Spotify answers only with a linked account: that of the user who asks, or else that of their room's host. Which
//! tracks play depends on the country of that account.
//!
//! Guarantees: concurrent identical requests are sent once, and responses are cached; a track that a search returned is
//! not looked up again; at most ten results are requested, which is Spotify's maximum.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tutti_protocol::{ProviderId, Track, UserId};

use super::api::Failure;
use super::cache::Cache;
use super::{KeyedLocks, Spotify, SpotifyError};
use crate::clock::Clock;
use crate::identity::User;
use crate::limiter::Limiter;
use crate::providers::{Asker, Capabilities, Page, Provider, ProviderError, Query};

/// Results of one search, Spotify's maximum.
const PAGE_TRACKS: usize = 10;
/// Largest offset that Spotify accepts.
const OFFSET_MAX: usize = 990;
/// Pages in the cache.
const PAGES_MAX: usize = 512;
/// Lifetime of a cached page. A user who types returns to the same few pages.
const PAGE_LIFETIME: Duration = Duration::from_mins(10);
/// Tracks in the cache.
const TRACKS_MAX: usize = 8192;
/// Lifetime of a cached track.
const TRACK_LIFETIME: Duration = Duration::from_hours(24);
/// Requests a minute that each user may cause beyond the cache, because Spotify's rate limit applies to the app as a
/// whole.
const REQUESTS_PER_MINUTE: u32 = 60;
/// Length of a Spotify id.
const ID_CHARS: usize = 22;
/// Preferred minimum width of a cover, in pixels.
const ART_PIXELS_WANTED: u32 = 300;

/// Key of a page: account, text and offset.
type PageKey = (UserId, String, usize);

/// Recent results.
pub(super) struct TrackCaches {
    pages: Cache<PageKey, Page<Track>>,
    tracks: Cache<String, Track>,
    searches: KeyedLocks<PageKey>,
    lookups: KeyedLocks<String>,
    user_requests: Limiter<UserId>,
}

impl TrackCaches {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            pages: Cache::new(clock, PAGE_LIFETIME, PAGES_MAX),
            tracks: Cache::new(clock, TRACK_LIFETIME, TRACKS_MAX),
            searches: KeyedLocks::default(),
            lookups: KeyedLocks::default(),
            user_requests: Limiter::per_minute(REQUESTS_PER_MINUTE, clock),
        }
    }
}

#[async_trait]
impl Provider for Spotify {
    fn id(&self) -> ProviderId {
        ProviderId::SPOTIFY
    }

    fn name(&self) -> &'static str {
        "Spotify"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { serves_files: false, needs_link: true, browses: false }
    }

    async fn search(&self, asker: &Asker, query: &Query) -> Result<Page<Track>, ProviderError> {
        Ok(self.search_tracks(asker, query).await?)
    }

    async fn track(&self, asker: &Asker, id: &str) -> Result<Option<Track>, ProviderError> {
        Ok(self.track_by_id(asker, id).await?)
    }

    /// Checks the subscription of a user who has linked an account.
    fn user_connected(&self, user: &User) {
        if user.spotify {
            self.check_at_join(user.id);
        }
    }
}

impl Spotify {
    /// Tracks that play in the country of the first account that can be used.
    async fn search_tracks(&self, asker: &Asker, query: &Query) -> Result<Page<Track>, SpotifyError> {
        let Query { text, cursor } = query;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let offset = cursor.as_ref().map_or(Some(0), |cursor| cursor.parse().ok());
        let offset = offset.filter(|offset| *offset <= OFFSET_MAX).ok_or(SpotifyError::InvalidRequest)?;
        let account = self.account(asker).await?;
        if text.is_empty() {
            return Ok(Page { items: vec![], next_cursor: None });
        }
        let key = (account, text, offset);
        let lock = self.0.caches.searches.get(key.clone());
        let _guard = lock.lock().await;
        if let Some(page) = self.0.caches.pages.get(&key) {
            return Ok(page);
        }
        self.check_limit(asker)?;
        let (_, text, _) = &key;
        let (limit, offset_text) = (PAGE_TRACKS.to_string(), offset.to_string());
        let parameters = [
            ("q", text.as_str()),
            ("type", "track"),
            ("limit", &limit),
            ("offset", &offset_text),
            ("market", "from_token"),
        ];
        let found: Option<Found> =
            self.ask(account, |token| async move { self.0.api.get("v1/search", &parameters, &token).await }).await?;
        let Found { tracks: FoundPage { items, next } } = found.unwrap_or_default();
        let next_cursor = next.is_some().then_some(offset + PAGE_TRACKS).filter(|next| *next <= OFFSET_MAX);
        let tracks: Vec<_> = items.into_iter().flatten().filter_map(ApiTrack::playable).collect();
        for track in &tracks {
            self.0.caches.tracks.insert(track.id.clone(), track.clone());
        }
        let page = Page { items: tracks, next_cursor: next_cursor.map(|next| next.to_string()) };
        self.0.caches.pages.insert(key, page.clone());
        Ok(page)
    }

    async fn track_by_id(&self, asker: &Asker, id: &str) -> Result<Option<Track>, SpotifyError> {
        if !is_id(id) {
            return Ok(None);
        }
        let lock = self.0.caches.lookups.get(id.to_owned());
        let _guard = lock.lock().await;
        if let Some(track) = self.0.caches.tracks.get(&id.to_owned()) {
            return Ok(Some(track));
        }
        let account = self.account(asker).await?;
        self.check_limit(asker)?;
        let path = format!("v1/tracks/{id}");
        let found = self
            .ask(account, |token| {
                let path = &path;
                async move {
                    match self.0.api.get::<ApiTrack>(path, &[("market", "from_token")], &token).await {
                        Err(Failure::Rejected(
                            reqwest::StatusCode::NOT_FOUND | reqwest::StatusCode::BAD_REQUEST,
                            _,
                        )) => Ok(None),
                        answer => answer,
                    }
                }
            })
            .await?;
        let Some(found) = found else { return Ok(None) };
        let track = Track { id: id.to_owned(), ..found.playable().ok_or(SpotifyError::Unplayable)? };
        self.0.caches.tracks.insert(id.to_owned(), track.clone());
        Ok(Some(track))
    }

    /// Counts one more request against the user who asks, whichever account it is sent with.
    fn check_limit(&self, asker: &Asker) -> Result<(), SpotifyError> {
        let refused = self.0.caches.user_requests.check(&asker.user);
        refused.map_err(|limited| SpotifyError::TooMany { retry_after: limited.retry_after, quota: false })
    }

    /// The first account whose link can be used.
    async fn account(&self, asker: &Asker) -> Result<UserId, SpotifyError> {
        let mut reason = SpotifyError::NotLinked;
        for account in asker.accounts() {
            match self.0.store.spotify_link(account).await? {
                Some(link) if link.refresh_token.is_some() => return Ok(account),
                Some(_) => reason = SpotifyError::NeedsLogin,
                None => {}
            }
        }
        Err(reason)
    }
}

/// Whether this has the form of a Spotify id.
pub(super) fn is_id(id: &str) -> bool {
    id.len() == ID_CHARS && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Response to a search.
#[derive(Default, Deserialize)]
struct Found {
    tracks: FoundPage,
}

#[derive(Default, Deserialize)]
struct FoundPage {
    /// Some are null.
    items: Vec<Option<ApiTrack>>,
    next: Option<String>,
}

/// A track as Spotify describes it; fields that are not needed are not read.
#[derive(Deserialize)]
struct ApiTrack {
    id: Option<String>,
    name: String,
    artists: Vec<Named>,
    album: Option<Album>,
    duration_ms: u64,
    #[serde(default)]
    explicit: bool,
    is_playable: Option<bool>,
    /// The requested track, if this is a substitute for it.
    linked_from: Option<LinkedFrom>,
}

#[derive(Deserialize)]
struct LinkedFrom {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Album {
    name: String,
    #[serde(default)]
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    url: String,
    width: Option<u32>,
}

impl ApiTrack {
    /// Converts it; `None` for an unplayable track or a local file. Keeps the original id of a track that Spotify
    /// relinked for one country.
    fn playable(self) -> Option<Track> {
        if self.is_playable == Some(false) || self.duration_ms == 0 {
            return None;
        }
        let id = self.linked_from.and_then(|from| from.id).or(self.id).filter(|id| is_id(id))?;
        let (album, art_url) = self.album.map(|album| (album.name, cover(album.images))).unzip();
        Some(Track {
            provider: ProviderId::SPOTIFY,
            id,
            title: self.name,
            artists: self.artists.into_iter().map(|artist| artist.name).collect(),
            album,
            duration_ms: self.duration_ms,
            art_url: art_url.flatten(),
            explicit: self.explicit,
            gain_db: None,
            unplayable: false,
        })
    }
}

/// The smallest picture that is large enough, or else the largest.
fn cover(mut images: Vec<Image>) -> Option<String> {
    images.sort_by_key(|image| image.width.unwrap_or(0));
    let enough = images.iter().position(|image| image.width.unwrap_or(0) >= ART_PIXELS_WANTED);
    let place = enough.unwrap_or(images.len().checked_sub(1)?);
    Some(images.swap_remove(place).url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(json: &str) -> Option<Track> {
        serde_json::from_str::<ApiTrack>(json).unwrap().playable()
    }

    #[test]
    fn a_relinked_track_keeps_its_original_id() {
        let replaced = r#"{"id":"4HarbourSecondPress000","name":"Harbour","artists":[{"name":"Keane"}],"duration_ms":1000,
            "linked_from":{"id":"3HarbourFirstPress0000"},"is_playable":true}"#;
        assert_eq!(track(replaced).unwrap().id, "3HarbourFirstPress0000");
    }

    #[test]
    fn unplayable_tracks_are_no_results() {
        let with = |more: &str| track(&format!(r#"{{"name":"x","artists":[],"duration_ms":1000{more}}}"#));
        assert_eq!(with(r#","id":"2ClosedBorder000000000","is_playable":false"#), None);
        assert_eq!(with(r#","id":null"#), None, "a local file");
        assert!(with(r#","id":"2ClosedBorder000000000""#).is_some());
    }

    #[test]
    fn the_smallest_sufficient_cover_is_chosen() {
        let of = |widths: &[u32]| cover(widths.iter().map(|w| Image { url: w.to_string(), width: Some(*w) }).collect());
        assert_eq!(of(&[640, 300, 64]).as_deref(), Some("300"));
        assert_eq!(of(&[64]).as_deref(), Some("64"));
        assert_eq!(of(&[]), None);
    }
}
