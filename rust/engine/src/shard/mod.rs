//! The items of one shard: records in a log, and the caches that they belong to.

mod content;
mod victim;

use std::collections::HashMap;
use std::sync::Arc;

use crate::cache::Cache;
use crate::caches::Caches;
use crate::eviction::Eviction;
use crate::fairness::Fairness;
use crate::header::Header;
use crate::log::{Log, Position, Queue};
use crate::namespace::{Liveness, RemovalReason};
use crate::random::Random;
use crate::record::Record;
use crate::search::SearchStart;
use crate::stored::Size;
use crate::time::Deadline;
use crate::value::Found;
use crate::value_slab::{Value, ValueSlab};
use crate::{ItemType, Namespace, Stored, Totals, size};

pub(crate) use content::Content;

/// Larger values are freed after the lock.
const LARGE: u64 = 512;
/// Records moved for compaction at a time.
const COMPACTED_AT_A_TIME: usize = 32;

/// The result of one call of [`Engine::sweep`](crate::Engine::sweep).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Records visited; less than the budget only if that was all of them.
    pub looked_at: usize,
    /// Expired items removed.
    pub expired: u64,
    /// Items of retired namespaces removed.
    pub retired: u64,
}

/// What every request needs comes first, here and in both of the first fields, so that few cache lines
/// are read.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Shard {
    caches: Caches,
    log: Log,
    aside: ValueSlab,
    eviction: Eviction,
    start: SearchStart,
    pub(crate) random: Random,
    /// Values to free after the lock, since that may take long.
    discarded: Vec<Value>,
}

impl Shard {
    pub(crate) fn new(random: Random, fairness: Arc<Fairness>) -> Self {
        let (log, aside, eviction, discarded) = Default::default();
        let (caches, start) = (Caches::new(fairness), SearchStart::default());
        Self { caches, log, aside, eviction, start, random, discarded }
    }

    /// The address of an item. It is valid until the item is written, moved or removed.
    pub(crate) fn find(&self, namespace: Namespace, hash: u32, key: &[u8]) -> Option<u32> {
        let is_it = |at| {
            let Record { header, key: found, .. } = self.log.record(at);
            header.hash == hash && header.namespace == namespace && found == key
        };
        self.caches.get(namespace)?.find(hash, is_it)
    }

    /// Has the processor read what leads to an item, without waiting for it.
    pub(crate) fn prefetch_index(&self, namespace: Namespace, hash: u32) {
        if let Some(cache) = self.caches.get(namespace) {
            cache.prefetch(hash);
        }
    }

    /// The same, of its record.
    pub(crate) fn prefetch_record(&self, namespace: Namespace, hash: u32) {
        if let Some(at) = self.caches.get(namespace).and_then(|cache| cache.guess(hash)) {
            self.log.prefetch(at);
        }
    }

