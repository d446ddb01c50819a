//! What the host sets: one table of settings, and changes to any subset of them.
//!
//! Which values are taken is decided by the room; a new setting gets a default here, so that rooms from before it have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Permissions, default_permissions};
use crate::client::TrackRef;
use crate::id::UserId;

/// How a change to a setting is taken in: as a whole, or key by key.
trait Setting: Clone {
    fn take(&mut self, change: &Self) {
        *self = change.clone();
    }
}

impl<K: Clone + Ord, V: Clone> Setting for BTreeMap<K, V> {
    fn take(&mut self, change: &Self) {
        self.extend(change.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

macro_rules! whole {
    ($($type:ty),*) => { $(impl Setting for $type {})* };
}
whole!(bool, u32, u64, Policy, Duplicates, Explicit, Admission, Vec<TrackRef>);

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)*) => {
        /// What the host has set. Of all limits 0 means: none.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        #[serde(default)]
        pub struct Settings {
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// Some settings with new values. Of `weights` and `permissions` only the keys that are named change.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        pub struct SettingsChange {
            $(
                $(#[$doc])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )*
        }

        impl SettingsChange {
            /// True when it names no setting.
            pub fn is_empty(&self) -> bool {
                $(self.$name.is_none())&&*
            }

            /// The names of the settings that it changes, as they stand on the wire.
            pub fn names(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.$name.is_some() { names.push(stringify!($name)); })*
                names
            }
        }

        impl Settings {
            /// Takes a change in.
            pub fn take(&mut self, change: &SettingsChange) {
                $(if let Some(value) = &change.$name { Setting::take(&mut self.$name, value); })*
            }

            /// What of `change` would make a difference.
            #[must_use]
            pub fn difference(&self, mut change: SettingsChange) -> SettingsChange {
                let mut after = self.clone();
                after.take(&change);
                $(if after.$name == self.$name { change.$name = None; })*
                change
            }
        }
    };
}

settings! {
    /// How the members' queues merge.
    policy: Policy = Policy::default();
    /// Who gets how much airtime, in per cent of everybody else's: 200 is twice as much. Those who are not named have 100.
    weights: BTreeMap<UserId, u32> = BTreeMap::new();
    /// The least that a start is charged, so that skipping at once does not give a turn for free.
    minimum_charge_ms: u64 = 30_000;
    /// The most that one start is charged: one long track does not silence its owner for an hour.
    debt_max_ms: u64 = 10 * 60_000;
    /// Entries that a member may have waiting.
    entries_per_member_max: u32 = 0;
    /// Minutes of music that a member may have waiting.
    minutes_per_member_max: u32 = 0;
    /// What becomes of a track that is waiting or on already.
    duplicates: Duplicates = Duplicates::default();
    /// How long after its start a track is not queued again.
    track_cooldown_ms: u64 = 0;
    /// How long after a start nothing by one of the same artists is queued.
    artist_cooldown_ms: u64 = 0;
    /// The longest track that is taken.
    track_ms_max: u64 = 0;
    /// Whether explicit tracks are taken.
    explicit: Explicit = Explicit::default();
    /// Who comes in.
    admission: Admission = Admission::default();
    /// Whether tracks of those who may not approve wait for approval.
    suggestions: bool = false;
    /// How many members play at a time; the others wait in line.
    players_max: u32 = 0;
    /// After how many starts a member goes to the end of that line.
    step_down_after: u32 = 0;
    /// How many of those who are present and may vote must agree to a skip, in per cent.
    vote_skip_share: u32 = 50;
    /// How long the host must be gone before a co-host may claim the room.
    host_claim_after_ms: u64 = 10 * 60_000;
    /// The lowest role that may do something.
    permissions: Permissions = default_permissions();
    /// What plays, round and round, while nobody has anything waiting.
    fallback: Vec<TrackRef> = Vec::new();
}

/// How the members' queues merge into one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Equal airtime: start-time fair queueing.
    #[default]
    Fair,
    /// Equal turns, however long.
    Rotation,
    /// First come, first served.
    Fifo,
    /// The most votes first, then the oldest.
    Votes,
    /// As the host orders them.
    Host,
}

impl Policy {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Fair, Self::Rotation, Self::Fifo, Self::Votes, Self::Host];
}

/// What becomes of a track that is waiting or on already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// It is queued again.
    #[default]
    Allow,
    /// It is refused.
    Refuse,
    /// It is played once, for both: both share the charge.
    Credit,
}

/// Whether explicit tracks are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Explicit {
    /// They are.
    #[default]
    Allow,
    /// They are refused.
    Refuse,
}

/// Who comes in. Members stay members, whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// Everybody.
    #[default]
    Open,
    /// Whoever is let in.
    Lobby,
    /// Whoever has an account.
    Accounts,
    /// Nobody new.
    Locked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Role};

    #[test]
    fn a_change_names_what_it_changes_and_nothing_else() {
        let change = SettingsChange { policy: Some(Policy::Votes), debt_max_ms: Some(0), ..Default::default() };
        let text = serde_json::to_string(&change).expect("JSON");
        assert_eq!(text, r#"{"policy":"votes","debt_max_ms":0}"#);
        assert_eq!(serde_json::from_str::<SettingsChange>(&text).expect("reads"), change);
        let mut settings = Settings::default();
        settings.take(&change);
        assert_eq!((settings.policy, settings.debt_max_ms, settings.minimum_charge_ms), (Policy::Votes, 0, 30_000));
        assert!(settings.difference(change).is_empty(), "the same again is no change");
    }

    #[test]
    fn of_tables_only_what_is_named_changes() {
        let mut settings = Settings::default();
        let table = Permissions::from([(Action::Kick, Role::Cohost)]);
        settings.take(&SettingsChange { permissions: Some(table), ..Default::default() });
        assert_eq!(settings.permissions[&Action::Kick], Role::Cohost);
        assert_eq!(settings.permissions[&Action::Ban], Role::Host);
    }

    #[test]
    fn settings_from_before_there_were_more_still_read() {
        let settings: Settings = serde_json::from_str(r#"{"policy":"fair"}"#).expect("reads");
        assert_eq!(settings, Settings::default());
    }
}
