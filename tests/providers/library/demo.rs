//! The demo library is whole, playable and small.

use std::fs;

use tutti::clock::Clock;
use tutti::providers::library::demo::FILES;
use tutti::providers::library::{Library, Source};
use tutti::providers::{Page, Provider as _};

use super::{covers, served_cover, temp, titles};
use crate::providers::search;

#[tokio::test]
async fn the_demo_library_is_there_without_any_setup() {
    let data = temp();
    let (index, folder) = (data.path().join("library.db"), data.path().join("demo-library"));
    let library =
        Library::open(&index, Source::Demo(folder.clone()), Clock::system(), covers()).await.expect("it opens");
    let scanned = library.rescan().await.expect("it can be read").last;
    assert_eq!((scanned.tracks, scanned.unreadable), (7, 0));

    let Page { items: tracks, next_cursor } = search(&library, "", None).await.expect("it answers");
    assert_eq!(next_cursor, None);
    for track in &tracks {
        assert_eq!(track.album.as_deref(), Some("Tutti Demo"));
        assert!((20_000..=40_000).contains(&track.duration_ms) && track.duration_ms % 20 == 0, "{track:?}");
        let art = served_cover(&library, &track.id, None).await.expect("every track has a cover");
        assert_eq!(art.content_type, "image/jpeg");
        assert!(art.bytes.len() < 25 * 1024, "{} B", art.bytes.len());
        assert!(library.open(&track.id).await.expect("the index answers").is_some());
    }
    assert_eq!(titles(&search(&library, "night rain", None).await.expect("it answers")), ["Rain on Tin"]);

    let bytes: usize = FILES.iter().map(|(_, contents)| contents.len()).sum();
    assert!(bytes <= 1_258_291, "{bytes} B make the program larger than 1.2 MiB do");

    // A second start puts right what is damaged, leaves alone what is right, and so needs to read one file only.
    library.close().await;
    fs::write(folder.join(FILES[2].0), b"damaged").expect("it can be written");
    let library = Library::open(&index, Source::Demo(folder), Clock::system(), covers()).await.expect("it opens");
    let scanned = library.rescan().await.expect("it can be read").last;
    assert_eq!((scanned.tracks, scanned.read, scanned.unreadable), (7, 1, 0));
}
