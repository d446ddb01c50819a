//! Profile pictures: accepted file types and their path on this server.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tutti_protocol::UserId;

use crate::store::StoredPicture;

/// Bytes in a picture, at most; Spotify's have about 20 KiB.
pub const PICTURE_BYTES_MAX: usize = 256 * 1024;

/// The path of a user's picture. It contains the picture's hash, so it changes with the picture and cannot be guessed.
pub fn path(user: UserId, hash: &[u8; 32]) -> String {
    format!("/api/v1/users/{user}/picture?v={}", version(hash))
}

/// The version of a picture in its path: a prefix of its hash.
pub fn version(hash: &[u8; 32]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..12])
}

/// Accepts JPEG, PNG and WebP, which browsers show and cannot execute. Looks at the first bytes only, not at a declared
/// media type.
pub fn recognize(bytes: &[u8]) -> Option<StoredPicture> {
    let media_type = match bytes {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => return None,
    };
    (bytes.len() <= PICTURE_BYTES_MAX).then(|| StoredPicture {
        hash: Sha256::digest(bytes).into(),
        media_type: media_type.into(),
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_pictures_of_known_types_are_accepted() {
        let kind = |bytes: &[u8]| recognize(bytes).map(|picture| picture.media_type);
        assert_eq!(kind(b"\xff\xd8\xff\xe0rest").as_deref(), Some("image/jpeg"));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\nrest").as_deref(), Some("image/png"));
        assert_eq!(kind(b"RIFF\x01\0\0\0WEBPrest").as_deref(), Some("image/webp"));
        for other in [&b"<svg onload=alert(1)>"[..], b"", b"\xff\xd8", b"GIF89a", b"<!doctype html>"] {
            assert_eq!(kind(other), None, "{other:?}");
        }
        let mut large = vec![0; PICTURE_BYTES_MAX + 1];
        large[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
        assert_eq!(kind(&large), None);
    }
}
