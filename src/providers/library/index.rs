//! The index: one SQLite file, which can be deleted at any time.
//!
//! Because it is a cache, commits are not synced to the disk (`synchronous = NORMAL`): after a power failure the last few
//! may be missing, and the next scan makes them again. A file that cannot be opened is replaced by a new one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, SqlitePool};
use tutti_protocol::{Gain, ProviderId, Track};

use super::analysis::Found;
use super::groups::{self, Listing};
use super::id::track_id;
use super::search::fold::FOLDING_VERSION;
use super::search::{self, Words};
use super::tags::{Description, sort_key};
use crate::providers::{PAGE_ITEMS_MAX, PAGE_TRACKS_MAX, Place};
use crate::store::sql::portable::Transaction as _;
use crate::store::sqlite::transaction::SqliteTransaction;

/// Searches that run at the same time; more wait for one of these.
const READ_CONNECTIONS: u32 = 4;
/// Tracks whose words and groups are written at once, when all are.
const DERIVED_AT_ONCE: usize = 500;
/// Between two names in the columns `artists` and `genres`.
pub(super) const NAME_SEPARATOR: &str = "\u{1f}";

/// What [`track`] reads.
pub(super) const TRACK_COLUMNS: &str = "tracks.id, title, artists, album, duration_ms, explicit,
    embedded_art OR folder_art IS NOT NULL AS has_art,
    analysed_size_bytes IS size_bytes AND analysed_mtime_ns IS mtime_ns AS is_analysed,
    playable, samples, loudness_lufs, peak_dbtp, seekable";

/// The index of one folder.
#[derive(Clone, Debug)]
pub struct Index {
    /// One connection: SQLite has one writer.
    pub(super) write: SqlitePool,
    pub(super) read: SqlitePool,
    words: Arc<Words>,
}

/// Size and time, which detect a changed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its size.
    pub size_bytes: i64,
    /// When it was written to, in nanoseconds since 1970.
    pub mtime_ns: i64,
}

/// A track's file as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedFile {
    /// Its stamp when it was read.
    pub stamp: Stamp,
    /// Path of the folder's cover at that time.
    pub folder_art: Option<String>,
    /// The file system that it was on.
    pub device: i64,
    /// Its [`fingerprint`](super::id::fingerprint).
    pub fingerprint: Option<String>,
    /// Since when it is not there, in Unix milliseconds, if it is kept nevertheless.
    pub missing_since_ms: Option<i64>,
}

/// Numbers of tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub tracks: u64,
    /// Those whose tags the parser refused.
    pub odd_tags: u64,
    /// Those whose files are not there.
    pub missing: u64,
    /// Those that no decoder plays.
    pub unplayable: u64,
}

/// One update by a scan.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most changes are tracks")]
pub enum Change {
    /// A new file, or new contents.
    Track {
        /// Relative to the library.
        path: String,
        /// Its stamp before it was read.
        stamp: Stamp,
        /// The file system that it is on.
        device: i64,
        /// Its [`fingerprint`](super::id::fingerprint).
        fingerprint: Option<String>,
        /// Its tags and properties.
        description: Description,
        /// Path of the folder's cover.
        folder_art: Option<String>,
        /// When it was added, in Unix milliseconds. A track that is indexed already keeps its own.
        added_at_ms: i64,
    },
    /// An unchanged file that has another folder cover, is on another file system, or is back.
    Seen {
        /// Relative to the library.
        path: String,
        /// Path of the folder's cover.
        folder_art: Option<String>,
        /// The file system that it is on.
        device: i64,
    },
    /// A file has another path. Its track has the id of that, and the old id as an alias.
    Moved {
        /// Relative to the library.
        from: String,
        /// Relative to the library.
        to: String,
    },
    /// It is not there, and kept.
    Missing {
        /// Relative to the library.
        path: String,
        /// Since when, in Unix milliseconds.
        since_ms: i64,
    },
    /// It was deleted or has become unreadable.
    Gone {
        /// Relative to the library.
        path: String,
    },
}

/// The files of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The music file, relative to the library.
    pub path: String,
    /// Whether it contains a picture.
    pub embedded_art: bool,
    /// The folder's cover, relative to the library.
    pub folder_art: Option<String>,
}

