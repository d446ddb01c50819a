//! A bounded cache of segments on disk, with the latest ones in memory.
//!
//! Everything in its folder can be deleted at any time. A file is written under a temporary name and renamed, and ends with its
//! length and a checksum, so that neither a crash nor a power failure leaves a part of a segment that would be served.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use parking_lot::Mutex;
use tutti_protocol::segments::Quality;

/// Segments kept in memory, in bytes: what the devices of a few rooms ask for at the same time.
const MEMORY_BYTES_MAX: usize = 32 << 20;
/// Samples, length and checksum at the end of a file.
const TRAILER_BYTES: usize = 12;
/// Files being written end with this.
const TEMPORARY: &str = "tmp";
/// Failed writes between two warnings.
const WARN_EVERY: u64 = 1000;

/// A segment, ready to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedSegment {
    /// The file.
    pub bytes: Bytes,
    /// Samples of the track in it.
    pub samples: u32,
}

/// Names a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentKey {
    /// The contents of the track's file, and the version of the encoders.
    pub file: [u8; 16],
    /// How it is encoded.
    pub quality: Quality,
    /// Its number in the track.
    pub number: u32,
}

/// The cache.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    bytes_max: u64,
    memory: Mutex<Memory>,
    disk: Mutex<Disk>,
    temporary_names: AtomicU64,
    failed_writes: AtomicU64,
}

/// Most recently used at the front.
#[derive(Debug, Default)]
struct Memory {
    segments: VecDeque<(SegmentKey, CachedSegment)>,
    bytes: usize,
}

/// What is on disk, in the order of use.
#[derive(Debug, Default)]
struct Disk {
    files: HashMap<String, (u64, u64)>,
    order: BTreeMap<u64, String>,
    bytes: u64,
    clock: u64,
}

impl SegmentKey {
    fn name(&self) -> String {
        let file = u128::from_be_bytes(self.file);
        format!("{file:032x}-{}-{}", self.quality.as_str(), self.number)
    }

    /// A strong entity tag, with its quotes.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.name())
    }
}

impl Cache {
    /// Opens the cache in `folder`, created if missing, and removes what an interrupted write has left. With `bytes_max` 0
    /// nothing is kept on disk.
    ///
    /// # Errors
    /// When the folder cannot be created or read.
    pub fn open(folder: PathBuf, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut found: Vec<(SystemTime, String, u64)> = Vec::new();
        for file in fs::read_dir(&folder)? {
            let file = file?;
            let Ok(name) = file.file_name().into_string() else { continue };
            let facts = file.metadata()?;
            if Path::new(&name).extension().is_some_and(|extension| extension == TEMPORARY) {
                let _ = fs::remove_file(file.path());
            } else if facts.is_file() {
                found.push((facts.modified().unwrap_or(SystemTime::UNIX_EPOCH), name, facts.len()));
            }
        }
        found.sort();
        let mut disk = Disk::default();
        for (_, name, bytes) in found {
            disk.insert(name, bytes);
        }
        let cache = Self {
            folder,
            bytes_max,
            memory: Mutex::default(),
            disk: Mutex::new(disk),
            temporary_names: AtomicU64::new(0),
            failed_writes: AtomicU64::new(0),
        };
        cache.evict();
        Ok(cache)
    }

    /// A segment, if it is there and whole.
    pub async fn get(&self, key: &SegmentKey) -> Option<CachedSegment> {
        if let Some(segment) = self.memory.lock().get(key) {
            return Some(segment);
        }
        let name = key.name();
        if !self.disk.lock().touch(&name) {
            return None;
        }
        let read = tokio::fs::read(self.folder.join(&name)).await;
        let Some(segment) = read.ok().and_then(unwrap) else {
            self.disk.lock().remove(&name);
            let _ = tokio::fs::remove_file(self.folder.join(&name)).await;
            return None;
        };
        self.memory.lock().insert(*key, segment.clone());
        Some(segment)
    }

    /// Whether a segment is there, as far as is known without reading it.
    pub fn contains(&self, key: &SegmentKey) -> bool {
        self.memory.lock().contains(key) || self.disk.lock().files.contains_key(&key.name())
    }

    /// Keeps a segment: in memory, and on disk if that can be written to. Blocks.
    pub fn put(&self, key: SegmentKey, segment: CachedSegment) {
        let file = wrap(&segment);
        self.memory.lock().insert(key, segment);
        if file.len() as u64 > self.bytes_max {
            return;
        }
        let name = key.name();
        match self.write(&name, &file) {
            Ok(()) => {
                self.disk.lock().insert(name, file.len() as u64);
                self.evict();
            }
            Err(error) if self.failed_writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(WARN_EVERY) => {
                tracing::warn!(%error, "segments cannot be cached on disk; devices are served without the cache");
            }
            Err(_) => {}
        }
    }

