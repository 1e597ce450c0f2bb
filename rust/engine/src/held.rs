//! Memory for work on items, held while it lasts.

use crate::pace::AT_ONCE;
use crate::{Engine, Moment, Pace};

/// How much is held at a time, in bytes: items may have to be evicted for it.
const AT_A_TIME: u64 = 64 * 1024;

/// Held memory, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    engine: &'a Engine,
    bytes: u64,
    /// What was promised.
    promised: u64,
}

impl Engine {
    /// Holds memory for work, and evicts items if there is too little; `None` if all such work
    /// together would have too much.
    pub(crate) fn hold(&self, bytes: u64, now: Moment, pace: &dyn Pace) -> Option<Held<'_>> {
        if !self.budget.promise(bytes) {
            return None;
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
        Some(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.engine.budget.let_go(self.bytes, self.promised);
    }
}
