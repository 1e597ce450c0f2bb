//! Eviction: two queues of segments, and the worth of an item for each of its bytes.
//!
//! New items enter a small queue, others are in the main one. Eviction drains the first segment of
//! a queue. An item there is evicted, or moved to the end of the main queue if its *worth* is above
//! a threshold: its uses, divided by its size, and less if it expires before it would be looked at
//! again. So of two items that are used alike, the larger one goes. Each drained segment moves the
//! threshold, such that two items in five stay.
//!
//! The main queue is drained instead of the small one if its items are used less for the time that
//! they have been there. Uses of the newest items do not count: what is read several times right
//! after it was written, and then never again, would look hot. (LRU-K calls this the correlated
//! reference period: O'Neil, SIGMOD 1993.)
//!
//! The hashes of evicted items are remembered as *ghosts*: one that is written again soon counts as
//! used once.
//!
//! The parts are known: two queues and ghosts from S3-FIFO ("FIFO Queues are All You Need for Cache
//! Eviction", SOSP 2023), worth by size from GDSF (Cherkasova, HPL-98-69), draining by segments
//! from Segcache (NSDI 2021). A read changes nothing here; it only increments four bits in the
//! header.

mod ghosts;

use ghosts::Ghosts;

use crate::Moment;
use crate::header::Header;
use crate::log::{Drained, Log, Queue};

/// The most that is moved in one search, in small records.
pub(crate) const MOST_MOVES: usize = 512;
/// The part of the items looked at that stay.
const STAYING: f64 = 0.4;
/// How much the logarithm of the threshold moves while as many items are looked at as there are.
const STEP: f64 = 8.0;
/// Uses that every item is taken to have had.
const PRIOR: f64 = 1.0 / 3.0;
/// What a use in the small queue weighs when the queues are compared.
const SMALL_WEIGHT: f64 = 1.75;
/// The main queue has one part in this many of all bytes, or so many segments, before it is drained.
const MAIN_SHARE: usize = 8;
const MAIN_SEGMENTS: usize = 4;
/// The limits of the threshold: from an item of 500 MB to one of a byte.
const LEAST_THRESHOLD: f64 = 1e-9;

/// What the eviction of a shard has learned.
#[derive(Debug, Default)]
pub(crate) struct Eviction {
    ghosts: Ghosts,
    /// The worth from which on items stay; zero before any item was looked at.
    threshold: f64,
    /// The uses for each byte and appended record, in the drained segments of each queue: the last
    /// one weighs a half, the one before a quarter, and so on.
    rates: [f64; 2],
    /// The milliseconds that a segment takes through the main queue.
    round: u64,
    /// The queue whose first segment is drained.
    drained: Option<Queue>,
    /// What was looked at in the first segment of each queue.
    looked_at: [LookedAt; 2],
}

/// Items that were looked at.
#[derive(Debug, Default, Clone, Copy)]
struct LookedAt {
    items: u64,
    bytes: u64,
    uses: u64,
    stayed: u64,
}

impl Eviction {
    /// Adds to the header of a new item what is remembered of it.
    pub(crate) fn admit(&mut self, header: &mut Header) {
        if self.ghosts.know(header.hash) {
            header.count_anew(1);
        }
    }

    /// The queue to drain.
    pub(crate) fn queue(&mut self, log: &Log) -> Queue {
        *self.drained.get_or_insert_with(|| {
            let segment = log.segment_bytes();
            let [small, main] = [Queue::Small, Queue::Main].map(|queue| log.bytes_in(queue));
            let is_main_small = main < ((small + main) / MAIN_SHARE).max(MAIN_SEGMENTS * segment);
            let is_small_small = small < 2 * log.newest_bytes();
            let is_small_worse = self.rates[0] * SMALL_WEIGHT <= self.rates[1];
            if is_main_small || is_small_worse && !is_small_small {
                Queue::Small
            } else {
                Queue::Main
            }
        })
    }

    /// Whether the first item of a queue, of so many bytes, stays; if so, counts its next uses anew.
    pub(crate) fn stays(
        &mut self,
        header: &mut Header,
        queue: Queue,
        bytes: u64,
        now: Moment,
    ) -> bool {
        let (uses, worth) = (header.uses(), self.worth(*header, bytes, now));
        if self.threshold == 0.0 {
            self.threshold = 1.0 / real(bytes);
        }
        // At a tie, an item stays where it is: so of a loop that is too long, a part stays.
        let stays = match queue {
            Queue::Small => worth > self.threshold,
            Queue::Main => worth >= self.threshold,
        };
        let looked_at = &mut self.looked_at[queue as usize];
        looked_at.items += 1;
        looked_at.bytes += bytes;
        looked_at.uses += uses;
        looked_at.stayed += u64::from(stays);
        header.count_anew(if queue == Queue::Main { uses } else { 0 });
        stays
    }

    /// A segment is no longer the first of its queue; another one is chosen.
    pub(crate) fn pass(&mut self) {
        self.drained = None;
    }

    /// A segment was drained, in a shard with so many items.
    pub(crate) fn end(&mut self, queue: Queue, drained: Drained, items: usize, now: Moment) {
        self.pass();
        let LookedAt { items: looked_at, bytes, uses, stayed } =
            std::mem::take(&mut self.looked_at[queue as usize]);
        if looked_at == 0 {
            return;
        }
        let rate = real(uses) / real(bytes) / real(drained.age.max(1));
        let rates = &mut self.rates[queue as usize];
        *rates = rates.midpoint(rate);
        if queue == Queue::Main {
            self.round = now.0.saturating_sub(drained.opened.0);
        }
        let excess = (real(stayed) - STAYING * real(looked_at)) / real(items.max(1) as u64);
        let threshold = self.threshold * (STEP * excess).exp();
        self.threshold = threshold.clamp(LEAST_THRESHOLD, 1.0);
    }

    /// Remembers an evicted item.
    pub(crate) fn remember(&mut self, hash: u32, log: &Log) {
        self.ghosts.remember(hash, log.live());
    }

    /// The memory of what is remembered, in bytes; before the first eviction, what it will be.
    pub(crate) fn memory(&self, log: &Log) -> u64 {
        self.ghosts.memory(log.live())
    }

    /// The worth of an item for its age, in records that were appended since.
    pub(crate) fn worth_for_age(&self, header: Header, bytes: u64, age: u64, now: Moment) -> f64 {
        self.worth(header, bytes, now) / real(age + 1)
    }

    /// The worth of an item of so many bytes.
    fn worth(&self, header: Header, bytes: u64, now: Moment) -> f64 {
        let uses = real(header.uses() + header.uses_before()) + PRIOR;
        let left = real(header.deadline().left(now).0) + 1.0;
        let of_round = if self.round > 0 { (left / real(self.round)).min(1.0) } else { 1.0 };
        uses / real(bytes) * of_round
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rough worth is enough")]
fn real(number: u64) -> f64 {
    number as f64
}
