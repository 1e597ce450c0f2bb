//! The memory of topics. Items come first: beyond a small share, messages are kept only where memory
//! is spare.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::super::fair;
use super::super::shard::Shard;
use super::{Hub, SHARDS};

/// Kept messages may take one part in this many of the memory for items, where that is spare.
const SHARE: u64 = 4;
/// They may take one part in this many even if items are evicted.
const LEAST_SHARE: u64 = 64;
/// The feeds of all threads together may take one part in this many, and those of each thread at
/// least so many bytes.
const FEED_SHARE: u64 = 16;
const LEAST_IN_FEEDS: u64 = 8 << 20;
/// One part in this many of what is kept goes at a time: it takes less than a millisecond.
const PORTION: u64 = 64;

impl Hub {
    /// The memory of topics, their messages and their subscriptions, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.reserved() + self.of_feeds.load(Ordering::Relaxed) + self.encodings.bytes()
    }

    pub(in crate::topics) fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Reserves memory for what was added to a shard; whether some was.
    pub(super) fn reserve(&self, shard: &mut Shard) -> bool {
        let lacks = shard.lacks();
        self.messages.fetch_add(shard.growth(), Ordering::Relaxed);
        shard.reserved += lacks;
        self.reserved.fetch_add(lacks, Ordering::Relaxed);
        self.backend.reserve(lacks);
        lacks > 0
    }

    /// Drops messages if there are too many. To be called without the lock of a shard.
    pub(super) fn relieve(&self) {
        let kept = self.reserved();
        let most = if self.backend.has_spare(0) { self.memory_bytes / SHARE } else { 0 };
        if kept > most.max(self.memory_bytes / LEAST_SHARE) {
            self.shrink_to(kept - kept / PORTION);
        }
    }

    /// Drops messages of the accounts that keep most, until about so many bytes are kept.
    fn shrink_to(&self, most: u64) {
        let mut used = HashMap::new();
        self.shards.iter().for_each(|shard| shard.lock().add_used(&mut used));
        // What is reserved is in steps, so it is more.
        let too_much = self.reserved().saturating_sub(most);
        let times = fair::halvings(used, too_much);
        for _ in 0..SHARDS {
            if self.reserved() <= most {
                return;
            }
            let at = self.turn.fetch_add(1, Ordering::Relaxed) % SHARDS;
            let mut shard = self.shards[at].lock();
            shard.halve(&times);
            self.release(&mut shard);
        }
    }

    /// How many bytes of messages the feeds of one thread may have.
    pub(in crate::topics) fn most_in_feeds(&self) -> usize {
        let share = self.memory_bytes / FEED_SHARE / self.inboxes.len() as u64;
        usize::try_from(share.max(LEAST_IN_FEEDS)).unwrap_or(usize::MAX)
    }

    /// Changes what feeds, subscriptions and the outbox have reserved, in bytes.
    pub(in crate::topics) fn adjust(&self, before: u64, after: u64) {
        if after > before {
            self.of_feeds.fetch_add(after - before, Ordering::Relaxed);
            self.backend.reserve(after - before);
        } else {
            self.of_feeds.fetch_sub(before - after, Ordering::Relaxed);
            self.backend.release(before - after);
        }
    }

    pub(super) fn release(&self, shard: &mut Shard) {
        self.messages.fetch_add(shard.growth(), Ordering::Relaxed);
        let spares = shard.spares();
        if spares > 0 {
            shard.reserved -= spares;
            self.reserved.fetch_sub(spares, Ordering::Relaxed);
            self.backend.release(spares);
        }
    }

    /// Drops messages until about `bytes` are free, or only the share is left that they keep. Each
    /// write to a full engine asks for it, so topics are looked at only if they keep messages.
    pub(crate) fn yield_memory(&self, bytes: u64) {
        let (kept, least) = (self.reserved(), self.memory_bytes / LEAST_SHARE);
        if kept > least && self.messages.load(Ordering::Relaxed) > 0 {
            let more = (kept - least) / PORTION;
            self.shrink_to(kept.saturating_sub(bytes.max(more)).max(least));
        }
    }
}
