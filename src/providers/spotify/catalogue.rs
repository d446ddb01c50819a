//! What there is to play at Spotify: looking through it, and looking tracks up.
//!
//! Spotify answers only those who have linked an account, so questions are asked by somebody's link: their own, or that
//! of the room's host, who plays host also in this. Which tracks play differs by country: they are those of whoever's link
//! it is.
//!
//! Guarantees: at most ten results are asked for, which is what Spotify gives; the same question is asked once by however
//! many at the same time, and not again for a while; a track that was found is not looked up.

use std::time::Duration;

use serde::Deserialize;
use tutti_protocol::{ProviderId, Track, UserId};

use super::api::Failure;
use super::cache::Cache;
use super::{Flights, Spotify, SpotifyError};
use crate::clock::Clock;
use crate::limiter::Limiter;
use crate::providers::{QUERY_CHARS_MAX, SearchPage};

/// Results of one question; Spotify gives no more.
const PAGE_TRACKS: usize = 10;
/// Where a page can begin at most.
const OFFSET_MAX: usize = 990;
/// Pages that are remembered.
const PAGES_MAX: usize = 512;
/// For how long. Somebody who types goes to and fro between the same few.
const PAGE_LIFETIME: Duration = Duration::from_mins(10);
/// Tracks that are remembered.
const TRACKS_MAX: usize = 8192;
/// For how long.
const TRACK_LIFETIME: Duration = Duration::from_hours(24);
/// Questions that one person may have asked in a minute, of those that are not answered from memory: the app as a whole has
/// one allowance.
const QUESTIONS_PER_MINUTE: u32 = 60;
/// Characters in an id of Spotify's.
const ID_CHARS: usize = 22;
/// Pixels that a cover should have at least.
const ART_PIXELS_WANTED: u32 = 300;

/// By whose link, what, from where on.
type Question = (UserId, String, usize);

/// What was found lately.
pub(super) struct Catalogue {
    pages: Cache<Question, SearchPage>,
    tracks: Cache<String, Track>,
    searches: Flights<Question>,
    lookups: Flights<String>,
    asked: Limiter<UserId>,
}

impl Catalogue {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            pages: Cache::new(clock, PAGE_LIFETIME, PAGES_MAX),
            tracks: Cache::new(clock, TRACK_LIFETIME, TRACKS_MAX),
            searches: Flights::default(),
            lookups: Flights::default(),
            asked: Limiter::per_minute(QUESTIONS_PER_MINUTE, clock),
        }
    }
}

impl Spotify {
    /// Tracks that play where the first of `askers` is who can ask; the first of all is who wants to know. `cursor` is that of the page before.
    ///
    /// # Errors
    /// [`SpotifyError::NotLinked`] when none of them has linked an account that can be used.
    pub async fn search(
        &self,
        askers: &[UserId],
        query: &str,
        cursor: Option<&str>,
    ) -> Result<SearchPage, SpotifyError> {
        let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
        let offset = cursor.map_or(Some(0), |cursor| cursor.parse().ok()).filter(|offset| *offset <= OFFSET_MAX);
        let (Some(offset), true) = (offset, query.chars().count() <= QUERY_CHARS_MAX) else {
            return Err(SpotifyError::BadQuestion);
        };
        let asker = self.asker(askers).await?;
        if query.is_empty() {
            return Ok(SearchPage { tracks: vec![], next_cursor: None });
        }
        let question = (asker, query, offset);
        let flight = self.0.catalogue.searches.of(question.clone());
        let _alone = flight.lock().await;
        if let Some(page) = self.0.catalogue.pages.get(&question) {
            return Ok(page);
        }
        self.count(askers)?;
        let (_, query, _) = &question;
        let (limit, offset_text) = (PAGE_TRACKS.to_string(), offset.to_string());
        let parameters = [
            ("q", query.as_str()),
            ("type", "track"),
            ("limit", &limit),
            ("offset", &offset_text),
            ("market", "from_token"),
        ];
        let found: Option<Found> =
            self.ask(asker, |token| async move { self.0.api.get("v1/search", &parameters, &token).await }).await?;
        let Found { tracks: Page { items, next } } = found.unwrap_or_default();
        let next_cursor = next.is_some().then_some(offset + PAGE_TRACKS).filter(|next| *next <= OFFSET_MAX);
        let tracks: Vec<_> = items.into_iter().flatten().filter_map(ApiTrack::playable).collect();
        for track in &tracks {
            self.0.catalogue.tracks.keep(track.id.clone(), track.clone());
        }
        let page = SearchPage { tracks, next_cursor: next_cursor.map(|next| next.to_string()) };
        self.0.catalogue.pages.keep(question, page.clone());
        Ok(page)
    }

