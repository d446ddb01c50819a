//! The room as everyone in it sees it.

use serde::{Deserialize, Serialize};

use crate::id::{EntryId, RoomCode, UserId};

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
}

/// Where a track's music comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Files on the server.
    Library,
    /// Spotify.
    Spotify,
}

/// A track, with all that is shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Track {
    /// Where the music comes from.
    pub provider: Provider,
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
}

/// One queued track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// Who queued it.
    pub member: UserId,
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

/// What the host has set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Settings {
    /// How the members' queues merge.
    #[serde(default)]
    pub policy: Policy,
}

/// How the members' queues merge into one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Equal airtime: start-time fair queueing.
    #[default]
    Fair,
}

/// The whole visible state of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Room {
    /// What people type to enter.
    pub code: RoomCode,
    /// Its name.
    pub name: String,
    /// True when nobody new may enter.
    pub locked: bool,
    /// What the host has set.
    pub settings: Settings,
    /// Everyone who belongs to the room, in the order they joined.
    pub members: Vec<Member>,
    /// The timeline.
    pub playback: Playback,
    /// The entry that the timeline is about.
    pub now_playing: Option<Entry>,
    /// The merged order, at most the first 100 places.
    pub upcoming: Vec<Entry>,
    /// How many entries are in the order in all.
    pub upcoming_total: u32,
}
