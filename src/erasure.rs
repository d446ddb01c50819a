//! Erasing somebody: what rooms remember of them, then who they are. Used when they ask for it, and by the cleanup.

use tutti_protocol::UserId;

use crate::identity::{Identity, IdentityError};
use crate::room::{PeopleError, Registry};

/// Why somebody is not erased, or not wholly; asking again goes on with the rest.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// A room still remembers them.
    #[error(transparent)]
    Rooms(#[from] PeopleError),
    /// They are still known.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Erases all that is known of somebody.
pub async fn erase(identity: &Identity, rooms: &Registry, user: UserId) -> Result<(), EraseError> {
    // While this fails, they are logged in and can ask again.
    rooms.forget(user).await?;
    identity.revoke_all_sessions(user).await?;
    // A device of theirs may have come in again before its session ended. Now none can.
    rooms.forget(user).await?;
    identity.erase(user).await?;
    Ok(())
}
