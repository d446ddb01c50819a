//! Addresses of covers. Covers need no login, because an `<img>` cannot send one, and a track's id follows from the path of
//! its file. So an address contains a signature: only the server can make one.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::id::hexadecimal;
use crate::keys::Keys;

/// Separates these signatures from what else is derived from the same secret.
const PURPOSE: &[u8] = b"cover";

/// Signs the addresses of covers. Signatures stay valid for as long as the server's `refresh.secret` exists: rooms store the
/// addresses.
#[derive(Clone)]
pub struct CoverSigner(Hmac<Sha256>);

impl fmt::Debug for CoverSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CoverSigner")
    }
}

impl CoverSigner {
    /// Signs with the keys of the server or cluster.
    pub fn new(keys: &Keys) -> Self {
        Self::from_secret(keys.ring().refresh_secret())
    }

    /// Signs with this secret.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let mut mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(PURPOSE);
        Self(mac)
    }

    /// The address of a track's cover.
    pub fn address(&self, track: &str) -> String {
        let signature = self.0.clone().chain_update(track).finalize().into_bytes();
        format!("/api/v1/library/tracks/{track}/art/{}", hexadecimal(&signature))
    }

    /// Whether the server made this signature for the track.
    pub fn verifies(&self, track: &str, signature: &str) -> bool {
        let Ok(bytes) = u128::from_str_radix(signature, 16) else { return false };
        self.0.clone().chain_update(track).verify_truncated_left(&bytes.to_be_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signature_of_the_same_track_and_server_is_valid() {
        let (signer, other) = (CoverSigner::from_secret(&[1; 32]), CoverSigner::from_secret(&[2; 32]));
        let (track, another) = ("e17598525068bc1b25cdf81ae45fc170", "e17598525068bc1b25cdf81ae45fc171");
        let address = signer.address(track);
        let signature = address.strip_prefix(&format!("/api/v1/library/tracks/{track}/art/")).expect("an address");
        assert!(signer.verifies(track, signature));
        assert!(!signer.verifies(another, signature) && !other.verifies(track, signature));
        for wrong in ["", "0", "+0", "zz", &signature[1..], &format!("{signature}0"), &"f".repeat(64)] {
            assert!(!signer.verifies(track, wrong), "{wrong}");
        }
    }
}
