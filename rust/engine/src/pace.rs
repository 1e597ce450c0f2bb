//! Long work outside of locks, in pieces.

/// Is told of work, and may run other things before it returns. It is never told while a lock is
/// held.
pub trait Pace {
    /// Called for each bit of long work; a unit is some ten nanoseconds.
    fn work(&self, units: usize);
}

/// For callers that nobody waits for: it never runs anything else.
#[derive(Debug, Clone, Copy)]
pub struct Unpaced;

impl Pace for Unpaced {
    fn work(&self, _: usize) {}
}

/// How much work it is to visit an element, in units.
pub(crate) const ELEMENT: usize = 8;
/// How much it is to add one to a collection.
pub(crate) const INSERTION: usize = 3 * ELEMENT;
/// How many bytes are copied in one unit.
const BYTES: usize = 64;

/// How much work it is to copy an element of `bytes` bytes, in units.
pub fn work_of(bytes: usize) -> usize {
    ELEMENT + bytes / BYTES
}
