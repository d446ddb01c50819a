//! Servers that reach the same MySQL database. Without a bus one of them serves: a second one says why it does not start.
//! With a bus they share it: each room belongs to one of them, and the others relay their members to it
//! ([`crate::room`]). One that was taken for dead stops.
//!
//! Guarantees: a server that was replaced stores nothing in a room that its successor has read, whatever the clocks say;
//! that is the work of fences ([`crate::store::NodeStore`]). This module only decides when a replacement may start, and
//! carries messages between servers ([`bus`]).
//!
//! Not in here: SQLite, whose file is locked by its server.

pub mod bus;
pub mod clock;
pub mod lease;
mod life_file;
mod mailbox;
mod membership;
pub mod memory;
pub mod nats;
pub mod post;

pub use membership::{Living, Membership, MembershipError, watch_others};
