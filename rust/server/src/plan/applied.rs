//! The limits in force for the requests of one caller to one cache.

use std::sync::Arc;

use attimo_engine::{Limits, Namespace, Quota, QuotaUse, Ttl};

use super::bucket::{Bucket, Buckets, Empty, Rate};
use super::limit::{Exceeded, Limit, Measure};
use super::numbers::Numbers;

/// `Retry-After` where only another plan or month helps: either may come at any time.
const LATER: u64 = 3_600;
/// The same where others have to end first.
const SOON: u64 = 1;
const MILLISECONDS: u64 = 1_000;

/// The limits in force, with their buckets, which others share.
#[derive(Debug)]
pub(crate) struct Applied {
    /// Why nothing is admitted at all.
    refusal: Option<Exceeded>,
    gauges: Box<[Gauge]>,
    messages: Option<Messages>,
    subscriptions: Option<u64>,
    items: Limits,
    ttl_seconds: Option<u64>,
    quota: Option<Stored>,
}

/// The bytes that an account may store, in which namespaces, and what it stores.
pub(super) type Stored = (u64, Vec<Namespace>, Arc<QuotaUse>);

/// The rate of messages to topics, unless none may be published, and their bucket.
pub(super) type Messages = (Option<Rate>, Arc<Bucket>);

/// The usage of one request, in what plans limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) operations: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// A limit in force.
#[derive(Debug)]
pub(super) struct Gauge {
    pub(super) limit: Limit,
    pub(super) measure: Measure,
    pub(super) rate: Rate,
    pub(super) buckets: Arc<Buckets>,
}

impl Taken {
    /// A message that is delivered to a subscriber, of which nothing was taken before.
    pub(crate) fn delivery(operations: u64, bytes_out: u64) -> Self {
        Taken { operations: operations + 1, bytes_in: 0, bytes_out }
    }
}

impl Applied {
    /// `none` is a limit of zero, if there is one.
    pub(super) fn new(
        numbers: &Numbers,
        none: Option<Limit>,
        mut gauges: Vec<Gauge>,
        (server, quota): (&Limits, Option<Stored>),
    ) -> Self {
        // What only has to be looked at comes first, so that seldom something is given back.
        gauges.sort_by_key(|gauge| gauge.measure == Measure::Operations);
        let none = none.map(|limit| (limit, 0));
        let spent = numbers.over_budget.map(|percent| (Limit::OverBudget, percent));
        let blocked = numbers.blocked.map(|bytes| (Limit::Blocked, bytes)).or(spent).or(none);
        let refusal = blocked.map(|(limit, value)| Exceeded { limit, value, retry_after: LATER });
        let (gauges, items) = (gauges.into(), numbers.of_items(server));
        let Numbers { ttl_seconds, subscriptions, .. } = *numbers;
        let messages = None;
        Applied { refusal, gauges, messages, subscriptions, items, ttl_seconds, quota }
    }

    /// The same with a limit of messages to topics.
    pub(super) fn with_messages(self, messages: Option<Messages>) -> Self {
        Applied { messages, ..self }
    }

    /// Admits a message to a topic, and takes it.
    ///
    /// # Errors
    ///
    /// [`Exceeded`], and nothing was taken.
    pub(crate) fn admit_message(&self, now: u64) -> Result<(), Exceeded> {
        let Some((rate, bucket)) = &self.messages else { return Ok(()) };
        let refused = |value, retry_after| {
            let limit = Limit::Publishes;
            Err(Exceeded { limit, value, retry_after })
        };
        let Some(rate) = *rate else { return refused(0, LATER) };
        bucket.take(rate, 1, now).or_else(|Empty(wait)| refused(rate.per_second(), wait))
    }

    /// Admits one more subscription of an account that has `open` ones.
    ///
    /// # Errors
    ///
    /// [`Exceeded`].
    pub(crate) fn admit_subscription(&self, open: u64) -> Result<(), Exceeded> {
        let Some(value) = self.subscriptions.filter(|most| open >= *most) else { return Ok(()) };
        Err(Exceeded { limit: Limit::Subscriptions, value, retry_after: SOON })
    }

    /// The limits of items.
    pub(crate) fn items(&self) -> &Limits {
        &self.items
    }

    /// What the account may store.
    pub(crate) fn quota(&self) -> Option<Quota<'_>> {
        let (bytes, namespaces, used) = self.quota.as_ref()?;
        Some(Quota { bytes: *bytes, namespaces, used })
    }

    /// The longest TTL in seconds, if this one is longer.
    pub(crate) fn exceeded_ttl(&self, ttl: Ttl) -> Option<u64> {
        let is_shorter = |limit: &u64| limit.saturating_mul(MILLISECONDS) < ttl.0;
        self.ttl_seconds.filter(is_shorter)
    }

    /// Admits a request at `now`, in microseconds since the start of the server, and takes one
    /// operation. What else it uses is known, and taken, by [`Applied::charge`].
    ///
    /// # Errors
    ///
    /// [`Exceeded`], and nothing was taken.
    pub(crate) fn admit(&self, now: u64) -> Result<(), Exceeded> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        for (at, gauge) in self.gauges.iter().enumerate() {
            if let Err(exceeded) = gauge.admit(now) {
                self.gauges[..at].iter().for_each(Gauge::give_back);
                return Err(exceeded);
            }
        }
        Ok(())
    }

    /// The limit for which [`Applied::admit`] would refuse a request at `now`, if it would.
    pub(crate) fn met(&self, now: u64) -> Option<Exceeded> {
        let met = |gauge: &Gauge| gauge.check(now).err();
        self.refusal.or_else(|| self.gauges.iter().find_map(met))
    }

    /// Takes what an admitted request has used, even if nothing is left.
    pub(crate) fn charge(&self, taken: Taken, now: u64) {
        self.gauges.iter().for_each(|gauge| gauge.charge(taken, now));
    }
}

impl Gauge {
    fn bucket(&self) -> &Bucket {
        &self.buckets[self.measure as usize]
    }

    fn admit(&self, now: u64) -> Result<(), Exceeded> {
        match self.measure {
            Measure::Operations => {
                self.bucket().take(self.rate, 1, now).map_err(|empty| self.exceeded(empty))
            }
            _ => self.check(now),
        }
    }

    fn check(&self, now: u64) -> Result<(), Exceeded> {
        self.bucket().check(now).map_err(|empty| self.exceeded(empty))
    }

    fn exceeded(&self, Empty(retry_after): Empty) -> Exceeded {
        Exceeded { limit: self.limit, value: self.rate.per_second(), retry_after }
    }

    fn give_back(&self) {
        if self.measure == Measure::Operations {
            self.bucket().give_back(self.rate, 1);
        }
    }

    fn charge(&self, taken: Taken, now: u64) {
        let tokens = match self.measure {
            // One was taken before.
            Measure::Operations => taken.operations.saturating_sub(1),
            Measure::BytesIn => taken.bytes_in,
            Measure::BytesOut => taken.bytes_out,
            Measure::Transfer => taken.bytes_in + taken.bytes_out,
        };
        if tokens > 0 {
            self.bucket().charge(self.rate, tokens, now);
        }
    }
}
