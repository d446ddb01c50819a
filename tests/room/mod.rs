//! The room's actor: what it lets go of when, what it remembers, how it comes back.

mod barrier;
mod broadcasts;
mod durability;
mod hall;
mod outage;
mod panics;
mod people;
mod presence;
mod resume;
mod told;
