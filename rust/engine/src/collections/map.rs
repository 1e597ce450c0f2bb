//! A map from bytes to values, for sets and dictionaries.
//!
//! A tree ordered by hash, so that lookups compare small numbers, and random elements are selected
//! by position.

use super::tree::Tree;
use crate::hashing::Hashing;
use crate::remains::{Pile, Removed};
use crate::{Element, Order};

/// The value of an element.
pub trait Beside: Clone + Send + Sync + 'static {
    /// Its heap memory, in bytes.
    fn heap(&self) -> u64;
    /// Its contribution to the size of the item.
    fn bytes(&self) -> u64;
}

impl Beside for () {
    fn heap(&self) -> u64 {
        0
    }

    fn bytes(&self) -> u64 {
        0
    }
}

impl Beside for Element {
    fn heap(&self) -> u64 {
        Element::heap(self)
    }

    fn bytes(&self) -> u64 {
        self.len() as u64
    }
}

/// The map. A clone is a snapshot, and O(1).
#[derive(Debug, Clone)]
pub struct Map<V> {
    /// By hash and name.
    tree: Tree<u32, Element, V>,
    heap: u64,
    bytes: u64,
}

impl<V: Beside> Default for Map<V> {
    fn default() -> Self {
        Self { tree: Tree::default(), heap: 0, bytes: 0 }
    }
}

impl<V: Beside> Removed for Map<V> {
    fn len(&self) -> usize {
        self.len()
    }

    fn piles(self) -> [Option<Pile>; 2] {
        [self.tree.pile(self.heap), None]
    }
}

impl<V: Beside> Map<V> {
    pub(crate) fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether both share all nodes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.tree.is_same(&other.tree)
    }

    /// Its memory, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        self.tree.weight() + self.heap
    }

    /// The size of all elements and values.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn get(&self, name: &[u8], hashing: &Hashing) -> Option<&V> {
        let hash = hashing.of_element(name);
        let (_, found) = self.tree.seek(hash, |it| **it < *name);
        found.filter(|(digest, slot)| *digest == hash && *slot.key == *name).map(|it| &it.1.value)
    }

    pub(crate) fn contains(&self, name: &[u8], hashing: &Hashing) -> bool {
        self.get(name, hashing).is_some()
    }

    /// Inserts or replaces a value.
    pub(crate) fn insert(&mut self, name: &[u8], value: V, hashing: &Hashing) {
        let hash = hashing.of_element(name);
        let (at, found) = self.find(hash, name);
        self.heap += value.heap();
        self.bytes += value.bytes();
        if found {
            let old = std::mem::replace(self.tree.value_mut(at), value);
            self.heap -= old.heap();
            self.bytes -= old.bytes();
        } else {
            let name = Element::from(name);
            self.heap += name.heap();
            self.bytes += name.len() as u64;
            self.tree.insert(at, hash, name, value);
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8], hashing: &Hashing) -> bool {
        let (at, found) = self.find(hashing.of_element(name), name);
        if found {
            self.remove_at(at);
        }
        found
    }

    /// Removes the element at a position and returns its name.
    pub(crate) fn remove_at(&mut self, at: usize) -> Element {
        let (_, slot) = self.tree.remove(at);
        self.heap -= slot.key.heap() + slot.value.heap();
        self.bytes -= slot.key.len() as u64 + slot.value.bytes();
        slot.key
    }

    /// The name at a position, which must exist.
    pub(crate) fn name(&self, at: usize) -> &Element {
        &self.tree.get(at).expect("the position exists").1.key
    }

    /// All names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Element, &V)> {
        let entries = self.tree.iter(0..self.len(), Order::Ascending);
        entries.map(|(_, slot)| (&slot.key, &slot.value))
    }

    /// The position at which the name is or would be inserted, and whether it exists.
    fn find(&self, hash: u32, name: &[u8]) -> (usize, bool) {
        let (at, found) = self.tree.seek(hash, |it| **it < *name);
        (at, found.is_some_and(|(digest, slot)| digest == hash && *slot.key == *name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Short and long names.
    fn name(i: u8) -> Vec<u8> {
        vec![i; usize::from(i % 40)]
    }

    proptest! {
        #[test]
        fn a_map_matches_a_plain_map(
            steps in prop::collection::vec((any::<u8>(), any::<Option<u8>>()), 1..400),
        ) {
            let hashing = Hashing::new([1, 2, 3, 4]);
            let (mut map, mut plain) = (Map::<Element>::default(), HashMap::new());
            for (key, value) in steps {
                let name = name(key);
                prop_assert_eq!(map.get(&name, &hashing).map(|it| it.to_vec()), plain.get(&name).cloned());
                if let Some(value) = value {
                    let value = vec![value; usize::from(value)];
                    map.insert(&name, value[..].into(), &hashing);
                    plain.insert(name, value);
                } else {
                    prop_assert_eq!(map.remove(&name, &hashing), plain.remove(&name).is_some());
                }
            }
            prop_assert_eq!(map.len(), plain.len());
            let sum: usize = plain.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert_eq!(map.bytes(), sum as u64);
            let heap: u64 = plain.iter().flat_map(|(name, value)| [name, value])
                .map(|it| Element::from(&it[..]).heap()).sum();
            prop_assert_eq!(map.weight(), map.tree.weight() + heap);
        }
    }
}
