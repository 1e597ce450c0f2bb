//! Entries by number, in chunks, so that growing copies nothing and wastes little.

use crate::entry::Entry;

const CHUNK: usize = 256;
const NONE: u32 = u32::MAX;

/// The slots of one shard. An item keeps its slot number.
#[derive(Debug)]
pub(crate) struct Slots {
    chunks: Vec<Vec<Entry>>,
    /// The first vacant slot; each has the number of the next.
    vacant: u32,
    live: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self { chunks: Vec::new(), vacant: NONE, live: 0 }
    }
}

impl Slots {
    /// The number of slots, live and vacant.
    pub(crate) fn len(&self) -> usize {
        let full = self.chunks.len().saturating_sub(1);
        full * CHUNK + self.chunks.last().map_or(0, Vec::len)
    }

    /// The number of slots with an item.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn get(&self, slot: u32) -> &Entry {
        &self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Entry {
        &mut self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }

    /// The slots with an item, in order.
    pub(crate) fn live_entries(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0..).zip(self.chunks.iter().flatten()).filter(|(_, entry)| entry.is_live())
    }

    /// Puts an entry into a vacant or a new slot and returns its number.
    pub(crate) fn insert(&mut self, entry: Entry) -> u32 {
        self.live += 1;
        if self.vacant == NONE {
            return self.push(entry);
        }
        let slot = self.vacant;
        let place = self.get_mut(slot);
        let next = place.hash;
        place.occupy(entry);
        self.vacant = next;
        slot
    }

    /// Makes a slot vacant and returns its block.
    pub(crate) fn remove(&mut self, slot: u32) -> Box<[u8]> {
        let next = std::mem::replace(&mut self.vacant, slot);
        self.live -= 1;
        self.get_mut(slot).vacate(next)
    }

    /// Moves a live entry to another set of slots, before this one is dropped.
    pub(crate) fn take(&mut self, slot: u32) -> Option<Entry> {
        let entry = self.get_mut(slot);
        if !entry.is_live() {
            return None;
        }
        let hollow = Entry::new(entry.namespace, 0, Box::default(), entry.deadline());
        Some(std::mem::replace(entry, hollow))
    }

    fn push(&mut self, entry: Entry) -> u32 {
        let slot = self.len();
        if slot.is_multiple_of(CHUNK) {
            // The first chunk grows by doubling, for shards that stay small.
            let capacity = if slot == 0 { 4 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        self.chunks.last_mut().expect("a chunk with room was added").push(entry);
        u32::try_from(slot).expect("a shard holds fewer than 2^32 items")
    }
}
