//! Password hashing with bcrypt, on blocking threads, with bounded concurrency and a bounded queue that is fair between
//! addresses; and which passwords may be chosen.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tutti_protocol::{Reason, ReasonValues, reason_values};

use super::turns::Turns;
use super::{
    IdentityError, PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, PASSWORDS_WAITING_MAX, PASSWORDS_WAITING_PER_ADDRESS_MAX,
};
use crate::store::PasswordHash;

/// The lowest strength of a new password, as zxcvbn estimates it: more than a million guesses.
const STRENGTH_MIN: zxcvbn::Score = zxcvbn::Score::Two;

/// A password that bcrypt does not truncate.
#[derive(Clone, Debug)]
pub(super) struct Password(SecretString);

impl Password {
    /// 8 to 72 bytes without NUL: bcrypt reads up to a NUL and repeats a short password, so `a` and `a\0a` would be
    /// equal.
    pub(super) fn parse(raw: &SecretString) -> Result<Self, IdentityError> {
        let wrong = |detail| IdentityError::Invalid(Reason::BadPassword, length_values(), detail);
        let bytes = raw.expose_secret().as_bytes();
        if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&bytes.len()) {
            return Err(wrong("A password has 8 to 72 bytes. Letters with accents and emoji count for several."));
        }
        if bytes.contains(&0) {
            return Err(wrong("A password has no NUL characters."));
        }
        Ok(Self(raw.clone()))
    }

    /// A new password. Refuses weak ones, as zxcvbn estimates them for an attacker who knows `names`.
    pub(super) fn chosen(raw: &SecretString, names: &[&str]) -> Result<Self, IdentityError> {
        let password = Self::parse(raw)?;
        if zxcvbn::zxcvbn(raw.expose_secret(), names).score() < STRENGTH_MIN {
            let detail = "This password is too easy to guess. Use a few words that do not belong together.";
            return Err(IdentityError::Invalid(Reason::WeakPassword, length_values(), detail));
        }
        Ok(password)
    }

    /// A room's passcode. It has other bounds and may be longer than bcrypt's limit, so its digest is hashed.
    pub(super) fn from_passcode(passcode: &str) -> Self {
        Self(BASE64_STANDARD_NO_PAD.encode(Sha256::digest(passcode)).into())
    }

    fn hash(&self, cost: u32) -> bcrypt::BcryptResult<String> {
        // The library counts the NUL that it appends, so it rejects 72 bytes although none are truncated.
        match self.0.expose_secret() {
            full if full.len() == PASSWORD_BYTES_MAX => bcrypt::hash(full, cost),
            password => bcrypt::non_truncating_hash(password, cost),
        }
    }

    fn verify(&self, hash: &str) -> bcrypt::BcryptResult<bool> {
        match self.0.expose_secret() {
            full if full.len() == PASSWORD_BYTES_MAX => bcrypt::verify(full, hash),
            password => bcrypt::non_truncating_verify(password, hash),
        }
    }
}

/// Hashes and verifies passwords.
#[derive(Debug)]
pub(super) struct PasswordHasher {
    cost: u32,
    /// Verified when there is no hash, so that an unknown username takes as long as a wrong password.
    dummy_hash: PasswordHash,
    /// One turn per running hash; half the processors, so that logins do not starve playback.
    turns: Turns,
}

fn length_values() -> ReasonValues {
    reason_values([("min", (PASSWORD_BYTES_MIN as u64).into()), ("max", (PASSWORD_BYTES_MAX as u64).into())])
}

