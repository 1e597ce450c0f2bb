//! What is stored, and what was evicted or expired.

use std::iter::Sum;
use std::ops::{AddAssign, SubAssign};

/// What a cache stores now, including expired items that are not swept yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Number of items.
    pub items: u64,
    /// Their memory: records, values out of line as the allocator rounds them, and overhead; not the
    /// holes between records.
    pub bytes: u64,
    /// The bytes of their keys and values alone.
    pub data: u64,
}

/// The size of an item, in bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Its memory.
    pub(crate) memory: u64,
    /// Its key and value alone.
    pub(crate) data: u64,
}

/// What an engine stores now, and what it evicted or expired since it was created.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Number of items, including expired ones that are not swept yet.
    pub items: u64,
    /// Their memory. The budget limits it together with the holes between records.
    pub bytes: u64,
    /// Items evicted because memory was full.
    pub evicted: u64,
    /// Expired items that were removed.
    pub expired: u64,
}

impl Stored {
    /// One item of this size.
    pub(crate) fn item(size: Size) -> Self {
        Self { items: 1, bytes: size.memory, data: size.data }
    }

    /// An item has a new size.
    pub(crate) fn resize(&mut self, old: Size, new: Size) {
        self.bytes = self.bytes - old.memory + new.memory;
        self.data = self.data - old.data + new.data;
    }
}

impl AddAssign for Stored {
    fn add_assign(&mut self, other: Self) {
        self.items += other.items;
        self.bytes += other.bytes;
        self.data += other.data;
    }
}

impl SubAssign for Stored {
    fn sub_assign(&mut self, other: Self) {
        self.items -= other.items;
        self.bytes -= other.bytes;
        self.data -= other.data;
    }
}

impl Sum for Stored {
    fn sum<I: Iterator<Item = Self>>(them: I) -> Self {
        them.fold(Self::default(), |mut sum, it| {
            sum += it;
            sum
        })
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.items += other.items;
        self.bytes += other.bytes;
        self.evicted += other.evicted;
        self.expired += other.expired;
    }
}
