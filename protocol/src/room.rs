//! The room as everyone in it sees it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::event::EndReason;
use crate::id::{DeviceId, EntryId, ProviderId, RoomCode, UserId};
use crate::settings::Settings;

/// A place in a room's history. `offset` counts events from 1; `epoch` changes whenever the server cannot prove that the
/// offsets before and after are one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Position {
    /// Which history.
    pub epoch: u64,
    /// The last event of it that is included.
    pub offset: u64,
}

/// What a member may do, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Listens and looks on.
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

/// How somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// By a display name and a token in one browser.
    Guest,
    /// By an account.
    User,
}

/// Somebody who belongs to a room, connected or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Member {
    /// Their durable identity.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Guest or account.
    pub kind: UserKind,
    /// True when they have been gone for longer than the grace period: their queue waits for them, out of the order.
    #[serde(default)]
    pub away: bool,
    /// A small picture of them, absolute or relative to the server's root, at most 512 bytes; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// True when nobody hears what they say.
    #[serde(default, skip_serializing_if = "is_default")]
    pub muted: bool,
    /// True when their queue waits, out of the order, until they or somebody for them resume it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paused: bool,
    /// What they may or may not do, whatever the table says.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exceptions: BTreeMap<Action, bool>,
}

/// A track, with all that is shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Track {
    /// Where the music comes from.
    pub provider: ProviderId,
    /// The provider's id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Artists, main artist first.
    pub artists: Vec<String>,
    /// Album, if known.
    pub album: Option<String>,
    /// Length.
    pub duration_ms: u64,
    /// Cover art, absolute or relative to the server's root; `None` when there is none.
    pub art_url: Option<String>,
    /// Whether its provider calls it explicit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub explicit: bool,
}

/// One queued track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// Who queued it; nobody's id for one of the fallback playlist.
    pub member: UserId,
    /// Who else wanted it, where duplicates are credited.
    #[serde(default, skip_serializing_if = "is_default")]
    pub credits: Vec<UserId>,
    /// True for one of the fallback playlist: nobody is charged for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fallback: bool,
    /// What it plays.
    pub track: Track,
    /// When it was queued.
    pub added_at_ms: i64,
    /// Sum of the votes for it.
    #[serde(default)]
    pub votes: i32,
    /// Where it stands and why; absent on an entry that is playing or not in the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Where an upcoming entry stands, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Place {
    /// 1 plays next.
    pub position: u32,
    /// The main reason for the position.
    pub reason: PlaceReason,
    /// Which of its owner's coming turns this is: 1 is their next entry.
    pub turn: u32,
    /// Whose entries go ahead of it, nearest first, each once, without its owner; at most four.
    pub behind: Vec<UserId>,
    /// Airtime its owner has had in this room so far.
    pub airtime_ms: u64,
}

/// Why an entry stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PlaceReason {
    /// It starts within seconds: nobody goes ahead of it any more.
    Locked,
    /// Its owner's turn comes before everybody else's.
    Next,
    /// Those in `behind` have played less.
    LessAirtime,
    /// Those in `behind` have played as much, but waited longer for it or joined earlier.
    WaitedLonger,
    /// Its owner has earlier entries in the order.
    OwnQueue,
    /// Those in `behind` have had fewer turns (policy `rotation`).
    FewerTurns,
    /// Those in `behind` queued theirs earlier (policies `fifo` and `votes`).
    AddedEarlier,
    /// Those in `behind` have more votes (policy `votes`).
    Voted,
    /// The host ordered it so (policy `host`).
    HostsOrder,
}

/// Whether music plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PlaybackState {
    /// The position runs.
    Playing,
    /// The position stands still.
    Paused,
    /// Nothing to play.
    Idle,
}

/// The timeline, as a fact and not a tick. While `playing` the position at an instant is
/// `anchor_position_ms + (instant - anchor_at_ms)`; negative means that it starts at a moment still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Playback {
    /// Whether music plays.
    pub state: PlaybackState,
    /// What; `None` exactly when idle.
    pub entry: Option<EntryId>,
    /// Position in the track at the anchor.
    pub anchor_position_ms: u64,
    /// The anchor, on the server's clock.
    pub anchor_at_ms: i64,
}

/// Which devices play. One that does not stays silent, whatever it could.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Output {
    /// What `devices` are.
    pub mode: OutputMode,
    /// Those that are left out (`everyone`), or the only ones that play (`speakers`); at most 64.
    pub devices: BTreeSet<DeviceId>,
}

impl Output {
    /// Whether a device is to play.
    pub fn lets_play(&self, device: DeviceId) -> bool {
        match self.mode {
            OutputMode::Everyone => !self.devices.contains(&device),
            OutputMode::Speakers => self.devices.contains(&device),
        }
    }
}

/// Who plays unless the room says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// Every device that can.
    #[default]
    Everyone,
    /// The room's loudspeakers only.
    Speakers,
}

/// Something that was played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Played {
    /// The entry that it was.
    pub entry: EntryId,
    /// For whom; absent for the fallback playlist and for those who are forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<UserId>,
    /// What.
    pub track: Track,
    /// When it started.
    pub started_at_ms: i64,
    /// How much of it was played.
    pub played_ms: u64,
    /// Why it ended.
    pub reason: EndReason,
    /// By whom, when somebody ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// A line of the list of who did what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Note {
    /// Its number; what `undo` takes.
    pub id: u64,
    /// When.
    pub at_ms: i64,
    /// Who.
    pub by: UserId,
    /// What: the name of the command.
    pub deed: String,
    /// To whom, when to somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<UserId>,
    /// The title of the track that it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The settings that it was about.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Vec<String>,
    /// Until when it can be undone; absent when it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_until_ms: Option<i64>,
    /// By whom it was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<UserId>,
}

/// The whole visible state of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Room {
    /// What people type to enter.
    pub code: RoomCode,
    /// Its name.
    pub name: String,
    /// True when nobody new may enter: `admission` is `locked`.
    pub locked: bool,
    /// What the host has set.
    pub settings: Settings,
    /// Everyone who belongs to the room, in the order they joined.
    pub members: Vec<Member>,
    /// The timeline.
    pub playback: Playback,
    /// Which devices play.
    #[serde(default)]
    pub output: Output,
    /// The entry that the timeline is about.
    pub now_playing: Option<Entry>,
    /// The merged order, at most the first 100 places.
    pub upcoming: Vec<Entry>,
    /// How many entries are in the order in all.
    pub upcoming_total: u32,
    /// Tracks that wait for approval, the oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub suggestions: Vec<Entry>,
    /// Those who wait to be let in, longest first. They are no members.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lobby: Vec<Member>,
    /// Those who may not return.
    #[serde(default, skip_serializing_if = "is_default")]
    pub banned: Vec<Member>,
    /// The fallback playlist.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fallback: Vec<Track>,
    /// Who has voted to skip what is on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub skip_votes: Vec<UserId>,
    /// With `players_max` set: the members whose queues play, then those waiting for a place. Empty otherwise.
    #[serde(default, rename = "line", skip_serializing_if = "is_default")]
    pub waitlist: Vec<UserId>,
    /// From whom the room was claimed: they get it back when they ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
}

/// Whether a field says what its absence says.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
