//! What commands receive and look up, for metering.
//!
//! A command counts what its client sent: its key, and every field, element, value, score and
//! compared value. A read counts each item, field or element that it looks up as a hit or a miss;
//! so does a write that returns what it removes. Other writes look up nothing.
//!
//! Bytes are counted in chunks, too: each item or element rounded up by itself.

use std::ops::AddAssign;

use crate::Pace;
use crate::pace::{ELEMENT, GLANCE};

/// The size of a score on the wire, in bytes.
pub const SCORE_BYTES: usize = size_of::<f64>();
/// The size of a leaderboard id on the wire, in bytes.
pub const ID_BYTES: usize = size_of::<u32>();

/// The size of a chunk, in bytes.
pub const CHUNK_BYTES: usize = 1_024;

/// How many chunks an item or element of so many bytes takes.
pub fn chunks(bytes: usize) -> u64 {
    bytes.div_ceil(CHUNK_BYTES) as u64
}

/// What a client sent for a command.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Bytes of keys, elements and values.
    pub bytes: u64,
    /// The chunks of the item, or of each element.
    pub chunks: u64,
    /// How many elements; 0 for an item without.
    pub elements: u64,
}

impl Received {
    /// An item, or a key alone, of so many bytes.
    pub fn item(bytes: usize) -> Self {
        Self { bytes: bytes as u64, chunks: chunks(bytes), elements: 0 }
    }

    /// A key and elements of these sizes in bytes. The key has no chunks of its own, unless there
    /// is nothing else.
    pub(crate) fn elements(
        key: &[u8],
        sizes: impl IntoIterator<Item = usize>,
        pace: &dyn Pace,
    ) -> Self {
        let mut all = Self::default();
        for size in sizes {
            pace.work(GLANCE);
            all.bytes += size as u64;
            all.chunks += chunks(size);
            all.elements += 1;
        }
        if all.chunks == 0 {
            all.chunks = chunks(key.len());
        }
        Self { bytes: all.bytes + key.len() as u64, ..all }
    }
}

/// The lookups of a command.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How many items, fields or elements were found.
    pub hits: u64,
    /// How many were not found.
    pub misses: u64,
    /// How many bytes of those found are in the reply.
    pub bytes: u64,
    /// How many chunks these take, each item or element by itself.
    pub chunks: u64,
}

impl Looked {
    /// A lookup of one item, field or element: the bytes of it in the reply, or `None` if it was
    /// not found.
    pub(crate) fn one(found: Option<usize>) -> Self {
        Self {
            hits: u64::from(found.is_some()),
            misses: u64::from(found.is_none()),
            bytes: found.unwrap_or(0) as u64,
            chunks: chunks(found.unwrap_or(0)),
        }
    }

    /// A lookup of one collection: the bytes of each element of it in the reply, or `None` if it was
    /// not found.
    pub(crate) fn collection(found: Option<impl Iterator<Item = usize>>, pace: &dyn Pace) -> Self {
        let Some(sizes) = found else { return Self::missed(1) };
        let mut looked = Self { hits: 1, ..Self::default() };
        for size in sizes.take_while(|_| !pace.is_over()) {
            pace.work(ELEMENT);
            looked.bytes += size as u64;
            looked.chunks += chunks(size);
        }
        looked
    }

    /// Lookups of `count` elements that were not found.
    pub(crate) fn missed(count: usize) -> Self {
        Self { misses: count as u64, ..Self::default() }
    }
}

impl AddAssign for Received {
    fn add_assign(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.chunks += more.chunks;
        self.elements += more.elements;
    }
}

impl AddAssign for Looked {
    fn add_assign(&mut self, more: Self) {
        self.hits += more.hits;
        self.misses += more.misses;
        self.bytes += more.bytes;
        self.chunks += more.chunks;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unpaced;

    #[test]
    fn each_element_is_rounded_up_by_itself() {
        let sizes = [0, 1, 1_024, 1_025, 2_049];
        let looked = Looked::collection(Some(sizes.into_iter()), &Unpaced);

        assert_eq!(
            Received::elements(b"key", sizes, &Unpaced),
            Received { bytes: 4_102, chunks: 7, elements: 5 }
        );
        assert_eq!(looked, Looked { hits: 1, misses: 0, bytes: 4_099, chunks: 7 });
        assert_eq!(Received::item(4_099), Received { bytes: 4_099, chunks: 5, elements: 0 });
    }

    #[test]
    fn a_key_has_chunks_where_there_are_no_elements() {
        assert_eq!(
            Received::elements(&[0; 1_025], [], &Unpaced),
            Received { bytes: 1_025, chunks: 2, elements: 0 }
        );
        assert_eq!(
            Received::elements(b"key", [0, 0], &Unpaced),
            Received { bytes: 3, chunks: 1, elements: 2 }
        );
    }
}
