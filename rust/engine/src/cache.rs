//! A cache with items in a shard: an index of its own, so that a listing visits nobody else's items.
//!
//! An index is a hash table. Where there are many caches, most have few items in one shard, and a
//! table would take more memory than those; so up to four addresses are compared one after the
//! other.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::fairness::{Fairness, Usage};
use crate::few::{FEW, Few};
use crate::stored::{Size, Stored};
use crate::table::Table;

/// A change of this part of what the shards store of a cache is told to all, if it has a table.
const WORTH_TELLING: u64 = 8;
/// And a change of so many bytes in any case.
const MOST_UNTOLD: u64 = 4096;

/// The items of a cache in this shard, of both key spaces.
#[derive(Debug)]
pub(crate) struct Cache {
    usage: Arc<Usage>,
    index: Index,
}

/// The addresses of items. Whoever uses it knows the hash of each.
#[derive(Debug)]
enum Index {
    Few(Few),
    Many(Box<Many>),
}

#[derive(Debug, Default)]
struct Many {
    table: Table,
    stored: Stored,
    /// The bytes that are counted in `usage`.
    told: u64,
}

impl Cache {
    /// The memory of a table, in bytes: with the two allocations of an empty one.
    pub(crate) const TABLE_BYTES: u64 = size_of::<Many>().next_multiple_of(16) as u64 + 32;

    /// A cache without items, whose bytes are counted in `usage`.
    pub(crate) fn new(usage: Arc<Usage>) -> Self {
        Self { usage, index: Index::Few(Few::default()) }
    }

    /// Whether it has a table.
    pub(crate) fn has_table(&self) -> bool {
        matches!(self.index, Index::Many(_))
    }

    /// How many items its table has.
    pub(crate) fn table_len(&self) -> u64 {
        match &self.index {
            Index::Few(_) => 0,
            Index::Many(many) => many.stored.items,
        }
    }

    /// Whether it keeps its items at this level of fairness.
    pub(crate) fn is_below(&self, level: u64) -> bool {
        self.usage.is_below(level)
    }

    /// The usage, once there are no items.
    pub(crate) fn into_usage(self) -> Arc<Usage> {
        self.usage
    }

    /// The address of an item with this hash for which `is_it` is true.
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        match &self.index {
            Index::Few(few) => few.find(hash, is_it),
            Index::Many(many) => many.table.find(hash, is_it),
        }
    }

    /// As [`Table::prefetch`].
    pub(crate) fn prefetch(&self, hash: u32) {
        if let Index::Many(many) = &self.index {
            many.table.prefetch(hash);
        }
    }

    /// The address that an item with this hash probably has; of 255 such addresses, one is another's.
    pub(crate) fn guess(&self, hash: u32) -> Option<u32> {
        match &self.index {
            Index::Few(_) => None,
            Index::Many(many) => many.table.find(hash, |_| true),
        }
    }

    /// The addresses of all items whose hash is in `hashes`, among others; each once. `hashes` must
    /// end before the next [`Cache::hash_after`].
    pub(crate) fn addresses_of(&self, hashes: &RangeInclusive<u32>) -> impl Iterator<Item = u32> {
        let (few, many) = match &self.index {
            Index::Few(few) => (Some(few.addresses()), None),
            Index::Many(many) => (None, Some(many.table.addresses_of(hashes))),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten())
    }

    /// How many cells [`Cache::addresses_of`] visits.
    pub(crate) fn cells_of(&self, hashes: &RangeInclusive<u32>) -> usize {
        match &self.index {
            Index::Few(_) => FEW,
            Index::Many(many) => many.table.cells_of(hashes),
        }
    }

    /// As [`Table::hash_after`].
    pub(crate) fn hash_after(&self, hash: u32, lines: usize) -> Option<u32> {
        match &self.index {
            Index::Few(_) => None,
            Index::Many(many) => many.table.hash_after(hash, lines),
        }
    }

    /// What is stored, if `size` tells the size of each item.
    pub(crate) fn stored(&self, size: impl Fn(u32) -> Size) -> Stored {
        match &self.index {
            Index::Few(few) => few.addresses().map(size).map(Stored::item).sum(),
            Index::Many(many) => many.stored,
        }
    }

    /// Adds an item, if `size` tells the size and `hash_of` the hash of each; returns its memory.
    pub(crate) fn insert(
        &mut self,
        at: u32,
        fairness: &Fairness,
        size: impl Fn(u32) -> Size,
        hash_of: impl Fn(u32) -> u32,
    ) -> u64 {
        let own = size(at);
        match &mut self.index {
            Index::Few(few) if !few.is_full() => {
                few.insert(hash_of(at), at);
                fairness.count(&self.usage, 0, own.memory);
            }
            Index::Few(few) => {
                let mut many = Many::default();
                few.addresses().for_each(|at| many.insert(hash_of(at), at, size(at), &hash_of));
                many.told = many.stored.bytes;
                many.insert(hash_of(at), at, own, &hash_of);
                many.tell(fairness, &self.usage);
                self.index = Index::Many(Box::new(many));
            }
            Index::Many(many) => {
                many.insert(hash_of(at), at, own, &hash_of);
                many.tell(fairness, &self.usage);
            }
        }
        own.memory
    }

    /// Removes an item of this size; whether it was the last one.
    pub(crate) fn remove(
        &mut self,
        (hash, at, size): (u32, u32, Size),
        fairness: &Fairness,
        hash_of: impl Fn(u32) -> u32,
    ) -> bool {
        match &mut self.index {
            Index::Few(few) => {
                few.remove(hash, at);
                fairness.count(&self.usage, size.memory, 0);
                few.is_empty()
            }
            Index::Many(many) => {
                many.table.remove(hash, at, hash_of);
                many.stored -= Stored::item(size);
                many.tell(fairness, &self.usage);
                many.stored.items == 0
            }
        }
    }

    /// An item has a new address.
    pub(crate) fn replace(&mut self, hash: u32, old: u32, new: u32) {
        match &mut self.index {
            Index::Few(few) => few.replace(hash, old, new),
            Index::Many(many) => many.table.replace(hash, old, new),
        }
    }

    /// An item has a new size.
    pub(crate) fn resize(&mut self, old: Size, new: Size, fairness: &Fairness) {
        match &mut self.index {
            Index::Few(_) => fairness.count(&self.usage, old.memory, new.memory),
            Index::Many(many) => {
                many.stored.resize(old, new);
                many.tell(fairness, &self.usage);
            }
        }
    }

    /// As [`Table::shrink`].
    pub(crate) fn shrink(&mut self, hash_of: impl Fn(u32) -> u32) -> usize {
        match &mut self.index {
            Index::Few(_) => 0,
            Index::Many(many) => many.table.shrink(hash_of),
        }
    }
}

impl Many {
    fn insert(&mut self, hash: u32, at: u32, size: Size, hash_of: impl Fn(u32) -> u32) {
        self.table.insert(hash, at, hash_of);
        self.stored += Stored::item(size);
    }

    /// Counts the bytes in `usage`, if they changed much: other threads count there, too.
    fn tell(&mut self, fairness: &Fairness, usage: &Usage) {
        let bytes = self.stored.bytes;
        if bytes.abs_diff(self.told) > (self.told / WORTH_TELLING).min(MOST_UNTOLD) || bytes == 0 {
            fairness.count(usage, self.told, bytes);
            self.told = bytes;
        }
    }
}
