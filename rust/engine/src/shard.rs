//! The items of one shard: found by hash, kept in slots, counted.

use std::ops::Range;

use crate::aside::{Aside, Value};
use crate::entry::Entry;
use crate::eviction::Queues;
use crate::namespace::{Fate, Judge};
use crate::slots::Slots;
use crate::sweep::Swept;
use crate::table::Table;
use crate::tally::Tally;
use crate::time::Deadline;
use crate::value::{Found, Given};
use crate::{Namespace, block, size};

/// Slots below which a shard is not worth shrinking, unless it is empty.
const SMALL: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Shard {
    /// Slot numbers, by the hash of namespace and key.
    table: Table,
    slots: Slots,
    aside: Aside,
    queues: Queues,
    pub(crate) tally: Tally,
}

impl Shard {
    pub(crate) fn find(&self, namespace: Namespace, hash: u32, key: &[u8]) -> Option<u32> {
        let is_it = |slot| {
            let entry = self.slots.get(slot);
            entry.hash == hash && entry.namespace == namespace && entry.key() == key
        };
        self.table.find(hash, is_it)
    }

    pub(crate) fn entry(&self, slot: u32) -> &Entry {
        self.slots.get(slot)
    }

    pub(crate) fn entry_mut(&mut self, slot: u32) -> &mut Entry {
        self.slots.get_mut(slot)
    }

    pub(crate) fn scalar(&self, slot: u32) -> Found<'_> {
        let entry = self.slots.get(slot);
        match entry.aside() {
            None => Found::Short(block::split(&entry.block).1),
            Some(index) => match self.aside.get(index) {
                Value::Long(value) => Found::Long(value),
            },
        }
    }

    /// Adds an item whose key is not there yet.
    pub(crate) fn insert(
        &mut self,
        namespace: Namespace,
        hash: u32,
        key: &[u8],
        value: Given<'_>,
        deadline: Deadline,
    ) -> u32 {
        if self.table.is_full() {
            self.grow();
        }
        let (block, aside) = self.block(key, value);
        let mut entry = Entry::new(namespace, hash, block, deadline);
        entry.set_aside(aside);
        let slot = self.slots.insert(entry);
        self.queues.admit(slot, self.slots.get_mut(slot));
        self.table.insert(hash, slot);
        self.tally.add(namespace, self.weight(slot));
        slot
    }

    /// Gives an item another value.
    pub(crate) fn overwrite(&mut self, slot: u32, key: &[u8], value: Given<'_>) {
        let (namespace, old) = (self.slots.get(slot).namespace, self.weight(slot));
        let fits = block::len(key, value.as_slice()) == self.slots.get(slot).block.len();
        match (self.slots.get(slot).aside(), value) {
            (None, Given::Short(value)) if fits => {
                let block = &mut self.slots.get_mut(slot).block;
                let start = block.len() - value.len();
                block[start..].copy_from_slice(value);
            }
            (Some(index), Given::Long(value)) => *self.aside.get_mut(index) = Value::Long(value),
            (index, value) => {
                index.map(|index| self.aside.remove(index));
                let (block, aside) = self.block(key, value);
                let entry = self.slots.get_mut(slot);
                entry.block = block;
                entry.set_aside(aside);
            }
        }
        self.tally.resize(namespace, old, self.weight(slot));
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        let (namespace, weight) = (self.slots.get(slot).namespace, self.weight(slot));
        self.tally.remove(namespace, weight);
        let entry = self.slots.get(slot);
        if let Some(index) = entry.aside() {
            self.aside.remove(index);
        }
        self.table.remove(entry.hash, slot);
        self.slots.remove(slot);
    }

    /// Lets one item go to make room, useless ones first met first; returns
    /// whether there was one besides the one that is `spared`.
    pub(crate) fn evict(&mut self, spared: Option<u32>, judge: &Judge<'_>) -> bool {
        let useless = |entry: &Entry| judge.fate(entry).is_some();
        let Some(slot) = self.queues.victim(&mut self.slots, spared, useless) else { return false };
        match judge.fate(self.slots.get(slot)) {
            Some(Fate::Expired) => self.tally.totals.expired += 1,
            Some(Fate::Retired) => {}
            None => {
                self.tally.totals.evicted += 1;
                self.queues.mourn(self.slots.get(slot).hash);
            }
        }
        self.remove(slot);
        true
    }

    /// The number of slots that a sweep has to look at.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Removes what is useless in a range of slots.
    pub(crate) fn sweep(&mut self, range: Range<usize>, judge: &Judge<'_>) -> Swept {
        let mut swept = Swept { looked_at: range.len(), ..Swept::default() };
        for slot in range {
            let slot = u32::try_from(slot).expect("slots are numbered in 32 bits");
            let entry = self.slots.get(slot);
            if !entry.is_live() {
                continue;
            }
            match judge.fate(entry) {
                Some(Fate::Expired) => swept.expired += 1,
                Some(Fate::Retired) => swept.retired += 1,
                None => continue,
            }
            self.remove(slot);
        }
        self.tally.totals.expired += swept.expired;
        swept
    }

    /// Gives memory back if less than a quarter of the slots is in use.
    ///
    /// It moves all items that are left, which takes about 50 ns each.
    pub(crate) fn shrink(&mut self) {
        let (live, all) = (self.slots.live(), self.slots.len());
        if all == 0 || live * 4 > all || (live > 0 && all <= SMALL) {
            return;
        }
        let mut old = std::mem::take(&mut self.slots);
        self.table = Table::with_room(live);
        self.queues.renumber(|slot| {
            let entry = old.take(slot)?;
            let hash = entry.hash;
            let slot = self.slots.insert(entry);
            self.table.insert(hash, slot);
            Some(slot)
        });
        self.tally.shrink();
    }

    fn grow(&mut self) {
        self.table = self.table.larger();
        self.slots.live_entries().for_each(|(slot, entry)| self.table.insert(entry.hash, slot));
    }

    fn block(&mut self, key: &[u8], value: Given<'_>) -> (Box<[u8]>, bool) {
        match value {
            Given::Short(value) => (block::join(key, value), false),
            Given::Long(value) => {
                let index = self.aside.insert(Value::Long(value));
                (block::join(key, &index.to_le_bytes()), true)
            }
        }
    }

    fn weight(&self, slot: u32) -> u64 {
        let entry = self.slots.get(slot);
        let aside = entry.aside().map_or(0, |index| self.aside.get(index).weight());
        size::PER_ITEM + size::of_heap(entry.block.len()) + aside
    }
}
