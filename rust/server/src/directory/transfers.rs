//! What accounts may transfer in a month by their plans, and have transferred, as the ledger has it.
//!
//! The first comes with the directory, the second whenever usage is recorded. Requests do not add to
//! it: only those that ask read it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::changes::{AccountId, AccountLimits};

/// The name of the limit.
const NAME: &str = "transfer_bytes_per_month";

/// The transfer of a month that a plan allows an account, and what is used of it.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    most: u64,
    used: Arc<AtomicU64>,
}

impl Transfer {
    /// How many bytes are left.
    pub(crate) fn left(&self) -> u64 {
        self.most.saturating_sub(self.used.load(Ordering::Relaxed))
    }
}

#[derive(Debug, Default)]
struct Known {
    /// `None` is unlimited.
    most: Option<u64>,
    used: Arc<AtomicU64>,
}

/// The transfer of all accounts.
#[derive(Debug, Default)]
pub(super) struct Transfers(Mutex<HashMap<AccountId, Known>>);

impl Transfers {
    /// That of an account whose plan limits it.
    pub(super) fn of(&self, account: AccountId) -> Option<Transfer> {
        let known = self.0.lock();
        let Known { most, used } = known.get(&account)?;
        Some(Transfer { most: (*most)?, used: used.clone() })
    }

    /// Sets the limits of accounts, which are those of all if `is_whole`.
    pub(super) fn limit(&self, limits: &[AccountLimits], is_whole: bool) {
        let mut known = self.0.lock();
        if is_whole {
            known.values_mut().for_each(|known| known.most = None);
        }
        for AccountLimits { account, numbers } in limits {
            let most = numbers.iter().find(|(name, _)| name == NAME).map(|(_, most)| *most);
            if most.is_some() || known.contains_key(account) {
                known.entry(*account).or_default().most = most;
            }
        }
    }

    /// Sets what accounts have transferred in this month; if `is_whole`, others have nothing.
    pub(super) fn note(&self, used: &HashMap<AccountId, u64>, is_whole: bool) {
        let mut known = self.0.lock();
        if is_whole {
            known.retain(|account, known| known.most.is_some() || used.contains_key(account));
            // Changed in place, since connections share them.
            known.values().for_each(|known| known.used.store(0, Ordering::Relaxed));
        }
        for (account, bytes) in used {
            known.entry(*account).or_default().used.store(*bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AccountId = AccountId(1);
    const TWO: AccountId = AccountId(2);

    fn limits(account: AccountId, most: u64) -> AccountLimits {
        AccountLimits { account, numbers: vec![("caches".into(), 1), (NAME.into(), most)] }
    }

    #[test]
    fn what_is_left_is_the_limit_without_what_was_used_and_never_less_than_nothing() {
        let transfers = Transfers::default();
        transfers.note(&[(ONE, 30)].into(), true);
        transfers.limit(&[limits(ONE, 100), limits(TWO, 10)], true);
        let kept = transfers.of(ONE).unwrap();
        assert_eq!((kept.left(), transfers.of(TWO).unwrap().left()), (70, 10));

        transfers.note(&[(ONE, 101)].into(), false);
        assert_eq!(kept.left(), 0, "also for who has asked before");
        transfers.note(&[(TWO, 3)].into(), true);
        assert_eq!((kept.left(), transfers.of(TWO).unwrap().left()), (100, 7), "a new month");
    }

    #[test]
    fn an_account_without_the_limit_has_none_and_keeps_what_it_has_used() {
        let transfers = Transfers::default();
        transfers.limit(&[limits(ONE, 100)], true);
        transfers.note(&[(ONE, 30)].into(), false);
        let other = AccountLimits { account: ONE, numbers: vec![("caches".into(), 1)] };

        transfers.limit(std::slice::from_ref(&other), false);
        assert!(transfers.of(ONE).is_none() && transfers.of(TWO).is_none());
        transfers.limit(&[limits(ONE, 200)], false);
        assert_eq!(transfers.of(ONE).unwrap().left(), 170);
        transfers.limit(&[], true);
        assert!(transfers.of(ONE).is_none());
    }

    #[test]
    fn accounts_without_limit_and_usage_are_forgotten() {
        let transfers = Transfers::default();
        transfers.limit(&[limits(ONE, 100)], true);
        transfers.note(&[(TWO, 30)].into(), true);
        transfers.limit(&[], true);

        transfers.note(&HashMap::new(), true);

        assert!(transfers.0.lock().is_empty());
    }
}
