//! Erases a user: first from rooms, then the identity. Used by the user's own request and by the cleanup.

use tutti_protocol::UserId;

use crate::identity::{Identity, IdentityError};
use crate::room::{PeopleError, Registry};

/// Why a user was not erased, or not completely; a retry continues with the rest.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// A room still remembers the user.
    #[error(transparent)]
    Rooms(#[from] PeopleError),
    /// The user still exists.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Erases everything stored about a user.
pub async fn erase(identity: &Identity, rooms: &Registry, user: UserId) -> Result<(), EraseError> {
    // If this fails, the user is still logged in and can retry.
    rooms.forget(user).await?;
    identity.revoke_all_sessions(user).await?;
    // One of the user's devices may have rejoined before its session ended; none can any more.
    rooms.forget(user).await?;
    identity.erase(user).await?;
    Ok(())
}
