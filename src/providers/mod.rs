//! Sources of music, behind one trait.
//!
//! | module | what |
//! |---|---|
//! | [`library`] | files on the server |
//! | [`scripted`] | a fixed list of tracks, for tests |
//! | [`spotify`] | Spotify's catalogue, through the accounts that users link |
//!
//! A [`Provider`] searches, looks tracks up and opens those that the server serves itself. The [`Catalogue`] holds the
//! providers that are configured, and is all that routes and connections know of them. `docs/adding-a-provider.md` says
//! how to add one.
//!
//! Guarantees: a [`Track`] that a provider returns can be shown and queued unchanged. Not in here: playback, which
//! clients do, and queues, which rooms keep. Linking an account and controlling its devices are features of [`spotify`]
//! with routes of their own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tutti_protocol::http::BrowseItem;
use tutti_protocol::{Gain, ProviderId, Reason, Track, TrackFault, TrackRef, UserId};

use crate::config::ServeConfig;
use crate::identity::User;
use crate::room::measurements::TrackMeasurer;
use crate::room::state::TrackFinding;
use crate::segments::PreparedFile;
use library::Library;
use scripted::Scripted;
use spotify::Spotify;

pub mod library;
pub mod scripted;
pub mod spotify;

/// Most tracks on one page of results.
pub const PAGE_TRACKS_MAX: usize = 50;
/// Most items and tracks on one page of a place.
pub const PAGE_ITEMS_MAX: usize = 100;
/// Longest search text, in characters.
pub const QUERY_CHARS_MAX: usize = 200;

/// A source of music. One implementation for each folder below `src/providers/`.
#[async_trait]
pub trait Provider: fmt::Debug + Send + Sync {
    /// Its id on the wire and in journals. It never changes.
    fn id(&self) -> ProviderId;

    /// Its name in sentences for users.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// One page of at most [`PAGE_TRACKS_MAX`] tracks, best match first. An empty query lists everything, if the source
    /// can be listed, and otherwise nothing.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] for a cursor that another query returned.
    async fn search(&self, asker: &Asker, query: &Query) -> Result<Page<Track>, ProviderError>;

    /// The track with this id. Accepts any string; unknown ids return `None`.
    async fn track(&self, asker: &Asker, id: &str) -> Result<Option<Track>, ProviderError>;

    /// One page of what is at a place, at most [`PAGE_ITEMS_MAX`] items and tracks together; `None` for unknown ids, and always
    /// without [`Capabilities::browses`].
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] for a cursor of another place.
    async fn browse(
        &self,
        _asker: &Asker,
        _place: &Place,
        _cursor: Option<&str>,
    ) -> Result<Option<BrowsePage>, ProviderError> {
        Ok(None)
    }

    /// Where the file of a track is, without reading it; `None` when it is not there, for unknown ids, and always without
    /// [`Capabilities::serves_files`]. Called for every segment that a device asks for.
    async fn file(&self, _id: &str) -> Result<Option<PreparedFile>, ProviderError> {
        Ok(None)
    }

    /// The file of a track and its media type; `None` also when no sound is in it any more.
    async fn open(&self, _id: &str) -> Result<Option<Media>, ProviderError> {
        Ok(None)
    }

    /// The address of the cover of a track that this server serves.
    async fn art_url(&self, _id: &str) -> Result<Option<String>, ProviderError> {
        Ok(None)
    }

    /// The cover of a track that this server serves, if possible in a size of about `size` pixels; `None` when there is none,
    /// and when `signature` is not that of its address.
    async fn art(&self, _id: &str, _signature: &str, _size: Option<u32>) -> Result<Option<Art>, ProviderError> {
        Ok(None)
    }

    /// The exact length and loudness of a track, or why no device can play it. [`Measurement::Unknown`] for tracks that this
    /// server does not prepare. May take as long as decoding a file; cheap once known. Finds out every time whether the
    /// file is still there.
    async fn measure(&self, _id: &str) -> Result<Measurement, ProviderError> {
        Ok(Measurement::Unknown)
    }

    /// A user connected to a room: a good time to refresh what is known about their linked account. Returns at once.
    fn user_connected(&self, _user: &User) {}
}

/// What a provider can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// This server serves the audio, from `{provider}/tracks/{id}/audio`. Otherwise devices play it with an account of
    /// their listener.
    pub serves_files: bool,
    /// It answers only through a linked account, that of the user who asks or that of their room's host.
    pub needs_link: bool,
    /// It can be browsed by artists, albums, genres and folders.
    pub browses: bool,
}

/// On whose behalf a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The user who asks. Requests are counted against them.
    pub user: UserId,
    /// The host of their room, whose linked account serves those who have none.
    pub host: Option<UserId>,
}

impl Asker {
    /// The users whose linked accounts may be used, in order of preference.
    pub fn accounts(&self) -> impl Iterator<Item = UserId> {
        let host = self.host.filter(|host| *host != self.user);
        [self.user].into_iter().chain(host)
    }
}

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What the user typed so far.
    pub text: String,
    /// The [`Page::next_cursor`] of the page before, for the same text.
    pub cursor: Option<String>,
}

impl Query {
    /// # Errors
    /// [`ProviderError::Invalid`] for more than [`QUERY_CHARS_MAX`] characters.
    pub fn new(text: impl Into<String>, cursor: Option<String>) -> Result<Self, ProviderError> {
        let text = text.into();
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(ProviderError::Invalid("Please search for something shorter."));
        }
        Ok(Self { text, cursor })
    }
}

