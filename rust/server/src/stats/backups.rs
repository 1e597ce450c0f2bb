//! Scheduled backups, as the control plane reports them.

use std::sync::atomic::{AtomicU64, Ordering};

/// The state of scheduled backups; all zero if there are none.
#[derive(Default)]
pub(crate) struct Backups {
    interval_seconds: AtomicU64,
    newest: AtomicU64,
    failed: AtomicU64,
}

impl Backups {
    /// Records their interval, of the time of the newest, and of whether one has just failed.
    pub(crate) fn note(&self, interval_seconds: u64, newest: u64, failed: bool) {
        self.interval_seconds.store(interval_seconds, Ordering::Relaxed);
        self.newest.store(newest, Ordering::Relaxed);
        self.failed.fetch_add(failed.into(), Ordering::Relaxed);
    }

    /// The interval, the time of the newest, and how many have failed.
    pub(crate) fn read(&self) -> [u64; 3] {
        [&self.interval_seconds, &self.newest, &self.failed]
            .map(|each| each.load(Ordering::Relaxed))
    }
}
