//! How many subscriptions each account has.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::directory::AccountId;

/// The open subscriptions of all accounts that have some.
#[derive(Default)]
pub(crate) struct Subscriptions(Mutex<HashMap<AccountId, u64>>);

/// Counts a subscription until it is dropped.
pub(crate) struct SubscriptionGuard {
    all: Arc<Subscriptions>,
    account: AccountId,
}

impl Subscriptions {
    /// Counts one more, if `admit` lets an account with that many have another.
    ///
    /// # Errors
    ///
    /// That of `admit`.
    pub(crate) fn enter<E>(
        self: &Arc<Self>,
        account: AccountId,
        admit: impl FnOnce(u64) -> Result<(), E>,
    ) -> Result<SubscriptionGuard, E> {
        let mut all = self.0.lock();
        admit(all.get(&account).copied().unwrap_or_default())?;
        *all.entry(account).or_default() += 1;
        Ok(SubscriptionGuard { all: self.clone(), account })
    }

    /// Those of all accounts together.
    pub(crate) fn open(&self) -> u64 {
        self.0.lock().values().sum()
    }
}

impl Drop for SubscriptionGuard {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if let Some(open) = all.get_mut(&self.account) {
            *open -= 1;
            if *open == 0 {
                all.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_as_many_as_it_may_and_gets_another_when_one_ends() {
        let all = Arc::<Subscriptions>::default();
        let enter = |account| {
            all.enter(AccountId(account), |open| if open < 2 { Ok(()) } else { Err(open) })
        };
        let first = enter(1).unwrap();
        let _second = (enter(1).unwrap(), enter(2).unwrap());

        assert_eq!((enter(1).err(), all.open()), (Some(2), 3));
        drop(first);
        assert!(enter(1).is_ok());
        assert_eq!(all.open(), 2);
    }
}
