//! Ids of tracks: a digest of where the file is, so that they are stable across restarts and index rebuilds, and reveal no path.

use sha2::{Digest, Sha256};

/// Length of an id, in characters.
const ID_CHARS: usize = 32;

/// The id of the track in the file at `path`, relative to the library and with forward slashes: the first 16 bytes of its
/// SHA-256, in lower-case hexadecimal.
pub fn track_id(path: &str) -> String {
    let digest = Sha256::digest(path.as_bytes());
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
