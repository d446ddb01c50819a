//! The commands besides `serve`: argument parsing and output. The library does the work.

use std::io::{self, Write as _};

pub(crate) mod backup;
pub(crate) mod copy;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod nodes;
pub(crate) mod operator;
pub(crate) mod rescan;

fn print(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
