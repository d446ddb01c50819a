//! What the library is browsed by: artists, albums, genres and folders, derived from each track as it is indexed.
//!
//! Names that fold to the same are one group. An album belongs to its album artist; without one, all tracks in a folder that
//! name the album are one album, of their artist or of "Various Artists". Compilations belong to "Various Artists". Ids are digests of the folded names, or of a folder's path: they are stable across restarts
//! and rebuilds, and reveal no path.

use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, SqlitePool};
use tutti_protocol::Track;
use tutti_protocol::http::{BrowseItem, BrowseKind};

use super::id::group_id;
use super::index::{NAME_SEPARATOR, TRACK_COLUMNS, track};
use super::search::fold::fold;
use crate::providers::Place;

/// The artist of a compilation.
const VARIOUS_ARTISTS: &str = "Various Artists";
/// Between the artist of a track and its guests.
const GUEST_MARKS: [&str; 4] = [" feat. ", " ft. ", " featuring ", " feat "];
/// Names of folders with one disc of an album, before its number.
const DISC_FOLDERS: [&str; 3] = ["cd", "disc", "disk"];
/// Articles that are not sorted by.
const ARTICLES: [&str; 3] = ["the ", "a ", "an "];

/// A group of a track.
struct Group {
    kind: BrowseKind,
    id: String,
    name: String,
    sort_key: String,
    artist: Option<String>,
    year: Option<u32>,
    parent: Option<String>,
    is_direct: bool,
}

impl Group {
    fn new(kind: BrowseKind, key: &str, name: &str) -> Self {
        Self {
            kind,
            id: group_id(kind, key),
            name: name.to_owned(),
            sort_key: sort_key(name),
            artist: None,
            year: None,
            parent: None,
            is_direct: true,
        }
    }
}

/// Puts the tracks at `paths`, a JSON array, into their groups.
pub async fn write(connection: &mut SqliteConnection, paths: &str) -> Result<(), sqlx::Error> {
    let found = sqlx::query(
        "SELECT tracks.rowid, tracks.path, artists, album, album_artist, genres, year, artist_sort, album_sort,
                compilation
         FROM json_each(?) AS wanted JOIN tracks ON tracks.path = wanted.value ORDER BY wanted.key",
    )
    .bind(paths)
    .fetch_all(&mut *connection)
    .await?;
    let (mut tracks, mut of_tracks, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for row in &found {
        let track: i64 = row.try_get("rowid")?;
        tracks.push(track);
        for Group { kind, id, name, sort_key, artist, year, parent, is_direct } in groups(row)? {
            members.push(json!([id, track, is_direct]));
            of_tracks.push(json!([kind_name(kind), id, name, sort_key, artist, year, parent]));
        }
    }
    sqlx::query("DELETE FROM group_tracks WHERE track IN (SELECT value FROM json_each(?))")
        .bind(json!(tracks).to_string())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO track_groups (kind, id, name, sort_key, artist, year, parent)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         FROM json_each(?1)
         WHERE true
         ON CONFLICT (id) DO UPDATE SET
             year = coalesce(track_groups.year, excluded.year),
             artist = CASE WHEN excluded.artist IS NULL OR track_groups.artist = excluded.artist
                      THEN track_groups.artist ELSE ?2 END",
    )
    .bind(serde_json::Value::from(of_tracks).to_string())
    .bind(VARIOUS_ARTISTS)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT OR IGNORE INTO group_tracks (track_group, track, direct)
         SELECT track_groups.rowid, value ->> 1, value ->> 2
         FROM json_each(?) JOIN track_groups ON track_groups.id = value ->> 0",
    )
    .bind(serde_json::Value::from(members).to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets all groups.
pub async fn clear(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM group_tracks").execute(&mut *connection).await?;
    sqlx::query("DELETE FROM track_groups").execute(connection).await?;
    Ok(())
}

fn groups(row: &SqliteRow) -> Result<Vec<Group>, sqlx::Error> {
    let artists: String = row.try_get("artists")?;
    let artists: Vec<&str> = artists.split(NAME_SEPARATOR).collect();
    let album_artist: Option<String> = row.try_get("album_artist")?;
    let owners: Vec<&str> = match &album_artist {
        _ if row.try_get("compilation")? => vec![VARIOUS_ARTISTS],
        Some(artist) => vec![artist],
        None => artists.iter().map(|artist| without_guests(artist)).collect(),
    };
    let artist_sort: Option<String> = row.try_get("artist_sort")?;
    // The tag names the order of the track's artists.
    let artist_sort = artist_sort.filter(|_| owners == artists && owners.len() == 1);
    let mut groups: Vec<Group> = Vec::new();
    for &owner in &owners {
        let group = Group::new(BrowseKind::Artist, &fold(owner), owner);
        groups.push(match &artist_sort {
            Some(sort) => Group { sort_key: sort_key(sort), ..group },
            None => group,
        });
    }
    if let Some(album) = row.try_get::<Option<String>, _>("album")? {
        let owner = owners.first().copied().unwrap_or_default();
        let is_owned = album_artist.is_some() || owner == VARIOUS_ARTISTS;
        let within = if is_owned { fold(owner) } else { format!("/{}", album_folder(row.try_get("path")?)) };
        let group = Group::new(BrowseKind::Album, &format!("{within}\u{1}{}", fold(&album)), &album);
        let album_sort: Option<String> = row.try_get("album_sort")?;
        groups.push(Group {
            sort_key: sort_key(album_sort.as_deref().unwrap_or(&album)),
            artist: Some(owner.to_owned()),
            year: row.try_get("year")?,
            ..group
        });
    }
    let genres: Option<String> = row.try_get("genres")?;
    let genres = genres.unwrap_or_default();
    let genres = genres.split(NAME_SEPARATOR).filter(|genre| !genre.is_empty());
    groups.extend(genres.map(|genre| Group::new(BrowseKind::Genre, &fold(genre), genre)));
    groups.extend(folders(row.try_get("path")?));
    Ok(groups)
}

/// The folders around a file, its own first. The outermost is the library, with the path "".
fn folders(path: &str) -> Vec<Group> {
    let mut folders: Vec<Group> = Vec::new();
    let mut inner = path;
    loop {
        let outer = inner.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(last) = folders.last_mut() {
            last.parent = Some(group_id(BrowseKind::Folder, outer));
        }
        let name = outer.rsplit('/').next().unwrap_or(outer);
        let is_direct = folders.is_empty();
        folders.push(Group { is_direct, ..Group::new(BrowseKind::Folder, outer, name) });
        if outer.is_empty() {
            return folders;
        }
        inner = outer;
    }
}

/// The folder of an album, around those of its discs.
fn album_folder(path: &str) -> &str {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (around, name) = folder.rsplit_once('/').unwrap_or(("", folder));
    let name = name.to_ascii_lowercase();
    let number = DISC_FOLDERS.iter().find_map(|prefix| name.strip_prefix(prefix));
    let is_disc = number.is_some_and(|number| number.trim_start_matches([' ', '-', '_']).parse::<u16>().is_ok());
    if is_disc { around } else { folder }
}

fn without_guests(artist: &str) -> &str {
    let lower = artist.to_ascii_lowercase();
    let end = GUEST_MARKS.iter().filter_map(|mark| lower.find(mark)).min();
    end.filter(|end| *end > 0).map_or(artist, |end| &artist[..end])
}

fn sort_key(name: &str) -> String {
    let folded = fold(name);
    let article = ARTICLES.iter().find(|article| folded.starts_with(**article) && folded.len() > article.len());
    article.map_or(folded.clone(), |article| folded[article.len()..].to_owned())
}

fn kind_name(kind: BrowseKind) -> &'static str {
    match kind {
        BrowseKind::Artist => "artist",
        BrowseKind::Album => "album",
        BrowseKind::Genre => "genre",
        BrowseKind::Folder => "folder",
    }
}

