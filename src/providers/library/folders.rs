//! The folders of the library, and how files in them are named in the index.
//!
//! A file's path in the index is relative to its folder, with forward slashes. In the first folder it stands alone, so that
//! ids stay the same when further folders are added; in others the folder's name and two slashes precede it:
//! `More music//Artist/Title.mp3`. Bytes that are not UTF-8 become characters for private use, one each.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::tags::text::{Raw, encoding};

/// Between the name of a further folder and the path in it.
const MARK: &str = "//";
/// The first of 256 characters that stand for bytes.
const BYTES_FROM: u32 = 0x10_ff00;

/// The folders. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    folders: Vec<Folder>,
}

/// One folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// What precedes paths in it; empty for the first.
    pub prefix: String,
    /// Where it is: canonical, if it was there at the start.
    pub path: PathBuf,
}

impl Folders {
    /// Opens the folders. One that is missing may come later, as long as there is another.
    ///
    /// # Errors
    /// When none of them can be opened.
    pub async fn open(paths: Vec<PathBuf>) -> io::Result<Self> {
        let mut folders: Vec<Folder> = Vec::new();
        let mut failed = None;
        let mut opened = false;
        for path in paths.into_iter().filter(|path| !path.as_os_str().is_empty()) {
            let canonical = match canonical_folder(&path).await {
                Ok(canonical) => {
                    opened = true;
                    canonical
                }
                Err(error) => {
                    tracing::warn!(folder = %path.display(), %error, "library folder cannot be opened");
                    failed = Some(error);
                    std::path::absolute(&path)?
                }
            };
            if folders.iter().any(|known| known.path == canonical) {
                continue;
            }
            let prefix = prefix(&canonical, &folders);
            folders.push(Folder { prefix, path: canonical });
        }
        match failed {
            Some(error) if !opened => Err(error),
            _ if folders.is_empty() => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(Self { folders }),
        }
    }

    /// All folders.
    pub fn iter(&self) -> impl Iterator<Item = &Folder> {
        self.folders.iter()
    }

    /// The first folder, which the index belongs to.
    pub fn first(&self) -> &Path {
        &self.folders[0].path
    }

    /// The folder of a path in the index; `None` if it is no longer one.
    pub fn folder(&self, path: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.contains(path))
    }

    /// Where the file is that the index calls `path`.
    pub fn file(&self, path: &str) -> Option<PathBuf> {
        let folder = self.folder(path)?;
        Some(folder.path.join(os(&path[folder.prefix.len()..])))
    }
}

impl Folder {
    /// Whether a path in the index is one of this folder.
    pub fn contains(&self, path: &str) -> bool {
        if self.prefix.is_empty() { !path.contains(MARK) } else { path.starts_with(&self.prefix) }
    }
}

async fn canonical_folder(path: &Path) -> io::Result<PathBuf> {
    let canonical = tokio::fs::canonicalize(path).await?;
    if tokio::fs::metadata(&canonical).await?.is_dir() {
        Ok(canonical)
    } else {
        Err(io::ErrorKind::NotADirectory.into())
    }
}

/// The folder's name, with a number if another has the same.
fn prefix(path: &Path, others: &[Folder]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let name = name(path.file_name().unwrap_or(OsStr::new("root")));
    let numbered = (2..).map(|number| format!("{name} {number}{MARK}"));
    let mut candidates = std::iter::once(format!("{name}{MARK}")).chain(numbered);
    candidates.find(|candidate| others.iter().all(|other| other.prefix != *candidate)).unwrap_or_default()
}

/// A file's name as the index has it: any name, and no two the same.
pub fn name(name: &OsStr) -> String {
    let is_byte = |c: char| u32::from(c) >= BYTES_FROM;
    if let Some(name) = name.to_str().filter(|name| !name.contains(is_byte)) {
        return name.to_owned();
    }
    let mut text = String::new();
    let bytes = |text: &mut String, bytes: &[u8]| {
        text.extend(bytes.iter().filter_map(|byte| char::from_u32(BYTES_FROM + u32::from(*byte))));
    };
    for chunk in name.as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_byte(c) { bytes(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes()) } else { text.push(c) }
        }
        bytes(&mut text, chunk.invalid());
    }
    text
}

/// The bytes of a path in the index.
fn os(path: &str) -> OsString {
    let mut bytes = Vec::with_capacity(path.len());
    for c in path.chars() {
        match u32::from(c).checked_sub(BYTES_FROM).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    OsString::from_vec(bytes)
}

/// A path in the index as people would write it: what is not UTF-8 in the encoding it probably is in.
pub fn readable(path: &str) -> String {
    let bytes = os(path).into_vec();
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let raw = Raw::Bytes(error.into_bytes());
            raw.decode(encoding([&raw]))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_are_not_utf8_are_readable() {
        assert_eq!(name(OsStr::new("Björk.mp3")), "Björk.mp3");
        let latin = name(OsStr::from_bytes(b"Bj\xf6rk.mp3"));
        assert_eq!(os(&latin).as_bytes(), b"Bj\xf6rk.mp3");
        assert_eq!(readable(&latin), "Björk.mp3");
    }

    proptest! {
        #[test]
        fn any_name_is_kept(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "\\PC{0,20}[\u{10ff00}-\u{10ffff}]?") {
            let joined = [bytes.as_slice(), text.as_bytes()].concat();
            for bytes in [bytes.as_slice(), text.as_bytes(), &joined] {
                let encoded = name(OsStr::from_bytes(bytes));
                let decoded = os(&encoded);
                prop_assert_eq!(decoded.as_bytes(), bytes);
                let _ = readable(&encoded);
            }
        }
    }
}
