//! The counters of one cache and API key on one thread.

use std::sync::{Arc, OnceLock};

use attimo_engine::Looked;

use super::outcome::Outcome;
use super::request::{KIB, RequestUsage, ecpu_of};
use crate::counter::Counter;
use crate::directory::CacheId;
use crate::error::ErrorKind;
use crate::methods::Api;

macro_rules! counts {
    ($($(#[$doc:meta])* $count:ident = $name:literal,)*) => {
        /// The index of each count in [`super::Used::counts`].
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Count { $($(#[$doc])* $count,)* }

        /// The names of the counts in the ledger, in the order of [`Count`].
        pub const COUNT_NAMES: [&str; COUNTS] = [$($name),*];

        /// How many counts there are.
        pub const COUNTS: usize = [$($name),*].len();
    };
}

counts! {
    /// Calls, failed ones included.
    Requests = "requests",
    /// Calls answered with an error.
    Errors = "errors",
    /// Items found.
    Hits = "hits",
    /// Items not found.
    Misses = "misses",
    /// Bytes received.
    BytesIn = "bytes_in",
    /// Bytes sent.
    BytesOut = "bytes_out",
    /// Bytes received, each request rounded up to 1,024.
    KibIn = "kib_in",
    /// Bytes sent, each request rounded up to 1,024.
    KibOut = "kib_out",
    /// Commands, failed ones included.
    Commands = "commands",
    /// Operations by Momento's rule.
    Operations = "operations",
    /// ECPU, in thousandths.
    Ecpu = "ecpu_thousandths",
    /// Items evicted because memory was full.
    Evicted = "evicted",
    /// Bytes of keys and values, times the minutes for which they were stored.
    Stored = "stored_byte_minutes",
    /// The same with the overhead of items.
    StoredWithOverhead = "stored_byte_minutes_with_overhead",
}

/// The counters of one method, of which the counts are in two lines of the processor's cache.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Counters {
    counts: [Counter; COUNTS],
    pub(super) outcome: Outcome,
}

impl Counters {
    fn add(&self, count: Count, amount: u64) {
        self.counts[count as usize].add(amount);
    }

    pub(super) fn read(&self) -> [u64; COUNTS] {
        self.counts.each_ref().map(Counter::get)
    }
}

/// The counters of one (cache, API key) on one thread.
pub(crate) struct UsageCounters {
    pub(super) cache: Option<CacheId>,
    pub(super) key_id: Arc<str>,
    pub(super) by_api: [OnceLock<Box<Counters>>; Api::COUNT],
}

impl UsageCounters {
    /// Counters that have counted nothing.
    pub(super) fn new(cache: Option<CacheId>, key_id: Arc<str>) -> Self {
        UsageCounters { cache, key_id, by_api: [const { OnceLock::new() }; _] }
    }

    /// Counts one request. Only the thread whose [`ThreadMeter`] gave these counters may call this.
    pub(crate) fn count(&self, api: Api, used: RequestUsage, failed: bool) {
        let method = self.by_api[api as usize].get_or_init(Box::default);
        method.add(Count::Requests, 1);
        method.add(Count::BytesIn, used.received.bytes);
        method.add(Count::KibIn, used.received.bytes.div_ceil(KIB));
        method.add(Count::Commands, used.commands());
        method.add(Count::Operations, used.operations(api));
        method.add(Count::Ecpu, used.ecpu());
        let Looked { hits, misses, bytes, .. } = used.looked;
        if hits | misses | bytes != 0 {
            method.add(Count::Hits, hits);
            method.add(Count::Misses, misses);
            method.add(Count::BytesOut, bytes);
            method.add(Count::KibOut, bytes.div_ceil(KIB));
        }
        if failed {
            method.add(Count::Errors, 1);
        }
    }
}

impl UsageCounters {
    /// Counts a request that was refused since it is over a limit. Only the thread whose
    /// [`ThreadMeter`] gave these counters may call this.
    pub(crate) fn count_refused(&self, api: Api) {
        let method = self.by_api[api as usize].get_or_init(Box::default);
        method.add(Count::Requests, 1);
        method.add(Count::Errors, 1);
    }
}

impl UsageCounters {
    /// Counts a message that was delivered to a subscriber. Only the thread whose [`ThreadMeter`] gave
    /// these counters may call this.
    pub(crate) fn count_delivery(&self, bytes: u64, operations: u64) {
        let method = self.by_api[Api::Subscribe as usize].get_or_init(Box::default);
        method.add(Count::BytesOut, bytes);
        method.add(Count::KibOut, bytes.div_ceil(KIB));
        method.add(Count::Operations, operations);
        method.add(Count::Ecpu, ecpu_of(bytes));
    }
}

impl UsageCounters {
    /// Counts how requests ended that took so many microseconds each, and were counted before. Only
    /// the thread whose [`ThreadMeter`] gave these counters may call this.
    pub(crate) fn settle(&self, api: Api, micros: u64, error: Option<ErrorKind>, many: u32) {
        let method = self.by_api[api as usize].get_or_init(Box::default);
        method.outcome.add(micros, error, many);
    }

    pub(super) fn add_to(&self, sum: &mut [u64; COUNTS]) {
        for method in self.by_api.iter().filter_map(OnceLock::get) {
            add(sum, method.read());
        }
    }
}

/// Adds counts to a sum of them.
pub(super) fn add(sum: &mut [u64; COUNTS], more: [u64; COUNTS]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}
