//! A few addresses without a hash table: for caches that have no more items in a shard.

use crate::table::{NO_TAG, tag};

/// The most addresses.
pub(crate) const FEW: usize = 4;

/// Addresses with a byte of each hash, so that a lookup reads few records that it does not look for.
#[derive(Debug, Default)]
pub(crate) struct Few {
    addresses: [u32; FEW],
    tags: [u8; FEW],
}

impl Few {
    /// The address with this hash for which `is_it` is true.
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.cell(tag(hash), is_it).map(|cell| self.addresses[cell])
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = u32> {
        let cells = self.addresses.iter().zip(&self.tags);
        cells.filter(|(_, tag)| **tag != NO_TAG).map(|(address, _)| *address)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tags == [NO_TAG; FEW]
    }

    pub(crate) fn is_full(&self) -> bool {
        !self.tags.contains(&NO_TAG)
    }

    /// Adds an address; there must be room.
    pub(crate) fn insert(&mut self, hash: u32, address: u32) {
        let cell = self.cell(NO_TAG, |_| true).expect("there is room");
        (self.addresses[cell], self.tags[cell]) = (address, tag(hash));
    }

    /// Replaces an address that is there.
    pub(crate) fn replace(&mut self, hash: u32, old: u32, new: u32) {
        let cell = self.cell(tag(hash), |it| it == old).expect("it is there");
        self.addresses[cell] = new;
    }

    /// Removes an address that is there.
    pub(crate) fn remove(&mut self, hash: u32, address: u32) {
        let cell = self.cell(tag(hash), |it| it == address).expect("it is there");
        self.tags[cell] = NO_TAG;
    }

    fn cell(&self, tag: u8, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        (0..FEW).find(|&cell| self.tags[cell] == tag && is_it(self.addresses[cell]))
    }
}
