//! Connections that are told whenever credentials may have changed, whether or not they have
//! subscriptions.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::ready::Seat;

/// All of a data thread, by their numbers.
#[derive(Default)]
pub(super) struct Watchers {
    seats: RefCell<BTreeMap<u64, Seat>>,
    last: Cell<u64>,
}

impl Watchers {
    /// Adds one; returns its number.
    pub(super) fn insert(&self, seat: Seat) -> u64 {
        let number = self.last.get() + 1;
        self.last.set(number);
        self.seats.borrow_mut().insert(number, seat);
        number
    }

    /// Removes the one with this number.
    pub(super) fn remove(&self, number: u64) {
        self.seats.borrow_mut().remove(&number);
    }

    /// Notifies at most so many whose numbers are above `after`; returns the number of the last one
    /// unless these were all.
    pub(super) fn notify_some(&self, after: u64, most: usize) -> Option<u64> {
        let seats = self.seats.borrow();
        let mut last = None;
        let mut notified = 0;
        for (number, seat) in seats.range(after + 1..).take(most) {
            seat.notify();
            (last, notified) = (Some(*number), notified + 1);
        }
        last.filter(|_| notified == most)
    }
}
