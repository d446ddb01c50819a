//! Counts of listening devices and of the entries that they could start at once. Devices report both; neither is part of
//! the room's state.

use std::collections::{BTreeMap, btree_map};

use tutti_protocol::{Entry, EntryId, ProviderId};

use crate::{READY_BARRIER_MS, START_LEAD_MS};

/// Per cent of listening devices that must be ready before a start stops waiting; below 100 so that the slowest device does
/// not delay it.
const READY_PER_CENT: usize = 75;

/// Counts of the devices that play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Devices that can play each provider.
    listening: BTreeMap<ProviderId, usize>,
    /// How many could play what any provider has.
    listening_to_all: usize,
    /// Devices that have each entry ready.
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

    /// Reverts [`Self::add`] with the same arguments.
    pub fn remove(&mut self, providers: &[ProviderId], ready: &[EntryId]) {
        self.listening_to_all = self.listening_to_all.saturating_sub(usize::from(providers.is_empty()));
        for provider in providers {
            give_back(&mut self.listening, *provider);
        }
        for entry in ready {
            give_back(&mut self.ready, *entry);
        }
    }

    /// Whether enough of the devices that can play it are ready; also when there are none.
    pub(crate) fn is_ready(&self, entry: &Entry) -> bool {
        let by_provider = self.listening.get(&entry.track.provider).copied().unwrap_or_default();
        let listening = by_provider + self.listening_to_all;
        let ready = self.ready.get(&entry.id).copied().unwrap_or_default();
        ready * 100 >= listening * READY_PER_CENT
    }

    /// How far ahead an unexpected start is announced.
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
