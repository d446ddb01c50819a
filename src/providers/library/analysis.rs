//! Decodes the library's files once, to know their exact length and loudness, and which of them play.
//!
//! Results are stored in the index with the size and time of the file, so that each version of a file is decoded once. Tracks
//! that rooms ask for are analysed at once; a background pass does the rest, one file at a time on a thread of low priority.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use tokio_util::sync::CancellationToken;
use tutti_audio::AudioError;
use tutti_audio::measure::{Analysis, analyse};

use super::index::{Index, Stamp};
use super::walk;
use super::{Library, LibraryError};
use crate::providers::Measurement;

/// Files that rooms wait for, decoded at the same time.
pub(super) const ANALYSES_MAX: usize = 2;
/// Nice value of the background pass: everything else goes first.
const BACKGROUND_NICE: i32 = 15;

/// A track's file, and what was found out about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Analysed {
    pub(super) path: String,
    /// The file system that the file was on; 0 if that is not known.
    device: i64,
    /// Whether the last scan missed it and kept it.
    missing: bool,
    found: Option<(Stamp, Found)>,
}

/// What decoding a file gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found {
    Playable(Analysis),
    Unplayable,
}

impl Analysed {
    /// The result, if it belongs to the file's contents.
    pub(super) fn of(&self, stamp: Stamp) -> Option<Found> {
        self.found.filter(|(analysed, _)| *analysed == stamp).map(|(_, found)| found)
    }
}

impl Found {
    /// What a row of `tracks` says; `None` before its analysis.
    pub(super) fn read(row: &SqliteRow) -> Result<Option<Self>, sqlx::Error> {
        if !row.try_get("playable")? {
            return Ok(Some(Self::Unplayable));
        }
        let samples: Option<i64> = row.try_get("samples")?;
        let Some(samples) = samples.and_then(|samples| u64::try_from(samples).ok()) else { return Ok(None) };
        Ok(Some(Self::Playable(Analysis {
            samples,
            loudness_lufs: row.try_get("loudness_lufs")?,
            peak_dbtp: row.try_get("peak_dbtp")?,
            seekable: row.try_get("seekable")?,
        })))
    }

    /// The gain that brings the track to the common loudness, if it is known.
    pub(super) fn gain_db(self) -> Option<f32> {
        match self {
            #[expect(clippy::cast_possible_truncation, reason = "a gain has few digits")]
            Self::Playable(analysis) => analysis.gain_db().map(|gain| gain as f32),
            Self::Unplayable => None,
        }
    }
}

impl From<Found> for Measurement {
    fn from(found: Found) -> Self {
        match found {
            Found::Playable(analysis) => {
                Self::Playable { duration_ms: analysis.duration_ms(), gain_db: found.gain_db() }
            }
            Found::Unplayable => Self::Unplayable,
        }
    }
}

