//! One client of the wire contract, shared by the wire and crash tests, the simulation and the load generator.
//!
//! It comes in layers; each user takes the ones it needs:
//!
//! | module | what it does | used by |
//! |---|---|---|
//! | [`frame`] | RFC 6455 frames as bytes, and the frames in what an outbox gathered | everything that reads or writes raw bytes |
//! | [`client_state`] | the protocol without a transport or a clock: position, order, pending commands, `hello` | all |
//! | [`user`] | a logged-in user over HTTP | wire and crash tests, load generator |
//! | [`socket`] | a WebSocket on tokio-tungstenite | wire and crash tests |
//! | [`room_client`] | a user in a room: follows the whole room, sends commands, waits for replies | wire tests |
//!
//! What a client asks for, and whether the answers are right, is up to the tests. The load generator has a leaner
//! transport of its own.

pub mod client_state;
pub mod frame;
pub mod room_client;
pub mod socket;
pub mod user;

pub use client_state::{Change, ClientState, CommandOutcome, PendingCommand, check_contiguous, encode};
pub use frame::{Received, received};
pub use room_client::RoomClient;
pub use socket::{Closed, Socket};
pub use user::TestUser;
