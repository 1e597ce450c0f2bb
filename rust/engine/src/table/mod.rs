//! A hash table of addresses.
//!
//! Why not an existing one: there, a lookup reads a tag in one place and the address in another,
//! which means two cache misses; and it doubles when it grows, in one step, so that up to half of
//! it is unused and a lock is held for milliseconds. Here a cache line holds twelve addresses with
//! their tags, and the table doubles a line at a time.
//!
//! Lines are in the order of the hashes that belong to them. While a table is resized, the lines of
//! hashes below the *frontier* are new, the others old; so a lookup reads only one of the two.

mod lines;

use std::ops::RangeInclusive;

use lines::Lines;

pub(crate) use lines::{CELLS, NO_TAG, tag};

/// One more than the largest hash.
const ALL: u64 = 1 << 32;
/// A table with fewer cells is not made smaller.
const SMALL: usize = 4 * CELLS;

/// A table is made at most so many times smaller in one resizing: if it grows again at once, each
/// insert moves few lines.
const MOST_SHRINKING: usize = 32;

/// Lines that are moved when a table is made smaller, at a time.
const MOVED_AT_A_TIME: usize = 64;

/// A hash table. Whoever uses it knows the hash of each address.
#[derive(Debug)]
pub(crate) struct Table {
    lines: Lines,
    /// The lines before the last resizing, as long as some of them are used.
    old: Lines,
    /// The lowest hash that belongs to an old line.
    frontier: u64,
    /// How many old lines are moved.
    moved: usize,
    len: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { lines: Lines::default(), old: Lines::default(), frontier: ALL, moved: 0, len: 0 }
    }
}

impl Table {
    /// The address with this hash for which `is_it` is true.
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.of(hash).find(hash, is_it)
    }

    /// Has the processor read what a lookup of a hash reads first, without waiting for it.
    pub(crate) fn prefetch(&self, hash: u32) {
        self.of(hash).prefetch(hash);
    }

    /// Adds an address.
    pub(crate) fn insert(&mut self, hash: u32, address: u32, hash_of: impl Fn(u32) -> u32) {
        if self.room() == 0 {
            self.resize(2 * self.len + 1);
        }
        self.of_mut(hash).insert(hash, address);
        self.len += 1;
        self.go_on(self.lines_to_move(), hash_of);
    }

    /// Replaces an address that is in the table.
    pub(crate) fn replace(&mut self, hash: u32, old: u32, new: u32) {
        self.of_mut(hash).replace(hash, old, new);
    }

    /// Removes an address that is in the table.
    pub(crate) fn remove(&mut self, hash: u32, address: u32, hash_of: impl Fn(u32) -> u32) {
        self.of_mut(hash).remove(hash, address);
        self.len -= 1;
        self.go_on(1, hash_of);
    }

    /// Starts to make the table smaller if it is nearly empty, or goes on with that; how many lines it
    /// moves.
    pub(crate) fn shrink(&mut self, hash_of: impl Fn(u32) -> u32) -> usize {
        if self.frontier == ALL && self.is_sparse() {
            self.resize((2 * self.len + 1).max(self.lines.len() / MOST_SHRINKING * CELLS));
        }
        let left = self.old.len() - self.moved;
        self.go_on(MOVED_AT_A_TIME, hash_of);
        left.min(MOVED_AT_A_TIME)
    }

    /// How many cells [`Table::addresses_of`] visits.
    pub(crate) fn cells_of(&self, hashes: &RangeInclusive<u32>) -> usize {
        self.of(*hashes.start()).lines_of(hashes).count() * CELLS
    }

    /// The addresses of all items whose hash is in `hashes`, among others of the same lines; each
    /// once. `hashes` must end before the next [`Table::hash_after`].
    pub(crate) fn addresses_of(&self, hashes: &RangeInclusive<u32>) -> impl Iterator<Item = u32> {
        self.of(*hashes.start()).addresses_of(hashes)
    }

    /// A hash that is at most `lines` lines after `hash`, and at least one; `None` if the table ends
    /// before.
    pub(crate) fn hash_after(&self, hash: u32, lines: usize) -> Option<u32> {
        let is_new = u64::from(hash) < self.frontier;
        let rows = self.of(hash);
        let end = if rows.len() == 0 { ALL } else { rows.hash_after(hash, lines) };
        u32::try_from(if is_new { end.min(self.frontier) } else { end }).ok()
    }

    /// Goes on with resizing, by so many lines.
    pub(crate) fn go_on(&mut self, lines: usize, hash_of: impl Fn(u32) -> u32) {
        for _ in 0..lines {
            if self.frontier == ALL {
                return;
            }
            self.move_line(&hash_of);
        }
    }

    /// Whether at most a sixth of its cells are used.
    fn is_sparse(&self) -> bool {
        let cells = self.lines.len() * CELLS;
        self.len * 6 <= cells && cells > SMALL
    }

    /// How many more addresses fit, up to four fifths of the cells.
    fn room(&self) -> usize {
        (self.lines.len() * CELLS * 4 / 5).saturating_sub(self.len)
    }

    /// How many lines the next insert moves, so that none is left when the table is full.
    fn lines_to_move(&self) -> usize {
        (self.old.len() - self.moved).div_ceil(self.room().max(1))
    }

    /// Starts to resize, for so many items.
    fn resize(&mut self, items: usize) {
        let lines = (items * 5).div_ceil(4 * CELLS);
        self.old = std::mem::replace(&mut self.lines, Lines::new(lines));
        (self.frontier, self.moved) = (if self.len == 0 { ALL } else { 0 }, 0);
        if self.len == 0 {
            self.old = Lines::default();
        }
    }

    /// Moves the addresses that belong to the next old line.
    fn move_line(&mut self, hash_of: &impl Fn(u32) -> u32) {
        let end = self.old.first_hash(self.moved + 1);
        let hashes = self.frontier..end;
        let first = u32::try_from(hashes.start).expect("below 2^32");
        let last = u32::try_from(end - 1).expect("below 2^32");
        // All hashes are read before anything is moved: those reads wait for memory together.
        let range = first..=last;
        let found = self.old.addresses_of(&range).map(|address| (address, hash_of(address)));
        for (address, hash) in found.collect::<Vec<_>>() {
            if hashes.contains(&u64::from(hash)) {
                self.old.remove(hash, address);
                self.lines.insert(hash, address);
            }
        }
        self.old.free(self.moved);
        (self.frontier, self.moved) = (end, self.moved + 1);
        if end == ALL {
            (self.old, self.moved) = (Lines::default(), 0);
        }
    }

    /// The lines to which a hash belongs.
    fn of(&self, hash: u32) -> &Lines {
        if u64::from(hash) < self.frontier { &self.lines } else { &self.old }
    }

    fn of_mut(&mut self, hash: u32) -> &mut Lines {
        if u64::from(hash) < self.frontier { &mut self.lines } else { &mut self.old }
    }
}

#[cfg(test)]
mod tests;
