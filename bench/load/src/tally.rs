//! What came back, counted.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

/// How one operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The right answer, to the last byte.
    Right,
    /// A well-formed "not found".
    Miss,
    /// An answer, but a wrong one.
    Wrong(&'static str),
    /// A refusal with the protocol's own number.
    Status(u16),
    /// A refusal in words.
    Refused,
    /// The stream was reset, with HTTP/2's error code.
    Reset(u32),
}

/// Counts of a measured time.
pub struct Tally {
    /// Right answers.
    pub right: u64,
    /// Well-formed misses.
    pub misses: u64,
    /// Heartbeats of subscriptions, without the first ones.
    pub heartbeats: u64,
    /// Everything else, by kind.
    pub failures: BTreeMap<String, u64>,
    /// Nanoseconds from when an operation was due until its answer was read.
    pub latency: Histogram<u64>,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Self {
        let latency = Histogram::new_with_max(60_000_000_000, 3).expect("three digits are valid");
        Self { right: 0, misses: 0, heartbeats: 0, failures: BTreeMap::new(), latency }
    }

    /// Counts one end.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Right => self.right += 1,
            Outcome::Miss => self.misses += 1,
            other => *self.failures.entry(format!("{other:?}")).or_default() += 1,
        }
    }

    /// Counts how long an operation took from when it was due.
    pub fn wait(&mut self, nanoseconds: u64) {
        self.latency.saturating_record(nanoseconds);
    }
}
