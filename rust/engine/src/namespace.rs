//! Namespaces, which hold the items of a cache, and those that are retired.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{RwLock, RwLockReadGuard};

use crate::entry::Entry;
use crate::{Moment, Space};

/// How long a namespace is still swept after its retirement, so that a write
/// that was under way when it retired is found too.
const GRACE_MILLISECONDS: u64 = 60_000;

/// Where a cache's items live. A flush or delete gives the cache a fresh one,
/// which makes either O(1).
///
/// The highest bit is the engine's own: it tells leaderboards from items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(pub u32);

const LEADERBOARDS: u32 = 1 << 31;

impl Namespace {
    /// Where the keys of one space lie.
    pub(crate) fn within(self, space: Space) -> Self {
        match space {
            Space::Items => self,
            Space::Leaderboards => Self(self.0 | LEADERBOARDS),
        }
    }

    /// The namespace that the cache knows of.
    pub(crate) fn of_cache(self) -> Self {
        Self(self.0 & !LEADERBOARDS)
    }
}

/// The retired namespaces, each with the moment a sweep first met it.
///
/// Its lock is always taken last: no other is taken while it is held.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    since: RwLock<HashMap<Namespace, Option<Moment>>>,
    /// Spares the common case the lock.
    count: AtomicUsize,
}

impl Retired {
    pub(crate) fn add(&self, namespace: Namespace) {
        let mut since = self.since.write();
        since.insert(namespace, None);
        self.count.store(since.len(), Ordering::Release);
    }

    pub(crate) fn judge(&self, now: Moment) -> Liveness<'_> {
        let any = self.count.load(Ordering::Acquire) > 0;
        Liveness { now, retired: any.then(|| self.since.read()) }
    }

    /// Namespaces that were swept through for long enough. Called at the end
    /// of a full cycle.
    pub(crate) fn ripe(&self, now: Moment) -> Vec<Namespace> {
        if self.count.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        let mut ripe = Vec::new();
        for (namespace, since) in self.since.write().iter_mut() {
            // A clock that went back starts the wait anew.
            let start = since.map_or(now, |met| met.min(now));
            *since = Some(start);
            if now.0 - start.0 >= GRACE_MILLISECONDS {
                ripe.push(*namespace);
            }
        }
        ripe
    }

    pub(crate) fn forget(&self, namespace: Namespace) {
        let mut since = self.since.write();
        since.remove(&namespace);
        since.shrink_to_fit();
        self.count.store(since.len(), Ordering::Release);
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.since.read().len()
    }
}

/// Why an item may go without being missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RemovalReason {
    Expired,
    Retired,
}

/// Tells which items are of no use any more.
pub(crate) struct Liveness<'a> {
    now: Moment,
    retired: Option<RwLockReadGuard<'a, HashMap<Namespace, Option<Moment>>>>,
}

impl Liveness<'_> {
    pub(crate) fn fate(&self, entry: &Entry) -> Option<RemovalReason> {
        if self.retired.as_ref().is_some_and(|them| them.contains_key(&entry.namespace.of_cache()))
        {
            return Some(RemovalReason::Retired);
        }
        entry.has_expired(self.now).then_some(RemovalReason::Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_namespace_is_ripe_only_when_the_grace_is_over() {
        let retired = Retired::default();
        retired.add(Namespace(7));

        assert_eq!(retired.ripe(Moment(1000)), []);
        assert_eq!(retired.ripe(Moment(1000 + GRACE_MILLISECONDS - 1)), []);
        assert_eq!(retired.ripe(Moment(1000 + GRACE_MILLISECONDS)), [Namespace(7)]);
    }

    #[test]
    fn a_clock_that_goes_back_starts_the_wait_anew() {
        let retired = Retired::default();
        retired.add(Namespace(7));
        retired.ripe(Moment(9_000_000));

        assert_eq!(retired.ripe(Moment(1000)), []);
        assert_eq!(retired.ripe(Moment(1000 + GRACE_MILLISECONDS)), [Namespace(7)]);
    }
}
