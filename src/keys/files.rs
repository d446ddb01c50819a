//! The folder that keys are kept in, made on the first start. Only its owner may read it.
//!
//! ```text
//! keys/
//!   access-<kid>.pem    Ed25519 in PKCS#8; every one of them verifies
//!   access-signing      the <kid> of the one that signs, and since when
//!   seal-<kid>.secret   32 bytes in base64url; every one of them opens
//!   seal-writing        the <kid> of the one that writes, and since when
//!   refresh.secret      32 bytes in base64url
//! ```
//!
//! A key is on the disk before it is named as the one in use, so whoever reads meanwhile, and whoever comes after a crash,
//! finds a whole ring. "Since when" is in Unix milliseconds and may be missing: it is for pruning only.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::id::KeyId;
use super::ring::{AccessKey, KeySet, Ring};
use super::rotation::Folder;
use super::{KeysError, Purpose, Secret};

const REFRESH_FILE: &str = "refresh.secret";
const NOT_A_SECRET: &str = "not 32 bytes in base64url";

/// How the files of one purpose are called.
struct Names {
    active: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    not_a_key: &'static str,
}

const ACCESS: Names =
    Names { active: "access-signing", prefix: "access-", suffix: ".pem", not_a_key: "not an Ed25519 key in PKCS#8" };
const SEAL: Names = Names { active: "seal-writing", prefix: "seal-", suffix: ".secret", not_a_key: NOT_A_SECRET };

impl Purpose {
    const fn names(self) -> &'static Names {
        match self {
            Self::Access => &ACCESS,
            Self::Seal => &SEAL,
        }
    }
}

impl Folder {
    /// Makes the folder and what is missing in it.
    pub(super) fn make(&self, now_ms: i64) -> Result<(), KeysError> {
        make_private_dir(&self.dir)?;
        let fresh = Ring::generate(now_ms);
        if !self.has(ACCESS.active)? {
            let (id, key) = fresh.access.active_key();
            self.write_access(id, key)?;
            self.write_active(Purpose::Access, id, now_ms)?;
        }
        if !self.has(SEAL.active)? {
            let (id, key) = fresh.seal.active_key();
            self.write_seal(id, key)?;
            self.write_active(Purpose::Seal, id, now_ms)?;
        }
        if !self.has(REFRESH_FILE)? {
            self.write(&self.dir.join(REFRESH_FILE), &encode(&fresh.refresh))?;
        }
        Ok(())
    }

