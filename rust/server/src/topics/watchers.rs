//! Connections that are told whenever credentials may have changed, whether or not they have
//! subscriptions.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::ready::Notifier;

/// All of a data thread, by their numbers.
#[derive(Default)]
pub(super) struct Watchers {
    notifiers: RefCell<BTreeMap<u64, Notifier>>,
    last: Cell<u64>,
}

impl Watchers {
    /// Adds one; returns its number.
    pub(super) fn insert(&self, notifier: Notifier) -> u64 {
        let number = self.last.get() + 1;
        self.last.set(number);
        self.notifiers.borrow_mut().insert(number, notifier);
        number
    }

    /// Removes the one with this number.
    pub(super) fn remove(&self, number: u64) {
        self.notifiers.borrow_mut().remove(&number);
    }

    /// Notifies at most so many whose numbers are above `after`; returns the number of the last one
    /// unless these were all.
    pub(super) fn notify_some(&self, after: u64, most: usize) -> Option<u64> {
        let notifiers = self.notifiers.borrow();
        let mut last = None;
        let mut notified = 0;
        for (number, notifier) in notifiers.range(after + 1..).take(most) {
            notifier.notify();
            (last, notified) = (Some(*number), notified + 1);
        }
        last.filter(|_| notified == most)
    }
}
