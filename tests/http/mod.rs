//! HTTP, driven through the routes without a socket, on every store.

mod auth;
mod cleanup;
mod device_codes;
mod limits;
mod operator;
mod origin;
mod response;
mod screens;
mod server;
mod sessions;
pub mod site;
mod slots;
mod static_client;

pub use site::{Answer, Browser, Site};
