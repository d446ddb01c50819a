//! The demo library: a few tracks built into the program, for a server without a music folder.
//!
//! All of it was made for Tutti by `generate.py` beside this file, and is under the same licenses as the code.

use std::io::{self, ErrorKind};
use std::path::Path;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("files/", $name)).as_slice())),*]
    };
}

/// The files: name and contents.
pub const FILES: &[(&str, &[u8])] = files![
    "01-first-light.opus",
    "02-harbour-lamps.opus",
    "03-copper-kettle.opus",
    "04-slow-orbit.opus",
    "05-rooftop-bicycle.opus",
    "06-rain-on-tin.opus",
    "07-seven-steps-down.opus",
];

/// Writes the demo library into `folder`, made if missing. Files that are there already and right are not touched, so
/// that they need not be read again; files of other names are left alone.
pub async fn unpack(folder: &Path) -> io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    for (name, contents) in FILES {
        let path = folder.join(name);
        match tokio::fs::read(&path).await {
            Ok(present) if present == *contents => continue,
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A hidden name, which no scan takes for music, until it is whole.
        let unfinished = folder.join(format!(".{name}"));
        tokio::fs::write(&unfinished, contents).await?;
        tokio::fs::rename(&unfinished, &path).await?;
    }
    Ok(())
}
