//! Entries in order, found by what they are and by position, in O(log n)
//! either way: a counted B+tree.
//!
//! The order is first that of a digest, a small number such as a hash or a
//! score, and then that of a key. Digests lie apart from keys, so that a search
//! in a large tree waits for memory as seldom as can be.
//!
//! A clone shares all nodes and is O(1). A tree that shares a node copies it
//! before it changes it, so a clone is a snapshot; a tree that shares none is
//! changed in place.

mod iter;
mod node;

use std::sync::Arc;

pub(crate) use self::node::{Digest, Slot};
use node::{Inner, Leaf, Node, Side};

/// An entry as it is found: its digest, and the rest.
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
    /// The memory of its nodes; what keys and values keep elsewhere is not in it.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// The position of the first entry that does not come before a place, and
    /// that entry. A place is a digest and, among those of that digest, behind
    /// the keys that are `before`.
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

    /// Adds an entry at a position, which must be where it belongs.
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

    /// Takes out the entry at a position.
    pub(crate) fn remove(&mut self, at: usize) -> (D, Slot<K, V>) {
        let entry = self.root.remove(at, &mut self.weight);
        self.len -= 1;
        self.lower();
        entry
    }

    /// The value at a position, to be changed.
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

    /// Takes away roots that have only one node below them.
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
}

impl<D: Digest, K: Clone, V: Clone> Tree<D, K, V> {
    /// The entry at a position.
    pub(crate) fn get(&self, at: usize) -> Option<Entry<'_, D, K, V>> {
        let (leaf, local) = self.leaf(at)?;
        Some((leaf.digests[local], &leaf.slots[local]))
    }

    /// The leaf with the entry at a position, and where in it that is.
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
