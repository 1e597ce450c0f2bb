//! Namespaces of caches, in use and retired.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{RwLock, RwLockReadGuard};

use crate::header::Header;
use crate::{Moment, Space};

/// How long a namespace is still swept after it was retired, to find items of writes that were in
/// progress at that time.
pub(crate) const GRACE_MILLISECONDS: u64 = 60_000;

/// Contains the items of a cache. A flush or deletion gives the cache a new one, so both are O(1).
///
/// The highest bit is used internally: it separates leaderboards from items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(pub u32);

const LEADERBOARDS: u32 = 1 << 31;

impl Namespace {
    /// The namespace of one key space.
    pub(crate) fn within(self, space: Space) -> Self {
        match space {
            Space::Items => self,
            Space::Leaderboards => Self(self.0 | LEADERBOARDS),
        }
    }

    /// The namespace without the internal bit.
    pub(crate) fn of_cache(self) -> Self {
        Self(self.0 & !LEADERBOARDS)
    }
}

/// The retired namespaces, each with the time at which a sweep first met it.
///
/// While its lock is held, no shard is locked; only the list of caches may be (see `fairness`).
#[derive(Debug, Default)]
pub(crate) struct Retired {
    since: RwLock<HashMap<Namespace, Option<Moment>>>,
    /// Avoids the lock in the common case.
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

    /// Namespaces that were swept for long enough. Called at the end of a full cycle.
    pub(crate) fn ripe(&self, now: Moment) -> Vec<Namespace> {
        if self.count.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        let mut ripe = Vec::new();
        for (namespace, since) in self.since.write().iter_mut() {
            // If the clock went back, the wait starts again.
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

/// Why an item can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RemovalReason {
    Expired,
    Retired,
}

/// Decides which items are expired or retired.
pub(crate) struct Liveness<'a> {
    now: Moment,
    retired: Option<RwLockReadGuard<'a, HashMap<Namespace, Option<Moment>>>>,
}

impl Liveness<'_> {
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// Whether a cache's namespace is retired.
    pub(crate) fn is_retired(&self, namespace: Namespace) -> bool {
        self.retired.as_ref().is_some_and(|them| them.contains_key(&namespace))
    }

    pub(crate) fn fate(&self, header: Header) -> Option<RemovalReason> {
        if self.is_retired(header.namespace.of_cache()) {
            return Some(RemovalReason::Retired);
        }
        header.has_expired(self.now).then_some(RemovalReason::Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_namespace_is_kept_until_the_grace_period_is_over() {
        let retired = Retired::default();
        retired.add(Namespace(7));

        assert_eq!(retired.ripe(Moment(1000)), []);
        assert_eq!(retired.ripe(Moment(1000 + GRACE_MILLISECONDS - 1)), []);
        assert_eq!(retired.ripe(Moment(1000 + GRACE_MILLISECONDS)), [Namespace(7)]);
    }

    #[test]
    fn the_wait_starts_again_if_the_clock_goes_back() {
        let retired = Retired::default();
        retired.add(Namespace(7));
        retired.ripe(Moment(9_000_000));

        assert_eq!(retired.ripe(Moment(1000)), []);
        assert_eq!(retired.ripe(Moment(1000 + GRACE_MILLISECONDS)), [Namespace(7)]);
    }
}
