//! Brings the index up to date: compares every file's size and time, reads changed files, removes deleted ones.
//!
//! Unreadable files are skipped. They are logged once for each change of them, in one line a scan. Parsers run on a blocking
//! thread, where they may fail, panic or hang. Files in folders that cannot be listed, such as on a missing disk, do not count as deleted.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream;
use tokio_util::sync::CancellationToken;
use walkdir::WalkDir;

use super::index::{Change, Index, IndexedFile, Stamp};
use super::names::{self, Likely};
use super::tags::{self, Description, Unreadable};
use super::{LibraryError, art};

/// Deepest nesting of folders.
const FOLDER_DEPTH_MAX: usize = 32;
/// Longest path in the library, in bytes.
const PATH_BYTES_MAX: usize = 1024;
/// Most files of one library. It bounds what a scan keeps in memory, to some 200 MB.
const FILES_MAX: usize = 500_000;
/// Files read concurrently.
const READS_MAX: usize = 4;
/// Changes that go into the index in one transaction; also how late a first scan shows what it has found.
const CHANGES_PER_COMMIT: usize = 200;
/// Files that are named in a warning about all of their kind.
const TROUBLES_LOGGED: usize = 5;
/// How long one file may take to be read, on the slowest of network drives.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// The result of one scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Tracks in the index after it.
    pub tracks: u64,
    /// Music files that are not tracks because they cannot be read.
    pub unreadable: u64,
    /// Tracks whose tags the parser refused. They are named after what text could be read and after their path.
    pub odd_tags: u64,
    /// Tracks that are new or were read again.
    pub read: u64,
    /// Tracks that were removed.
    pub gone: u64,
}

/// Scans, one at a time.
#[derive(Debug, Default)]
pub struct Scanner {
    /// Files that are no tracks, with their stamps when they were read.
    refused: HashMap<String, Refused>,
}

/// A file that is no track.
#[derive(Clone, Copy, Debug)]
struct Refused {
    stamp: Stamp,
    /// It is called like music, and no other kind of file.
    unreadable: bool,
}

/// Files with the same trouble, for one line in the log.
#[derive(Debug, Default)]
struct Trouble {
    count: u64,
    first: Vec<String>,
}

impl Trouble {
    fn add(&mut self, path: &str, reason: &dyn std::fmt::Display) {
        self.count += 1;
        if self.first.len() < TROUBLES_LOGGED {
            self.first.push(format!("{path}: {reason}"));
        }
    }

    fn warn(&self, trouble: &str) {
        if self.count > 0 {
            tracing::warn!(files = self.count, first = ?self.first, "{trouble}");
        }
    }
}

/// Reads a file: [`tags::describe`], or a failing replacement in tests.
type Describe = fn(&Path, &str, u64) -> Result<Description, Unreadable>;

/// A music file in the folder.
#[derive(Debug)]
struct Found {
    /// Relative to the library, with forward slashes.
    path: String,
    stamp: Stamp,
    folder_art: Option<String>,
}

/// A listing of the folder.
#[derive(Debug, Default)]
struct Walk {
    files: Vec<Found>,
    /// Folders and files that could not be listed, relative to the library.
    unseen: Vec<String>,
}

impl Scanner {
    /// Scans the folder `root` once. `None` if it was stopped; the index has the changes up to then.
    pub async fn scan(
        &mut self,
        index: &Index,
        root: &Path,
        now_ms: i64,
        stop: &CancellationToken,
    ) -> Result<Option<ScanReport>, LibraryError> {
        let mut known = index.known().await?;
        let first = known.is_empty();
        let Some(walk) = walk_elsewhere(root.to_owned(), stop.clone()).await? else { return Ok(None) };

        let mut report = ScanReport::default();
        let mut refused = HashMap::new();
        let (mut skipped, mut odd) = (Trouble::default(), Trouble::default());
        let mut changed = Vec::new();
        let mut art_changes = Vec::new();
        for found in walk.files {
            let before = known.remove(&found.path);
            match before {
                Some(IndexedFile { stamp, folder_art }) if stamp == found.stamp => {
                    if folder_art != found.folder_art {
                        art_changes.push(Change::FolderArt { path: found.path, folder_art: found.folder_art });
                    }
                }
                None => match self.refused.get(&found.path).filter(|refused| refused.stamp == found.stamp) {
                    Some(known) => drop(refused.insert(found.path, *known)),
                    None => changed.push(found),
                },
                Some(_) => changed.push(found),
            }
        }
        for changes in art_changes.chunks(CHANGES_PER_COMMIT) {
            index.apply(changes).await?;
        }

        let mut readings = pin!(
            stream::iter(changed)
                .map(|found| read_elsewhere(tags::describe, root.join(&found.path), found))
                .buffered(READS_MAX)
                .take_until(stop.cancelled())
                .chunks(CHANGES_PER_COMMIT)
        );
        while let Some(readings) = readings.next().await {
            let mut changes = Vec::with_capacity(readings.len());
            for (Found { path, stamp, folder_art }, reading) in readings {
                match reading {
                    Ok(description) => {
                        report.read += 1;
                        if let Some(reason) = &description.odd_tags {
                            odd.add(&path, reason);
                        }
                        let added_at_ms = if first { now_ms.min(stamp.mtime_ns / 1_000_000) } else { now_ms };
                        changes.push(Change::Track { path, stamp, description, folder_art, added_at_ms });
                    }
                    Err(reason) => {
                        let unreadable = !matches!(reason, Unreadable::NotMusic);
                        if unreadable {
                            skipped.add(&path, &reason);
                        }
                        refused.insert(path.clone(), Refused { stamp, unreadable });
                        changes.push(Change::Gone { path });
                    }
                }
            }
            index.apply(&changes).await?;
        }
        skipped.warn("music files skipped: they cannot be read");
        odd.warn("tags of music files refused; their names come from what could be read and from their paths");
        if stop.is_cancelled() {
            return Ok(None);
        }

        let gone: Vec<Change> = known
            .into_keys()
            .filter(|path| !walk.unseen.iter().any(|folder| is_within(path, folder)))
            .map(|path| Change::Gone { path })
            .collect();
        for changes in gone.chunks(CHANGES_PER_COMMIT) {
            index.apply(changes).await?;
        }
        report.gone = gone.len() as u64;
        report.unreadable = refused.values().filter(|refused| refused.unreadable).count() as u64;
        report.tracks = index.tracks().await?;
        report.odd_tags = index.odd_tags().await?;
        self.refused = refused;
        Ok(Some(report))
    }
}

