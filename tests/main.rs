//! Tutti from outside: each module mirrors one of `src/`.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no readers of its docs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod architecture;
mod attacks;
mod cluster;
mod docs;
mod http;
mod identity;
mod keys;
mod program;
mod prometheus;
mod providers;
mod room;
mod settings;
mod store;
mod support;
mod telemetry;
mod wire;
