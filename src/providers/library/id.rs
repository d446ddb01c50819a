//! Ids of tracks: a digest of where the file is, so that they are stable across restarts and index rebuilds, and reveal no path.
//! And fingerprints of files, by which one is recognised that was moved.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};
use tutti_protocol::http::BrowseKind;

/// Bytes of each block that a fingerprint is made of.
const BLOCK_BYTES: u64 = 2 * 1024;
/// Length of an id, in characters.
const ID_CHARS: usize = 32;

/// The id of the track in the file at `path`, relative to the library and with forward slashes: the first 16 bytes of its
/// SHA-256, in lower-case hexadecimal.
pub fn track_id(path: &str) -> String {
    hexadecimal(&Sha256::digest(path.as_bytes()))
}

/// The id of an artist, album, genre or folder, from what it is told apart by.
pub fn group_id(kind: BrowseKind, key: &str) -> String {
    hexadecimal(&Sha256::digest(format!("{kind:?}\u{1}{key}")))
}

/// A digest of two blocks inside a file. Together with its size it tells files apart that were not made to be mistaken for
/// each other. Blocks.
pub fn fingerprint(path: &Path, size_bytes: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    for at in [size_bytes / 3, size_bytes / 3 * 2] {
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        (&mut file).take(BLOCK_BYTES).read_to_end(&mut block)?;
        digest.update(&block);
    }
    Ok(hexadecimal(&digest.finalize()))
}

/// The first 16 bytes.
pub(super) fn hexadecimal(digest: &[u8]) -> String {
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    format!("{:032x}", u128::from_be_bytes(first))
}

/// Whether `id` has the form of a track id.
pub fn is_track_id(id: &str) -> bool {
    id.len() == ID_CHARS && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_path_never_changes() {
        // Room journals contain ids, so the algorithm must not change: this is `printf demo.opus | sha256sum`.
        assert_eq!(track_id("demo.opus"), DEMO_OPUS);
        assert!(is_track_id(&track_id("Björk/Vespertine/01 Hidden Place.flac")));
    }

    #[test]
    fn paths_are_not_valid_ids() {
        for strange in ["", "..", "..%2f..%2fetc%2fpasswd", "DEADBEEFDEADBEEFDEADBEEFDEADBEEF", &"a".repeat(33)] {
            assert!(!is_track_id(strange), "{strange}");
        }
    }

    const DEMO_OPUS: &str = "e17598525068bc1b25cdf81ae45fc170";
}
