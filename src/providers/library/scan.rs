//! Brings the index up to date: compares every file's size and time, reads changed files, removes deleted ones.
//!
//! Unreadable files are skipped. They are logged once for each change of them, in one line a scan. Parsers run on a blocking
//! thread, where they may fail, panic or hang; a scan that is stopped waits for none of them. A file that was moved keeps
//! its old id as an alias. Tracks that look as if a disk is missing are kept for a day (see `forget`).

use std::collections::HashMap;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use super::LibraryError;
use super::folders::{self, Folder, Folders};
use super::id;
use super::index::{Change, Counts, Index, IndexedFile, Stamp};
use super::tags::{self, Description, Unreadable};
use super::walk::{Found, Walk, walk};
use super::watch::Watch;

/// Longest path in the library, in bytes.
const PATH_BYTES_MAX: usize = 1024;
/// Files read concurrently.
const READS_MAX: usize = 4;
/// Changes that go into the index in one transaction; also how late a first scan shows what it has found.
const CHANGES_PER_COMMIT: usize = 200;
/// Files that are named in a warning about all of their kind.
const TROUBLES_LOGGED: usize = 5;
/// How long one file may take to be read, on the slowest of network drives.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// How long tracks are kept that look as if a disk is missing.
const MISSING_KEPT: Duration = Duration::from_hours(24);

/// The result of one scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Tracks in the index after it.
    pub tracks: u64,
    /// Music files that are not tracks because they cannot be read.
    pub unreadable: u64,
    /// Tracks whose tags the parser refused. They are named after what text could be read and after their path.
    pub odd_tags: u64,
    /// Tracks that are kept although their files are not there, because a disk seems to be missing.
    pub missing: u64,
    /// Tracks that no decoder plays, as far as they were decoded.
    pub unplayable: u64,
    /// Tracks that are new or were read again.
    pub read: u64,
    /// Tracks that were removed.
    pub gone: u64,
}

/// What a scan needs besides the index.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    /// The folders of the library.
    pub folders: &'a Folders,
    /// Watches every folder that is visited.
    pub watch: &'a Watch,
    /// A user asked for it: what is not there is forgotten.
    pub requested: bool,
    /// The time, in Unix milliseconds.
    pub now_ms: i64,
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

/// What a walk found that the index does not have.
#[derive(Debug, Default)]
struct Differences {
    /// Files to read, with what is known about them.
    changed: Vec<(Found, Option<IndexedFile>)>,
    /// Changes around files that stay as they are.
    updates: Vec<Change>,
    /// Files that were refused before and have not changed since.
    refused: HashMap<String, Refused>,
}

/// Files with the same trouble, for one line in the log.
#[derive(Debug, Default)]
pub struct Trouble {
    count: u64,
    first: Vec<String>,
}