impl PasswordHasher {
    /// `cost` is the binary logarithm of bcrypt's rounds: 4 to 31.
    pub(super) fn new(cost: u32) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            dummy_hash: PasswordHash(format!("$2b${cost:02}$C6UzMDM.H6dfI/f/IKxGhuLwJVTHXfYfPqWMZXKzWxzKZEBvMHNoy")),
            turns: Turns::new(processors.div_ceil(2), PASSWORDS_WAITING_MAX, PASSWORDS_WAITING_PER_ADDRESS_MAX),
        }
    }

    /// Hashes a password for storage, in the turn of `address`.
    pub(super) async fn hash(&self, password: Password, address: IpAddr) -> Result<PasswordHash, IdentityError> {
        let cost = self.cost;
        self.run_bounded(address, move || password.hash(cost)).await.map(PasswordHash)
    }

    /// Verifies a password; false, after the same work, when the hash or a well-formed password is missing.
    pub(super) async fn verify(
        &self,
        password: Option<Password>,
        hash: Option<PasswordHash>,
        address: IpAddr,
    ) -> Result<bool, IdentityError> {
        let possible = password.is_some() && hash.is_some();
        let password = password.unwrap_or_else(|| Password("no password at all".into()));
        let hash = hash.unwrap_or_else(|| self.dummy_hash.clone());
        let matches = self.run_bounded(address, move || password.verify(&hash.0)).await?;
        Ok(matches && possible)
    }

    async fn run_bounded<T, F>(&self, address: IpAddr, job: F) -> Result<T, IdentityError>
    where
        T: Send + 'static,
        F: FnOnce() -> bcrypt::BcryptResult<T> + Send + 'static,
    {
        let turn = self.turns.next(address).await.map_err(|_| IdentityError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the blocking task: when the caller is cancelled the hash still runs.
            let _turn = turn;
            job()
        });
        done.await.map_err(anyhow::Error::from)?.map_err(|error| anyhow::Error::from(error).into())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    const COST: u32 = 4;

    fn password(raw: &str) -> Password {
        Password::parse(&raw.into()).unwrap()
    }

    #[test]
    fn length_bounds_are_inclusive() {
        for (raw, fits) in [("1234567", false), ("12345678", true), ("ääää", true), ("1234567\0", false)] {
            assert_eq!(Password::parse(&raw.into()).is_ok(), fits, "{raw:?}");
        }
        assert!(Password::parse(&"a".repeat(72).into()).is_ok());
        assert!(Password::parse(&"a".repeat(73).into()).is_err());
    }

    #[tokio::test]
    async fn the_seventy_second_byte_counts() {
        let passwords = PasswordHasher::new(COST);
        let long = "a".repeat(71);
        let hash = passwords.hash(password(&format!("{long}b")), HERE).await.unwrap();
        let check = |raw: String| passwords.verify(Some(password(&raw)), Some(hash.clone()), HERE);
        assert!(check(format!("{long}b")).await.unwrap());
        assert!(!check(format!("{long}c")).await.unwrap());
        assert!(!check(long.clone()).await.unwrap());
    }

    #[tokio::test]
    async fn verification_fails_without_a_hash_or_a_password() {
        let passwords = PasswordHasher::new(COST);
        assert!(!passwords.verify(Some(password("12345678")), None, HERE).await.unwrap());
        assert!(!passwords.verify(None, None, HERE).await.unwrap());
        let hash = passwords.hash(password("no password at all"), HERE).await.unwrap();
        assert!(!passwords.verify(None, Some(hash), HERE).await.unwrap());
    }

    #[test]
    fn the_dummy_hash_costs_as_much_as_a_real_one() {
        for cost in [4, 12] {
            let parts: bcrypt::HashParts = PasswordHasher::new(cost).dummy_hash.0.parse().unwrap();
            assert_eq!(parts.get_cost(), cost);
        }
    }

    #[test]
    fn passwords_that_are_guessed_first_cannot_be_chosen() {
        let chosen = |raw: &str| Password::chosen(&raw.into(), &["ana.silva", "Ana Silva"]).is_ok();
        for weak in ["password", "12345678", "Passw0rd!", "aaaaaaaaaaaa", "qwertyuiop", "ana.silva", "iloveyou1"] {
            assert!(!chosen(weak), "{weak}");
        }
        for strong in ["correct horse", "tuba-quiche-91", "xK3!vq9Lm", "der Mond ist aufgegangen", "слоны летят на юг"]
        {
            assert!(chosen(strong), "{strong}");
        }
    }
}
