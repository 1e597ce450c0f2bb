//! Memory for work on items, held while it lasts.

use crate::pace::AT_ONCE;
use crate::{Engine, Error, Moment, Pace};

/// How much is held at a time, in bytes: items may have to be evicted for it.
const AT_A_TIME: u64 = 64 * 1024;
/// How long work waits for memory, in milliseconds.
const LONGEST_WAIT: u64 = 1_200;

/// Held memory, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    engine: &'a Engine,
    bytes: u64,
    /// What was promised.
    promised: u64,
}

impl Engine {
    /// Holds memory for work, and evicts items if there is too little. If all such work together would
    /// have too much, this waits for a while.
    ///
    /// # Errors
    ///
    /// [`Error::NoMemory`].
    pub(crate) fn hold(&self, bytes: u64, now: Moment, pace: &dyn Pace) -> Result<Held<'_>, Error> {
        let until = pace.now().unwrap_or(now).0 + LONGEST_WAIT;
        while !self.budget.promise(bytes) {
            let may_wait = bytes <= self.budget.most_work();
            if !may_wait || pace.now().is_none_or(|now| now.0 > until) {
                return Err(Error::NoMemory);
            }
            pace.work(AT_ONCE);
        }
        let mut held = Held { engine: self, bytes: 0, promised: bytes };
        let mut evicts = true;
        while held.bytes < bytes {
            let more = (bytes - held.bytes).min(AT_A_TIME);
            self.budget.hold(more);
            held.bytes += more;
            if evicts && self.budget.is_over() {
                evicts = self.make_way(now, more) > 0 || !self.budget.is_over();
                pace.work(AT_ONCE);
            }
        }
        Ok(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.engine.budget.let_go(self.bytes, self.promised);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::{Config, Limits};

    const NOW: Moment = Moment(7);

    fn engine() -> Engine {
        let limits = Limits::default();
        Engine::new(Config { memory_bytes: 1 << 20, shards: 1, seed: [1, 2, 3, 4], limits })
    }

    /// Other work: it has memory until it was met so often, a millisecond each.
    struct Other<'a>(RefCell<Option<Held<'a>>>, Cell<u64>, u64);

    impl Pace for Other<'_> {
        fn work(&self, _: usize) {
            self.1.set(self.1.get() + 1);
            if self.1.get() == self.2 {
                self.0.take();
            }
        }

        fn now(&self) -> Option<Moment> {
            Some(Moment(NOW.0 + self.1.get()))
        }
    }

    #[test]
    fn work_waits_for_memory_that_others_hold_but_not_for_long() {
        let engine = engine();
        for (until, is_enough) in [(LONGEST_WAIT, true), (LONGEST_WAIT + 10, false)] {
            let held = engine.hold(700_000, NOW, &crate::Unpaced).unwrap();
            let other = Other(RefCell::new(Some(held)), Cell::new(0), until);
            assert_eq!(engine.hold(100_000, NOW, &other).is_ok(), is_enough);
        }
        assert_eq!(engine.held(), 0);
    }

    #[test]
    fn work_does_not_wait_for_more_memory_than_there_can_be() {
        let (engine, other) = (engine(), Other(RefCell::default(), Cell::new(0), 0));
        assert_eq!(engine.hold(800_000, NOW, &other).map(drop), Err(Error::NoMemory));
        assert_eq!(other.1.get(), 0);
    }
}