    /// Whether there is nothing in it, or no folder at all.
    pub(super) fn is_empty(&self) -> Result<bool, KeysError> {
        match fs::read_dir(&self.dir) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(cause) => Err(KeysError::Io { path: self.dir.clone(), cause }),
        }
    }

    /// Reads all of it; an error when anything is missing, or is something else than it should be.
    pub(super) fn read(&self) -> Result<Ring, KeysError> {
        if self.is_empty()? {
            return Err(unreadable(&self.dir, "no keys are here yet; `tutti serve` makes them, or `tutti keys add`"));
        }
        let refresh = self.dir.join(REFRESH_FILE);
        let text = read_secret(&refresh)?.ok_or_else(|| missing(&refresh))?;
        Ok(Ring {
            access: self.read_set(Purpose::Access, AccessKey::from_pem)?,
            seal: self.read_set(Purpose::Seal, decode)?,
            refresh: decode(&text).ok_or_else(|| unreadable(&refresh, NOT_A_SECRET))?,
        })
    }

    pub(super) fn write_access(&self, id: KeyId, key: &AccessKey) -> Result<(), KeysError> {
        self.write(&self.key_path(Purpose::Access, id), &key.to_pem())
    }

    pub(super) fn write_seal(&self, id: KeyId, key: &Secret) -> Result<(), KeysError> {
        self.write(&self.key_path(Purpose::Seal, id), &encode(key))
    }

    /// From now on that key is the one in use.
    pub(super) fn write_active(&self, purpose: Purpose, id: KeyId, now_ms: i64) -> Result<(), KeysError> {
        self.write(&self.dir.join(purpose.names().active), &format!("{id} {now_ms}\n").into())
    }

    pub(super) fn remove(&self, purpose: Purpose, id: KeyId) -> Result<(), KeysError> {
        let path = self.key_path(purpose, id);
        fs::remove_file(&path).map_err(|cause| KeysError::Io { path, cause })
    }

    /// Which file says what of that purpose is in use.
    pub(super) fn active_path(&self, purpose: Purpose) -> PathBuf {
        self.dir.join(purpose.names().active)
    }

    fn key_path(&self, purpose: Purpose, id: KeyId) -> PathBuf {
        let Names { prefix, suffix, .. } = purpose.names();
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
        // First which one is in use, then what there is: what is named by then is there.
        let path = self.active_path(purpose);
        let text = read_secret(&path)?.ok_or_else(|| missing(&path))?;
        let mut words = text.expose_secret().split_ascii_whitespace();
        let active = words.next().and_then(KeyId::parse).ok_or_else(|| unreadable(&path, "names no key"))?;
        let active_since_ms = words.next().and_then(|word| word.parse().ok());

        let mut keys = BTreeMap::new();
        for (id, path) in self.files(purpose)? {
            // One that was pruned since the folder was listed is gone.
            if let Some(text) = read_secret(&path)? {
                keys.insert(id, parse(&text).ok_or_else(|| unreadable(&path, purpose.names().not_a_key))?);
            }
        }
        KeySet::new(keys, active, active_since_ms).ok_or_else(|| unreadable(&path, "names no key that is here"))
    }

    fn files(&self, purpose: Purpose) -> Result<Vec<(KeyId, PathBuf)>, KeysError> {
        let Names { prefix, suffix, .. } = purpose.names();
        let failed = |cause| KeysError::Io { path: self.dir.clone(), cause };
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let kid = name.to_str().and_then(|name| name.strip_prefix(prefix)?.strip_suffix(suffix));
            if let Some(kid) = kid {
                let id = KeyId::parse(kid);
                files.push((id.ok_or_else(|| unreadable(&entry.path(), "not named by a key's id"))?, entry.path()));
            }
        }
        Ok(files)
    }

    /// Written beside its place and moved there when it is on the disk, so that a crash leaves no half of a key; and the
    /// move is on the disk before anything is sealed with it.
    fn write(&self, path: &Path, secret: &SecretString) -> Result<(), KeysError> {
        let write = || {
            let unfinished = path.with_extension("new");
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&unfinished)?;
            #[cfg(unix)]
            give_to_owner_of(&self.dir, &file)?;
            file.write_all(secret.expose_secret().as_bytes())?;
            file.sync_all()?;
            fs::rename(unfinished, path)?;
            #[cfg(unix)]
            fs::File::open(&self.dir)?.sync_all()?;
            Ok(())
        };
        write().map_err(|cause| KeysError::Io { path: path.to_owned(), cause })
    }
}

/// 32 bytes as they are written.
pub(super) fn encode(secret: &Secret) -> SecretString {
    BASE64_URL_SAFE_NO_PAD.encode(secret.expose_secret()).into()
}

/// Reads what [`encode`] wrote.
pub(super) fn decode(text: &SecretString) -> Option<Secret> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.expose_secret().trim()).map(Zeroizing::new).ok()?;
    Some(SecretBox::new(Box::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?)))
}

fn missing(path: &Path) -> KeysError {
    unreadable(path, "is not here")
}

