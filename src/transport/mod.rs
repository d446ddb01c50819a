//! Bytes between the server and its clients: accepting connections, WebSocket frames, one bounded send buffer a socket.
//!
//! | module | what |
//! |---|---|
//! | [`listener`] | the accept loop: warp's routes under hyper's connection |
//! | [`frame`] | WebSocket frames as a server sends them |
//! | `outbox` | the way out: written inline, bounded, never torn |
//! | `socket` | what the WebSocket codec reads from and writes to |
//! | `link` | what the rest of the server knows of one connection |
//!
//! Not in here: what the frames say, which [`crate::room`] and [`crate::connection`] know. This module imports neither.

pub mod frame;
pub mod listener;

mod link;
mod outbox;
mod socket;

pub use link::Link;
pub use outbox::{Drained, Outbox};
pub use socket::Socket;
