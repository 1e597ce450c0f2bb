//! Segments, and the queues that they form.

use std::collections::VecDeque;
use std::iter::successors;

use crate::record::Record;

/// The sizes of segments. The open and the drained segment of each queue are partly unused, so there
/// should be many segments; each may have an unused end, so each should have many records.
pub(super) const SMALLEST_SEGMENT: usize = 4 * 1024;
pub(super) const LARGEST_SEGMENT: usize = 64 * 1024;
pub(super) const SEGMENTS: usize = 64;
/// The unused end of a closed segment is freed if it is more than one part in this many.
pub(super) const WORTH_FREEING: usize = 16;

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
pub(super) struct Segment {
    pub(super) records: Vec<u8>,
    /// Bytes of live records.
    pub(super) live: usize,
    pub(super) queue: Queue,
    pub(super) state: State,
    /// Differs from that of all segments before; see [`Position`].
    pub(super) serial: u32,
}

impl Segment {
    /// The bytes of removed records.
    pub(super) fn holes(&self) -> usize {
        self.records.len() - self.live
    }

    /// The unused bytes after the last record.
    pub(super) fn end(&self) -> usize {
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

/// What happens to a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Closed,
    /// The first of its queue, being emptied: its holes and its end are not counted.
    Drained,
    /// Its memory is freed; its number is still in the queue.
    Freed,
}

/// The segments of a queue.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) open: Option<u32>,
    pub(super) closed: VecDeque<u32>,
    /// How much of the first closed segment is known to have no live records.
    pub(super) passed: usize,
    /// Closed segments whose memory is freed.
    pub(super) freed: usize,
    /// Live records.
    pub(super) records: usize,
}
