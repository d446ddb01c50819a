//! Which role may do what: one table.

use tutti_protocol::Role;

use crate::Refusal;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident needs $role:ident, $phrase:literal;)*) => {
        /// Something that not everybody may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The lowest role that may do it.
            pub fn lowest_role(self) -> Role {
                match self { $(Self::$name => Role::$role,)* }
            }

            /// Completes "Only the host may …".
            pub fn phrase(self) -> &'static str {
                match self { $(Self::$name => $phrase,)* }
            }
        }
    };
}

actions! {
    /// Queue, reorder and remove tracks of one's own.
    Queue needs Player, "queue tracks";
    /// Remove or reorder somebody else's track.
    CurateQueue needs Cohost, "change other people's queues";
    /// Play, pause, seek.
    ControlPlayback needs Cohost, "control playback";
    /// Skip somebody else's track.
    Skip needs Cohost, "skip other people's tracks";
    /// Give roles.
    SetRole needs Host, "change roles";
    /// Send a member out.
    Kick needs Host, "send people out";
    /// Hand the room over.
    TransferHost needs Host, "hand the room over";
    /// End the room.
    CloseRoom needs Host, "close the room";
}

/// Refuses when `role` is too low for `action`.
pub fn require(role: Role, action: Action) -> Result<(), Refusal> {
    let needs = action.lowest_role();
    if role >= needs { Ok(()) } else { Err(Refusal::NotAllowed { action, needs }) }
}
