//! What requests take from the buckets of limits while a data thread serves one connection.
//!
//! Buckets are shared by all threads, so each look at one costs an atomic operation. Requests that
//! arrive together are served together: the first one takes from the buckets, and the next ones
//! find operations that were taken for them in advance. At the end of the turn the bytes that they
//! used are taken, and operations that they did not need go back. No request is served without an
//! operation that was taken for it, so limits stay as exact as they are for single requests.

use std::cell::Cell;

use super::limit::Measure;

/// How many requests are admitted by one look at the buckets: each time as many times more, since most
/// turns have one request, and some have a hundred.
const GROWTH: u64 = 8;
const MOST: u64 = 64;

/// The usage of one request, in what plans limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) operations: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Taken {
    /// A message that is delivered to a subscriber, of which nothing was taken before.
    pub(crate) fn delivery(operations: u64, bytes_out: u64) -> Self {
        Taken { operations: operations + 1, bytes_in: 0, bytes_out }
    }
}

/// What one connection has taken in this turn, of the limits of one authorization.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// How many requests are admitted without another look at the buckets.
    admitted: Cell<u64>,
    /// How many were admitted by the last look.
    step: Cell<u64>,
    /// What admitted requests may use until the buckets are empty; not known before several are
    /// admitted at once.
    left: Cell<[u64; Measure::COUNT]>,
    /// What they have used; of operations, what each takes beyond the first one.
    used: Cell<[u64; Measure::COUNT]>,
    /// When that was, in microseconds since the start of the server.
    pub(super) now: Cell<u64>,
    is_listed: Cell<bool>,
}

impl Turn {
    /// Admits a request, if one is admitted in advance.
    pub(super) fn admit(&self) -> bool {
        let admitted = self.admitted.get();
        self.admitted.set(admitted.saturating_sub(1));
        admitted > 0
    }

    /// Whether a request is admitted in advance.
    pub(super) fn has_admitted(&self) -> bool {
        self.admitted.get() > 0
    }

    /// How many requests the next look may admit.
    pub(super) fn next_step(&self) -> u64 {
        (self.step.get() * GROWTH).clamp(1, MOST)
    }

    /// Notes that so many requests are admitted beside the one that asked, and what is left for them.
    pub(super) fn begin(&self, others: u64, left: [u64; Measure::COUNT]) {
        self.admitted.set(others);
        self.step.set(others + 1);
        self.left.set(left);
    }

    /// Counts what a request has used. False if no other one is admitted before the buckets are looked
    /// at again.
    pub(super) fn count(&self, taken: Taken) -> bool {
        let [operations, bytes_in, bytes_out, transfer] = self.used.get();
        let used = [
            operations + taken.operations.saturating_sub(1),
            bytes_in + taken.bytes_in,
            bytes_out + taken.bytes_out,
            transfer + taken.bytes_in + taken.bytes_out,
        ];
        self.used.set(used);
        self.admitted.get() == 0
            || used.iter().zip(self.left.get()).all(|(used, left)| *used < left)
    }

    /// Notes that there is something to settle at the end of the turn, which is at `now`; whether there
    /// was nothing before.
    pub(super) fn begin_to_settle(&self, now: u64) -> bool {
        self.now.set(now);
        !self.is_listed.replace(true)
    }

    /// What is to be taken from the buckets, and how many operations go back to them, if anything is;
    /// afterwards nothing is.
    pub(super) fn settle(&self) -> Option<([u64; Measure::COUNT], u64)> {
        let (used, unused) = (self.used.take(), self.admitted.take());
        (unused > 0 || used.iter().any(|used| *used > 0)).then_some((used, unused))
    }

    /// Begins another turn.
    pub(super) fn end(&self) {
        self.step.set(0);
        self.is_listed.set(false);
    }
}
