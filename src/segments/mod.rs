//! Segments of tracks, made when a device asks for them and cached on disk.
//!
//! [`Preparer::segment`] returns a segment from the [`cache`], or makes it. A run decodes a file from the wanted segment on
//! and stays half a minute ahead of the devices, so that all devices of a room share one decoder, and a file in which seeking
//! is not exact is decoded from its start only once. Guarantees: concurrent requests for one segment make it once; a segment
//! is served whole or not at all; a failing disk costs the cache and nothing else. Not in here: decoding and encoding, which
//! the crate `tutti-audio` does, and who may listen.

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

use crate::telemetry::metrics::{Metrics, SegmentFailure};

pub mod cache;

pub use cache::{Cache, CachedSegment};

use cache::SegmentKey;

/// Part of every key: another version of the encoders makes other segments.
const ENCODING_VERSION: u8 = 2;
/// Segments that a run makes before a device asks for them: half a minute.
const SEGMENTS_AHEAD: u32 = 6;
/// No track has more: 24 hours.
const SEGMENTS_MAX: u32 = 24 * 3600 * 48_000 / SEGMENT_SAMPLES;
/// How long a run keeps its decoder for the next request: several times what a segment lasts.
const NEXT_REQUEST_WAIT: Duration = Duration::from_mins(1);
/// Runs that wait for one at the same time. Any more end, and others start when devices ask for more.
const WAITING_RUNS_MAX: usize = 32;
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
    /// Several for one key when devices are at different places of a track.
    runs: Mutex<HashMap<RunKey, Vec<Arc<Run>>>>,
    decoders_max: usize,
    /// Runs that decode at the same time.
    decoding: Arc<Semaphore>,
    waiting: Semaphore,
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
    /// The segment before which it stops to decode; `None` when it has ended.
    until: watch::Sender<Option<u32>>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Debug)]
struct Progress {
    /// All segments from the run's first up to this one are made.
    next: u32,
    end: Option<RunEnd>,
}

/// What a run does next.
enum Step {
    /// It waits for requests.
    Wait(Segments),
    End(RunEnd),
}

#[derive(Clone, Debug)]
enum RunEnd {
    /// No device asks for more.
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
        let decoders_max = runs_max.max(1);
        let decoding = Arc::new(Semaphore::new(decoders_max));
        let (runs, waiting) = (Mutex::default(), Semaphore::new(WAITING_RUNS_MAX));
        Self { shared: Arc::new(Shared { cache, metrics, runs, decoders_max, decoding, waiting, tasks, stop }) }
    }

    /// Bytes of segments on disk, and what they may take.
    pub fn cached_bytes(&self) -> (u64, u64) {
        (self.shared.cache.bytes(), self.shared.cache.bytes_max())
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
        let made = made.unwrap_or_else(|_| Err(PrepareError::NotReady("other files are decoded first".into())));
        match &made {
            Ok(_) => self.shared.metrics.segment_served(),
            Err(error) => self.shared.count(error),
        }
        Ok((made?, key.etag()))
    }

    /// Files that are decoded at the moment.
    pub fn decoders_busy(&self) -> usize {
        self.shared.decoders_max - self.shared.decoding.available_permits()
    }

    async fn made(&self, file: &PreparedFile, run: RunKey, key: &SegmentKey) -> Result<CachedSegment, PrepareError> {
        loop {
            if let Some(segment) = self.shared.cache.get(key).await {
                self.shared.keep_ahead(run, key.number);
                return Ok(segment);
            }
            let Some(mut progress) = self.join_run(file, run, key) else { continue };
            let reached = progress.wait_for(|progress| progress.next > key.number || progress.end.is_some()).await;
            let Progress { next, end } = reached.map_err(|_| PrepareError::NotReady("stopped".into()))?.clone();
            if next > key.number {
                continue;
            }
            match end {
                // It ended while this request joined it.
                None | Some(RunEnd::Idle) => {}
                Some(RunEnd::Track) => return Err(PrepareError::PastEnd),
                Some(RunEnd::Gone) => return Err(PrepareError::Gone),
                Some(RunEnd::Unplayable(why)) => return Err(PrepareError::Unplayable(why)),
                Some(RunEnd::Failed(why)) => return Err(PrepareError::NotReady(why)),
            }
        }
    }

    /// Extends the run that reaches this segment soon, or starts one at it; `None` if the segment was made meanwhile.
    fn join_run(&self, file: &PreparedFile, key: RunKey, segment: &SegmentKey) -> Option<watch::Receiver<Progress>> {
        let number = segment.number;
        let mut runs = self.shared.runs.lock();
        let of_file = runs.entry(key).or_default();
        // What a run has passed and the cache has lost is made by another run.
        if let Some(run) = of_file.iter().find(|run| number >= run.next() && run.extend(number)) {
            return Some(run.progress.subscribe());
        }
        // Checked under the lock: a run leaves the list after its segments are in the cache.
        if self.shared.cache.contains(segment) {
            return None;
        }
        let (progress, receiver) = watch::channel(Progress { next: number, end: None });
        let until = watch::Sender::new(Some(ahead_of(number)));
        let run = Arc::new(Run { first: number, until, progress });
        of_file.push(run.clone());
        self.shared.tasks.spawn(self.clone().decode(file.clone(), key, run));
        Some(receiver)
    }

    async fn decode(self, file: PreparedFile, key: RunKey, run: Arc<Run>) {
        let end = self.decode_to_end(&file, key, &run).await;
        run.until.send_replace(None);
        self.shared.forget(key, &run);
        run.progress.send_modify(|progress| progress.end = Some(end));
    }

    async fn decode_to_end(&self, file: &PreparedFile, key: RunKey, run: &Arc<Run>) -> RunEnd {
        let mut segments = None;
        loop {
            let Ok(permit) = self.shared.decoding.clone().acquire_owned().await else {
                return RunEnd::Failed("the server stops".into());
            };
            let (shared, file, decoding) = (self.shared.clone(), file.clone(), run.clone());
            let decoded = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                shared.run(&file, key, &decoding, segments)
            });
            match decoded.await {
                Ok(Step::Wait(paused)) => segments = Some(paused),
                Ok(Step::End(end)) => return end,
                Err(error) => return RunEnd::Failed(error.to_string()),
            }
            if !self.shared.is_asked_for_more(run).await {
                return RunEnd::Idle;
            }
        }
    }
}