impl Trouble {
    /// Counts a file.
    pub fn add(&mut self, path: &str, reason: &dyn std::fmt::Display) {
        self.count += 1;
        if self.first.len() < TROUBLES_LOGGED {
            self.first.push(format!("{}: {reason}", folders::readable(path)));
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

/// A file's description and [`id::fingerprint`].
type Reading = Result<(Description, String), Unreadable>;

impl Scanner {
    /// Music files that cannot be read, as of the last scan: the first by path.
    pub fn unreadable(&self, files_max: usize) -> Vec<String> {
        let unreadable = self.refused.iter().filter(|(_, refused)| refused.unreadable);
        let mut paths: Vec<_> = unreadable.map(|(path, _)| folders::readable(path)).collect();
        paths.sort_unstable();
        paths.truncate(files_max);
        paths
    }

    /// Scans once. `None` if it was stopped; the index has the changes up to then.
    pub async fn scan(
        &mut self,
        index: &Index,
        scan: Scan<'_>,
        stop: &CancellationToken,
    ) -> Result<Option<ScanReport>, LibraryError> {
        let mut known = index.known().await?;
        let first = known.is_empty();
        let Some(mut walk) = walk_elsewhere(scan.folders.clone(), scan.watch.clone(), stop).await? else {
            return Ok(None);
        };
        walk.trouble.warn("folders or files skipped: they cannot be listed");

        let found = by_folder(
            scan.folders,
            walk.files.iter().map(|found| &found.path).filter(|path| known.contains_key(*path)),
        );
        let mut report = ScanReport::default();
        let Differences { changed, updates, mut refused } = self.compare(std::mem::take(&mut walk.files), &mut known);
        for changes in updates.chunks(CHANGES_PER_COMMIT) {
            index.apply(changes).await?;
        }

        // By size and contents, for recognising files that were moved.
        let mut missing: HashMap<(i64, String), String> = HashMap::new();
        for (path, file) in &known {
            if let Some(fingerprint) = &file.fingerprint {
                missing.insert((file.stamp.size_bytes, fingerprint.clone()), path.clone());
            }
        }
        let (mut skipped, mut odd) = (Trouble::default(), Trouble::default());
        let mut readings = pin!(
            stream::iter(changed)
                .map(|(found, before)| read_elsewhere(tags::describe, scan.folders, found, before))
                .buffered(READS_MAX)
                .take_until(stop.cancelled())
                .chunks(CHANGES_PER_COMMIT)
        );
        while let Some(readings) = readings.next().await {
            let mut changes = Vec::with_capacity(readings.len());
            for (Found { path, stamp, device, folder_art }, before, reading) in readings {
                match reading {
                    Ok((description, fingerprint)) => {
                        report.read += 1;
                        if let Some(reason) = &description.odd_tags {
                            odd.add(&path, reason);
                        }
                        let moved = before.is_none().then(|| missing.remove(&(stamp.size_bytes, fingerprint.clone())));
                        if let Some(from) = moved.flatten() {
                            known.remove(&from);
                            changes.push(Change::Moved { from, to: path.clone() });
                        }
                        let modified_ms = stamp.mtime_ns / 1_000_000;
                        let added_at_ms = if first { scan.now_ms.min(modified_ms) } else { scan.now_ms };
                        let fingerprint = Some(fingerprint);
                        changes.push(Change::Track {
                            path,
                            stamp,
                            device,
                            fingerprint,
                            description,
                            folder_art,
                            added_at_ms,
                        });
                    }
                    Err(reason) => {
                        let unreadable = !matches!(reason, Unreadable::NotMusic);
                        if unreadable {
                            skipped.add(&path, &reason);
                        }
                        // A disk that fails for now says nothing about a track.
                        if !(before.is_some() && matches!(reason, Unreadable::Io(_) | Unreadable::TimedOut)) {
                            changes.push(Change::Gone { path: path.clone() });
                        }
                        refused.insert(path, Refused { stamp, unreadable });
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

        report.gone = forget(index, scan, &walk, &found, known).await?;
        report.unreadable = refused.values().filter(|refused| refused.unreadable).count() as u64;
        let Counts { tracks, odd_tags, missing, unplayable } = index.counts().await?;
        report = ScanReport { tracks, odd_tags, missing, unplayable, ..report };
        self.refused = refused;
        Ok(Some(report))
    }

    /// Sorts out what was found. Takes it from `known`, where what is missing is left.
    fn compare(&self, files: Vec<Found>, known: &mut HashMap<String, IndexedFile>) -> Differences {
        let mut differences = Differences::default();
        for found in files {
            match known.remove(&found.path) {
                Some(before) if before.stamp == found.stamp => {
                    let Found { path, device, folder_art, .. } = found;
                    if before.folder_art != folder_art || before.device != device || before.missing_since_ms.is_some() {
                        differences.updates.push(Change::Seen { path, folder_art, device });
                    }
                }
                Some(before) => differences.changed.push((found, Some(before))),
                None => match self.refused.get(&found.path).filter(|refused| refused.stamp == found.stamp) {
                    Some(same) => drop(differences.refused.insert(found.path, *same)),
                    None => differences.changed.push((found, None)),
                },
            }
        }
        differences
    }
}

/// Forgets the tracks whose files are not there. Returns how many.
///
/// Kept are those in folders that could not be listed. Unless a user asked for the scan, so are those that look as if a disk
/// is missing, for [`MISSING_KEPT`]: when more than half of a folder of the library is not there, or when the nearest
/// folder that is left is empty or on another file system than the files were.
async fn forget(
    index: &Index,
    scan: Scan<'_>,
    walk: &Walk,
    found: &HashMap<String, u64>,
    absent: HashMap<String, IndexedFile>,
) -> Result<u64, LibraryError> {
    let Scan { folders, requested, now_ms, .. } = scan;
    let lost = by_folder(folders, absent.keys());
    let is_mostly_lost = |folder: &Folder| lost.get(&folder.prefix) > found.get(&folder.prefix);
    let kept_ms = i64::try_from(MISSING_KEPT.as_millis()).unwrap_or(i64::MAX);
    let mut kept = Trouble::default();
    let mut changes = Vec::new();
    let mut gone = 0;
    for (path, file) in absent {
        let folder = folders.folder(&path);
        if folder.is_some_and(|folder| walk.absent.contains(&folder.prefix))
            || walk.unseen.iter().any(|unseen| is_within(&path, unseen))
        {
            continue;
        }
        let looks_unmounted = || {
            folder.is_some_and(is_mostly_lost)
                || nearest(walk, &path).is_none_or(|nearest| nearest.empty || nearest.device != file.device)
        };
        let since_ms = file.missing_since_ms.unwrap_or(now_ms);
        if folder.is_none() || requested || now_ms - since_ms >= kept_ms || !looks_unmounted() {
            gone += 1;
            changes.push(Change::Gone { path });
        } else if file.missing_since_ms.is_none() {
            kept.add(&path, &"not there");
            changes.push(Change::Missing { path, since_ms });
        }
    }
    kept.warn("tracks are missing as if a disk were; they are kept for a day, or until `tutti rescan`");
    for changes in changes.chunks(CHANGES_PER_COMMIT) {
        index.apply(changes).await?;
    }
    Ok(gone)
}

/// How many of these paths are in each folder of the library, by its prefix.
fn by_folder<'a>(folders: &Folders, paths: impl Iterator<Item = &'a String>) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for folder in paths.filter_map(|path| folders.folder(path)) {
        *counts.entry(folder.prefix.clone()).or_default() += 1;
    }
    counts
}

/// The nearest folder above a path that is there.
fn nearest<'a>(walk: &'a Walk, path: &str) -> Option<&'a super::walk::Listed> {
    let mut folder = path;
    loop {
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        match walk.folders.get(folder) {
            None if !folder.is_empty() => {}
            found => return found,
        }
    }
}

/// Reads one file with `describe` on a blocking thread; turns panics and timeouts into errors.
async fn read_elsewhere(
    describe: Describe,
    folders: &Folders,
    found: Found,
    before: Option<IndexedFile>,
) -> (Found, Option<IndexedFile>, Reading) {
    let Some(path) = folders.file(&found.path).filter(|_| found.path.len() <= PATH_BYTES_MAX) else {
        return (found, before, Err(Unreadable::PathTooLong));
    };
    let relative = folders::readable(found.path.split_once("//").map_or(found.path.as_str(), |(_, path)| path));
    let size_bytes = u64::try_from(found.stamp.size_bytes).unwrap_or_default();
    let reading = tokio::task::spawn_blocking(move || read(describe, &path, &relative, size_bytes));
    let outcome = match tokio::time::timeout(READ_TIMEOUT, reading).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panicked)) => Err(Unreadable::Panicked),
        Err(_elapsed) => Err(Unreadable::TimedOut),
    };
    (found, before, outcome)
}

