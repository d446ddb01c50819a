//! Full disks: a file system of a few megabytes, and a limit on the length of files.
//!
//! The small one is a tmpfs in the server's own mount namespace: it needs the right to make namespaces and leaves
//! nothing behind. Where namespaces are not allowed its test fails; the other one works everywhere.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{Program, StartCommand};

/// Longest file under the limit. It is short because SQLite overwrites its log from the start.
const BYTES_MAX: &str = "4096";
/// Enough for the demo library, the keys and a database.
const SIZE: &str = "size=32m";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    Small,
    Limited,
}

impl Disk {
    /// A data directory on such a disk, and the command that starts a server there.
    pub fn start(self) -> (TempDir, StartCommand) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let wrapper: &[&str] = match self {
            Self::Small => {
                let mount = "mount -t tmpfs -o \"$1\" tmpfs \"$0\" && shift && exec \"$@\"";
                let path = dir.path().to_str().expect("UTF-8");
                &["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, path, SIZE]
            }
            // Ignores SIGXFSZ, which a full disk does not send and which would end the server.
            Self::Limited => &["sh", "-c", "trap '' XFSZ && exec \"$0\" \"$@\""],
        };
        let wrapper = wrapper.iter().map(ToString::to_string).collect();
        let start = StartCommand { wrapper, ..StartCommand::in_data_dir(dir.path()) };
        (dir, start)
    }

    /// The path of the data directory outside of the namespace.
    fn host_path(self, program: &Program, data_dir: &Path) -> PathBuf {
        match self {
            Self::Small => PathBuf::from(format!("/proc/{}/root{}", program.id(), data_dir.display())),
            Self::Limited => data_dir.to_owned(),
        }
    }

    /// A consistent copy of the database: the server is stopped while its files are copied.
    pub fn copy(self, program: &Program, data_dir: &Path) -> TempDir {
        let copy = tempfile::tempdir().expect("a temporary directory");
        program.signal("-STOP");
        for file in ["tutti.db", "tutti.db-wal"] {
            fs::copy(self.host_path(program, data_dir).join(file), copy.path().join(file)).expect("a copy");
        }
        program.signal("-CONT");
        copy
    }
}

/// The disk is full until this is dropped.
pub enum Full {
    Filler(PathBuf),
    Limit(u32),
}

pub fn fill(disk: Disk, program: &Program, data_dir: &Path) -> Full {
    let path = disk.host_path(program, data_dir);
    match disk {
        Disk::Small => {
            let path = path.join("filler");
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
            Self::Filler(path) => fs::remove_file(path).expect("the filler"),
            Self::Limit(process) => limit(*process, "unlimited"),
        }
    }
}

/// Limits the length of files that a process writes.
fn limit(process: u32, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.arg(format!("--pid={process}")).arg(format!("--fsize={bytes}:"));
    assert!(command.status().expect("prlimit runs").success());
}
