//! What the threads of a server share, and what each data thread has of its own.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::directory::CacheId;
use crate::evictions::Evictions;
use crate::forward::{App, ControlLock};
use crate::front::fault_injection::Faults;
use crate::front::origins::Origins;
use crate::gate::{Gate, Permits};
use crate::memory::Memory;
use crate::memory_budget::MemoryBudget;
use crate::meter::{COUNTS, Meter, ThreadMeter};
use crate::metrics::page::{Sources, page};
use crate::metrics::{Format, Metrics};
use crate::read_buffer::SharedReadBuffer;
use crate::stats::{Stats, ThreadStats};
use crate::steps::Turns;
use crate::topics::LocalTopics;

/// What a cache stores now, and what was counted for it since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheStats {
    /// How many items, with expired ones that are not swept yet.
    pub items: u64,
    /// How many bytes of memory they take.
    pub stored_bytes: u64,
    /// In the order of [`crate::COUNT_NAMES`].
    pub counts: [u64; COUNTS],
}

/// What all threads share.
pub(crate) struct Core {
    pub(crate) gate: Gate,
    pub(crate) meter: Arc<Meter>,
    pub(crate) clock: Clock,
    pub(crate) memory_budget: Arc<MemoryBudget>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) origins: Origins,
    pub(crate) stats: Arc<Stats>,
    pub(crate) evictions: Evictions,
    pub(crate) metrics: Metrics,
    pub(crate) threads: usize,
    /// Holds back requests for the control plane.
    pub(crate) control_lock: ControlLock,
    /// Whether requests are served, so that what is stored changes.
    pub(crate) is_serving: AtomicBool,
}

impl Core {
    /// A page of metrics; `ready` tells whether `/ready` would answer 200.
    pub(crate) fn metrics_page(&self, format: Format, ready: bool) -> String {
        self.count_evictions();
        let sources = Sources {
            gate: &self.gate,
            meter: &self.meter,
            stats: &self.stats,
            memory: &self.memory,
            memory_budget: &self.memory_budget,
            metrics: &self.metrics,
            threads: self.threads,
        };
        page(&sources, format, ready)
    }

    /// What a cache stores and was used for; `None` if there is no such cache.
    pub(crate) fn stats_of(&self, cache: CacheId) -> Option<CacheStats> {
        let namespace = self.gate.cache_with(cache)?.namespace;
        self.count_evictions();
        let stored = self.gate.backend().stored_of(&[namespace]);
        let stored = stored.into_iter().next().unwrap_or_default();
        let counts = self.meter.total_of(cache);
        Some(CacheStats { items: stored.items, stored_bytes: stored.bytes, counts })
    }

    /// Counts what all caches store, for the time since the last call.
    pub(crate) fn count_stored(&self) {
        self.meter.note_stored(&self.gate.stored(), self.clock.now().moment.0);
    }

    /// The same, unless that was done a moment ago.
    pub(crate) fn count_stored_again(&self) {
        if self.meter.is_sample_due(self.clock.now().moment.0) {
            self.count_stored();
        }
    }

    /// Counts what was evicted since the last call for the caches that lost it.
    pub(crate) fn count_evictions(&self) {
        let evicted = self.gate.take_evicted();
        self.meter.note_evicted(&evicted);
        let caches = || self.gate.caches();
        self.evictions.note(&evicted, caches, &self.stats.events, Instant::now());
    }
}

/// What one data thread has; connections share it without locks.
pub(crate) struct Worker {
    pub(crate) core: Arc<Core>,
    pub(crate) meter: ThreadMeter,
    pub(crate) stats: ThreadStats,
    pub(crate) app: App,
    pub(crate) faults: Arc<Faults>,
    pub(crate) stopped: watch::Receiver<bool>,
    pub(crate) read_buffer: SharedReadBuffer,
    /// The large requests that are not done.
    pub(crate) turns: Rc<Turns>,
    pub(crate) topics: Rc<LocalTopics>,
    pub(crate) permits: Permits,
}
