//! Entries in the order of their keys, found by key and by position, in
//! O(log n) either way: a counted B+tree.
//!
//! A clone shares all nodes and is O(1). A tree that shares a node copies it
//! before it changes it, so a clone is a snapshot; a tree that shares none is
//! changed in place.

mod iter;
mod node;

use std::sync::Arc;

pub(crate) use iter::Iter;
pub(crate) use node::Slot;
use node::{Inner, Node, Side};

/// The tree.
#[derive(Debug, Clone)]
pub(crate) struct Tree<K, V> {
    root: Arc<Node<K, V>>,
    len: usize,
    weight: u64,
}

impl<K: Clone, V: Clone> Default for Tree<K, V> {
    fn default() -> Self {
        let root = Node::Leaf(Vec::new());
        Self { len: 0, weight: root.weight(), root: Arc::new(root) }
    }
}

impl<K: Clone, V: Clone> Tree<K, V> {
    /// The memory of its nodes; what keys and values keep elsewhere is not in it.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// The position of the first entry whose key is not `before`, and that
    /// entry; `before` must be true of a first part of the keys.
    pub(crate) fn seek(&self, before: impl Fn(&K) -> bool) -> (usize, Option<&Slot<K, V>>) {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match &**node {
                Node::Inner(inner) => {
                    let (child, skipped) = inner.seek(&before);
                    node = &inner.nodes[child];
                    rank += skipped;
                }
                Node::Leaf(slots) => {
                    let at = slots.partition_point(|slot| before(&slot.key));
                    rank += at;
                    return (rank, slots.get(at).or_else(|| self.get(rank)));
                }
            }
        }
    }

    /// Adds an entry at a position, which must be where its key belongs.
    pub(crate) fn insert(&mut self, at: usize, key: K, value: V) {
        let side = match at {
            _ if at == self.len => Side::Back,
            0 => Side::Front,
            _ => Side::Middle,
        };
        let right = self.root.insert(at, Slot { key, value }, side, &mut self.weight);
        self.len += 1;
        if let Some(right) = right {
            let right_len = right.len();
            let left = (self.root.clone(), self.len - right_len);
            self.root = Arc::new(Inner::above(left, (right, right_len), &mut self.weight));
        }
    }

    /// Takes out the entry at a position.
    pub(crate) fn remove(&mut self, at: usize) -> Slot<K, V> {
        let slot = self.root.remove(at, &mut self.weight);
        self.len -= 1;
        self.lower();
        slot
    }

    /// The value at a position, to be changed.
    pub(crate) fn value_mut(&mut self, mut at: usize) -> &mut V {
        let mut node = &mut self.root;
        loop {
            match Arc::make_mut(node) {
                Node::Leaf(slots) => return &mut slots[at].value,
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

impl<K, V> Tree<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl<K: Clone, V: Clone> Tree<K, V> {
    /// The entry at a position.
    pub(crate) fn get(&self, at: usize) -> Option<&Slot<K, V>> {
        let (slots, local) = self.leaf(at)?;
        slots.get(local)
    }

    /// The leaf with the entry at a position, and where in it that is.
    fn leaf(&self, mut at: usize) -> Option<(&[Slot<K, V>], usize)> {
        if at >= self.len {
            return None;
        }
        let mut node = &self.root;
        loop {
            match &**node {
                Node::Leaf(slots) => return Some((slots, at)),
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
