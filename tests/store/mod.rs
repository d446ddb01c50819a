//! One contract for every store: each suite runs on all of them.

mod identity;
mod rooms;
