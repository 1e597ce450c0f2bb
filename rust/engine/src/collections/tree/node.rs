//! The nodes of a tree, and how they change.

use std::sync::Arc;

use crate::collections::capacity::{self, FULL};

/// A node with fewer entries is merged with a neighbour.
const SPARSE: usize = FULL / 4;
/// Two neighbours are merged if they have at most this many entries together.
const MERGED: usize = FULL / 4 * 3;

/// The first sort key of entries.
pub(crate) trait Digest: Copy + PartialOrd {}

impl Digest for u32 {}

/// An entry without its digest.
#[derive(Debug, Clone)]
pub(crate) struct Slot<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
}

#[derive(Debug, Clone)]
pub(super) enum Node<D, K, V> {
    Leaf(Leaf<D, K, V>),
    Inner(Inner<D, K, V>),
}

/// Consecutive entries.
#[derive(Debug, Clone)]
pub(super) struct Leaf<D, K, V> {
    pub(super) digests: Vec<D>,
    pub(super) slots: Vec<Slot<K, V>>,
}

/// Consecutive nodes; at least one.
#[derive(Debug, Clone)]
pub(super) struct Inner<D, K, V> {
    /// The first digest and key of each node.
    digests: Vec<D>,
    keys: Vec<K>,
    /// The number of entries below each node.
    lens: Vec<u32>,
    pub(super) nodes: Vec<Arc<Node<D, K, V>>>,
}

/// How many of these ordered entries come before a place.
///
/// Compares all digests: they are adjacent in memory, and comparing them all is faster than a
/// binary search with unpredictable branches.
fn before<D: Digest, T>(
    digests: &[D],
    rest: &[T],
    digest: D,
    before: impl Fn(&T) -> bool,
) -> usize {
    let less: u32 = digests.iter().map(|it| u32::from(*it < digest)).sum();
    let less = less as usize;
    if digests.get(less).is_none_or(|it| *it != digest) {
        return less;
    }
    let equal = digests[less..].partition_point(|it| *it <= digest);
    less + rest[less..less + equal].partition_point(before)
}

/// Where in the whole tree an entry is inserted: at its ends, nodes are split so that growing trees
/// have full nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    Middle,
    Back,
}

impl Side {
    /// How many of the entries of a split node stay in it.
    fn kept(self, count: usize) -> usize {
        match self {
            Self::Front => 1,
            Self::Middle => count / 2,
            Self::Back => count - 1,
        }
    }
}

impl<D: Digest, K: Clone, V: Clone> Node<D, K, V> {
    pub(super) fn empty() -> Self {
        Self::Leaf(Leaf { digests: Vec::new(), slots: Vec::new() })
    }

    /// The memory of this node without its children.
    pub(super) fn weight(&self) -> u64 {
        let entries = match self {
            Self::Leaf(leaf) => leaf.weight(),
            Self::Inner(inner) => inner.weight(),
        };
        Self::own() + entries
    }

    fn own() -> u64 {
        crate::size::of_heap(capacity::ARC + size_of::<Self>())
    }

    /// The number of entries or nodes in this node.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.slots.len(),
            Self::Inner(inner) => inner.nodes.len(),
        }
    }

    fn first(&self) -> (D, &K) {
        match self {
            Self::Leaf(leaf) => (leaf.digests[0], &leaf.slots[0].key),
            Self::Inner(inner) => (inner.digests[0], &inner.keys[0]),
        }
    }

    /// Inserts an entry; returns the right half if the node was split.
    pub(super) fn insert(
        self: &mut Arc<Self>,
        at: usize,
        entry: (D, Slot<K, V>),
        side: Side,
        weight: &mut u64,
    ) -> Option<Arc<Self>> {
        let right = match Arc::make_mut(self) {
            Self::Leaf(leaf) => Self::Leaf(leaf.insert(at, entry, side, weight)?),
            Self::Inner(inner) => Self::Inner(inner.insert(at, entry, side, weight)?),
        };
        *weight += right.weight();
        Some(Arc::new(right))
    }

    /// Removes an entry. The node may become empty.
    pub(super) fn remove(self: &mut Arc<Self>, at: usize, weight: &mut u64) -> (D, Slot<K, V>) {
        match Arc::make_mut(self) {
            Self::Leaf(leaf) => leaf.remove(at, weight),
            Self::Inner(inner) => inner.remove(at, weight),
        }
    }

    /// Moves all entries of the next node into this one.
    fn absorb(&mut self, next: &mut Self) {
        match (self, next) {
            (Self::Leaf(leaf), Self::Leaf(more)) => {
                leaf.digests.append(&mut more.digests);
                leaf.slots.append(&mut more.slots);
                leaf.fit();
            }
            (Self::Inner(inner), Self::Inner(more)) => {
                inner.digests.append(&mut more.digests);
                inner.keys.append(&mut more.keys);
                inner.lens.append(&mut more.lens);
                inner.nodes.append(&mut more.nodes);
                inner.fit();
            }
            _ => unreachable!("all leaves of a tree are equally deep"),
        }
    }
}