impl Index {
    /// Opens the index of the folder `root`. Recreates it if it is missing, corrupt, of another version, or of another folder.
    pub async fn open(path: &Path, root: &Path) -> Result<Self, sqlx::Error> {
        let root = root.to_string_lossy();
        match Self::open_existing(path, &root).await {
            Ok(Some(index)) => return Ok(index),
            Ok(None) => tracing::info!("library index belongs to another folder; rebuilding it"),
            Err(error) => tracing::warn!(%error, "library index unusable; rebuilding it"),
        }
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match tokio::fs::remove_file(&name).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Self::open_existing(path, &root).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// `None` if it belongs to another folder.
    async fn open_existing(path: &Path, root: &str) -> Result<Option<Self>, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let indexed = match Self::prepare(&write, root).await {
            Ok(indexed) => indexed,
            Err(error) => {
                write.close().await;
                return Err(error);
            }
        };
        if indexed != root {
            write.close().await;
            return Ok(None);
        }
        let read =
            SqlitePoolOptions::new().max_connections(READ_CONNECTIONS).connect_with(options.read_only(true)).await?;
        Ok(Some(Self { write, read, words: Arc::default() }))
    }

    /// Brings the schema up to date. Returns the indexed folder, which is `root` for a new index.
    async fn prepare(write: &SqlitePool, root: &str) -> Result<String, sqlx::Error> {
        sqlx::migrate!("migrations/library").run(write).await.map_err(|error| match error {
            MigrateError::Execute(error) => error,
            other => sqlx::Error::Migrate(Box::new(other)),
        })?;
        Self::derive_if_outdated(write).await?;
        sqlx::query("INSERT INTO folder (root) SELECT ? WHERE NOT EXISTS (SELECT * FROM folder)")
            .bind(root)
            .execute(write)
            .await?;
        sqlx::query_scalar("SELECT root FROM folder").fetch_one(write).await
    }

    /// Rebuilds what is derived from tracks by folding their texts, if another version of the folding did it.
    async fn derive_if_outdated(write: &SqlitePool) -> Result<(), sqlx::Error> {
        let version: i64 = sqlx::query_scalar("SELECT version FROM search_folding").fetch_one(write).await?;
        if version == FOLDING_VERSION {
            return Ok(());
        }
        let paths: Vec<String> = sqlx::query_scalar("SELECT path FROM tracks").fetch_all(write).await?;
        let mut transaction = SqliteTransaction::begin(write).await?;
        search::clear(&mut transaction).await?;
        groups::clear(&mut transaction).await?;
        for paths in paths.chunks(DERIVED_AT_ONCE) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            derive(&mut transaction, &paths).await?;
        }
        let update = sqlx::query("UPDATE search_folding SET version = ?");
        update.bind(FOLDING_VERSION).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// The track with this id.
    pub async fn track(&self, id: &str) -> Result<Option<Track>, sqlx::Error> {
        let sql = format!(
            "SELECT {TRACK_COLUMNS} FROM tracks WHERE id = coalesce((SELECT id FROM aliases WHERE alias = ?1), ?1)"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&self.read).await?;
        row.as_ref().map(track).transpose()
    }