    /// The memory that the shard uses, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.caches.totals.bytes
            + self.caches.memory()
            + self.log.unused()
            + self.eviction.memory(&self.log)
    }

    pub(crate) fn header(&self, at: u32) -> Header {
        self.log.header(at)
    }

    /// Changes the header of an item.
    pub(crate) fn update(&mut self, at: u32, change: impl FnOnce(&mut Header)) {
        self.log.update(at, change);
    }

    /// Counts a use of an item, for eviction.
    pub(crate) fn touch(&mut self, at: u32) {
        self.log.touch(at);
    }

    /// The scalar of an item.
    pub(crate) fn scalar(&self, at: u32) -> Result<Found<'_>, ItemType> {
        let record = self.log.record(at);
        match record.aside().map(|index| self.aside.get(index)) {
            None => Ok(Found::Short(record.value)),
            Some(Value::Long(value)) => Ok(Found::Long(value)),
            Some(other) => Err(other.item_type()),
        }
    }

    /// The out-of-line value of an item, if it has one.
    pub(crate) fn value(&self, at: u32) -> Option<&Value> {
        self.value_of(&self.log.record(at))
    }

    pub(crate) fn value_of(&self, record: &Record<'_>) -> Option<&Value> {
        record.aside().map(|index| self.aside.get(index))
    }

    /// The records themselves, to walk over them.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// The same, to change how they are stored.
    pub(crate) fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Changes an out-of-line value in place.
    pub(crate) fn change<R>(&mut self, at: u32, change: impl FnOnce(&mut Value) -> R) -> R {
        let record = self.log.record(at);
        let (header, index) = (record.header, record.aside().expect("the value is out of line"));
        let value = self.aside.get_mut(index);
        let before = value.size();
        let result = change(value);
        let after = value.size();
        self.caches.resize_item(header, before, after);
        result
    }

    /// Adds an item whose key is not there yet, and returns its address.
    pub(crate) fn insert(
        &mut self,
        namespace: Namespace,
        hash: u32,
        key: &[u8],
        content: Content<'_>,
        deadline: Deadline,
    ) -> u32 {
        let mut header = Header::new(namespace, hash, deadline);
        self.eviction.admit(&mut header);
        self.add(Queue::Small, header, key, content)
    }

    /// Adds an item with this header to a queue.
    pub(crate) fn add(
        &mut self,
        queue: Queue,
        header: Header,
        key: &[u8],
        content: Content<'_>,
    ) -> u32 {
        let at = self.append(queue, header, key, content);
        let (log, aside) = (&self.log, &self.aside);
        self.caches.add(header, at, |at| size(log, aside, at), |at| log.header(at).hash);
        at
    }

    /// Replaces the content of an item, and returns its new address.
    pub(crate) fn overwrite(&mut self, at: u32, key: &[u8], content: Content<'_>) -> u32 {
        let record = self.log.record(at);
        let (header, aside) = (record.header, record.aside());
        let old = self.size(at);
        if let (None, Content::Short(value)) = (aside, &content)
            && self.log.replace_value(at, value)
        {
            let data = (key.len() + value.len()) as u64;
            self.caches.resize_item(header, old, Size { data, ..old });
            return at;
        }
        let new = self.replace(at, (header, aside), key, content);
        self.caches.resize_item(header, old, self.size(new));
        new
    }

    fn replace(
        &mut self,
        at: u32,
        (header, aside): (Header, Option<u32>),
        key: &[u8],
        content: Content<'_>,
    ) -> u32 {
        match (aside, content) {
            (Some(index), Content::ValueSlab(value)) => {
                let old = std::mem::replace(self.aside.get_mut(index), value);
                self.discard(old);
                at
            }
            (index, content) => {
                if let Some(index) = index {
                    let old = self.aside.remove(index);
                    self.discard(old);
                }
                let new = self.append(self.log.queue(at), header, key, content);
                self.log.remove(at);
                self.caches.move_item(header, at, new);
                new
            }
        }
    }

    fn append(
        &mut self,
        queue: Queue,
        mut header: Header,
        key: &[u8],
        content: Content<'_>,
    ) -> u32 {
        header.set_aside(matches!(content, Content::ValueSlab(_)));
        match content {
            Content::Short(value) => self.log.append(queue, header, key, value),
            Content::ValueSlab(value) => {
                let index = self.aside.insert(value);
                self.log.append(queue, header, key, &index.to_le_bytes())
            }
        }
    }

    pub(crate) fn remove(&mut self, at: u32) {
        let (record, size) = (self.log.record(at), self.size(at));
        let (header, aside) = (record.header, record.aside());
        let log = &self.log;
        self.caches.remove(header, at, size, |at| log.header(at).hash);
        if let Some(index) = aside {
            let value = self.aside.remove(index);
            self.discard(value);
        }
        self.log.remove(at);
    }

    /// Frees a value, now or after the lock.
    pub(crate) fn discard(&mut self, value: Value) {
        if value.weight() > LARGE {
            self.discarded.push(value);
        }
    }

    /// Takes the values to free after the lock.
    pub(crate) fn take_discarded(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.discarded)
    }

    /// Whether there are such values.
    pub(crate) fn has_discarded(&self) -> bool {
        !self.discarded.is_empty()
    }

    /// All values out of line, also those.
    pub(crate) fn into_values(self) -> impl Iterator<Item = Value> {
        self.discarded.into_iter().chain(self.aside.into_values())
    }

    /// Moves records out of segments with holes, if there are too many; `kept` may get a new
    /// address.
    pub(crate) fn compact(&mut self, kept: &mut Option<u32>) {
        for _ in 0..COMPACTED_AT_A_TIME {
            let Some(at) = self.log.next_to_compact() else { return };
            let new = self.relocate(at, self.log.queue(at));
            if *kept == Some(at) {
                *kept = Some(new);
            }
        }
    }

    fn relocate(&mut self, at: u32, queue: Queue) -> u32 {
        let header = self.log.header(at);
        let new = self.log.relocate(at, queue);
        self.caches.move_item(header, at, new);
        new
    }

    /// A cache with items in this shard.
    pub(crate) fn cache(&self, namespace: Namespace) -> Option<&Cache> {
        self.caches.get(namespace)
    }

    pub(crate) fn record(&self, at: u32) -> Record<'_> {
        self.log.record(at)
    }

    pub(crate) fn totals(&self) -> Totals {
        self.caches.totals
    }

    pub(crate) fn stored(&self, namespace: Namespace) -> Stored {
        let cache = self.caches.get(namespace);
        cache.map(|cache| cache.stored(|at| self.size(at))).unwrap_or_default()
    }

    /// Adds the evictions since the last call to `sums`.
    pub(crate) fn take_evicted(&mut self, sums: &mut HashMap<Namespace, u64>) {
        self.caches.take_evicted(sums);
    }

    /// Removes expired and retired items among the next `records` from a position on; returns where
    /// it stopped, if there may be more.
    pub(crate) fn sweep(
        &mut self,
        mut from: Position,
        records: usize,
        judge: &Liveness<'_>,
    ) -> (Swept, Option<Position>) {
        let mut swept = Swept::default();
        while swept.looked_at < records {
            let Some((at, header, after)) = self.log.next(from) else {
                return (swept, None);
            };
            from = after;
            swept.looked_at += 1;
            if !header.is_live() {
                continue;
            }
            match judge.fate(header) {
                Some(RemovalReason::Expired) => {
                    swept.expired += 1;
                    self.caches.totals.expired += 1;
                }
                Some(RemovalReason::Retired) => swept.retired += 1,
                None => continue,
            }
            self.remove(at);
        }
        (swept, Some(from))
    }

    /// Frees memory that few items do not need, and compacts, a little at a time: of the next caches
    /// after so many. Returns how many it were with those, if there are more.
    pub(crate) fn shrink(&mut self, from: usize) -> Option<usize> {
        self.compact(&mut None);
        let log = &self.log;
        let shrunk = self.caches.shrink(from, |at| log.header(at).hash);
        self.shrink_if_empty();
        shrunk
    }

    /// Frees what an empty shard does not need.
    pub(crate) fn shrink_if_empty(&mut self) {
        if self.items() == 0 {
            self.caches.shrink(0, |_| unreachable!("there are no items"));
            self.log.shrink();
            self.eviction = Eviction::default();
        }
    }

    fn items(&self) -> usize {
        self.log.records(Queue::Small) + self.log.records(Queue::Main)
    }

    /// The memory of an item, in bytes.
    fn weight(&self, at: u32) -> u64 {
        self.size(at).memory
    }

    pub(crate) fn size(&self, at: u32) -> Size {
        size(&self.log, &self.aside, at)
    }
}

/// The size of an item.
fn size(log: &Log, values: &ValueSlab, at: u32) -> Size {
    let record = log.record(at);
    let (key, own) = (record.key.len() as u64, size::PER_ITEM + record.len() as u64);
    match record.aside().map(|index| values.get(index).size()) {
        None => Size { memory: own, data: key + record.value.len() as u64 },
        Some(value) => Size { memory: own + value.memory, data: key + value.data },
    }
}
