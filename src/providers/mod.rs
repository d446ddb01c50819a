//! Where music comes from: one border, [`MusicProvider`], with an implementation a source.
//!
//! Guarantees: a [`Track`] that a provider hands out can be shown and queued as it is. Not in here: playing, which devices
//! do for themselves, and queues, which rooms keep.

use async_trait::async_trait;
use tutti_protocol::{ProviderId, Track, TrackRef, UserId};

use library::Library;
use spotify::{Spotify, SpotifyError};

pub mod library;
pub mod spotify;

/// Most tracks on one page of results.
pub const PAGE_TRACKS_MAX: usize = 50;
/// Longest search text, in characters.
pub const QUERY_CHARS_MAX: usize = 200;

/// A source of music that can be looked through.
#[async_trait]
pub trait MusicProvider: Send + Sync + 'static {
    /// The track with this id as the provider gave it out; `None` when there is none now. Any text is a fair question.
    async fn track(&self, id: &str) -> Result<Option<Track>, MusicError>;

    /// At most [`PAGE_TRACKS_MAX`] tracks, best match first. `query` is what somebody typed so far, at most
    /// [`QUERY_CHARS_MAX`] characters; an empty one asks for everything there is, where the source can list it.
    /// `cursor` is the [`SearchPage::next_cursor`] of the page before, for the same query.
    ///
    /// # Errors
    /// [`MusicError::Invalid`] for a query that is too long and for a cursor that did not come from this query.
    async fn search(&self, query: &str, cursor: Option<&str>) -> Result<SearchPage, MusicError>;
}

/// All the music there is: every provider that this server has. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Music {
    library: Library,
    spotify: Option<Spotify>,
}

impl Music {
    /// The server's own library, and Spotify where it is set up.
    pub fn new(library: Library, spotify: Option<Spotify>) -> Self {
        Self { library, spotify }
    }

    /// The server's own library.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// What can be searched.
    pub fn providers(&self) -> Vec<ProviderId> {
        let spotify = self.spotify.as_ref().map(|_| ProviderId::SPOTIFY);
        [ProviderId::LIBRARY].into_iter().chain(spotify).collect()
    }

    /// The track that a client names; `None` when there is none. `askers` are those by whose links Spotify may be asked,
    /// whoever names it first.
    pub async fn track(&self, track: &TrackRef, askers: &[UserId]) -> Result<Option<Track>, MusicError> {
        match (track.provider, &self.spotify) {
            (ProviderId::LIBRARY, _) => self.library.track(&track.id).await,
            (ProviderId::SPOTIFY, Some(spotify)) => Ok(spotify.track(askers, &track.id).await?),
            _ => Ok(None),
        }
    }
}

/// One page of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    /// Best match first.
    pub tracks: Vec<Track>,
    /// Asks for the next page, opaque; `None` on the last.
    pub next_cursor: Option<String>,
}

/// Why a provider did not answer.
#[derive(Debug, thiserror::Error)]
pub enum MusicError {
    /// The question has no answer; the sentence is for the person who asked.
    #[error("{0}")]
    Invalid(&'static str),
    /// The library's index failed; the same call may succeed later.
    #[error("the library's index failed: {0}")]
    Index(#[from] sqlx::Error),
    /// The library's folder, or a file in it, could not be read.
    #[error("the library's files could not be read: {0}")]
    Files(#[from] std::io::Error),
    /// Spotify did not answer.
    #[error(transparent)]
    Spotify(#[from] SpotifyError),
}
