//! How requests ended: how long those took that succeeded, and why the others failed.
//!
//! A duration is counted in one of [`BUCKETS`] buckets, eight for each doubling, so a bucket is at
//! most an eighth as wide as its first microsecond. Buckets of several histograms are simply added,
//! which is how threads, keys, minutes and hours become one.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{ERROR_KINDS, ErrorKind};

/// How many buckets a doubling has, as a power of two.
const FINENESS: u32 = 3;
/// The longest duration that is told apart: 67 seconds, in microseconds.
const LONGEST: u64 = (1 << 26) - 1;
/// How many buckets durations are counted in.
pub(crate) const BUCKETS: usize = bucket(LONGEST) + 1;

/// The bucket of a duration in microseconds; no branches, since this is done for every request.
#[expect(clippy::cast_possible_truncation, reason = "it is less than 2^27")]
pub(crate) const fn bucket(micros: u64) -> usize {
    let micros = if micros < LONGEST { micros } else { LONGEST } as u32;
    let shift = (u32::BITS - FINENESS - 1).saturating_sub((micros | 1).leading_zeros());
    (shift << FINENESS) as usize + (micros >> shift) as usize
}

/// A number that only grows and wraps around, written by one thread and read by others.
///
/// Half as large as a [`crate::counter::Counter`]: there are hundreds for each method of a cache, and
/// what they grew by is read every few seconds.
#[derive(Debug, Default)]
struct SmallCounter(AtomicU32);

impl SmallCounter {
    /// Adds without a locked instruction: only one thread may write.
    fn add(&self, many: u32) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(many), Ordering::Relaxed);
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The requests of one cache and API key by one method, on one thread.
pub(super) struct Outcome {
    durations: [SmallCounter; BUCKETS],
    errors: [SmallCounter; ERROR_KINDS.len()],
    /// How many there are, so that whoever reads them sees at once whether there are more.
    all: SmallCounter,
}

impl Default for Outcome {
    fn default() -> Self {
        let (durations, errors) = (
            std::array::from_fn(|_| SmallCounter::default()),
            std::array::from_fn(|_| SmallCounter::default()),
        );
        Outcome { durations, errors, all: SmallCounter::default() }
    }
}

impl Outcome {
    /// Counts requests that took so many microseconds each. Only one thread may call this.
    pub(super) fn add(&self, micros: u64, error: Option<ErrorKind>, many: u32) {
        match error {
            None => self.durations[bucket(micros)].add(many),
            Some(kind) => self.errors[kind as usize].add(many),
        }
        self.all.add(many);
    }
}

/// How requests ended: only what there is, by bucket and by kind of error, in their order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcomes {
    /// How many requests took how long, by the number of the bucket.
    pub durations: Vec<(u8, u32)>,
    /// How many failed, by the place in [`ERROR_KINDS`].
    pub errors: Vec<(u8, u32)>,
}

impl Outcomes {
    /// Adds what another has.
    pub(super) fn add(&mut self, more: &Outcomes) {
        merge(&mut self.durations, &more.durations);
        merge(&mut self.errors, &more.errors);
    }
}

/// What was read of an [`Outcome`] until now.
#[derive(Debug, Default)]
pub(super) struct Seen {
    all: u32,
    read: Outcomes,
}

impl Seen {
    /// What an outcome has beyond this.
    pub(super) fn news(&self, outcome: &Outcome) -> Outcomes {
        if self.is_all_of(outcome) {
            return Outcomes::default();
        }
        Outcomes {
            durations: grown(&outcome.durations, &self.read.durations),
            errors: grown(&outcome.errors, &self.read.errors),
        }
    }

    /// Whether an outcome has nothing beyond this.
    pub(super) fn is_all_of(&self, outcome: &Outcome) -> bool {
        self.all == outcome.all.get()
    }

    /// Adds what was read.
    pub(super) fn add(&mut self, news: &Outcomes) {
        let counts = news.durations.iter().chain(&news.errors);
        self.all = counts.fold(self.all, |sum, (_, count)| sum.wrapping_add(*count));
        self.read.add(news);
    }
}

/// By how much counters grew since they were read; those that did not are left out.
fn grown(counters: &[SmallCounter], read: &[(u8, u32)]) -> Vec<(u8, u32)> {
    let mut read = read.iter().peekable();
    let mut news = Vec::new();
    for (place, counter) in (0..).zip(counters) {
        let before = read.next_if(|(at, _)| *at == place).map_or(0, |(_, count)| *count);
        let more = counter.get().wrapping_sub(before);
        if more > 0 {
            news.push((place, more));
        }
    }
    news
}

/// Adds counts by place, both in the order of places.
fn merge(sum: &mut Vec<(u8, u32)>, more: &[(u8, u32)]) {
    for (place, count) in more {
        match sum.binary_search_by_key(place, |(at, _)| *at) {
            Ok(at) => sum[at].1 = sum[at].1.wrapping_add(*count),
            Err(at) => sum.insert(at, (*place, *count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shortest duration of a bucket.
    fn first(bucket: u64) -> u64 {
        if bucket < 16 { bucket } else { (bucket % 8 + 8) << (bucket / 8 - 1) }
    }

    #[test]
    fn each_duration_is_in_the_bucket_that_begins_at_or_before_it_and_ends_after_it() {
        let odd = [(1 << 20) - 1, 1 << 20, 3_000_001, LONGEST - 1, LONGEST];
        for micros in (0..70_000).chain(odd) {
            let at = bucket(micros) as u64;
            assert!(first(at) <= micros && micros < first(at + 1), "{micros} in {at}");
        }
        assert_eq!(bucket(LONGEST + 1), BUCKETS - 1);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(BUCKETS, 192);
    }

    #[test]
    fn no_bucket_is_wider_than_an_eighth_of_its_shortest_duration() {
        let wide = |at: &u64| 8 * (first(at + 1) - first(*at)) > first(*at).max(8);
        assert_eq!((0..BUCKETS as u64).find(wide), None);
    }

    #[test]
    fn what_was_read_is_not_read_again_and_nothing_in_between_is_lost() {
        let (outcome, mut seen) = (Outcome::default(), Seen::default());
        outcome.add(5, None, 2);
        outcome.add(900, Some(ErrorKind::RateLimited), 1);
        let news = seen.news(&outcome);
        let limited = ErrorKind::RateLimited as u8;
        assert_eq!(news, Outcomes { durations: vec![(5, 2)], errors: vec![(limited, 1)] });

        outcome.add(3, None, 1);
        seen.add(&news);
        let rest = seen.news(&outcome);
        assert_eq!(rest, Outcomes { durations: vec![(3, 1)], errors: vec![] });

        seen.add(&rest);
        assert!(seen.is_all_of(&outcome));
        assert_eq!(seen.news(&outcome), Outcomes::default());
    }

    #[test]
    fn counters_that_wrap_around_are_read_right() {
        let (outcome, mut seen) = (Outcome::default(), Seen::default());
        outcome.durations[5].0.store(u32::MAX, Ordering::Relaxed);
        outcome.all.0.store(u32::MAX, Ordering::Relaxed);
        seen.add(&Outcomes { durations: vec![(5, u32::MAX)], errors: vec![] });

        outcome.add(5, None, 1);

        assert_eq!(seen.news(&outcome).durations, [(5, 1)]);
    }
}
