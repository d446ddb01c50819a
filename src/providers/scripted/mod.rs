//! A provider for tests: a fixed list of tracks, and track ids that fail in each way that a provider can fail.
//!
//! It needs neither a network nor files, so tests of rooms, routes and clients can see how a provider that they do not
//! know behaves. Enabled by `TUTTI_SCRIPTED_PROVIDER`, which is for tests only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use tutti_protocol::{ProviderId, Track};

use super::{Asker, Capabilities, Measurement, PAGE_TRACKS_MAX, Page, Provider, ProviderError, Query};

/// Its id.
pub const ID: ProviderId = ProviderId::known("scripted");
/// Tracks that it has, `1` to `120`.
const TRACKS: usize = 120;
/// Further tracks, each named after its measurement. The numbered ones have none.
const MEASUREMENTS: [&str; 6] = ["measured", "undecodable", "gone", "vanishes", "measures-forever", "unmeasurable"];

/// The provider. It keeps nothing but whether the file of `vanishes` was measured.
#[derive(Debug, Default)]
pub struct Scripted {
    has_vanished: AtomicBool,
}

#[async_trait]
impl Provider for Scripted {
    fn id(&self) -> ProviderId {
        ID
    }

    fn name(&self) -> &'static str {
        "the scripted provider"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { serves_files: false, needs_link: false, browses: false }
    }

    async fn search(&self, _: &Asker, query: &Query) -> Result<Page<Track>, ProviderError> {
        let found: Vec<_> = (1..=TRACKS).map(track).filter(|track| track.title.contains(query.text.trim())).collect();
        let offset = query.cursor.as_ref().map_or(Some(0), |cursor| cursor.parse().ok());
        let offset = offset.filter(|offset| *offset == 0 || *offset < found.len());
        let offset = offset.ok_or(ProviderError::Invalid("This cursor does not belong to this search."))?;
        let next = offset + PAGE_TRACKS_MAX;
        let next_cursor = (next < found.len()).then(|| next.to_string());
        Ok(Page { items: found.into_iter().skip(offset).take(PAGE_TRACKS_MAX).collect(), next_cursor })
    }

    async fn track(&self, _: &Asker, id: &str) -> Result<Option<Track>, ProviderError> {
        match id {
            "hangs" => std::future::pending().await,
            "unlinked" => Err(ProviderError::NotLinked),
            "unplayable" => Err(ProviderError::Unplayable),
            "limited" => Err(ProviderError::RateLimited { retry_after: Duration::from_mins(5) }),
            "unavailable" => Err(ProviderError::Unavailable(anyhow!("as scripted"))),
            id if MEASUREMENTS.contains(&id) => Ok(Some(Track { id: id.into(), title: id.into(), ..track(1) })),
            number => Ok((1..=TRACKS).find(|known| known.to_string() == number).map(track)),
        }
    }

    async fn art_url(&self, id: &str) -> Result<Option<String>, ProviderError> {
        Ok((id == "measured").then(|| "/covers/measured".into()))
    }

    async fn measure(&self, id: &str) -> Result<Measurement, ProviderError> {
        match id {
            "measured" => Ok(Measurement::Playable { duration_ms: 200_000, gain_db: Some(-6.5) }),
            "undecodable" => Ok(Measurement::Unplayable),
            // There the first time only.
            "vanishes" if !self.has_vanished.swap(true, Ordering::Relaxed) => Ok(Measurement::Unknown),
            "gone" | "vanishes" => Ok(Measurement::Gone),
            "measures-forever" => std::future::pending().await,
            "unmeasurable" => Err(ProviderError::Unavailable(anyhow!("as scripted"))),
            _ => Ok(Measurement::Unknown),
        }
    }
}

fn track(number: usize) -> Track {
    Track {
        provider: ID,
        id: number.to_string(),
        title: format!("Track {number}"),
        artists: vec!["Scripted".into()],
        album: None,
        duration_ms: 180_000,
        art_url: None,
        explicit: false,
        gain_db: None,
        unplayable: false,
    }
}
