//! Key rotation under a running server.

mod program;
mod rotation;
