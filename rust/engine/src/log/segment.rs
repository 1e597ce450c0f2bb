//! Segments, and the queues that they form.

use std::collections::VecDeque;
use std::iter::successors;

use crate::record::Record;
use crate::{Moment, Namespace};

/// The sizes of segments. The open and the drained segment of each queue are partly unused, so there
/// should be many segments; each may have an unused end, so each should have many records.
pub(super) const SMALLEST_SEGMENT: usize = 4 * 1024;
pub(super) const LARGEST_SEGMENT: usize = 256 * 1024;
pub(super) const SEGMENTS: usize = 64;

/// The two queues of the eviction algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// For new items.
    Small,
    /// For items that were used again.
    Main,
}

impl Queue {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Small => Self::Main,
            Self::Main => Self::Small,
        }
    }
}

/// What draining a queue meets next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Its first record. From now on its segment is drained.
    Record(u32),
    /// The end of its first segment, which is no longer in the queue.
    End(Drained),
}

/// A segment that was drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drained {
    /// How many records were appended to the log since it was opened.
    pub(crate) age: u64,
    pub(crate) opened: Moment,
}

/// A place in the log, for walks over it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(super) segment: usize,
    pub(super) offset: usize,
    /// Of the segment that had this number, since numbers are reused.
    pub(super) serial: u32,
}

/// A piece of memory with records.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Segment {
    pub(super) records: Vec<u8>,
    /// Bytes of live records.
    pub(super) live: usize,
    /// Live records.
    pub(super) items: usize,
    pub(super) notes: Box<Notes>,
    pub(super) queue: Queue,
    pub(super) state: State,
    /// Differs from that of all segments before; see [`Position`].
    pub(super) serial: u32,
    /// Whether uses of its items count.
    pub(super) counts: bool,
}

/// What eviction asks of a segment. It is apart, so that a read, which needs the rest, touches one
/// cache line.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Whose records were appended.
    pub(super) owners: Owners,
    /// How many records had been appended to the log when it was opened.
    pub(super) appended: u64,
    pub(super) opened: Moment,
}

impl Segment {
    /// The bytes of removed records.
    pub(super) fn holes(&self) -> usize {
        self.records.len() - self.live
    }

    /// The unused bytes after the last record.
    pub(super) fn unused_end(&self) -> usize {
        self.records.capacity() - self.records.len()
    }

    /// The offset of the first live record from an offset on.
    pub(super) fn next_live(&self, mut offset: usize) -> Option<usize> {
        while offset < self.records.len() {
            let record = Record::read(&self.records[offset..]);
            if record.header.is_live() {
                return Some(offset);
            }
            offset += record.len();
        }
        None
    }

    /// The live records.
    pub(super) fn live_records(&self) -> impl Iterator<Item = Record<'_>> {
        let read = |at: usize| Record::read(&self.records[at..]);
        let next = move |at: &usize| self.next_live(at + read(*at).len());
        successors(self.next_live(0), next).map(read)
    }
}

/// The most caches that a segment tells apart.
const OWNERS: usize = 16;

/// The caches whose records a segment has, unless they are many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owners {
    them: [Namespace; OWNERS],
    /// How many they are; more than can be told apart if they are many.
    len: usize,
}

impl Default for Owners {
    fn default() -> Self {
        Self { them: [Namespace(0); OWNERS], len: 0 }
    }
}

impl Owners {
    pub(super) fn add(&mut self, namespace: Namespace) {
        let Some(known) = self.them.get(..self.len) else { return };
        if known.contains(&namespace) {
            return;
        }
        if let Some(next) = self.them.get_mut(self.len) {
            *next = namespace;
        }
        self.len += 1;
    }

    /// Whether they are few, and all as asked.
    pub(super) fn all(&self, are: impl FnMut(Namespace) -> bool) -> bool {
        self.them.get(..self.len).is_some_and(|them| them.iter().copied().all(are))
    }
}

/// What happens to a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Closed,
    /// Was the first of its queue, and is being emptied: its holes and its end are not counted.
    Drained,
    /// Its memory is freed; its number is still in the queue.
    Freed,
}

/// The segments of a queue.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Up to two, the older one first.
    pub(super) open: VecDeque<u32>,
    pub(super) closed: VecDeque<u32>,
    /// How much of the first closed segment is known to have no live records.
    pub(super) passed: usize,
    /// Closed segments whose memory is freed.
    pub(super) freed: usize,
    /// Live records, and their bytes.
    pub(super) records: usize,
    pub(super) bytes: usize,
}
