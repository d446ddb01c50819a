//! Coming in by an account elsewhere, which was proved by whoever runs it.

use tutti_protocol::{UserId, UserKind};

use super::{Caller, Identity, IdentityError, Login, User};
use crate::store::{StoreError, StoredSpotifyLink, StoredUser};

impl Identity {
    /// Lets in whoever an account at Spotify belongs to, and remembers the link.
    ///
    /// | the account is linked to | in by this browser is | what happens |
    /// |---|---|---|
    /// | somebody | nobody, or they | they are in |
    /// | somebody | a guest | they are in; what the guest has in rooms is theirs from now on |
    /// | somebody | somebody else's account | refused |
    /// | nobody | nobody | a new account |
    /// | nobody | somebody | it is linked to them; a guest becomes an account and stays who they are |
    ///
    /// `account_ids` are what the account is known by, best first. `link_of` makes the row for whoever it is: its secrets are sealed for one person.
    pub async fn enter_linked(
        &self,
        caller: &Caller,
        account_ids: &[String],
        display_name: &str,
        link_of: impl Fn(UserId) -> StoredSpotifyLink,
    ) -> Result<Login, IdentityError> {
        let before = self.current(caller).await?;
        let owner = self.owner(account_ids).await?;
        match (owner, before) {
            (Some(owner), Some((before, _))) if before.id != owner.id && before.kind == UserKind::User => {
                Err(IdentityError::LinkedElsewhere)
            }
            (Some(owner), before) => {
                self.link(&link_of(owner.id)).await?;
                self.enter(&owner, before, caller).await
            }
            (None, Some((before, session))) => {
                self.link(&link_of(before.id)).await?;
                let user = StoredUser { kind: UserKind::User, spotify: true, ..before };
                self.reopen(&user, &session, caller).await
            }
            (None, None) => {
                let user = self.new_user(UserKind::User, display_name.to_owned(), None);
                let (session, stored, token) = self.new_session(user.id, caller);
                let inserted = self.store().insert_spotify_user(&user, &session, &stored, &link_of(user.id)).await;
                inserted.map_err(linked_elsewhere)?;
                self.issue(&StoredUser { spotify: true, ..user }, &session, token)
            }
        }
    }

    async fn owner(&self, account_ids: &[String]) -> Result<Option<StoredUser>, IdentityError> {
        for account_id in account_ids {
            if let Some(owner) = self.store().spotify_owner(account_id).await? {
                return Ok(self.store().user(owner).await?);
            }
        }
        Ok(None)
    }

    /// Erases somebody's link and what came with it. Who has no password is a guest of this browser from now on.
    pub async fn unlink(&self, user: UserId) -> Result<User, IdentityError> {
        self.store().unlink_spotify(user).await?;
        self.user(user).await?.ok_or(IdentityError::Unauthenticated)
    }

    async fn link(&self, link: &StoredSpotifyLink) -> Result<(), IdentityError> {
        let linked = self.store().link_spotify(link).await.map_err(linked_elsewhere)?;
        if linked { Ok(()) } else { Err(IdentityError::Unauthenticated) }
    }
}

/// Somebody else linked it at the same moment.
fn linked_elsewhere(error: StoreError) -> IdentityError {
    match error {
        StoreError::Conflict(_) => IdentityError::LinkedElsewhere,
        other => other.into(),
    }
}
