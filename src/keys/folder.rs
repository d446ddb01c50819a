//! The folder that stores the keys, created on the first start. Only its owner can read it.
//!
//! ```text
//! keys/
//!   access-<kid>.pem    Ed25519 in PKCS#8; all verify
//!   access-signing      the <kid> of the active access key, and when it was activated
//!   seal-<kid>.secret   32 bytes in base64url; all decrypt
//!   seal-writing        the <kid> of the active encryption key, and when it was activated
//!   refresh.secret      32 bytes in base64url
//! ```
//!
//! A key is durable before it is named as the active one, so a concurrent reader, or a start after a crash, finds a
//! complete key ring. The activation time is in Unix milliseconds; it is optional and used for pruning only.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::key_id::KeyId;
use super::key_ring::{AccessKey, KeyRing, KeySet};
use super::rotation::KeyFolder;
use super::{KeysError, Purpose, Secret};
use crate::private_files::give_to_owner_of_folder;

const REFRESH_FILE: &str = "refresh.secret";
const NOT_A_SECRET: &str = "not 32 bytes in base64url";

/// The file names of one purpose.
struct FileNames {
    active: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    not_a_key: &'static str,
}

const ACCESS: FileNames = FileNames {
    active: "access-signing",
    prefix: "access-",
    suffix: ".pem",
    not_a_key: "not an Ed25519 key in PKCS#8",
};
const ENCRYPTION: FileNames =
    FileNames { active: "seal-writing", prefix: "seal-", suffix: ".secret", not_a_key: NOT_A_SECRET };

impl Purpose {
    const fn file_names(self) -> &'static FileNames {
        match self {
            Self::Access => &ACCESS,
            Self::Encryption => &ENCRYPTION,
        }
    }
}

impl KeyFolder {
    /// Creates the folder and missing keys.
    pub(super) fn create_missing(&self, now_ms: i64) -> Result<(), KeysError> {
        make_private_dir(&self.dir)?;
        let fresh = KeyRing::generate(now_ms);
        if !self.has(ACCESS.active)? {
            let (id, key) = fresh.access.active_key();
            self.write_access_key(id, key)?;
            self.write_active(Purpose::Access, id, now_ms)?;
        }
        if !self.has(ENCRYPTION.active)? {
            let (id, key) = fresh.encryption.active_key();
            self.write_encryption_key(id, key)?;
            self.write_active(Purpose::Encryption, id, now_ms)?;
        }
        if !self.has(REFRESH_FILE)? {
            self.write(&self.dir.join(REFRESH_FILE), &encode(&fresh.refresh))?;
        }
        Ok(())
    }

