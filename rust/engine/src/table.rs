//! A hash table of slot numbers.
//!
//! Why not an existing one: there, a lookup reads a tag in one place and the number in another,
//! which means two cache misses; and it doubles when it grows, so that up to half of it is unused.
//! Here a cache line holds twelve numbers with their tags, and the table grows by a quarter.
//!
//! An item whose line is full goes to the next line with space. Each line counts the items that
//! passed it, so that a lookup knows when to stop, and removal leaves no tombstones.

use std::ops::RangeInclusive;

use crate::size;

/// Slot numbers in one cache line.
pub(crate) const CELLS: usize = 12;
/// The tag of an empty cell; no item has it.
const EMPTY: u8 = 0;

#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line {
    slots: [u32; CELLS],
    tags: [u8; CELLS],
    passed: u32,
}

impl Line {
    fn cell(&self, tag: u8, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        (0..CELLS).find(|&cell| self.tags[cell] == tag && is_it(self.slots[cell]))
    }
}

/// The hash table of one shard.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: Vec<Line>,
    len: usize,
}

impl Table {
    /// A table with space for this many items; it is full when four fifths of its cells are used.
    pub(crate) fn with_room(items: usize) -> Self {
        let lines = (items * 5).div_ceil(4 * CELLS);
        Self { lines: vec![Line::default(); lines], len: 0 }
    }

    /// Whether it must be replaced by a larger one before the next insert.
    pub(crate) fn is_full(&self) -> bool {
        (self.len + 1) * 5 > self.lines.len() * CELLS * 4
    }

    /// An empty table that is a quarter larger.
    pub(crate) fn larger(&self) -> Self {
        Self::with_room(self.len + self.len / 4 + 1)
    }

    /// The slot with this hash for which `is_it` is true.
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.path(hash).find_map(|at| {
            let line = &self.lines[at];
            line.cell(tag(hash), &is_it).map(|cell| line.slots[cell])
        })
    }

    /// Adds a slot; the table must not be full.
    pub(crate) fn insert(&mut self, hash: u32, slot: u32) {
        let mut at = self.home(hash);
        loop {
            let line = &mut self.lines[at];
            if let Some(cell) = line.cell(EMPTY, |_| true) {
                line.slots[cell] = slot;
                line.tags[cell] = tag(hash);
                self.len += 1;
                return;
            }
            line.passed += 1;
            at = self.next(at);
        }
    }

    /// Removes a slot that is in the table.
    pub(crate) fn remove(&mut self, hash: u32, slot: u32) {
        let mut at = self.home(hash);
        loop {
            let line = &mut self.lines[at];
            if let Some(cell) = line.cell(tag(hash), |it| it == slot) {
                line.tags[cell] = EMPTY;
                self.len -= 1;
                return;
            }
            line.passed -= 1;
            at = self.next(at);
        }
    }

    /// The lines that may contain items whose hash is in `hashes`; each once.
    pub(crate) fn lines_of(&self, hashes: &RangeInclusive<u32>) -> impl Iterator<Item = usize> {
        let (first, last) = (self.home(*hashes.start()), self.home(*hashes.end()));
        let beyond = std::iter::successors(self.beyond(last), |&at| self.beyond(at));
        (first..=last).chain(beyond).take(self.lines.len())
    }

    /// The slots of all items whose hash is in `hashes`, among others of the same lines; each once.
    pub(crate) fn slots_of(&self, hashes: &RangeInclusive<u32>) -> impl Iterator<Item = u32> {
        self.lines_of(hashes).flat_map(|at| {
            let Line { slots, tags, .. } = &self.lines[at];
            slots.iter().zip(tags).filter(|(_, tag)| **tag != EMPTY).map(|(slot, _)| *slot)
        })
    }

    /// The first hash whose line is `lines` after that of `hash`; `None` if the table ends before.
    pub(crate) fn hash_after(&self, hash: u32, lines: usize) -> Option<u32> {
        let (line, all) = (self.home(hash) + lines, self.lines.len());
        let first = || ((line as u64) << 32).div_ceil(all as u64);
        (line < all).then(first).and_then(|hash| u32::try_from(hash).ok())
    }

    /// The lines that may contain an item with this hash.
    fn path(&self, hash: u32) -> impl Iterator<Item = usize> {
        let first = (!self.lines.is_empty()).then(|| self.home(hash));
        std::iter::successors(first, |&at| self.beyond(at)).take(self.lines.len())
    }

    /// The line after this one, if items of this one or of those before went on to it.
    fn beyond(&self, at: usize) -> Option<usize> {
        self.lines.get(at).filter(|line| line.passed > 0).map(|_| self.next(at))
    }

    fn home(&self, hash: u32) -> usize {
        size::scale(hash, self.lines.len())
    }

    fn next(&self, at: usize) -> usize {
        if at + 1 == self.lines.len() { 0 } else { at + 1 }
    }
}

/// The high bits of the hash select the line, the low ones are the tag.
fn tag(hash: u32) -> u8 {
    hash.to_le_bytes()[0].max(EMPTY + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes of which many share a line or a tag.
    fn hash(i: u32) -> u32 {
        i % 7 * 0x2000_0000 + i
    }

    #[test]
    fn inserted_slots_are_found_until_they_are_removed() {
        let mut table = Table::with_room(100);
        let mut items = 0;
        while !table.is_full() {
            assert_eq!(table.find(hash(items), |it| it == items), None);
            table.insert(hash(items), items);
            items += 1;
        }
        assert!(items >= 100);
        for i in (0..items).rev() {
            assert_eq!(table.find(hash(i), |it| it == i), Some(i));
            table.remove(hash(i), i);
            assert_eq!(table.find(hash(i), |it| it == i), None);
        }
        assert!(table.lines.iter().all(|line| line.passed == 0));
    }

    #[test]
    fn ranges_of_lines_contain_the_slots_of_all_their_hashes() {
        let mut table = Table::with_room(100);
        let items = (0..).take_while(|&i| {
            !table.is_full() && {
                table.insert(hash(i), i);
                true
            }
        });
        let items: Vec<u32> = items.collect();
        for lines in 1..=table.lines.len() {
            let (mut first, mut found) = (0, Vec::new());
            loop {
                let end = table.hash_after(first, lines);
                let hashes = first..=end.map_or(u32::MAX, |end| end - 1);
                let slots = table.slots_of(&hashes);
                found.extend(slots.filter(|slot| hashes.contains(&hash(*slot))));
                let Some(end) = end else { break };
                assert_eq!(table.home(end), table.home(end - 1) + 1);
                first = end;
            }
            found.sort_unstable();
            assert_eq!(found, items, "{lines}");
        }
    }

    #[test]
    fn lines_of_a_hash_include_those_to_which_its_items_went_on_also_at_the_start() {
        let mut table = Table::with_room(100);
        let last = table.lines.len() - 1;
        let items = 0..3 * u32::try_from(CELLS).unwrap();
        items.clone().for_each(|i| table.insert(u32::MAX - i, i));

        let hashes = u32::MAX - items.end..=u32::MAX;

        assert!(table.lines_of(&hashes).eq([last, 0, 1]));
        let mut found: Vec<_> = table.slots_of(&hashes).collect();
        found.sort_unstable();
        assert!(found.into_iter().eq(items));
    }

    #[test]
    fn an_empty_table_has_nothing_and_is_full() {
        let table = Table::default();

        assert_eq!(table.find(7, |_| true), None);
        assert_eq!(table.slots_of(&(0..=u32::MAX)).count(), 0);
        assert_eq!(table.hash_after(0, 1), None);
        assert!(table.is_full() && !table.larger().is_full());
    }
}
