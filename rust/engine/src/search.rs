//! Searches for an item to evict: what they look for, and what they passed.

use crate::Namespace;

/// So many bytes of an item that is passed weigh as much as another item.
const KEPT_BYTES: usize = 4096;
/// After so many items that are passed, the other queue is tried.
const KEPT_IN_A_ROW: usize = 16;
/// And so many searches begin there, if it had what was looked for.
const TURNED: u32 = 32;

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

/// What a search moved because its cache keeps it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    items: usize,
    /// More than that, if they are large.
    pub(crate) weight: usize,
}

impl Kept {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.items += 1;
        self.weight += 1 + bytes / KEPT_BYTES;
    }

    /// How often the search went on in the other queue.
    pub(crate) fn turns(&self) -> usize {
        self.items / KEPT_IN_A_ROW
    }
}

/// Where searches begin: if the last one found what it looked for in the other queue than eviction
/// would have chosen, the next ones begin there.
#[derive(Debug, Default)]
pub(crate) struct Turned {
    pub(crate) is_turned: bool,
    /// For how many searches.
    left: u32,
}

impl Turned {
    /// Notes what a search that found something moved before.
    pub(crate) fn note(&mut self, kept: &Kept) {
        if kept.turns() > 0 {
            self.is_turned ^= kept.turns() % 2 == 1;
            self.left = TURNED;
        } else if self.left > 0 {
            self.left -= 1;
        } else {
            self.is_turned = false;
        }
    }
}
