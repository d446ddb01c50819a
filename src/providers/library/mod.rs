//! The server's own music: a folder of files, or the demo library that is built in.
//!
//! The folder is authoritative. [`index`] is a cache of it, which [`scan`] updates in the background and everything else
//! reads, so that a search never opens a music file. Guarantees: an id names a path for as long as the file stays where it is;
//! no request can name a path, only an id that is looked up; nothing outside of the folder is ever opened.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::{ProviderId, Track};

use super::{Art, Asker, Capabilities, Measurement, Media, PAGE_TRACKS_MAX, Page, Provider, ProviderError, Query};
use crate::clock::Clock;
use crate::segments::PreparedFile;
use analysis::Found;

mod analysis;
pub mod art;
pub mod demo;
pub mod formats;
pub mod id;
pub mod index;
pub mod names;
pub mod query;
pub mod scan;
pub mod tags;

pub use scan::ScanReport;

use index::Index;
use scan::Scanner;

/// Covers read at the same time. All pictures of a file are in memory while one is extracted.
const ART_READS_MAX: usize = 4;

/// Source of the music files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder, opened read-only.
    Folder(PathBuf),
    /// The demo library, unpacked into this folder.
    Demo(PathBuf),
}

/// The library. Cheap to clone; all clones are one library.
#[derive(Clone, Debug)]
pub struct Library {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Canonical, so that paths can be compared with it.
    root: PathBuf,
    index: Index,
    clock: Clock,
    scanner: Mutex<Scanner>,
    state: watch::Sender<ScanState>,
    art_reads: Semaphore,
    analyses: Semaphore,
    /// Cancelled when the library closes.
    stop: CancellationToken,
}

/// Progress of the scanner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanState {
    /// Scans completed since the start.
    pub scans: u64,
    /// The report of the last scan.
    pub last: ScanReport,
    /// When it ended, in Unix milliseconds; 0 before the first.
    pub ended_at_ms: i64,
}

