//! The server's own music: folders of files, or the demo library that is built in.
//!
//! The folders are authoritative. [`index`] is a cache of them, which [`scan`] updates in the background and everything else
//! reads, so that a search never opens a music file. Guarantees: an id names a path for as long as the file stays where it is,
//! and still finds it after a move; no request can name a path, only an id that is looked up; nothing is opened that is not in
//! a folder of the library or behind a link there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, Semaphore, watch as latest};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::{ProviderId, Track};

use super::{
    Art, Asker, BrowsePage, Capabilities, Measurement, Media, PAGE_ITEMS_MAX, PAGE_TRACKS_MAX, Page, Place, Provider,
    ProviderError, Query,
};
use crate::clock::Clock;
use crate::segments::PreparedFile;
use analysis::Found;
use cover_address::CoverSigner;

mod analysis;
pub mod art;
pub mod cover_address;
pub mod cursor;
pub mod demo;
pub mod folders;
pub mod formats;
pub mod groups;
pub mod id;
pub mod index;
pub mod names;
pub mod scan;
pub mod search;
pub mod tags;
pub mod thumbnails;
pub mod walk;
pub mod watch;

pub use scan::ScanReport;

use folders::Folders;
use groups::Listing;
use index::Index;
use scan::{Scan, Scanner};
use thumbnails::Thumbnails;
use watch::Watch;

/// A scan of this length is followed by a pause this much longer, however often something changes.
const SCAN_PAUSE_FACTOR: u32 = 10;
/// How often a scan looks for tracks that are missing.
const MISSING_POLL: Duration = Duration::from_mins(5);
/// How often the request of `tutti rescan` is looked for.
const REQUEST_POLL: Duration = Duration::from_secs(1);
/// Covers read and shrunk at the same time. All pictures of a file are in memory while one is extracted.
const ART_READS_MAX: usize = 4;
/// Unreadable files that are named to operators.
const UNREADABLE_NAMED_MAX: usize = 50;

/// Source of the music files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder, opened read-only.
    Folder(PathBuf),
    /// Several folders, opened read-only. The index belongs to the first.
    Folders(Vec<PathBuf>),
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
    folders: Folders,
    index: Index,
    watch: Watch,
    /// A file whose creation asks for a scan.
    request: PathBuf,
    clock: Clock,
    scanner: Mutex<Scanner>,
    state: latest::Sender<ScanState>,
    unreadable: parking_lot::Mutex<Vec<String>>,
    art_reads: Semaphore,
    analyses: Semaphore,
    /// Cancelled when the library closes.
    stop: CancellationToken,
    thumbnails: Thumbnails,
    covers: CoverSigner,
}

