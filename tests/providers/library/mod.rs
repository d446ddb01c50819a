//! The music library: files in, tracks and bytes out.
//!
//! The fixtures are half to three quarters of a second of a 440 Hz tone each, tagged, made with ffmpeg's `sine` source
//! and opus-tools; `tone.flac` has a PNG inside, `tone.wav` has no tags, `cover.jpg` is a blue square. Those of other formats
//! come from `fixtures/generate.sh`.

mod browse;
mod covers;
mod demo;
mod folders;
mod formats;
mod http;
mod scan;
mod search;
mod search_quality;
mod segments;
mod tags;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tutti::clock::Clock;
use tutti::providers::library::cover_address::CoverSigner;
use tutti::providers::library::id::track_id;
use tutti::providers::library::{Library, ScanReport, Source};
use tutti::providers::{Art, Page, Provider as _};
use tutti_protocol::room::Track;

use super::{asker, search};

/// A library in a folder that is gone with the test.
pub(super) struct Shelf {
    folder: TempDir,
    data: TempDir,
    pub(super) library: Library,
}

impl Shelf {
    /// Puts fixtures at these paths and looks over them.
    pub(super) async fn with(files: &[(&str, &str)]) -> Self {
        let (folder, data) = (temp(), temp());
        for (path, name) in files {
            put(folder.path(), path, &fixture(name));
        }
        let library = open(&folder, &data).await;
        library.rescan().await.expect("the folder can be read");
        Self { folder, data, library }
    }

    /// Puts a file at a path, over what is there.
    fn put(&self, path: &str, contents: &[u8]) {
        put(self.folder.path(), path, contents);
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    async fn rescan(&self) -> ScanReport {
        self.library.rescan().await.expect("the folder can be read").last
    }

    /// The track of the file at this path.
    async fn track(&self, path: &str) -> Option<Track> {
        self.library.track(&asker(), &track_id(path)).await.expect("the index answers")
    }

    async fn titles(&self, query: &str) -> Vec<String> {
        titles(&self.search(query, None).await)
    }

    async fn search(&self, query: &str, cursor: Option<&str>) -> Page<Track> {
        search(&self.library, query, cursor).await.expect("any query is answered")
    }
}

async fn open(folder: &TempDir, data: &TempDir) -> Library {
    let source = Source::Folder(folder.path().to_owned());
    Library::open(&data.path().join("library.db"), source, Clock::system(), covers()).await.expect("the library opens")
}

/// Signs the addresses of covers in these tests.
fn covers() -> CoverSigner {
    CoverSigner::from_secret(&[7; 32])
}

/// The cover of the track with this id.
async fn served_cover(library: &Library, id: &str, size: Option<u32>) -> Option<Art> {
    let address = art(id);
    let (_, signature) = address.rsplit_once('/').expect("a path");
    library.art(id, signature, size).await.expect("the index answers")
}

/// The address of the cover of the track with this id, below `/api/v1/`.
fn art(id: &str) -> String {
    covers().address(id).replacen("/api/v1/", "", 1)
}

fn put(folder: &Path, path: &str, contents: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
    fs::write(path, contents).expect("the file can be written");
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/providers/library/fixtures").join(name))
        .expect("there is such a fixture")
}

/// Length of the ID3v2 tag that a file begins with.
fn id3_bytes(file: &[u8]) -> usize {
    10 + file[6..10].iter().fold(0, |size, byte| size << 7 | usize::from(*byte))
}

/// `tone.mp3` without its tag.
fn untagged_mp3() -> Vec<u8> {
    let file = fixture("tone.mp3");
    file[id3_bytes(&file)..].to_vec()
}

fn temp() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

fn titles(page: &Page<Track>) -> Vec<String> {
    page.items.iter().map(|track| track.title.clone()).collect()
}
