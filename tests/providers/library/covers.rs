//! Covers: where they are found, and in small.

use std::fs;
use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader};

use super::{Shelf, served_cover, untagged_mp3};

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).expect("it is in memory");
    bytes.into_inner()
}

/// Type and size of the cover of the track at this path.
async fn cover(shelf: &Shelf, path: &str, size: Option<u32>) -> Option<(&'static str, u32, u32)> {
    let track = shelf.track(path).await.expect("it is a track");
    let art = served_cover(&shelf.library, &track.id, size).await?;
    let reader = ImageReader::new(Cursor::new(&art.bytes)).with_guessed_format().expect("it is in memory");
    let (width, height) = reader.into_dimensions().expect("it is a picture");
    Some((art.content_type, width, height))
}

#[tokio::test]
async fn covers_have_many_names_and_places() {
    let shelf = Shelf::with(&[]).await;
    let jpeg = picture(20, 20, ImageFormat::Jpeg);
    for (album, pictures) in [
        ("front", &["front.jpg", "back.jpg"][..]),
        ("windows", &["AlbumArtSmall.jpg", "x.jpg"]),
        ("case", &["COVER.JPEG", "inlay.jpg"]),
        ("single", &["whatever it is.jpg"]),
        ("named", &["Ana - Tones (Front).jpg", "Ana - Tones (Back).jpg"]),
    ] {
        shelf.put(&format!("{album}/a.mp3"), &untagged_mp3());
        for name in pictures {
            shelf.put(&format!("{album}/{name}"), &jpeg);
        }
    }
    shelf.put("webp/a.mp3", &untagged_mp3());
    shelf.put("webp/cover.webp", &picture(20, 20, ImageFormat::WebP));
    shelf.put("gif/a.mp3", &untagged_mp3());
    shelf.put("gif/folder.gif", &picture(20, 20, ImageFormat::Gif));
    shelf.put("discs/CD1/a.mp3", &untagged_mp3());
    shelf.put("discs/Disc 2/a.mp3", &untagged_mp3());
    shelf.put("discs/live/a.mp3", &untagged_mp3());
    shelf.put("discs/cover.jpg", &jpeg);
    shelf.put("none/a.mp3", &untagged_mp3());
    shelf.put("none/a.jpg", &jpeg);
    shelf.put("none/b.jpg", &jpeg);
    shelf.rescan().await;
    for album in ["front", "windows", "case", "single", "named", "discs/CD1", "discs/Disc 2"] {
        assert_eq!(cover(&shelf, &format!("{album}/a.mp3"), None).await, Some(("image/jpeg", 20, 20)), "{album}");
    }
    assert_eq!(cover(&shelf, "webp/a.mp3", None).await, Some(("image/webp", 20, 20)));
    assert_eq!(cover(&shelf, "gif/a.mp3", None).await, Some(("image/gif", 20, 20)));
    for album in ["discs/live", "none"] {
        assert_eq!(cover(&shelf, &format!("{album}/a.mp3"), None).await, None, "{album}");
    }
}

#[tokio::test]
async fn covers_are_made_small_once() {
    let shelf = Shelf::with(&[("a.flac", "tone.flac")]).await;
    shelf.put("b/b.mp3", &untagged_mp3());
    shelf.put("b/cover.png", &picture(1_200, 600, ImageFormat::Png));
    shelf.rescan().await;
    let smaller = [(1, 96), (96, 96), (97, 320), (321, 640), (641, 1_000), (1_001, 1_200)];
    let sizes = smaller.map(|(size, width)| (Some(size), width)).into_iter().chain([(None, 1_200)]);
    for (size, width) in sizes {
        let (_, found, height) = cover(&shelf, "b/b.mp3", size).await.expect("there is a cover");
        assert_eq!((found, height), (width, width / 2), "{size:?}");
    }
    let cached = || fs::read_dir(shelf.data.path().join("covers")).expect("it is there").count();
    assert_eq!(cached(), 4);
    assert_eq!(cover(&shelf, "b/b.mp3", Some(96)).await, Some(("image/jpeg", 96, 48)));
    assert_eq!(cached(), 4);
    // Another picture in its place is made small again.
    shelf.put("b/cover.png", &picture(500, 500, ImageFormat::Png));
    assert_eq!(cover(&shelf, "b/b.mp3", Some(96)).await, Some(("image/jpeg", 96, 96)));
    // A small picture is served as it is.
    let (content_type, width, _) = cover(&shelf, "a.flac", Some(1_000)).await.expect("it has a picture");
    assert_eq!((content_type, width < 1_000), ("image/png", true));
}

#[tokio::test]
async fn without_room_for_the_cache_covers_are_still_served() {
    let shelf = Shelf::with(&[]).await;
    shelf.put("b.mp3", &untagged_mp3());
    shelf.put("cover.png", &picture(400, 400, ImageFormat::Png));
    shelf.rescan().await;
    // A file where the cache's folder would be.
    fs::write(shelf.data.path().join("covers"), b"").expect("it can be written");
    assert_eq!(cover(&shelf, "b.mp3", Some(96)).await, Some(("image/jpeg", 96, 96)));
}

#[tokio::test]
async fn pictures_of_too_many_pixels_are_not_served() {
    let shelf = Shelf::with(&[]).await;
    shelf.put("b.mp3", &untagged_mp3());
    // A GIF's header has its size in front and no checksum.
    let mut bomb = picture(8, 8, ImageFormat::Gif);
    bomb[6..10].fill(0xff);
    shelf.put("cover.gif", &bomb);
    shelf.rescan().await;
    let id = shelf.track("b.mp3").await.expect("it is a track").id;
    for size in [None, Some(96)] {
        assert!(served_cover(&shelf.library, &id, size).await.is_none());
    }
}
