//! What servers tell each other.

mod affinity;
mod bus;
mod memory;
mod nats;
