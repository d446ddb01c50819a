//! Spotify links, logins through Spotify that are in progress, and users' pictures, as stored.
//!
//! Not in here: the contents of a sealed token and the meaning of a verdict; see [`crate::providers::spotify`].

use std::fmt;

use async_trait::async_trait;
use tutti_protocol::UserId;
use tutti_protocol::http::{PremiumEvidence, PremiumVerdict};

use super::{StoreResult, StoredRefreshToken, StoredSession, StoredUser, TokenHash};

/// A secret encrypted with the server's keys ([`crate::keys`]).
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// A row of `spotify_links`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSpotifyLink {
    /// The linked user.
    pub user: UserId,
    /// Spotify's id of the account; linked to one user at most.
    pub account_id: String,
    /// The account's display name; at most 128 characters.
    pub display_name: String,
    /// The granted scopes, separated by spaces.
    pub scope: String,
    /// `None`: Spotify rejected it, and the user must log in again.
    pub refresh_token: Option<Sealed>,
    /// The newest access token.
    pub access_token: Option<Sealed>,
    /// When the access token expires.
    pub access_expires_at_ms: i64,
    /// When the user granted access.
    pub authorized_at_ms: i64,
    /// What is known of the account's subscription.
    pub premium: StoredPremium,
    /// When the subscription was last checked.
    pub checked_at_ms: i64,
    /// The row's version, for [`SpotifyStore::update_spotify_link`].
    pub version: i64,
}

/// What is known of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPremium {
    /// Premium, not Premium, or unknown.
    pub verdict: PremiumVerdict,
    /// The source of the verdict.
    pub evidence: Option<PremiumEvidence>,
    /// When the evidence was seen.
    pub at_ms: Option<i64>,
    /// Consecutive responses that contradict the verdict.
    pub doubts: u32,
    /// When the last of those arrived.
    pub doubted_at_ms: Option<i64>,
}

/// A row of `login_transactions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginTransaction {
    /// Hash of the `state` parameter that Spotify returns.
    pub state: TokenHash,
    /// Hash of the cookie of the browser that began the login.
    pub browser: TokenHash,
    /// The PKCE verifier.
    pub verifier: Sealed,
    /// The session slot on the device; `None`: any free slot.
    pub slot: Option<u8>,
    /// Path and query of the page to return to.
    pub return_to: String,
    /// When it expires.
    pub expires_at_ms: i64,
}

/// A row of `user_pictures`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPicture {
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
    /// Such as `image/jpeg`.
    pub media_type: String,
    /// The image file.
    pub bytes: Vec<u8>,
}

/// Stores Spotify links, logins in progress, and pictures.
#[async_trait]
pub trait SpotifyStore: Send + Sync {
    /// Adds a login in progress.
    async fn insert_login_transaction(&self, transaction: &LoginTransaction) -> StoreResult<()>;

    /// Removes and returns a login in progress; exactly one of any number of concurrent callers gets it.
    async fn take_login_transaction(&self, state: TokenHash) -> StoreResult<Option<LoginTransaction>>;

    /// Removes logins that expired before `before_ms`, at most `rows_max`; returns how many.
    async fn delete_login_transactions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;

    /// A user's link.
    async fn spotify_link(&self, user: UserId) -> StoreResult<Option<StoredSpotifyLink>>;

    /// The user that an account is linked to.
    async fn spotify_owner(&self, account_id: &str) -> StoreResult<Option<UserId>>;

    /// Adds a user with a first session, its first token and a link. [`Conflict`](super::StoreError::Conflict) when the
    /// account is linked to another user.
    async fn insert_spotify_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
        link: &StoredSpotifyLink,
    ) -> StoreResult<()>;

    /// Links an account to a user, replacing any present link. A guest becomes an account and keeps the id. False when
    /// there is no such user. [`Conflict`](super::StoreError::Conflict) when the account is linked to another user.
    async fn link_spotify(&self, link: &StoredSpotifyLink) -> StoreResult<bool>;

    /// Users whose link has a refresh token and was last checked before `before_ms`, oldest first, at most `rows_max`.
    async fn stale_spotify_links(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>>;

    /// Updates a link if the stored one has the same version, which then grows by one. False when it has another
    /// version or is gone.
    async fn update_spotify_link(&self, link: &StoredSpotifyLink) -> StoreResult<bool>;

    /// Removes a user's link and picture; a user without a password becomes a guest. False when there was no link.
    async fn unlink_spotify(&self, user: UserId) -> StoreResult<bool>;

    /// Sets or replaces a user's picture.
    async fn put_picture(&self, user: UserId, picture: &StoredPicture) -> StoreResult<()>;

    /// A user's picture.
    async fn picture(&self, user: UserId) -> StoreResult<Option<StoredPicture>>;
}
