//! Tokens and sessions, attacked.

mod access;
pub mod logs;
mod refresh;
mod timing;
