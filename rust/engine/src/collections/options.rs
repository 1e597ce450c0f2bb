//! Parameters of commands on collections.

use std::ops::Range;

use crate::Ttl;

/// The TTL of a collection after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionTtl {
    /// The TTL of a new collection.
    pub ttl: Ttl,
    /// Whether an existing collection gets it, too.
    pub refresh: bool,
}

/// The order of members by rank and score.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Lowest score first.
    #[default]
    Ascending,
    /// Highest score first: the exact reverse.
    Descending,
}

/// One of the two ends of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With index 0.
    Front,
    /// With index -1.
    Back,
}

impl End {
    /// The opposite one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Front => Self::Back,
            Self::Back => Self::Front,
        }
    }
}

/// A part of a sequence, like a slice in Python: negative positions count from the end, and
/// positions outside are cut off.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The first position; `None` for the beginning.
    pub start: Option<i64>,
    /// The position after the last; `None` for the end.
    pub end: Option<i64>,
}

impl Slice {
    /// Whether it is everything.
    pub fn is_whole(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// The positions in a sequence of this length; empty if the end is not after the start.
    pub fn of(self, len: usize) -> Range<usize> {
        let at = |position: i64| {
            let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
            if position < 0 { len.saturating_sub(distance) } else { distance.min(len) }
        };
        let start = self.start.map_or(0, at);
        start..self.end.map_or(len, at).max(start)
    }
}

/// At most `count` of these positions, after the first `offset`.
pub(crate) fn page(positions: Range<usize>, offset: usize, count: usize) -> Range<usize> {
    let start = positions.start.saturating_add(offset).min(positions.end);
    start..start.saturating_add(count).min(positions.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_matches_python() {
        let of = |start, end| Slice { start, end }.of(4);

        assert_eq!(of(None, None), 0..4);
        assert_eq!(of(Some(1), Some(3)), 1..3);
        assert_eq!(of(Some(-3), Some(-1)), 1..3);
        assert_eq!(of(Some(-9), Some(9)), 0..4);
        assert_eq!(of(Some(9), None), 4..4);
        assert_eq!(of(None, Some(-9)), 0..0);
        assert!(of(Some(3), Some(1)).is_empty());
        assert!(of(Some(i64::MIN), Some(i64::MIN)).is_empty());
    }
}
