//! What commands receive and look up, for metering.
//!
//! A command counts what its client sent: its key, and every field, element, value, score and
//! compared value. A read counts each item, field or element that it looks up as a hit or a miss;
//! so does a write that returns what it removes. Other writes look up nothing.

use std::ops::AddAssign;

/// The size of a score on the wire, in bytes.
pub const SCORE_BYTES: usize = size_of::<f64>();
/// The size of a leaderboard id on the wire, in bytes.
pub const ID_BYTES: usize = size_of::<u32>();

/// The lookups of a command.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How many items, fields or elements were found.
    pub hits: u64,
    /// How many were not found.
    pub misses: u64,
    /// How many bytes of those found are in the reply.
    pub bytes: u64,
}

impl Looked {
    /// A lookup of one item, field or element: the bytes of it in the reply, or `None` if it was
    /// not found.
    pub(crate) fn one(found: Option<usize>) -> Self {
        Self {
            hits: u64::from(found.is_some()),
            misses: u64::from(found.is_none()),
            bytes: found.unwrap_or(0) as u64,
        }
    }

    /// Lookups of `count` elements that were not found.
    pub(crate) fn missed(count: usize) -> Self {
        Self { misses: count as u64, ..Self::default() }
    }
}

impl AddAssign for Looked {
    fn add_assign(&mut self, more: Self) {
        self.hits += more.hits;
        self.misses += more.misses;
        self.bytes += more.bytes;
    }
}

/// The total length of slices, in bytes.
pub(crate) fn sum_of<'a>(slices: impl IntoIterator<Item = &'a [u8]>) -> usize {
    slices.into_iter().map(<[u8]>::len).sum()
}
