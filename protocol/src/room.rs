//! The visible state of a room.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::event::EndReason;
use crate::gain::Gain;
use crate::id::{DeviceId, EntryId, ProviderId, RoomCode, ScreenId, UserId};
use crate::settings::Settings;

/// A position in a room's history. `offset` counts events from 1; `epoch` changes whenever the server cannot prove that
/// the offsets before and after belong to one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Position {
    /// The history.
    pub epoch: u64,
    /// The last event included.
    pub offset: u64,
}

/// What a member may do, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Listens and watches.
    Listener,
    /// Queues tracks.
    Player,
    /// Helps the host.
    Cohost,
    /// Owns the room. There is exactly one.
    Host,
}

impl Role {
    /// All of them, from least to most.
    pub const ALL: &'static [Self] = &[Self::Listener, Self::Player, Self::Cohost, Self::Host];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Player => "player",
            Self::Cohost => "cohost",
            Self::Host => "host",
        }
    }
}

/// The kind of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// A display name and a token in one browser.
    Guest,
    /// An account.
    User,
}

/// A member of a room, connected or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts, each a field on the wire")]
pub struct Member {
    /// Their durable identity.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Guest or account.
    pub kind: UserKind,
    /// True when they have had no connection for the grace period: their queue is out of the order of play.
    #[serde(default)]
    pub away: bool,
    /// URL of a small picture, absolute or relative to the server's root, at most 512 bytes; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// True when they may not chat or react.
    #[serde(default, skip_serializing_if = "is_default")]
    pub muted: bool,
    /// True when their queue is paused: out of the order of play until it is resumed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paused: bool,
    /// Exceptions from the table of permissions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exceptions: BTreeMap<Action, bool>,
    /// True when the name looked like that of the host or a co-host when it was chosen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub look_alike: bool,
}

/// A track's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Track {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Artists, main artist first.
    pub artists: Vec<String>,
    /// Album, if known.
    pub album: Option<String>,
    /// Length: exact once the track is measured.
    pub duration_ms: u64,
    /// Cover art, absolute or relative to the server's root; `None` when there is none.
    pub art_url: Option<String>,
    /// Whether its provider marks it as explicit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub explicit: bool,
    /// Gain for a common loudness, applied in rooms with `level_loudness`; absent: unknown, which plays as 0 dB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain_db: Option<Gain>,
    /// True when nothing on this server decodes it: it is listed and cannot be queued.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unplayable: bool,
}

/// A queued track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The owner; the nil id for an entry of the fallback playlist.
    pub member: UserId,
    /// Members who are credited for it besides the owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub credits: Vec<UserId>,
    /// True for an entry of the fallback playlist, which no member is charged for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fallback: bool,
    /// The track.
    pub track: Track,
    /// When it was queued.
    pub added_at_ms: i64,
    /// Sum of the votes for it.
    #[serde(default)]
    pub votes: i32,
    /// Its place in the order of play; absent for the current entry and outside the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The place of an upcoming entry in the order of play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Place {
    /// 1 plays next.
    pub position: u32,
    /// The main reason for the position.
    pub reason: PlaceReason,
    /// The turn of its owner that this is: 1 is their next entry.
    pub turn: u32,
    /// Owners of the entries ahead of it since its owner's previous turn, nearest first, each once; at most four.
    pub behind: Vec<UserId>,
    /// Airtime that its owner has had in this room.
    pub airtime_ms: u64,
    /// The member who put it ahead of the policy's order; its reason is `next` or `locked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_by: Option<UserId>,
}

/// Why an entry has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PlaceReason {
    /// It is locked: it starts within seconds.
    Locked,
    /// It plays next.
    Next,
    /// The members in `behind` have had less airtime.
    LessAirtime,
    /// The members in `behind` have had as much airtime, but waited longer or joined earlier.
    WaitedLonger,
    /// Its owner has earlier entries in the order.
    OwnQueue,
    /// The members in `behind` have had fewer turns (policy `rotation`).
    FewerTurns,
    /// The members in `behind` queued theirs earlier (policies `fifo` and `votes`).
    AddedEarlier,
    /// The entries of the members in `behind` have more votes (policy `votes`).
    Voted,
    /// The host set the order (policy `host`).
    HostsOrder,
}

/// The state of playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PlaybackState {
    /// The position advances.
    Playing,
    /// The position is fixed.
    Paused,
    /// Nothing to play.
    Idle,
}

