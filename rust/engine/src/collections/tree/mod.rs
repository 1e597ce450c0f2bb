//! A counted B+tree: finds ordered entries by key and by position, both in O(log n).
//!
//! Entries are ordered by a digest first, a small number such as a hash or a score, and then by
//! key. Digests are stored apart from keys, so that a search in a large tree has few cache misses.
//!
//! A clone shares all nodes and is O(1). A shared node is copied before it is changed, so a clone
//! is a snapshot; nodes that are not shared are changed in place.

mod iter;
mod node;
mod remains;

use std::sync::Arc;

pub(crate) use self::node::{Digest, Slot};
use node::{Inner, Leaf, Node, Side};

/// An entry: its digest, and the rest.
pub(crate) type Entry<'a, D, K, V> = (D, &'a Slot<K, V>);

/// The tree.
#[derive(Debug, Clone)]
pub(crate) struct Tree<D, K, V> {
    root: Arc<Node<D, K, V>>,
    len: usize,
    weight: u64,
}

impl<D: Digest, K: Clone, V: Clone> Default for Tree<D, K, V> {
    fn default() -> Self {
        let root = Node::empty();
        Self { len: 0, weight: root.weight(), root: Arc::new(root) }
    }
}

impl<D: Digest, K: Clone, V: Clone> Tree<D, K, V> {
    /// The memory of its nodes, without the heap memory of keys and values.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// The position of the first entry that is not before a place, and that entry. A place is a
    /// digest and, among entries with that digest, the position after the keys for which `before`
    /// is true.
    pub(crate) fn seek(
        &self,
        digest: D,
        before: impl Fn(&K) -> bool,
    ) -> (usize, Option<Entry<'_, D, K, V>>) {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match &**node {
                Node::Inner(inner) => {
                    let (child, skipped) = inner.seek(digest, &before);
                    node = &inner.nodes[child];
                    rank += skipped;
                }
                Node::Leaf(leaf) => {
                    let at = leaf.seek(digest, before);
                    let found = leaf.slots.get(at).map(|slot| (leaf.digests[at], slot));
                    return (rank + at, found.or_else(|| self.get(rank + at)));
                }
            }
        }
    }

    /// Inserts an entry at a position, which must be the right one.
    pub(crate) fn insert(&mut self, at: usize, digest: D, key: K, value: V) {
        let side = match at {
            _ if at == self.len => Side::Back,
            0 => Side::Front,
            _ => Side::Middle,
        };
        let entry = (digest, Slot { key, value });
        let right = self.root.insert(at, entry, side, &mut self.weight);
        self.len += 1;
        if let Some(right) = right {
            let right_len = right.len();
            let left = (self.root.clone(), self.len - right_len);
            self.root = Arc::new(Inner::above(left, (right, right_len), &mut self.weight));
        }
    }

    /// Removes the entry at a position.
    pub(crate) fn remove(&mut self, at: usize) -> (D, Slot<K, V>) {
        let entry = self.root.remove(at, &mut self.weight);
        self.len -= 1;
        self.lower();
        entry
    }

    /// The value at a position, mutable.
    pub(crate) fn value_mut(&mut self, mut at: usize) -> &mut V {
        let mut node = &mut self.root;
        loop {
            match Arc::make_mut(node) {
                Node::Leaf(leaf) => return &mut leaf.slots[at].value,
                Node::Inner(inner) => {
                    let (child, local) = inner.locate(at);
                    (node, at) = (&mut inner.nodes[child], local);
                }
            }
        }
    }

    /// Removes roots with a single child.
    fn lower(&mut self) {
        if self.len == 0 {
            *self = Self::default();
        }
        while let Node::Inner(inner) = &*self.root
            && inner.nodes.len() == 1
        {
            self.weight -= self.root.weight();
            let only = inner.nodes[0].clone();
            self.root = only;
        }
    }
}

impl<D, K, V> Tree<D, K, V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether both share all nodes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }
}

impl<D: Digest, K: Clone, V: Clone> Tree<D, K, V> {
    /// The entry at a position.
    pub(crate) fn get(&self, at: usize) -> Option<Entry<'_, D, K, V>> {
        let (leaf, local) = self.leaf(at)?;
        Some((leaf.digests[local], &leaf.slots[local]))
    }

    /// The leaf that contains a position, and the position in it.
    fn leaf(&self, mut at: usize) -> Option<(&Leaf<D, K, V>, usize)> {
        if at >= self.len {
            return None;
        }
        let mut node = &self.root;
        loop {
            match &**node {
                Node::Leaf(leaf) => return Some((leaf, at)),
                Node::Inner(inner) => {
                    let (child, local) = inner.locate(at);
                    (node, at) = (&inner.nodes[child], local);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