    /// Whether the folder is empty or missing.
    pub(super) fn is_empty(&self) -> Result<bool, KeysError> {
        match fs::read_dir(&self.dir) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(cause) => Err(KeysError::Io { path: self.dir.clone(), cause }),
        }
    }

    /// Reads all keys; an error when a file is missing or malformed.
    pub(super) fn read(&self) -> Result<KeyRing, KeysError> {
        if self.is_empty()? {
            return Err(malformed(&self.dir, "no keys yet; `tutti serve` or `tutti keys add` creates them"));
        }
        let refresh = self.dir.join(REFRESH_FILE);
        let text = read_secret(&refresh)?.ok_or_else(|| missing(&refresh))?;
        Ok(KeyRing {
            access: self.read_set(Purpose::Access, AccessKey::from_pem)?,
            encryption: self.read_set(Purpose::Encryption, decode)?,
            refresh: decode(&text).ok_or_else(|| malformed(&refresh, NOT_A_SECRET))?,
        })
    }

    pub(super) fn write_access_key(&self, id: KeyId, key: &AccessKey) -> Result<(), KeysError> {
        self.write(&self.key_path(Purpose::Access, id), &key.to_pem())
    }

    pub(super) fn write_encryption_key(&self, id: KeyId, key: &Secret) -> Result<(), KeysError> {
        self.write(&self.key_path(Purpose::Encryption, id), &encode(key))
    }

    /// Makes that key the active one.
    pub(super) fn write_active(&self, purpose: Purpose, id: KeyId, now_ms: i64) -> Result<(), KeysError> {
        self.write(&self.dir.join(purpose.file_names().active), &format!("{id} {now_ms}\n").into())
    }

    pub(super) fn remove(&self, purpose: Purpose, id: KeyId) -> Result<(), KeysError> {
        let path = self.key_path(purpose, id);
        fs::remove_file(&path).map_err(|cause| KeysError::Io { path, cause })
    }

    /// The file that names the active key.
    pub(super) fn active_path(&self, purpose: Purpose) -> PathBuf {
        self.dir.join(purpose.file_names().active)
    }

    fn key_path(&self, purpose: Purpose, id: KeyId) -> PathBuf {
        let FileNames { prefix, suffix, .. } = purpose.file_names();
        self.dir.join(format!("{prefix}{id}{suffix}"))
    }

    fn has(&self, name: &str) -> Result<bool, KeysError> {
        let path = self.dir.join(name);
        path.try_exists().map_err(|cause| KeysError::Io { path, cause })
    }

    fn read_set<K>(
        &self,
        purpose: Purpose,
        parse: impl Fn(&SecretString) -> Option<K>,
    ) -> Result<KeySet<K>, KeysError> {
        // The active key is read before the folder is listed: a key is written before it is named as active.
        let path = self.active_path(purpose);
        let text = read_secret(&path)?.ok_or_else(|| missing(&path))?;
        let mut words = text.expose_secret().split_ascii_whitespace();
        let active = words.next().and_then(KeyId::parse).ok_or_else(|| malformed(&path, "names no key"))?;
        let active_since_ms = words.next().and_then(|word| word.parse().ok());

        let mut keys = BTreeMap::new();
        for (id, path) in self.files(purpose)? {
            // `None`: pruned since the folder was listed.
            if let Some(text) = read_secret(&path)? {
                keys.insert(id, parse(&text).ok_or_else(|| malformed(&path, purpose.file_names().not_a_key))?);
            }
        }
        KeySet::new(keys, active, active_since_ms).ok_or_else(|| malformed(&path, "names a key that is missing"))
    }

    fn files(&self, purpose: Purpose) -> Result<Vec<(KeyId, PathBuf)>, KeysError> {
        let FileNames { prefix, suffix, .. } = purpose.file_names();
        let failed = |cause| KeysError::Io { path: self.dir.clone(), cause };
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let kid = name.to_str().and_then(|name| name.strip_prefix(prefix)?.strip_suffix(suffix));
            if let Some(kid) = kid {
                let id = KeyId::parse(kid);
                files.push((
                    id.ok_or_else(|| malformed(&entry.path(), "no valid key id in the file name"))?,
                    entry.path(),
                ));
            }
        }
        Ok(files)
    }

    /// Writes atomically: to a temporary file, synced and renamed, so a crash leaves no partial key. The folder is
    /// synced too, so the key is durable before anything is encrypted with it.
    fn write(&self, path: &Path, secret: &SecretString) -> Result<(), KeysError> {
        let write = || {
            let temporary = path.with_extension("new");
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&temporary)?;
            give_to_owner_of_folder(&temporary)?;
            file.write_all(secret.expose_secret().as_bytes())?;
            file.sync_all()?;
            fs::rename(temporary, path)?;
            #[cfg(unix)]
            fs::File::open(&self.dir)?.sync_all()?;
            Ok(())
        };
        write().map_err(|cause| KeysError::Io { path: path.to_owned(), cause })
    }
}

/// 32 bytes in base64url.
pub(super) fn encode(secret: &Secret) -> SecretString {
    BASE64_URL_SAFE_NO_PAD.encode(secret.expose_secret()).into()
}

/// Parses the output of [`encode`].
pub(super) fn decode(text: &SecretString) -> Option<Secret> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.expose_secret().trim()).map(Zeroizing::new).ok()?;
    Some(SecretBox::new(Box::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?)))
}

fn missing(path: &Path) -> KeysError {
    malformed(path, "file is missing")
}

fn malformed(path: &Path, reason: &'static str) -> KeysError {
    KeysError::Malformed { path: path.to_owned(), reason }
}

