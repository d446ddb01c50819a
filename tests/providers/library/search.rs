//! What a search finds, in which order, and how fast.

use std::collections::HashSet;

use proptest::prelude::*;
use tempfile::TempDir;
use tutti::clock::Clock;
use tutti::providers::library::index::{Change, Index, Stamp};
use tutti::providers::library::tags::Description;
use tutti::providers::library::{Library, Source};
use tutti::providers::{PAGE_TRACKS_MAX, ProviderError};

use super::{Shelf, temp, titles};
use crate::providers::search;

/// A library of tracks that exist in the index only.
struct Indexed {
    library: Library,
    /// Gone with the test, and not before.
    _folders: (TempDir, TempDir),
}

impl Indexed {
    /// One track a description.
    async fn of(descriptions: impl IntoIterator<Item = Description>) -> Self {
        let (folder, data) = (temp(), temp());
        let path = data.path().join("library.db");
        let root = folder.path().canonicalize().expect("it is there");
        let index = Index::open(&path, &root).await.expect("it opens");
        let stamp = Stamp { size_bytes: 1, mtime_ns: 1 };
        let changes: Vec<Change> = (0..)
            .zip(descriptions)
            .map(|(number, description): (u32, _)| Change::Track {
                path: format!("{number:06}.mp3"),
                stamp,
                device: 0,
                fingerprint: None,
                description,
                folder_art: None,
                added_at_ms: 0,
            })
            .collect();
        for batch in changes.chunks(5_000) {
            index.apply(batch).await.expect("it can be written");
        }
        index.close().await;
        let library = Library::open(&path, Source::Folder(root), Clock::system()).await.expect("it opens");
        Self { library, _folders: (folder, data) }
    }

    async fn titles(&self, query: &str) -> Vec<String> {
        titles(&search(&self.library, query, None).await.expect("any query is answered"))
    }
}

fn song(title: &str, artists: &[&str], album: &str) -> Description {
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
    assert_eq!(songs.titles("razor's").await, Vec::<String>::new());
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

/// Prints its figures: `cargo test -p tutti --test it fifty_thousand -- --nocapture`. SQLite is optimised in every profile,
/// so they are about what a release build shows.
#[tokio::test]
async fn fifty_thousand_tracks_are_searched_at_once() {
    const WORDS: [&str; 40] = [
        "Love", "Night", "Blue", "River", "Heart", "Dance", "Summer", "Rain", "Golden", "Street", "Dream", "Fire",
        "Silver", "Moon", "Road", "Lost", "Sweet", "City", "Wild", "Angel", "Ocean", "Shadow", "Light", "Home",
        "Paper", "Electric", "Slow", "Crystal", "Broken", "Velvet", "Winter", "Machine", "Garden", "Ghost", "Lucky",
        "Stone", "Mirror", "Radio", "Thunder", "Honey",
    ];
    let word = |n: usize| WORDS[n % WORDS.len()];
    let songs = Indexed::of((0..50_000).map(|n| {
        let title = format!("{} {} {}", word(n), word(n / 40 + 7), n / 1_600);
        let artist = format!("{} {}", word(n / 12 + 3), word(n / 480 + 11));
        song(&title, &[&artist], &format!("{} {}", word(n / 12), n / 12))
    }))
    .await;

    let found = search(&songs.library, "slow thunder 17", None).await.expect("it answers");
    assert!(found.items.iter().any(|track| track.title == "Slow Thunder 17"), "{found:?}");

    let clock = Clock::system();
    let queries = [
        "",
        "l",
        "s",
        "lo",
        "love",
        "r",
        "ri",
        "riv",
        "night",
        "night bl",
        "blue river",
        "golden 12",
        "g 1",
        "th",
        "thunder road",
        "honey",
        "x",
        "electric dre",
        "1",
        "l s r m g h n b t e o c d a p w",
    ];
    let mut took_ms: Vec<(f64, &str)> = Vec::new();
    for query in queries {
        // The best of three is the search's own time; the others are the neighbours', on a machine that is shared.
        let mut best_ms = f64::INFINITY;
        for _ in 0..3 {
            let started_at_ms = clock.now_ms_f64();
            search(&songs.library, query, None).await.expect("it answers");
            best_ms = best_ms.min(clock.now_ms_f64() - started_at_ms);
        }
        took_ms.push((best_ms, query));
    }
    took_ms.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median_ms = took_ms[took_ms.len() / 2].0;
    let (slowest_ms, slowest) = took_ms[took_ms.len() - 1];
    println!("50,000 tracks: median {median_ms:.1} ms, slowest {slowest_ms:.1} ms ({slowest:?}); {took_ms:.1?}");
    assert!(median_ms < 50.0, "{took_ms:?}");
}
