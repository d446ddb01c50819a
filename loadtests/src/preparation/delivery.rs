//! How long devices wait for segments of a running server, and what they cost it.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _};
use reqwest::{Method, StatusCode};
use tokio::task::JoinSet;
use tutti_protocol::segments::{Quality, RATE_HZ, SEGMENT_SAMPLES};
use tutti_test_client::TestUser;

use super::inputs::{Input, LONG_SECONDS};
use crate::clock;
use crate::dialect::Dialect;
use crate::figures::Latencies;
use crate::server::read_and_discard;
use crate::tutti::{Guest, Tutti, enter, start_a_track};

/// Counts prepared segments.
const PREPARED: &str = "tutti_segments_prepared_total";
/// Segments that a client keeps ahead of what it plays.
const CLIENT_AHEAD: u32 = 6;
/// Seconds of a segment.
const SEGMENT_SECONDS: u32 = SEGMENT_SAMPLES / RATE_HZ;
/// Interval between requests for a segment that is not ready.
const RETRY_EVERY: Duration = Duration::from_millis(100);
/// Nothing is being prepared when the count has not changed for so long: several times what a segment takes.
const IDLE: Duration = Duration::from_millis(500);
/// Members that join at a time.
const JOINS_AT_ONCE: usize = 8;
/// Requests for segments in memory, and how many of them at a time.
const CACHED_REQUESTS: u32 = 4_000;
const CACHED_AT_ONCE: usize = 8;
/// Places in the middle of the long file, as parts of it.
const PLACES: [f64; 5] = [0.3, 0.4, 0.5, 0.6, 0.7];

/// All that is measured.
pub(crate) struct Delivery {
    /// Of each file: latency of its first segment in milliseconds, lossless and small, before it was measured.
    pub(crate) first_ms: Vec<(&'static str, [f64; 2])>,
    /// Latency of a segment in the middle of the long file, before it was measured.
    pub(crate) unmeasured_middle_ms: f64,
    /// The same afterwards.
    pub(crate) middle: [Latencies; 2],
    /// Again, from the cache.
    pub(crate) cached: Latencies,
    /// Requests for small segments that are in memory, per second, and CPU time of the server for one, in microseconds.
    pub(crate) cached_per_second: f64,
    pub(crate) cached_cpu_us: f64,
    /// Of a room's devices, lossless and small.
    pub(crate) rooms: [Listening; 2],
}

/// Devices of one room that play the same track.
pub(crate) struct Listening {
    /// Latency of what starts the music, and of all later segments.
    pub(crate) first: Latencies,
    pub(crate) later: Latencies,
    /// Different segments that they asked for, and segments that the server prepared meanwhile.
    pub(crate) asked: u32,
    pub(crate) prepared: u64,
    /// CPU time of the server from the first request to the last answer, and how long that was.
    pub(crate) cpu_seconds: f64,
    pub(crate) seconds: f64,
    /// Growth of its resident memory.
    pub(crate) grown_mib: f64,
    /// Bytes of segments, for each device and minute of music.
    pub(crate) mib_per_minute: f64,
}

/// A server with the files as its library.
struct Site {
    tutti: Tutti,
    metrics: SocketAddr,
    http: reqwest::Client,
    host: Guest,
}

/// Measures with the files in `library`.
pub(crate) async fn measure(
    program: &Path,
    library: &Path,
    inputs: &[Input],
    long: &Input,
    devices: usize,
    seconds: u32,
) -> anyhow::Result<Delivery> {
    let site = Site::start(program, library, inputs.len() + 1).await?;
    let mut first_ms = Vec::new();
    for input in inputs.iter().chain([long]) {
        let id = site.track_id(input).await?;
        let mut latencies = [0.0; 2];
        for (quality, latency) in Quality::ALL.iter().zip(&mut latencies) {
            *latency = clock::ms(site.timed(&id, *quality, 0).await?);
            site.idle().await?;
        }
        first_ms.push((input.name, latencies));
    }

    let id = site.track_id(long).await?;
    // Queueing the track measures it, which takes a while.
    let room = site.host.open_room().await?;
    let mut joined = enter(&site.host, &room, None).await?;
    start_a_track(&site.host, &mut joined).await?;
    let measured = async {
        while !joined.connection.next().await?.contains("track_measured") {}
        Ok(())
    };
    let (unmeasured_middle_ns, ()) = tokio::try_join!(site.timed(&id, Quality::Lossless, segment_at(0.5)), measured)?;
    site.idle().await?;

    let mut middle: [Latencies; 2] = Default::default();
    let mut cached = Latencies::default();
    for (quality, latencies) in Quality::ALL.iter().zip(&mut middle) {
        // Other segments than those that are in the cache.
        for place in PLACES {
            latencies.record(site.timed(&id, *quality, segment_at(place) + 2 * CLIENT_AHEAD).await?);
            site.idle().await?;
            cached.record(site.timed(&id, *quality, segment_at(place) + 2 * CLIENT_AHEAD).await?);
        }
    }
    let (cached_per_second, cached_cpu_us) = site.requests_for_cached(&id).await?;
    let members = Members::join(&site, &room, devices).await?;
    let lossless = members.listen(&site, &id, Quality::Lossless, segment_at(0.1), seconds).await?;
    let small = members.listen(&site, &id, Quality::Small, segment_at(0.2), seconds).await?;
    Ok(Delivery {
        first_ms,
        unmeasured_middle_ms: clock::ms(unmeasured_middle_ns),
        middle,
        cached,
        cached_per_second,
        cached_cpu_us,
        rooms: [lossless, small],
    })
}

/// The segment at this part of the long file.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the file")]
fn segment_at(part: f64) -> u32 {
    (f64::from(LONG_SECONDS / SEGMENT_SECONDS) * part) as u32
}

impl Site {
    /// The background analysis is off, so that files are measured when they are queued.
    async fn start(program: &Path, library: &Path, files: usize) -> anyhow::Result<Self> {
        let metrics = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let library = format!("--library-dir={}", library.display());
        let settings = [
            library,
            "--library-analysis=false".into(),
            "--audio-access=users".into(),
            format!("--metrics-listen={metrics}"),
        ];
        let tutti = Tutti::start_with(program, &settings).await?;
        let http = reqwest::Client::new();
        let host = Guest::log_in(&http, tutti.address(), "Host").await?;
        while host.user.library().await?.len() < files {
            clock::pass(RETRY_EVERY).await;
        }
        Ok(Self { tutti, metrics, http, host })
    }

