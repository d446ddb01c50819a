//! The link by which the first operator claims the role.
//!
//! The server makes it at its start while there is no operator, and shows it in its terminal. The secret is in memory only:
//! it ends with the process, after an hour, with its first use, and when an operator is added in another way.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::http::Act;
use tutti_protocol::{Reason, UserId};

use super::{OperatorResult, Operators, hash, random_token, refused};
use crate::clock::ms;
use crate::identity::IdentityError;
use crate::store::{StoreResult, TokenHash};

/// How long the link works after the start.
pub const CLAIM_LIFETIME: Duration = Duration::from_hours(1);

/// A link that was shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    hash: TokenHash,
    expires_at_ms: i64,
}

impl Operators {
    /// Makes the token of a link in place of an earlier one; `None` when there is an operator.
    pub async fn make_claim(&self) -> StoreResult<Option<SecretString>> {
        if !self.store().operators().await?.is_empty() {
            return Ok(None);
        }
        let token = random_token();
        let expires_at_ms = self.now_ms() + ms(CLAIM_LIFETIME);
        *self.0.claim.lock() = Some(Claim { hash: hash(token.expose_secret()), expires_at_ms });
        Ok(Some(token))
    }

    /// Makes a user with a password the first operator.
    pub async fn claim(&self, user: UserId, token: &str) -> OperatorResult<()> {
        let claimant = self.store().user(user).await?.ok_or(IdentityError::Unauthenticated)?;
        if claimant.login.is_none() {
            return refused(Reason::NoPassword, "An operator needs an account with a user name and a password.");
        }
        // Hashes are compared, so the time that it takes says nothing about the token.
        let wanted = hash(token);
        let taken = self.0.claim.lock().take_if(|claim| claim.hash == wanted);
        let Some(claim) = taken.filter(|claim| self.now_ms() < claim.expires_at_ms) else { return link_void() };
        if !self.store().operators().await?.is_empty() {
            return link_void();
        }
        let made = async {
            self.record(user, Act::OperatorClaimed, Some(user), None, None).await?;
            self.store().set_operator(user, Some(self.now_ms())).await
        };
        if let Err(error) = made.await {
            // It was not used.
            self.0.claim.lock().get_or_insert(claim);
            return Err(error.into());
        }
        Ok(())
    }
}

fn link_void<T>() -> OperatorResult<T> {
    refused(Reason::LinkVoid, "This link was used or replaced, or has expired.")
}
