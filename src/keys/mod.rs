//! The server's own keys: for access tokens, for refresh tokens, and for encrypting secrets in the database: those of
//! third parties, and rooms' passcodes.
//!
//! | module | contents |
//! |---|---|
//! | `key_ring` | all keys of a server or a cluster, in memory |
//! | `folder` | reading and writing the folder that stores them |
//! | `rotation` | adding, rotating and pruning keys in that folder: [`KeyFolder`], used by `tutti keys` |
//! | `export` | the key ring as one line, for the environment |
//! | `encryption` | authenticated encryption: [`Keys::encrypt`] and [`Keys::decrypt`] |
//! | `key_id` | key ids |
//!
//! Each purpose has one active key and any number of others: the active access key signs and all verify, the active
//! encryption key encrypts and all decrypt. Rotation therefore logs out no user and makes no row unreadable. In files
//! and exports, encryption keys are called `seal`.
//!
//! Guarantees: no key is logged, shown by `Debug`, or quoted by an error; only the owner can read the files; a key ring
//! that cannot be read completely is rejected.
//!
//! Not in here: the claims of tokens ([`crate::identity`]), which columns are encrypted, and when keys are reloaded
//! ([`crate::app`]).

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use secrecy::{SecretBox, SecretString};

pub use encryption::{DecryptError, Decrypted, EncryptionContext};
pub use key_id::KeyId;
pub(crate) use key_ring::KeyRing;
pub use rotation::{KeyFolder, KeyState, ListedKey, Pruned};

mod encryption;
mod export;
mod folder;
mod key_id;
mod key_ring;
mod rotation;

/// How long a retired access key is kept, at least. Longer than the lifetime of its last token, with a margin for nodes
/// that reload late.
pub const RETIRED_KEY_RETENTION: Duration = Duration::from_hours(1);

/// A 256-bit secret, zeroed on drop.
pub(crate) type Secret = SecretBox<[u8; 32]>;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Ed25519: signs and verifies access tokens.
    Access,
    /// XChaCha20-Poly1305: encrypts and decrypts stored secrets.
    Encryption,
}

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file or the folder cannot be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A file is missing or malformed.
    #[error("{path}: {reason}")]
    Malformed {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, without quoting the content.
        reason: &'static str,
    },
    /// An entry of an export is malformed.
    #[error("entry {entry}: {reason}")]
    MalformedExport {
        /// The number of the entry, counted from 1.
        entry: usize,
        /// What is wrong, without quoting the content.
        reason: &'static str,
    },
    /// A required entry of an export is missing.
    #[error("{0}")]
    IncompleteExport(&'static str),
    /// The encryption key is active or unknown.
    #[error("{0}")]
    NotRemovable(&'static str),
}

/// The current keys of a server or a cluster. Cheap to clone; a reload changes all clones.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    /// Replaced as a whole. The guard never leaves a method.
    ring: RwLock<Arc<KeyRing>>,
    source: Source,
}

/// Where keys are read from.
enum Source {
    Folder(KeyFolder),
    /// `TUTTI_KEYS`, which cannot change while the process runs.
    Environment,
    /// Generated for tests.
    Memory,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (access, encryption) = self.active_ids();
        f.debug_struct("Keys").field("access", &access).field("encryption", &encryption).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys in a folder, creating the folder and missing keys. Blocks; for the start of the program.
    pub fn from_folder(folder: KeyFolder, now_ms: i64) -> Result<Self, KeysError> {
        folder.create_missing(now_ms)?;
        let ring = folder.read()?;
        Ok(Self::new(ring, Source::Folder(folder)))
    }

    /// Parses a line from [`KeyFolder::export`]. Reads and writes no file.
    pub fn from_export(line: &SecretString) -> Result<Self, KeysError> {
        Ok(Self::new(export::parse(line)?, Source::Environment))
    }

    /// Fresh keys that are not stored, for tests.
    pub fn ephemeral() -> Self {
        Self::new(KeyRing::generate(0), Source::Memory)
    }

    /// Reloads the keys from their folder. On an error the current keys stay in use. Blocks.
    ///
    /// False when the keys do not come from a folder.
    pub fn reload(&self) -> Result<bool, KeysError> {
        let Source::Folder(folder) = &self.0.source else { return Ok(false) };
        let ring = Arc::new(folder.read()?);
        *self.0.ring.write() = ring;
        Ok(true)
    }

    /// The active access key and the active encryption key.
    pub fn active_ids(&self) -> (KeyId, KeyId) {
        let ring = self.ring();
        (ring.access.active(), ring.encryption.active())
    }

    /// A snapshot of all keys. Take it once per operation: two calls may see different keys.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        self.0.ring.read().clone()
    }

    fn new(ring: KeyRing, source: Source) -> Self {
        Self(Arc::new(Inner { ring: RwLock::new(Arc::new(ring)), source }))
    }
}

/// 256 bits from a cryptographically secure generator.
pub(crate) fn generate_secret() -> Secret {
    SecretBox::init_with_mut(|bytes: &mut [u8; 32]| rand::fill(&mut bytes[..]))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    const NOW_MS: i64 = 1_767_268_800_000;

    #[test]
    fn keys_are_created_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        let created = Keys::from_folder(folder.clone(), NOW_MS).unwrap().ring();
        let read = Keys::from_folder(folder, NOW_MS + 1).unwrap().ring();
        assert_eq!(created.signing_key().0, read.signing_key().0);
        assert_eq!(created.encryption.active(), read.encryption.active());
        assert_eq!(created.refresh_secret(), read.refresh_secret());
        assert!(read.verifying_key(&created.signing_key().0.to_string()).is_some());
    }

    #[test]
    fn a_reload_replaces_all_keys_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        let keys = Keys::from_folder(folder.clone(), NOW_MS).unwrap();
        let first = keys.ring().signing_key().0;
        let clone = keys.clone();

        folder.rotate(NOW_MS + 1).unwrap();
        assert_eq!(keys.ring().signing_key().0, first, "a rotation takes effect on reload");
        assert!(keys.reload().unwrap());
        let second = clone.ring().signing_key().0;
        assert_ne!(second, first, "a reload changes all clones");
        assert!(clone.ring().verifying_key(&first.to_string()).is_some());

        folder.rotate(NOW_MS + 2).unwrap();
        fs::write(dir.path().join("keys/refresh.secret"), "too short").unwrap();
        let error = keys.reload().unwrap_err().to_string();
        assert!(error.contains("refresh.secret") && !error.contains("too short"), "{error}");
        assert_eq!(keys.ring().signing_key().0, second, "the current keys stay in use");
    }

    #[test]
    fn keys_from_the_environment_need_no_folder_and_cannot_be_reloaded() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        let from_folder = Keys::from_folder(folder.clone(), NOW_MS).unwrap();
        let from_export = Keys::from_export(&folder.export().unwrap()).unwrap();
        assert_eq!(from_export.ring().signing_key().0, from_folder.ring().signing_key().0);
        fs::remove_dir_all(dir.path().join("keys")).unwrap();
        assert!(!from_export.reload().unwrap());
        assert!(!dir.path().join("keys").exists());
        assert!(from_folder.reload().is_err(), "a reload creates no keys");
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = Keys::ephemeral();
        let shown = format!("{keys:?}");
        assert!(!shown.contains(&BASE64_URL_SAFE_NO_PAD.encode(keys.ring().refresh_secret())), "{shown}");
        assert!(!shown.contains("content"), "{shown}");
    }
}