impl<D: Digest, K: Clone, V: Clone> Leaf<D, K, V> {
    /// How many entries come before a place.
    pub(super) fn seek(&self, digest: D, is_before: impl Fn(&K) -> bool) -> usize {
        before(&self.digests, &self.slots, digest, |slot| is_before(&slot.key))
    }

    fn weight(&self) -> u64 {
        capacity::weight::<D>(self.slots.len()) + capacity::weight::<Slot<K, V>>(self.slots.len())
    }

    /// Returns the right part if the leaf was split; its weight is not counted.
    fn insert(
        &mut self,
        at: usize,
        (digest, slot): (D, Slot<K, V>),
        side: Side,
        weight: &mut u64,
    ) -> Option<Self> {
        *weight -= self.weight();
        capacity::insert(&mut self.digests, at, digest);
        capacity::insert(&mut self.slots, at, slot);
        let right = (self.slots.len() > FULL).then(|| {
            let kept = side.kept(self.slots.len());
            let digests = self.digests.split_off(kept);
            Self { digests, slots: self.slots.split_off(kept) }
        });
        let right = right.map(|mut right| {
            right.fit();
            self.fit();
            right
        });
        *weight += self.weight();
        right
    }

    fn remove(&mut self, at: usize, weight: &mut u64) -> (D, Slot<K, V>) {
        *weight -= self.weight();
        let entry =
            (capacity::remove(&mut self.digests, at), capacity::remove(&mut self.slots, at));
        *weight += self.weight();
        entry
    }

    fn fit(&mut self) {
        capacity::fit(&mut self.digests);
        capacity::fit(&mut self.slots);
    }
}

impl<D: Digest, K: Clone, V: Clone> Inner<D, K, V> {
    /// A new root above the two halves of the old one.
    pub(super) fn above(
        left: (Arc<Node<D, K, V>>, usize),
        right: (Arc<Node<D, K, V>>, usize),
        weight: &mut u64,
    ) -> Node<D, K, V> {
        let (digests, keys) = (Vec::new(), Vec::new());
        let mut inner = Self { digests, keys, lens: Vec::new(), nodes: Vec::new() };
        for (at, (node, len)) in [left, right].into_iter().enumerate() {
            inner.add(at, node, len);
        }
        let node = Node::Inner(inner);
        *weight += node.weight();
        node
    }

    fn add(&mut self, at: usize, node: Arc<Node<D, K, V>>, len: usize) {
        let (digest, key) = node.first();
        capacity::insert(&mut self.digests, at, digest);
        capacity::insert(&mut self.keys, at, key.clone());
        capacity::insert(&mut self.lens, at, short(len));
        capacity::insert(&mut self.nodes, at, node);
    }

    /// Updates the first digest and key of a child.
    fn begin(&mut self, child: usize) {
        let (digest, key) = self.nodes[child].first();
        self.digests[child] = digest;
        self.keys[child] = key.clone();
    }

    fn fit(&mut self) {
        capacity::fit(&mut self.digests);
        capacity::fit(&mut self.keys);
        capacity::fit(&mut self.lens);
        capacity::fit(&mut self.nodes);
    }