fn read_secret(path: &Path) -> Result<Option<SecretString>, KeysError> {
    match fs::read_to_string(path) {
        Ok(text) => {
            warn_if_others_can_read(path);
            Ok(Some(text.into()))
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(KeysError::Io { path: path.to_owned(), cause }),
    }
}

fn make_private_dir(dir: &Path) -> Result<(), KeysError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|cause| KeysError::Io { path: dir.to_owned(), cause })
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "key file is readable by other users; set its mode to 0600");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_767_268_800_000;

    fn created() -> (tempfile::TempDir, KeyFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        folder.create_missing(NOW_MS).unwrap();
        (dir, folder)
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, folder) = created();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.dir), 0o700);
        let files: Vec<_> = fs::read_dir(&folder.dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 5, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), 0o600, "{file:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_written_by_root_belong_to_the_folders_owner() {
        use std::os::unix::fs::{MetadataExt, chown};
        let (_dir, folder) = created();
        if chown(&folder.dir, Some(12_345), Some(12_345)).is_err() {
            return; // Only root can change the owner.
        }
        for (purpose, id) in folder.rotate(NOW_MS).unwrap() {
            for path in [folder.key_path(purpose, id), folder.active_path(purpose)] {
                assert_eq!(fs::metadata(path).unwrap().uid(), 12_345);
            }
        }
    }

    #[test]
    fn missing_keys_are_created_and_existing_ones_are_kept() {
        let (_dir, folder) = created();
        let before = folder.read().unwrap();
        // As in folders from before encryption keys existed.
        fs::remove_file(folder.active_path(Purpose::Encryption)).unwrap();
        fs::remove_file(folder.key_path(Purpose::Encryption, before.encryption.active())).unwrap();
        assert!(folder.read().is_err());
        folder.create_missing(NOW_MS + 1).unwrap();
        let after = folder.read().unwrap();
        assert_eq!(after.access.active(), before.access.active());
        assert_eq!(after.refresh_secret(), before.refresh_secret());
        assert_ne!(after.encryption.active(), before.encryption.active());
    }

    #[test]
    fn an_added_key_verifies_while_the_first_still_signs() {
        let (_dir, folder) = created();
        let before = folder.read().unwrap();
        let other = KeyRing::generate(NOW_MS + 1);
        let (id, key) = other.access.active_key();
        folder.write_access_key(id, key).unwrap();
        let after = folder.read().unwrap();
        assert_eq!(after.access.active(), before.access.active());
        assert!(after.verifying_key(&id.to_string()).is_some());
    }

    #[test]
    fn a_key_generated_by_openssl_is_read() {
        // The first key of RFC 8032, section 7.1, as openssl writes it.
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
        let (_dir, folder) = created();
        let id = KeyRing::generate(NOW_MS + 1).access.active();
        fs::write(folder.key_path(Purpose::Access, id), pem).unwrap();
        let ring = folder.read().unwrap();
        assert_eq!(ring.access.get(id).unwrap().to_pem().expose_secret(), pem);
    }

    #[test]
    fn a_malformed_file_is_rejected_and_named_in_the_error() {
        for (name, content, shown) in [
            ("access-x.pem", "not a key", "no valid key id"),
            ("access-00000000000000aa.pem", "not a key", "not an Ed25519 key"),
            ("access-00000000000000aa.pem", "-----BEGIN PRIVATE KEY-----\nnot\n-----END PRIVATE KEY-----", "Ed25519"),
            ("seal-00000000000000aa.secret", "not a key", "not 32 bytes"),
            ("refresh.secret", "not a key", "not 32 bytes"),
            ("seal-writing", "not a key", "names no key"),
            ("access-signing", "00000000000000aa", "names a key that is missing"),
        ] {
            let (_dir, folder) = created();
            fs::write(folder.dir.join(name), content).unwrap();
            let error = folder.read().err().expect("rejected").to_string();
            assert!(error.contains(name) && error.contains(shown), "{error}");
            assert!(!error.contains("not a key") && !error.contains("00aa\""), "{error}");
        }
    }

    #[test]
    fn the_activation_time_is_optional() {
        let (_dir, folder) = created();
        let id = folder.read().unwrap().access.active();
        fs::write(folder.active_path(Purpose::Access), id.to_string()).unwrap();
        let ring = folder.read().unwrap();
        assert_eq!((ring.access.active(), ring.access.active_since_ms), (id, None));
    }
}
