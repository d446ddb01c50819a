//! Tokens and sessions, attacked.

mod access;
mod logs;
mod refresh;