    /// Where the track with this id is.
    pub async fn location(&self, id: &str) -> Result<Option<Location>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT path, embedded_art, folder_art
             FROM tracks WHERE id = coalesce((SELECT id FROM aliases WHERE alias = ?1), ?1)",
        )
        .bind(id)
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Location {
            path: row.try_get("path")?,
            embedded_art: row.try_get("embedded_art")?,
            folder_art: row.try_get("folder_art")?,
        }))
    }

    /// The results of `typed` from the `offset`-th on, one more than a page if there are more. All tracks in order if it is
    /// empty.
    pub async fn search(&self, typed: &str, offset: u32) -> Result<Vec<Track>, sqlx::Error> {
        let limit = i64::try_from(PAGE_TRACKS_MAX + 1).unwrap_or(i64::MAX);
        if typed.trim().is_empty() {
            let sql = format!("SELECT {TRACK_COLUMNS} FROM tracks ORDER BY sort_key, rowid LIMIT ? OFFSET ?");
            let rows = sqlx::query(AssertSqlSafe(sql)).bind(limit).bind(offset).fetch_all(&self.read).await?;
            return rows.iter().map(track).collect();
        }
        let found = search::find(&self.read, &self.words, typed, limit, offset).await?;
        let sql = format!(
            "SELECT {TRACK_COLUMNS} FROM json_each(?) AS found JOIN tracks ON tracks.rowid = found.value ORDER BY found.key"
        );
        let found = serde_json::Value::from(found).to_string();
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(found).fetch_all(&self.read).await?;
        rows.iter().map(track).collect()
    }

    /// What is at `place` from the `offset`-th on, one more than a page if there is more. `None` if there is no such place.
    pub async fn browse(&self, place: &Place, offset: u32) -> Result<Option<Listing>, sqlx::Error> {
        groups::list(&self.read, place, PAGE_ITEMS_MAX + 1, offset).await
    }

    /// Counts the tracks.
    pub async fn counts(&self) -> Result<Counts, sqlx::Error> {
        let (tracks, odd_tags, missing, unplayable): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), count(odd_tags), count(missing_since_ms), count(*) FILTER (WHERE NOT playable) FROM tracks",
        )
        .fetch_one(&self.read)
        .await?;
        let count = |count| u64::try_from(count).unwrap_or_default();
        Ok(Counts {
            tracks: count(tracks),
            odd_tags: count(odd_tags),
            missing: count(missing),
            unplayable: count(unplayable),
        })
    }

    /// All indexed files, by path.
    pub async fn known(&self) -> Result<HashMap<String, IndexedFile>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT path, size_bytes, mtime_ns, folder_art, device, fingerprint, missing_since_ms FROM tracks",
        )
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let stamp = Stamp { size_bytes: row.try_get("size_bytes")?, mtime_ns: row.try_get("mtime_ns")? };
                let file = IndexedFile {
                    stamp,
                    folder_art: row.try_get("folder_art")?,
                    device: row.try_get("device")?,
                    fingerprint: row.try_get("fingerprint")?,
                    missing_since_ms: row.try_get("missing_since_ms")?,
                };
                Ok((row.try_get("path")?, file))
            })
            .collect()
    }

    /// Applies changes in one transaction, in their order.
    pub async fn apply(&self, changes: &[Change]) -> Result<(), sqlx::Error> {
        let mut transaction = SqliteTransaction::begin(&self.write).await?;
        // Each statement costs a change of threads, so tracks share their statements.
        for run in changes.chunk_by(|a, b| a.is_track() && b.is_track()) {
            if run[0].is_track() {
                apply_tracks(&mut transaction, run).await?;
            } else {
                apply(&mut transaction, &run[0]).await?;
            }
        }
        transaction.commit().await?;
        self.words.changed();
        Ok(())
    }
}

impl Change {
    fn is_track(&self) -> bool {
        matches!(self, Self::Track { .. })
    }
}

/// Writes the words and the groups of the tracks at `paths`.
async fn derive(connection: &mut SqliteConnection, paths: &[&str]) -> Result<(), sqlx::Error> {
    let paths = json!(paths).to_string();
    search::write(connection, &paths).await?;
    groups::write(connection, &paths).await
}

