//! The limits in force for the requests of one caller to one cache.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use attimo_engine::{Limits, Namespace, Quota, QuotaUse, Ttl};

use super::bucket::{Bucket, Buckets, Empty, Rate};
use super::limit::{Exceeded, Limit, Measure};
use super::numbers::Numbers;
use super::turn::{Taken, Turn};
use crate::retention::Retention;

/// `Retry-After` where only another plan or month helps: either may come at any time.
const LATER: u64 = 3_600;
/// The same where others have to end first.
const SOON: u64 = 1;
const MILLISECONDS: u64 = 1_000;

thread_local! {
    /// The limits of which this thread has taken something in this turn.
    static TAKEN_FROM: RefCell<Vec<Rc<Applied>>> = const { RefCell::new(Vec::new()) };
}

/// Ends the turn of a connection on this thread: what its requests used is taken from the buckets, and
/// what was taken in advance goes back.
pub(crate) fn end_turn() {
    TAKEN_FROM.with_borrow_mut(|all| all.drain(..).for_each(|limits| limits.settle()));
}

/// The limits in force, with their buckets, which others share.
#[derive(Debug)]
pub(crate) struct Applied {
    /// Why nothing is admitted at all.
    refusal: Option<Exceeded>,
    gauges: Box<[Gauge]>,
    messages: Option<Messages>,
    subscriptions: Option<u64>,
    history: Retention,
    items: Limits,
    ttl_seconds: Option<u64>,
    quota: Option<Stored>,
    turn: Turn,
}

/// The bytes that an account may store, in which namespaces, and what it stores.
pub(super) type Stored = (u64, Vec<Namespace>, Arc<QuotaUse>);

/// The rate of messages to topics, unless none may be published, and their bucket.
pub(super) type Messages = (Option<Rate>, Arc<Bucket>);

/// A limit in force.
#[derive(Debug)]
pub(super) struct Gauge {
    pub(super) limit: Limit,
    pub(super) measure: Measure,
    pub(super) rate: Rate,
    pub(super) buckets: Arc<Buckets>,
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
        let Numbers { ttl_seconds, subscriptions, history, .. } = *numbers;
        let (messages, turn) = (None, Turn::default());
        Applied {
            refusal,
            gauges,
            messages,
            subscriptions,
            history,
            items,
            ttl_seconds,
            quota,
            turn,
        }
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

    /// Admits `count` more subscriptions of an account that has `open` ones.
    ///
    /// # Errors
    ///
    /// [`Exceeded`].
    pub(crate) fn admit_subscriptions(&self, count: u64, open: u64) -> Result<(), Exceeded> {
        let is_met = |most: &u64| open.saturating_add(count) > *most;
        let Some(value) = self.subscriptions.filter(is_met) else { return Ok(()) };
        let retry_after = if count > value { LATER } else { SOON };
        Err(Exceeded { limit: Limit::Subscriptions, value, retry_after })
    }

    /// What each topic keeps.
    pub(crate) fn history(&self) -> Retention {
        self.history
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
    pub(crate) fn admit(self: &Rc<Self>, now: u64) -> Result<(), Exceeded> {
        if self.turn.admit() {
            return Ok(());
        }
        self.admit_several(now)
    }

    /// Admits a request, and others of this turn in advance.
    #[inline(never)]
    fn admit_several(self: &Rc<Self>, now: u64) -> Result<(), Exceeded> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        self.take_used();
        let mut admitted = self.turn.next_step();
        let mut left = [u64::MAX; Measure::COUNT];
        for (at, gauge) in self.gauges.iter().enumerate() {
            let fewer = gauge.admit(admitted, now);
            let back = admitted - fewer.unwrap_or(0);
            if back > 0 {
                self.gauges[..at].iter().for_each(|before| before.give_back(back));
            }
            admitted = fewer?;
            if admitted > 1 {
                let of = &mut left[gauge.measure as usize];
                *of = gauge.left(now).min(*of);
            }
        }
        self.turn.begin(admitted - 1, left);
        self.settle_later(now);
        Ok(())
    }

    /// The limit for which [`Applied::admit`] would refuse a request at `now`, if it would.
    pub(crate) fn met(&self, now: u64) -> Option<Exceeded> {
        if self.turn.has_admitted() {
            return None;
        }
        let met = |gauge: &Gauge| gauge.check(now).err();
        self.refusal.or_else(|| self.gauges.iter().find_map(met))
    }

    /// Counts what an admitted request has used, which is taken even if nothing is left: at the end of
    /// the turn, or before another request is admitted.
    pub(crate) fn charge(self: &Rc<Self>, taken: Taken, now: u64) {
        self.settle_later(now);
        if !self.turn.count(taken) {
            self.take_used();
        }
    }

    fn settle_later(self: &Rc<Self>, now: u64) {
        if self.turn.begin_to_settle(now) {
            TAKEN_FROM.with_borrow_mut(|all| all.push(self.clone()));
        }
    }

    /// Takes what was used in this turn, and ends it.
    pub(super) fn settle(&self) {
        self.take_used();
        self.turn.end();
    }

    /// Takes what was used; what was admitted in advance is not any more.
    fn take_used(&self) {
        let Some((used, unused)) = self.turn.settle() else { return };
        let now = self.turn.now.get();
        for gauge in &self.gauges {
            gauge.charge(used[gauge.measure as usize], now);
            gauge.give_back(unused);
        }
    }
}

impl Gauge {
    fn bucket(&self) -> &Bucket {
        &self.buckets[self.measure as usize]
    }

    /// Admits so many requests, or fewer, at least one; takes an operation for each.
    fn admit(&self, requests: u64, now: u64) -> Result<u64, Exceeded> {
        if self.measure != Measure::Operations {
            return self.check(now).map(|()| requests);
        }
        let taken = self.bucket().take_up_to(self.rate, requests, now);
        taken.map_err(|empty| self.exceeded(empty))
    }

    /// How many tokens are left.
    fn left(&self, now: u64) -> u64 {
        self.bucket().left(self.rate, now)
    }

    fn check(&self, now: u64) -> Result<(), Exceeded> {
        self.bucket().check(now).map_err(|empty| self.exceeded(empty))
    }

    fn exceeded(&self, Empty(retry_after): Empty) -> Exceeded {
        Exceeded { limit: self.limit, value: self.rate.per_second(), retry_after }
    }

    /// Gives back operations that were taken in vain.
    fn give_back(&self, operations: u64) {
        if self.measure == Measure::Operations && operations > 0 {
            self.bucket().give_back(self.rate, operations);
        }
    }

    /// Takes what was used beyond the operation of each request.
    fn charge(&self, tokens: u64, now: u64) {
        if tokens > 0 {
            self.bucket().charge(self.rate, tokens, now);
        }
    }
}
