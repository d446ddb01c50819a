//! The contract of the `Provider` trait, tested on every provider.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use tutti::providers::{
    Asker, Catalogue, Measurement, PAGE_TRACKS_MAX, Page, Provider, ProviderError, QUERY_CHARS_MAX, Query,
};
use tutti_protocol::{ProviderId, Track, UserId};

use super::asker;
use super::library::Shelf;
use super::spotify::Stage;
use crate::http::Site;

/// A provider, and a caller whom it serves.
struct Case {
    catalogue: Catalogue,
    id: ProviderId,
    asker: Asker,
    /// Finds at least one track.
    query: &'static str,
    _fixture: Box<dyn Any>,
}

impl Case {
    async fn library() -> Self {
        let shelf = Shelf::with(&[("a.flac", "tone.flac"), ("b.mp3", "tone.mp3"), ("c.ogg", "tone.ogg")]).await;
        let catalogue = Catalogue::new([Arc::new(shelf.library.clone()) as Arc<dyn Provider>]);
        Self { catalogue, id: ProviderId::LIBRARY, asker: asker(), query: "", _fixture: Box::new(shelf) }
    }

    async fn spotify() -> Self {
        let stage = Stage::new("ana").await;
        let me = stage.logged_in().await.me().await;
        let user = UserId(me.json["id"].as_str().unwrap().parse().unwrap());
        let catalogue = stage.site.context.catalogue.clone();
        let asker = Asker { user, host: None };
        Self { catalogue, id: ProviderId::SPOTIFY, asker, query: "e", _fixture: Box::new(stage) }
    }

    async fn scripted() -> Self {
        let site = Site::in_memory(&["--scripted-provider"]).await;
        let catalogue = site.context.catalogue.clone();
        Self { catalogue, id: tutti::providers::scripted::ID, asker: asker(), query: "", _fixture: Box::new(site) }
    }

    fn provider(&self) -> &dyn Provider {
        self.catalogue.get(self.id).expect("it is configured")
    }

    async fn search(&self, asker: Asker, cursor: Option<String>) -> Result<Page<Track>, ProviderError> {
        self.provider().search(&asker, &Query::new(self.query, cursor)?).await
    }

    /// The first search result.
    async fn some_track(&self) -> Track {
        self.search(self.asker, None).await.expect("the request succeeds").items.remove(0)
    }
}

/// Runs each test on every provider.
macro_rules! on_every_provider {
    (on $($provider:ident)*: $stories:tt) => { $(on_every_provider!(@ $provider $stories);)* };
    (@ $provider:ident { $($story:ident)* }) => {
        mod $provider {
            $(#[tokio::test]
            async fn $story() {
                super::$story(super::Case::$provider().await).await;
            })*
        }
    };
}

on_every_provider!(on library spotify scripted: {
    it_is_in_the_catalogue_under_its_id
    tracks_that_are_found_can_be_looked_up
    pages_follow_one_another_and_end
    an_invented_cursor_is_invalid
    unknown_ids_return_none
    open_returns_a_file_exactly_if_the_provider_serves_files
    callers_without_an_account_are_served_unless_a_link_is_needed
    the_hosts_account_serves_a_guest
});

async fn it_is_in_the_catalogue_under_its_id(case: Case) {
    assert!(case.catalogue.ids().contains(&case.id));
    assert_eq!(case.provider().id(), case.id);
    assert!(!case.provider().name().is_empty());
    assert!(case.catalogue.get(ProviderId::known("unknown")).is_none());
}

async fn tracks_that_are_found_can_be_looked_up(case: Case) {
    for found in case.search(case.asker, None).await.expect("the request succeeds").items {
        assert_eq!(found.provider, case.id);
        assert!(!found.id.is_empty() && !found.title.is_empty() && found.duration_ms > 0, "{found:?}");
        let known = case.provider().track(&case.asker, &found.id).await.expect("the request succeeds");
        assert_eq!(known.as_ref(), Some(&found));
    }
}

async fn pages_follow_one_another_and_end(case: Case) {
    let (mut seen, mut cursor) = (BTreeSet::new(), None);
    loop {
        let page = case.search(case.asker, cursor).await.expect("the request succeeds");
        assert!((1..=PAGE_TRACKS_MAX).contains(&page.items.len()), "{page:?}");
        for track in page.items {
            assert!(seen.insert(track.id.clone()), "duplicate: {track:?}");
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
}

async fn an_invented_cursor_is_invalid(case: Case) {
    for cursor in ["", "x", "-1", "../../etc", "99999999999999999999"] {
        let answer = case.search(case.asker, Some(cursor.into())).await;
        assert!(matches!(answer, Err(ProviderError::Invalid(_))), "{cursor}: {answer:?}");
    }
    let too_long = Query::new("x".repeat(QUERY_CHARS_MAX + 1), None);
    assert!(matches!(too_long, Err(ProviderError::Invalid(_))));
}

async fn unknown_ids_return_none(case: Case) {
    for id in ["", " ", "unknown", "../../etc/passwd", "%2e%2e", "\u{0}", "é日", "'; --", &"x".repeat(4_000)] {
        let provider = case.provider();
        assert_eq!(provider.track(&case.asker, id).await.expect("the request succeeds"), None, "{id}");
        assert_eq!(provider.open(id).await.expect("the request succeeds"), None, "{id}");
        assert_eq!(provider.file(id).await.expect("the request succeeds"), None, "{id}");
        assert!(provider.art(id, id, None).await.expect("the request succeeds").is_none(), "{id}");
        let measurement = provider.measure(id).await.expect("the request succeeds");
        assert!(matches!(measurement, Measurement::Gone | Measurement::Unknown), "{id}: {measurement:?}");
    }
}

async fn open_returns_a_file_exactly_if_the_provider_serves_files(case: Case) {
    let track = case.some_track().await;
    let file = case.provider().open(&track.id).await.expect("the request succeeds");
    assert_eq!(file.is_some(), case.provider().capabilities().serves_files);
    if let Some(file) = &file {
        assert!(file.file.path.is_file() && file.content_type.starts_with("audio/"), "{file:?}");
    }
    let prepared = case.provider().file(&track.id).await.expect("the request succeeds");
    assert_eq!(prepared, file.map(|file| file.file));
}

async fn callers_without_an_account_are_served_unless_a_link_is_needed(case: Case) {
    let answer = case.search(asker(), None).await;
    if case.provider().capabilities().needs_link {
        assert!(matches!(answer, Err(ProviderError::NotLinked)), "{answer:?}");
    } else {
        assert!(!answer.expect("the request succeeds").items.is_empty());
    }
}

async fn the_hosts_account_serves_a_guest(case: Case) {
    let guest = Asker { user: UserId::NIL, host: Some(case.asker.user) };
    assert!(!case.search(guest, None).await.expect("the request succeeds").items.is_empty());
}
