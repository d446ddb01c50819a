//! Rooms: the pure state in [`state`], and the one task that owns each room.
//!
//! A room's actor decides and applies a command in memory and appends the events to the journal. Their effects (deltas,
//! replies, closes) leave the room only once the events are durable.
//!
//! | module | what |
//! |---|---|
//! | [`state`] | the pure state machine, a crate of its own |
//! | [`registry`] | the rooms in memory; creates and loads them |
//! | [`handle`] | the interface of a room to the rest of the server |
//! | `role` | the task of a room: as its owner, or relaying to another server that is |
//! | `actor` | decides for a room |
//! | [`remote`] | rooms that several servers share |
//! | `batch` | encodes a decided batch: journal row, delta, effects |
//! | `effects` | outgoing effects, pending until their events are durable |
//! | `broadcast_batcher` | broadcasts in one write per member and window |
//! | `history` | recent events, so that clients can resume |
//! | `replies` | recent replies, so that a repeated command has no second effect |
//! | `load` | a room from its checkpoint and journal |
//! | `presence` | connections and what their devices report |
//! | `grace_periods` | how long a room waits for members without a connection |
//! | [`measurements`] | exact lengths and faults of tracks, found beside the actor |
//! | `name` | which names rooms may have |
//! | `people` | one user in all rooms: merging, forgetting |
//! | `view` | the room as seen without a connection |
//! | `last_sent` | what was last sent to members beside events |
//! | `wire` | frames, encoded once for all receivers |

pub mod handle;
pub mod measurements;
pub mod registry;
pub mod remote;

mod actor;
mod batch;
mod broadcast_batcher;
mod effects;
mod grace_periods;
mod history;
mod last_sent;
mod load;
mod name;
mod people;
mod presence;
mod replies;
mod role;
mod view;
mod wire;

pub use tutti_room_state as state;

pub use handle::{Join, RoomError, RoomHandle};
pub use name::{BAD_NAME, bad_name_values, clean_name};
pub use people::PeopleError;
pub use registry::{OpenError, Registry};
pub use view::View;
