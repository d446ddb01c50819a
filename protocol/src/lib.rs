//! The wire contract of Tutti, version 1: the types of everything sent over a WebSocket or `/api/v1`.
//!
//! | module | what |
//! |---|---|
//! | [`id`] | identifiers as types |
//! | [`client`] | frames and commands that a client sends |
//! | [`server`] | frames that the server sends |
//! | [`event`] | events of a room, the unit of deltas and of the journal |
//! | [`gain`] | the gain of a track |
//! | [`room`] | the visible room: members, entries, playback |
//! | [`settings`] | what the host sets |
//! | [`action`] | the table of actions and the lowest role for each |
//! | [`code`] | the tables of error codes and close codes |
//! | [`reason`] | the table of exact reasons for refusals |
//! | [`http`] | request and response bodies of `/api/v1` |
//! | [`secret`] | text that `Debug` hides |
//!
//! Field names are snake_case, enums are snake_case strings, instants are Unix milliseconds (`_ms`), durations are
//! milliseconds, ids are strings. Receivers ignore unknown fields. **The contract may only be added to**: a
//! client of last year must work with the server of next year. JSON Schema and TypeScript in `schema/` and
//! `typescript/` are written by `cargo run -p tutti-protocol --features generate --bin generate`.

pub mod action;
pub mod client;
pub mod code;
pub mod event;
pub mod gain;
pub mod http;
pub mod id;
pub mod reason;
pub mod room;
pub mod secret;
pub mod segments;
pub mod server;
pub mod settings;

pub use action::{Action, Permissions};
pub use client::{
    ClientFrame, Command, DecodeError, Device, DeviceKind, DevicePlayback, DeviceStatus, Hello, Measured, TrackRef,
};
pub use code::{CloseCode, ErrorCode};
pub use event::{EndReason, Event, TrackFault};
pub use gain::Gain;
pub use id::{
    CommandId, ConnectionId, DeviceId, EntryId, PairingCode, ProviderId, RoomCode, RoomId, ScreenId, SessionId, UserId,
};
pub use reason::{Reason, ReasonValue, ReasonValues, reason_values};
pub use room::{
    Entry, Member, Note, Output, OutputMode, PairedScreen, Place, PlaceReason, Playback, PlaybackState, Played,
    Position, Role, Room, Track, UserKind,
};
pub use secret::Secret;
pub use server::{Answer, DevicePresence, EntryCommand, MemberPresence, Own, ReplyError, ServerFrame};
pub use settings::{Admission, BlockedTrack, Duplicates, Explicit, Policy, Settings, SettingsChange};

/// The WebSocket subprotocol of this version.
pub const SUBPROTOCOL: &str = "tutti.v1";