impl Shared {
    fn count(&self, error: &PrepareError) {
        let cause = match error {
            PrepareError::PastEnd => return,
            PrepareError::Gone => SegmentFailure::Gone,
            PrepareError::Unplayable(_) => SegmentFailure::Unplayable,
            PrepareError::NotReady(_) => SegmentFailure::NotReady,
        };
        self.metrics.segment_failed(cause);
    }

    /// A device has segment `number`: the run that made it stays ahead.
    fn keep_ahead(&self, key: RunKey, number: u32) {
        if let Some(runs) = self.runs.lock().get(&key) {
            let _ = runs.iter().find(|run| (run.first..run.next()).contains(&number) && run.extend(number));
        }
    }

    fn forget(&self, key: RunKey, run: &Arc<Run>) {
        let mut runs = self.runs.lock();
        if let Some(of_file) = runs.get_mut(&key) {
            of_file.retain(|other| !Arc::ptr_eq(other, run));
            if of_file.is_empty() {
                runs.remove(&key);
            }
        }
    }

    /// Waits until a device needs more of the run. `false` when it has ended instead.
    async fn is_asked_for_more(&self, run: &Run) -> bool {
        if let Ok(_place) = self.waiting.try_acquire() {
            let next = run.next();
            let mut until = run.until.subscribe();
            let asked = async { until.wait_for(|until| until.is_some_and(|until| until > next)).await.is_ok() };
            tokio::select! {
                _ = tokio::time::timeout(NEXT_REQUEST_WAIT, asked) => {}
                () = self.stop.cancelled() => {}
            }
        }
        !run.end_if_idle()
    }

    fn run(&self, file: &PreparedFile, key: RunKey, run: &Run, segments: Option<Segments>) -> Step {
        match self.make(file, key, run, segments) {
            Ok(step) => step,
            Err(AudioError::Gone) => Step::End(RunEnd::Gone),
            Err(AudioError::Unplayable(why)) => Step::End(RunEnd::Unplayable(why)),
            Err(AudioError::Io(error)) => {
                tracing::warn!(path = %file.path.display(), %error, "a track cannot be prepared");
                Step::End(RunEnd::Failed("the file cannot be read".into()))
            }
        }
    }

    fn make(
        &self,
        file: &PreparedFile,
        key: RunKey,
        run: &Run,
        segments: Option<Segments>,
    ) -> Result<Step, AudioError> {
        let mut segments = match segments {
            Some(segments) => segments,
            None => opened(file, key.quality, run.first)?,
        };
        let mut number = run.next();
        while run.is_wanted(number) {
            if self.stop.is_cancelled() {
                return Ok(Step::End(RunEnd::Failed("the server stops".into())));
            }
            let Some(segment) = segments.next_segment()? else { return Ok(Step::End(RunEnd::Track)) };
            let segment = CachedSegment { bytes: segment.bytes.into(), samples: segment.samples };
            self.metrics.segment_prepared();
            self.cache.put(SegmentKey { file: key.file, quality: key.quality, number }, segment);
            number += 1;
            run.progress.send_modify(|progress| progress.next = number);
        }
        Ok(Step::Wait(segments))
    }
}

/// The segments of a file from `first` on.
fn opened(file: &PreparedFile, quality: Quality, first: u32) -> Result<Segments, AudioError> {
    let start = Segments::start_of(first);
    let timeline = match start {
        0 => Timeline::open(&file.path)?,
        _ if file.seekable => Timeline::open_at(&file.path, start)?,
        _ => Timeline::open_skipping(&file.path, start)?,
    };
    Ok(Segments::new(timeline, quality, first))
}

/// The segment before which a run stops when a device has asked for `number`.
fn ahead_of(number: u32) -> u32 {
    number + 1 + SEGMENTS_AHEAD
}

