//! The small words in which collections are asked for things.

use std::ops::Range;

use crate::Ttl;

/// How long a collection lives after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionTtl {
    /// What a new collection gets.
    pub ttl: Ttl,
    /// Whether one that is there already gets it as well.
    pub refresh: bool,
}

/// In which order members are counted and come back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Lowest score first.
    #[default]
    Ascending,
    /// Highest score first; the exact reverse.
    Descending,
}

/// One of the two ends of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Where index 0 is.
    Front,
    /// Where index -1 is.
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

/// Part of a sequence, as Python writes it: negative positions count from the
/// end, and what lies outside is cut off.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The first position that belongs to it; `None` is the beginning.
    pub start: Option<i64>,
    /// The first position that no longer does; `None` is the end.
    pub end: Option<i64>,
}

impl Slice {
    /// The positions in a sequence of this length; empty if the end does not
    /// come after the start.
    pub fn of(self, len: usize) -> Range<usize> {
        let at = |position: i64| {
            let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
            if position < 0 { len.saturating_sub(distance) } else { distance.min(len) }
        };
        let start = self.start.map_or(0, at);
        start..self.end.map_or(len, at).max(start)
    }
}

/// Of some positions, those after `offset`, at most `count`.
pub(crate) fn page(positions: Range<usize>, offset: usize, count: usize) -> Range<usize> {
    let start = positions.start.saturating_add(offset).min(positions.end);
    start..start.saturating_add(count).min(positions.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_what_python_says() {
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
