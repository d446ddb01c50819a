//! A real server on a free port, in this process or in its own, and its users.

use std::net::SocketAddr;

use tutti_protocol::{ProviderId, TrackRef};
use tutti_test_client::TestUser;

pub mod mariadb;
pub mod nats;
mod process;
mod server;

pub use process::Process;
pub use server::TestServer;

/// A new guest, with an HTTP client that keeps cookies as a browser does.
pub async fn guest(address: SocketAddr, name: &str) -> TestUser {
    TestUser::guest(&browser(), address, name).await.expect("a guest")
}

/// An HTTP client that keeps cookies.
pub fn browser() -> reqwest::Client {
    reqwest::Client::builder().cookie_store(true).build().expect("a client")
}

/// A reference to a track that no library has.
pub fn unknown_track() -> TrackRef {
    TrackRef { provider: ProviderId::LIBRARY, id: "ffffffffffffffffffffffffffffffff".into() }
}
