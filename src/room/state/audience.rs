//! Who listens: how many devices play, and which entries they could start at once. What a device plays and has loaded is
//! not the room's state; the one who counts is told by the devices.

use std::collections::{BTreeMap, btree_map};

use tutti_protocol::{Entry, EntryId, ProviderId};

use crate::{READY_BARRIER_MS, START_LEAD_MS};

/// How many of a hundred devices that listen must be ready for a start to wait no longer: never all of them, so that nobody
/// waits for the slowest.
const READY_PER_CENT: usize = 75;

/// The devices that play, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// How many could play what a provider has.
    listening: BTreeMap<ProviderId, usize>,
    /// How many could play what any provider has.
    listening_to_all: usize,
    /// How many have an entry ready.
    ready: BTreeMap<EntryId, usize>,
}

impl Audience {
    /// One more device plays. It can play what these providers have (everything when it names none), and has these
    /// entries ready; each is named once.
    pub fn add(&mut self, providers: &[ProviderId], ready: &[EntryId]) {
        self.listening_to_all += usize::from(providers.is_empty());
        for provider in providers {
            *self.listening.entry(*provider).or_default() += 1;
        }
        for entry in ready {
            *self.ready.entry(*entry).or_default() += 1;
        }
    }

    /// Takes back what was added by [`Self::add`] with the same arguments.
    pub fn remove(&mut self, providers: &[ProviderId], ready: &[EntryId]) {
        self.listening_to_all = self.listening_to_all.saturating_sub(usize::from(providers.is_empty()));
        for provider in providers {
            give_back(&mut self.listening, *provider);
        }
        for entry in ready {
            give_back(&mut self.ready, *entry);
        }
    }

    /// Whether enough of those that could play it are ready to; also when there are none.
    pub(crate) fn is_ready(&self, entry: &Entry) -> bool {
        let by_provider = self.listening.get(&entry.track.provider).copied().unwrap_or_default();
        let listening = by_provider + self.listening_to_all;
        let ready = self.ready.get(&entry.id).copied().unwrap_or_default();
        ready * 100 >= listening * READY_PER_CENT
    }

    /// How far ahead a start is announced that nobody could prepare for.
    pub(crate) fn lead_ms(&self, entry: &Entry) -> i64 {
        if self.is_ready(entry) { START_LEAD_MS } else { READY_BARRIER_MS }
    }
}

fn give_back<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    if let btree_map::Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() = count.get().saturating_sub(1);
        if *count.get() == 0 {
            count.remove();
        }
    }
}
