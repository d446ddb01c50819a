//! Files that only the server's user reads: the database holds names and password hashes, the folder `keys` what tokens are
//! signed with.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

/// The beginnings of the names of files that this program writes into its data directory.
const OURS: [&str; 4] = ["tutti.db", "library.db", "clock", "node.lock"];

/// Removes all permissions of others from files that this process creates.
pub fn restrict_new_files() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Creates a folder that only its owner may open, or closes an existing one to others, with the databases in it.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    restrict(folder, 0o700);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours = OURS.iter().any(|prefix| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()));
        if is_ours && entry.file_type()?.is_file() {
            restrict(&entry.path(), 0o600);
        }
    }
    Ok(())
}

/// Gives a file that root wrote to the owner of its folder, who will open it: the server's user.
pub fn give_to_owner_of_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let owner = fs::metadata(folder)?;
    if geteuid().is_root() && owner.uid() != 0 {
        chown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

/// Removes the permissions beyond `mode`. Network and memory card file systems may not have any: a server on one runs all
/// the same.
fn restrict(path: &Path, mode: u32) {
    let restricted = fs::metadata(path).and_then(|found| match found.mode() & 0o7777 & !mode {
        0 => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(found.mode() & mode)),
    });
    if let Err(error) = restricted {
        tracing::warn!(path = %path.display(), %error, "other users may read this");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_folder_is_closed_to_others_with_the_files_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let new = dir.path().join("a/b");
        private_folder(&new).unwrap();
        assert_eq!(mode(&new), 0o700);

        let (old, file) = (dir.path().join("old"), dir.path().join("old/tutti.db"));
        fs::create_dir(&old).unwrap();
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o775)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        private_folder(&old).unwrap();
        assert_eq!((mode(&old), mode(&file)), (0o700, 0o600));
    }
}
