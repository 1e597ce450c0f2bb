//! The items of one shard: a hash table over slots, and counters.

use std::ops::{Range, RangeInclusive};

use crate::entry::Entry;
use crate::eviction::Queues;
use crate::namespace::{Liveness, RemovalReason};
use crate::random::Random;
use crate::slots::Slots;
use crate::table::{CELLS, Table};
use crate::tally::Tally;
use crate::time::Deadline;
use crate::value::{Found, NewValue};
use crate::value_slab::{Value, ValueSlab};
use crate::{ItemType, Namespace, block, size};

/// A shard with fewer slots is not shrunk, unless it is empty.
const SMALL: usize = 64;
/// Larger values are dropped after the lock.
const LARGE: u64 = 16 * 1024;

/// The result of one call of [`Engine::sweep`](crate::Engine::sweep).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Slots visited; less than the budget only if that was all of them.
    pub looked_at: usize,
    /// Expired items removed.
    pub expired: u64,
    /// Items of retired namespaces removed.
    pub retired: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Shard {
    /// Slot numbers, by the hash of namespace and key.
    table: Table,
    slots: Slots,
    aside: ValueSlab,
    queues: Queues,
    pub(crate) tally: Tally,
    pub(crate) random: Random,
    /// Values to drop after the lock, since that takes long.
    discarded: Vec<Value>,
}

/// The new content of an item.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// A scalar in the item's block.
    Short(&'a [u8]),
    /// A value out of line.
    ValueSlab(Value),
}

impl<'a> From<NewValue<'a>> for Content<'a> {
    fn from(value: NewValue<'a>) -> Self {
        match value {
            NewValue::Short(value) => Self::Short(value),
            NewValue::Long(value) => Self::ValueSlab(Value::Long(value)),
        }
    }
}

