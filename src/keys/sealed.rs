//! Secrets of others, sealed for the database: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) in an envelope.
//!
//! ```text
//! version 1 byte | kid 8 bytes | nonce 24 bytes | ciphertext and tag
//! ```
//!
//! What is authenticated beside the secret is the envelope's head and the place it is for, each of its parts after its
//! length. A value that was moved to another row, column or table does not open. 192 random bits of nonce do not repeat.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::UserId;

use super::id::KeyId;
use super::{Keys, Secret};

const VERSION: u8 = 1;
const KID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;

/// Where a sealed secret is kept, and whose it is: nowhere else does it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whose row.
    pub user: UserId,
}

/// What was sealed.
#[derive(Debug)]
pub struct Opened {
    /// It.
    pub secret: SecretString,
    /// Sealed by a key that no longer writes: seal it again when you next can.
    pub stale: bool,
}

/// Why something does not open. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed with a key that is not here, or no longer.
    #[error("sealed with key {0}, which is not here")]
    UnknownKey(KeyId),
    /// It was changed, or sealed for another place.
    #[error("does not open here")]
    NotOpened,
    /// It is no envelope that is known here.
    #[error("not a sealed secret")]
    Unreadable,
}

impl Keys {
    /// Seals a secret for one place. Twice the same secret gives two different results.
    pub fn seal(&self, place: &Place, secret: &SecretString) -> Vec<u8> {
        let ring = self.ring();
        let (id, key) = ring.seal.active_key();
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce);
        let head = head(id);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &associated(&head, place) };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).expect("a secret is shorter than 256 GiB");
        [&head[..], &nonce, &sealed].concat()
    }

    /// Opens what was sealed for that place.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<Opened, SealError> {
        let (&[version], rest) = sealed.split_first_chunk().ok_or(SealError::Unreadable)?;
        let (&kid, rest) = rest.split_first_chunk::<KID_BYTES>().ok_or(SealError::Unreadable)?;
        let (&nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Unreadable)?;
        if version != VERSION {
            return Err(SealError::Unreadable);
        }
        let id = KeyId::from_bytes(kid);
        let ring = self.ring();
        let key = ring.seal.get(id).ok_or(SealError::UnknownKey(id))?;
        let payload = Payload { msg: ciphertext, aad: &associated(&head(id), place) };
        let opened = cipher(key).decrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::NotOpened)?;
        let opened = Zeroizing::new(opened);
        let secret = str::from_utf8(&opened).map_err(|_| SealError::Unreadable)?.into();
        Ok(Opened { secret, stale: id != ring.seal.active() })
    }
}

fn cipher(key: &Secret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose_secret().into())
}

fn head(id: KeyId) -> [u8; 1 + KID_BYTES] {
    let mut head = [VERSION; 1 + KID_BYTES];
    head[1..].copy_from_slice(&id.to_bytes());
    head
}

