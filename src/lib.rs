//! Tutti: a real-time hub for shared listening rooms.

pub mod app;
pub mod cleanup;
pub mod clock;
pub mod clock_trust;
pub mod cluster;
pub mod config;
pub mod connection;
pub mod erasure;
pub mod http;
pub mod identity;
pub mod ids;
pub mod keys;
pub mod lan;
pub mod limiter;
pub mod limits;
pub mod operator;
pub mod private_files;
pub mod providers;
pub mod room;
pub mod segments;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod transport;