/// What is listed by [`Provider::browse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// All artists.
    Artists,
    /// All albums.
    Albums,
    /// All genres.
    Genres,
    /// The outermost folders.
    Folders,
    /// All tracks, newest first.
    RecentlyAdded,
    /// The group with this id: the albums of an artist or genre, the tracks of an album, what is in a folder.
    Group(String),
}

/// One page of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowsePage {
    /// Groups, before the tracks.
    pub items: Vec<BrowseItem>,
    /// Tracks.
    pub tracks: Vec<Track>,
    /// Asks for the next page, opaque; `None` on the last.
    pub next_cursor: Option<String>,
}

/// One page of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In order.
    pub items: Vec<T>,
    /// Asks for the next page, opaque; `None` on the last.
    pub next_cursor: Option<String>,
}

/// A track's file, ready to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Where it is on this server, and what is known about its contents.
    pub file: PreparedFile,
    /// Its media type.
    pub content_type: &'static str,
}

/// What is known about a track once its file has been decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measurement {
    /// It plays.
    Playable {
        /// Its exact length, rounded to milliseconds.
        duration_ms: u64,
        /// The gain in dB that brings it to the common loudness, as far as its peaks allow; `None`: unknown.
        gain_db: Option<f32>,
    },
    /// Nothing on this server decodes it.
    Unplayable,
    /// Its file is no longer there.
    Gone,
    /// Its file is not there, and may be back: the disk seems to be missing.
    Away,
    /// This provider cannot tell.
    Unknown,
}

/// A picture, ready to be served.
#[derive(Clone, Debug)]
pub struct Art {
    /// The file.
    pub bytes: Bytes,
    /// Its media type, detected from its first bytes.
    pub content_type: &'static str,
    /// A strong entity tag, with its quotes.
    pub etag: String,
}

/// Why a provider did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// None of the asker's accounts is linked, or the link has expired.
    #[error("no linked account can be used")]
    NotLinked,
    /// The provider does not accept the account; the sentence is for the user.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The track exists and does not play for this account.
    #[error("this track does not play there")]
    Unplayable,
    /// The provider, or a limit of this server, accepts no more requests for now.
    #[error("no requests are accepted for {} s", .retry_after.as_secs())]
    RateLimited {
        /// Until then.
        retry_after: Duration,
    },
    /// The request is malformed; the sentence is for the user.
    #[error("{0}")]
    Invalid(&'static str),
    /// The provider failed; the same request may succeed later.
    #[error("the provider is unavailable: {0:#}")]
    Unavailable(anyhow::Error),
}

impl ProviderError {
    /// Its reason on the wire.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotLinked => Reason::ProviderNotLinked,
            Self::Forbidden(_) => Reason::ProviderAccountNotAllowed,
            Self::Unplayable => Reason::TrackUnplayable,
            Self::RateLimited { .. } => Reason::ProviderBusy,
            Self::Invalid(_) => Reason::BadSearch,
            Self::Unavailable(_) => Reason::ProviderUnavailable,
        }
    }
}

/// The providers of this server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Catalogue {
    providers: Arc<[Arc<dyn Provider>]>,
}

impl Catalogue {
    /// These providers, in the order in which clients offer them.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        Self { providers: providers.into_iter().collect() }
    }

    /// The providers that are configured.
    pub fn of(config: &ServeConfig, library: Library, spotify: Option<Spotify>) -> Self {
        let mut providers: Vec<Arc<dyn Provider>> = vec![Arc::new(library)];
        providers.extend(spotify.map(|spotify| Arc::new(spotify) as Arc<dyn Provider>));
        if config.scripted.scripted_provider {
            providers.push(Arc::new(Scripted::default()));
        }
        Self::new(providers)
    }

    /// The ids of all providers.
    pub fn ids(&self) -> Vec<ProviderId> {
        self.providers.iter().map(|provider| provider.id()).collect()
    }

    /// The ids of the providers that serve files.
    pub fn ids_of_files(&self) -> Vec<ProviderId> {
        let serving = self.providers.iter().filter(|provider| provider.capabilities().serves_files);
        serving.map(|provider| provider.id()).collect()
    }

    /// The ids of the providers that can be browsed.
    pub fn browsable(&self) -> Vec<ProviderId> {
        let browsable = self.providers.iter().filter(|provider| provider.capabilities().browses);
        browsable.map(|provider| provider.id()).collect()
    }

    /// The provider with this id, if it is configured.
    pub fn get(&self, id: ProviderId) -> Option<&dyn Provider> {
        self.providers.iter().find(|provider| provider.id() == id).map(AsRef::as_ref)
    }

    /// Tells every provider that a user connected to a room.
    pub fn user_connected(&self, user: &User) {
        for provider in self.providers.iter() {
            provider.user_connected(user);
        }
    }
}

#[async_trait]
impl TrackMeasurer for Catalogue {
    async fn measure(&self, track: &TrackRef) -> Option<TrackFinding> {
        match self.get(track.provider)?.measure(&track.id).await {
            Ok(Measurement::Playable { duration_ms, gain_db }) => {
                // The address may have changed since the track was queued.
                let art_url = self.get(track.provider)?.art_url(&track.id).await.ok().flatten();
                Some(TrackFinding::Plays { duration_ms, gain_db: gain_db.map(Gain::of_db), art_url })
            }
            Ok(Measurement::Unplayable) => Some(TrackFinding::Faulty(TrackFault::Unplayable)),
            Ok(Measurement::Gone) => Some(TrackFinding::Faulty(TrackFault::Gone)),
            Ok(Measurement::Away) => Some(TrackFinding::Away),
            Ok(Measurement::Unknown) => None,
            Err(error) => {
                tracing::warn!(provider = %track.provider, track = track.id, %error, "track cannot be measured");
                None
            }
        }
    }
}
