//! Cover art: the picture inside a file, or the one beside it. Read on each request, without a cache.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lofty::file::{TaggedFile, TaggedFileExt};
use lofty::picture::{Picture, PictureType};
use lofty::tag::Tag;
use sha2::{Digest, Sha256};

use super::tags;
use crate::providers::Art;

/// Largest picture that is served.
const ART_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Names of a folder's cover, in lower case, the best first.
const FOLDER_ART_NAMES: [&str; 6] = ["cover.jpg", "cover.png", "cover.jpeg", "folder.jpg", "folder.png", "folder.jpeg"];

/// Rank of `name` as a folder's cover, 0 is best; `None` if it is none.
pub fn folder_art_rank(name: &str) -> Option<usize> {
    FOLDER_ART_NAMES.iter().position(|known| name.eq_ignore_ascii_case(known))
}

/// The picture to show for a parsed file: the front cover, or else the first that can be served.
pub fn embedded(file: &TaggedFile) -> Option<&Picture> {
    let pictures = || file.tags().iter().flat_map(Tag::pictures).filter(|picture| servable(picture.data()));
    pictures().find(|picture| picture.pic_type() == PictureType::CoverFront).or_else(|| pictures().next())
}

/// Reads the picture inside the file. Blocks; may panic, as every parser may.
pub fn read_embedded(path: &Path) -> Option<Art> {
    let file = tags::parse_pictures(path)?;
    from_bytes(embedded(&file)?.data().to_vec())
}

/// Reads a picture that is a file of its own. Blocks.
pub fn read_file(path: &Path) -> Option<Art> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(ART_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
    servable(&bytes).then(|| from_bytes(bytes))?
}

fn from_bytes(bytes: Vec<u8>) -> Option<Art> {
    let content_type = content_type(&bytes)?;
    let digest = Sha256::digest(&bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Some(Art { bytes: bytes.into(), content_type, etag: format!("\"{:016x}\"", u64::from_be_bytes(first)) })
}

fn servable(bytes: &[u8]) -> bool {
    bytes.len() <= ART_BYTES_MAX && content_type(bytes).is_some()
}

/// The kinds of picture that every browser shows and none of which can carry a script, by their first bytes.
fn content_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_served() {
        assert_eq!(content_type(b"\xff\xd8\xff\xe0JFIF"), Some("image/jpeg"));
        assert_eq!(content_type(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(content_type(b"GIF89a"), Some("image/gif"));
        for other in [&b"<svg xmlns"[..], b"<html>", b"", b"RIFF\x10\0\0\0WAVE", b"\x89PNG"] {
            assert_eq!(content_type(other), None);
        }
    }

    #[test]
    fn folder_covers_are_ranked_by_name() {
        assert_eq!(folder_art_rank("Cover.JPG"), Some(0));
        assert!(folder_art_rank("folder.png") > folder_art_rank("cover.png"));
        assert_eq!(folder_art_rank("back.jpg"), None);
    }
}
