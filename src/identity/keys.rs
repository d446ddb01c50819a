//! The server's own keys: Ed25519 for access tokens, a secret for refresh tokens. Made on the first start, kept in files
//! that only their owner may read.
//!
//! ```text
//! keys/
//!   access-<kid>.pem   PKCS#8; every one of them verifies
//!   access-signing     the <kid> of the one that signs
//!   refresh.secret     32 bytes in base64url
//! ```
//!
//! To rotate: add a key, let every node read it, name it in `access-signing`, and remove the old one when its last
//! token has run out. Nobody is logged out.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};

const SIGNING_FILE: &str = "access-signing";
const REFRESH_FILE: &str = "refresh.secret";
/// What precedes the 32 bytes of an Ed25519 private key in PKCS#8 (RFC 8410, section 7).
const PKCS8_ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why the keys cannot be used.
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
}

/// The keys of one server or one cluster.
pub struct Keys {
    verifying: HashMap<String, DecodingKey>,
    signing_kid: String,
    signing: EncodingKey,
    refresh_secret: SecretBox<[u8; 32]>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("signing_kid", &self.signing_kid).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys in a folder, making the folder and what is missing in it. Blocks; for the start of the program.
    pub fn open(dir: &Path) -> Result<Self, KeysError> {
        make_private_dir(dir)?;
        let signing_path = dir.join(SIGNING_FILE);
        let signing_kid = if let Some(kid) = read_secret(&signing_path)? {
            kid.expose_secret().trim().to_owned()
        } else {
            let (kid, pem) = generate_access_key();
            write_secret(&access_path(dir, &kid), &pem)?;
            write_secret(&signing_path, &SecretString::from(kid.clone()))?;
            kid
        };
        let mut verifying = HashMap::new();
        let mut signing = None;
        for (kid, path) in access_files(dir)? {
            let unreadable = || KeysError::Unreadable { path: path.clone(), reason: "not an Ed25519 key in PKCS#8" };
            let pem = read_secret(&path)?.ok_or_else(unreadable)?;
            let (encoding, decoding) = parse_access_key(&pem).ok_or_else(unreadable)?;
            if kid == signing_kid {
                signing = Some(encoding);
            }
            verifying.insert(kid, decoding);
        }
        let signing =
            signing.ok_or(KeysError::Unreadable { path: signing_path, reason: "names no key that is here" })?;
        let refresh_secret = open_refresh_secret(&dir.join(REFRESH_FILE))?;
        Ok(Self { verifying, signing_kid, signing, refresh_secret })
    }

    /// Fresh keys that are kept nowhere, for tests.
    pub fn ephemeral() -> Self {
        let (kid, pem) = generate_access_key();
        let (signing, decoding) = parse_access_key(&pem).expect("a generated key is one");
        Self {
            verifying: HashMap::from([(kid.clone(), decoding)]),
            signing_kid: kid,
            signing,
            refresh_secret: generate_secret(),
        }
    }

    /// The key that signs, and its id.
    pub(super) fn signing(&self) -> (&str, &EncodingKey) {
        (&self.signing_kid, &self.signing)
    }

    /// The key of that id, from here and nowhere else.
    pub(super) fn verifying(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifying.get(kid)
    }

    /// What refresh tokens are derived with.
    pub(super) fn refresh_secret(&self) -> &[u8; 32] {
        self.refresh_secret.expose_secret()
    }
}

/// 256 bits from the operating system's generator.
pub(super) fn generate_secret() -> SecretBox<[u8; 32]> {
    SecretBox::init_with_mut(|bytes: &mut [u8; 32]| rand::fill(&mut bytes[..]))
}

fn generate_access_key() -> (String, SecretString) {
    let seed = generate_secret();
    let mut der = Zeroizing::new(PKCS8_ED25519_PREFIX.to_vec());
    der.extend_from_slice(seed.expose_secret());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64_STANDARD.encode(&der));
    (format!("{:016x}", rand::random::<u64>()), pem.into())
}

fn parse_access_key(pem: &SecretString) -> Option<(EncodingKey, DecodingKey)> {
    let encoding = EncodingKey::from_ed_pem(pem.expose_secret().as_bytes()).ok()?;
    let public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).ok()?;
    Some((encoding, DecodingKey::from_jwk(&public).ok()?))
}

fn open_refresh_secret(path: &Path) -> Result<SecretBox<[u8; 32]>, KeysError> {
    let Some(text) = read_secret(path)? else {
        let secret = generate_secret();
        write_secret(path, &BASE64_URL_SAFE_NO_PAD.encode(secret.expose_secret()).into())?;
        return Ok(secret);
    };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.expose_secret().trim()).map(Zeroizing::new);
    let bytes = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    let bytes = bytes.ok_or(KeysError::Unreadable { path: path.to_owned(), reason: "not 32 bytes in base64url" })?;
    Ok(SecretBox::new(Box::new(bytes)))
}

fn access_path(dir: &Path, kid: &str) -> PathBuf {
    dir.join(format!("access-{kid}.pem"))
}

fn access_files(dir: &Path) -> Result<Vec<(String, PathBuf)>, KeysError> {
    let failed = |cause| KeysError::Io { path: dir.to_owned(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let kid = name.to_str().and_then(|name| name.strip_prefix("access-")?.strip_suffix(".pem"));
        if let Some(kid) = kid {
            files.push((kid.to_owned(), access_path(dir, kid)));
        }
    }
    Ok(files)
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

/// Written beside its place and moved there when it is on the disk, so that a crash leaves no half of a key.
fn write_secret(path: &Path, secret: &SecretString) -> Result<(), KeysError> {
    let write = || {
        let unfinished = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(secret.expose_secret().as_bytes())?;
        file.sync_all()?;
        fs::rename(unfinished, path)
    };
    write().map_err(|cause| KeysError::Io { path: path.to_owned(), cause })
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
        tracing::warn!(path = %path.display(), "others on this machine can read this key; set its mode to 0600");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let made = Keys::open(&dir.path().join("keys")).unwrap();
        let read = Keys::open(&dir.path().join("keys")).unwrap();
        assert_eq!(made.signing_kid, read.signing_kid);
        assert_eq!(made.refresh_secret(), read.refresh_secret());
        assert!(read.verifying(&made.signing_kid).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn only_their_owner_may_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        Keys::open(&keys).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&keys), 0o700);
        let files: Vec<_> = fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 3, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), 0o600, "{file:?}");
        }
    }

    #[test]
    fn a_second_key_verifies_while_the_first_signs() {
        let dir = tempfile::tempdir().unwrap();
        let before = Keys::open(dir.path()).unwrap();
        let (kid, pem) = generate_access_key();
        write_secret(&access_path(dir.path(), &kid), &pem).unwrap();
        let after = Keys::open(dir.path()).unwrap();
        assert_eq!(after.signing_kid, before.signing_kid);
        assert!(after.verifying(&kid).is_some());
    }

    #[test]
    fn a_key_file_that_is_none_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        Keys::open(dir.path()).unwrap();
        fs::write(dir.path().join("access-x.pem"), "not a key").unwrap();
        let error = Keys::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("access-x.pem"), "{error}");
        assert!(!error.contains("not a key"), "{error}");
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = Keys::ephemeral();
        let shown = format!("{keys:?}");
        assert!(!shown.contains(&BASE64_URL_SAFE_NO_PAD.encode(keys.refresh_secret())), "{shown}");
        assert!(!shown.contains("content"), "{shown}");
    }
}
