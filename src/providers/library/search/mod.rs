//! Search as users type: folded, forgiving, and fast on 100,000 tracks.
//!
//! | module | purpose |
//! |---|---|
//! | [`fold`] | folds text and splits it into words |
//! | [`document`] | the words of a track in the text index |
//! | [`expression`] | a query as expressions of FTS5, from strict to forgiving |
//! | [`vocabulary`] | the distinct words in memory: typing errors, words inside of words |
//!
//! A query has several readings. The results are those of the first reading that finds anything, best match first. Guarantees:
//! any text can be searched for; a track is found by its exact title; pages of one query do not overlap while the library
//! does not change. `docs/decisions/0044-search-index.md` says why it is built like this.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::TryStreamExt;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use super::index::NAME_SEPARATOR;

pub mod document;
pub mod expression;
pub mod fold;
pub mod vocabulary;

use document::{Columns, Text};
use expression::Query;
use vocabulary::Vocabulary;

/// The vocabulary, loaded when it is needed and again after a change.
#[derive(Debug, Default)]
pub struct Words {
    changes: AtomicU64,
    loaded: Mutex<Option<(u64, Arc<Vocabulary>)>>,
}

impl Words {
    /// The text index changed.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    async fn current(&self, read: &SqlitePool) -> Result<Arc<Vocabulary>, sqlx::Error> {
        let mut loaded = self.loaded.lock().await;
        let changes = self.changes.load(Ordering::Relaxed);
        if let Some((at, vocabulary)) = &*loaded
            && *at == changes
        {
            return Ok(vocabulary.clone());
        }
        let mut vocabulary = Vocabulary::default();
        let mut rows = sqlx::query("SELECT term, doc FROM search_vocabulary ORDER BY term").fetch(read);
        while let Some(row) = rows.try_next().await? {
            let tracks: i64 = row.try_get("doc")?;
            vocabulary.push(row.try_get("term")?, u32::try_from(tracks).unwrap_or(u32::MAX));
        }
        let vocabulary = Arc::new(vocabulary);
        *loaded = Some((changes, vocabulary.clone()));
        Ok(vocabulary)
    }
}

/// Rows of the tracks that `typed` finds, from the `offset`-th on, at most `limit`.
pub async fn find(
    read: &SqlitePool,
    words: &Words,
    typed: &str,
    limit: i64,
    offset: u32,
) -> Result<Vec<i64>, sqlx::Error> {
    let Some(query) = Query::new(typed) else { return Ok(Vec::new()) };
    let vocabulary = words.current(read).await?;
    for reading in query.readings(&vocabulary) {
        let rows = matches(read, &reading, limit, offset).await?;
        if !rows.is_empty() || (offset > 0 && !matches(read, &reading, 1, 0).await?.is_empty()) {
            return Ok(rows);
        }
    }
    Ok(Vec::new())
}

/// Ranks are compared inside FTS5: a single letter may match every track.
async fn matches(read: &SqlitePool, expression: &str, limit: i64, offset: u32) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT rowid FROM search_words WHERE search_words MATCH ? ORDER BY rank, rowid LIMIT ? OFFSET ?",
    )
    .bind(expression)
    .bind(limit)
    .bind(offset)
    .fetch_all(read)
    .await
}

/// Writes the words of the tracks at `paths`, a JSON array.
pub async fn write(connection: &mut SqliteConnection, paths: &str) -> Result<(), sqlx::Error> {
    let found = sqlx::query(
        "SELECT rowid, title, artists, album, album_artist, composer, artist_sort, album_sort, title_sort, file_name
         FROM tracks WHERE path IN (SELECT value FROM json_each(?))",
    )
    .bind(paths)
    .fetch_all(&mut *connection)
    .await?;
    let mut rows = Vec::with_capacity(found.len());
    for row in &found {
        let (track, Columns { title, artists, album, other }) = text(row)?;
        rows.push(json!([track, title, artists, album, other]));
    }
    let rows = serde_json::Value::from(rows).to_string();
    sqlx::query("DELETE FROM search_words WHERE rowid IN (SELECT value ->> 0 FROM json_each(?))")
        .bind(&rows)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO search_words (rowid, title, artists, album, other)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)",
    )
    .bind(&rows)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets all words.
pub async fn clear(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO search_words (search_words) VALUES ('delete-all')").execute(connection).await?;
    Ok(())
}

/// The row of a track and its words.
fn text(row: &SqliteRow) -> Result<(i64, Columns), sqlx::Error> {
    let artists: String = row.try_get("artists")?;
    let album_artist: Option<String> = row.try_get("album_artist")?;
    let mut artists: Vec<String> = artists.split(NAME_SEPARATOR).map(str::to_owned).collect();
    artists.extend(album_artist.filter(|artist| !artists.contains(artist)));
    let mut others: Vec<String> = vec![row.try_get("file_name")?];
    for column in ["composer", "artist_sort", "album_sort", "title_sort"] {
        others.extend(row.try_get::<Option<String>, _>(column)?);
    }
    let album: Option<String> = row.try_get("album")?;
    let text = Text { title: row.try_get("title")?, artists, album: album.unwrap_or_default(), others };
    Ok((row.try_get("rowid")?, Columns::of(&text)))
}
