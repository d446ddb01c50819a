//! Covers in small, made on demand and kept on disk.
//!
//! The cache can be deleted at any time. It is bounded in bytes, the oldest pictures go first, and a picture is in it as a
//! whole or not at all. Without room on the disk pictures are made for each request.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};

use super::id;

/// The sizes, as the longer edge in pixels: a row, a small stage, a phone's width, and a wall screen.
pub const EDGES: [u32; 4] = [96, 320, 640, 1000];
/// Pixels of the largest picture that is decoded, or served at all: small files can claim to be huge.
const PIXELS_MAX: u64 = 30_000_000;
/// Memory that decoding a picture may take.
const DECODE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Bytes of the cache.
const CACHE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Quality of JPEG.
const QUALITY: u8 = 82;

/// The cache.
#[derive(Debug)]
pub struct Thumbnails {
    folder: PathBuf,
    /// Bytes in it; 0 until they are counted.
    bytes: AtomicU64,
    /// Pictures written so far, for names of unfinished files.
    writes: AtomicU64,
}

impl Thumbnails {
    /// A cache in `folder`, which is created when it is needed.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, bytes: AtomicU64::new(0), writes: AtomicU64::new(0) }
    }

    /// The key of a picture that is in the file `source`, as it is now. Blocks.
    pub fn key(source: &Path, edge: u32) -> Option<String> {
        let metadata = fs::metadata(source).ok()?;
        let mut digest = Sha256::new();
        digest.update(source.as_os_str().as_encoded_bytes());
        let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        digest.update(metadata.len().to_le_bytes());
        digest.update(modified.as_nanos().to_le_bytes());
        digest.update(edge.to_le_bytes());
        Some(id::hexadecimal(&digest.finalize()))
    }

    /// A cached picture, which is used at `now_ms`. Blocks.
    pub fn get(&self, key: &str, now_ms: i64) -> Option<Bytes> {
        let path = self.folder.join(key);
        let bytes = fs::read(&path).ok()?;
        // The order in which pictures go; if it cannot be kept, others go.
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or_default());
        let _ = fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(now));
        Some(bytes.into())
    }

    /// Keeps a picture, if there is room on the disk. Blocks.
    pub fn put(&self, key: &str, picture: &[u8]) {
        let unfinished = self.folder.join(format!(".{key}.{}", self.writes.fetch_add(1, Ordering::Relaxed)));
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&unfinished, picture))
            .and_then(|()| fs::rename(&unfinished, self.folder.join(key)));
        if let Err(error) = written {
            tracing::debug!(%error, "cover not cached");
            let _ = fs::remove_file(&unfinished);
            return;
        }
        let before = self.bytes.fetch_add(picture.len() as u64, Ordering::Relaxed);
        if before == 0 || before > CACHE_BYTES_MAX {
            self.bytes.store(prune(&self.folder, CACHE_BYTES_MAX), Ordering::Relaxed);
        }
    }
}

/// Deletes the oldest files until a tenth below `most` is left, if there are more. Returns the bytes that are left.
fn prune(folder: &Path, most: u64) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    if bytes > most {
        files.sort();
        for (_, size, path) in files {
            if bytes <= most / 10 * 9 {
                break;
            }
            if fs::remove_file(path).is_ok() {
                bytes -= size;
            }
        }
    }
    bytes
}

/// Width and height in a picture's header; `None` if it has none that can be read.
fn size(picture: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?.into_dimensions().ok()
}

/// Whether a picture's header claims more pixels than are served.
pub fn is_too_large(picture: &[u8]) -> bool {
    size(picture).is_some_and(|(width, height)| u64::from(width) * u64::from(height) > PIXELS_MAX)
}

/// The picture with a longer edge of `edge` pixels; `None` if it is no larger, or cannot be decoded. May panic.
pub fn shrink(picture: &[u8], edge: u32) -> Option<Vec<u8>> {
    let (width, height) = size(picture)?;
    if is_too_large(picture) || width.max(height) <= edge {
        return None;
    }
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image = image.thumbnail(edge, edge);
    image.apply_orientation(orientation);
    let mut small = Cursor::new(Vec::new());
    if image.color().has_alpha() {
        image.to_rgba8().write_to(&mut small, ImageFormat::Png).ok()?;
    } else {
        image.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut small, QUALITY)).ok()?;
    }
    Some(small.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, ImageFormat::Png).expect("it is in memory");
        bytes.into_inner()
    }

    #[test]
    fn pictures_shrink_to_the_longer_edge_and_never_grow() {
        let small = shrink(&png(400, 200), 96).expect("it is a picture");
        assert_eq!(size(&small), Some((96, 48)));
        assert_eq!(shrink(&png(90, 90), 96), None);
        assert_eq!(shrink(b"\xff\xd8\xff\xe0 no picture", 96), None);
    }

    #[test]
    fn pictures_of_too_many_pixels_are_refused() {
        let mut bomb = png(8, 8);
        // The header's width and height.
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let checksum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert!(is_too_large(&bomb));
        assert_eq!(shrink(&bomb, 96), None);
        assert!(!is_too_large(&png(8, 8)));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }

    #[test]
    fn the_cache_is_bounded_and_loses_the_oldest() {
        let folder = tempfile::tempdir().expect("there is room");
        for (age, name) in ["c", "b", "a"].iter().enumerate() {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).expect("there is room");
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 - age as u64);
            fs::File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(modified))
                .expect("it can be");
        }
        assert_eq!(prune(folder.path(), 300), 300);
        assert_eq!(prune(folder.path(), 250), 200);
        assert!(!folder.path().join("a").exists() && folder.path().join("c").exists());
    }

    #[test]
    fn cached_pictures_are_found_by_file_and_size() {
        let folder = tempfile::tempdir().expect("there is room");
        let source = folder.path().join("cover.png");
        fs::write(&source, png(10, 10)).expect("there is room");
        let cache = Thumbnails::new(folder.path().join("covers"));
        let key = Thumbnails::key(&source, 96).expect("it is there");
        assert_eq!(cache.get(&key, 0), None);
        cache.put(&key, b"small");
        assert_eq!(cache.get(&key, 0).as_deref(), Some(b"small".as_slice()));
        assert_ne!(Thumbnails::key(&source, 320), Some(key));
    }
}
