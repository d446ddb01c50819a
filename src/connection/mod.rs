//! One socket's life.

pub mod frame;

mod link;
mod outbox;

pub use link::Link;
pub use outbox::{Drained, Outbox};