/// Progress of the scanner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanState {
    /// Scans completed since the start.
    pub scans: u64,
    /// Scans that failed since the start.
    pub failed: u64,
    /// The report of the last scan.
    pub last: ScanReport,
    /// How long it took.
    pub took_ms: i64,
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
    /// Tracks of the index, with the addresses of their covers.
    fn with_covers(&self, tracks: Vec<Track>) -> Vec<Track> {
        let address = |id: String| self.shared.covers.address(&id);
        tracks.into_iter().map(|track| Track { art_url: track.art_url.map(address), ..track }).collect()
    }

    /// Opens the library with its index at `index_path`, created if missing. Tracks that an earlier run indexed are available
    /// at once; nothing is scanned before [`start`](Self::start) or [`rescan`](Self::rescan).
    ///
    /// # Errors
    /// [`LibraryError::Files`] when there is no such folder or the demo library cannot be unpacked, [`LibraryError::Index`]
    /// when no index can be made.
    pub async fn open(
        index_path: &Path,
        source: Source,
        clock: Clock,
        covers: CoverSigner,
    ) -> Result<Self, LibraryError> {
        let paths = match source {
            Source::Folder(folder) => vec![folder],
            Source::Folders(folders) => folders,
            Source::Demo(folder) => {
                demo::unpack(&folder).await?;
                vec![folder]
            }
        };
        let folders = Folders::open(paths).await?;
        let data_dir = index_path.parent().unwrap_or(Path::new(""));
        let index = Index::open(index_path, folders.first()).await?;
        let shared = Shared {
            folders,
            index,
            watch: Watch::default(),
            request: request_path(data_dir),
            clock,
            scanner: Mutex::default(),
            state: latest::Sender::default(),
            unreadable: parking_lot::Mutex::default(),
            art_reads: Semaphore::new(ART_READS_MAX),
            analyses: Semaphore::new(analysis::ANALYSES_MAX),
            stop: CancellationToken::new(),
            thumbnails: Thumbnails::new(data_dir.join("covers")),
            covers,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Scans the folders now, and then whenever something in them changes, on a task of `tracker`, until `stop` is cancelled.
    /// Folders that cannot be watched are scanned every `rescan_every`.
    pub fn start(&self, tracker: &TaskTracker, stop: CancellationToken, rescan_every: Duration) {
        let library = self.clone();
        tracker.spawn(async move {
            let mut requested = library.take_request().await;
            loop {
                let started_at_ms = library.shared.clock.now_ms();
                // Logged in `scan`; the next scan may succeed.
                let _ = library.scan(requested, &stop).await;
                let took_ms = u64::try_from(library.shared.clock.now_ms() - started_at_ms).unwrap_or_default();
                let pause = Duration::from_millis(took_ms) * SCAN_PAUSE_FACTOR;
                requested = tokio::select! {
                    () = stop.cancelled() => break,
                    () = library.requested() => true,
                    () = library.due(rescan_every, pause) => false,
                };
            }
            // The background pass need not wait for the index to be closed.
            library.shared.stop.cancel();
        });
    }

    /// Starts the background pass that measures every track, on a task of `tracker`; it ends when the library is closed.
    pub fn start_analysis(&self, tracker: &TaskTracker) {
        tracker.spawn(self.clone().analyse_in_background());
    }

    /// Scans the folders now, after a scan that is running, and forgets everything that is not there.
    pub async fn rescan(&self) -> Result<ScanState, LibraryError> {
        self.scan(true, &CancellationToken::new()).await
    }

    /// Returns when a scan may find something: after a change, or after `every` where changes go unnoticed.
    async fn due(&self, every: Duration, pause: Duration) {
        let Shared { watch, .. } = &*self.shared;
        // Nothing tells that a disk is back.
        let missing = self.scan_state().last.missing > 0;
        let every = if missing { every.min(MISSING_POLL) } else { every };
        let changed = async {
            tokio::time::sleep(pause).await;
            watch.changed().await;
        };
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(every), if missing || !watch.is_complete() => {}
        }
    }

    /// Returns when `tutti rescan` has asked for a scan.
    async fn requested(&self) {
        while !self.take_request().await {
            tokio::time::sleep(REQUEST_POLL).await;
        }
    }

    async fn take_request(&self) -> bool {
        tokio::fs::remove_file(&self.shared.request).await.is_ok()
    }

    /// Asks for a scan that forgets everything that is not there; a started library begins it within a second.
    pub async fn request_scan(&self) -> std::io::Result<()> {
        tokio::fs::write(&self.shared.request, b"").await
    }

    /// Music files that cannot be read, as of the last scan: the first by path.
    pub fn unreadable_files(&self) -> Vec<String> {
        self.shared.unreadable.lock().clone()
    }

    /// Progress of the scanner.
    pub fn scan_state(&self) -> ScanState {
        *self.shared.state.borrow()
    }

    /// Returns when this many scans have finished since the start.
    pub async fn scans_done(&self, scans: u64) {
        let mut state = self.shared.state.subscribe();
        // The sender lives as long as `self`.
        let _ = state.wait_for(|state| state.scans >= scans).await;
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

    /// The file that the index calls `path`, if it exists.
    async fn resolve(&self, path: &str) -> Option<PathBuf> {
        let file = self.shared.folders.file(path)?;
        tokio::fs::metadata(&file).await.ok()?.is_file().then_some(file)
    }

    /// The picture that `read` finds in a file, in the smallest size of at least `size` pixels. `None` also if a parser panics.
    async fn picture(&self, path: PathBuf, size: Option<u32>, read: fn(&Path) -> Option<Art>) -> Option<Art> {
        let _permit = self.shared.art_reads.acquire().await.ok()?;
        let edge = size.and_then(|size| thumbnails::EDGES.into_iter().find(|edge| *edge >= size));
        let shared = self.shared.clone();
        let picture = tokio::task::spawn_blocking(move || {
            let Some(edge) = edge else { return read(&path) };
            let key = Thumbnails::key(&path, edge)?;
            if let Some(small) = shared.thumbnails.get(&key, shared.clock.now_ms()) {
                return art::from_bytes(small);
            }
            let whole = read(&path)?;
            let Some(small) = thumbnails::shrink(&whole.bytes, edge) else { return Some(whole) };
            shared.thumbnails.put(&key, &small);
            art::from_bytes(small.into())
        });
        picture.await.ok()?
    }

    /// Scans the folders once, after a scan that is running. Unless a user `requested` it, tracks are kept that look as if a
    /// disk is missing. Returns early on `stop`.
    pub async fn scan(&self, requested: bool, stop: &CancellationToken) -> Result<ScanState, LibraryError> {
        let mut scanner = self.shared.scanner.lock().await;
        let started_at_ms = self.shared.clock.now_ms();
        let Shared { folders, watch, index, .. } = &*self.shared;
        if requested {
            index.forget_unplayable().await?;
        }
        let scan = Scan { folders, watch, requested, now_ms: started_at_ms };
        let report = match scanner.scan(index, scan, stop).await {
            Ok(Some(report)) => report,
            Ok(None) => return Ok(self.scan_state()),
            Err(error) => {
                tracing::warn!(%error, "library scan failed; the index is unchanged");
                self.shared.state.send_modify(|state| state.failed += 1);
                return Err(error);
            }
        };
        *self.shared.unreadable.lock() = scanner.unreadable(UNREADABLE_NAMED_MAX);
        let ended_at_ms = self.shared.clock.now_ms();
        let took_ms = ended_at_ms - started_at_ms;
        let first = self.shared.state.borrow().scans == 0;
        if first || requested || report.read > 0 || report.gone > 0 {
            let ScanReport { tracks, unreadable, odd_tags, missing, unplayable, read, gone } = report;
            tracing::info!(
                tracks,
                read,
                gone,
                unreadable,
                odd_tags,
                missing,
                unplayable,
                took_ms,
                "library scan finished"
            );
        }
        self.shared.state.send_modify(|state| {
            *state = ScanState { scans: state.scans + 1, last: report, took_ms, ended_at_ms, ..*state };
        });
        Ok(self.scan_state())
    }
}

/// The file in the data directory by whose creation `tutti rescan` asks for a scan. The server removes it.
pub fn request_path(data_dir: &Path) -> PathBuf {
    data_dir.join("library-rescan")
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
        Capabilities { serves_files: true, needs_link: false, browses: true }
    }

    async fn search(&self, _: &Asker, query: &Query) -> Result<Page<Track>, ProviderError> {
        let Query { text, cursor } = query;
        let offset = match cursor {
            None => 0,
            Some(cursor) => cursor::parse_cursor(text, cursor)
                .ok_or(ProviderError::Invalid("This cursor does not belong to this search."))?,
        };
        let mut tracks = self.shared.index.search(text, offset).await.map_err(LibraryError::from)?;
        let more = tracks.len() > PAGE_TRACKS_MAX;
        tracks.truncate(PAGE_TRACKS_MAX);
        let next = u32::try_from(PAGE_TRACKS_MAX).ok().and_then(|page| offset.checked_add(page)).filter(|_| more);
        Ok(Page { items: self.with_covers(tracks), next_cursor: next.map(|offset| cursor::cursor(text, offset)) })
    }

    async fn browse(
        &self,
        _: &Asker,
        place: &Place,
        cursor: Option<&str>,
    ) -> Result<Option<BrowsePage>, ProviderError> {
        let name = format!("{place:?}");
        let offset = match cursor {
            None => 0,
            Some(cursor) => cursor::parse_cursor(&name, cursor)
                .ok_or(ProviderError::Invalid("This cursor does not belong to this list."))?,
        };
        let listing = self.shared.index.browse(place, offset).await.map_err(LibraryError::from)?;
        let Some(Listing { mut items, mut tracks }) = listing else { return Ok(None) };
        let more = items.len() + tracks.len() > PAGE_ITEMS_MAX;
        items.truncate(PAGE_ITEMS_MAX);
        tracks.truncate(PAGE_ITEMS_MAX - items.len());
        for item in &mut items {
            item.art_url = item.art_url.take().map(|track| self.shared.covers.address(&track));
        }
        let next = u32::try_from(PAGE_ITEMS_MAX).ok().and_then(|page| offset.checked_add(page)).filter(|_| more);
        Ok(Some(BrowsePage {
            items,
            tracks: self.with_covers(tracks),
            next_cursor: next.map(|offset| cursor::cursor(&name, offset)),
        }))
    }

    async fn track(&self, _: &Asker, id: &str) -> Result<Option<Track>, ProviderError> {
        if !id::is_track_id(id) {
            return Ok(None);
        }
        match self.shared.index.track(id).await.map_err(LibraryError::from)? {
            Some(track) if track.unplayable => Err(ProviderError::Unplayable),
            track => Ok(self.with_covers(track.into_iter().collect()).pop()),
        }
    }

    async fn art_url(&self, id: &str) -> Result<Option<String>, ProviderError> {
        let track = self.shared.index.track(id).await.map_err(LibraryError::from)?;
        Ok(track.and_then(|track| track.art_url).map(|track| self.shared.covers.address(&track)))
    }

    async fn file(&self, id: &str) -> Result<Option<PreparedFile>, ProviderError> {
        if !id::is_track_id(id) {
            return Ok(None);
        }
        let analysed = self.shared.index.analysed(id).await.map_err(LibraryError::from)?;
        let Some(analysed) = analysed else { return Ok(None) };
        let Some(path) = self.shared.folders.file(&analysed.path) else { return Ok(None) };
        let stamp = match tokio::fs::metadata(&path).await {
            Ok(found) if found.is_file() => walk::stamp(&found),
            _ => return Ok(None),
        };
        let analysis = match analysed.of(stamp) {
            Some(Found::Playable(analysis)) => Some(analysis),
            _ => None,
        };
        Ok(Some(PreparedFile {
            path,
            stamp: (stamp.size_bytes, stamp.mtime_ns),
            samples: analysis.map(|analysis| analysis.samples),
            seekable: analysis.is_some_and(|analysis| analysis.seekable),
        }))
    }

    async fn open(&self, id: &str) -> Result<Option<Media>, ProviderError> {
        let Some(file) = self.file(id).await? else { return Ok(None) };
        let path = file.path.clone();
        let recognised = tokio::task::spawn_blocking(move || formats::recognise(&mut File::open(path)?)).await;
        // It may have changed since the scan, and a parser may panic.
        let Ok(Ok(Some(sound))) = recognised else { return Ok(None) };
        Ok(Some(Media { file, content_type: sound.format.content_type() }))
    }

    async fn measure(&self, id: &str) -> Result<Measurement, ProviderError> {
        if !id::is_track_id(id) {
            return Ok(Measurement::Gone);
        }
        Ok(self.measured(id).await?)
    }

    /// The picture in the file, or else the one of its folder.
    async fn art(&self, id: &str, signature: &str, size: Option<u32>) -> Result<Option<Art>, ProviderError> {
        if !self.shared.covers.verifies(id, signature) {
            return Ok(None);
        }
        let Some(location) = self.location(id).await? else { return Ok(None) };
        if location.embedded_art
            && let Some(path) = self.resolve(&location.path).await
            && let Some(art) = self.picture(path, size, art::read_embedded).await
        {
            return Ok(Some(art));
        }
        let Some(folder_art) = location.folder_art else { return Ok(None) };
        let Some(path) = self.resolve(&folder_art).await else { return Ok(None) };
        Ok(self.picture(path, size, art::read_file).await)
    }
}
