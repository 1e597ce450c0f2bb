//! Eviction: S3-FIFO over slot numbers.
//!
//! New items enter a small queue (a tenth of all). An item that was used at least twice by the time
//! it reaches the front moves to the main queue; any other is evicted, and its hash is remembered
//! as a ghost. A key that is written again while it is a ghost goes straight to the main queue.
//! There, items that were used are reinserted, and others are evicted. ("FIFO Queues are All You
//! Need for Cache Eviction", SOSP 2023.)
//!
//! A read changes nothing here; it only increments two bits in the entry. Removing an item leaves
//! its slot number in the queue and marks the slot; a new item in that slot is moved to the right
//! queue when the slot comes up.

use std::collections::VecDeque;

use crate::entry::{Entry, Queue};
use crate::size;
use crate::slots::Slots;

/// The small queue has one part in this many of all items.
const SMALL_SHARE: usize = 10;
/// The uses after which an item moves to the main queue.
const PROVEN: u64 = 2;
/// The most reinsertions in one search, which bounds the time under the lock.
const MAX_REINSERTIONS: u32 = 512;

/// The queues of one shard. Each slot is in exactly one of them.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    small: VecDeque<u32>,
    main: VecDeque<u32>,
    ghosts: Ghosts,
}

impl Queues {
    /// Adds a new item.
    pub(crate) fn admit(&mut self, slot: u32, entry: &mut Entry) {
        let queue = if self.ghosts.take(entry.hash) { Queue::Main } else { Queue::Small };
        if entry.is_queued() {
            entry.set_due(queue);
        } else {
            entry.set_queued(true);
            self.push(queue, slot);
        }
    }

    /// Removes the next item to evict from its queue; never the one that is `spared`, and `useless`
    /// ones without further checks.
    pub(crate) fn victim(
        &mut self,
        slots: &mut Slots,
        spared: Option<u32>,
        useless: impl Fn(&Entry) -> bool,
    ) -> Option<u32> {
        let mut held = None;
        let victim = self.search(slots, &useless, |queue, slot| {
            let holds = spared == Some(slot);
            if holds {
                held = Some(queue);
            }
            holds
        });
        if let (Some(queue), Some(slot)) = (held, spared) {
            self.push(queue, slot);
        }
        victim
    }

    fn search(
        &mut self,
        slots: &mut Slots,
        useless: &impl Fn(&Entry) -> bool,
        mut hold: impl FnMut(Queue, u32) -> bool,
    ) -> Option<u32> {
        let mut patience = MAX_REINSERTIONS;
        loop {
            let (queue, slot) = self.pop()?;
            let entry = slots.get_mut(slot);
            if entry.is_live() && hold(queue, slot) {
                continue;
            }
            let again = if patience == 0 || useless(entry) { None } else { again(entry, queue) };
            if let Some(queue) = again {
                self.push(queue, slot);
                patience -= 1;
                continue;
            }
            entry.set_queued(false);
            if entry.is_live() {
                return Some(slot);
            }
        }
    }

    /// Remembers the hash of an evicted item.
    pub(crate) fn add_ghost(&mut self, hash: u32) {
        self.ghosts.fit(self.len());
        self.ghosts.add(hash);
    }

    /// Applies `renumber` to every slot, in order, removes slots for which it returns `None`, and
    /// frees unused memory.
    pub(crate) fn renumber(&mut self, mut renumber: impl FnMut(u32) -> Option<u32>) {
        for queue in [&mut self.small, &mut self.main] {
            *queue = queue.iter().filter_map(|&slot| renumber(slot)).collect();
            queue.shrink_to_fit();
        }
        self.ghosts.shrink(self.len());
    }

    fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    fn push(&mut self, queue: Queue, slot: u32) {
        match queue {
            Queue::Small => self.small.push_back(slot),
            Queue::Main => self.main.push_back(slot),
        }
    }

    fn pop(&mut self) -> Option<(Queue, u32)> {
        let small = |slot| (Queue::Small, slot);
        let main = |slot| (Queue::Main, slot);
        if self.small.len() * SMALL_SHARE >= self.len() {
            self.small.pop_front().map(small)
        } else {
            self.main.pop_front().map(main)
        }
    }
}

/// The queue into which an item is reinserted, if it was used enough.
fn again(entry: &mut Entry, queue: Queue) -> Option<Queue> {
    if let Some(due) = entry.take_due() {
        return Some(due);
    }
    let frequency = entry.frequency();
    match queue {
        Queue::Small if frequency >= PROVEN => entry.set_frequency(0),
        Queue::Main if frequency > 0 => entry.set_frequency(frequency - 1),
        _ => return None,
    }
    Some(Queue::Main)
}

const WAYS: usize = 8;

/// The hashes of recently evicted items, about as many as there are items.
///
/// Each hash belongs to one row of eight, in which the newest replaces the oldest: close enough to
/// one long queue, and found without a second table.
#[derive(Debug, Default)]
struct Ghosts {
    rows: Vec<[u32; WAYS]>,
}

/// Marks an empty cell; a hash of this value is stored as the next one.
const EMPTY: u32 = 0;

impl Ghosts {
    fn add(&mut self, hash: u32) {
        let row = self.row(hash);
        if let Some(row) = self.rows.get_mut(row) {
            row.rotate_right(1);
            row[0] = hash.max(1);
        }
    }

    /// Removes the hash; whether it was there.
    fn take(&mut self, hash: u32) -> bool {
        let row = self.row(hash);
        let Some(row) = self.rows.get_mut(row) else { return false };
        let Some(at) = row.iter().position(|&it| it == hash.max(1)) else { return false };
        row[at..].rotate_left(1);
        row[WAYS - 1] = EMPTY;
        true
    }

    /// Resizes to as many ghosts as there are items, in steps of a quarter.
    fn fit(&mut self, items: usize) {
        if items > self.rows.len() * WAYS {
            self.resize(items + items / 4);
        }
    }

    fn shrink(&mut self, items: usize) {
        if self.rows.len() * WAYS > items * 2 {
            self.resize(items);
        }
    }

    fn resize(&mut self, items: usize) {
        let rows = vec![[EMPTY; WAYS]; items.div_ceil(WAYS)];
        let old = std::mem::replace(&mut self.rows, rows);
        for row in old {
            row.into_iter().rev().filter(|&hash| hash != EMPTY).for_each(|hash| self.add(hash));
        }
    }

    fn row(&self, hash: u32) -> usize {
        size::scale(hash, self.rows.len())
    }
}
