//! Iterates over entries.

use std::ops::Range;

use super::{Digest, Slot, Tree};
use crate::Order;

/// The entries at some positions, in ascending or descending order.
#[derive(Debug)]
pub(crate) struct Iter<'a, D, K, V> {
    tree: &'a Tree<D, K, V>,
    /// The positions whose leaves were not visited yet.
    rest: Range<usize>,
    /// The rest of the current leaf.
    digests: &'a [D],
    slots: &'a [Slot<K, V>],
    order: Order,
}

impl<D: Digest, K: Clone, V: Clone> Tree<D, K, V> {
    /// The entries at these positions, which count from the lowest key in either order.
    pub(crate) fn iter(&self, positions: Range<usize>, order: Order) -> Iter<'_, D, K, V> {
        Iter { tree: self, rest: positions, digests: &[], slots: &[], order }
    }
}

impl<D: Digest, K: Clone, V: Clone> Iter<'_, D, K, V> {
    fn next_leaf(&mut self) -> Option<()> {
        let at = match self.order {
            Order::Ascending => self.rest.start,
            Order::Descending => self.rest.end.checked_sub(1)?,
        };
        let (leaf, local) = self.tree.leaf(at).filter(|_| !self.rest.is_empty())?;
        let range = match self.order {
            Order::Ascending => local..leaf.slots.len().min(local + self.rest.len()),
            Order::Descending => (local + 1).saturating_sub(self.rest.len())..local + 1,
        };
        (self.digests, self.slots) = (&leaf.digests[range.clone()], &leaf.slots[range]);
        match self.order {
            Order::Ascending => self.rest.start += self.slots.len(),
            Order::Descending => self.rest.end -= self.slots.len(),
        }
        Some(())
    }
}

impl<'a, D: Digest, K: Clone, V: Clone> Iterator for Iter<'a, D, K, V> {
    type Item = (D, &'a Slot<K, V>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.slots.is_empty() {
            self.next_leaf()?;
        }
        let (digest, slot) = match self.order {
            Order::Ascending => (self.digests.split_off_first(), self.slots.split_off_first()),
            Order::Descending => (self.digests.split_off_last(), self.slots.split_off_last()),
        };
        Some((*digest?, slot?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.rest.len() + self.slots.len();
        (len, Some(len))
    }
}
