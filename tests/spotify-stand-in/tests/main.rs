//! The stand-in as seen by an app, a browser and a test in another process.
#![allow(unreachable_pub, reason = "a test binary has no readers of its docs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authorize;
mod control;
mod me;
mod player;
mod program;
mod readme;
mod sdk;
mod support;
mod switches;
mod token;
mod tracks;