    /// What may be on disk.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.disk.lock().bytes
    }

    fn write(&self, name: &str, file: &[u8]) -> io::Result<()> {
        let nth = self.temporary_names.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(format!("{nth}.{TEMPORARY}"));
        let written = fs::write(&temporary, file).and_then(|()| fs::rename(&temporary, self.folder.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn evict(&self) {
        let mut disk = self.disk.lock();
        while disk.bytes > self.bytes_max
            && let Some(name) = disk.remove_oldest()
        {
            let _ = fs::remove_file(self.folder.join(name));
        }
    }
}

impl Memory {
    fn contains(&self, key: &SegmentKey) -> bool {
        self.segments.iter().any(|(known, _)| known == key)
    }

    fn get(&mut self, key: &SegmentKey) -> Option<CachedSegment> {
        let at = self.segments.iter().position(|(known, _)| known == key)?;
        let used = self.segments.remove(at)?;
        let segment = used.1.clone();
        self.segments.push_front(used);
        Some(segment)
    }

    fn insert(&mut self, key: SegmentKey, segment: CachedSegment) {
        if self.get(&key).is_some() {
            return;
        }
        self.bytes += segment.bytes.len();
        self.segments.push_front((key, segment));
        while self.bytes > MEMORY_BYTES_MAX
            && let Some((_, oldest)) = self.segments.pop_back()
        {
            self.bytes -= oldest.bytes.len();
        }
    }
}

impl Disk {
    fn insert(&mut self, name: String, bytes: u64) {
        self.remove(&name);
        self.clock += 1;
        self.bytes += bytes;
        self.order.insert(self.clock, name.clone());
        self.files.insert(name, (bytes, self.clock));
    }

    /// Marks it as used. `false` when it is not there.
    fn touch(&mut self, name: &str) -> bool {
        let Some((bytes, _)) = self.files.get(name) else { return false };
        let bytes = *bytes;
        self.insert(name.to_owned(), bytes);
        true
    }

    fn remove(&mut self, name: &str) {
        if let Some((bytes, used)) = self.files.remove(name) {
            self.order.remove(&used);
            self.bytes -= bytes;
        }
    }

    fn remove_oldest(&mut self) -> Option<String> {
        let (_, name) = self.order.pop_first()?;
        if let Some((bytes, _)) = self.files.remove(&name) {
            self.bytes -= bytes;
        }
        Some(name)
    }
}

/// A segment as it is stored.
fn wrap(segment: &CachedSegment) -> Vec<u8> {
    let mut file = Vec::with_capacity(segment.bytes.len() + TRAILER_BYTES);
    file.extend_from_slice(&segment.bytes);
    file.extend(segment.samples.to_le_bytes());
    file.extend(u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend(crc32fast::hash(&file).to_le_bytes());
    file
}

/// The segment of a stored file; `None` if it is not whole.
fn unwrap(mut file: Vec<u8>) -> Option<CachedSegment> {
    let number = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    let length = file.len().checked_sub(TRAILER_BYTES)?;
    let (samples, stated, checksum) = (number(length)?, number(length + 4)?, number(length + 8)?);
    let whole = usize::try_from(stated) == Ok(length) && crc32fast::hash(&file[..length + 8]) == checksum;
    file.truncate(length);
    whole.then(|| CachedSegment { bytes: file.into(), samples })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn key(number: u32) -> SegmentKey {
        SegmentKey { file: [7; 16], quality: Quality::Small, number }
    }

    fn segment(number: u32, bytes: usize) -> CachedSegment {
        CachedSegment { bytes: vec![u8::try_from(number).unwrap(); bytes].into(), samples: number }
    }

    fn reopened(folder: &TempDir, bytes_max: u64) -> Cache {
        Cache::open(folder.path().to_owned(), bytes_max).unwrap()
    }

    #[tokio::test]
    async fn segments_outlive_the_server() {
        let folder = TempDir::new().unwrap();
        reopened(&folder, 1 << 20).put(key(1), segment(1, 1000));
        let cache = reopened(&folder, 1 << 20);
        assert_eq!(cache.get(&key(1)).await, Some(segment(1, 1000)));
        assert_eq!(cache.get(&key(2)).await, None);
    }

    #[tokio::test]
    async fn the_least_recently_used_segments_are_evicted() {
        let folder = TempDir::new().unwrap();
        let cache = reopened(&folder, 3500);
        for number in 1..=3 {
            cache.put(key(number), segment(number, 1000));
        }
        let cache = reopened(&folder, 3500);
        assert!(cache.get(&key(1)).await.is_some());
        cache.put(key(4), segment(4, 1000));
        let cache = reopened(&folder, 3500);
        assert_eq!(cache.get(&key(2)).await, None);
        for number in [1, 3, 4] {
            assert_eq!(cache.get(&key(number)).await, Some(segment(number, 1000)));
        }
        assert!(cache.bytes() <= 3500);
    }

    #[tokio::test]
    async fn a_part_of_a_segment_is_never_served() {
        let folder = TempDir::new().unwrap();
        reopened(&folder, 1 << 20).put(key(1), segment(1, 1000));
        let file = folder.path().join(key(1).name());
        let whole = fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        flipped[500] ^= 1;
        for broken in [&whole[..0], &whole[..5], &whole[..1000], &whole[..whole.len() - 1], &flipped] {
            fs::write(&file, broken).unwrap();
            let cache = reopened(&folder, 1 << 20);
            assert_eq!(cache.get(&key(1)).await, None);
            assert!(!file.exists());
            assert_eq!(cache.bytes(), 0);
        }
    }

    #[tokio::test]
    async fn an_interrupted_write_is_removed_at_the_start() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("0.tmp"), b"half").unwrap();
        let cache = reopened(&folder, 1 << 20);
        assert_eq!((fs::read_dir(folder.path()).unwrap().count(), cache.bytes()), (0, 0));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_to_costs_only_the_cache() {
        let folder = TempDir::new().unwrap();
        let cache = reopened(&folder, 1 << 20);
        fs::remove_dir(folder.path()).unwrap();
        cache.put(key(1), segment(1, 1000));
        assert_eq!(cache.get(&key(1)).await, Some(segment(1, 1000)));
        assert_eq!(cache.bytes(), 0);
    }
}