/// One page of a place.
#[derive(Debug, Default)]
pub struct Listing {
    /// Groups, which come first.
    pub items: Vec<BrowseItem>,
    /// Tracks.
    pub tracks: Vec<Track>,
}

/// What is at `place` from the `offset`-th on, at most `limit` items and tracks together. `None` if there is no such place.
pub async fn list(read: &SqlitePool, place: &Place, limit: usize, offset: u32) -> Result<Option<Listing>, sqlx::Error> {
    let list = List { read, limit: i64::try_from(limit).unwrap_or(i64::MAX), offset: i64::from(offset) };
    let id = match place {
        Place::Artists => return list.of_kind(BrowseKind::Artist).await.map(Some),
        Place::Albums => return list.of_kind(BrowseKind::Album).await.map(Some),
        Place::Genres => return list.of_kind(BrowseKind::Genre).await.map(Some),
        Place::RecentlyAdded => {
            let tracks = list.tracks("1 ORDER BY added_at_ms DESC, sort_key, tracks.rowid", 0).await?;
            return Ok(Some(Listing { items: vec![], tracks }));
        }
        Place::Folders => group_id(BrowseKind::Folder, ""),
        Place::Group(id) => id.clone(),
    };
    let group: Option<(i64, String)> =
        sqlx::query_as("SELECT rowid, kind FROM track_groups WHERE id = ?").bind(&id).fetch_optional(read).await?;
    let Some((group, kind)) = group else {
        // An empty library has no folders.
        return Ok(matches!(place, Place::Folders).then(Listing::default));
    };
    let members = format!("tracks.rowid IN (SELECT track FROM group_tracks WHERE track_group = {group}");
    let listing = match kind.as_str() {
        "album" => {
            let order = "disc, number, coalesce(title_sort, title), tracks.rowid";
            Listing { items: vec![], tracks: list.tracks(&format!("{members}) ORDER BY {order}"), 0).await? }
        }
        "folder" => {
            let folders = format!("parent = (SELECT id FROM track_groups WHERE rowid = {group})");
            list.groups_then_tracks(&folders, &format!("{members} AND direct) ORDER BY path")).await?
        }
        _ => {
            let albums = format!(
                "kind = 'album' AND rowid IN (
                    SELECT others.track_group FROM group_tracks AS own
                    JOIN group_tracks AS others ON others.track = own.track WHERE own.track_group = {group})"
            );
            let singles = format!("{members}) AND album IS NULL ORDER BY sort_key, tracks.rowid");
            list.groups_then_tracks(&albums, &singles).await?
        }
    };
    Ok(Some(listing))
}

