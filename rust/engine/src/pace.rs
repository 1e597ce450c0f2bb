//! Long work outside of locks, in pieces.

use crate::Moment;

/// Is told of work, and may run other things before it returns. It is never told while a lock is
/// held.
pub trait Pace {
    /// Called for each bit of long work; a unit is some ten nanoseconds.
    fn work(&self, units: usize);

    /// The time when other things last ran meanwhile; `None` if they never do.
    fn now(&self) -> Option<Moment> {
        None
    }

    /// Whether nobody wants the result any more, so that the work may be left undone.
    fn is_over(&self) -> bool {
        false
    }
}

/// For callers that nobody waits for: it never runs anything else.
#[derive(Debug, Clone, Copy)]
pub struct Unpaced;

impl Pace for Unpaced {
    fn work(&self, _: usize) {}
}

/// How much work it is to look at the size of an element that was received, in units.
pub(crate) const GLANCE: usize = 1;
/// How much it is to visit an element.
pub(crate) const ELEMENT: usize = 8;
/// How much it is to look one up in a collection, or to add one.
pub(crate) const LOOKUP: usize = 2 * ELEMENT;
pub(crate) const INSERTION: usize = 3 * ELEMENT;
/// How much it is to rank one: it has two places.
pub(crate) const RANKING: usize = 2 * INSERTION;
/// How many bytes are copied in one unit.
const BYTES: usize = 64;
/// The most work that is done under a lock: some tens of microseconds.
pub(crate) const AT_ONCE: usize = 4 * 1024;

/// How much work it is to copy an element of `bytes` bytes, in units.
pub fn work_of(bytes: usize) -> usize {
    ELEMENT + of_bytes(bytes)
}

/// How much work it is to copy `bytes` bytes, in units.
pub(crate) fn of_bytes(bytes: usize) -> usize {
    bytes / BYTES
}

/// Adds up work; stops where it is too much for a lock.
pub(crate) fn sum(each: impl Iterator<Item = usize>) -> usize {
    let mut sum = 0;
    for units in each {
        sum += units;
        if sum > AT_ONCE {
            break;
        }
    }
    sum
}
