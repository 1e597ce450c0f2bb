//! Shares of their allowances of a month that accounts have reached, as the control plane reports them.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is allowed: bytes by the plan, or money by a budget.
pub(crate) const ALLOWANCE_KINDS: [&str; 2] = ["transfer", "budget"];

/// The shares that are counted, in percent.
pub(crate) const ALLOWANCE_SHARES: [u64; 3] = [50, 80, 100];

/// How often each share of each kind was reached, by any account.
#[derive(Default)]
pub(crate) struct Allowances {
    reached: [[AtomicU64; ALLOWANCE_SHARES.len()]; ALLOWANCE_KINDS.len()],
}

impl Allowances {
    /// Counts that a share was reached; false if there is no such kind or share.
    pub(crate) fn note(&self, kind: &str, percent: u64) -> bool {
        let kind = ALLOWANCE_KINDS.iter().position(|known| *known == kind);
        let share = ALLOWANCE_SHARES.iter().position(|known| *known == percent);
        let Some((kind, share)) = kind.zip(share) else { return false };
        self.reached[kind][share].fetch_add(1, Ordering::Relaxed);
        true
    }

    /// The counts, in the order of `ALLOWANCE_KINDS` and `ALLOWANCE_SHARES`.
    pub(crate) fn read(&self) -> [[u64; ALLOWANCE_SHARES.len()]; ALLOWANCE_KINDS.len()] {
        self.reached.each_ref().map(|shares| shares.each_ref().map(|n| n.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_shares_of_known_kinds_are_counted() {
        let allowances = Allowances::default();

        assert!(allowances.note("budget", 50));
        assert!(!allowances.note("budget", 51));
        assert!(!allowances.note("gift", 50));
        assert_eq!(allowances.read(), [[0, 0, 0], [1, 0, 0]]);
    }
}