/// Makes the conditions of queries, which consist of literals and row numbers only.
struct List<'a> {
    read: &'a SqlitePool,
    limit: i64,
    offset: i64,
}

impl List<'_> {
    async fn of_kind(&self, kind: BrowseKind) -> Result<Listing, sqlx::Error> {
        let items = self.groups(&format!("kind = '{}'", kind_name(kind))).await?;
        Ok(Listing { items, tracks: vec![] })
    }

    async fn groups_then_tracks(&self, groups: &str, tracks: &str) -> Result<Listing, sqlx::Error> {
        let count = format!("SELECT count(*) FROM track_groups WHERE {groups}");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(self.read).await?;
        Ok(Listing { items: self.groups(groups).await?, tracks: self.tracks(tracks, count).await? })
    }

    /// The groups that `condition` selects, in order.
    async fn groups(&self, condition: &str) -> Result<Vec<BrowseItem>, sqlx::Error> {
        // The number of tracks and the cover are looked up for one page only.
        let sql = format!(
            "SELECT kind, id, name, artist, year,
                    (SELECT count(*) FROM group_tracks WHERE track_group = page.number) AS tracks,
                    CASE kind WHEN 'album' THEN
                        (SELECT tracks.id FROM group_tracks JOIN tracks ON tracks.rowid = track
                         WHERE track_group = page.number AND (embedded_art OR folder_art IS NOT NULL) LIMIT 1)
                    END AS art_of
             FROM (SELECT rowid AS number, * FROM track_groups WHERE {condition}
                   ORDER BY sort_key, rowid LIMIT ? OFFSET ?) AS page
             ORDER BY sort_key, number"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(self.limit).bind(self.offset).fetch_all(self.read).await?;
        rows.iter().map(item).collect()
    }

    /// The tracks that `condition` selects and orders, behind `before` groups.
    async fn tracks(&self, condition: &str, before: i64) -> Result<Vec<Track>, sqlx::Error> {
        let shown = (before - self.offset).clamp(0, self.limit);
        let sql = format!("SELECT {TRACK_COLUMNS} FROM tracks WHERE {condition} LIMIT ? OFFSET ?");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(self.limit - shown).bind((self.offset - before).max(0));
        query.fetch_all(self.read).await?.iter().map(track).collect()
    }
}

/// Reads a row. In place of its cover's address, which the library signs, the item has the id of the track.
fn item(row: &SqliteRow) -> Result<BrowseItem, sqlx::Error> {
    let kind: String = row.try_get("kind")?;
    let art_of: Option<String> = row.try_get("art_of")?;
    let tracks: i64 = row.try_get("tracks")?;
    Ok(BrowseItem {
        kind: match kind.as_str() {
            "artist" => BrowseKind::Artist,
            "album" => BrowseKind::Album,
            "genre" => BrowseKind::Genre,
            _ => BrowseKind::Folder,
        },
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        artist: row.try_get("artist")?,
        year: row.try_get("year")?,
        tracks: u32::try_from(tracks).unwrap_or(u32::MAX),
        art_url: art_of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_lie_in_one_another() {
        let of = |path| {
            let parents: Vec<_> = folders(path).into_iter().map(|group| (group.name, group.is_direct)).collect();
            parents
        };
        let owned = |name: &str, direct| (name.to_owned(), direct);
        assert_eq!(of("A/B/c.mp3"), [owned("B", true), owned("A", false), owned("", false)]);
        assert_eq!(of("c.mp3"), [owned("", true)]);
        let all = folders("A/B/c.mp3");
        assert_eq!((all[0].parent.as_ref(), all[2].parent.as_ref()), (Some(&all[1].id), None));
    }

    #[test]
    fn the_discs_of_an_album_are_in_its_folder() {
        for path in ["The Wall/CD1/1.mp3", "The Wall/Disc 02/1.mp3", "The Wall/disk-3/1.mp3", "The Wall/1.mp3"] {
            assert_eq!(album_folder(path), "The Wall", "{path}");
        }
        assert_eq!((album_folder("CD1/1.mp3"), album_folder("1.mp3"), album_folder("CDs/1.mp3")), ("", "", "CDs"));
    }

    #[test]
    fn guests_and_articles_do_not_count() {
        assert_eq!(without_guests("Gotye feat. Kimbra"), "Gotye");
        assert_eq!(without_guests("Ünal FT. Été"), "Ünal");
        assert_eq!(without_guests("Featherweight"), "Featherweight");
        assert_eq!(
            (sort_key("The Beatles"), sort_key("The The"), sort_key("A"), sort_key("Ärzte")),
            ("beatles".into(), "the".into(), "a".into(), "arzte".into())
        );
    }
}
