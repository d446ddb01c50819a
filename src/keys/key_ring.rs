//! All keys of a server or a cluster, in memory.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::key_id::KeyId;
use super::{Secret, generate_secret};

/// The DER prefix of a 32-byte Ed25519 private key in PKCS#8 (RFC 8410, section 7).
const PKCS8_ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// All keys, by purpose.
pub(crate) struct KeyRing {
    /// The active key signs, all verify.
    pub(super) access: KeySet<AccessKey>,
    /// The active key encrypts, all decrypt.
    pub(super) encryption: KeySet<Secret>,
    /// Derives a refresh token from its predecessor. Useless without a refresh token, so it is never rotated.
    pub(super) refresh: Secret,
}

/// The keys of one purpose, one of which is active.
pub(super) struct KeySet<K> {
    keys: BTreeMap<KeyId, K>,
    active: KeyId,
    /// When the active key was activated, in Unix milliseconds, if known.
    pub(super) active_since_ms: Option<i64>,
}

/// An Ed25519 key, parsed for signing and for verifying.
pub(super) struct AccessKey {
    seed: Secret,
    signing: EncodingKey,
    verifying: DecodingKey,
}

impl KeyRing {
    /// Fresh keys.
    pub(super) fn generate(now_ms: i64) -> Self {
        Self { access: KeySet::generate(now_ms), encryption: KeySet::generate(now_ms), refresh: generate_secret() }
    }

    /// The active access key and its id.
    pub(crate) fn signing_key(&self) -> (KeyId, &EncodingKey) {
        let (id, key) = self.access.active_key();
        (id, &key.signing)
    }

    /// The access key with that id. Only keys of this ring verify; a token's own key headers are ignored.
    pub(crate) fn verifying_key(&self, kid: &str) -> Option<&DecodingKey> {
        self.access.get(KeyId::parse(kid)?).map(|key| &key.verifying)
    }

    /// The HMAC key that derives refresh tokens.
    pub(crate) fn refresh_secret(&self) -> &[u8; 32] {
        self.refresh.expose_secret()
    }
}

/// A key that is built from a 256-bit secret.
pub(super) trait FromSecret {
    fn from_secret(secret: Secret) -> Self;
    fn secret(&self) -> &Secret;
}

impl FromSecret for Secret {
    fn from_secret(secret: Secret) -> Self {
        secret
    }

    fn secret(&self) -> &Secret {
        self
    }
}

impl FromSecret for AccessKey {
    fn from_secret(seed: Secret) -> Self {
        let signing = EncodingKey::from_ed_der(&pkcs8(&seed));
        // The library derives the public key only when it builds a JWK.
        let public = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).expect("any 32 bytes are an Ed25519 key");
        let verifying = DecodingKey::from_jwk(&public).expect("the library reads its own JWK");
        Self { seed, signing, verifying }
    }

    fn secret(&self) -> &Secret {
        &self.seed
    }
}

impl AccessKey {
    /// Reads a PKCS#8 file.
    pub(super) fn from_pem(pem: &SecretString) -> Option<Self> {
        let body = pem.expose_secret().trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let der = Zeroizing::new(BASE64_STANDARD.decode(body.as_bytes()).ok()?);
        let seed: &[u8; 32] = der.strip_prefix(&PKCS8_ED25519_PREFIX)?.try_into().ok()?;
        Some(Self::from_secret(SecretBox::new(Box::new(*seed))))
    }

    /// Writes a PKCS#8 file.
    pub(super) fn to_pem(&self) -> SecretString {
        format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", BASE64_STANDARD.encode(&*pkcs8(&self.seed))).into()
    }
}

fn pkcs8(seed: &Secret) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([&PKCS8_ED25519_PREFIX[..], seed.expose_secret()].concat())
}

impl<K: FromSecret> KeySet<K> {
    /// One fresh, active key.
    fn generate(now_ms: i64) -> Self {
        let id = KeyId::generate(now_ms, None);
        let keys = BTreeMap::from([(id, K::from_secret(generate_secret()))]);
        Self { keys, active: id, active_since_ms: Some(now_ms) }
    }
}

impl<K> KeySet<K> {
    /// `None` when `active` is not among `keys`.
    pub(super) fn new(keys: BTreeMap<KeyId, K>, active: KeyId, active_since_ms: Option<i64>) -> Option<Self> {
        keys.contains_key(&active).then_some(Self { keys, active, active_since_ms })
    }

    pub(super) fn active(&self) -> KeyId {
        self.active
    }

    pub(super) fn active_key(&self) -> (KeyId, &K) {
        (self.active, &self.keys[&self.active])
    }

    pub(super) fn get(&self, id: KeyId) -> Option<&K> {
        self.keys.get(&id)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (KeyId, &K)> {
        self.keys.iter().map(|(id, key)| (*id, key))
    }

    pub(super) fn newest(&self) -> KeyId {
        self.keys.last_key_value().map_or(self.active, |(id, _)| *id)
    }

    /// The newest key, if it has not been activated yet.
    pub(super) fn pending(&self) -> Option<KeyId> {
        Some(self.newest()).filter(|newest| *newest > self.active)
    }
}
