//! A real server on a free port, and clients that speak to it as anybody would.

mod client;
pub mod mariadb;
mod process;
mod server;

pub use client::{Person, Socket, unknown_track};
pub use process::Process;
pub use server::TestServer;
