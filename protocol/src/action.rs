//! The table of actions that need a permission, with the lowest role that has it in a new room.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::room::Role;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, needs $role:ident $($fixed:ident)?, $phrase:literal;)*) => {
        /// An action that needs a permission.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The lowest role that may do it in a new room.
            pub fn lowest_role(self) -> Role {
                match self { $(Self::$name => Role::$role,)* }
            }

            /// Whether the lowest role cannot be changed, neither by the room's table nor by an exception, so that the
            /// host cannot lose the room.
            pub fn is_fixed(self) -> bool {
                match self { $(Self::$name => actions!(@fixed $($fixed)?),)* }
            }

            /// Completes "Only the host may …".
            pub fn phrase(self) -> &'static str {
                match self { $(Self::$name => $phrase,)* }
            }
        }
    };
    (@fixed fixed) => { true };
    (@fixed) => { false };
}

actions! {
    /// Queue, reorder and remove one's own tracks, and have them played.
    Queue = "queue", needs Player, "queue tracks";
    /// Suggest tracks, in a room with `suggestions`.
    Suggest = "suggest", needs Listener, "suggest tracks";
    /// Vote for and against waiting tracks.
    Vote = "vote", needs Listener, "vote";
    /// Vote to skip the current track.
    VoteSkip = "vote_skip", needs Listener, "vote to skip";
    /// Chat and react.
    Chat = "chat", needs Listener, "talk here";
    /// See the room's passcode, to invite others.
    SeePasscode = "see_passcode", needs Player, "see the passcode";
    /// Remove, reorder and clear other members' tracks.
    CurateQueue = "curate_queue", needs Cohost, "change other people's queues";
    /// Play, pause, seek.
    ControlPlayback = "control_playback", needs Cohost, "control playback";
    /// Choose which devices play.
    SetOutput = "set_output", needs Cohost, "choose which devices play";
    /// Skip other members' tracks.
    Skip = "skip", needs Cohost, "skip other people's tracks";
    /// Approve and reject suggestions; one's own tracks need no approval.
    Approve = "approve", needs Cohost, "approve suggestions";
    /// Admit people from the lobby or deny them.
    Admit = "admit", needs Cohost, "let people in";
    /// Lock the room and unlock it.
    Lock = "lock", needs Cohost, "lock the room";
    /// Connect screens to the room and remove them.
    ManageScreens = "manage_screens", needs Cohost, "connect screens";
    /// Mute members.
    Mute = "mute", needs Cohost, "mute people";
    /// Read the audit log.
    SeeAudit = "see_audit", needs Cohost, "see who did what";
    /// Change roles.
    SetRole = "set_role", needs Host, "change roles";
    /// Kick members.
    Kick = "kick", needs Host, "send people out";
    /// Ban and unban members.
    Ban = "ban", needs Host, "ban people";
    /// Change the settings, the room's name and its passcode, and preview a policy.
    SetSettings = "set_settings", needs Host, "change the settings";
    /// Change this table, make exceptions for members, and set when the room can be claimed.
    SetPermissions = "set_permissions", needs Host fixed, "change who may do what";
    /// Claim the room while its host is gone.
    ClaimHost = "claim_host", needs Cohost fixed, "take the room over";
    /// Hand the room over.
    TransferHost = "transfer_host", needs Host fixed, "hand the room over";
    /// End the room.
    CloseRoom = "close_room", needs Host fixed, "close the room";
}

/// The lowest role for each action.
pub type Permissions = BTreeMap<Action, Role>;

/// The table of a new room, without the fixed actions.
pub fn default_permissions() -> Permissions {
    Action::ALL.iter().filter(|action| !action.is_fixed()).map(|action| (*action, action.lowest_role())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_action_with_its_lowest_role() {
        let readme = include_str!("../README.md");
        let word = |value: serde_json::Value| value.as_str().expect("a word").to_owned();
        for action in Action::ALL {
            let name = word(serde_json::to_value(action).expect("JSON"));
            assert_eq!(name, action.as_str());
            let role = word(serde_json::to_value(action.lowest_role()).expect("JSON"));
            let fixed = if action.is_fixed() { ", fixed" } else { "" };
            let row = format!("| `{name}` | `{role}`{fixed} |");
            assert!(readme.contains(&row), "{row}");
        }
    }
}