/// Why the library failed.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The index failed; the same call may succeed later.
    #[error("the library's index failed: {0}")]
    Index(#[from] sqlx::Error),
    /// The folder, or a file in it, could not be read.
    #[error("the library's files could not be read: {0}")]
    Files(#[from] std::io::Error),
}

impl From<LibraryError> for ProviderError {
    fn from(error: LibraryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Library {
    /// Opens the library with its index at `index_path`, created if missing. Tracks that an earlier run indexed are available
    /// at once; nothing is scanned before [`start`](Self::start) or [`rescan`](Self::rescan).
    ///
    /// # Errors
    /// [`LibraryError::Files`] when there is no such folder or the demo library cannot be unpacked, [`LibraryError::Index`]
    /// when no index can be made.
    pub async fn open(index_path: &Path, source: Source, clock: Clock) -> Result<Self, LibraryError> {
        let folder = match source {
            Source::Folder(folder) => folder,
            Source::Demo(folder) => {
                demo::unpack(&folder).await?;
                folder
            }
        };
        let root = tokio::fs::canonicalize(&folder).await?;
        if !tokio::fs::metadata(&root).await?.is_dir() {
            return Err(std::io::Error::from(std::io::ErrorKind::NotADirectory).into());
        }
        let index = Index::open(index_path, &root).await?;
        let shared = Shared {
            root,
            index,
            clock,
            scanner: Mutex::default(),
            state: watch::Sender::default(),
            art_reads: Semaphore::new(ART_READS_MAX),
            analyses: Semaphore::new(analysis::ANALYSES_MAX),
            stop: CancellationToken::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Scans the folder now, and then every `rescan_every`, on a task of `tracker`, until `stop` is cancelled.
    pub fn start(&self, tracker: &TaskTracker, stop: CancellationToken, rescan_every: Duration) {
        let library = self.clone();
        tracker.spawn(async move {
            loop {
                // Logged in `scan`; the next scan may succeed.
                let _ = library.scan(&stop).await;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(rescan_every) => {}
                }
            }
        });
    }

    /// Starts the background pass that measures every track, on a task of `tracker`; it ends when the library is closed.
    pub fn start_analysis(&self, tracker: &TaskTracker) {
        tracker.spawn(self.clone().analyse_in_background());
    }

    /// Scans the folder now, after a scan that is running.
    pub async fn rescan(&self) -> Result<ScanState, LibraryError> {
        self.scan(&CancellationToken::new()).await
    }

    /// Progress of the scanner.
    pub fn scan_state(&self) -> ScanState {
        *self.shared.state.borrow()
    }

    /// Returns when the first scan has finished.
    pub async fn first_scan_done(&self) {
        let mut state = self.shared.state.subscribe();
        // The sender lives as long as `self`.
        let _ = state.wait_for(|state| state.scans > 0).await;
    }

    /// Closes the index.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.index.close().await;
    }

    async fn location(&self, id: &str) -> Result<Option<index::Location>, LibraryError> {
        if !id::is_track_id(id) {
            return Ok(None);
        }
        Ok(self.shared.index.location(id).await?)
    }

    /// The file at `path`, if it exists and lies within the library: it may have become a link since the scan.
    async fn resolve(&self, path: &str) -> Option<PathBuf> {
        let real = tokio::fs::canonicalize(self.shared.root.join(path)).await.ok()?;
        let is_file = tokio::fs::metadata(&real).await.ok()?.is_file();
        (is_file && real.starts_with(&self.shared.root)).then_some(real)
    }

    /// Runs `read` on a blocking thread. `None` if the parser panics.
    async fn read_art(&self, read: impl FnOnce() -> Option<Art> + Send + 'static) -> Option<Art> {
        let _permit = self.shared.art_reads.acquire().await.ok()?;
        tokio::task::spawn_blocking(read).await.ok()?
    }

    async fn scan(&self, stop: &CancellationToken) -> Result<ScanState, LibraryError> {
        let mut scanner = self.shared.scanner.lock().await;
        let started_at_ms = self.shared.clock.now_ms();
        let report = match scanner.scan(&self.shared.index, &self.shared.root, started_at_ms, stop).await {
            Ok(Some(report)) => report,
            Ok(None) => return Ok(self.scan_state()),
            Err(error) => {
                tracing::warn!(%error, "library scan failed; the index is unchanged");
                return Err(error);
            }
        };
        let ended_at_ms = self.shared.clock.now_ms();
        let first = self.shared.state.borrow().scans == 0;
        if first || report.read > 0 || report.gone > 0 {
            let ScanReport { tracks, unreadable, odd_tags, read, gone } = report;
            let took_ms = ended_at_ms - started_at_ms;
            tracing::info!(tracks, read, gone, unreadable, odd_tags, took_ms, "library scan finished");
        }
        self.shared.state.send_modify(|state| {
            *state = ScanState { scans: state.scans + 1, last: report, ended_at_ms };
        });
        Ok(self.scan_state())
    }
}

#[async_trait]
impl Provider for Library {
    fn id(&self) -> ProviderId {
        ProviderId::LIBRARY
    }

    fn name(&self) -> &'static str {
        "the library"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { serves_files: true, needs_link: false }
    }

    async fn search(&self, _: &Asker, query: &Query) -> Result<Page<Track>, ProviderError> {
        let Query { text, cursor } = query;
        let offset = match cursor {
            None => 0,
            Some(cursor) => query::parse_cursor(text, cursor)
                .ok_or(ProviderError::Invalid("This cursor does not belong to this search."))?,
        };
        let mut tracks = self.shared.index.search(text, offset).await.map_err(LibraryError::from)?;
        let more = tracks.len() > PAGE_TRACKS_MAX;
        tracks.truncate(PAGE_TRACKS_MAX);
        let next = u32::try_from(PAGE_TRACKS_MAX).ok().and_then(|page| offset.checked_add(page)).filter(|_| more);
        Ok(Page { items: tracks, next_cursor: next.map(|offset| query::cursor(text, offset)) })
    }

    async fn track(&self, _: &Asker, id: &str) -> Result<Option<Track>, ProviderError> {
        if !id::is_track_id(id) {
            return Ok(None);
        }
        let track = self.shared.index.track(id).await.map_err(LibraryError::from)?;
        if track.is_some() && self.shared.index.is_unplayable(id).await.map_err(LibraryError::from)? {
            return Err(ProviderError::Unplayable);
        }
        Ok(track)
    }

    async fn open(&self, id: &str) -> Result<Option<Media>, ProviderError> {
        if !id::is_track_id(id) {
            return Ok(None);
        }
        let analysed = self.shared.index.analysed(id).await.map_err(LibraryError::from)?;
        let Some(analysed) = analysed else { return Ok(None) };
        let Some(path) = self.resolve(&analysed.path).await else { return Ok(None) };
        let opened = path.clone();
        let recognised = tokio::task::spawn_blocking(move || formats::recognise(&mut File::open(opened)?)).await;
        // It may have changed since the scan, and a parser may panic.
        let Ok(Ok(Some(sound))) = recognised else { return Ok(None) };
        let Ok(stamp) = analysis::stamp(&path).await else { return Ok(None) };
        let analysis = match analysed.of(stamp) {
            Some(Found::Playable(analysis)) => Some(analysis),
            _ => None,
        };
        let file = PreparedFile {
            path,
            stamp: (stamp.size_bytes, stamp.mtime_ns),
            samples: analysis.map(|analysis| analysis.samples),
            seekable: analysis.is_some_and(|analysis| analysis.seekable),
        };
        Ok(Some(Media { file, content_type: sound.format.content_type() }))
    }

    async fn measure(&self, id: &str) -> Result<Measurement, ProviderError> {
        if !id::is_track_id(id) {
            return Ok(Measurement::Gone);
        }
        Ok(self.measured(id).await?)
    }

    /// The picture in the file, or else the one of its folder.
    async fn art(&self, id: &str) -> Result<Option<Art>, ProviderError> {
        let Some(location) = self.location(id).await? else { return Ok(None) };
        if location.embedded_art
            && let Some(path) = self.resolve(&location.path).await
            && let Some(art) = self.read_art(move || art::read_embedded(&path)).await
        {
            return Ok(Some(art));
        }
        let Some(folder_art) = location.folder_art else { return Ok(None) };
        let Some(path) = self.resolve(&folder_art).await else { return Ok(None) };
        Ok(self.read_art(move || art::read_file(&path)).await)
    }
}
