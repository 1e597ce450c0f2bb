//! The plans of all accounts that have limits. Most have the same numbers as many others, so these are
//! kept once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::account::Plan;
use super::numbers::Numbers;

/// The plans of accounts, by the accounts' ids.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    by_account: HashMap<u64, Plan>,
    numbers: HashSet<Arc<Numbers>>,
}

impl Plans {
    /// That of an account, if it has limits.
    pub(crate) fn of(&self, account: u64) -> Option<&Plan> {
        self.by_account.get(&account)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.by_account.values()
    }

    /// Sets the numbers of an account, whose buckets stay as full as they are unless it has no limit any
    /// more.
    pub(crate) fn set(&mut self, account: u64, numbers: Numbers) {
        if numbers == Numbers::default() {
            let removed = self.by_account.remove(&account);
            if let Some(plan) = removed {
                self.release(plan.numbers());
            }
            return;
        }
        let numbers = self.shared(numbers);
        match self.by_account.entry(account) {
            Entry::Vacant(place) => {
                place.insert(Plan::new(numbers));
            }
            Entry::Occupied(mut plan) => {
                let old = plan.get_mut().change(numbers);
                self.release(&old);
            }
        }
    }

    /// Frees the plans of accounts that `has_limits` refuses.
    pub(crate) fn retain(&mut self, has_limits: impl Fn(u64) -> bool) {
        self.by_account.retain(|account, _| has_limits(*account));
        self.numbers.retain(|numbers| Arc::strong_count(numbers) > 1);
    }

    fn shared(&mut self, numbers: Numbers) -> Arc<Numbers> {
        if let Some(known) = self.numbers.get(&numbers) {
            return known.clone();
        }
        let new = Arc::new(numbers);
        self.numbers.insert(new.clone());
        new
    }

    /// Frees numbers that no other account has.
    fn release(&mut self, numbers: &Arc<Numbers>) {
        // One is here, one is the caller's.
        if Arc::strong_count(numbers) == 2 {
            self.numbers.remove(numbers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_once_and_for_as_long_as_an_account_has_them() {
        let numbers = |number| Numbers::new([("operations_per_second", number)]);
        let mut plans = Plans::default();
        for account in 0..10 {
            plans.set(account, numbers(1 + account % 2));
        }
        assert_eq!(plans.numbers.len(), 2);

        for account in 0..10 {
            plans.set(account, numbers(3));
        }
        assert_eq!(plans.numbers.len(), 1);
        plans.set(1, numbers(4));
        plans.set(1, Numbers::default());
        assert_eq!((plans.iter().count(), plans.numbers.len()), (9, 1));
        plans.retain(|account| account == 1);
        assert_eq!((plans.iter().count(), plans.numbers.len()), (0, 0));
    }
}
