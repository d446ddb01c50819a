//! Segments of tracks, made when a device asks for them and cached on disk.
//!
//! [`Preparer::segment`] returns a segment from the [`cache`], or makes it. A run decodes a file from the wanted segment on
//! and stays half a minute ahead of the devices, so that all devices of a room share one decoder. Guarantees: concurrent
//! requests for one segment make it once; a segment is served whole or not at all; a failing disk costs the cache and nothing
//! else. Not in here: decoding and encoding, which the crate `tutti-audio` does, and who may listen.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_audio::AudioError;
use tutti_audio::segment::Segments;
use tutti_audio::timeline::Timeline;
use tutti_protocol::segments::{Quality, SEGMENT_SAMPLES};

use crate::telemetry::metrics::Metrics;

pub mod cache;

pub use cache::{Cache, CachedSegment};

use cache::SegmentKey;

/// Part of every key: another version of the encoders makes other segments.
const ENCODING_VERSION: u8 = 1;
/// Segments that a run makes before a device asks for them: half a minute.
const SEGMENTS_AHEAD: u32 = 6;
/// No track has more: 24 hours.
const SEGMENTS_MAX: u32 = 24 * 3600 * 48_000 / SEGMENT_SAMPLES;
/// Longest that a request waits for its segment.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// A file that segments are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedFile {
    /// Where it is on this server.
    pub path: PathBuf,
    /// Its size in bytes and its time of modification in nanoseconds since 1970, so that a changed file gets other segments.
    pub stamp: (i64, i64),
    /// Its exact length in samples, once it is measured.
    pub samples: Option<u64>,
    /// Whether decoding may begin in its middle, once it is measured.
    pub seekable: bool,
}

/// Why there is no segment.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The track has no segment of this number.
    #[error("the track ends before this segment")]
    PastEnd,
    /// The file is not there any more.
    #[error("the file is gone")]
    Gone,
    /// No decoder of this server decodes the file.
    #[error("the file cannot be decoded: {0}")]
    Unplayable(String),
    /// The segment is not ready yet, or reading failed; the same request may succeed later.
    #[error("the segment is not ready: {0}")]
    NotReady(String),
}

/// Makes and caches segments. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Preparer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    cache: Cache,
    metrics: Metrics,
    runs: Mutex<HashMap<RunKey, Arc<Run>>>,
    /// Runs that decode at the same time.
    permits: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What a run makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RunKey {
    file: [u8; 16],
    quality: Quality,
}

/// A decoder that moves through a file.
#[derive(Debug)]
struct Run {
    first: u32,
    /// The segment before which it stops; `None` when it has stopped.
    until: Mutex<Option<u32>>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Debug)]
struct Progress {
    /// All segments from the run's first up to this one are made.
    next: u32,
    end: Option<RunEnd>,
}

#[derive(Clone, Debug)]
enum RunEnd {
    /// No device has asked for more.
    Idle,
    /// The track has no more segments.
    Track,
    Gone,
    Unplayable(String),
    Failed(String),
}

impl Preparer {
    /// Serves from `cache`; decodes at most `runs_max` files at once on `tasks`, and none after `stop`.
    pub fn new(cache: Cache, metrics: Metrics, runs_max: usize, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let permits = Arc::new(Semaphore::new(runs_max.max(1)));
        Self { shared: Arc::new(Shared { cache, metrics, runs: Mutex::default(), permits, tasks, stop }) }
    }

    /// Segment `number` of a file, and its entity tag.
    ///
    /// # Errors
    /// Every [`PrepareError`].
    pub async fn segment(
        &self,
        file: &PreparedFile,
        quality: Quality,
        number: u32,
    ) -> Result<(CachedSegment, String), PrepareError> {
        let segments = file.samples.map(|samples| samples.div_ceil(SEGMENT_SAMPLES.into()));
        if number >= SEGMENTS_MAX || segments.is_some_and(|segments| u64::from(number) >= segments) {
            return Err(PrepareError::PastEnd);
        }
        let run = RunKey { file: file.key(), quality };
        let key = SegmentKey { file: run.file, quality, number };
        let made = tokio::time::timeout(WAIT_MAX, self.made(file, run, &key)).await;
        let segment = made.map_err(|_| PrepareError::NotReady("other files are decoded first".into()))??;
        self.shared.metrics.segment_served();
        Ok((segment, key.etag()))
    }

    async fn made(&self, file: &PreparedFile, run: RunKey, key: &SegmentKey) -> Result<CachedSegment, PrepareError> {
        loop {
            if let Some(segment) = self.shared.cache.get(key).await {
                return Ok(segment);
            }
            let mut progress = self.join_run(file, run, key.number);
            let reached = progress.wait_for(|progress| progress.next > key.number || progress.end.is_some()).await;
            let Progress { next, end } = reached.map_err(|_| PrepareError::NotReady("stopped".into()))?.clone();
            if next > key.number {
                continue;
            }
            match end {
                // It stopped while this request joined it.
                None | Some(RunEnd::Idle) => {}
                Some(RunEnd::Track) => return Err(PrepareError::PastEnd),
                Some(RunEnd::Gone) => return Err(PrepareError::Gone),
                Some(RunEnd::Unplayable(why)) => return Err(PrepareError::Unplayable(why)),
                Some(RunEnd::Failed(why)) => return Err(PrepareError::NotReady(why)),
            }
        }
    }

