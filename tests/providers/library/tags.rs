//! Titles, artists and albums, from tags of every kind and from paths.

use super::{Shelf, fixture, untagged_mp3};

/// An mp3 with an ID3v2 tag of these frames.
fn mp3(version: u8, frames: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (id, content) in frames {
        let size = u32::try_from(content.len()).expect("it is short");
        body.extend_from_slice(id.as_bytes());
        body.extend_from_slice(&if version == 4 { synchsafe(size) } else { size.to_be_bytes() });
        body.extend_from_slice(&[0, 0]);
        body.extend_from_slice(content);
    }
    let size = synchsafe(u32::try_from(body.len()).expect("it is short"));
    [b"ID3".as_slice(), &[version, 0, 0], &size, &body, &untagged_mp3()].concat()
}

fn synchsafe(size: u32) -> [u8; 4] {
    [size >> 21, size >> 14, size >> 7, size].map(|bits| (bits & 0x7f).to_le_bytes()[0])
}

/// The content of a text frame that declares Latin-1.
fn latin(text: &[u8]) -> Vec<u8> {
    [&[0], text].concat()
}

/// A FLAC file with these comments.
fn flac(comments: &[&[u8]]) -> Vec<u8> {
    let whole = fixture("tone.flac");
    let mut block = 0_u32.to_le_bytes().to_vec();
    block.extend_from_slice(&u32::try_from(comments.len()).expect("there are few").to_le_bytes());
    for comment in comments {
        block.extend_from_slice(&u32::try_from(comment.len()).expect("it is short").to_le_bytes());
        block.extend_from_slice(comment);
    }
    let mut frames_at = 4;
    loop {
        let header = u32::from_be_bytes(whole[frames_at..][..4].try_into().expect("it is a header"));
        frames_at += 4 + (header & 0xff_ffff) as usize;
        if header >> 31 == 1 {
            break;
        }
    }
    let header = (0x8400_0000 | u32::try_from(block.len()).expect("it is short")).to_be_bytes();
    [&whole[..42], &header, &block, &whole[frames_at..]].concat()
}

/// The track of a single file in a folder `Shelf`: title, artists and album.
async fn read(name: &str, contents: &[u8]) -> String {
    let shelf = Shelf::with(&[]).await;
    shelf.put(&format!("Shelf/{name}"), contents);
    assert_eq!(shelf.rescan().await.unreadable, 0, "{name}");
    let track = shelf.track(&format!("Shelf/{name}")).await.unwrap_or_else(|| panic!("{name} is a track"));
    format!("{} | {} | {}", track.title, track.artists.join(" + "), track.album.as_deref().unwrap_or("-"))
}

#[tokio::test]
async fn malformed_frames_do_not_cost_a_track_its_names() {
    let (title, artist) = (("TIT2", b"\0Title".as_slice()), ("TPE1", b"\0Artist".as_slice()));
    for (case, version, broken) in [
        ("picture", 3, ("APIC", b"\0garbage".as_slice())),
        ("year", 3, ("TYER", b"\0abcd")),
        ("date", 4, ("TDRC", b"\x0301/02/2004")),
        ("empty", 3, ("TALB", b"")),
        ("encoding", 3, ("TALB", b"\x09")),
        ("half a character", 4, ("TCOM", b"\x01\xff\xfea")),
        ("unsynchronised date", 4, ("TDTG", b"\x03 ")),
        ("comment", 3, ("COMM", b"\x01")),
        ("popularity", 3, ("POPM", b"no end")),
        ("volume", 4, ("RVA2", b"\0")),
        ("owner", 4, ("UFID", b"")),
    ] {
        let file = mp3(version, &[title, broken, artist]);
        assert_eq!(read("a.mp3", &file).await, "Title | Artist | -", "{case}");
    }
}

#[tokio::test]
async fn refused_tags_are_counted() {
    let shelf = Shelf::with(&[("good.mp3", "tone.mp3")]).await;
    shelf.put("odd.mp3", &mp3(3, &[("TIT2", b"\0Odd"), ("APIC", b"\0garbage")]));
    let report = shelf.rescan().await;
    assert_eq!((report.tracks, report.odd_tags, report.unreadable), (2, 1, 0));
    // Not only of the files that were read just now.
    assert_eq!(shelf.rescan().await.odd_tags, 1);
}