    async fn track_id(&self, input: &Input) -> anyhow::Result<String> {
        let tracks = self.host.user.library().await?;
        let found = tracks.into_iter().find(|track| track.title == input.title);
        Ok(found.with_context(|| format!("{} is not in the library", input.title))?.id)
    }

    /// Nanoseconds until the host has a segment.
    async fn timed(&self, id: &str, quality: Quality, number: u32) -> anyhow::Result<u64> {
        let began_ns = clock::now_ns();
        fetch(&self.host.user, id, quality, number).await?;
        Ok(clock::now_ns() - began_ns)
    }

    /// Segments prepared since the start.
    async fn prepared(&self) -> anyhow::Result<u64> {
        let metrics = self.http.get(format!("http://{}/metrics", self.metrics)).send().await?.text().await?;
        let line = metrics.lines().find_map(|line| line.strip_prefix(PREPARED)).context("no count of segments")?;
        Ok(line.trim().parse()?)
    }

    /// Waits until no segment is being prepared.
    async fn idle(&self) -> anyhow::Result<()> {
        let mut before = None;
        loop {
            let now = self.prepared().await?;
            if before == Some(now) {
                return Ok(());
            }
            before = Some(now);
            clock::pass(IDLE).await;
        }
    }

    /// Requests per second for a segment in memory, and the server's CPU time for one in microseconds.
    async fn requests_for_cached(&self, id: &str) -> anyhow::Result<(f64, f64)> {
        let number = segment_at(PLACES[0]) + 2 * CLIENT_AHEAD;
        let process = self.tutti.process();
        let (began_ns, cpu_seconds) = (clock::now_ns(), process.cpu_seconds()?);
        futures_util::stream::iter(0..CACHED_REQUESTS)
            .map(|_| fetch(&self.host.user, id, Quality::Small, number))
            .buffer_unordered(CACHED_AT_ONCE)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await?;
        let requests = f64::from(CACHED_REQUESTS);
        let cpu_us = (process.cpu_seconds()? - cpu_seconds) * 1e6 / requests;
        Ok((requests / clock::seconds_since(began_ns), cpu_us))
    }
}

/// The members of a room, each with a connection and a device.
struct Members {
    guests: Vec<Guest>,
    /// Read while this exists.
    _connections: RefCell<JoinSet<anyhow::Result<()>>>,
}

impl Members {
    async fn join(site: &Site, room: &str, count: usize) -> anyhow::Result<Self> {
        let connections = RefCell::new(JoinSet::new());
        let guests = futures_util::stream::iter(0..count)
            .map(|number| {
                let connections = &connections;
                async move {
                    let guest = Guest::log_in(&site.http, site.tutti.address(), &format!("Guest {number}")).await?;
                    let connection = enter(&guest, room, None).await?.connection;
                    drop(connections.borrow_mut().spawn(read_and_discard(Dialect::Tutti, connection)));
                    anyhow::Ok(guest)
                }
            })
            .buffer_unordered(JOINS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(Self { guests, _connections: connections })
    }

    /// All of them seek to a segment at the same time and listen for `seconds`.
    async fn listen(
        &self,
        site: &Site,
        id: &str,
        quality: Quality,
        from: u32,
        seconds: u32,
    ) -> anyhow::Result<Listening> {
        site.idle().await?;
        let asked = CLIENT_AHEAD + seconds / SEGMENT_SECONDS;
        let process = site.tutti.process();
        let (prepared, cpu_seconds, resident_kib) =
            (site.prepared().await?, process.cpu_seconds()?, process.resident_kib()?);
        let began_ns = clock::now_ns();
        let devices = self.guests.iter().map(|guest| listen(&guest.user, id, quality, from..from + asked, began_ns));
        let heard = futures_util::future::try_join_all(devices).await?;
        let took = clock::seconds_since(began_ns);
        let cpu_seconds = process.cpu_seconds()? - cpu_seconds;
        let grown_mib = (process.resident_kib()? - resident_kib) / 1024.0;
        site.idle().await?;
        let (mut first, mut later) = (Latencies::default(), Latencies::default());
        let mut bytes = 0;
        for device in &heard {
            first.record(device.first_ns);
            device.later_ns.iter().for_each(|latency| later.record(*latency));
            bytes += device.bytes;
        }
        ensure!(!heard.is_empty(), "a room needs devices");
        let minutes = f64::from(asked * SEGMENT_SECONDS) / 60.0 * heard.len() as f64;
        Ok(Listening {
            first,
            later,
            asked,
            prepared: site.prepared().await? - prepared,
            cpu_seconds,
            seconds: took,
            grown_mib,
            mib_per_minute: bytes as f64 / f64::from(1 << 20) / minutes,
        })
    }
}

/// What one device got.
struct Heard {
    first_ns: u64,
    later_ns: Vec<u64>,
    bytes: u64,
}

/// Fetches segments as the client does: the first six one after the other, then each when one has been played.
async fn listen(
    user: &TestUser,
    id: &str,
    quality: Quality,
    numbers: std::ops::Range<u32>,
    began_ns: u64,
) -> anyhow::Result<Heard> {
    let mut heard = Heard { first_ns: 0, later_ns: vec![], bytes: 0 };
    for (nth, number) in (0..).zip(numbers) {
        let due =
            clock::ns(Duration::from_secs(u64::from((nth + 1_u32).saturating_sub(CLIENT_AHEAD) * SEGMENT_SECONDS)));
        let early_ns = (began_ns + due).saturating_sub(clock::now_ns());
        clock::pass(Duration::from_nanos(early_ns)).await;
        // The first ones are wanted at once, and asked for in turn.
        let wanted_ns = if nth < CLIENT_AHEAD && nth > 0 { clock::now_ns() } else { began_ns + due };
        heard.bytes += fetch(user, id, quality, number).await?;
        let latency_ns = clock::now_ns() - wanted_ns;
        if nth == 0 {
            heard.first_ns = latency_ns;
        } else {
            heard.later_ns.push(latency_ns);
        }
    }
    Ok(heard)
}

/// Fetches a segment, however often that takes; its bytes.
async fn fetch(user: &TestUser, id: &str, quality: Quality, number: u32) -> anyhow::Result<u64> {
    let path = format!("library/tracks/{id}/segments/{}/{number}", quality.as_str());
    loop {
        let response = user.request(Method::GET, &path).send().await?;
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            clock::pass(RETRY_EVERY).await;
            continue;
        }
        let mut response = response.error_for_status()?;
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await? {
            bytes += chunk.len() as u64;
        }
        return Ok(bytes);
    }
}
