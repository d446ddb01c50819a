//! What a search finds, in which order, and how fast.

use std::collections::HashSet;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;
use tutti::clock::Clock;
use tutti::providers::library::index::{Change, Index, Stamp};
use tutti::providers::library::search::fold::words;
use tutti::providers::library::tags::Description;
use tutti::providers::library::{Library, Source};
use tutti::providers::{PAGE_TRACKS_MAX, ProviderError};

use super::{Shelf, covers, temp, titles};
use crate::providers::search;

/// A library of tracks that exist in the index only.
pub(super) struct Indexed {
    pub(super) library: Library,
    path: PathBuf,
    root: PathBuf,
    /// Gone with the test, and not before.
    _folders: (TempDir, TempDir),
}

impl Indexed {
    /// One track a description.
    pub(super) async fn of(descriptions: impl IntoIterator<Item = Description>) -> Self {
        let (folder, data) = (temp(), temp());
        let path = data.path().join("library.db");
        let root = folder.path().canonicalize().expect("it is there");
        let index = Index::open(&path, &root).await.expect("it opens");
        let changes: Vec<Change> =
            (0..).zip(descriptions).map(|(number, description)| change(number, description)).collect();
        for batch in changes.chunks(5_000) {
            index.apply(batch).await.expect("it can be written");
        }
        index.close().await;
        let library =
            Library::open(&path, Source::Folder(root.clone()), Clock::system(), covers()).await.expect("it opens");
        Self { library, path, root, _folders: (folder, data) }
    }

    /// A change by another scan.
    pub(super) async fn apply(&self, change: Change) {
        let index = Index::open(&self.path, &self.root).await.expect("it opens");
        index.apply(&[change]).await.expect("it can be written");
        index.close().await;
    }

    pub(super) async fn titles(&self, query: &str) -> Vec<String> {
        titles(&search(&self.library, query, None).await.expect("any query is answered"))
    }
}

pub(super) fn change(number: u32, description: Description) -> Change {
    let stamp = Stamp { size_bytes: 1, mtime_ns: 1 };
    Change::Track {
        path: format!("{number:06}.mp3"),
        stamp,
        device: 0,
        fingerprint: None,
        description,
        folder_art: None,
        added_at_ms: 0,
    }
}

pub(super) fn song(title: &str, artists: &[&str], album: &str) -> Description {
    Description {
        title: title.into(),
        artists: artists.iter().map(|&artist| artist.into()).collect(),
        album: (!album.is_empty()).then(|| album.into()),
        duration_ms: 200_000,
        ..Description::default()
    }
}

async fn some_songs() -> Indexed {
    Indexed::of([
        song("Hey Jude", &["The Beatles"], "1"),
        song("Blackbird", &["The Beatles"], "The Beatles"),
        song("Jóga", &["Björk"], "Homogenic"),
        song("Under Pressure", &["Queen", "David Bowie"], "Hot Space"),
        song("Killer Queen", &["Queen"], "Sheer Heart Attack"),
        song("Dancing Queen", &["ABBA"], "Arrival"),
        song("Thunderstruck", &["AC/DC"], "The Razors Edge"),
        song("Smells Like Teen Spirit", &["Nirvana"], "Nevermind"),
        song("Song 2", &["Blur"], "Blur"),
        song("Beetlebum", &["Blur"], "Blur"),
        song("Here Comes the Sun", &["George"], "A Beatles Night"),
    ])
    .await
}

#[tokio::test]
async fn a_search_finds_what_is_typed_so_far() {
    let songs = some_songs().await;
    assert_eq!(songs.titles("bea").await, ["Blackbird", "Hey Jude", "Here Comes the Sun"]);
    assert_eq!(songs.titles("BEATLES jud").await, ["Hey Jude"]);
    assert_eq!(songs.titles("jud the hey").await, ["Hey Jude"]);
    assert_eq!(songs.titles("bjork").await, ["Jóga"]);
    assert_eq!(songs.titles("BJÖRK jog").await, ["Jóga"]);
    assert_eq!(songs.titles("bjo\u{308}rk").await, ["Jóga"]);
    assert_eq!(songs.titles("bowie").await, ["Under Pressure"]);
    assert_eq!(songs.titles("ac/dc").await, ["Thunderstruck"]);
    assert_eq!(songs.titles("razor's").await, ["Thunderstruck"]);
    assert_eq!(songs.titles("teen-spirit!").await, ["Smells Like Teen Spirit"]);
    assert_eq!(songs.titles("song & 2").await, ["Song 2"]);
    assert_eq!(songs.titles("xyzzy").await, Vec::<String>::new());
    assert_eq!(songs.titles("?!").await, Vec::<String>::new());
}