#[tokio::test]
async fn undeclared_encodings_are_recognised() {
    let title_artist_album = |version, title: &[u8], artist: &[u8], album: &[u8]| {
        mp3(version, &[("TIT2", &latin(title)), ("TPE1", &latin(artist)), ("TALB", &latin(album))])
    };
    // Windows-1251, GBK and UTF-8, all declared as Latin-1.
    let russian = title_artist_album(
        3,
        b"\xc3\xf0\xf3\xef\xef\xe0 \xea\xf0\xee\xe2\xe8",
        b"\xca\xe8\xed\xee",
        b"\xcb\xf3\xf7\xf8\xe8\xe5 \xef\xe5\xf1\xed\xe8",
    );
    assert_eq!(read("a.mp3", &russian).await, "Группа крови | Кино | Лучшие песни");
    let chinese = title_artist_album(
        3,
        b"\xd4\xc2\xc1\xc1\xb4\xfa\xb1\xed\xce\xd2\xb5\xc4\xd0\xc4",
        b"\xb5\xcb\xc0\xf6\xbe\xfd",
        b"\xc2\xfe\xb2\xbd\xc8\xcb\xc9\xfa\xc2\xb7",
    );
    assert_eq!(read("a.mp3", &chinese).await, "月亮代表我的心 | 邓丽君 | 漫步人生路");
    let utf8 = title_artist_album(3, "Déjà Vu".as_bytes(), "Beyoncé".as_bytes(), "Ééé".as_bytes());
    assert_eq!(read("a.mp3", &utf8).await, "Déjà Vu | Beyoncé | Ééé");
    // Latin-1 that is Latin-1.
    let french = title_artist_album(3, b"D\xe9j\xe0 vu", b"Zo\xe9", b"\xc9t\xe9");
    assert_eq!(read("a.mp3", &french).await, "Déjà vu | Zoé | Été");
    // Latin-1 that is declared as UTF-8, in ID3 and in FLAC.
    let declared = mp3(4, &[("TIT2", b"\x03D\xe9j\xe0 vu"), ("TPE1", b"\x03GoodArtist")]);
    assert_eq!(read("a.mp3", &declared).await, "Déjà vu | GoodArtist | -");
    let comments = flac(&[b"TITLE=D\xe9j\xe0 vu", b"ARTIST=Bj\xf6rk"]);
    assert_eq!(read("a.flac", &comments).await, "Déjà vu | Björk | -");
    // Mojibake that some program converted to UTF-16.
    let utf16 =
        "ÿþÃðóïïà".chars().flat_map(|c| [u8::try_from(u32::from(c)).expect("it is Latin-1"), 0]).collect::<Vec<u8>>();
    let converted = [b"\x01\xff\xfe".as_slice(), &utf16[4..]].concat();
    assert_eq!(read("a.mp3", &mp3(3, &[("TIT2", &converted), ("TPE1", b"\0Kino")])).await, "Группа | Kino | -");
}

#[tokio::test]
async fn sizes_as_old_itunes_wrote_them_are_read() {
    let comment = [b"\0eng\0".as_slice(), &[b'y'; 300]].concat();
    let mut file = mp3(4, &[("TIT2", b"\0iTunes"), ("COMM", &comment), ("TPE1", b"\0Artist")]);
    let at = file.windows(4).position(|window| window == b"COMM").expect("it is there") + 4;
    file[at..at + 4].copy_from_slice(&u32::try_from(comment.len()).expect("it is short").to_be_bytes());
    assert_eq!(read("a.mp3", &file).await, "iTunes | Artist | -");
}

#[tokio::test]
async fn several_artists_are_several() {
    let frames = mp3(4, &[("TIT2", b"\x03T"), ("TPE1", b"\x03First"), ("TPE1", b"\x03Second")]);
    assert_eq!(read("a.mp3", &frames).await, "T | First + Second | -");
    let zeros = mp3(4, &[("TIT2", b"\x03T"), ("TPE1", b"\x03First\0Second\0")]);
    assert_eq!(read("a.mp3", &zeros).await, "T | First + Second | -");
    let semicolons = mp3(3, &[("TIT2", b"\0T"), ("TPE1", b"\0First; Second;Third; First")]);
    assert_eq!(read("a.mp3", &semicolons).await, "T | First + Second;Third | -");
    let slash = mp3(3, &[("TIT2", b"\0T"), ("TPE1", b"\0AC/DC")]);
    assert_eq!(read("a.mp3", &slash).await, "T | AC/DC | -");
    let picard = flac(&[b"title=T", b"artist=Alpha feat. Beta", b"artists=Alpha", b"artists=Beta"]);
    assert_eq!(read("a.flac", &picard).await, "T | Alpha + Beta | -");
    let picard = mp3(4, &[("TIT2", b"\x03T"), ("TPE1", b"\x03Alpha & Beta"), ("TXXX", b"\x03Artists\0Alpha\0Beta")]);
    assert_eq!(read("a.mp3", &picard).await, "T | Alpha + Beta | -");
}