fn unreadable(path: &Path, reason: &'static str) -> KeysError {
    KeysError::Unreadable { path: path.to_owned(), reason }
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

/// What root writes with `tutti keys`, the server's own user must be able to read. Nobody else can give a file away, or
/// has to.
#[cfg(unix)]
fn give_to_owner_of(dir: &Path, file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (of_dir, of_file) = (fs::metadata(dir)?, file.metadata()?);
    let by_root_for_another = of_file.uid() == 0 && of_dir.uid() != 0;
    if by_root_for_another { fchown(file, Some(of_dir.uid()), Some(of_dir.gid())) } else { Ok(()) }
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "others on this machine can read this key; set its mode to 0600");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_767_268_800_000;

    fn made() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        folder.make(NOW_MS).unwrap();
        (dir, folder)
    }

    #[cfg(unix)]
    #[test]
    fn only_their_owner_may_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, folder) = made();
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
    fn what_root_adds_is_the_servers() {
        use std::os::unix::fs::{MetadataExt, chown};
        let (_dir, folder) = made();
        if chown(&folder.dir, Some(12_345), Some(12_345)).is_err() {
            return; // Only root can do what this is about.
        }
        for (purpose, id) in folder.rotate(NOW_MS).unwrap() {
            for path in [folder.key_path(purpose, id), folder.active_path(purpose)] {
                assert_eq!(fs::metadata(path).unwrap().uid(), 12_345);
            }
        }
    }

    #[test]
    fn what_is_missing_is_made_and_what_is_there_stays() {
        let (_dir, folder) = made();
        let before = folder.read().unwrap();
        // As it was before anything was sealed.
        fs::remove_file(folder.active_path(Purpose::Seal)).unwrap();
        fs::remove_file(folder.key_path(Purpose::Seal, before.seal.active())).unwrap();
        assert!(folder.read().is_err());
        folder.make(NOW_MS + 1).unwrap();
        let after = folder.read().unwrap();
        assert_eq!(after.access.active(), before.access.active());
        assert_eq!(after.refresh_secret(), before.refresh_secret());
        assert_ne!(after.seal.active(), before.seal.active());
    }

    #[test]
    fn a_second_key_verifies_while_the_first_signs() {
        let (_dir, folder) = made();
        let before = folder.read().unwrap();
        let other = Ring::generate(NOW_MS + 1);
        let (id, key) = other.access.active_key();
        folder.write_access(id, key).unwrap();
        let after = folder.read().unwrap();
        assert_eq!(after.access.active(), before.access.active());
        assert!(after.verifying(&id.to_string()).is_some());
    }

    #[test]
    fn a_key_that_openssl_made_is_read() {
        // The first key of RFC 8032, section 7.1, as openssl writes it.
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
        let (_dir, folder) = made();
        let id = Ring::generate(NOW_MS + 1).access.active();
        fs::write(folder.key_path(Purpose::Access, id), pem).unwrap();
        let ring = folder.read().unwrap();
        assert_eq!(ring.access.get(id).unwrap().to_pem().expose_secret(), pem);
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_by_name() {
        for (name, content, shown) in [
            ("access-x.pem", "not a key", "not named by"),
            ("access-00000000000000aa.pem", "not a key", "not an Ed25519 key"),
            ("access-00000000000000aa.pem", "-----BEGIN PRIVATE KEY-----\nnot\n-----END PRIVATE KEY-----", "Ed25519"),
            ("seal-00000000000000aa.secret", "not a key", "not 32 bytes"),
            ("refresh.secret", "not a key", "not 32 bytes"),
            ("seal-writing", "not a key", "names no key"),
            ("access-signing", "00000000000000aa", "names no key that is here"),
        ] {
            let (_dir, folder) = made();
            fs::write(folder.dir.join(name), content).unwrap();
            let error = folder.read().err().expect("refused").to_string();
            assert!(error.contains(name) && error.contains(shown), "{error}");
            assert!(!error.contains("not a key") && !error.contains("00aa\""), "{error}");
        }
    }

    #[test]
    fn a_time_that_is_missing_is_missed_by_nobody() {
        let (_dir, folder) = made();
        let id = folder.read().unwrap().access.active();
        fs::write(folder.active_path(Purpose::Access), id.to_string()).unwrap();
        let ring = folder.read().unwrap();
        assert_eq!((ring.access.active(), ring.access.active_since_ms), (id, None));
    }
}
