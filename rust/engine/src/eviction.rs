//! Eviction: S3-FIFO over the queues of the log.
//!
//! New items enter a small queue (a tenth of all). An item that was used at least twice by the time
//! it is the first moves to the main queue; any other is evicted, and its hash is remembered as a
//! ghost. A key that is written again while it is a ghost goes straight to the main queue. There,
//! items that were used are moved to the end, and others are evicted. ("FIFO Queues are All You
//! Need for Cache Eviction", SOSP 2023.)
//!
//! A read changes nothing here; it only increments two bits in the header.

use crate::header::Header;
use crate::log::{Log, Queue};
use crate::size;

/// The small queue has one part in this many of all items.
const SMALL_SHARE: usize = 10;
/// The uses after which an item moves to the main queue.
const PROVEN: u64 = 2;
/// The most records that are moved in one search, which bounds the time under the lock.
pub(crate) const MOST_MOVES: u32 = 512;

/// The queue of a new item.
pub(crate) fn admit(ghosts: &mut Ghosts, hash: u32) -> Queue {
    if ghosts.take(hash) { Queue::Main } else { Queue::Small }
}

/// The queue whose first record is next to be evicted or moved.
pub(crate) fn next_queue(log: &Log) -> Queue {
    let (small, main) = (log.records(Queue::Small), log.records(Queue::Main));
    if small * SMALL_SHARE >= small + main { Queue::Small } else { Queue::Main }
}

/// Whether an item that is the first of a queue was used enough to stay, in the main queue; counts
/// its next uses from a lower number.
pub(crate) fn stays(header: &mut Header, queue: Queue) -> bool {
    let frequency = header.frequency();
    match queue {
        Queue::Small if frequency >= PROVEN => header.set_frequency(0),
        Queue::Main if frequency > 0 => header.set_frequency(frequency - 1),
        _ => return false,
    }
    true
}

const WAYS: usize = 8;

/// The hashes of recently evicted items, about as many as there are items.
///
/// Each hash belongs to one row of eight, in which the newest replaces the oldest: close enough to
/// one long queue, and found without a second table.
#[derive(Debug, Default)]
pub(crate) struct Ghosts {
    rows: Vec<[u32; WAYS]>,
}

/// Marks an empty cell; a hash of this value is stored as the next one.
const EMPTY: u32 = 0;

impl Ghosts {
    /// Remembers a hash; there are about `items` items.
    pub(crate) fn remember(&mut self, hash: u32, items: usize) {
        self.fit(items);
        self.add(hash);
    }

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

    /// Frees memory if there are far fewer items.
    pub(crate) fn shrink(&mut self, items: usize) {
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
