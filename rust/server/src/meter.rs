//! Usage, counted where it happens.
//!
//! Each data thread has counters of its own, so each counter has one writer and
//! counting is a plain addition. Counters only grow; `take` returns what they
//! grew by since the last call.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use attimo_engine::Looked;
use parking_lot::Mutex;

use crate::counter::Counter;
use crate::directory::CacheId;
use crate::methods::Api;

const KIB: u64 = 1_024;

/// The usage of one request.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct RequestUsage {
    /// Bytes of keys and values received.
    pub(crate) bytes_in: u64,
    /// Hits, misses and the bytes found.
    pub(crate) looked: Looked,
}

/// What one API key did with one cache through one method since the last batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The cache, or `None` for requests that named no known cache.
    pub cache: Option<CacheId>,
    /// The id of the API key.
    pub key_id: Arc<str>,
    /// The method's name on the wire, or `Evict`.
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
    /// Items evicted because memory was full.
    Evicted = "evicted",
}

/// The key id for what the server itself does.
pub(crate) const SERVER: &str = "server";
/// The method name under which evictions are counted; no real method has it.
pub(crate) const EVICT: &str = "Evict";

#[derive(Default)]
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
        method.add(Count::BytesIn, used.bytes_in);
        method.add(Count::KibIn, used.bytes_in.div_ceil(KIB));
        let Looked { hits, misses, bytes } = used.looked;
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

    /// What was counted since the last call, summed over threads.
    pub(crate) fn take(&self) -> Vec<Used> {
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
        sums.into_iter().map(used).chain(std::mem::take(evicted).into_iter().map(lost)).collect()
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

fn add(sum: &mut [u64; COUNTS], more: [u64; COUNTS]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

impl Open {
    fn read(&mut self) -> Vec<(usize, [u64; COUNTS])> {
        let mut news = Vec::new();
        for (api, method) in self.counters.by_api.iter().enumerate() {
            let Some(method) = method.get() else { continue };
            let seen = self.taken.entry(api).or_default();
            let total: [u64; COUNTS] = method.read();
            if *seen != total {
                news.push((api, std::array::from_fn(|i| total[i] - seen[i])));
                *seen = total;
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(used: &[Used], api: Api) -> [u64; COUNTS] {
        used.iter().find(|used| used.api == api.name()).map(|used| used.counts).unwrap()
    }

    #[test]
    fn usage_is_taken_once() {
        let meter = Arc::new(Meter::default());
        let thread = ThreadMeter::new(meter.clone());
        let counters = thread.counters(Some(CacheId(7)), &"key".into());

        counters.count(
            Api::Get,
            RequestUsage { bytes_in: 3, looked: Looked { hits: 1, misses: 0, bytes: 1_025 } },
            false,
        );

        assert_eq!(used(&meter.take(), Api::Get), [1, 0, 1, 0, 3, 1_025, 1, 2, 0]);
        assert_eq!(meter.take(), []);
    }

    #[test]
    fn threads_are_summed_and_methods_are_not() {
        let meter = Arc::new(Meter::default());
        let threads = [ThreadMeter::new(meter.clone()), ThreadMeter::new(meter.clone())];
        for thread in &threads {
            let counters = thread.counters(Some(CacheId(7)), &"key".into());
            counters.count(Api::Get, RequestUsage::default(), true);
            counters.count(Api::Set, RequestUsage::default(), false);
        }

        let taken = meter.take();

        assert_eq!(taken.len(), 2);
        assert_eq!(used(&taken, Api::Get)[..2], [2, 2]);
        assert_eq!(used(&taken, Api::Set)[..2], [2, 0]);
    }

    #[test]
    fn usage_of_an_ended_thread_is_still_taken() {
        let meter = Arc::new(Meter::default());
        let thread = ThreadMeter::new(meter.clone());
        thread.counters(None, &"key".into()).count(Api::Get, RequestUsage::default(), false);
        drop(thread);

        assert_eq!(meter.take().len(), 1);
        assert_eq!(meter.take(), []);
        assert!(meter.inner.lock().open.is_empty());
    }

    #[test]
    fn totals_include_taken_usage_and_ended_threads() {
        let meter = Arc::new(Meter::default());
        let requests = || meter.totals().get(&Some(CacheId(7))).map_or(0, |counts| counts[0]);
        for round in 1..4 {
            let thread = ThreadMeter::new(meter.clone());
            let counters = thread.counters(Some(CacheId(7)), &"key".into());
            counters.count(Api::Get, RequestUsage::default(), false);
            counters.count(Api::Set, RequestUsage::default(), true);
            assert_eq!(requests(), 2 * round);
            drop((thread, counters));
            meter.take();
            assert_eq!(requests(), 2 * round);
        }
        assert!(meter.inner.lock().open.is_empty());
    }

    #[test]
    fn an_eviction_is_taken_once_and_stays_in_the_totals() {
        let meter = Meter::default();
        meter.note_evicted(&HashMap::from([(CacheId(7), 2)]));
        meter.note_evicted(&HashMap::from([(CacheId(7), 3)]));

        assert_eq!(meter.take(), [lost((CacheId(7), 5))]);
        assert_eq!(meter.take(), []);
        assert_eq!(meter.totals()[&Some(CacheId(7))][Count::Evicted as usize], 5);
    }

    #[test]
    fn totals_of_deleted_caches_are_dropped_once_they_are_many() {
        let meter = Arc::new(Meter::default());
        let thread = ThreadMeter::new(meter.clone());
        for id in 0..=GONE_KEPT as u64 {
            thread.counters(Some(CacheId(id)), &"key".into()).count(
                Api::Get,
                RequestUsage::default(),
                false,
            );
        }
        drop(thread);
        meter.take();
        meter.forget(|cache| cache.0 < 3);

        assert_eq!(meter.totals().len(), 3);
    }
}
