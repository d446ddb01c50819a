//! Attacks on tokens, sessions and passwords.

mod access;
pub mod logs;
mod refresh;
mod timing;
