//! Large requests, in steps: each has a stack of its own, on which it works as any other, and pauses
//! after a bounded amount of work, or when that has taken longer than it should: memory that is used for
//! the first time, or is not in the processor's caches, makes the same work ten times as long.
//!
//! Between two steps the data thread serves whatever else has arrived. The caches with requests that
//! are not done take turns, and so do the requests of one cache.

use std::cell::{Cell, RefCell};

use attimo_engine::{Moment, Namespace, Pace};
use corosensei::Yielder;

use crate::clock::{Clock, Now};
use crate::error::{Error, Result};
use crate::limits::AT_ONCE_BYTES;

mod turns;

pub(crate) use self::turns::{Begun, RequestSlot, Tried, Turns};

/// How much work a command about a single value is.
pub(crate) const COMMAND: usize = 16;
/// After how much work of a step the clock is read, and how long a step takes before it is over, in
/// microseconds.
const PART: usize = 1024;
const LONGEST_STEP: u64 = 100;
/// How long a request waits for memory for its reply, in microseconds.
const MEMORY_WAIT: u64 = 1_200_000;

/// How a request pauses. It must not while it holds a lock, or borrows what others need.
pub(crate) struct Steps<'a> {
    pauses: Option<&'a Pauses<'a>>,
    /// How much work is left of this part of the step.
    left: Cell<usize>,
    /// The cache that the request is for, once it is known.
    cache: Cell<Namespace>,
    trial: Cell<Trial>,
}

/// Whether a request is only tried, on the stack of the thread. Most of those that may take long need
/// not be served in steps: what they read is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// It is not.
    None,
    /// It is, and gives up where it takes long.
    Begun,
    /// It was, and has given up: it is served again, in steps.
    GivenUp,
}

/// What a request that may pause has.
struct Pauses<'a> {
    yielder: &'a Yielder<usize, Namespace>,
    clock: Clock,
    /// How much work is left of the step after this part.
    rest: Cell<usize>,
    /// When it began, or its last pause ended.
    now: Cell<Now>,
    /// Reserves memory for the whole reply.
    reserve: &'a RefCell<dyn FnMut(usize) -> Result<()>>,
}

impl Steps<'_> {
    /// For a request that never pauses.
    pub(crate) const fn one() -> Self {
        Steps::without_pauses(usize::MAX, Trial::None)
    }

    const fn without_pauses(left: usize, trial: Trial) -> Self {
        let (left, cache) = (Cell::new(left), Cell::new(Namespace(0)));
        Steps { pauses: None, left, cache, trial: Cell::new(trial) }
    }

    /// The same, for as long as a test wants.
    #[cfg(test)]
    pub(crate) fn at_once() -> &'static Steps<'static> {
        Box::leak(Box::new(Steps::one()))
    }

    /// Names the cache that the request is for.
    pub(crate) fn are_for(&self, cache: Namespace) {
        self.cache.set(cache);
    }

    /// Counts work, and pauses if the step is over.
    pub(crate) fn work(&self, units: usize) {
        let left = self.left.get();
        if units < left {
            self.left.set(left - units);
        } else {
            self.end_part(units - left);
        }
    }

    /// Begins the next part of the step, with so much work done of it; or pauses if the step is over.
    #[cold]
    fn end_part(&self, done: usize) {
        let Some(pauses) = self.pauses else {
            return self.left.set(if self.trial.get() == Trial::Begun { 0 } else { usize::MAX });
        };
        let rest = pauses.rest.get();
        if done < rest && pauses.clock.micros() < pauses.now.get().micros + LONGEST_STEP {
            self.begin_part(pauses, rest - done);
        } else {
            self.pause(pauses);
        }
    }

    fn pause(&self, pauses: &Pauses<'_>) {
        let units = pauses.yielder.suspend(self.cache.get());
        pauses.now.set(pauses.clock.now());
        self.begin_part(pauses, units);
    }

    /// Begins a part of a step of which so much work is left.
    fn begin_part(&self, pauses: &Pauses<'_>, units: usize) {
        let part = units.min(PART);
        self.left.set(part);
        pauses.rest.set(units - part);
    }

    /// How much work is left of the step.
    fn left(&self) -> usize {
        self.left.get() + self.pauses.map_or(0, |pauses| pauses.rest.get())
    }

    /// Whether it is only tried, and takes too long for that.
    pub(crate) fn is_over(&self) -> bool {
        self.trial.get() == Trial::Begun && self.left.get() == 0
    }

    /// Gives up a request that is only tried and takes too long for that. It must not have changed
    /// anything yet.
    ///
    /// # Errors
    ///
    /// [`Error::Waiting`].
    pub(crate) fn give_up_if_over(&self) -> Result<()> {
        if self.is_over() { self.give_up() } else { Ok(()) }
    }

    fn give_up(&self) -> Result<()> {
        self.trial.set(Trial::GivenUp);
        Err(Error::Waiting)
    }

    /// Notes that the request was tried, and has given up.
    pub(crate) fn mark_retried(&self) {
        self.trial.set(Trial::GivenUp);
    }

    /// Whether the request was tried before.
    pub(crate) fn is_retry(&self) -> bool {
        self.trial.get() == Trial::GivenUp
    }

    /// When it began, or its last pause ended; `None` if it never pauses.
    pub(crate) fn now(&self) -> Option<Now> {
        self.pauses.map(|pauses| pauses.now.get())
    }

    /// Reserves memory for a reply that is made in steps, of `bytes` so far; waits for a while if
    /// there is too little.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`]; [`Error::Waiting`] if it is only tried, and so must not have changed
    /// anything.
    pub(crate) fn hold(&self, bytes: usize) -> Result<()> {
        match self.pauses {
            None if bytes > AT_ONCE_BYTES && self.trial.get() == Trial::Begun => self.give_up(),
            Some(pauses) if bytes > AT_ONCE_BYTES => self.reserve(pauses, bytes),
            _ => Ok(()),
        }
    }

    fn reserve(&self, pauses: &Pauses<'_>, bytes: usize) -> Result<()> {
        // A reply that grows does not reserve for each of its parts.
        let bytes = bytes.next_multiple_of(AT_ONCE_BYTES);
        let reserve = || (pauses.reserve.borrow_mut())(bytes);
        let Err(_) = reserve() else { return Ok(()) };
        let until = pauses.clock.micros() + MEMORY_WAIT;
        loop {
            self.pause(pauses);
            match reserve() {
                Err(_) if pauses.clock.micros() < until => {}
                reserved => return reserved,
            }
        }
    }
}

impl Pace for Steps<'_> {
    fn work(&self, units: usize) {
        Steps::work(self, units);
    }

    fn now(&self) -> Option<Moment> {
        Steps::now(self).map(|now| now.moment)
    }

    fn is_over(&self) -> bool {
        Steps::is_over(self)
    }
}
