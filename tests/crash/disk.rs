//! Disks that fill up: one of a few megabytes, and one on which files can be written up to some length only.
//!
//! The small one is a tmpfs in a mount namespace that the server is started in, so it needs no rights but to make namespaces,
//! and nothing is left of it. Where that is not allowed its test fails and says so; the other kind works everywhere.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{Program, Start};

/// Up to where files can be written on the other: nearly nothing, because SQLite writes over what its log held before.
const BYTES_MAX: &str = "4096";
/// Room for the demo library, the keys and a database.
const SIZE: &str = "size=32m";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    Small,
    Limited,
}

impl Disk {
    /// A data directory on such a disk, and how a server is started there.
    pub fn start(self) -> (TempDir, Start) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let under: &[&str] = match self {
            Self::Small => {
                let mount = "mount -t tmpfs -o \"$1\" tmpfs \"$0\" && shift && exec \"$@\"";
                let path = dir.path().to_str().expect("UTF-8");
                &["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, path, SIZE]
            }
            // Else the first write that is too long would end the server: a limit's signal, which a full disk does not send.
            Self::Limited => &["sh", "-c", "trap '' XFSZ && exec \"$0\" \"$@\""],
        };
        let under = under.iter().map(ToString::to_string).collect();
        let start = Start { under, ..Start::on(dir.path()) };
        (dir, start)
    }

    /// Where the server's data directory is, seen from here.
    fn seen_from_here(self, program: &Program, data_dir: &Path) -> PathBuf {
        match self {
            Self::Small => PathBuf::from(format!("/proc/{}/root{}", program.id(), data_dir.display())),
            Self::Limited => data_dir.to_owned(),
        }
    }

    /// A copy of the database as it is. The server stands still meanwhile, so that its parts fit together.
    pub fn copy(self, program: &Program, data_dir: &Path) -> TempDir {
        let copy = tempfile::tempdir().expect("a temporary directory");
        program.signal("-STOP");
        for file in ["tutti.db", "tutti.db-wal"] {
            fs::copy(self.seen_from_here(program, data_dir).join(file), copy.path().join(file)).expect("a copy");
        }
        program.signal("-CONT");
        copy
    }
}

/// While it is there, the disk is full.
pub enum Full {
    Filler(PathBuf),
    Limit(u32),
}

pub fn fill(disk: Disk, program: &Program, data_dir: &Path) -> Full {
    let seen = disk.seen_from_here(program, data_dir);
    match disk {
        Disk::Small => {
            let path = seen.join("filler");
            let mut filler = File::create(&path).expect("a file");
            while filler.write_all(&[0; 4096]).is_ok() {}
            Full::Filler(path)
        }
        Disk::Limited => {
            limit(program.id(), BYTES_MAX);
            Full::Limit(program.id())
        }
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        match self {
            Self::Filler(path) => fs::remove_file(path).expect("it is there"),
            Self::Limit(process) => limit(*process, "unlimited"),
        }
    }
}

/// How long the files of a process may become.
fn limit(process: u32, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.arg(format!("--pid={process}")).arg(format!("--fsize={bytes}:"));
    assert!(command.status().expect("prlimit runs").success());
}
