//! Searches for an item to evict: what they look for, where they begin, and what they passed.

use crate::Namespace;

/// So many bytes of an item that is moved weigh as much as another item.
const BYTES: usize = 1024;
/// So much is moved and removed at once, under one lock: fifty microseconds, or twice as many if little
/// of it is in the processor's caches.
pub(crate) const DONE_AT_ONCE: usize = 256;
/// What it weighs to remove an item.
pub(crate) const REMOVAL: usize = 4;
/// After so many protected items, the other queue is tried.
const PROTECTED_IN_A_ROW: usize = 16;
/// And so many searches begin there, if it had what was looked for.
const SEARCHES_FROM_OTHER: u32 = 32;

/// Which items a search looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// Of caches that use more than their share.
    Fair,
    /// The same, beginning where this cache has one.
    Near(Namespace),
    /// Of all caches.
    Any,
}

/// The protected items that a search passed: those of caches that use less than their share.
#[derive(Debug, Default)]
pub(crate) struct Protected {
    items: usize,
    /// More than that, if they are large.
    pub(crate) weight: usize,
}

impl Protected {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.items += 1;
        self.weight += weight(bytes);
    }

    /// How often the search went on in the other queue.
    pub(crate) fn turns(&self) -> usize {
        self.items / PROTECTED_IN_A_ROW
    }
}

/// Where searches begin: if the last one found what it looked for in the other queue than eviction
/// would have chosen, the next ones begin there.
#[derive(Debug, Default)]
pub(crate) struct SearchStart {
    pub(crate) in_other: bool,
    /// For how many searches.
    left: u32,
    /// What a search that is not done has moved.
    moves: usize,
}

impl SearchStart {
    /// A search is to go on later, and has moved so much.
    pub(crate) fn pause(&mut self, moves: usize) {
        self.moves = moves;
    }

    /// What a search that goes on has moved.
    pub(crate) fn take_moves(&mut self) -> usize {
        std::mem::take(&mut self.moves)
    }

    /// Notes what a search that found something had passed before.
    pub(crate) fn note(&mut self, passed: &Protected) {
        if passed.turns() > 0 {
            self.in_other ^= passed.turns() % 2 == 1;
            self.left = SEARCHES_FROM_OTHER;
        } else if self.left > 0 {
            self.left -= 1;
        } else {
            self.in_other = false;
        }
    }
}

/// What it weighs to move a record of so many bytes: both limits, of time under the lock, are in
/// small records.
pub(crate) fn weight(bytes: usize) -> usize {
    1 + bytes / BYTES
}
