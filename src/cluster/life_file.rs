//! The file `node.lock` in the data directory: which life of a server last used the directory.
//!
//! It is locked while that server runs; the system releases the lock however the process ends. So a start that gets the lock
//! knows that the life in the file is over, and need not wait for its beat to stop.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use uuid::Uuid;

use crate::store::LifeId;

/// The file, locked.
#[derive(Debug)]
pub(super) struct LifeFile(File);

impl LifeFile {
    /// `None` while another server runs on this directory.
    pub(super) fn take(data_dir: &Path) -> io::Result<Option<Self>> {
        let path = data_dir.join("node.lock");
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The life that used the directory before.
    pub(super) fn read(&mut self) -> io::Result<Option<LifeId>> {
        let mut text = String::new();
        self.0.rewind()?;
        // Text that is no id was not written completely, by a start that did not get any further.
        self.0.read_to_string(&mut text)?;
        Ok(Uuid::parse_str(text.trim()).ok().map(LifeId))
    }

    /// Names the life that uses the directory now.
    pub(super) fn write(&mut self, life: LifeId) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        writeln!(self.0, "{}", life.0)?;
        self.0.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_start_reads_the_life_before_it_unless_that_runs() {
        let dir = tempfile::tempdir().unwrap();
        for number in 1..3 {
            let mut file = LifeFile::take(dir.path()).unwrap().expect("free");
            let before = (number > 1).then(|| LifeId(Uuid::from_u128(number - 1)));
            assert_eq!(file.read().unwrap(), before);
            file.write(LifeId(Uuid::from_u128(number))).unwrap();
            assert!(LifeFile::take(dir.path()).unwrap().is_none(), "another server runs");
        }
        std::fs::write(dir.path().join("node.lock"), "019a").unwrap();
        assert_eq!(LifeFile::take(dir.path()).unwrap().expect("free").read().unwrap(), None);
    }
}
