//! The table of settings, and changes to any subset of them.
//!
//! The room validates values. Every setting has a default, which older rooms get.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Permissions, default_permissions};
use crate::client::TrackRef;
use crate::id::{ProviderId, UserId};

/// How a change to a setting is applied: as a whole, or key by key.
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
whole!(bool, u32, u64, Policy, Duplicates, Explicit, Admission, Vec<TrackRef>, Vec<String>, Vec<BlockedTrack>);

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)*) => {
        /// The settings of a room. A limit of 0 means none.
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

        /// New values for some settings. In `weights` and `permissions` only the given keys change.
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
            /// Whether it changes nothing.
            pub fn is_empty(&self) -> bool {
                $(self.$name.is_none())&&*
            }

            /// The names of the settings that it changes, as on the wire.
            pub fn names(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.$name.is_some() { names.push(stringify!($name)); })*
                names
            }
        }

        impl Settings {
            /// Applies a change.
            pub fn take(&mut self, change: &SettingsChange) {
                $(if let Some(value) = &change.$name { Setting::take(&mut self.$name, value); })*
            }

            /// The part of `change` that differs from the current settings.
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
    /// Airtime of members in per cent of the usual share: 200 is twice as much. The default is 100.
    weights: BTreeMap<UserId, u32> = BTreeMap::new();
    /// The minimum charge for a start, so that skipping at once does not give a free turn.
    minimum_charge_ms: u64 = 30_000;
    /// The maximum charge for a start, so that one long track does not silence its owner for an hour.
    debt_max_ms: u64 = 10 * 60_000;
    /// Entries that a member may have queued.
    entries_per_member_max: u32 = 0;
    /// Minutes of music that a member may have queued.
    minutes_per_member_max: u32 = 0;
    /// What happens to a track that is queued or playing already.
    duplicates: Duplicates = Duplicates::default();
    /// How long after its start a track cannot be queued again.
    track_cooldown_ms: u64 = 0;
    /// How long after a start no track by one of its artists can be queued.
    artist_cooldown_ms: u64 = 0;
    /// The longest track that can be queued.
    track_ms_max: u64 = 0;
    /// Whether explicit tracks can be queued.
    explicit: Explicit = Explicit::default();
    /// Who can enter.
    admission: Admission = Admission::default();
    /// Whether tracks of members who may not `approve` wait for approval.
    suggestions: bool = false;
    /// How many members' queues play at a time; the others are in the waitlist.
    players_max: u32 = 0;
    /// After how many starts a member moves to the end of the waitlist.
    step_down_after: u32 = 0;
    /// The share of present members with `vote_skip` whose votes skip the current entry, in per cent.
    vote_skip_share: u32 = 50;
    /// Votes that a skip takes at least, so that in a small room one person cannot skip a track alone.
    vote_skip_min: u32 = 0;
    /// How long the host must be gone before a co-host may claim the room.
    host_claim_after_ms: u64 = 10 * 60_000;
    /// The lowest role for each action.
    permissions: Permissions = default_permissions();
    /// Whether devices apply each track's `gain_db`.
    level_loudness: bool = true;
    /// Whether playback waits while no device listens; see `Playback::waiting_for_listener`.
    wait_for_listener: bool = false;
    /// The playlist that loops while no member has anything queued.
    fallback: Vec<TrackRef> = Vec::new();
    /// Tracks that cannot be queued.
    blocked_tracks: Vec<BlockedTrack> = Vec::new();
    /// Artists of whom no track can be queued. Names are compared without case and diacritics, as search does.
    blocked_artists: Vec<String> = Vec::new();
}

/// A track that cannot be queued, with what a list of them shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct BlockedTrack {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's id.
    pub id: String,
    /// Its title, and its artists in one line.
    pub label: String,
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
    /// In the order of queueing.
    Fifo,
    /// Most votes first, then in the order of queueing.
    Votes,
    /// The host sets the order.
    Host,
}

impl Policy {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Fair, Self::Rotation, Self::Fifo, Self::Votes, Self::Host];
}

/// What happens to a track that is queued or playing already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// Queued again.
    #[default]
    Allow,
    /// Refused.
    Refuse,
    /// Played once for both members, who share the charge.
    Credit,
}

/// Whether explicit tracks can be queued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Explicit {
    /// They can.
    #[default]
    Allow,
    /// They cannot.
    Refuse,
}

/// Who can enter. Existing members always can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// Everyone.
    #[default]
    Open,
    /// People who are admitted from the lobby.
    Lobby,
    /// Accounts, not guests.
    Accounts,
    /// No new members.
    Locked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Role};

    #[test]
    fn a_change_serializes_only_the_settings_it_changes() {
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
    fn only_the_given_keys_of_a_table_change() {
        let mut settings = Settings::default();
        let table = Permissions::from([(Action::Kick, Role::Cohost)]);
        settings.take(&SettingsChange { permissions: Some(table), ..Default::default() });
        assert_eq!(settings.permissions[&Action::Kick], Role::Cohost);
        assert_eq!(settings.permissions[&Action::Ban], Role::Host);
    }

    #[test]
    fn older_settings_get_the_defaults_of_new_ones() {
        let settings: Settings = serde_json::from_str(r#"{"policy":"fair"}"#).expect("reads");
        assert_eq!(settings, Settings::default());
    }
}
