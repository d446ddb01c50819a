//! Browsing: artists, albums, genres, folders, and what is new.

use proptest::prelude::*;
use tutti::providers::library::tags::Description;
use tutti::providers::{BrowsePage, PAGE_ITEMS_MAX, Place, Provider as _, ProviderError};

use super::Shelf;
use super::search::{Indexed, change, song};
use crate::providers::asker;

async fn browse(songs: &Indexed, place: Place) -> BrowsePage {
    let page = songs.library.browse(&asker(), &place, None).await.expect("it answers");
    page.expect("there is such a place")
}

fn names(page: &BrowsePage) -> Vec<&str> {
    page.items.iter().map(|item| item.name.as_str()).collect()
}

fn titles(page: &BrowsePage) -> Vec<&str> {
    page.tracks.iter().map(|track| track.title.as_str()).collect()
}

/// The group with this name at a place.
async fn group(songs: &Indexed, place: Place, name: &str) -> Place {
    let page = browse(songs, place).await;
    let item = page.items.into_iter().find(|item| item.name == name);
    Place::Group(item.unwrap_or_else(|| panic!("there is {name}")).id)
}

#[tokio::test]
async fn artists_lead_to_their_albums_and_those_to_tracks_in_order() {
    let on = |disc, number, title: &str| Description { disc, number, ..song(title, &["The Beatles"], "White Album") };
    let songs = Indexed::of([
        on(2, 1, "Birthday"),
        on(1, 2, "Dear Prudence"),
        on(1, 1, "Back in the USSR"),
        on(1, 11, "Blackbird"),
        Description { year: Some(1968), ..on(1, 3, "Glass Onion") },
        song("Help", &["the beatles"], "Help!"),
        song("Single", &["The Beatles"], ""),
        song("Jóga", &["Björk"], "Homogenic"),
    ])
    .await;
    assert_eq!(names(&browse(&songs, Place::Artists).await), ["The Beatles", "Björk"]);
    let albums = browse(&songs, group(&songs, Place::Artists, "The Beatles").await).await;
    assert_eq!(names(&albums), ["Help!", "White Album"]);
    assert_eq!(titles(&albums), ["Single"]);
    let white = &albums.items[1];
    assert_eq!((white.artist.as_deref(), white.year, white.tracks), (Some("The Beatles"), Some(1968), 5));
    let tracks = browse(&songs, Place::Group(white.id.clone())).await;
    assert_eq!(titles(&tracks), ["Back in the USSR", "Dear Prudence", "Glass Onion", "Blackbird", "Birthday"]);
    assert_eq!(names(&browse(&songs, Place::Albums).await), ["Help!", "Homogenic", "White Album"]);
}

#[tokio::test]
async fn sort_tags_decide_the_order() {
    let sorted =
        |artist: &str, sort: &str| Description { artist_sort: Some(sort.into()), ..song("One", &[artist], "") };
    let album = |name: &str, sort: &str| Description { album_sort: Some(sort.into()), ..song("One", &["Zoë"], name) };
    let songs = Indexed::of([
        sorted("Nick Cave", "Cave, Nick"),
        sorted("David Bowie", "Bowie, David"),
        album("22, A Million", "Twenty-two"),
        album("The Wall", "Wall"),
        album("A Night", "Night"),
    ])
    .await;
    assert_eq!(names(&browse(&songs, Place::Artists).await), ["David Bowie", "Nick Cave", "Zoë"]);
    assert_eq!(names(&browse(&songs, Place::Albums).await), ["A Night", "22, A Million", "The Wall"]);
}

#[tokio::test]
async fn compilations_are_together_and_guests_have_no_albums_of_their_own() {
    let compiled = |artist: &str| Description { compilation: true, ..song(artist, &[artist], "Now 44") };
    let by =
        |artist: &str| Description { album_artist: Some("Santana".into()), ..song(artist, &[artist], "Supernatural") };
    let songs = Indexed::of([
        compiled("ABBA"),
        compiled("Blur"),
        by("Santana feat. Rob"),
        by("Santana"),
        song("Somebody", &["Gotye feat. Kimbra"], "Making Mirrors"),
        song("Bronte", &["Gotye"], "Making Mirrors"),
    ])
    .await;
    let artists = browse(&songs, Place::Artists).await;
    assert_eq!(names(&artists), ["Gotye", "Santana", "Various Artists"]);
    let untagged = Indexed::of([song("One", &["Ana"], "Mixtape"), song("Two", &["Ben"], "Mixtape")]).await;
    let mixtape = browse(&untagged, Place::Albums).await.items.remove(0);
    assert_eq!((mixtape.artist.as_deref(), mixtape.tracks), (Some("Various Artists"), 2));
    let albums = browse(&songs, Place::Albums).await;
    let shown: Vec<_> = albums.items.iter().map(|album| (album.name.as_str(), album.tracks)).collect();
    assert_eq!(shown, [("Making Mirrors", 2), ("Now 44", 2), ("Supernatural", 2)]);
}