#[tokio::test]
async fn titles_matter_more_than_artists_and_those_more_than_albums() {
    let songs = Indexed::of([
        song("Third", &["Somebody"], "Queen"),
        song("Second", &["Queen"], "Anything"),
        song("Queen", &["Anybody"], "Something"),
    ])
    .await;
    assert_eq!(songs.titles("queen").await, ["Queen", "Second", "Third"]);
    assert_eq!(songs.titles("q").await, ["Queen", "Second", "Third"]);
}

#[tokio::test]
async fn no_query_lists_everything_in_order() {
    let songs = some_songs().await;
    let by_artist: Vec<String> = songs.titles("  ").await;
    assert_eq!(
        by_artist,
        [
            "Dancing Queen",
            "Thunderstruck",
            "Jóga",
            "Beetlebum",
            "Song 2",
            "Here Comes the Sun",
            "Smells Like Teen Spirit",
            "Killer Queen",
            "Under Pressure",
            "Hey Jude",
            "Blackbird",
        ]
    );
}

#[tokio::test]
async fn pages_visit_everything_once() {
    let songs =
        Indexed::of((0..1_234).map(|n| song(&format!("Song {n}"), &[["Ana", "Ben", "Cleo"][n % 3]], "All"))).await;
    for (query, expected) in [("", 1_234_usize), ("song", 1_234), ("ben", 411)] {
        let (mut seen, mut cursor, mut pages) = (HashSet::new(), None, 0);
        loop {
            let page = search(&songs.library, query, cursor.as_deref()).await.expect("it answers");
            assert!(page.items.len() <= PAGE_TRACKS_MAX);
            seen.extend(page.items.into_iter().map(|track| track.id));
            pages += 1;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((seen.len(), pages), (expected, expected.div_ceil(PAGE_TRACKS_MAX)), "{query}");
    }

    let page = search(&songs.library, "song", None).await.expect("it answers");
    let another_querys = search(&songs.library, "ben", page.next_cursor.as_deref()).await;
    assert!(matches!(another_querys, Err(ProviderError::Invalid(_))));
    for strange in ["50", "", "../../etc", "00000000000000000"] {
        let answer = search(&songs.library, "song", Some(strange)).await;
        assert!(matches!(answer, Err(ProviderError::Invalid(_))), "{strange}");
    }
}

#[tokio::test]
async fn a_long_query_is_refused() {
    let songs = some_songs().await;
    assert!(search(&songs.library, &"ü ".repeat(100), None).await.is_ok());
    assert!(matches!(search(&songs.library, &"x".repeat(201), None).await, Err(ProviderError::Invalid(_))));
}

#[test]
fn any_query_is_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let shelf = runtime.block_on(Shelf::with(&[("a.flac", "tone.flac")]));
    let syntax = "(a|b| |\"|'|\\*|\\^|:|\\(|\\)|\\{|\\}|-|\\+|NEAR|AND|OR|NOT|title|,|\u{0}|é|ß|日){0,40}";
    proptest!(ProptestConfig::with_cases(256), |(query in prop_oneof!["\\PC{0,60}", syntax, any::<String>()])| {
        let query: String = query.chars().take(200).collect();
        runtime.block_on(search(&shelf.library, &query, None)).expect("any query is answered");
    });
}

#[tokio::test]
async fn a_misspelled_word_is_found_when_nothing_else_is() {
    let songs = some_songs().await;
    assert_eq!(songs.titles("beatels jude").await, ["Hey Jude"]);
    assert_eq!(songs.titles("nirvanna").await, ["Smells Like Teen Spirit"]);
    assert_eq!(songs.titles("thunder struck").await, ["Thunderstruck"]);
    assert_eq!(songs.titles("hunderstruc").await, ["Thunderstruck"]);
    assert_eq!(songs.titles("queem bowie").await, ["Under Pressure"]);
    assert_eq!(songs.titles("song").await, ["Song 2"], "no neighbours of a word that is found");
}

