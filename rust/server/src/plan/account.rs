//! The plans of all accounts that have limits, and their buckets.

use std::collections::HashMap;
use std::sync::Arc;

use attimo_engine::{Limits, Namespace, QuotaUse};
use parking_lot::Mutex;

use super::applied::{Applied, Gauge};
use super::bucket::{Bucket, Buckets, Rate};
use super::limit::{Limit, Measure, Scope};
use super::numbers::{Numbers, Rates};

/// The plan of an account.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    numbers: Numbers,
    buckets: Mutex<OfAccount>,
}

/// The buckets of what an account uses: they are made when first used.
#[derive(Debug, Default)]
struct OfAccount {
    own: Kept,
    stored: Arc<QuotaUse>,
    messages: Option<Box<Messages>>,
    caches: HashMap<u64, Kept>,
    keys: HashMap<Arc<str>, Kept>,
}

/// Buckets, and for each the last rate at which it was filled.
#[derive(Debug, Default)]
struct Kept {
    buckets: Arc<Buckets>,
    rates: Rates,
}

/// The bucket of messages to topics, and the last rate at which it was filled.
#[derive(Debug, Default)]
struct Messages {
    bucket: Arc<Bucket>,
    rate: Option<Rate>,
}

impl Plan {
    /// Sets other numbers. The buckets stay as full as they are.
    pub(crate) fn change(&mut self, numbers: Numbers) {
        self.numbers = numbers;
    }

    /// Frees the buckets of a cache.
    pub(crate) fn forget_cache(&self, id: u64) {
        self.buckets.lock().caches.remove(&id);
    }

    /// Frees the buckets of a key.
    pub(crate) fn forget_key(&self, id: &str) {
        self.buckets.lock().keys.remove(id);
    }

    /// Frees the buckets of caches and keys that do not exist.
    pub(crate) fn retain(&self, has_cache: impl Fn(u64) -> bool, has_key: impl Fn(&str) -> bool) {
        let OfAccount { caches, keys, .. } = &mut *self.buckets.lock();
        caches.retain(|id, _| has_cache(*id));
        keys.retain(|id, _| has_key(id));
    }

    /// The limits of requests of this account with this key to this cache, which both exist. `all`
    /// lists the namespaces of all its caches.
    pub(crate) fn apply(
        &self,
        cache: Option<u64>,
        key: Option<&Arc<str>>,
        (server, all): (&Limits, impl FnOnce() -> Vec<Namespace>),
        now: u64,
    ) -> Applied {
        let OfAccount { own, stored, messages, caches, keys } = &mut *self.buckets.lock();
        let cache = cache.filter(|_| self.limits(Scope::Cache));
        let key = key.filter(|_| self.limits(Scope::Key));
        let cache = cache.map(|id| caches.entry(id).or_default());
        let key = key.map(|id| keys.entry(id.clone()).or_default());
        let scopes = [(Scope::Account, Some(own)), (Scope::Cache, cache), (Scope::Key, key)];
        let (mut gauges, mut none) = (Vec::new(), None);
        for (scope, kept) in scopes {
            let Some(kept) = kept else { continue };
            let rates = self.numbers.rates(scope);
            kept.adjust(rates, now);
            for (measure, rate) in Measure::ALL.into_iter().zip(rates) {
                let Some((rate, limit)) = rate.zip(Limit::of(scope, measure)) else { continue };
                match Rate::new(rate) {
                    Some(rate) => {
                        gauges.push(Gauge { limit, measure, rate, buckets: kept.buckets.clone() });
                    }
                    None => none = Some(limit),
                }
            }
        }
        let messages = self.numbers.publishes.map(|rate| {
            let messages = messages.get_or_insert_with(Box::default);
            (messages.adjust(Rate::new(rate), now), messages.bucket.clone())
        });
        let quota = self.numbers.stored_bytes.map(|bytes| (bytes, all(), stored.clone()));
        Applied::new(&self.numbers, none, gauges, (server, quota)).with_messages(messages)
    }

    fn limits(&self, scope: Scope) -> bool {
        self.numbers.rates(scope).iter().any(Option::is_some)
    }
}

impl Messages {
    /// Makes the bucket that of this rate, and returns the rate.
    fn adjust(&mut self, rate: Option<Rate>, now: u64) -> Option<Rate> {
        if let (Some(old), Some(new)) = (self.rate, rate)
            && old != new
        {
            self.bucket.adjust(old, new, now);
        }
        self.rate = rate.or(self.rate);
        rate
    }
}

impl Kept {
    /// Makes the buckets those of these rates, if they were not yet. One without a rate keeps its last.
    fn adjust(&mut self, rates: Rates, now: u64) {
        for ((kept, new), bucket) in self.rates.iter_mut().zip(rates).zip(self.buckets.iter()) {
            let Some(rate) = new.and_then(Rate::new) else { continue };
            if let Some(old) = kept.and_then(Rate::new).filter(|_| *kept != new) {
                bucket.adjust(old, rate, now);
            }
            *kept = new;
        }
    }
}
