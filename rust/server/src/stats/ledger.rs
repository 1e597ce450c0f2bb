//! How far the ledger is behind, as the control plane reports what it records.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Whether usage is being recorded, and how much is not yet.
#[derive(Default)]
pub(crate) struct Ledger {
    recorded: AtomicU64,
    failed: AtomicU64,
    waiting: AtomicU64,
    lag: Mutex<Lag>,
}

/// Requests and transferred bytes.
pub(crate) type Amount = [u64; 2];

/// How far the ledger is behind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lag {
    /// All usage before this second since 1970 is in the ledger.
    pub(crate) recorded_until: u64,
    /// What was taken and is not in the ledger yet.
    pub(crate) taken: Amount,
    taken_at: u64,
}

impl Ledger {
    /// Notes that all usage before `now` was taken, and how much it is: if it is none, no report
    /// follows.
    pub(crate) fn took(&self, amount: Option<Amount>, now: u64) {
        let mut lag = self.lag.lock();
        (lag.taken, lag.taken_at) = (amount.unwrap_or_default(), now);
        if amount.is_none() {
            lag.recorded_until = now;
        }
    }

    /// Counts a batch that was recorded, or one that could not be and waits.
    pub(crate) fn note(&self, recorded: bool) {
        let counter = if recorded { &self.recorded } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        self.waiting.store(u64::from(!recorded), Ordering::Relaxed);
        if recorded {
            let mut lag = self.lag.lock();
            (lag.recorded_until, lag.taken) = (lag.taken_at, Amount::default());
        }
    }

    /// Recorded batches, failed attempts, waiting batches.
    pub(crate) fn read(&self) -> [u64; 3] {
        [&self.recorded, &self.failed, &self.waiting].map(|each| each.load(Ordering::Relaxed))
    }

    /// How far it is behind.
    pub(crate) fn lag(&self) -> Lag {
        *self.lag.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_is_as_far_as_the_last_batch_that_is_recorded() {
        let ledger = Ledger::default();
        let lag = || (ledger.lag().recorded_until, ledger.lag().taken);

        ledger.took(None, 10);
        assert_eq!(lag(), (10, [0, 0]), "nothing is missing");
        ledger.took(Some([3, 500]), 15);
        assert_eq!(lag(), (10, [3, 500]));
        ledger.note(false);
        assert_eq!(lag(), (10, [3, 500]), "it waits");
        ledger.note(true);
        assert_eq!(lag(), (15, [0, 0]));
        assert_eq!(ledger.read(), [1, 1, 0]);
    }

    #[test]
    fn a_batch_of_an_earlier_process_brings_the_ledger_no_further() {
        let ledger = Ledger::default();
        ledger.took(None, 10);
        ledger.note(true);
        assert_eq!(ledger.lag().recorded_until, 10);
    }
}
