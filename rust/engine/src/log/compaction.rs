//! Compaction: moves the records out of segments with many holes, so that these can be freed.

use super::Log;
use super::segment::{Position, SMALLEST_SEGMENT, Segment, State};

/// Holes are compacted if they are more than one part in this many of the records.
pub(super) const MOST_HOLES: usize = 10;

impl Log {
    /// The next record to move for compaction, of the segment with most holes; `None` if there are
    /// few holes.
    pub(crate) fn next_to_compact(&mut self) -> Option<u32> {
        if self.holes < SMALLEST_SEGMENT {
            return None;
        }
        let from = self.compacted.take().filter(|from| self.is_compacted(*from));
        let from = from.or_else(|| self.most_holes())?;
        let offset = self.segments[from.segment].next_live(from.offset)?;
        self.compacted = Some(Position { offset, ..from });
        Some(Self::join(from.segment, offset))
    }

    /// Whether the segment still is as compaction left it.
    fn is_compacted(&self, from: Position) -> bool {
        let segment = &self.segments[from.segment];
        segment.serial == from.serial && segment.state == State::Closed
    }

    /// The start of the segment with most holes, if there are too many holes.
    fn most_holes(&self) -> Option<Position> {
        if self.holes <= self.live / MOST_HOLES + self.segment_bytes() {
            return None;
        }
        let has_many = |(_, segment): &(usize, &Segment)| {
            let is_closed = segment.state == State::Closed;
            is_closed && segment.holes() * MOST_HOLES > segment.records.len()
        };
        let segments = self.segments.iter().enumerate().filter(has_many);
        let (number, segment) = segments.max_by_key(|(_, segment)| segment.holes())?;
        Some(Position { segment: number, offset: 0, serial: segment.serial })
    }
}
