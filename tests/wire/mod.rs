//! The contract over real sockets, against a real server.

mod audio;
mod bad_input;
mod base_path;
mod hello;
mod hosting;
mod measurements;
mod operator;
mod party;
mod passcode;
mod rfc6455;
mod screens;
mod sessions;
mod spotify;
mod tls;
