//! The room's actor: durability, broadcasts, resume, presence, faults.

mod barrier;
mod broadcasts;
mod durability;
mod listeners;
mod lobby;
mod measurements;
mod member_updates;
mod outage;
mod panics;
mod people;
mod presence;
mod remote;
mod resume;
mod room_server;
mod unused;