impl Library {
    /// Measures the track now, if that was not done for this version of its file.
    pub(super) async fn measured(&self, id: &str) -> Result<Measurement, LibraryError> {
        let mut analysed = self.shared.index.analysed(id).await?;
        // A new index is empty: after a restore, rooms load before the first scan has found their tracks.
        if analysed.is_none() && self.scan_state().scans == 0 {
            tokio::select! {
                () = self.scans_done(1) => analysed = self.shared.index.analysed(id).await?,
                () = self.shared.stop.cancelled() => return Ok(Measurement::Unknown),
            }
        }
        let Some(analysed) = analysed else {
            // Without any track, a disk that is not mounted is more likely than that all were deleted.
            let is_empty = self.shared.index.counts().await?.tracks == 0;
            return Ok(if is_empty { Measurement::Away } else { Measurement::Gone });
        };
        let Some(path) = self.shared.folders.file(&analysed.path) else { return Ok(Measurement::Gone) };
        let stamp = match tokio::fs::metadata(&path).await {
            Ok(file) if file.is_file() => walk::stamp(&file),
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(error.into());
            }
            _ => return Ok(if self.is_away(&analysed, path).await { Measurement::Away } else { Measurement::Gone }),
        };
        if let Some(found) = analysed.of(stamp) {
            return Ok(found.into());
        }
        let Ok(_permit) = self.shared.analyses.acquire().await else { return Ok(Measurement::Unknown) };
        // Another request may have waited for the same file.
        if let Some(found) = self.shared.index.analysed(id).await?.and_then(|analysed| analysed.of(stamp)) {
            return Ok(found.into());
        }
        let analysis = decode(path.clone(), self.shared.stop.clone(), false).await;
        self.store(&analysed.path, &path, stamp, analysis).await
    }

    /// Whether a file that is not there was on a disk that seems to be missing: the nearest folder that is left is empty or on
    /// another file system, as when [`scan`](super::scan) keeps its track.
    async fn is_away(&self, analysed: &Analysed, file: PathBuf) -> bool {
        if analysed.missing {
            return true;
        }
        let Some(folder) = self.shared.folders.folder(&analysed.path).map(|folder| folder.path.clone()) else {
            return false;
        };
        let device = analysed.device;
        let away = tokio::task::spawn_blocking(move || {
            let mut above = file.ancestors().skip(1).take_while(|above| above.starts_with(&folder));
            let Some(left) = above.find(|above| above.is_dir()) else { return true };
            let is_empty = std::fs::read_dir(left).is_ok_and(|mut entries| entries.next().is_none());
            let is_other = std::fs::metadata(left).is_ok_and(|found| found.dev().cast_signed() != device);
            is_empty || (device != 0 && is_other)
        });
        away.await.unwrap_or(true)
    }

    /// Analyses what was not analysed yet, after each scan, until the library is closed.
    pub(super) async fn analyse_in_background(self) {
        let mut state = self.shared.state.subscribe();
        let stop = self.shared.stop.clone();
        loop {
            let more = state.wait_for(|state| state.scans > 0);
            tokio::select! {
                () = stop.cancelled() => return,
                scanned = more => if scanned.is_err() { return },
            }
            state.mark_unchanged();
            if let Err(error) = self.analyse_all().await {
                tracing::warn!(%error, "the background analysis of the library failed; the next scan starts it again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = state.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn analyse_all(&self) -> Result<(), LibraryError> {
        let started_at_ms = self.shared.clock.now_ms();
        let (mut tracks, mut unplayable, mut after) = (0, 0, 0);
        while let Some((rowid, relative)) = self.shared.index.next_unanalysed(after).await? {
            if self.shared.stop.is_cancelled() {
                return Ok(());
            }
            // Each file once in a pass, also when its result cannot be stored.
            after = rowid;
            let Some(path) = self.resolve(&relative).await else { continue };
            let Ok(stamp) = stamp(&path).await else { continue };
            let analysis = decode(path.clone(), self.shared.stop.clone(), true).await;
            match self.store(&relative, &path, stamp, analysis).await {
                Ok(Measurement::Unplayable) => unplayable += 1,
                Ok(Measurement::Playable { .. }) => tracks += 1,
                Ok(_) => {}
                // One file that cannot be read says nothing about the next.
                Err(LibraryError::Files(error)) => {
                    tracing::warn!(path = relative, %error, "a track cannot be analysed");
                }
                Err(error) => return Err(error),
            }
        }
        if tracks + unplayable > 0 {
            let took_ms = self.shared.clock.now_ms() - started_at_ms;
            tracing::info!(playable = tracks, unplayable, took_ms, "library analysis finished");
            let counts = self.shared.index.counts().await?;
            // Without waking what waits for scans.
            self.shared.state.send_if_modified(|state| {
                state.last.unplayable = counts.unplayable;
                false
            });
        }
        Ok(())
    }

    async fn store(
        &self,
        relative: &str,
        path: &Path,
        before: Stamp,
        analysis: Result<Option<Analysis>, AudioError>,
    ) -> Result<Measurement, LibraryError> {
        let found = match analysis {
            Ok(Some(analysis)) => Found::Playable(analysis),
            Ok(None) => return Ok(Measurement::Unknown),
            Err(AudioError::Gone) => return Ok(Measurement::Gone),
            Err(AudioError::Unplayable(why)) => {
                tracing::warn!(path = relative, why, "no decoder plays this file; it cannot be queued");
                Found::Unplayable
            }
            Err(AudioError::Io(error)) => return Err(LibraryError::Files(error)),
        };
        // What was written to meanwhile is measured by the next request.
        match stamp(path).await {
            Ok(after) if after == before => self.shared.index.store_analysis(relative, before, found).await?,
            Ok(_) => {}
            Err(_) => return Ok(Measurement::Gone),
        }
        Ok(found.into())
    }
}

impl Index {
    /// The track's file with its analysis; `None` for an unknown id.
    pub(super) async fn analysed(&self, id: &str) -> Result<Option<Analysed>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT path, device, missing_since_ms IS NOT NULL AS missing, analysed_size_bytes, analysed_mtime_ns, playable,
                    samples, loudness_lufs, peak_dbtp, seekable
             FROM tracks WHERE id = coalesce((SELECT id FROM aliases WHERE alias = ?1), ?1)",
        )
        .bind(id)
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let size: Option<i64> = row.try_get("analysed_size_bytes")?;
        let mtime: Option<i64> = row.try_get("analysed_mtime_ns")?;
        let stamp = size.zip(mtime).map(|(size_bytes, mtime_ns)| Stamp { size_bytes, mtime_ns });
        let (path, device, missing) = (row.try_get("path")?, row.try_get("device")?, row.try_get("missing")?);
        Ok(Some(Analysed { path, device, missing, found: stamp.zip(Found::read(&row)?) }))
    }

    /// Forgets which files no decoder plays, so that they are decoded again: a decoder may have been installed.
    pub(super) async fn forget_unplayable(&self) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE tracks SET playable = 1, analysed_size_bytes = NULL, analysed_mtime_ns = NULL WHERE playable = 0",
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Row and path of the first track after row `after` whose file has no analysis of its current contents.
    async fn next_unanalysed(&self, after: i64) -> Result<Option<(i64, String)>, sqlx::Error> {
        sqlx::query_as(
            "SELECT rowid, path FROM tracks
             WHERE rowid > ? AND (analysed_size_bytes IS NOT size_bytes OR analysed_mtime_ns IS NOT mtime_ns)
             ORDER BY rowid LIMIT 1",
        )
        .bind(after)
        .fetch_optional(&self.read)
        .await
    }

    /// Stores the result, and the exact length as the track's duration.
    async fn store_analysis(&self, path: &str, stamp: Stamp, found: Found) -> Result<(), sqlx::Error> {
        let analysis = match found {
            Found::Playable(analysis) => Some(analysis),
            Found::Unplayable => None,
        };
        sqlx::query(
            "UPDATE tracks SET analysed_size_bytes = ?, analysed_mtime_ns = ?, playable = ?, samples = ?, loudness_lufs = ?,
                    peak_dbtp = ?, seekable = ?, duration_ms = COALESCE(?, duration_ms)
             WHERE path = ?",
        )
        .bind(stamp.size_bytes)
        .bind(stamp.mtime_ns)
        .bind(analysis.is_some())
        .bind(analysis.and_then(|analysis| i64::try_from(analysis.samples).ok()))
        .bind(analysis.and_then(|analysis| analysis.loudness_lufs))
        .bind(analysis.and_then(|analysis| analysis.peak_dbtp))
        .bind(analysis.is_some_and(|analysis| analysis.seekable))
        .bind(analysis.and_then(|analysis| i64::try_from(analysis.duration_ms()).ok()))
        .bind(path)
        .execute(&self.write)
        .await?;
        Ok(())
    }
}

/// The file's size and time now.
pub(super) async fn stamp(path: &Path) -> std::io::Result<Stamp> {
    Ok(walk::stamp(&tokio::fs::metadata(path).await?))
}

/// Analyses the file on a blocking thread; `None` when `stop` is cancelled first.
async fn decode(path: PathBuf, stop: CancellationToken, background: bool) -> Result<Option<Analysis>, AudioError> {
    let analysis = move || analyse(&path, || !stop.is_cancelled());
    if !background {
        return tokio::task::spawn_blocking(analysis).await.unwrap_or_else(|error| Err(panicked(&error)));
    }
    // A thread of its own: the nice value stays with the thread.
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("analysis".into()).spawn(move || {
        let _ = rustix::process::nice(BACKGROUND_NICE);
        let _ = done.send(analysis());
    });
    thread.map_err(AudioError::Io)?;
    result.await.unwrap_or_else(|error| Err(panicked(&error)))
}

fn panicked(error: &dyn std::fmt::Display) -> AudioError {
    AudioError::Unplayable(format!("its analysis failed: {error}"))
}
