//! Authenticated encryption of stored secrets, such as third-party tokens: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! ```text
//! version 1 byte | kid 8 bytes | nonce 24 bytes | ciphertext and tag
//! ```
//!
//! The header and the [`EncryptionContext`] are authenticated as associated data, each part prefixed by its length: a
//! ciphertext that was moved to another row, column or table cannot be decrypted. Random 192-bit nonces do not repeat.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::key_id::KeyId;
use super::{Keys, Secret};

const VERSION: u8 = 1;
const KID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;

/// Where a ciphertext is stored. Decryption with any other context fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptionContext {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The id of its row: of a user, a room, or the like.
    pub row: Uuid,
}

/// A decrypted secret.
#[derive(Debug)]
pub struct Decrypted {
    /// The plaintext.
    pub secret: SecretString,
    /// Encrypted with a retired key: encrypt it again at the next opportunity.
    pub outdated_key: bool,
}

/// Why decryption fails. Reveals nothing about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// The key was removed, or belongs to another server.
    #[error("encrypted with unknown key {0}")]
    UnknownKey(KeyId),
    /// The ciphertext was modified, or belongs to another context.
    #[error("authentication failed")]
    NotAuthentic,
    /// Not a ciphertext of a known version.
    #[error("malformed ciphertext")]
    Malformed,
}

impl Keys {
    /// Encrypts a secret for one context. Not deterministic: every call uses a fresh nonce.
    pub fn encrypt(&self, context: &EncryptionContext, secret: &SecretString) -> Vec<u8> {
        let ring = self.ring();
        let (id, key) = ring.encryption.active_key();
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce);
        let header = header(id);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &associated_data(&header, context) };
        let body = cipher(key).encrypt(&XNonce::from(nonce), payload).expect("a secret is shorter than 256 GiB");
        [&header[..], &nonce, &body].concat()
    }

    /// Decrypts what was encrypted for that context.
    pub fn decrypt(&self, context: &EncryptionContext, ciphertext: &[u8]) -> Result<Decrypted, DecryptError> {
        let (&[version], rest) = ciphertext.split_first_chunk().ok_or(DecryptError::Malformed)?;
        let (&kid, rest) = rest.split_first_chunk::<KID_BYTES>().ok_or(DecryptError::Malformed)?;
        let (&nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(DecryptError::Malformed)?;
        if version != VERSION {
            return Err(DecryptError::Malformed);
        }
        let id = KeyId::from_bytes(kid);
        let ring = self.ring();
        let key = ring.encryption.get(id).ok_or(DecryptError::UnknownKey(id))?;
        let payload = Payload { msg: body, aad: &associated_data(&header(id), context) };
        let plaintext = cipher(key).decrypt(&XNonce::from(nonce), payload).map_err(|_| DecryptError::NotAuthentic)?;
        let plaintext = Zeroizing::new(plaintext);
        let secret = str::from_utf8(&plaintext).map_err(|_| DecryptError::Malformed)?.into();
        Ok(Decrypted { secret, outdated_key: id != ring.encryption.active() })
    }
}

fn cipher(key: &Secret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose_secret().into())
}

fn header(id: KeyId) -> [u8; 1 + KID_BYTES] {
    let mut header = [VERSION; 1 + KID_BYTES];
    header[1..].copy_from_slice(&id.to_bytes());
    header
}

