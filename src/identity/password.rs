//! Password hashing with bcrypt, on blocking threads, with bounded concurrency and a bounded queue.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tutti_protocol::{Reason, reason_values};

use super::{IdentityError, PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, PASSWORD_JOBS_MAX};
use crate::store::PasswordHash;

/// A password that bcrypt does not truncate.
#[derive(Clone, Debug)]
pub(super) struct Password(SecretString);

impl Password {
    /// 8 to 72 bytes without NUL: bcrypt reads up to a NUL and repeats a short password, so `a` and `a\0a` would be
    /// equal.
    pub(super) fn parse(raw: &SecretString) -> Result<Self, IdentityError> {
        let wrong = |detail| {
            let values = reason_values([
                ("min", (PASSWORD_BYTES_MIN as u64).into()),
                ("max", (PASSWORD_BYTES_MAX as u64).into()),
            ]);
            IdentityError::Invalid(Reason::BadPassword, values, detail)
        };
        let bytes = raw.expose_secret().as_bytes();
        if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&bytes.len()) {
            return Err(wrong("A password has 8 to 72 bytes. Letters with accents and emoji count for several."));
        }
        if bytes.contains(&0) {
            return Err(wrong("A password has no NUL characters."));
        }
        Ok(Self(raw.clone()))
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
    /// One permit per running hash; half the processors, so that logins do not starve playback.
    workers: Arc<Semaphore>,
    /// One permit per running or queued hash.
    jobs: Arc<Semaphore>,
}

impl PasswordHasher {
    /// `cost` is the binary logarithm of bcrypt's rounds: 4 to 31.
    pub(super) fn new(cost: u32) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            dummy_hash: PasswordHash(format!("$2b${cost:02}$C6UzMDM.H6dfI/f/IKxGhuLwJVTHXfYfPqWMZXKzWxzKZEBvMHNoy")),
            workers: Arc::new(Semaphore::new(processors.div_ceil(2))),
            jobs: Arc::new(Semaphore::new(PASSWORD_JOBS_MAX)),
        }
    }

    /// Hashes a password for storage.
    pub(super) async fn hash(&self, password: Password) -> Result<PasswordHash, IdentityError> {
        let cost = self.cost;
        self.run_bounded(move || password.hash(cost)).await.map(PasswordHash)
    }

    /// Verifies a password; false, after the same work, when the hash or a well-formed password is missing.
    pub(super) async fn verify(
        &self,
        password: Option<Password>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, IdentityError> {
        let possible = password.is_some() && hash.is_some();
        let password = password.unwrap_or_else(|| Password("no password at all".into()));
        let hash = hash.unwrap_or_else(|| self.dummy_hash.clone());
        let matches = self.run_bounded(move || password.verify(&hash.0)).await?;
        Ok(matches && possible)
    }

    async fn run_bounded<T, F>(&self, job: F) -> Result<T, IdentityError>
    where
        T: Send + 'static,
        F: FnOnce() -> bcrypt::BcryptResult<T> + Send + 'static,
    {
        let _job = self.jobs.try_acquire().map_err(|_| IdentityError::Busy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| IdentityError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the blocking task: when the caller is cancelled the hash still runs.
            let _worker = worker;
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
        let hash = passwords.hash(password(&format!("{long}b"))).await.unwrap();
        let check = |raw: String| passwords.verify(Some(password(&raw)), Some(hash.clone()));
        assert!(check(format!("{long}b")).await.unwrap());
        assert!(!check(format!("{long}c")).await.unwrap());
        assert!(!check(long.clone()).await.unwrap());
    }

    #[tokio::test]
    async fn verification_fails_without_a_hash_or_a_password() {
        let passwords = PasswordHasher::new(COST);
        assert!(!passwords.verify(Some(password("12345678")), None).await.unwrap());
        assert!(!passwords.verify(None, None).await.unwrap());
        let hash = passwords.hash(password("no password at all")).await.unwrap();
        assert!(!passwords.verify(None, Some(hash)).await.unwrap());
    }

    #[test]
    fn the_dummy_hash_costs_as_much_as_a_real_one() {
        for cost in [4, 12] {
            let parts: bcrypt::HashParts = PasswordHasher::new(cost).dummy_hash.0.parse().unwrap();
            assert_eq!(parts.get_cost(), cost);
        }
    }

    #[tokio::test]
    async fn jobs_beyond_the_queue_are_rejected_as_busy() {
        let passwords = PasswordHasher::new(COST);
        // No job runs until all are queued.
        let workers = u32::try_from(passwords.workers.available_permits()).unwrap();
        let held = Arc::clone(&passwords.workers).acquire_many_owned(workers).await.unwrap();
        let mut jobs: FuturesUnordered<_> = (0..PASSWORD_JOBS_MAX + 9).map(|_| passwords.verify(None, None)).collect();
        for _ in 0..9 {
            assert!(matches!(jobs.next().await, Some(Err(IdentityError::Busy))));
        }
        drop(held);
        assert!(jobs.all(|answer| async move { answer.is_ok() }).await);
        assert!(passwords.verify(None, None).await.is_ok(), "the queue has room again");
    }
}