#[tokio::test]
async fn genres_and_recent_tracks_are_listed() {
    let of = |title: &str, genres: &[&str]| Description {
        genres: genres.iter().map(|genre| (*genre).into()).collect(),
        ..song(title, &["Ana"], title)
    };
    let songs = Indexed::of([of("One", &["Rock", "Pop"]), of("Two", &["pop"]), of("Three", &[])]).await;
    assert_eq!(names(&browse(&songs, Place::Genres).await), ["Pop", "Rock"]);
    assert_eq!(names(&browse(&songs, group(&songs, Place::Genres, "Pop").await).await), ["One", "Two"]);
    assert_eq!(titles(&browse(&songs, Place::RecentlyAdded).await), ["One", "Three", "Two"]);
}

#[tokio::test]
async fn folders_are_browsed_as_they_lie() {
    let shelf = Shelf::with(&[
        ("A/x.flac", "tone.flac"),
        ("A/B/y.mp3", "tone.mp3"),
        ("A/B/z.ogg", "tone.ogg"),
        ("w.opus", "tone.opus"),
    ])
    .await;
    let browse = async |place: Place| {
        let page = shelf.library.browse(&asker(), &place, None).await.expect("it answers");
        page.expect("there is such a place")
    };
    let root = browse(Place::Folders).await;
    assert_eq!((names(&root), root.tracks.len(), root.items[0].tracks), (vec!["A"], 1, 3));
    let outer = browse(Place::Group(root.items[0].id.clone())).await;
    assert_eq!((names(&outer), outer.tracks.len()), (vec!["B"], 1));
    let inner = browse(Place::Group(outer.items[0].id.clone())).await;
    assert_eq!((inner.items.len(), inner.tracks.len()), (0, 2));
}

#[tokio::test]
async fn a_group_without_tracks_is_gone() {
    let songs = Indexed::of([song("One", &["Ana"], "First"), song("Two", &["Ben"], "Second")]).await;
    let first = group(&songs, Place::Albums, "First").await;
    songs.apply(change(0, song("One", &["Ben"], "Second"))).await;
    assert_eq!(names(&browse(&songs, Place::Artists).await), ["Ben"]);
    assert_eq!(browse(&songs, group(&songs, Place::Albums, "Second").await).await.tracks.len(), 2);
    assert_eq!(songs.library.browse(&asker(), &first, None).await.expect("it answers"), None);
}

#[tokio::test]
async fn pages_of_a_place_visit_everything_once() {
    let songs = Indexed::of((0..257).map(|n| {
        let album = if n % 2 == 0 { format!("Album {n:03}") } else { String::new() };
        song(&format!("Song {n}"), &["Ana"], &album)
    }))
    .await;
    let ana = group(&songs, Place::Artists, "Ana").await;
    for place in [Place::Albums, Place::RecentlyAdded, ana] {
        let expected: usize = match place {
            Place::Albums => 129,
            _ => 257,
        };
        let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0_usize);
        loop {
            let page = songs.library.browse(&asker(), &place, cursor.as_deref()).await.expect("it answers");
            let page = page.expect("there is such a place");
            assert!(page.items.len() + page.tracks.len() <= PAGE_ITEMS_MAX);
            seen.extend(page.items.into_iter().map(|item| item.id));
            seen.extend(page.tracks.into_iter().map(|track| track.id));
            pages += 1;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((all, seen.len(), pages), (expected, expected, expected.div_ceil(PAGE_ITEMS_MAX)), "{place:?}");
    }
    let page = browse(&songs, Place::Albums).await;
    let elsewhere = songs.library.browse(&asker(), &Place::RecentlyAdded, page.next_cursor.as_deref()).await;
    assert!(matches!(elsewhere, Err(ProviderError::Invalid(_))), "{elsewhere:?}");
}

#[test]
fn any_id_may_be_browsed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let songs = runtime.block_on(some_song());
    proptest!(ProptestConfig::with_cases(64), |(id in any::<String>())| {
        let page = runtime.block_on(songs.library.browse(&asker(), &Place::Group(id), None)).expect("it answers");
        prop_assert_eq!(page, None);
    });
}

async fn some_song() -> Indexed {
    Indexed::of([song("One", &["Ana"], "First")]).await
}
