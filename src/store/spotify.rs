//! Spotify accounts of people, logins by Spotify that are under way, and the pictures that come with them, as they are kept.
//!
//! Not in here: what is inside a sealed token, and what a verdict means; see [`crate::providers::spotify`].

use std::fmt;

use async_trait::async_trait;
use tutti_protocol::UserId;
use tutti_protocol::http::{PremiumEvidence, PremiumVerdict};

use super::{StoreResult, StoredRefreshToken, StoredSession, StoredUser, TokenHash};

/// A secret as only the server's keys open it ([`crate::keys`]).
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
    /// Whose it is.
    pub user: UserId,
    /// Spotify's id of the account; linked to one person only.
    pub account_id: String,
    /// What they are called there; at most 128 characters.
    pub display_name: String,
    /// What they agreed to, separated by spaces.
    pub scope: String,
    /// `None`: Spotify no longer takes it, they must log in again.
    pub refresh_token: Option<Sealed>,
    /// The newest access token.
    pub access_token: Option<Sealed>,
    /// When that runs out.
    pub access_expires_at_ms: i64,
    /// When they agreed.
    pub authorized_at_ms: i64,
    /// What is known of their subscription.
    pub premium: StoredPremium,
    /// When that was last asked.
    pub checked_at_ms: i64,
    /// Of this row, for [`SpotifyStore::update_spotify_link`].
    pub version: i64,
}

/// What is known of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPremium {
    /// In a word.
    pub verdict: PremiumVerdict,
    /// What it rests on.
    pub evidence: Option<PremiumEvidence>,
    /// When that was seen.
    pub at_ms: Option<i64>,
    /// Answers in a row that speak against it.
    pub doubts: u32,
    /// When the last of those came.
    pub doubted_at_ms: Option<i64>,
}

/// A row of `login_transactions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginTransaction {
    /// Of the `state` that Spotify gives back.
    pub state: TokenHash,
    /// Of the cookie of the browser that began it.
    pub browser: TokenHash,
    /// The PKCE verifier.
    pub verifier: Sealed,
    /// Who it is for on their device; `None`: whichever slot is free.
    pub slot: Option<u8>,
    /// Path and query of the page that it leads back to.
    pub return_to: String,
    /// From when on it is worth nothing.
    pub expires_at_ms: i64,
}

/// A row of `user_pictures`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPicture {
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
    /// Such as `image/jpeg`.
    pub media_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Keeps Spotify accounts, logins under way, and pictures.
#[async_trait]
pub trait SpotifyStore: Send + Sync {
    /// Adds a login under way.
    async fn insert_login_transaction(&self, transaction: &LoginTransaction) -> StoreResult<()>;

    /// Takes a login under way out: of any number of callers one gets it.
    async fn take_login_transaction(&self, state: TokenHash) -> StoreResult<Option<LoginTransaction>>;

    /// Removes logins that ran out before `before_ms`, at most `rows_max`; how many.
    async fn delete_login_transactions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;

    /// The link of one person.
    async fn spotify_link(&self, user: UserId) -> StoreResult<Option<StoredSpotifyLink>>;

    /// Who an account is linked to.
    async fn spotify_owner(&self, account_id: &str) -> StoreResult<Option<UserId>>;

    /// Adds somebody together with their first session, its first token and their link.
    /// [`Conflict`](super::StoreError::Conflict) when the account is linked to somebody.
    async fn insert_spotify_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
        link: &StoredSpotifyLink,
    ) -> StoreResult<()>;

    /// Links an account to somebody, in place of the one that is linked; a guest becomes an account and keeps their id.
    /// False when there is no such person. [`Conflict`](super::StoreError::Conflict) when it is linked to somebody else.
    async fn link_spotify(&self, link: &StoredSpotifyLink) -> StoreResult<bool>;

    /// Links that can be used and were last checked before `before_ms`, at most `rows_max`, the oldest first.
    async fn stale_spotify_links(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>>;

    /// Writes a link if the stored one has this link's version, which grows by one. False when it has another, or is gone.
    async fn update_spotify_link(&self, link: &StoredSpotifyLink) -> StoreResult<bool>;

    /// Erases somebody's link and picture; who has no password is a guest from now on. False when there was no link.
    async fn unlink_spotify(&self, user: UserId) -> StoreResult<bool>;

    /// Keeps somebody's picture, in place of the one before.
    async fn put_picture(&self, user: UserId, picture: &StoredPicture) -> StoreResult<()>;

    /// Somebody's picture.
    async fn picture(&self, user: UserId) -> StoreResult<Option<StoredPicture>>;
}
