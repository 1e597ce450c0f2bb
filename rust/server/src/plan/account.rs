//! The plan of an account, and its buckets.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use attimo_engine::{Limits, Namespace, QuotaUse};
use parking_lot::Mutex;

use super::applied::{Applied, Gauge};
use super::bucket::{Bucket, Buckets, Rate};
use super::limit::{Limit, Measure, Scope};
use super::numbers::Numbers;

/// The plan of an account.
#[derive(Debug)]
pub(crate) struct Plan {
    numbers: Arc<Numbers>,
    used: Mutex<Used>,
}

/// What an account uses: the parts are made when they are first limited.
#[derive(Debug, Default)]
struct Used {
    own: Option<Arc<Buckets>>,
    stored: Option<Arc<QuotaUse>>,
    /// Of messages to topics.
    messages: Option<Arc<Bucket>>,
    others: HashMap<Subject, Arc<Buckets>>,
}

/// What has limits beside the account.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Subject {
    Cache(u64),
    Key(Arc<str>),
}

impl Plan {
    /// A plan of which nothing is used.
    pub(super) fn new(numbers: Arc<Numbers>) -> Self {
        Plan { numbers, used: Mutex::default() }
    }

    /// Sets other numbers, and returns the old ones. The buckets stay as full as they are.
    pub(super) fn change(&mut self, numbers: Arc<Numbers>) -> Arc<Numbers> {
        std::mem::replace(&mut self.numbers, numbers)
    }

    /// What limits the account.
    pub(super) fn numbers(&self) -> &Arc<Numbers> {
        &self.numbers
    }

    /// Frees the buckets of a cache.
    pub(crate) fn forget_cache(&self, id: u64) {
        self.used.lock().others.remove(&Subject::Cache(id));
    }

    /// Frees the buckets of a key.
    pub(crate) fn forget_key(&self, id: &str) {
        self.used.lock().others.remove(&Subject::Key(id.into()));
    }

    /// Frees the buckets of caches and keys that do not exist.
    pub(crate) fn retain(&self, has_cache: impl Fn(u64) -> bool, has_key: impl Fn(&str) -> bool) {
        self.used.lock().others.retain(|subject, _| match subject {
            Subject::Cache(id) => has_cache(*id),
            Subject::Key(id) => has_key(id),
        });
    }

    /// The limits of requests of this account with this key to this cache, which both exist. `all`
    /// lists the namespaces of all its caches.
    pub(crate) fn apply(
        &self,
        cache: Option<u64>,
        key: Option<&Arc<str>>,
        (server, all): (&Limits, impl FnOnce() -> Vec<Namespace>),
        now: u64,
    ) -> Rc<Applied> {
        let Used { own, stored, messages, others } = &mut *self.used.lock();
        let cache = cache.filter(|_| self.limits(Scope::Cache)).map(Subject::Cache);
        let key = key.filter(|_| self.limits(Scope::Key)).cloned().map(Subject::Key);
        let own = self.limits(Scope::Account).then(|| own.get_or_insert_default().clone());
        let mut of = |subject| others.entry(subject).or_default().clone();
        let scopes = [
            (Scope::Account, own),
            (Scope::Cache, cache.map(&mut of)),
            (Scope::Key, key.map(&mut of)),
        ];
        let (mut gauges, mut none) = (Vec::new(), None);
        for (scope, buckets) in scopes {
            let Some(buckets) = buckets else { continue };
            let rates = self.numbers.rates(scope);
            for (measure, rate) in Measure::ALL.into_iter().zip(rates) {
                let Some((rate, limit)) = rate.zip(Limit::of(scope, measure)) else { continue };
                let Some(rate) = Rate::new(rate) else {
                    none = Some(limit);
                    continue;
                };
                buckets[measure as usize].fill_at(rate, now);
                gauges.push(Gauge { limit, measure, rate, buckets: buckets.clone() });
            }
        }
        let messages = self.numbers.publishes.map(|rate| {
            let (rate, bucket) = (Rate::new(rate), messages.get_or_insert_default().clone());
            if let Some(rate) = rate {
                bucket.fill_at(rate, now);
            }
            (rate, bucket)
        });
        let stored = |bytes| (bytes, all(), stored.get_or_insert_default().clone());
        let quota = self.numbers.stored_bytes.map(stored);
        Applied::new(&self.numbers, none, gauges, (server, quota)).with_messages(messages).into()
    }

    fn limits(&self, scope: Scope) -> bool {
        self.numbers.rates(scope).iter().any(Option::is_some)
    }
}