    fn weight(&self) -> u64 {
        let count = self.nodes.len();
        let entries = capacity::weight::<D>(count) + capacity::weight::<K>(count);
        entries + capacity::weight::<u32>(count) + capacity::weight::<Arc<Node<D, K, V>>>(count)
    }

    /// The child that contains a place, and how many entries come before that child.
    pub(super) fn seek(&self, digest: D, is_before: impl Fn(&K) -> bool) -> (usize, usize) {
        let child = before(&self.digests, &self.keys, digest, is_before).saturating_sub(1);
        (child, self.lens[..child].iter().sum::<u32>() as usize)
    }

    /// The child with entry `at`, and the position in it. One past the last entry is in the last
    /// child.
    pub(super) fn locate(&self, at: usize) -> (usize, usize) {
        let mut rest = short(at);
        for (child, &len) in self.lens.iter().enumerate() {
            if rest < len {
                return (child, rest as usize);
            }
            rest -= len;
        }
        let last = self.lens.len() - 1;
        (last, (rest + self.lens[last]) as usize)
    }

    /// Returns the right part if the node was split; its weight is not counted.
    fn insert(
        &mut self,
        at: usize,
        entry: (D, Slot<K, V>),
        side: Side,
        weight: &mut u64,
    ) -> Option<Self> {
        let (child, local) = self.locate(at);
        let right = self.nodes[child].insert(local, entry, side, weight);
        self.lens[child] += 1;
        if local == 0 {
            self.begin(child);
        }
        let right = right?;
        let len = right.len();
        self.lens[child] -= short(len);
        *weight -= self.weight();
        self.add(child + 1, right, len);
        let right = self.split(side);
        *weight += self.weight();
        right
    }

    fn split(&mut self, side: Side) -> Option<Self> {
        if self.nodes.len() <= FULL {
            return None;
        }
        let kept = side.kept(self.nodes.len());
        let mut right = Self {
            digests: self.digests.split_off(kept),
            keys: self.keys.split_off(kept),
            lens: self.lens.split_off(kept),
            nodes: self.nodes.split_off(kept),
        };
        right.fit();
        self.fit();
        Some(right)
    }

    fn remove(&mut self, at: usize, weight: &mut u64) -> (D, Slot<K, V>) {
        let (child, local) = self.locate(at);
        let entry = self.nodes[child].remove(local, weight);
        self.lens[child] -= 1;
        if self.lens[child] == 0 {
            *weight -= self.nodes[child].weight();
            self.drop_child(child, weight);
            return entry;
        }
        if local == 0 {
            self.begin(child);
        }
        if self.nodes[child].count() < SPARSE {
            self.merge(child, weight);
        }
        entry
    }

    /// Merges a sparse child with a neighbour, if the result is not too full.
    fn merge(&mut self, child: usize, weight: &mut u64) {
        let together = |left: usize| {
            let right = self.nodes.get(left + 1)?;
            (self.nodes[left].count() + right.count() <= MERGED).then_some(left)
        };
        let Some(left) = together(child).or_else(|| together(child.checked_sub(1)?)) else {
            return;
        };
        *weight -= self.nodes[left].weight() + self.nodes[left + 1].weight();
        let (len, mut right) = (self.lens[left + 1], self.nodes[left + 1].clone());
        self.drop_child(left + 1, weight);
        self.lens[left] += len;
        let left = &mut self.nodes[left];
        Arc::make_mut(left).absorb(Arc::make_mut(&mut right));
        *weight += left.weight();
    }

    /// Removes a child whose memory is no longer counted.
    fn drop_child(&mut self, child: usize, weight: &mut u64) {
        *weight -= self.weight();
        capacity::remove(&mut self.digests, child);
        capacity::remove(&mut self.keys, child);
        capacity::remove(&mut self.lens, child);
        capacity::remove(&mut self.nodes, child);
        *weight += self.weight();
    }
}

impl<D, K, V> Node<D, K, V> {
    /// The number of entries in or below this node.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.slots.len(),
            Self::Inner(inner) => inner.lens.iter().sum::<u32>() as usize,
        }
    }
}

fn short(len: usize) -> u32 {
    u32::try_from(len).expect("a collection has fewer than 2^32 elements")
}
