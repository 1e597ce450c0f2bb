//! Stored data as a meter: what each cache stores, times how long.
//!
//! It is sampled whenever usage is taken, and in between if that is seldom. What a sample finds counts
//! for the time since the one before, so bytes that come or go between two samples are off by less
//! than that.

use std::collections::HashMap;
use std::time::Duration;

use attimo_engine::Stored;

use crate::directory::CacheId;

/// The longest time for which a sample counts.
pub(crate) const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// The least time between two samples for those who take usage, in milliseconds: whoever takes until
/// nothing is left would find a little more each time.
const APART_MS: u64 = 250;
const MINUTE_MS: u128 = 60_000;

/// Byte-milliseconds that were not taken yet: of keys and values, and with overhead. Less than a
/// byte-minute waits for more.
#[derive(Debug, Default)]
pub(crate) struct StoredData {
    sampled_at: u64,
    pub(super) by_cache: HashMap<CacheId, [u128; 2]>,
}

impl StoredData {
    /// Counts what all caches store, for the time since the last call; `now` is in milliseconds
    /// since the start of the server.
    pub(super) fn sample(&mut self, caches: &[(CacheId, Stored)], now: u64) {
        let elapsed = u128::from(now.saturating_sub(self.sampled_at));
        self.sampled_at = self.sampled_at.max(now);
        let mut before = std::mem::take(&mut self.by_cache);
        for (cache, stored) in caches.iter().filter(|(_, stored)| stored.items > 0) {
            let [data, all] = before.remove(cache).unwrap_or_default();
            let more = [stored.data, stored.bytes].map(|bytes| u128::from(bytes) * elapsed);
            self.by_cache.insert(*cache, [data + more[0], all + more[1]]);
        }
        // Of caches that store nothing any more, no part of a byte-minute waits for the rest.
        self.by_cache.extend(before.into_iter().filter(|(_, sums)| sums[1] >= MINUTE_MS));
    }

    /// Whether the last sample was more than a moment before `now`.
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.sampled_at + APART_MS
    }

    /// The byte-minutes since the last call.
    pub(super) fn take(&mut self) -> Vec<(CacheId, [u64; 2])> {
        let whole = |sums: &mut [u128; 2]| {
            sums.each_mut().map(|sum| {
                let minutes = u64::try_from(*sum / MINUTE_MS).unwrap_or(u64::MAX);
                *sum %= MINUTE_MS;
                minutes
            })
        };
        let taken = self.by_cache.iter_mut().map(|(cache, sums)| (*cache, whole(sums)));
        taken.filter(|(_, minutes)| minutes[1] > 0).collect()
    }
}