/// Applies changes that are all tracks.
async fn apply_tracks(connection: &mut SqliteConnection, changes: &[Change]) -> Result<(), sqlx::Error> {
    let (mut paths, mut ids, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let Change::Track { path, stamp, device, fingerprint, description, folder_art, added_at_ms } = change else {
            continue;
        };
        let tagged = |number: u32| (number > 0).then_some(number);
        let id = track_id(path);
        rows.push(json!([
            id,
            path,
            stamp.size_bytes,
            stamp.mtime_ns,
            description.title,
            description.artists.join(NAME_SEPARATOR),
            description.album,
            i64::try_from(description.duration_ms).unwrap_or(i64::MAX),
            description.embedded_art,
            folder_art,
            sort_key(description),
            description.explicit,
            description.album_artist,
            description.composer,
            (!description.genres.is_empty()).then(|| description.genres.join(NAME_SEPARATOR)),
            description.year,
            tagged(description.disc),
            tagged(description.number),
            description.artist_sort,
            description.album_sort,
            description.title_sort,
            description.compilation,
            description.file_name,
            description.odd_tags,
            device,
            fingerprint,
            added_at_ms,
        ]));
        ids.push(id);
        paths.push(path.as_str());
    }
    // The path may be one that another file has left.
    sqlx::query("DELETE FROM aliases WHERE alias IN (SELECT value FROM json_each(?))")
        .bind(json!(ids).to_string())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO tracks (id, path, size_bytes, mtime_ns, title, artists, album, duration_ms, embedded_art,
                             folder_art, sort_key, explicit, album_artist, composer, genres, year, disc, number,
                             artist_sort, album_sort, title_sort, compilation, file_name, odd_tags, device, fingerprint,
                             added_at_ms)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
                value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14,
                value ->> 15, value ->> 16, value ->> 17, value ->> 18, value ->> 19, value ->> 20, value ->> 21,
                value ->> 22, value ->> 23, value ->> 24, value ->> 25, value ->> 26
         FROM json_each(?)
         WHERE true
         ON CONFLICT (path) DO UPDATE SET
             size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, title = excluded.title,
             artists = excluded.artists, album = excluded.album,
             duration_ms = CASE WHEN samples IS NOT NULL AND analysed_size_bytes = excluded.size_bytes
                                     AND analysed_mtime_ns = excluded.mtime_ns
                           THEN duration_ms ELSE excluded.duration_ms END,
             embedded_art = excluded.embedded_art, folder_art = excluded.folder_art,
             sort_key = excluded.sort_key, explicit = excluded.explicit,
             album_artist = excluded.album_artist, composer = excluded.composer, genres = excluded.genres,
             year = excluded.year, disc = excluded.disc, number = excluded.number,
             artist_sort = excluded.artist_sort, album_sort = excluded.album_sort,
             title_sort = excluded.title_sort, compilation = excluded.compilation,
             file_name = excluded.file_name, odd_tags = excluded.odd_tags, device = excluded.device,
             fingerprint = excluded.fingerprint, missing_since_ms = NULL",
    )
    .bind(serde_json::Value::from(rows).to_string())
    .execute(&mut *connection)
    .await?;
    derive(connection, &paths).await
}

/// Applies a change that is no track.
async fn apply(connection: &mut SqliteConnection, change: &Change) -> Result<(), sqlx::Error> {
    match change {
        Change::Track { .. } => apply_tracks(connection, std::slice::from_ref(change)).await?,
        Change::Seen { path, folder_art, device } => {
            sqlx::query("UPDATE tracks SET folder_art = ?, device = ?, missing_since_ms = NULL WHERE path = ?")
                .bind(folder_art)
                .bind(device)
                .bind(path)
                .execute(&mut *connection)
                .await?;
        }
        Change::Moved { from, to } => {
            let (old, new) = (track_id(from), track_id(to));
            sqlx::query("UPDATE tracks SET id = ?, path = ? WHERE path = ?")
                .bind(&new)
                .bind(to)
                .bind(from)
                .execute(&mut *connection)
                .await?;
            groups::write(connection, &json!([to]).to_string()).await?;
            // It may be back at a path that it left before.
            sqlx::query("DELETE FROM aliases WHERE alias = ?").bind(&new).execute(&mut *connection).await?;
            sqlx::query("INSERT INTO aliases (alias, id) VALUES (?, ?)")
                .bind(&old)
                .bind(&new)
                .execute(&mut *connection)
                .await?;
        }
        Change::Missing { path, since_ms } => {
            sqlx::query("UPDATE tracks SET missing_since_ms = ? WHERE path = ?")
                .bind(since_ms)
                .bind(path)
                .execute(&mut *connection)
                .await?;
        }
        Change::Gone { path } => {
            sqlx::query("DELETE FROM tracks WHERE path = ?").bind(path).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Reads a row. In place of its cover's address, which the library signs, the track has its id.
pub(super) fn track(row: &SqliteRow) -> Result<Track, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let artists: String = row.try_get("artists")?;
    let has_art: bool = row.try_get("has_art")?;
    let duration_ms: i64 = row.try_get("duration_ms")?;
    let found = if row.try_get("is_analysed")? { Found::read(row)? } else { None };
    Ok(Track {
        provider: ProviderId::LIBRARY,
        title: row.try_get("title")?,
        artists: artists.split(NAME_SEPARATOR).map(str::to_owned).collect(),
        album: row.try_get("album")?,
        duration_ms: u64::try_from(duration_ms).unwrap_or_default(),
        art_url: has_art.then(|| id.clone()),
        explicit: row.try_get("explicit")?,
        gain_db: found.and_then(Found::gain_db).map(Gain::of_db),
        unplayable: found == Some(Found::Unplayable),
        id,
    })
}
