//! Cover art: the picture inside a file, or the one beside it. [`thumbnails`] has it in small.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use lofty::file::{TaggedFile, TaggedFileExt};
use lofty::picture::{Picture, PictureType};
use lofty::tag::Tag;
use sha2::{Digest, Sha256};

use super::{tags, thumbnails};
use crate::providers::Art;

/// Largest picture that is served.
const ART_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Names of a folder's cover without extension, in lower case, the best first.
const FOLDER_ART_NAMES: [&str; 9] =
    ["cover", "folder", "front", "album", "albumart", "artwork", "albumartlarge", "art", "thumb"];
/// Windows' small copy of a cover, better than none.
const SMALL: &str = "albumartsmall";
/// Extensions of pictures, in lower case.
const PICTURES: [&str; 6] = ["jpg", "jpeg", "jpe", "png", "webp", "gif"];

/// Whether a file of this name is a picture.
pub fn is_picture(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| PICTURES.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// Rank of `name` as a folder's cover, 0 is best; `None` if it is none.
pub fn folder_art_rank(name: &str) -> Option<usize> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase();
    // As Windows Media Player names them: `AlbumArt_{…}_Large`.
    let is_windows = stem.starts_with("albumart_");
    if stem == SMALL || is_windows && stem.ends_with("_small") {
        return Some(usize::MAX);
    }
    let exact = FOLDER_ART_NAMES.iter().position(|known| stem == *known);
    exact.or_else(|| {
        let words = || stem.split(|c: char| !c.is_alphanumeric());
        let has = |word| words().any(|of| of == word);
        match () {
            () if is_windows => Some(FOLDER_ART_NAMES.len()),
            () if has("front") => Some(FOLDER_ART_NAMES.len() + 1),
            () if has("cover") && !has("back") => Some(FOLDER_ART_NAMES.len() + 2),
            () => None,
        }
    })
}

/// The pictures of one folder.
#[derive(Debug, Default)]
pub struct FolderCovers {
    ranked: Option<(usize, String)>,
    first: Option<String>,
    count: usize,
}

impl FolderCovers {
    /// Adds a picture by its path.
    pub fn add(&mut self, path: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| path.to_owned());
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(rank) = folder_art_rank(name)
            && self.ranked.as_ref().is_none_or(|(best, _)| rank < *best)
        {
            self.ranked = Some((rank, path.to_owned()));
        }
    }

    /// The cover: the best by name, or the only picture there is.
    pub fn best(&self) -> Option<String> {
        let ranked = self.ranked.as_ref().map(|(_, path)| path);
        ranked.or(self.first.as_ref().filter(|_| self.count == 1)).cloned()
    }
}

/// The picture to show for a parsed file: the front cover, or else the first that can be served.
pub fn embedded(file: &TaggedFile) -> Option<&Picture> {
    let pictures = || file.tags().iter().flat_map(Tag::pictures).filter(|picture| servable(picture.data()));
    pictures().find(|picture| picture.pic_type() == PictureType::CoverFront).or_else(|| pictures().next())
}

/// Reads the picture inside the file. Blocks; may panic, as every parser may.
pub fn read_embedded(path: &Path) -> Option<Art> {
    let file = tags::parse_pictures(path)?;
    from_bytes(embedded(&file)?.data().to_vec().into())
}

/// Reads a picture that is a file of its own. Blocks.
pub fn read_file(path: &Path) -> Option<Art> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(ART_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
    servable(&bytes).then(|| from_bytes(bytes.into()))?
}

/// A picture to serve; `None` for anything else, and for pictures that would not fit into the memory of browsers.
pub fn from_bytes(bytes: Bytes) -> Option<Art> {
    let content_type = content_type(&bytes).filter(|_| !thumbnails::is_too_large(&bytes))?;
    let digest = Sha256::digest(&bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Some(Art { bytes, content_type, etag: format!("\"{:016x}\"", u64::from_be_bytes(first)) })
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
        for name in
            ["front.jpg", "AlbumArtSmall.jpg", "AlbumArt_{0}_Large.jpg", "Ana - Tones (Front).png", "Cover art.gif"]
        {
            assert!(folder_art_rank(name).is_some(), "{name}");
        }
        assert_eq!(folder_art_rank("back cover.jpg"), None);
        assert!(folder_art_rank("AlbumArtSmall.jpg") > folder_art_rank("Ana (Front).jpg"));
    }

    #[test]
    fn a_single_picture_of_any_name_is_the_cover() {
        let mut covers = FolderCovers::default();
        covers.add("a/scan.png");
        assert_eq!(covers.best().as_deref(), Some("a/scan.png"));
        covers.add("a/other.png");
        assert_eq!(covers.best(), None);
        covers.add("a/AlbumArtSmall.jpg");
        covers.add("a/Cover.WEBP");
        assert_eq!(covers.best().as_deref(), Some("a/Cover.WEBP"));
    }
}
