//! The server's own keys: for access tokens, for refresh tokens, and for secrets of others that are kept in the database.
//!
//! | module | what |
//! |---|---|
//! | `ring` | all keys of one server or one cluster, in memory |
//! | `files` | the folder they are kept in |
//! | `rotation` | adding, exchanging and removing keys in that folder: [`Folder`], what `tutti keys` works on |
//! | `export` | the whole ring as one line, for the environment |
//! | `sealed` | what is sealed with them: [`Keys::seal`] and [`Keys::open`] |
//! | `id` | what a key is called |
//!
//! Of each purpose there are several keys and one that is in use: one access key signs and all verify, one sealing key
//! writes and all open. So keys are exchanged and nobody is logged out, nothing becomes unreadable.
//!
//! Guarantees: no key is ever logged, shown by `Debug`, or quoted by an error; files are for their owner only; a ring that
//! cannot be read as a whole is not taken at all.
//!
//! Not in here: what tokens say ([`crate::identity`]), which columns are sealed, and when keys are read anew, which
//! [`crate::app`] knows.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use secrecy::{SecretBox, SecretString};

pub use id::KeyId;
pub(crate) use ring::Ring;
pub use rotation::{Folder, Listed, Pruned, State};
pub use sealed::{Opened, Place, SealError};

mod export;
mod files;
mod id;
mod ring;
mod rotation;
mod sealed;

/// How long an access key that stopped signing is kept at least. Longer than its last token lives, with time to spare for
/// nodes that read their keys late.
pub const STOPPED_KEY_KEPT: Duration = Duration::from_hours(1);

/// 256 bits that nobody else knows.
pub(crate) type Secret = SecretBox<[u8; 32]>;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Ed25519: signs access tokens, and verifies them.
    Access,
    /// XChaCha20-Poly1305: seals secrets, and opens them.
    Seal,
}

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file or the folder cannot be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, without any of its content.
        reason: &'static str,
    },
    /// The line in the environment is none.
    #[error("entry {entry}: {reason}")]
    Line {
        /// Which of its entries, counted from 1.
        entry: usize,
        /// What is wrong with it, without any of its content.
        reason: &'static str,
    },
    /// The line in the environment lacks something.
    #[error("{0}")]
    Incomplete(&'static str),
    /// There is no such sealing key that could be removed.
    #[error("{0}")]
    NotRemovable(&'static str),
}

/// The keys of one server or one cluster, as they are now. Cheap to clone; all clones are exchanged together.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    /// Replaced as a whole. Its guard never leaves a method.
    ring: RwLock<Arc<Ring>>,
    source: Source,
}

/// Where keys are read from.
enum Source {
    Folder(Folder),
    /// The environment of a process does not change while it runs.
    Environment,
    Nowhere,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (signs, writes) = self.in_use();
        f.debug_struct("Keys").field("signs", &signs).field("writes", &writes).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys in a folder, making the folder and what is missing in it. Blocks; for the start of the program.
    pub fn from_folder(folder: Folder, now_ms: i64) -> Result<Self, KeysError> {
        folder.make(now_ms)?;
        let ring = folder.read()?;
        Ok(Self::new(ring, Source::Folder(folder)))
    }

    /// Reads the keys from a line that [`Folder::export`] made. No file is read or made.
    pub fn from_line(line: &SecretString) -> Result<Self, KeysError> {
        Ok(Self::new(export::parse(line)?, Source::Environment))
    }

    /// Fresh keys that are kept nowhere, for tests.
    pub fn ephemeral() -> Self {
        Self::new(Ring::generate(0), Source::Nowhere)
    }

    /// Reads the keys anew, where they are kept in files. When they cannot be read all stay as they are. Blocks.
    ///
    /// False when there is nothing to read anew.
    pub fn reload(&self) -> Result<bool, KeysError> {
        let Source::Folder(folder) = &self.0.source else { return Ok(false) };
        let ring = Arc::new(folder.read()?);
        *self.0.ring.write() = ring;
        Ok(true)
    }

    /// Which access key signs and which sealing key writes.
    pub fn in_use(&self) -> (KeyId, KeyId) {
        let ring = self.ring();
        (ring.access.active(), ring.seal.active())
    }

    /// All keys as they are now, for one use: who takes them twice may see two rings.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        self.0.ring.read().clone()
    }

    fn new(ring: Ring, source: Source) -> Self {
        Self(Arc::new(Inner { ring: RwLock::new(Arc::new(ring)), source }))
    }
}

/// 256 bits from the operating system's generator.
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
    fn keys_are_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        let made = Keys::from_folder(folder.clone(), NOW_MS).unwrap().ring();
        let read = Keys::from_folder(folder, NOW_MS + 1).unwrap().ring();
        assert_eq!(made.signing().0, read.signing().0);
        assert_eq!(made.seal.active(), read.seal.active());
        assert_eq!(made.refresh_secret(), read.refresh_secret());
        assert!(read.verifying(&made.signing().0.to_string()).is_some());
    }

    #[test]
    fn keys_are_read_anew_all_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        let keys = Keys::from_folder(folder.clone(), NOW_MS).unwrap();
        let first = keys.ring().signing().0;
        let clone = keys.clone();

        folder.rotate(NOW_MS + 1).unwrap();
        assert_eq!(keys.ring().signing().0, first, "nothing changes by itself");
        assert!(keys.reload().unwrap());
        let second = clone.ring().signing().0;
        assert_ne!(second, first, "clones are exchanged together");
        assert!(clone.ring().verifying(&first.to_string()).is_some());

        folder.rotate(NOW_MS + 2).unwrap();
        fs::write(dir.path().join("keys/refresh.secret"), "too short").unwrap();
        let error = keys.reload().unwrap_err().to_string();
        assert!(error.contains("refresh.secret") && !error.contains("too short"), "{error}");
        assert_eq!(keys.ring().signing().0, second, "the old ring stays whole");
    }

    #[test]
    fn keys_of_the_environment_need_no_folder_and_stay() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        let of_files = Keys::from_folder(folder.clone(), NOW_MS).unwrap();
        let of_line = Keys::from_line(&folder.export().unwrap()).unwrap();
        assert_eq!(of_line.ring().signing().0, of_files.ring().signing().0);
        fs::remove_dir_all(dir.path().join("keys")).unwrap();
        assert!(!of_line.reload().unwrap());
        assert!(!dir.path().join("keys").exists());
        assert!(of_files.reload().is_err(), "a running server makes no keys");
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = Keys::ephemeral();
        let shown = format!("{keys:?}");
        assert!(!shown.contains(&BASE64_URL_SAFE_NO_PAD.encode(keys.ring().refresh_secret())), "{shown}");
        assert!(!shown.contains("content"), "{shown}");
    }
}
