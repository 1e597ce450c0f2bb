//! How many subscriptions each account has.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::directory::AccountId;

/// The open subscriptions of all accounts that have some.
#[derive(Default)]
pub(crate) struct Subscriptions(Mutex<HashMap<AccountId, u64>>);

/// Counts subscriptions until it is dropped.
pub(crate) struct SubscriptionGuard {
    all: Arc<Subscriptions>,
    account: AccountId,
    count: u64,
}

/// The places of all subscriptions of a stream among those of its account: the first takes them for
/// all, so that a stream never has some of its topics and waits for others.
pub(crate) struct Places {
    count: u64,
    taken: OnceCell<Rc<SubscriptionGuard>>,
}

impl Places {
    /// For so many subscriptions.
    pub(crate) fn of(count: usize) -> Self {
        Places { count: count as u64, taken: OnceCell::new() }
    }

    /// How many they are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Takes them by `enter`, unless that is done.
    ///
    /// # Errors
    ///
    /// That of `enter`.
    pub(crate) fn take<E>(
        &self,
        enter: impl FnOnce(u64) -> Result<SubscriptionGuard, E>,
    ) -> Result<Rc<SubscriptionGuard>, E> {
        if let Some(guard) = self.taken.get() {
            return Ok(guard.clone());
        }
        let guard = Rc::new(enter(self.count)?);
        Ok(self.taken.get_or_init(|| guard).clone())
    }
}

impl Subscriptions {
    /// Counts `count` more, if `admit` lets an account with that many have them.
    ///
    /// # Errors
    ///
    /// That of `admit`.
    pub(crate) fn enter<E>(
        self: &Arc<Self>,
        account: AccountId,
        count: u64,
        admit: impl FnOnce(u64) -> Result<(), E>,
    ) -> Result<SubscriptionGuard, E> {
        let mut all = self.0.lock();
        admit(all.get(&account).copied().unwrap_or_default())?;
        *all.entry(account).or_default() += count;
        Ok(SubscriptionGuard { all: self.clone(), account, count })
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
            *open -= self.count;
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
            all.enter(AccountId(account), 1, |open| if open < 2 { Ok(()) } else { Err(open) })
        };
        let first = enter(1).unwrap();
        let _second = (enter(1).unwrap(), enter(2).unwrap());

        assert_eq!((enter(1).err(), all.open()), (Some(2), 3));
        drop(first);
        assert!(enter(1).is_ok());
        assert_eq!(all.open(), 2);
    }

    #[test]
    fn the_places_of_a_stream_are_taken_together_and_left_by_the_last_of_its_subscriptions() {
        let all = Arc::<Subscriptions>::default();
        let enter = |count| all.enter(AccountId(1), count, |_| Ok::<_, ()>(()));
        let places = Places::of(3);
        let mut taken: Vec<_> = (0..3).map(|_| places.take(enter).unwrap()).collect();
        drop(places);

        taken.pop();
        assert_eq!(all.open(), 3);
        drop(taken);
        assert_eq!(all.open(), 0);
        assert_eq!(Places::of(3).take(Err).err(), Some(3));
    }
}
