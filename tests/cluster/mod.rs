//! What servers tell each other.

mod bus;
mod memory;
mod nats;
