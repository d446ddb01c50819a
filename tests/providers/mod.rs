//! Sources of music.

mod library;
pub mod spotify;
