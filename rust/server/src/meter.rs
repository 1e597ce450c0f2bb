//! Usage, counted where it happens.
//!
//! Each data thread has counters of its own, so each counter has one writer and
//! counting is a plain addition. Counters only grow; `take` returns what they
//! grew by since the last call.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use attimo_engine::Stored;
use parking_lot::Mutex;

use crate::directory::CacheId;
use crate::methods::Api;

mod counters;
mod open;
mod outcome;
mod request;
mod stored;
#[cfg(test)]
mod tests;

pub(crate) use self::counters::Count;
pub use self::counters::{COUNT_NAMES, COUNTS};
use self::counters::{UsageCounters, add};
use self::open::Open;
pub use self::outcome::Outcomes;
pub(crate) use self::request::RequestUsage;
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
    /// How its requests ended, of those whose answers were written.
    pub outcomes: Outcomes,
}

/// The key id for what the server itself does.
pub(crate) const SERVER: &str = "server";
/// The method name under which evictions are counted; no real method has it.
pub(crate) const EVICT: &str = "Evict";
/// The same for stored data.
const STORE: &str = "Store";

/// Usage counters, for the thread that counts: cloned and dropped without a locked instruction.
pub(crate) type OwnCounters = Rc<Arc<UsageCounters>>;

/// What a set of counters is for: a cache, used with an API key.
type Subject = (Option<CacheId>, Arc<str>);

/// The meter of one data thread.
pub(crate) struct ThreadMeter {
    meter: Arc<Meter>,
    /// At this many, unused counters are dropped; it grows, so that dropping stays rare.
    crowded: Cell<usize>,
    counters: RefCell<HashMap<Subject, OwnCounters>>,
}

/// Up to this many, a thread keeps all counters, whether a connection uses them or not.
const COUNTERS_KEPT: usize = 4_096;

impl ThreadMeter {
    /// A thread's own part of `meter`.
    pub(crate) fn new(meter: Arc<Meter>) -> Self {
        ThreadMeter { meter, crowded: Cell::new(COUNTERS_KEPT), counters: RefCell::default() }
    }

    /// This thread's counters of `key_id` at `cache`.
    pub(crate) fn counters(&self, cache: Option<CacheId>, key_id: &Arc<str>) -> OwnCounters {
        let mut counters = self.counters.borrow_mut();
        if counters.len() >= self.crowded.get() {
            // This map holds one: without another, no connection uses them.
            counters.retain(|_, counters| Rc::strong_count(counters) > 1);
            self.crowded.set(COUNTERS_KEPT.max(2 * counters.len()));
        }
        let make = || Rc::new(self.meter.open(cache, key_id.clone()));
        counters.entry((cache, key_id.clone())).or_insert_with(make).clone()
    }
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
        let counters = Arc::new(UsageCounters::new(cache, key_id));
        self.inner.lock().open.push(Open::new(counters.clone()));
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
        let mut sums: HashMap<(Subject, usize), ([u64; COUNTS], Outcomes)> = HashMap::new();
        let Inner { open, gone, evicted } = &mut *self.inner.lock();
        open.retain_mut(|open| {
            // Checked before reading, so that whatever the last holder counted is read.
            let in_use = Arc::strong_count(&open.counters) > 1;
            for (api, more, outcomes) in open.read() {
                let key = ((open.counters.cache, open.counters.key_id.clone()), api);
                let (sum, ends) = sums.entry(key).or_default();
                add(sum, more);
                ends.add(&outcomes);
            }
            if !in_use {
                open.counters.add_to(gone.entry(open.counters.cache).or_default());
            }
            in_use
        });
        let used = |(((cache, key_id), api), (counts, outcomes)): ((Subject, usize), _)| {
            let api = Api::ALL[api].name();
            Used { cache, key_id, api, counts, outcomes }
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
        inner.open.iter().flat_map(Open::news).fold([0; 2], |sum, (_, more)| {
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
    of_server(cache, EVICT, counts)
}

/// The record of what a cache stored.
fn kept((cache, [data, all]): (CacheId, [u64; 2])) -> Used {
    let mut counts = [0; COUNTS];
    counts[Count::Stored as usize] = data;
    counts[Count::StoredWithOverhead as usize] = all;
    of_server(cache, STORE, counts)
}

fn of_server(cache: CacheId, api: &'static str, counts: [u64; COUNTS]) -> Used {
    let outcomes = Outcomes::default();
    Used { cache: Some(cache), key_id: SERVER.into(), api, counts, outcomes }
}

/// The requests and the bytes received and sent of counts.
pub(crate) fn transferred(counts: &[u64; COUNTS]) -> [u64; 2] {
    let of = |count: Count| counts[count as usize];
    [of(Count::Requests), of(Count::BytesIn) + of(Count::BytesOut)]
}
