//! Rooms: the pure state in [`state`], and the one task that owns each.
//!
//! A room's actor decides and applies a command in memory, hands the events to the journal, and only when they are
//! durable lets go of what they cause: replies, deltas, closes. What a member is told has happened stays happened.
//!
//! | module | what |
//! |---|---|
//! | [`state`] | the pure state machine, a crate of its own |
//! | [`registry`] | which rooms are in memory; opens, loads and creates them |
//! | [`handle`] | how the rest of the server talks to a room |
//! | `actor` | the task that owns a room |
//! | `effects` | what waits for its events to be durable |
//! | `gathered` | what leaves together |
//! | `history` | recent events, for members who come back |
//! | `replies` | recent replies, so that a repeated command has no second effect |
//! | `presence` | who is connected with what |
//! | `absence` | who is waited for |
//! | `people` | what becomes of somebody in all rooms at once |
//! | `view` | what goes on, for those who follow without a connection |
//! | `wire` | frames, encoded once for everyone |

pub mod handle;
pub mod registry;

mod absence;
mod actor;
mod effects;
mod gathered;
mod history;
mod load;
mod people;
mod presence;
mod replies;
mod view;
mod wire;

pub use tutti_room_state as state;

pub use handle::{Join, JoinError, RoomHandle};
pub use people::PeopleError;
pub use registry::{OpenError, Registry};
pub use view::View;