/// The timeline. While `playing`, the position at an instant is `anchor_position_ms + (instant - anchor_at_ms)`; it is
/// negative before a start in the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Playback {
    /// The state of playback.
    pub state: PlaybackState,
    /// The current entry; `None` exactly when idle.
    pub entry: Option<EntryId>,
    /// Position in the track at the anchor.
    pub anchor_position_ms: u64,
    /// The instant of the anchor, on the server's clock.
    pub anchor_at_ms: i64,
    /// True while the entry waits for a listening device, in rooms with `wait_for_listener`. The state is `paused` then,
    /// and the server starts the entry by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub waiting_for_listener: bool,
}

/// The choice of devices that play.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Output {
    /// The meaning of `devices`.
    pub mode: OutputMode,
    /// The excluded devices (`everyone`), or the only ones that play (`speakers`); at most 64.
    pub devices: BTreeSet<DeviceId>,
    /// How loud devices play beside their own volume, in per cent; at most 64. The others play at 100.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volumes: BTreeMap<DeviceId, u32>,
}

impl Output {
    /// Whether a device should play.
    pub fn lets_play(&self, device: DeviceId) -> bool {
        match self.mode {
            OutputMode::Everyone => !self.devices.contains(&device),
            OutputMode::Speakers => self.devices.contains(&device),
        }
    }

    /// Whether a device without a connection should play in place of a device of the room; `None` counts as one that is
    /// not listed.
    pub fn lets_follow(&self, device: Option<DeviceId>) -> bool {
        device.map_or(self.mode == OutputMode::Everyone, |device| self.lets_play(device))
    }
}

/// How `Output::devices` is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// Every device plays except those listed.
    #[default]
    Everyone,
    /// Only the listed devices play.
    Speakers,
}

/// A past entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Played {
    /// The entry.
    pub entry: EntryId,
    /// The owner; absent for the fallback playlist and for erased users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<UserId>,
    /// The track.
    pub track: Track,
    /// When it started.
    pub started_at_ms: i64,
    /// How much of it was played.
    pub played_ms: u64,
    /// Why it ended.
    pub reason: EndReason,
    /// The member who ended it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// A note of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Note {
    /// Its number, which `undo` takes.
    pub id: u64,
    /// Server time.
    pub at_ms: i64,
    /// The member who did it.
    pub by: UserId,
    /// The name of the command; `set_passcode`, `remove_passcode` or `add_screen` for what is no command.
    pub deed: String,
    /// The member it was done to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<UserId>,
    /// The title of the track, the new name of the room, or the name of the screen, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The names of the changed settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Vec<String>,
    /// The deadline for undoing it; absent when it cannot be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_until_ms: Option<i64>,
    /// The member who undid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<UserId>,
}

/// The whole visible state of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Room {
    /// The code that people enter.
    pub code: RoomCode,
    /// Its name.
    pub name: String,
    /// True when `admission` is `locked`.
    pub locked: bool,
    /// The settings.
    pub settings: Settings,
    /// The members, in the order in which they joined.
    pub members: Vec<Member>,
    /// The timeline.
    pub playback: Playback,
    /// Which devices play.
    #[serde(default)]
    pub output: Output,
    /// The current entry.
    pub now_playing: Option<Entry>,
    /// The order of play, at most the first 100 places.
    pub upcoming: Vec<Entry>,
    /// The length of the whole order.
    pub upcoming_total: u32,
    /// Suggestions, oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub suggestions: Vec<Entry>,
    /// People in the lobby, longest wait first. They are not members.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lobby: Vec<Member>,
    /// Banned identities.
    #[serde(default, skip_serializing_if = "is_default")]
    pub banned: Vec<Member>,
    /// The fallback playlist.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fallback: Vec<Track>,
    /// Members who have voted to skip the current entry.
    #[serde(default, skip_serializing_if = "is_default")]
    pub skip_votes: Vec<UserId>,
    /// With `players_max` set: the members whose queues play, then those waiting for a place. Empty otherwise.
    #[serde(default, rename = "line", skip_serializing_if = "is_default")]
    pub waitlist: Vec<UserId>,
    /// The former host, from whom the room was claimed and who can claim it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Paired screens, oldest first. They are no members.
    #[serde(default, skip_serializing_if = "is_default")]
    pub screens: Vec<PairedScreen>,
}

/// A screen that shows the room: a device of no member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct PairedScreen {
    /// Its id.
    pub id: ScreenId,
    /// Its number in the room, from 1: the lowest that is free.
    pub number: u32,
    /// What it calls itself, such as "Chromium on Linux".
    pub name: String,
    /// When it was paired.
    pub added_at_ms: i64,
}

/// Whether a field can be omitted.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
