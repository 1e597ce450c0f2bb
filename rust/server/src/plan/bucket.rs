//! Token buckets: a rate with a burst of one second, in one word that all threads share.
//!
//! The word is the moment at which the bucket will be full again (the theoretical arrival time of
//! GCRA, ITU-T I.371). So nothing has to be refilled, and whatever the number of threads, none takes
//! what another has taken. A request is admitted unless the bucket is empty. What it takes beyond
//! the rest is a debt, which must be paid before the next one is admitted: so a request that alone
//! is larger than the burst passes, too, and the rate is exact in the long run.

use std::sync::atomic::{AtomicU64, Ordering};

use super::limit::Measure;

/// The units of time here; 2⁶⁴ of them are 35 years.
const TICKS_PER_MICROSECOND: u64 = 1 << 14;
const TICKS_PER_SECOND: u64 = 1_000_000 * TICKS_PER_MICROSECOND;
/// How far the moment at which a bucket is full lies ahead when it is empty.
const BURST: u64 = TICKS_PER_SECOND;
/// At most this part of what is left, one divided by it, is taken in advance.
const SHARE: u64 = 4;
/// The binary digits behind the point in the ticks for one token: with rates of gigabytes per second,
/// rounding costs less than one part in a million.
const FRACTION: u32 = 24;

/// How fast a bucket is refilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    per_second: u64,
    /// What one token takes, in parts of a tick.
    cost: u64,
}

impl Rate {
    /// `None` for zero, which admits nothing.
    pub(super) fn new(per_second: u64) -> Option<Self> {
        let cost = (TICKS_PER_SECOND << FRACTION).div_ceil(per_second.max(1));
        (per_second > 0).then_some(Rate { per_second, cost })
    }

    pub(super) fn per_second(self) -> u64 {
        self.per_second
    }

    /// How many tokens so many ticks are, rounded down; at most those of a burst.
    fn tokens(self, ticks: u64) -> u64 {
        (ticks.min(BURST) << FRACTION) / self.cost
    }

    /// What so many tokens take, rounded up: a burst has no more of them than the rate.
    fn ticks(self, tokens: u64) -> u64 {
        let ticks = (u128::from(tokens) * u128::from(self.cost)).div_ceil(1 << FRACTION);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

/// What is left of one limit.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When it will be full, in ticks since the start of the server.
    full_at: AtomicU64,
    /// The last rate at which it was filled, in tokens per second; 0 before the first.
    per_second: AtomicU64,
}

/// The buckets of an account, a cache or a key.
pub(super) type Buckets = [Bucket; Measure::COUNT];

/// For how many seconds nothing is admitted, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Empty(pub(super) u64);

impl Bucket {
    /// Checks that something is left at `now`, in microseconds since the start of the server.
    pub(super) fn check(&self, now: u64) -> Result<(), Empty> {
        admit(self.full_at.load(Ordering::Relaxed), ticks_of(now)).map(drop)
    }

    /// How many tokens are left.
    pub(super) fn left(&self, rate: Rate, now: u64) -> u64 {
        let (full_at, now) = (self.full_at.load(Ordering::Relaxed), ticks_of(now));
        rate.tokens(BURST.saturating_sub(full_at.saturating_sub(now)))
    }

    /// Takes tokens, unless nothing is left.
    pub(super) fn take(&self, rate: Rate, tokens: u64, now: u64) -> Result<(), Empty> {
        self.take_some(rate, now, |_| tokens).map(drop)
    }

    /// Takes a token, unless nothing is left, and up to `most` together while they are a small part of
    /// what is left: others might need the last ones. Returns how many.
    pub(super) fn take_up_to(&self, rate: Rate, most: u64, now: u64) -> Result<u64, Empty> {
        let of = |left| (rate.tokens(left) / SHARE).clamp(1, most);
        self.take_some(rate, now, |left| if most == 1 { 1 } else { of(left) })
    }

    /// Takes as many tokens as `of` says for the ticks that are left, and returns how many; none if
    /// nothing is left.
    fn take_some(&self, rate: Rate, now: u64, of: impl Fn(u64) -> u64) -> Result<u64, Empty> {
        let now = ticks_of(now);
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let from = admit(full_at, now)?;
            let tokens = of(BURST.saturating_sub(from - now));
            let taken = self.full_at.compare_exchange_weak(
                full_at,
                from.saturating_add(rate.ticks(tokens)),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match taken {
                Ok(_) => return Ok(tokens),
                Err(other) => full_at = other,
            }
        }
    }

    /// Takes tokens even if nothing is left.
    pub(super) fn charge(&self, rate: Rate, tokens: u64, now: u64) {
        let (cost, now) = (rate.ticks(tokens), ticks_of(now));
        self.change(|full_at| full_at.max(now).saturating_add(cost));
    }

    /// Gives back tokens that were taken in vain.
    pub(super) fn give_back(&self, rate: Rate, tokens: u64) {
        let cost = rate.ticks(tokens);
        self.change(|full_at| full_at.saturating_sub(cost));
    }

    /// Fills it at this rate from now on. Only one thread at a time may call this.
    pub(super) fn fill_at(&self, rate: Rate, now: u64) {
        let old = Rate::new(self.per_second.swap(rate.per_second, Ordering::Relaxed));
        if let Some(old) = old.filter(|old| *old != rate) {
            self.adjust(old, rate, now);
        }
    }

    /// Keeps the number of tokens that are owed, for another rate. A bucket that owes nothing stays as
    /// full as it is.
    fn adjust(&self, old: Rate, new: Rate, now: u64) {
        let empty_at = ticks_of(now).saturating_add(BURST);
        self.change(|full_at| {
            let debt = full_at.saturating_sub(empty_at);
            if debt == 0 {
                return full_at;
            }
            let debt = u128::from(debt) * u128::from(new.cost) / u128::from(old.cost);
            empty_at.saturating_add(u64::try_from(debt).unwrap_or(u64::MAX))
        });
    }

    fn change(&self, change: impl Fn(u64) -> u64) {
        self.full_at.update(Ordering::Relaxed, Ordering::Relaxed, change);
    }
}

/// From which moment on a request takes what it takes, if it is admitted.
fn admit(full_at: u64, now: u64) -> Result<u64, Empty> {
    let from = full_at.max(now);
    match (from - now).checked_sub(BURST) {
        None => Ok(from),
        Some(wait) => Err(Empty(wait / TICKS_PER_SECOND + 1)),
    }
}

fn ticks_of(micros: u64) -> u64 {
    micros.saturating_mul(TICKS_PER_MICROSECOND)
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