impl Run {
    /// The segment that it makes next.
    fn next(&self) -> u32 {
        self.progress.borrow().next
    }

    fn is_wanted(&self, number: u32) -> bool {
        self.until.borrow().is_some_and(|until| number < until)
    }

    /// Makes it stay ahead of a device at `number`. `false` if it has ended, or does not come by there soon.
    fn extend(&self, number: u32) -> bool {
        let mut extended = false;
        self.until.send_if_modified(|until| match until {
            Some(until) if number <= *until + SEGMENTS_AHEAD => {
                extended = true;
                let before = *until;
                *until = before.max(ahead_of(number));
                *until != before
            }
            _ => false,
        });
        extended
    }

    /// Ends it unless a device has asked for more. Whether it has ended.
    fn end_if_idle(&self) -> bool {
        let next = self.next();
        self.until.send_if_modified(|until| until.take_if(|until| *until <= next).is_some())
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
    use crate::telemetry::metrics::{MetricsRenderer, Observed};

    /// Silence, as a WAV file.
    fn silence(folder: &TempDir, segments: u32) -> PreparedFile {
        let bytes = 4 * segments * SEGMENT_SAMPLES;
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x80\xbb\0\0\0\xee\x02\0\x04\0\x10\0data".to_vec();
        file.extend(bytes.to_le_bytes());
        file.resize(file.len() + bytes as usize, 0);
        let path = folder.path().join("silence.wav");
        fs::write(&path, file).unwrap();
        PreparedFile { path, stamp: (0, 0), samples: None, seekable: false }
    }

    /// A server's preparer, with what counts its segments.
    struct Prepared {
        preparer: Preparer,
        tasks: TaskTracker,
        renderer: MetricsRenderer,
    }

    impl Prepared {
        fn new(folder: &TempDir) -> Self {
            let (tasks, (metrics, renderer)) = (TaskTracker::new(), Metrics::on());
            let cache = Cache::open(folder.path().join("cache"), 1 << 20).unwrap();
            let preparer = Preparer::new(cache, metrics, 2, tasks.clone(), CancellationToken::new());
            Self { preparer, tasks, renderer }
        }

        async fn get(&self, file: &PreparedFile, number: u32) -> Result<u32, PrepareError> {
            Ok(self.preparer.segment(file, Quality::Lossless, number).await?.0.samples)
        }

        /// Segments prepared and served when all runs have ended.
        async fn counts(&self) -> [u64; 2] {
            self.tasks.close();
            self.tasks.wait().await;
            let rendered = self.renderer.render(&Observed::default());
            ["tutti_segments_prepared_total ", "tutti_segments_served_total "].map(|name| {
                let count = rendered.lines().find_map(|line| line.strip_prefix(name));
                count.unwrap().parse().unwrap()
            })
        }
    }

    #[tokio::test]
    async fn a_segment_is_prepared_once_however_many_devices_ask_for_it() {
        let folder = TempDir::new().unwrap();
        let (file, prepared) = (silence(&folder, 3), Prepared::new(&folder));
        let requests = (0..60).map(|nth| prepared.get(&file, nth % 3));
        assert!(join_all(requests).await.iter().all(Result::is_ok));
        assert!(matches!(prepared.get(&file, 3).await, Err(PrepareError::PastEnd)));
        assert_eq!(prepared.counts().await, [3, 60]);
    }

    #[tokio::test]
    async fn a_run_goes_on_with_the_decoder_that_it_has() {
        let folder = TempDir::new().unwrap();
        let (file, prepared) = (silence(&folder, 20), Prepared::new(&folder));
        assert_eq!(prepared.get(&file, 0).await.unwrap(), SEGMENT_SAMPLES);
        // No other decoder can be opened.
        fs::remove_file(&file.path).unwrap();
        for number in 1..20 {
            assert_eq!(prepared.get(&file, number).await.unwrap(), SEGMENT_SAMPLES);
        }
        assert_eq!(prepared.counts().await, [20, 20]);
    }

    #[tokio::test]
    async fn devices_at_two_places_of_a_track_have_a_decoder_each() {
        let folder = TempDir::new().unwrap();
        let (file, prepared) = (silence(&folder, 34), Prepared::new(&folder));
        for place in [0, 20] {
            assert_eq!(prepared.get(&file, place).await.unwrap(), SEGMENT_SAMPLES);
        }
        fs::remove_file(&file.path).unwrap();
        for step in 1..12 {
            for place in [0, 20] {
                assert_eq!(prepared.get(&file, place + step).await.unwrap(), SEGMENT_SAMPLES);
            }
        }
    }

    #[tokio::test]
    async fn a_run_is_joined_or_its_segment_is_in_the_cache() {
        let folder = TempDir::new().unwrap();
        let (file, prepared) = (silence(&folder, 3), Prepared::new(&folder));
        assert_eq!(prepared.get(&file, 0).await.unwrap(), SEGMENT_SAMPLES);
        let run = RunKey { file: file.key(), quality: Quality::Lossless };
        let key = SegmentKey { file: run.file, quality: run.quality, number: 0 };
        assert!(prepared.preparer.join_run(&file, run, &key).is_none());
    }
}
