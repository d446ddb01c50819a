//! How many queries find the track they mean, and how long that takes.
//!
//! `tests/data/search/` has two libraries (artist, title, album) with queries (text, title, kind): one of real names with
//! hard queries, and a larger one of made-up names, whose queries are made from tables of names by one rule a kind, such as
//! a letter that is left out.

use std::collections::BTreeMap;

use tutti::clock::Clock;

use super::search::{Indexed, song};
use crate::providers::search;

/// Places in which a result counts as found.
const FIRST: usize = 10;

type Row = [String; 3];

struct Collection {
    library: Vec<Row>,
    queries: Vec<Row>,
}

impl Collection {
    fn real() -> Self {
        Self::of(include_str!("../../data/search/library.json"), include_str!("../../data/search/queries.json"))
    }

    fn made_up() -> Self {
        Self::of(
            include_str!("../../data/search/more_library.json"),
            include_str!("../../data/search/more_queries.json"),
        )
    }

    fn of(library: &str, queries: &str) -> Self {
        let read = |text| serde_json::from_str(text).expect("rows of three");
        Self { library: read(library), queries: read(queries) }
    }

    async fn indexed(&self) -> Indexed {
        Indexed::of(self.library.iter().map(|[artist, title, album]| song(title, &[artist], album))).await
    }

    /// The queries that do not find their title, and the rates of the kinds that have some.
    async fn check(&self, songs: &Indexed, every: usize) -> Report {
        let mut report = Report::default();
        for [typed, title, kind] in self.queries.iter().step_by(every) {
            report.all += 1;
            let found = songs.titles(typed).await;
            let kind = report.kinds.entry(kind.clone()).or_default();
            kind.1 += 1;
            if found.iter().take(FIRST).any(|found| found == title) {
                kind.0 += 1;
                report.found += 1;
            } else {
                report.missed.push(format!("{typed:?} should find {title:?}"));
            }
        }
        report
    }
}

#[derive(Debug, Default)]
struct Report {
    all: usize,
    found: usize,
    missed: Vec<String>,
    /// Found and all, by kind.
    kinds: BTreeMap<String, (usize, usize)>,
}

impl Report {
    #[expect(clippy::print_stdout, reason = "the measured success rates")]
    fn assert(&self) {
        println!("{} of {} found; {:?}; by kind: {:?}", self.found, self.all, self.missed, self.kinds);
        assert!(self.found * 100 >= self.all * 95, "{self:#?}");
        for (kind, (found, all)) in self.kinds.iter().filter(|(_, (_, all))| *all >= 20) {
            assert!(found * 100 >= all * 90, "{kind}: {found} of {all}: {:?}", self.missed);
        }
    }
}

/// The number of further tracks that is asked for. Then all queries are made: a debug build takes minutes.
fn all_figures() -> Option<u64> {
    std::env::var("SEARCH_TRACKS").ok()?.parse().ok()
}

#[tokio::test]
async fn hard_queries_find_what_they_mean() {
    let real = Collection::real();
    let songs = real.indexed().await;
    real.check(&songs, 1).await.assert();
}

#[tokio::test]
async fn queries_of_every_kind_find_what_they_mean() {
    let made_up = Collection::made_up();
    let songs = made_up.indexed().await;
    made_up.check(&songs, if all_figures().is_some() { 1 } else { 3 }).await.assert();
}

/// Prints its figures: `SEARCH_TRACKS=100000 cargo test --release --workspace --test it further_tracks -- --nocapture`.
#[tokio::test]
async fn queries_find_what_they_mean_among_thousands_of_further_tracks_in_milliseconds() {
    const TRACKS: u64 = 5_000;
    const SYLLABLES: [&str; 24] = [
        "ba", "lo", "ve", "ni", "ri", "ver", "so", "da", "mo", "on", "sta", "li", "fe", "he", "art", "ki", "que", "en",
        "tro", "ck", "la", "gi", "ra", "am",
    ];
    const COMMON: [&str; 8] = ["the", "love", "of", "you", "in", "my", "night", "queen"];
    let (real, made_up) = (Collection::real(), Collection::made_up());
    // Frequent words are far more frequent than rare ones, as in a language.
    let word = |n: u64| {
        let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let syllables = [n % 24, n / 24 % 24, n / 576 % 24, n / 13_824 % 24];
        let parts = 2 + usize::from(n % 7 < 3) + usize::from(n.is_multiple_of(11));
        syllables.iter().take(parts).map(|place| SYLLABLES[usize::try_from(*place).unwrap_or(0)]).collect::<String>()
    };
    let rare = |n: u64, all: u64| {
        let share = n.wrapping_mul(0xD1B5_4A32_D192_ED03) >> 44;
        word(share * share / (1 << 20) * all / (1 << 20))
    };
    let tracks = all_figures().unwrap_or(TRACKS);
    let further = (0..tracks).map(|n| {
        let common = COMMON[usize::try_from(n % 8).unwrap_or(0)];
        let title = format!("{} {common} {}", rare(n, 20_000), rare(n + 7_000_000, 20_000));
        let artist = format!("{} {}", rare(n / 40 + 1_000_000, 8_000), rare(n / 40 + 2_000_000, 8_000));
        song(&title, &[&artist], &format!("{} {}", rare(n / 12 + 3_000_000, 20_000), rare(n / 12 + 4_000_000, 20_000)))
    });
    let rows = real.library.iter().chain(&made_up.library);
    let songs = Indexed::of(rows.map(|[artist, title, album]| song(title, &[artist], album)).chain(further)).await;

    real.check(&songs, 1).await.assert();
    made_up.check(&songs, if all_figures().is_some() { 1 } else { 24 }).await.assert();

    let clock = Clock::system();
    let mut took_ms: Vec<(f64, &str)> = Vec::new();
    let typed = real
        .queries
        .iter()
        .chain(made_up.queries.iter().step_by(if all_figures().is_some() { 8 } else { 80 }))
        .map(|[typed, ..]| typed.as_str());
    for typed in typed.chain(["", "l", "lo", "love", "the", "th", "night love", "s", "my love the"]) {
        // The best of three is the search's own time; the others are those of other programs on the machine.
        let mut best_ms = f64::INFINITY;
        for _ in 0..3 {
            let started_at_ms = clock.now_ms_f64();
            search(&songs.library, typed, None).await.expect("it answers");
            best_ms = best_ms.min(clock.now_ms_f64() - started_at_ms);
        }
        took_ms.push((best_ms, typed));
    }
    took_ms.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |percent: usize| took_ms[(took_ms.len() - 1) * percent / 100];
    let (median_ms, _) = at(50);
    println!(
        "{tracks} further tracks: median {median_ms:.1} ms, p90 {:.1?}, p99 {:.1?}, slowest {:.1?}",
        at(90),
        at(99),
        at(100)
    );
    // A tenth of this on an idle machine.
    assert!(median_ms < 10.0, "{took_ms:?}");
}
