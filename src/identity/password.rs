//! Passwords: bcrypt, off the async threads, in a bounded number at a time.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{IdentityError, PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, PASSWORD_CHECKS_WAITING_MAX};
use crate::store::PasswordHash;

/// A password that bcrypt sees whole.
#[derive(Clone, Debug)]
pub(super) struct Password(SecretString);

impl Password {
    /// 8 to 72 bytes, none of them NUL: bcrypt ends a password there, and repeats a short one, so that `a` and `a\0a`
    /// would be the same.
    pub(super) fn parse(raw: &SecretString) -> Result<Self, IdentityError> {
        let bytes = raw.expose_secret().as_bytes();
        if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&bytes.len()) {
            return Err(IdentityError::Invalid(
                "A password has 8 to 72 bytes. Letters with accents and emoji count for several.",
            ));
        }
        if bytes.contains(&0) {
            return Err(IdentityError::Invalid("A password has no NUL characters."));
        }
        Ok(Self(raw.clone()))
    }

    /// A room's passcode, which has its own bounds and may be longer than bcrypt reads: its digest stands for it.
    pub(super) fn from_passcode(passcode: &str) -> Self {
        Self(BASE64_STANDARD_NO_PAD.encode(Sha256::digest(passcode)).into())
    }

    fn hash(&self, cost: u32) -> bcrypt::BcryptResult<String> {
        // The library counts the NUL it appends, so to it 72 bytes are too many already, although nothing is cut.
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

/// Hashes and checks passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    cost: u32,
    /// Checked in place of a hash that is not there, so that an unknown name takes as long as a wrong password.
    nobody: PasswordHash,
    /// Half the processors: music goes on while many log in.
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Passwords {
    /// With bcrypt's cost, the binary logarithm of its rounds: 4 to 31.
    pub(super) fn new(cost: u32) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            nobody: PasswordHash(format!("$2b${cost:02}$C6UzMDM.H6dfI/f/IKxGhuLwJVTHXfYfPqWMZXKzWxzKZEBvMHNoy")),
            running: Arc::new(Semaphore::new(processors.div_ceil(2))),
            waiting: Arc::new(Semaphore::new(PASSWORD_CHECKS_WAITING_MAX)),
        }
    }

    /// A hash to keep.
    pub(super) async fn hash(&self, password: Password) -> Result<PasswordHash, IdentityError> {
        let cost = self.cost;
        self.work(move || password.hash(cost)).await.map(PasswordHash)
    }

    /// Whether it is the password; always false, after the same work, when there is no hash or no proper password.
    pub(super) async fn verify(
        &self,
        password: Option<Password>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, IdentityError> {
        let possible = password.is_some() && hash.is_some();
        let password = password.unwrap_or_else(|| Password("no password at all".into()));
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let right = self.work(move || password.verify(&hash.0)).await?;
        Ok(right && possible)
    }

    async fn work<T, F>(&self, job: F) -> Result<T, IdentityError>
    where
        T: Send + 'static,
        F: FnOnce() -> bcrypt::BcryptResult<T> + Send + 'static,
    {
        let _waiting = self.waiting.try_acquire().map_err(|_| IdentityError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| IdentityError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work rather than by the caller: a caller that goes away frees nothing.
            let _running = running;
            job()
        });
        done.await.map_err(anyhow::Error::from)?.map_err(|error| anyhow::Error::from(error).into())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use futures_util::stream::FuturesUnordered;

    use super::*;

    const COST: u32 = 4;

    fn password(raw: &str) -> Password {
        Password::parse(&raw.into()).unwrap()
    }

    #[test]
    fn the_bounds_are_exact() {
        for (raw, fits) in [("1234567", false), ("12345678", true), ("ääää", true), ("1234567\0", false)] {
            assert_eq!(Password::parse(&raw.into()).is_ok(), fits, "{raw:?}");
        }
        assert!(Password::parse(&"a".repeat(72).into()).is_ok());
        assert!(Password::parse(&"a".repeat(73).into()).is_err());
    }

    #[tokio::test]
    async fn the_seventy_second_byte_counts() {
        let passwords = Passwords::new(COST);
        let long = "a".repeat(71);
        let hash = passwords.hash(password(&format!("{long}b"))).await.unwrap();
        let check = |raw: String| passwords.verify(Some(password(&raw)), Some(hash.clone()));
        assert!(check(format!("{long}b")).await.unwrap());
        assert!(!check(format!("{long}c")).await.unwrap());
        assert!(!check(long.clone()).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let passwords = Passwords::new(COST);
        assert!(!passwords.verify(Some(password("12345678")), None).await.unwrap());
        assert!(!passwords.verify(None, None).await.unwrap());
        let hash = passwords.hash(password("no password at all")).await.unwrap();
        assert!(!passwords.verify(None, Some(hash)).await.unwrap());
    }

    #[test]
    fn the_stand_in_costs_what_a_real_hash_costs() {
        for cost in [4, 12] {
            let parts: bcrypt::HashParts = Passwords::new(cost).nobody.0.parse().unwrap();
            assert_eq!(parts.get_cost(), cost);
        }
    }

    #[tokio::test]
    async fn a_crowd_is_told_to_come_back() {
        let passwords = Passwords::new(COST);
        // Until everybody is there, nobody's turn comes.
        let turns = u32::try_from(passwords.running.available_permits()).unwrap();
        let held = Arc::clone(&passwords.running).acquire_many_owned(turns).await.unwrap();
        let mut crowd: FuturesUnordered<_> =
            (0..PASSWORD_CHECKS_WAITING_MAX + 9).map(|_| passwords.verify(None, None)).collect();
        for _ in 0..9 {
            assert!(matches!(crowd.next().await, Some(Err(IdentityError::Busy))));
        }
        drop(held);
        assert!(crowd.all(|answer| async move { answer.is_ok() }).await);
        assert!(passwords.verify(None, None).await.is_ok(), "and may");
    }
}
