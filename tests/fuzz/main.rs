//! A bounded run of the fuzz targets: the corpus, mutations of it, and random bytes. `PROPTEST_CASES` makes it longer.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no readers of its docs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

mod entry;

/// A mutation of a seed.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    /// Copies a part to another place.
    Repeat(Index, usize, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let words = select(vec![
        &b"null"[..],
        b"-1",
        b"0",
        b"1e400",
        b"18446744073709551615",
        b"9007199254740993",
        b"[]",
        b"{}",
        b"\"\"",
        b"true",
        b"\\u0000",
        b"\\ud800",
        b"\xff",
        b"\"name\":",
        b"\x89\x80",
        b"\x80\x00",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
    ]);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), 1..40usize).prop_map(|(at, bytes)| Damage::Remove(at, bytes)),
        (any::<Index>(), words).prop_map(|(at, word)| Damage::Insert(at, word.to_vec())),
        (any::<Index>(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<Index>(), 1..200usize, any::<Index>()).prop_map(|(at, bytes, to)| Damage::Repeat(at, bytes, to)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let length = bytes.len();
        let place = |index: &Index| index.index(length + 1);
        match damage {
            Damage::Flip(at, bits) if length > 0 => bytes[at.index(length)] ^= bits,
            Damage::Flip(..) => {}
            Damage::Cut(at) => bytes.truncate(place(at)),
            Damage::Remove(at, count) => drop(bytes.drain(place(at)..length.min(place(at) + count))),
            Damage::Insert(at, word) => drop(bytes.splice(place(at)..place(at), word.iter().copied())),
            Damage::Repeat(at, count, to) => {
                let part = bytes[place(at)..length.min(place(at) + count)].to_vec();
                drop(bytes.splice(place(to)..place(to), part));
            }
        }
    }
    bytes
}

/// The seeds of a target; at least five.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{target} has seeds");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn input(target: &str) -> impl Strategy<Value = Vec<u8>> {
    let seeds = corpus(target);
    prop_oneof![
        8 => (select(seeds), vec(damage(), 0..6)).prop_map(|(seed, damages)| damaged(seed, &damages)),
        1 => vec(any::<u8>(), 0..400),
    ]
}

/// Runs each target on its seeds and on mutated ones.
macro_rules! targets {
    ($($target:ident)*) => {
        $(mod $target {
            use super::*;

            #[test]
            fn accepts_its_corpus() {
                for seed in corpus(stringify!($target)) {
                    entry::$target(&seed);
                }
            }

            proptest! {
                #[test]
                fn accepts_any_bytes(bytes in input(stringify!($target))) {
                    entry::$target(&bytes);
                }
            }
        })*
    };
}

targets!(websocket client_frame journal request);

/// Mutations of invalid seeds would find nothing.
#[test]
fn the_corpus_is_valid() {
    for seed in corpus("client_frame") {
        tutti_protocol::ClientFrame::decode(std::str::from_utf8(&seed).unwrap()).expect("a frame");
    }
    for seed in corpus("journal") {
        serde_json::from_slice::<Vec<tutti_protocol::Event>>(&seed).expect("events");
    }
}
