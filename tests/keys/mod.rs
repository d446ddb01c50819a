//! Keys, exchanged under a running server.

mod program;
mod rotation;
