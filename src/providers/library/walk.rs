//! Lists the files of the library's folders that may be music.
//!
//! Symbolic links are followed: what a link in the library points to is part of it. No folder or file is visited twice,
//! so links that go round in circles or to something that is listed already add nothing, and what is there without a link
//! is listed where it is. Left out are hidden files, what NAS systems and desktops create, and folders with a file
//! `.nomedia`. Blocks.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tokio_util::sync::CancellationToken;

use super::art;
use super::folders::{self, Folder, Folders};
use super::index::Stamp;
use super::names::{self, Likely};
use super::scan::Trouble;
use super::watch::Watch;

/// Deepest nesting of folders.
const FOLDER_DEPTH_MAX: usize = 32;
/// Most files of one library. It bounds what a scan keeps in memory, to some 200 MB.
const FILES_MAX: usize = 500_000;
/// A folder with this file is not for players.
const KEEP_OUT: &str = ".nomedia";

/// A file that may be music.
#[derive(Debug)]
pub struct Found {
    /// As the index has it.
    pub path: String,
    /// Size and time.
    pub stamp: Stamp,
    /// The file system that it is on.
    pub device: i64,
    /// The folder's cover.
    pub folder_art: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The files, in the order of names.
    pub files: Vec<Found>,
    /// Folders and files that could not be listed, as the index has them.
    pub unseen: Vec<String>,
    /// Prefixes of the folders that are not there.
    pub absent: Vec<String>,
    /// Folders that were listed, as the index has them. The first folder of all is the empty path.
    pub folders: HashMap<String, Listed>,
    /// What could not be listed, for the log.
    pub trouble: Trouble,
}

/// A folder that was listed.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The file system that it is on.
    pub device: i64,
    /// Whether nothing at all is in it.
    pub empty: bool,
}

/// Lists all folders. `None` if it was stopped.
///
/// # Errors
/// When none of the folders can be listed.
pub fn walk(folders: &Folders, watch: &Watch, stop: &CancellationToken) -> io::Result<Option<Walk>> {
    let mut walker = Walker::new(watch, stop);
    let mut failed = None;
    watch.begin();
    for Folder { prefix, path } in folders.iter() {
        if let Err(error) = walker.folder(path, prefix.strip_suffix('/').unwrap_or(prefix), 0) {
            walker.walk.trouble.add(&path.display().to_string(), &error);
            walker.walk.absent.push(prefix.clone());
            watch.miss();
            failed = Some(error);
        }
    }
    walker.follow_links();
    if stop.is_cancelled() {
        return Ok(None);
    }
    match failed {
        Some(error) if walker.walk.folders.is_empty() => Err(error),
        _ => Ok(Some(walker.finish())),
    }
}

/// What identifies a file or folder, whatever its path.
type Identity = (u64, u64);

struct Walker<'a> {
    watch: &'a Watch,
    stop: &'a CancellationToken,
    walk: Walk,
    visited: HashSet<Identity>,
    file_systems: HashSet<u64>,
    covers: HashMap<String, art::FolderCovers>,
    links: VecDeque<(PathBuf, String, usize)>,
}

impl<'a> Walker<'a> {
    fn new(watch: &'a Watch, stop: &'a CancellationToken) -> Self {
        Self {
            watch,
            stop,
            walk: Walk::default(),
            visited: HashSet::new(),
            file_systems: HashSet::new(),
            covers: HashMap::new(),
            links: VecDeque::new(),
        }
    }

