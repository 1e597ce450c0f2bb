//! Entries one after the other.

use std::ops::Range;

use super::{Slot, Tree};
use crate::Order;

/// The entries at some positions, in one order or the other.
#[derive(Debug)]
pub(crate) struct Iter<'a, K, V> {
    tree: &'a Tree<K, V>,
    /// The positions whose leaves were not looked up yet.
    rest: Range<usize>,
    /// What is left of the leaf in hand.
    leaf: &'a [Slot<K, V>],
    order: Order,
}

impl<K: Clone, V: Clone> Tree<K, V> {
    /// The entries at these positions, which are counted from the lowest key
    /// whatever the order.
    pub(crate) fn iter(&self, positions: Range<usize>, order: Order) -> Iter<'_, K, V> {
        Iter { tree: self, rest: positions, leaf: &[], order }
    }
}

impl<K: Clone, V: Clone> Iter<'_, K, V> {
    fn next_leaf(&mut self) -> Option<()> {
        let at = match self.order {
            Order::Ascending => self.rest.start,
            Order::Descending => self.rest.end.checked_sub(1)?,
        };
        let (slots, local) = self.tree.leaf(at).filter(|_| !self.rest.is_empty())?;
        match self.order {
            Order::Ascending => {
                self.leaf = &slots[local..slots.len().min(local + self.rest.len())];
                self.rest.start += self.leaf.len();
            }
            Order::Descending => {
                self.leaf = &slots[(local + 1).saturating_sub(self.rest.len())..=local];
                self.rest.end -= self.leaf.len();
            }
        }
        Some(())
    }
}

impl<'a, K: Clone, V: Clone> Iterator for Iter<'a, K, V> {
    type Item = &'a Slot<K, V>;

    fn next(&mut self) -> Option<&'a Slot<K, V>> {
        if self.leaf.is_empty() {
            self.next_leaf()?;
        }
        match self.order {
            Order::Ascending => self.leaf.split_off_first(),
            Order::Descending => self.leaf.split_off_last(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.rest.len() + self.leaf.len();
        (len, Some(len))
    }
}
