//! What an operator watches, counted where it happens; `metrics` shows it.
//!
//! What happens with every request, each data thread counts for itself
//! ([`ThreadStats`]), so that it costs an addition. What happens once a
//! connection, or less often, all threads count together ([`Stats`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

mod connections;
mod events;
mod histogram;
mod panics;
mod readiness;
mod requests;

pub(crate) use self::connections::{Closed, Opened, REASONS, SPEAKS, Speaks, TRANSPORTS};
pub(crate) use self::events::Events;
pub use self::events::{Event, Level};
pub(crate) use self::histogram::{BUCKETS, bound};
pub(crate) use self::panics::{guarded, watch};
pub use self::readiness::{NoReadiness, Readiness};
pub(crate) use self::requests::{CLASSES, Class, Requests, Sums, ThreadStats, VIAS, Via};

/// What all threads of a node count together.
#[derive(Default)]
pub(crate) struct Stats {
    /// Each thread's own, that of ended threads included.
    threads: Mutex<Vec<Arc<Requests>>>,
    pub(crate) connections: connections::Connections,
    pub(crate) events: Events,
    pub(crate) readiness: readiness::Cell,
    pub(crate) ledger: Ledger,
    /// When the certificate ends, in seconds since 1970; 0 where there is none.
    certificate_end: AtomicU64,
    panics: AtomicU64,
}

/// How it goes with the writing down of usage; the control plane tells.
#[derive(Default)]
pub(crate) struct Ledger {
    recorded: AtomicU64,
    failed: AtomicU64,
    waiting: AtomicU64,
}

impl Stats {
    /// What the threads have answered, summed.
    pub(crate) fn requests(&self) -> Sums {
        let mut sums = Sums::default();
        self.threads.lock().iter().for_each(|thread| sums.add(thread));
        sums
    }

    /// Takes note of when the certificate ends, in seconds since 1970.
    pub(crate) fn certificate_ends(&self, end: Option<u64>) {
        self.certificate_end.store(end.unwrap_or(0), Ordering::Relaxed);
    }

    /// When the certificate ends, if that is known.
    pub(crate) fn certificate_end(&self) -> Option<u64> {
        Some(self.certificate_end.load(Ordering::Relaxed)).filter(|end| *end > 0)
    }

    /// How often a request or a connection ended by a mistake of ours.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}

impl Ledger {
    /// A batch was recorded, or could not be and waits.
    pub(crate) fn note(&self, recorded: bool) {
        let counter = if recorded { &self.recorded } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        self.waiting.store(u64::from(!recorded), Ordering::Relaxed);
    }

    /// Batches recorded, tries that failed, batches that wait.
    pub(crate) fn read(&self) -> [u64; 3] {
        [&self.recorded, &self.failed, &self.waiting].map(|each| each.load(Ordering::Relaxed))
    }
}