#[tokio::test]
async fn words_that_no_track_has_are_forgiven() {
    let songs = some_songs().await;
    assert_eq!(songs.titles("queen - under pressure (official video)").await, ["Under Pressure"]);
    assert_eq!(songs.titles("joga by björk lyrics").await, ["Jóga"]);
    assert_eq!(songs.titles("xyzzy qwrtz").await, Vec::<String>::new());
}

#[tokio::test]
async fn composers_album_artists_and_file_names_are_searched_too() {
    let composed = Description { composer: Some("Antonín Dvořák".into()), ..song("Largo", &["Orchestra"], "") };
    let album_artist =
        Description { album_artist: Some("Röyksopp".into()), ..song("Remind Me", &["Erlend"], "Melody") };
    let named = Description { file_name: "07 hidden gem".into(), ..song("Untitled", &["Unknown artist"], "") };
    let sorted =
        Description { artist_sort: Some("Utada, Hikaru".into()), ..song("初恋", &["宇多田ヒカル"], "") };
    let songs = Indexed::of([composed, album_artist, named, sorted]).await;
    assert_eq!(songs.titles("dvorak largo").await, ["Largo"]);
    assert_eq!(songs.titles("royksopp").await, ["Remind Me"]);
    assert_eq!(songs.titles("hidden gem").await, ["Untitled"]);
    assert_eq!(songs.titles("utada").await, ["初恋"]);
}

#[test]
fn a_title_that_is_typed_exactly_is_found() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    proptest!(ProptestConfig::with_cases(48), |(title in "\\PC{1,40}", others in prop::collection::vec("\\PC{1,20}", 0..8))| {
        // Punctuation of no width has no word.
        prop_assume!(!words(&title).is_empty());
        let found = runtime.block_on(async {
            let songs = Indexed::of(others.iter().chain([&title]).map(|title| song(title, &["Somebody"], ""))).await;
            songs.titles(&title).await
        });
        prop_assert!(found.contains(&title), "{title:?} is not among {found:?}");
    });
}

#[tokio::test]
async fn the_text_index_is_rebuilt_when_the_folding_changes() {
    let (folder, data) = (temp(), temp());
    let path = data.path().join("library.db");
    let root = folder.path().canonicalize().expect("it is there");
    let index = Index::open(&path, &root).await.expect("it opens");
    index.apply(&[change(0, song("Jóga", &["Björk"], "Homogenic"))]).await.expect("it can be written");
    index.close().await;
    let sqlite = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.expect("it is a database");
    let outdated =
        "UPDATE search_folding SET version = 0; INSERT INTO search_words (search_words) VALUES ('delete-all')";
    sqlx::raw_sql(outdated).execute(&sqlite).await.expect("it can be written");
    sqlite.close().await;
    let index = Index::open(&path, &root).await.expect("it opens");
    assert_eq!(index.search("bjork", 0).await.expect("it answers").len(), 1);
}

#[tokio::test]
async fn a_track_that_is_gone_or_retitled_is_no_longer_found_under_its_old_title() {
    let (folder, data) = (temp(), temp());
    let root = folder.path().canonicalize().expect("it is there");
    let index = Index::open(&data.path().join("library.db"), &root).await.expect("it opens");
    let apply = async |change: Change| index.apply(&[change]).await.expect("it can be written");
    let found = async |typed: &str| index.search(typed, 0).await.expect("it answers").len();
    apply(change(0, song("Blackbird", &["Ana"], ""))).await;
    assert_eq!((found("blackbird").await, found("blackbrid").await), (1, 1));
    apply(change(0, song("Yesterday", &["Ana"], ""))).await;
    assert_eq!((found("blackbird").await, found("blackbrid").await, found("yesterdya").await), (0, 0, 1));
    apply(Change::Gone { path: "000000.mp3".into() }).await;
    assert_eq!((found("yesterday").await, found("yesterdya").await), (0, 0));
}
