//! How long the first scan of a large library takes.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;

use super::inputs;
use crate::clock;
use crate::tutti::Tutti;

/// Files of the library.
pub(crate) const FILES: usize = 20_000;
const FILES_PER_ALBUM: usize = 10;
const ALBUMS_PER_ARTIST: usize = 10;
/// The metric that says how many tracks the last scan found.
const TRACKS: &str = "tutti_library_files{state=\"track\"}";
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A scan that takes longer has failed.
const SECONDS_MAX: f64 = 120.0;

/// The first scan, without the analysis.
pub(crate) struct Scan {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) resident_mib: f64,
}

/// Scans [`FILES`] short files in `folder`, which is empty.
pub(crate) async fn measure(program: &Path, folder: &Path) -> anyhow::Result<Scan> {
    let library = folder.join("library");
    make(folder, &library).await?;
    let metrics = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let settings = [
        format!("--library-dir={}", library.display()),
        "--library-analysis=false".into(),
        format!("--metrics-listen={metrics}"),
    ];
    let began_ns = clock::now_ns();
    let tutti = Tutti::start_with(program, &settings).await?;
    let http = reqwest::Client::new();
    let found = format!("{TRACKS} {FILES}");
    while !http.get(format!("http://{metrics}/metrics")).send().await?.text().await?.lines().any(|line| line == found) {
        ensure!(clock::seconds_since(began_ns) < SECONDS_MAX, "the scan did not find all files");
        clock::pass(LOOK_EVERY).await;
    }
    let process = tutti.process();
    Ok(Scan {
        seconds: clock::seconds_since(began_ns),
        cpu_seconds: process.cpu_seconds()?,
        resident_mib: process.resident_kib()? / 1024.0,
    })
}

/// Albums of artists, in all formats. The files differ in their last bytes.
async fn make(folder: &Path, library: &Path) -> anyhow::Result<()> {
    let samples = inputs::make_formats(folder, 1).await?;
    let mut contents = Vec::new();
    for sample in samples.iter().filter(|sample| sample.name != "WAV") {
        let kind = sample.path.extension().unwrap_or_default().to_string_lossy().into_owned();
        contents.push((kind, fs::read(&sample.path)?));
    }
    for number in 0..FILES {
        let album = number / FILES_PER_ALBUM;
        let place = library.join(format!("Artist {}", album / ALBUMS_PER_ARTIST)).join(format!("Album {album}"));
        fs::create_dir_all(&place)?;
        let (kind, bytes) = &contents[number % contents.len()];
        let track = number % FILES_PER_ALBUM + 1;
        fs::write(
            place.join(format!("{track:02} - Title {number}.{kind}")),
            [bytes, &number.to_be_bytes()[..]].concat(),
        )?;
    }
    Ok(())
}