/// Each part prefixed by its length, so that no two contexts encode to the same bytes.
fn associated_data(header: &[u8], context: &EncryptionContext) -> Vec<u8> {
    let parts = [header, context.table.as_bytes(), context.column.as_bytes(), context.row.as_bytes()];
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::KeyFolder;

    const HEADER_BYTES: usize = 1 + KID_BYTES;

    fn context() -> EncryptionContext {
        EncryptionContext { table: "spotify_accounts", column: "refresh_token", row: Uuid::from_u128(7) }
    }

    fn secret() -> SecretString {
        "a third-party token".into()
    }

    #[test]
    fn two_ciphertexts_of_one_secret_share_only_the_header() {
        let keys = Keys::ephemeral();
        let (one, other) = (keys.encrypt(&context(), &secret()), keys.encrypt(&context(), &secret()));
        assert_eq!(one[..HEADER_BYTES], other[..HEADER_BYTES]);
        assert_ne!(one[HEADER_BYTES..][..NONCE_BYTES], other[HEADER_BYTES..][..NONCE_BYTES]);
        assert_ne!(one[HEADER_BYTES + NONCE_BYTES..], other[HEADER_BYTES + NONCE_BYTES..]);
    }

    #[test]
    fn decryption_needs_the_same_context() {
        let keys = Keys::ephemeral();
        let encrypted = keys.encrypt(&context(), &secret());
        for other in [
            EncryptionContext { row: Uuid::from_u128(8), ..context() },
            EncryptionContext { table: "spotify_account", ..context() },
            EncryptionContext { column: "access_token", ..context() },
            // The same bytes, divided differently.
            EncryptionContext { table: "spotify_accountsr", column: "efresh_token", ..context() },
            EncryptionContext { table: "", column: "spotify_accountsrefresh_token", ..context() },
        ] {
            assert_eq!(keys.decrypt(&other, &encrypted).unwrap_err(), DecryptError::NotAuthentic, "{other:?}");
        }
    }

    #[test]
    fn decryption_needs_the_same_key() {
        let (keys, others) = (Keys::ephemeral(), Keys::ephemeral());
        let encrypted = keys.encrypt(&context(), &secret());
        let id = keys.ring().encryption.active();
        assert_eq!(others.decrypt(&context(), &encrypted).unwrap_err(), DecryptError::UnknownKey(id));
        // Even under the same id.
        let mut renamed = encrypted;
        renamed[1..HEADER_BYTES].copy_from_slice(&others.ring().encryption.active().to_bytes());
        assert_eq!(others.decrypt(&context(), &renamed).unwrap_err(), DecryptError::NotAuthentic);
    }

    #[test]
    fn after_a_rotation_old_rows_decrypt_and_report_an_outdated_key() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        let keys = Keys::from_folder(folder.clone(), 1).unwrap();
        let old = keys.encrypt(&context(), &secret());
        assert!(!keys.decrypt(&context(), &old).unwrap().outdated_key);

        folder.rotate(2).unwrap();
        keys.reload().unwrap();
        let decrypted = keys.decrypt(&context(), &old).unwrap();
        assert!(decrypted.outdated_key);
        assert_eq!(decrypted.secret.expose_secret(), secret().expose_secret());
        let new = keys.encrypt(&context(), &decrypted.secret);
        assert!(!keys.decrypt(&context(), &new).unwrap().outdated_key);

        let id = KeyId::from_bytes(old[1..HEADER_BYTES].try_into().unwrap());
        folder.remove_encryption_key(id).unwrap();
        keys.reload().unwrap();
        assert_eq!(keys.decrypt(&context(), &old).unwrap_err(), DecryptError::UnknownKey(id));
        assert!(keys.decrypt(&context(), &new).is_ok());
    }

    #[test]
    fn debug_and_errors_show_no_plaintext() {
        let keys = Keys::ephemeral();
        let mut encrypted = keys.encrypt(&context(), &secret());
        let shown = format!("{:?}", keys.decrypt(&context(), &encrypted));
        assert!(!shown.contains("third-party"), "{shown}");
        encrypted.pop();
        let error = keys.decrypt(&context(), &encrypted).unwrap_err();
        assert_eq!(format!("{error} {error:?}"), "authentication failed NotAuthentic");
    }

    proptest! {
        #[test]
        fn any_secret_round_trips(text in any::<String>(), row in any::<u128>()) {
            let keys = Keys::ephemeral();
            let context = EncryptionContext { row: Uuid::from_u128(row), ..context() };
            let decrypted = keys.decrypt(&context, &keys.encrypt(&context, &text.as_str().into())).unwrap();
            prop_assert_eq!(decrypted.secret.expose_secret(), &text);
            prop_assert!(!decrypted.outdated_key);
        }

        #[test]
        fn one_flipped_bit_makes_decryption_fail(bit in any::<prop::sample::Index>()) {
            let keys = Keys::ephemeral();
            let mut encrypted = keys.encrypt(&context(), &secret());
            let bit = bit.index(encrypted.len() * 8);
            encrypted[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(keys.decrypt(&context(), &encrypted).is_err());
        }

        #[test]
        fn a_truncated_ciphertext_is_rejected(end in any::<prop::sample::Index>()) {
            let keys = Keys::ephemeral();
            let encrypted = keys.encrypt(&context(), &secret());
            prop_assert!(keys.decrypt(&context(), &encrypted[..end.index(encrypted.len())]).is_err());
        }

        #[test]
        fn arbitrary_bytes_are_rejected(bytes in any::<Vec<u8>>()) {
            prop_assert!(Keys::ephemeral().decrypt(&context(), &bytes).is_err());
        }

        #[test]
        fn a_forged_body_behind_a_valid_header_is_rejected(rest in any::<Vec<u8>>()) {
            let keys = Keys::ephemeral();
            let forged = [&header(keys.ring().encryption.active())[..], &rest].concat();
            let error = keys.decrypt(&context(), &forged).unwrap_err();
            let expected = if rest.len() < NONCE_BYTES { DecryptError::Malformed } else { DecryptError::NotAuthentic };
            prop_assert_eq!(error, expected);
        }
    }
}
