//! Moves bytes between the server and its clients: accepts TCP connections, encodes WebSocket frames, buffers what a
//! socket does not take.
//!
//! | module | what |
//! |---|---|
//! | [`listener`] | the accept loop: warp's routes under hyper's connection, and its caps |
//! | `deadline` | gives up on peers that do not read responses |
//! | [`certificates`] | the certificate of a server that terminates TLS itself |
//! | [`encryption`] | TLS on accepted connections, and sockets that stay encrypted |
//! | [`descriptors`] | the limit of open files |
//! | [`frame`] | WebSocket frames as a server sends them |
//! | `outbox` | a connection's bounded send buffer |
//! | `socket` | the stream under the WebSocket codec |
//! | `link` | an authenticated connection as the rest of the server sees it |
//!
//! Not in here: the content of frames. This module imports neither [`crate::room`] nor [`crate::connection`].

pub mod certificates;
pub mod descriptors;
pub mod encryption;
pub mod frame;
pub mod listener;

mod deadline;
mod link;
mod outbox;
mod socket;

pub use certificates::{CertificateError, Certificates, TlsFiles};
pub use deadline::WriteDeadline;
pub use encryption::{ClientSocket, EncryptedSocket, Tls};
pub use link::{Link, Party};
pub use outbox::{Drained, Outbox, Override, Relay, Write};
pub use socket::Socket;