    /// Lists a folder and those in it. Fails only at the top.
    fn folder(&mut self, folder: &Path, path: &str, depth: usize) -> io::Result<()> {
        if self.stop.is_cancelled() || depth > FOLDER_DEPTH_MAX {
            return Ok(());
        }
        let listed = self.list(folder);
        let (metadata, entries) = match listed {
            Ok(Some(listed)) => listed,
            Ok(None) => return Ok(()),
            Err(error) if depth == 0 => return Err(error),
            Err(error) => {
                self.walk.trouble.add(path, &error);
                self.walk.unseen.push(path.to_owned());
                return Ok(());
            }
        };
        let device = metadata.dev().cast_signed();
        self.walk.folders.insert(path.to_owned(), Listed { device, empty: entries.is_empty() });
        if entries.iter().any(|entry| entry.file_name() == KEEP_OUT) {
            return Ok(());
        }
        for entry in entries {
            let name = entry.file_name();
            if names::is_rubbish(name.as_encoded_bytes()) {
                continue;
            }
            let (file, path) = (entry.path(), join(path, &folders::name(&name)));
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.folder(&file, &path, depth + 1)?,
                Ok(kind) if kind.is_symlink() => self.links.push_back((file, path, depth + 1)),
                Ok(kind) if kind.is_file() => self.file(path, || entry.metadata()),
                Ok(_) => {}
                Err(error) => {
                    self.walk.trouble.add(&path, &error);
                    self.walk.unseen.push(path);
                }
            }
        }
        Ok(())
    }

    /// A folder's entries in the order of names; `None` if it was visited before.
    fn list(&mut self, folder: &Path) -> io::Result<Option<(Metadata, Vec<fs::DirEntry>)>> {
        let metadata = fs::metadata(folder)?;
        if !self.visited.insert((metadata.dev(), metadata.ino())) {
            return Ok(None);
        }
        if self.file_systems.insert(metadata.dev()) {
            self.watch.check_file_system(folder);
        }
        self.watch.add(folder);
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        Ok(Some((metadata, entries)))
    }

    fn file(&mut self, path: String, metadata: impl FnOnce() -> io::Result<Metadata>) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if art::is_picture(name) {
            self.covers.entry(folder.to_owned()).or_default().add(&path);
        } else if names::likely(name) != Likely::No {
            let metadata = match metadata() {
                Ok(metadata) => metadata,
                Err(error) => {
                    self.walk.trouble.add(&path, &error);
                    self.walk.unseen.push(path);
                    return;
                }
            };
            if self.walk.files.len() == FILES_MAX {
                self.walk.trouble.add(&path, &format!("the library is limited to {FILES_MAX} files"));
                return;
            }
            self.visited.insert((metadata.dev(), metadata.ino()));
            let device = metadata.dev().cast_signed();
            self.walk.files.push(Found { path, stamp: stamp(&metadata), device, folder_art: None });
        }
    }

    /// Links are followed last, so that what they point to is listed where it is if that is in the library.
    fn follow_links(&mut self) {
        while let Some((file, path, depth)) = self.links.pop_front() {
            // Of a link that leads nowhere there is nothing to list, nor anything to warn about.
            let Ok(metadata) = fs::metadata(&file) else { continue };
            if metadata.is_dir() {
                // Only the top fails.
                let _ = self.folder(&file, &path, depth);
            } else if metadata.is_file() && !self.visited.contains(&(metadata.dev(), metadata.ino())) {
                self.file(path, || Ok(metadata));
            }
        }
    }

    fn finish(mut self) -> Walk {
        for found in &mut self.walk.files {
            let folder = found.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let of = |folder: &str| self.covers.get(folder).and_then(art::FolderCovers::best);
            found.folder_art = of(folder).or_else(|| {
                let (album, disc) = folder.rsplit_once('/').unwrap_or(("", folder));
                names::is_disc_folder(disc).then(|| of(album))?
            });
        }
        self.walk
    }
}

/// A path in a folder. The top of a further folder ends in one slash more.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The size and time of a file.
pub fn stamp(metadata: &Metadata) -> Stamp {
    let since_epoch = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Stamp {
        size_bytes: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
        mtime_ns: since_epoch.and_then(|time| i64::try_from(time.as_nanos()).ok()).unwrap_or_default(),
    }
}
