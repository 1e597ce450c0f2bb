//! The cache lines of a hash table, and addresses in them.
//!
//! An address whose line is full goes to the next line with space. Each line counts the addresses
//! that passed it, so that a lookup knows when to stop, and removal leaves no tombstones.

use std::ops::RangeInclusive;

use prefetch_index::prefetch_index;

use crate::size;

/// Addresses in one cache line.
pub(crate) const CELLS: usize = 12;
/// Lines that are allocated together: 4 KiB.
const CHUNK: usize = 64;
/// The tag of an empty cell; no address has it.
pub(crate) const NO_TAG: u8 = 0;

#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line {
    addresses: [u32; CELLS],
    tags: [u8; CELLS],
    passed: u32,
}

impl Line {
    fn cell(&self, tag: u8, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        (0..CELLS).find(|&cell| self.tags[cell] == tag && is_it(self.addresses[cell]))
    }

    fn is_unused(&self) -> bool {
        self.tags == [NO_TAG; CELLS] && self.passed == 0
    }

    fn addresses(&self) -> impl Iterator<Item = u32> {
        let cells = self.addresses.iter().zip(&self.tags);
        cells.filter(|(_, tag)| **tag != NO_TAG).map(|(address, _)| *address)
    }
}

/// A row of lines. Their memory is allocated once they are written to, so that creating them takes
/// no time.
#[derive(Debug, Default)]
pub(super) struct Lines {
    chunks: Vec<Vec<Line>>,
    len: usize,
}

impl Lines {
    pub(super) fn new(len: usize) -> Self {
        Self { chunks: vec![Vec::new(); len.div_ceil(CHUNK)], len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The address with this hash for which `is_it` is true.
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.path(hash).find_map(|at| {
            let line = self.line(at)?;
            line.cell(tag(hash), &is_it).map(|cell| line.addresses[cell])
        })
    }

    /// Has the processor read the line of a hash, without waiting for it.
    pub(super) fn prefetch(&self, hash: u32) {
        let at = self.home(hash);
        if let Some(chunk) = self.chunks.get(at / CHUNK) {
            prefetch_index(chunk, at % CHUNK);
        }
    }

    /// Adds an address; there must be an empty cell.
    pub(super) fn insert(&mut self, hash: u32, address: u32) {
        let mut at = self.home(hash);
        loop {
            let line = self.line_mut(at);
            if let Some(cell) = line.cell(NO_TAG, |_| true) {
                line.addresses[cell] = address;
                line.tags[cell] = tag(hash);
                return;
            }
            line.passed += 1;
            at = self.after(at);
        }
    }

    /// Replaces an address that is there.
    pub(super) fn replace(&mut self, hash: u32, old: u32, new: u32) {
        let mut at = self.home(hash);
        loop {
            let line = self.line_mut(at);
            if let Some(cell) = line.cell(tag(hash), |it| it == old) {
                line.addresses[cell] = new;
                return;
            }
            at = self.after(at);
        }
    }

    /// Removes an address that is there.
    pub(super) fn remove(&mut self, hash: u32, address: u32) {
        let mut at = self.home(hash);
        loop {
            let line = self.line_mut(at);
            if let Some(cell) = line.cell(tag(hash), |it| it == address) {
                line.tags[cell] = NO_TAG;
                return;
            }
            line.passed -= 1;
            at = self.after(at);
        }
    }

    /// The lines that may contain addresses whose hash is in `hashes`; each once.
    pub(super) fn lines_of(&self, hashes: &RangeInclusive<u32>) -> impl Iterator<Item = usize> {
        let homes = (self.len > 0).then(|| (self.home(*hashes.start()), self.home(*hashes.end())));
        homes.into_iter().flat_map(|(first, last)| {
            let beyond = std::iter::successors(self.beyond(last), |&at| self.beyond(at));
            (first..=last).chain(beyond).take(self.len)
        })
    }

    /// The addresses whose hash is in `hashes`, among others of the same lines; each once.
    pub(super) fn addresses_of(&self, hashes: &RangeInclusive<u32>) -> impl Iterator<Item = u32> {
        self.lines_of(hashes).filter_map(|at| self.line(at)).flat_map(Line::addresses)
    }

    /// The first hash whose line is `lines` after that of `hash`, or 2^32 if the row ends before.
    pub(super) fn hash_after(&self, hash: u32, lines: usize) -> u64 {
        self.first_hash((self.home(hash) + lines).min(self.len))
    }

    /// The first hash of a line; of the one after the last, 2^32.
    pub(super) fn first_hash(&self, line: usize) -> u64 {
        ((line as u64) << 32).div_ceil(self.len as u64)
    }

    /// Frees the memory of the lines that are allocated with this one, if it is the last of them,
    /// they are empty, and no address passed them.
    pub(super) fn free(&mut self, at: usize) {
        let chunk = &mut self.chunks[at / CHUNK];
        if at % CHUNK == CHUNK - 1 && chunk.iter().all(Line::is_unused) {
            *chunk = Vec::new();
        }
    }

    /// The lines that may contain an address with this hash.
    fn path(&self, hash: u32) -> impl Iterator<Item = usize> {
        let first = (self.len > 0).then(|| self.home(hash));
        std::iter::successors(first, |&at| self.beyond(at)).take(self.len)
    }

    /// The line after this one, if addresses of this one or of those before went on to it.
    fn beyond(&self, at: usize) -> Option<usize> {
        self.line(at).filter(|line| line.passed > 0).map(|_| self.after(at))
    }

    pub(super) fn home(&self, hash: u32) -> usize {
        size::scale(hash, self.len)
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.len { 0 } else { at + 1 }
    }

    fn line(&self, at: usize) -> Option<&Line> {
        self.chunks[at / CHUNK].get(at % CHUNK)
    }

    fn line_mut(&mut self, at: usize) -> &mut Line {
        let (chunk, left) = (&mut self.chunks[at / CHUNK], self.len - at / CHUNK * CHUNK);
        if chunk.is_empty() {
            *chunk = vec![Line::default(); left.min(CHUNK)];
        }
        &mut chunk[at % CHUNK]
    }
}

/// The high bits of the hash select the line, the low ones are the tag.
pub(crate) fn tag(hash: u32) -> u8 {
    hash.to_le_bytes()[0].max(NO_TAG + 1)
}
