//! Logging in with a linked account at another service, which has authenticated its owner.

use tutti_protocol::{UserId, UserKind};

use super::{Caller, Identity, IdentityError, Login, User};
use crate::store::{StoreError, StoredSpotifyLink, StoredUser};

impl Identity {
    /// Logs in the user who is linked to a Spotify account, and stores the link.
    ///
    /// | the Spotify account is linked to | the caller is | result |
    /// |---|---|---|
    /// | a user | logged out, or that user | logged in as that user |
    /// | a user | a guest | logged in as that user; the guest's rooms are merged into the account |
    /// | a user | logged in to another account | [`IdentityError::LinkedElsewhere`] |
    /// | no user | logged out | a new account |
    /// | no user | a guest or a user | linked to the caller, who keeps their id; a guest becomes an account |
    ///
    /// Without `may_register`, an account that none is linked to logs no one in unless it is linked to an account.
    ///
    /// `account_ids` are the ids of the Spotify account, most reliable first. `link_of` builds the row for a user: its
    /// secrets are encrypted for one user.
    pub async fn log_in_with_linked_account(
        &self,
        caller: &Caller,
        account_ids: &[String],
        display_name: &str,
        may_register: bool,
        link_of: impl Fn(UserId) -> StoredSpotifyLink,
    ) -> Result<Login, IdentityError> {
        let before = self.current_session(caller).await?;
        let owner = self.linked_user(account_ids).await?;
        let makes_account = owner.is_none() && before.as_ref().is_none_or(|(user, _)| user.kind == UserKind::Guest);
        if makes_account && !may_register {
            return Err(IdentityError::RegistrationRefused);
        }
        if owner.as_ref().is_some_and(|owner| owner.banned_at_ms.is_some()) {
            return Err(IdentityError::Banned);
        }
        match (owner, before) {
            (Some(owner), Some((before, _))) if before.id != owner.id && before.kind == UserKind::User => {
                Err(IdentityError::LinkedElsewhere)
            }
            (Some(owner), before) => {
                self.link(&link_of(owner.id)).await?;
                self.log_in_as(&owner, before, caller).await
            }
            (None, Some((before, session))) => {
                self.link(&link_of(before.id)).await?;
                let user = StoredUser { kind: UserKind::User, spotify: true, ..before };
                self.replace_session(&user, &session, caller).await
            }
            (None, None) => {
                let user = self.new_user(UserKind::User, display_name.to_owned(), None);
                let (session, stored, token) = self.build_session(user.id, caller);
                let inserted = self.store().insert_spotify_user(&user, &session, &stored, &link_of(user.id)).await;
                inserted.map_err(linked_elsewhere)?;
                self.issue_tokens(&StoredUser { spotify: true, ..user }, &session, token)
            }
        }
    }

    async fn linked_user(&self, account_ids: &[String]) -> Result<Option<StoredUser>, IdentityError> {
        for account_id in account_ids {
            if let Some(owner) = self.store().spotify_owner(account_id).await? {
                return Ok(self.store().user(owner).await?);
            }
        }
        Ok(None)
    }

    /// Deletes the user's Spotify link and its data. A user without a password becomes a guest.
    pub async fn unlink(&self, user: UserId) -> Result<User, IdentityError> {
        self.store().unlink_spotify(user).await?;
        self.user(user).await?.ok_or(IdentityError::Unauthenticated)
    }

    async fn link(&self, link: &StoredSpotifyLink) -> Result<(), IdentityError> {
        let linked = self.store().link_spotify(link).await.map_err(linked_elsewhere)?;
        if linked { Ok(()) } else { Err(IdentityError::Unauthenticated) }
    }
}

/// The account was linked to another user concurrently.
fn linked_elsewhere(error: StoreError) -> IdentityError {
    match error {
        StoreError::Conflict(_) => IdentityError::LinkedElsewhere,
        other => other.into(),
    }
}
