//! Evictions as events: a line for a cache that loses items, at most once a minute.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::directory::{Cache, CacheId};
use crate::stats::{Events, Level};

/// A cache is logged at most this often.
const PAUSE: Duration = Duration::from_mins(1);

/// The caches that lost items within the last minute, and how many are not logged yet.
#[derive(Default)]
pub(crate) struct Evictions(Mutex<HashMap<CacheId, Lately>>);

struct Lately {
    logged_at: Instant,
    items: u64,
}

impl Evictions {
    /// Counts evicted items, and logs the caches that are due; `caches` are those
    /// that exist.
    pub(crate) fn note(
        &self,
        evicted: &HashMap<CacheId, u64>,
        caches: impl FnOnce() -> Vec<Cache>,
        events: &Events,
        now: Instant,
    ) {
        let due = self.due(evicted, now);
        if due.is_empty() {
            return;
        }
        for cache in caches() {
            if let Some(items) = due.get(&cache.id) {
                let (name, account) = (cache.name, cache.account.0);
                let message = format!(
                    "memory is full: evicted {items} items of cache {name:?} of account {account}"
                );
                events.push(Level::Info, message);
            }
        }
    }

    /// What to log now. A cache that loses nothing for a minute is forgotten.
    fn due(&self, evicted: &HashMap<CacheId, u64>, now: Instant) -> HashMap<CacheId, u64> {
        let mut lately = self.0.lock();
        let mut due = HashMap::new();
        for (id, items) in evicted {
            if let Some(cache) = lately.get_mut(id) {
                cache.items += items;
            } else {
                lately.insert(*id, Lately { logged_at: now, items: 0 });
                due.insert(*id, *items);
            }
        }
        lately.retain(|id, cache| {
            if now.duration_since(cache.logged_at) < PAUSE {
                return true;
            }
            cache.logged_at = now;
            let items = std::mem::take(&mut cache.items);
            items > 0 && due.insert(*id, items).is_none()
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(evictions: &Evictions, items: &[(u64, u64)], now: Instant) -> Vec<(u64, u64)> {
        let evicted = items.iter().map(|(id, items)| (CacheId(*id), *items)).collect();
        let mut due: Vec<_> =
            evictions.due(&evicted, now).into_iter().map(|(id, items)| (id.0, items)).collect();
        due.sort_unstable();
        due
    }

    #[test]
    fn a_cache_has_a_line_a_minute_and_no_eviction_is_left_out() {
        let (evictions, start) = (Evictions::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);

        assert_eq!(due(&evictions, &[(1, 5)], at(0)), [(1, 5)]);
        assert_eq!(due(&evictions, &[(1, 7), (2, 1)], at(30)), [(2, 1)]);
        assert_eq!(due(&evictions, &[(1, 2)], at(59)), []);
        assert_eq!(due(&evictions, &[], at(60)), [(1, 9)]);
        assert_eq!(due(&evictions, &[(1, 1)], at(119)), []);
        assert_eq!(due(&evictions, &[(1, 1)], at(120)), [(1, 2)]);
    }

    #[test]
    fn a_cache_that_loses_nothing_any_more_is_forgotten() {
        let (evictions, start) = (Evictions::default(), Instant::now());
        due(&evictions, &[(1, 5), (2, 5)], start);

        assert_eq!(due(&evictions, &[], start + PAUSE), []);
        assert!(evictions.0.lock().is_empty());
    }
}
