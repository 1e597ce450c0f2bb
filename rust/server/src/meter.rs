//! Usage, counted where it happens.
//!
//! Each data thread has counters of its own, so each counter has one writer and
//! counting is a plain addition. Counters only grow; `take` returns what they
//! grew by since the last call.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use attimo_engine::{Looked, Stored};
use parking_lot::Mutex;

use crate::counter::Counter;
use crate::directory::CacheId;
use crate::methods::Api;

mod request;
mod stored;
#[cfg(test)]
mod tests;

pub(crate) use self::request::RequestUsage;
use self::request::{KIB, ecpu_of};
pub(crate) use self::stored::SAMPLE_EVERY;
use self::stored::StoredData;

/// What one API key did with one cache through one method since the last batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The cache, or `None` for requests that named no known cache.
    pub cache: Option<CacheId>,
    /// The id of the API key.
    pub key_id: Arc<str>,
    /// The method's name on the wire, `Evict` or `Store`.
    pub api: &'static str,
    /// The counts, in the order of [`Count`].
    pub counts: [u64; COUNTS],
}

macro_rules! counts {
    ($($(#[$doc:meta])* $count:ident = $name:literal,)*) => {
        /// The index of each count in [`Used::counts`].
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

/// The key id for what the server itself does.
pub(crate) const SERVER: &str = "server";
/// The method name under which evictions are counted; no real method has it.
pub(crate) const EVICT: &str = "Evict";
/// The same for stored data.
const STORE: &str = "Store";

/// The counters of one method: two lines of the processor's cache.
#[derive(Default)]
#[repr(align(64))]
struct Counters([Counter; COUNTS]);

impl Counters {
    fn add(&self, count: Count, amount: u64) {
        self.0[count as usize].add(amount);
    }

    fn read(&self) -> [u64; COUNTS] {
        self.0.each_ref().map(Counter::get)
    }
}

/// The counters of one (cache, API key) on one thread.
pub(crate) struct UsageCounters {
    cache: Option<CacheId>,
    key_id: Arc<str>,
    by_api: [OnceLock<Box<Counters>>; Api::COUNT],
}

impl UsageCounters {
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
    fn add_to(&self, sum: &mut [u64; COUNTS]) {
        for method in self.by_api.iter().filter_map(OnceLock::get) {
            add(sum, method.read());
        }
    }
}

/// What a set of counters is for: a cache, used with an API key.
type Subject = (Option<CacheId>, Arc<str>);

/// The meter of one data thread.
pub(crate) struct ThreadMeter {
    meter: Arc<Meter>,
    /// At this many, unused counters are dropped; it grows, so that dropping stays rare.
    crowded: Cell<usize>,
    counters: RefCell<HashMap<Subject, Arc<UsageCounters>>>,
}

/// Up to this many, a thread keeps all counters, whether a connection uses them or not.
const COUNTERS_KEPT: usize = 4_096;

impl ThreadMeter {
    /// A thread's own part of `meter`.
    pub(crate) fn new(meter: Arc<Meter>) -> Self {
        ThreadMeter { meter, crowded: Cell::new(COUNTERS_KEPT), counters: RefCell::default() }
    }

    /// This thread's counters of `key_id` at `cache`.
    pub(crate) fn counters(&self, cache: Option<CacheId>, key_id: &Arc<str>) -> Arc<UsageCounters> {
        let mut counters = self.counters.borrow_mut();
        if counters.len() >= self.crowded.get() {
            // This map and the meter hold one each: with no third, no connection uses them.
            counters.retain(|_, counters| Arc::strong_count(counters) > 2);
            self.crowded.set(COUNTERS_KEPT.max(2 * counters.len()));
        }
        let make = || self.meter.open(cache, key_id.clone());
        counters.entry((cache, key_id.clone())).or_insert_with(make).clone()
    }
}

struct Open {
    counters: Arc<UsageCounters>,
    taken: HashMap<usize, [u64; COUNTS]>,
}

/// Counts by cache; `None` stands for requests that named no known cache.
type ByCache = HashMap<Option<CacheId>, [u64; COUNTS]>;

/// All counters of the node, and what was taken from each.
#[derive(Default)]
pub(crate) struct Meter {
    inner: Mutex<Inner>,
    stored: Mutex<StoredData>,
}

#[derive(Default)]
struct Inner {
    open: Vec<Open>,
    /// Final sums of counters that are no longer in use.
    gone: ByCache,
    /// Items evicted that were not taken yet; `gone` has them already.
    evicted: HashMap<CacheId, u64>,
}

/// Totals of up to this many caches are kept, deleted ones included.
const GONE_KEPT: usize = 4_096;

impl Meter {
    fn open(&self, cache: Option<CacheId>, key_id: Arc<str>) -> Arc<UsageCounters> {
        let counters =
            Arc::new(UsageCounters { cache, key_id, by_api: [const { OnceLock::new() }; _] });
        self.inner.lock().open.push(Open { counters: counters.clone(), taken: HashMap::new() });
        counters
    }

    /// Counts items that were evicted.
    pub(crate) fn note_evicted(&self, evicted: &HashMap<CacheId, u64>) {
        if evicted.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        for (cache, items) in evicted {
            inner.gone.entry(Some(*cache)).or_default()[Count::Evicted as usize] += items;
            *inner.evicted.entry(*cache).or_default() += items;
        }
    }

    /// Counts what caches store at this moment, in milliseconds since the start.
    pub(crate) fn note_stored(&self, caches: &[(CacheId, Stored)], now: u64) {
        self.stored.lock().sample(caches, now);
    }

    /// Whether the last such count was more than a moment before `now`.
    pub(crate) fn is_sample_due(&self, now: u64) -> bool {
        self.stored.lock().is_due(now)
    }

    /// What was counted since the last call, summed over threads.
    pub(crate) fn take(&self) -> Vec<Used> {
        let stored = self.stored.lock().take();
        let mut sums: HashMap<(Subject, usize), [u64; COUNTS]> = HashMap::new();
        let Inner { open, gone, evicted } = &mut *self.inner.lock();
        open.retain_mut(|open| {
            // Checked before reading, so that whatever the last holder counted is read.
            let in_use = Arc::strong_count(&open.counters) > 1;
            for (api, more) in open.read() {
                let key = ((open.counters.cache, open.counters.key_id.clone()), api);
                let sum = sums.entry(key).or_default();
                add(sum, more);
            }
            if !in_use {
                open.counters.add_to(gone.entry(open.counters.cache).or_default());
            }
            in_use
        });
        let used = |(((cache, key_id), api), counts): ((Subject, usize), _)| {
            let api = Api::ALL[api].name();
            Used { cache, key_id, api, counts }
        };
        let lost = std::mem::take(evicted).into_iter().map(lost);
        let kept = stored.into_iter().map(kept).inspect(|kept| {
            add(gone.entry(kept.cache).or_default(), kept.counts);
        });
        sums.into_iter().map(used).chain(lost).chain(kept).collect()
    }

    /// Requests and transferred bytes that were counted since the last call of [`Meter::take`].
    pub(crate) fn untaken(&self) -> [u64; 2] {
        let inner = self.inner.lock();
        inner.open.iter().flat_map(Open::news).fold([0; 2], |sum, (_, more, _)| {
            let [requests, bytes] = transferred(&more);
            [sum[0] + requests, sum[1] + bytes]
        })
    }

    /// What was counted since the start, taken or not, by cache.
    pub(crate) fn totals(&self) -> ByCache {
        let (open, mut totals): (Vec<_>, _) = {
            let inner = self.inner.lock();
            (inner.open.iter().map(|open| open.counters.clone()).collect(), inner.gone.clone())
        };
        // Summed without the lock, so that threads which open counters do not wait.
        for counters in &open {
            counters.add_to(totals.entry(counters.cache).or_default());
        }
        totals
    }

    /// What was counted for one cache since the start, taken or not.
    pub(crate) fn total_of(&self, cache: CacheId) -> [u64; COUNTS] {
        let (open, mut total): (Vec<_>, _) = {
            let inner = self.inner.lock();
            let own = inner.open.iter().filter(|open| open.counters.cache == Some(cache));
            let gone = inner.gone.get(&Some(cache)).copied().unwrap_or_default();
            (own.map(|open| open.counters.clone()).collect(), gone)
        };
        for counters in &open {
            counters.add_to(&mut total);
        }
        total
    }

    /// Drops the totals of caches that no longer exist, once there are many.
    pub(crate) fn forget(&self, exists: impl Fn(CacheId) -> bool) {
        let gone = &mut self.inner.lock().gone;
        if gone.len() > GONE_KEPT {
            gone.retain(|cache, _| cache.is_none_or(&exists));
        }
    }
}

/// The record of evictions from a cache.
fn lost((cache, items): (CacheId, u64)) -> Used {
    let mut counts = [0; COUNTS];
    counts[Count::Evicted as usize] = items;
    Used { cache: Some(cache), key_id: SERVER.into(), api: EVICT, counts }
}

/// The record of what a cache stored.
fn kept((cache, [data, all]): (CacheId, [u64; 2])) -> Used {
    let mut counts = [0; COUNTS];
    counts[Count::Stored as usize] = data;
    counts[Count::StoredWithOverhead as usize] = all;
    Used { cache: Some(cache), key_id: SERVER.into(), api: STORE, counts }
}

/// The requests and the bytes received and sent of counts.
pub(crate) fn transferred(counts: &[u64; COUNTS]) -> [u64; 2] {
    let of = |count: Count| counts[count as usize];
    [of(Count::Requests), of(Count::BytesIn) + of(Count::BytesOut)]
}

fn add(sum: &mut [u64; COUNTS], more: [u64; COUNTS]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

impl Open {
    /// What grew since it was taken, by method, and the totals.
    fn news(&self) -> impl Iterator<Item = (usize, [u64; COUNTS], [u64; COUNTS])> {
        self.counters.by_api.iter().enumerate().filter_map(move |(api, method)| {
            let total = method.get()?.read();
            let seen = self.taken.get(&api).copied().unwrap_or([0; COUNTS]);
            let more = std::array::from_fn(|i| total[i] - seen[i]);
            (seen != total).then_some((api, more, total))
        })
    }

    fn read(&mut self) -> Vec<(usize, [u64; COUNTS])> {
        let news: Vec<_> = self.news().collect();
        self.taken.extend(news.iter().map(|(api, _, total)| (*api, *total)));
        news.into_iter().map(|(api, more, _)| (api, more)).collect()
    }
}