/// Reads one file with `describe` on a blocking thread; turns panics and timeouts into errors.
async fn read_elsewhere(describe: Describe, path: PathBuf, found: Found) -> (Found, Result<Description, Unreadable>) {
    let relative = found.path.clone();
    let size_bytes = u64::try_from(found.stamp.size_bytes).unwrap_or_default();
    if relative.len() > PATH_BYTES_MAX {
        return (found, Err(Unreadable::PathTooLong));
    }
    let reading = tokio::task::spawn_blocking(move || describe(&path, &relative, size_bytes));
    let outcome = match tokio::time::timeout(READ_TIMEOUT, reading).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panicked)) => Err(Unreadable::Panicked),
        Err(_elapsed) => Err(Unreadable::TimedOut),
    };
    (found, outcome)
}

async fn walk_elsewhere(root: PathBuf, stop: CancellationToken) -> Result<Option<Walk>, LibraryError> {
    let walked = tokio::task::spawn_blocking(move || walk(&root, &stop)).await;
    walked.map_err(std::io::Error::from)?.map_err(LibraryError::from)
}

/// Lists what may be music in the folder, in the order of names. Links are not followed, so nothing outside of it is listed;
/// hidden files and folders are not either. `None`: it was stopped.
fn walk(root: &Path, stop: &CancellationToken) -> std::io::Result<Option<Walk>> {
    let mut walk = Walk::default();
    let mut covers: HashMap<String, (usize, String)> = HashMap::new();
    let entries = WalkDir::new(root)
        .follow_links(false)
        .max_depth(FOLDER_DEPTH_MAX)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !names::is_rubbish(entry.file_name().as_encoded_bytes()));
    for entry in entries {
        if stop.is_cancelled() {
            return Ok(None);
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() == 0 => return Err(error.into()),
            Err(error) => {
                walk.unseen.extend(error.path().and_then(|path| relative(root, path)));
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        // A name that is not UTF-8 has no stable id; such a file is skipped silently.
        let Some(path) = relative(root, entry.path()) else { continue };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if let Some(rank) = art::folder_art_rank(name) {
            let best = covers.entry(folder.to_owned()).or_insert_with(|| (rank, path.clone()));
            if rank < best.0 {
                *best = (rank, path);
            }
        } else if names::likely(name) != Likely::No {
            let Ok(metadata) = entry.metadata() else {
                walk.unseen.push(path);
                continue;
            };
            if walk.files.len() == FILES_MAX {
                tracing::warn!(files = FILES_MAX, "library too large: further files are skipped");
                break;
            }
            walk.files.push(Found { path, stamp: stamp(&metadata), folder_art: None });
        }
    }
    for found in &mut walk.files {
        let folder = found.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        found.folder_art = covers.get(folder).map(|(_, cover)| cover.clone());
    }
    Ok(Some(walk))
}

/// `path` as seen from `root`, with forward slashes; `None` if it is not UTF-8.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let names: Option<Vec<&str>> = path.strip_prefix(root).ok()?.iter().map(|name| name.to_str()).collect();
    Some(names?.join("/"))
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The size and time of a file.
pub(super) fn stamp(metadata: &Metadata) -> Stamp {
    let since_epoch = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Stamp {
        size_bytes: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
        mtime_ns: since_epoch.and_then(|time| i64::try_from(time.as_nanos()).ok()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panicking_parser_skips_one_file() {
        let found = Found { path: "a.mp3".into(), stamp: Stamp { size_bytes: 1, mtime_ns: 1 }, folder_art: None };
        let (found, outcome) = read_elsewhere(|_, _, _| panic!("a bug in a parser"), "a.mp3".into(), found).await;
        assert!(matches!(outcome, Err(Unreadable::Panicked)));
        assert_eq!(found.path, "a.mp3");
    }

    #[test]
    fn is_within_compares_whole_components() {
        assert!(is_within("a/b.mp3", "a"));
        assert!(is_within("a/b.mp3", "a/b.mp3"));
        assert!(!is_within("ab/c.mp3", "a"));
        assert!(!is_within("a", "a/b"));
    }
}