#[tokio::test]
async fn an_artist_is_found_in_other_fields_before_the_path() {
    let composer = mp3(3, &[("TIT2", b"\0Comp"), ("TCOM", b"\0J. S. Bach")]);
    assert_eq!(read("a.mp3", &composer).await, "Comp | J. S. Bach | -");
    let performer = flac(&[b"TITLE=T", b"PERFORMER=Glenn Gould", b"COMPOSER=J. S. Bach"]);
    assert_eq!(read("a.flac", &performer).await, "T | Glenn Gould | -");
    let album_artist = mp3(3, &[("TIT2", b"\0T"), ("TPE2", b"\0Ensemble"), ("TCOM", b"\0J. S. Bach")]);
    assert_eq!(read("a.mp3", &album_artist).await, "T | Ensemble | -");
    let various = mp3(3, &[("TIT2", b"\0T"), ("TPE2", b"\0Various Artists"), ("TCOM", b"\0J. S. Bach")]);
    assert_eq!(read("a.mp3", &various).await, "T | J. S. Bach | -");
    let untagged = mp3(3, &[("TIT2", b"\0T")]);
    assert_eq!(read("a.mp3", &untagged).await, "T | Shelf | -");
}

#[tokio::test]
async fn invisible_characters_are_removed_from_names() {
    let title = "\u{3}evil\u{202e}gpj.exe";
    let artist = "\u{3}zero\u{200b}width\u{feff}";
    let file = mp3(4, &[("TIT2", title.as_bytes()), ("TPE1", artist.as_bytes()), ("TALB", "\u{3}\u{200e}".as_bytes())]);
    assert_eq!(read("a.mp3", &file).await, "evilgpj.exe | zerowidth | -");
    let decomposed = mp3(4, &[("TIT2", "\u{3}Jo\u{301}ga".as_bytes()), ("TPE1", b"\x03A")]);
    assert_eq!(read("a.mp3", &decomposed).await, "Jóga | A | -");
}

#[tokio::test]
async fn vorbis_comments_can_say_explicit() {
    let shelf = Shelf::with(&[]).await;
    for (name, advisory) in [("a", "1"), ("b", "4"), ("c", "2"), ("d", "0")] {
        let comment = format!("ITUNESADVISORY={advisory}");
        shelf.put(&format!("{name}.flac"), &flac(&[b"TITLE=T", comment.as_bytes()]));
    }
    shelf.rescan().await;
    let explicit = async |path| shelf.track(path).await.expect("it is a track").explicit;
    let found =
        [explicit("a.flac").await, explicit("b.flac").await, explicit("c.flac").await, explicit("d.flac").await];
    assert_eq!(found, [true, true, false, false]);
}

#[tokio::test]
async fn what_is_not_tagged_comes_from_the_path() {
    let shelf = Shelf::with(&[]).await;
    let paths = [
        (
            "Pink Floyd/The Wall/CD1/03 - Another Brick in the Wall.mp3",
            "Another Brick in the Wall | Pink Floyd | The Wall",
        ),
        ("Downloads/Adele - Hello.mp3", "Hello | Adele | -"),
        ("Downloads/hello.mp3", "hello | Unknown artist | -"),
        ("Various Artists/Hits/ABBA - Waterloo.mp3", "Waterloo | ABBA | Hits"),
    ];
    for (path, _) in paths {
        shelf.put(path, &untagged_mp3());
    }
    shelf.rescan().await;
    for (path, expected) in paths {
        let track = shelf.track(path).await.expect("it is a track");
        let found =
            format!("{} | {} | {}", track.title, track.artists.join(" + "), track.album.as_deref().unwrap_or("-"));
        assert_eq!(found, expected, "{path}");
    }
}