/// Each part after its length, so that no two places have the same.
fn associated(head: &[u8], place: &Place) -> Vec<u8> {
    let parts = [head, place.table.as_bytes(), place.column.as_bytes(), place.user.0.as_bytes()];
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::keys::Folder;

    const HEAD_BYTES: usize = 1 + KID_BYTES;

    fn place() -> Place {
        Place { table: "spotify_accounts", column: "refresh_token", user: UserId(Uuid::from_u128(7)) }
    }

    fn secret() -> SecretString {
        "a token of somebody else".into()
    }

    #[test]
    fn two_seals_of_one_secret_have_nothing_in_common() {
        let keys = Keys::ephemeral();
        let (one, other) = (keys.seal(&place(), &secret()), keys.seal(&place(), &secret()));
        assert_eq!(one[..HEAD_BYTES], other[..HEAD_BYTES]);
        assert_ne!(one[HEAD_BYTES..][..NONCE_BYTES], other[HEAD_BYTES..][..NONCE_BYTES]);
        assert_ne!(one[HEAD_BYTES + NONCE_BYTES..], other[HEAD_BYTES + NONCE_BYTES..]);
    }

    #[test]
    fn it_opens_nowhere_else() {
        let keys = Keys::ephemeral();
        let sealed = keys.seal(&place(), &secret());
        for elsewhere in [
            Place { user: UserId(Uuid::from_u128(8)), ..place() },
            Place { table: "spotify_account", ..place() },
            Place { column: "access_token", ..place() },
            // The same letters, divided otherwise.
            Place { table: "spotify_accountsr", column: "efresh_token", ..place() },
            Place { table: "", column: "spotify_accountsrefresh_token", ..place() },
        ] {
            assert_eq!(keys.open(&elsewhere, &sealed).unwrap_err(), SealError::NotOpened, "{elsewhere:?}");
        }
    }

    #[test]
    fn a_foreign_key_does_not_open_it() {
        let (keys, others) = (Keys::ephemeral(), Keys::ephemeral());
        let sealed = keys.seal(&place(), &secret());
        let id = keys.ring().seal.active();
        assert_eq!(others.open(&place(), &sealed).unwrap_err(), SealError::UnknownKey(id));
        // Even if it were called the same.
        let mut renamed = sealed;
        renamed[1..HEAD_BYTES].copy_from_slice(&others.ring().seal.active().to_bytes());
        assert_eq!(others.open(&place(), &renamed).unwrap_err(), SealError::NotOpened);
    }

    #[test]
    fn after_a_rotation_old_rows_open_and_are_stale() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        let keys = Keys::from_folder(folder.clone(), 1).unwrap();
        let old = keys.seal(&place(), &secret());
        assert!(!keys.open(&place(), &old).unwrap().stale);

        folder.rotate(2).unwrap();
        keys.reload().unwrap();
        let opened = keys.open(&place(), &old).unwrap();
        assert!(opened.stale);
        assert_eq!(opened.secret.expose_secret(), secret().expose_secret());
        let new = keys.seal(&place(), &opened.secret);
        assert!(!keys.open(&place(), &new).unwrap().stale);

        let id = KeyId::from_bytes(old[1..HEAD_BYTES].try_into().unwrap());
        folder.remove_sealing(id).unwrap();
        keys.reload().unwrap();
        assert_eq!(keys.open(&place(), &old).unwrap_err(), SealError::UnknownKey(id));
        assert!(keys.open(&place(), &new).is_ok());
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let keys = Keys::ephemeral();
        let mut sealed = keys.seal(&place(), &secret());
        let shown = format!("{:?}", keys.open(&place(), &sealed));
        assert!(!shown.contains("token of"), "{shown}");
        sealed.pop();
        let error = keys.open(&place(), &sealed).unwrap_err();
        assert_eq!(format!("{error} {error:?}"), "does not open here NotOpened");
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_opens(text in any::<String>(), user in any::<u128>()) {
            let keys = Keys::ephemeral();
            let place = Place { user: UserId(Uuid::from_u128(user)), ..place() };
            let opened = keys.open(&place, &keys.seal(&place, &text.as_str().into())).unwrap();
            prop_assert_eq!(opened.secret.expose_secret(), &text);
            prop_assert!(!opened.stale);
        }

        #[test]
        fn one_flipped_bit_and_it_does_not_open(bit in any::<prop::sample::Index>()) {
            let keys = Keys::ephemeral();
            let mut sealed = keys.seal(&place(), &secret());
            let bit = bit.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(keys.open(&place(), &sealed).is_err());
        }

        #[test]
        fn what_was_cut_off_does_not_open(end in any::<prop::sample::Index>()) {
            let keys = Keys::ephemeral();
            let sealed = keys.seal(&place(), &secret());
            prop_assert!(keys.open(&place(), &sealed[..end.index(sealed.len())]).is_err());
        }

        #[test]
        fn whatever_else_is_in_the_database_does_not_open(bytes in any::<Vec<u8>>()) {
            prop_assert!(Keys::ephemeral().open(&place(), &bytes).is_err());
        }

        #[test]
        fn a_head_alone_opens_nothing(rest in any::<Vec<u8>>()) {
            let keys = Keys::ephemeral();
            let forged = [&head(keys.ring().seal.active())[..], &rest].concat();
            let error = keys.open(&place(), &forged).unwrap_err();
            let expected = if rest.len() < NONCE_BYTES { SealError::Unreadable } else { SealError::NotOpened };
            prop_assert_eq!(error, expected);
        }
    }
}