    /// The track with this id; `None` when there is none. Any text is a fair question.
    ///
    /// # Errors
    /// [`SpotifyError::Unplayable`] when it does not play where the asker is.
    pub async fn track(&self, askers: &[UserId], id: &str) -> Result<Option<Track>, SpotifyError> {
        if !is_id(id) {
            return Ok(None);
        }
        let flight = self.0.catalogue.lookups.of(id.to_owned());
        let _alone = flight.lock().await;
        if let Some(track) = self.0.catalogue.tracks.get(&id.to_owned()) {
            return Ok(Some(track));
        }
        let asker = self.asker(askers).await?;
        self.count(askers)?;
        let path = format!("v1/tracks/{id}");
        let found = self
            .ask(asker, |token| {
                let path = &path;
                async move {
                    match self.0.api.get::<ApiTrack>(path, &[("market", "from_token")], &token).await {
                        Err(Failure::Refused(reqwest::StatusCode::NOT_FOUND | reqwest::StatusCode::BAD_REQUEST, _)) => {
                            Ok(None)
                        }
                        answer => answer,
                    }
                }
            })
            .await?;
        let Some(found) = found else { return Ok(None) };
        let track = Track { id: id.to_owned(), ..found.playable().ok_or(SpotifyError::Unplayable)? };
        self.0.catalogue.tracks.keep(id.to_owned(), track.clone());
        Ok(Some(track))
    }

    /// Counts one more question, whoever's link it is asked by.
    fn count(&self, askers: &[UserId]) -> Result<(), SpotifyError> {
        let Some(by) = askers.first() else { return Ok(()) };
        let refused = self.0.catalogue.asked.check(by);
        refused.map_err(|limited| SpotifyError::TooMany { retry_after: limited.retry_after, quota: false })
    }

    /// The first of these whose link can be used.
    async fn asker(&self, askers: &[UserId]) -> Result<UserId, SpotifyError> {
        let mut reason = SpotifyError::NotLinked;
        for asker in askers {
            match self.0.store.spotify_link(*asker).await? {
                Some(link) if link.refresh_token.is_some() => return Ok(*asker),
                Some(_) => reason = SpotifyError::NeedsLogin,
                None => {}
            }
        }
        Err(reason)
    }
}

/// Whether this can be an id of Spotify's.
pub(super) fn is_id(id: &str) -> bool {
    id.len() == ID_CHARS && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An answer to a search.
#[derive(Default, Deserialize)]
struct Found {
    tracks: Page,
}

#[derive(Default, Deserialize)]
struct Page {
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
    /// What was asked for, where this is another recording of it.
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
    /// As it is queued; `None` when it does not play, or is a file on somebody's computer. Its id is the one that it has
    /// everywhere, not the one that it was replaced by in one country.
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
    fn what_is_relinked_keeps_the_id_that_it_has_everywhere() {
        let replaced = r#"{"id":"4HarbourSecondPress000","name":"Harbour","artists":[{"name":"Keane"}],"duration_ms":1000,
            "linked_from":{"id":"3HarbourFirstPress0000"},"is_playable":true}"#;
        assert_eq!(track(replaced).unwrap().id, "3HarbourFirstPress0000");
    }

    #[test]
    fn what_does_not_play_is_no_result() {
        let with = |more: &str| track(&format!(r#"{{"name":"x","artists":[],"duration_ms":1000{more}}}"#));
        assert_eq!(with(r#","id":"2ClosedBorder000000000","is_playable":false"#), None);
        assert_eq!(with(r#","id":null"#), None, "a file on somebody's computer");
        assert!(with(r#","id":"2ClosedBorder000000000""#).is_some());
    }

    #[test]
    fn covers_are_large_enough_and_no_larger() {
        let of = |widths: &[u32]| cover(widths.iter().map(|w| Image { url: w.to_string(), width: Some(*w) }).collect());
        assert_eq!(of(&[640, 300, 64]).as_deref(), Some("300"));
        assert_eq!(of(&[64]).as_deref(), Some("64"));
        assert_eq!(of(&[]), None);
    }
}
