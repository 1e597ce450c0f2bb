//! Histograms of durations, in buckets that double: up to 1 µs, 2 µs, 4 µs, … 1.05 s, and longer.

use crate::counter::Counter;

/// The number of buckets with a bound; one more has none.
pub(crate) const BUCKETS: usize = 21;

/// The durations of one thread.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [Counter; BUCKETS + 1],
    micros: Counter,
}

/// The longest duration in a bucket, in microseconds.
pub(crate) fn bound(bucket: usize) -> u64 {
    1 << bucket
}

/// The bucket of a duration; no branches, since this is done for every request.
fn bucket(micros: u64) -> usize {
    let bits = u64::BITS - micros.saturating_sub(1).leading_zeros();
    (bits as usize).min(BUCKETS)
}

impl Histogram {
    /// Adds a duration so many times. Only one thread may call this.
    pub(crate) fn add(&self, micros: u64, many: u64) {
        self.counts[bucket(micros)].add(many);
        self.micros.add(micros * many);
    }

    /// The number of durations in each bucket.
    pub(crate) fn counts(&self) -> [u64; BUCKETS + 1] {
        std::array::from_fn(|i| self.counts[i].get())
    }

    /// The sum of all durations, in microseconds.
    pub(crate) fn micros(&self) -> u64 {
        self.micros.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        for micros in (0..5_000).chain([1 << 20, (1 << 20) + 1, 3_000_000, u64::MAX]) {
            let expected = (0..BUCKETS).find(|i| micros <= bound(*i)).unwrap_or(BUCKETS);
            assert_eq!(bucket(micros), expected, "{micros}");
        }
    }

    #[test]
    fn counts_and_sum_are_those_of_the_durations() {
        let histogram = Histogram::default();
        for micros in [0, 1, 2, 3, 1_000, 2_000_000] {
            histogram.add(micros, 1);
        }

        assert_eq!(histogram.counts().iter().sum::<u64>(), 6);
        assert_eq!(histogram.counts()[..3], [2, 1, 1]);
        assert_eq!(histogram.counts()[BUCKETS], 1);
        assert_eq!(histogram.micros(), 2_001_006);
    }
}
