//! Tutti: a real-time hub for shared listening rooms.

pub mod clock;
pub mod config;
pub mod http;
pub mod store;