impl Shard {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, ..Self::default() }
    }

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

    /// The scalar in a slot.
    pub(crate) fn scalar(&self, slot: u32) -> Result<Found<'_>, ItemType> {
        match self.value(slot) {
            None => Ok(Found::Short(block::split(&self.slots.get(slot).block).1)),
            Some(Value::Long(value)) => Ok(Found::Long(value)),
            Some(other) => Err(other.item_type()),
        }
    }

    /// The out-of-line value of a slot, if it has one.
    pub(crate) fn value(&self, slot: u32) -> Option<&Value> {
        self.slots.get(slot).aside().map(|index| self.aside.get(index))
    }

    /// Changes an out-of-line value in place.
    pub(crate) fn change<R>(&mut self, slot: u32, change: impl FnOnce(&mut Value) -> R) -> R {
        let entry = self.slots.get(slot);
        let (namespace, index) =
            (entry.namespace, entry.aside().expect("the value is out of line"));
        let value = self.aside.get_mut(index);
        let before = value.weight();
        let result = change(value);
        let after = value.weight();
        self.tally.resize(namespace, before, after);
        result
    }

    /// Adds an item whose key is not there yet.
    pub(crate) fn insert(
        &mut self,
        namespace: Namespace,
        hash: u32,
        key: &[u8],
        content: Content<'_>,
        deadline: Deadline,
    ) -> u32 {
        if self.table.is_full() {
            self.grow();
        }
        let (block, aside) = self.block(key, content);
        let mut entry = Entry::new(namespace, hash, block, deadline);
        entry.set_aside(aside);
        let slot = self.slots.insert(entry);
        self.queues.admit(slot, self.slots.get_mut(slot));
        self.table.insert(hash, slot);
        self.tally.add(namespace, self.weight(slot));
        slot
    }

    /// Replaces the content of an item.
    pub(crate) fn overwrite(&mut self, slot: u32, key: &[u8], content: Content<'_>) {
        let (namespace, old) = (self.slots.get(slot).namespace, self.weight(slot));
        match (self.slots.get(slot).aside(), content) {
            (None, Content::Short(value)) if self.fits(slot, key, value) => {
                let block = &mut self.slots.get_mut(slot).block;
                let start = block.len() - value.len();
                block[start..].copy_from_slice(value);
            }
            (Some(index), Content::ValueSlab(value)) => {
                let old = std::mem::replace(self.aside.get_mut(index), value);
                self.discard(old);
            }
            (index, content) => {
                if let Some(index) = index {
                    let old = self.aside.remove(index);
                    self.discard(old);
                }
                let (block, aside) = self.block(key, content);
                let entry = self.slots.get_mut(slot);
                entry.block = block;
                entry.set_aside(aside);
            }
        }
        self.tally.resize(namespace, old, self.weight(slot));
    }

    fn fits(&self, slot: u32, key: &[u8], value: &[u8]) -> bool {
        block::len(key, value) == self.slots.get(slot).block.len()
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        let (namespace, weight) = (self.slots.get(slot).namespace, self.weight(slot));
        self.tally.remove(namespace, weight);
        let entry = self.slots.get(slot);
        self.table.remove(entry.hash, slot);
        if let Some(index) = entry.aside() {
            let value = self.aside.remove(index);
            self.discard(value);
        }
        self.slots.remove(slot);
    }

    /// Drops a value, now or after the lock.
    pub(crate) fn discard(&mut self, value: Value) {
        if value.weight() > LARGE {
            self.discarded.push(value);
        }
    }

    /// Takes the values to drop after the lock.
    pub(crate) fn take_discarded(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.discarded)
    }

    /// Evicts one item, or removes an expired or retired one that comes first; whether there was
    /// one besides the one that is `spared`.
    pub(crate) fn evict(&mut self, spared: Option<u32>, judge: &Liveness<'_>) -> bool {
        let useless = |entry: &Entry| judge.fate(entry).is_some();
        let Some(slot) = self.queues.victim(&mut self.slots, spared, useless) else { return false };
        match judge.fate(self.slots.get(slot)) {
            Some(RemovalReason::Expired) => self.tally.totals.expired += 1,
            Some(RemovalReason::Retired) => {}
            None => {
                let entry = self.slots.get(slot);
                self.tally.evict(entry.namespace);
                self.queues.add_ghost(entry.hash);
            }
        }
        self.remove(slot);
        true
    }

    /// The items whose hash is in `hashes`.
    pub(crate) fn in_hashes<'a>(
        &'a self,
        hashes: &'a RangeInclusive<u32>,
    ) -> impl Iterator<Item = &'a Entry> {
        let entries = self.table.slots_of(hashes).map(|slot| self.slots.get(slot));
        entries.filter(|entry| hashes.contains(&entry.hash))
    }

    /// How many cells [`Shard::in_hashes`] visits.
    pub(crate) fn cells_of(&self, hashes: &RangeInclusive<u32>) -> usize {
        self.table.lines_of(hashes).count() * CELLS
    }

    /// As [`Table::hash_after`].
    pub(crate) fn hash_after(&self, hash: u32, lines: usize) -> Option<u32> {
        self.table.hash_after(hash, lines)
    }

    /// The number of slots, which a sweep visits.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Removes expired and retired items in a range of slots.
    pub(crate) fn sweep(&mut self, range: Range<usize>, judge: &Liveness<'_>) -> Swept {
        let mut swept = Swept { looked_at: range.len(), ..Swept::default() };
        for slot in range {
            let slot = u32::try_from(slot).expect("slots are numbered in 32 bits");
            let entry = self.slots.get(slot);
            if !entry.is_live() {
                continue;
            }
            match judge.fate(entry) {
                Some(RemovalReason::Expired) => swept.expired += 1,
                Some(RemovalReason::Retired) => swept.retired += 1,
                None => continue,
            }
            self.remove(slot);
        }
        self.tally.totals.expired += swept.expired;
        swept
    }

    /// Frees memory if at most half of the slots are in use.
    ///
    /// Moves all remaining items, at about 50 ns each, and changes their slots.
    pub(crate) fn shrink(&mut self) {
        let (live, all) = (self.slots.live(), self.slots.len());
        if all == 0 || live * 2 > all || (live > 0 && all <= SMALL) {
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

    fn block(&mut self, key: &[u8], content: Content<'_>) -> (Box<[u8]>, bool) {
        match content {
            Content::Short(value) => (block::join(key, value), false),
            Content::ValueSlab(value) => {
                let index = self.aside.insert(value);
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