    /// Extends the run that reaches this segment soon, or starts one at it.
    fn join_run(&self, file: &PreparedFile, key: RunKey, number: u32) -> watch::Receiver<Progress> {
        let until = number + 1 + SEGMENTS_AHEAD;
        let mut runs = self.shared.runs.lock();
        if let Some(run) = runs.get(&key)
            && run.extend(number, until)
        {
            return run.progress.subscribe();
        }
        let (progress, receiver) = watch::channel(Progress { next: number, end: None });
        let run = Arc::new(Run { first: number, until: Mutex::new(Some(until)), progress });
        runs.insert(key, run.clone());
        self.shared.tasks.spawn(self.clone().decode(file.clone(), key, run));
        receiver
    }

    async fn decode(self, file: PreparedFile, key: RunKey, run: Arc<Run>) {
        let Ok(permit) = self.shared.permits.clone().acquire_owned().await else { return };
        let (shared, decoding) = (self.shared.clone(), run.clone());
        let decoded = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            shared.run(&file, key, &decoding)
        });
        let end = decoded.await.unwrap_or_else(|error| RunEnd::Failed(error.to_string()));
        *run.until.lock() = None;
        let mut runs = self.shared.runs.lock();
        if runs.get(&key).is_some_and(|current| Arc::ptr_eq(current, &run)) {
            runs.remove(&key);
        }
        drop(runs);
        run.progress.send_modify(|progress| progress.end = Some(end));
    }
}

impl Shared {
    fn run(&self, file: &PreparedFile, key: RunKey, run: &Run) -> RunEnd {
        match self.make(file, key, run) {
            Ok(end) => end,
            Err(AudioError::Gone) => RunEnd::Gone,
            Err(AudioError::Unplayable(why)) => RunEnd::Unplayable(why),
            Err(AudioError::Io(error)) => {
                tracing::warn!(path = %file.path.display(), %error, "a track cannot be prepared");
                RunEnd::Failed("the file cannot be read".into())
            }
        }
    }

    fn make(&self, file: &PreparedFile, key: RunKey, run: &Run) -> Result<RunEnd, AudioError> {
        let start = Segments::start_of(run.first);
        let timeline = match start {
            0 => Timeline::open(&file.path)?,
            _ if file.seekable => Timeline::open_at(&file.path, start)?,
            _ => Timeline::open_skipping(&file.path, start)?,
        };
        let mut segments = Segments::new(timeline, key.quality, run.first);
        let mut number = run.first;
        loop {
            if self.stop.is_cancelled() {
                return Ok(RunEnd::Failed("the server stops".into()));
            }
            if run.is_idle_at(number) {
                return Ok(RunEnd::Idle);
            }
            let Some(segment) = segments.next_segment()? else { return Ok(RunEnd::Track) };
            let segment = CachedSegment { bytes: segment.bytes.into(), samples: segment.samples };
            self.metrics.segment_prepared();
            self.cache.put(SegmentKey { file: key.file, quality: key.quality, number }, segment);
            number += 1;
            run.progress.send_modify(|progress| progress.next = number);
        }
    }
}

impl Run {
    /// Makes it go on to `until`. `false` if it does not come by `number` soon.
    fn extend(&self, number: u32, until: u32) -> bool {
        let mut current = self.until.lock();
        let Some(stops_at) = *current else { return false };
        let next = self.progress.borrow().next;
        // What a run has passed and the cache has lost is made by another run.
        if number < next || number > stops_at + SEGMENTS_AHEAD {
            return false;
        }
        *current = Some(stops_at.max(until));
        true
    }

    /// Whether there is nothing left to do; then it cannot be extended any more.
    fn is_idle_at(&self, number: u32) -> bool {
        let mut until = self.until.lock();
        let idle = until.is_none_or(|until| number >= until);
        if idle {
            *until = None;
        }
        idle
    }
}

impl PreparedFile {
    /// Names the file's contents.
    fn key(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update([ENCODING_VERSION]);
        hash.update(self.stamp.0.to_le_bytes());
        hash.update(self.stamp.1.to_le_bytes());
        hash.update(self.path.as_os_str().as_encoded_bytes());
        let digest = hash.finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        key
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures_util::future::join_all;
    use tempfile::TempDir;

    use super::*;
    use crate::telemetry::metrics::LibraryFiles;

    /// Three segments of silence, as a WAV file.
    fn silence(folder: &TempDir) -> PreparedFile {
        let bytes = 4 * 12 * 48_000_u32;
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x80\xbb\0\0\0\xee\x02\0\x04\0\x10\0data".to_vec();
        file.extend(bytes.to_le_bytes());
        file.resize(file.len() + bytes as usize, 0);
        let path = folder.path().join("silence.wav");
        fs::write(&path, file).unwrap();
        PreparedFile { path, stamp: (0, 0), samples: None, seekable: false }
    }

    #[tokio::test]
    async fn a_segment_is_prepared_once_however_many_devices_ask_for_it() {
        let folder = TempDir::new().unwrap();
        let file = silence(&folder);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (metrics, renderer) = Metrics::on();
        let cache = Cache::open(folder.path().join("cache"), 1 << 20).unwrap();
        let preparer = Preparer::new(cache, metrics, 2, tasks.clone(), stop);
        let requests = (0..60).map(|nth| preparer.segment(&file, Quality::Lossless, nth % 3));
        assert!(join_all(requests).await.iter().all(Result::is_ok));
        tasks.close();
        tasks.wait().await;
        let rendered = renderer.render(0, 0, LibraryFiles::default());
        for line in ["tutti_segments_prepared_total 3", "tutti_segments_served_total 60"] {
            assert!(rendered.lines().any(|found| found == line), "{rendered}");
        }
    }
}
