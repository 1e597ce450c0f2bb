//! What a command takes in and what it finds: the facts that usage is counted by.
//!
//! A command counts what its client sent: its key, and every field, element, value, score and what a
//! value is compared with. A read counts what it looked for, each item, field or element once, as
//! there or not; so does a write that hands out what it removes. Other writes look for nothing.

use std::ops::AddAssign;

/// What a score takes on the wire, in bytes.
pub const SCORE_BYTES: usize = size_of::<f64>();
/// What an id of a leaderboard takes on the wire, in bytes.
pub const ID_BYTES: usize = size_of::<u32>();

/// What was looked for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How many items, fields or elements were there.
    pub hits: u64,
    /// How many were not.
    pub misses: u64,
    /// How many bytes of those that were there the reply bears.
    pub bytes: u64,
}

impl Looked {
    /// One item, field or element: with how many bytes of it the reply bears, or `None` if it was
    /// not there.
    pub(crate) fn one(found: Option<usize>) -> Self {
        Self {
            hits: u64::from(found.is_some()),
            misses: u64::from(found.is_none()),
            bytes: found.unwrap_or(0) as u64,
        }
    }

    /// So many that were not there.
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

/// How many bytes slices have together.
pub(crate) fn sum_of<'a>(slices: impl IntoIterator<Item = &'a [u8]>) -> usize {
    slices.into_iter().map(<[u8]>::len).sum()
}