fn read(describe: Describe, path: &Path, relative: &str, size_bytes: u64) -> Reading {
    let description = describe(path, relative, size_bytes)?;
    Ok((description, id::fingerprint(path, size_bytes)?))
}

/// `None` if it was stopped, at once: a file system that hangs does not delay that.
async fn walk_elsewhere(
    folders: Folders,
    watch: Watch,
    stop: &CancellationToken,
) -> Result<Option<Walk>, LibraryError> {
    let stopped = stop.clone();
    let walked = tokio::task::spawn_blocking(move || walk(&folders, &watch, &stopped));
    tokio::select! {
        () = stop.cancelled() => Ok(None),
        walked = walked => walked.map_err(std::io::Error::from)?.map_err(LibraryError::from),
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn folders() -> (tempfile::TempDir, Folders) {
        let folder = tempfile::tempdir().expect("there is room");
        let folders = Folders::open(vec![folder.path().to_owned()]).await.expect("it is there");
        (folder, folders)
    }

    fn found() -> Found {
        let stamp = Stamp { size_bytes: 1, mtime_ns: 1 };
        Found { path: "a.mp3".into(), stamp, device: 1, folder_art: None }
    }

    #[tokio::test]
    async fn a_panicking_parser_skips_one_file() {
        let (_folder, folders) = folders().await;
        let describe: Describe = |_, _, _| panic!("a bug in a parser");
        let (found, _, outcome) = read_elsewhere(describe, &folders, found(), None).await;
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
