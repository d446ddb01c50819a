//! Commands of the program besides `serve`: arguments in, text out. What they do is the library's.

pub(crate) mod backup;
pub(crate) mod keys;
pub(crate) mod migrate;
