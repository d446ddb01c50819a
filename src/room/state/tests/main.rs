//! The room as stories and as properties.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no readers of its docs")]

mod cases;
mod fairness;
mod guarantees;
mod hosting;
mod listeners;
mod measured;
mod offers;
mod output;
mod people;
mod permissions;
mod playback;
mod policies;
mod properties;
mod script;
mod shares;
mod world;
