//! The nodes of a tree, and how they change.

use std::sync::Arc;

use crate::collections::room::{self, FULL};

/// A node with fewer entries looks for a neighbour to become one with.
const SPARSE: usize = FULL / 4;
/// Two neighbours become one if they have no more entries than this together.
const MERGED: usize = FULL / 4 * 3;

/// An entry.
#[derive(Debug, Clone)]
pub(crate) struct Slot<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
}

#[derive(Debug, Clone)]
pub(super) enum Node<K, V> {
    Leaf(Vec<Slot<K, V>>),
    Inner(Inner<K, V>),
}

/// Nodes that follow each other; at least one.
#[derive(Debug, Clone)]
pub(super) struct Inner<K, V> {
    /// The first key of each.
    first: Vec<K>,
    /// The number of entries below each.
    lens: Vec<u32>,
    pub(super) nodes: Vec<Arc<Node<K, V>>>,
}

/// Where in the whole tree an entry goes: at its ends nodes are split so that
/// trees that grow there have full nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    Middle,
    Back,
}

impl Side {
    /// How many of the entries of a node that is split stay in it.
    fn kept(self, count: usize) -> usize {
        match self {
            Self::Front => 1,
            Self::Middle => count / 2,
            Self::Back => count - 1,
        }
    }
}

impl<K: Clone, V: Clone> Node<K, V> {
    /// The memory of this node without those below it.
    pub(super) fn weight(&self) -> u64 {
        let entries = match self {
            Self::Leaf(slots) => room::weight::<Slot<K, V>>(slots.len()),
            Self::Inner(inner) => Inner::<K, V>::weight(inner.nodes.len()),
        };
        Self::own() + entries
    }

    fn own() -> u64 {
        crate::size::of_heap(room::ARC + size_of::<Self>())
    }

    /// The number of entries or nodes in this node.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Leaf(slots) => slots.len(),
            Self::Inner(inner) => inner.nodes.len(),
        }
    }

    fn first(&self) -> &K {
        match self {
            Self::Leaf(slots) => &slots[0].key,
            Self::Inner(inner) => &inner.first[0],
        }
    }

    /// Adds an entry; returns the right half if the node was split.
    pub(super) fn insert(
        self: &mut Arc<Self>,
        at: usize,
        slot: Slot<K, V>,
        side: Side,
        weight: &mut u64,
    ) -> Option<Arc<Self>> {
        match Arc::make_mut(self) {
            Self::Leaf(slots) => {
                *weight -= room::weight::<Slot<K, V>>(slots.len());
                room::insert(slots, at, slot);
                let right = split(slots, side, weight).map(|right| Arc::new(Self::Leaf(right)));
                *weight += room::weight::<Slot<K, V>>(slots.len());
                right
            }
            Self::Inner(inner) => {
                let right = inner.insert(at, slot, side, weight)?;
                Some(Arc::new(Self::Inner(right)))
            }
        }
    }

    /// Takes an entry out. The node may be left empty.
    pub(super) fn remove(self: &mut Arc<Self>, at: usize, weight: &mut u64) -> Slot<K, V> {
        match Arc::make_mut(self) {
            Self::Leaf(slots) => {
                *weight -= room::weight::<Slot<K, V>>(slots.len());
                let slot = room::remove(slots, at);
                *weight += room::weight::<Slot<K, V>>(slots.len());
                slot
            }
            Self::Inner(inner) => inner.remove(at, weight),
        }
    }

    /// Takes in all that the next node has.
    fn absorb(&mut self, next: &mut Self) {
        match (self, next) {
            (Self::Leaf(slots), Self::Leaf(more)) => {
                slots.append(more);
                room::fit(slots);
            }
            (Self::Inner(inner), Self::Inner(more)) => {
                inner.first.append(&mut more.first);
                inner.lens.append(&mut more.lens);
                inner.nodes.append(&mut more.nodes);
                inner.fit();
            }
            _ => unreachable!("all leaves of a tree are equally deep"),
        }
    }
}

impl<K: Clone, V: Clone> Inner<K, V> {
    /// The node above the two halves of what was the root.
    pub(super) fn above(
        left: (Arc<Node<K, V>>, usize),
        right: (Arc<Node<K, V>>, usize),
        weight: &mut u64,
    ) -> Node<K, V> {
        let mut inner = Self { first: Vec::new(), lens: Vec::new(), nodes: Vec::new() };
        for (at, (node, len)) in [left, right].into_iter().enumerate() {
            inner.add(at, node, len);
        }
        let node = Node::Inner(inner);
        *weight += node.weight();
        node
    }

    fn add(&mut self, at: usize, node: Arc<Node<K, V>>, len: usize) {
        room::insert(&mut self.first, at, node.first().clone());
        room::insert(&mut self.lens, at, short(len));
        room::insert(&mut self.nodes, at, node);
    }

    fn fit(&mut self) {
        room::fit(&mut self.first);
        room::fit(&mut self.lens);
        room::fit(&mut self.nodes);
    }

    fn weight(count: usize) -> u64 {
        room::weight::<K>(count)
            + room::weight::<u32>(count)
            + room::weight::<Arc<Node<K, V>>>(count)
    }

    /// The node in which the first key is that is not `before`, or at whose
    /// end such a key would be; and how many entries come before that node.
    pub(super) fn seek(&self, before: impl Fn(&K) -> bool) -> (usize, usize) {
        let child = self.first.partition_point(before).saturating_sub(1);
        (child, self.lens[..child].iter().sum::<u32>() as usize)
    }

    /// The node with entry `at`, and which entry that is in it. One past the
    /// last entry is in the last node.
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

    fn insert(
        &mut self,
        at: usize,
        slot: Slot<K, V>,
        side: Side,
        weight: &mut u64,
    ) -> Option<Self> {
        let (child, local) = self.locate(at);
        let right = self.nodes[child].insert(local, slot, side, weight);
        self.lens[child] += 1;
        if local == 0 {
            self.first[child] = self.nodes[child].first().clone();
        }
        let right = right?;
        let len = right.len();
        self.lens[child] -= short(len);
        *weight -= Self::weight(self.nodes.len());
        self.add(child + 1, right, len);
        let split = self.split(side);
        *weight += Self::weight(self.nodes.len());
        let right = split?;
        *weight += Node::<K, V>::own() + Self::weight(right.nodes.len());
        Some(right)
    }

    fn split(&mut self, side: Side) -> Option<Self> {
        if self.nodes.len() <= FULL {
            return None;
        }
        let kept = side.kept(self.nodes.len());
        let right = Self {
            first: self.first.split_off(kept),
            lens: self.lens.split_off(kept),
            nodes: self.nodes.split_off(kept),
        };
        self.fit();
        Some(right)
    }

    fn remove(&mut self, at: usize, weight: &mut u64) -> Slot<K, V> {
        let (child, local) = self.locate(at);
        let slot = self.nodes[child].remove(local, weight);
        self.lens[child] -= 1;
        if self.lens[child] == 0 {
            *weight -= self.nodes[child].weight();
            self.drop_child(child, weight);
            return slot;
        }
        if local == 0 {
            self.first[child] = self.nodes[child].first().clone();
        }
        if self.nodes[child].count() < SPARSE {
            self.merge(child, weight);
        }
        slot
    }

    /// Makes one node of a sparse one and a neighbour, if that is not too full.
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

    /// Takes out a node whose weight is not counted any more.
    fn drop_child(&mut self, child: usize, weight: &mut u64) {
        *weight -= Self::weight(self.nodes.len());
        room::remove(&mut self.first, child);
        room::remove(&mut self.lens, child);
        room::remove(&mut self.nodes, child);
        *weight += Self::weight(self.nodes.len());
    }
}

impl<K, V> Node<K, V> {
    /// The number of entries in or below this node.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Leaf(slots) => slots.len(),
            Self::Inner(inner) => inner.lens.iter().sum::<u32>() as usize,
        }
    }
}

/// Moves the right part of an over-full leaf out; its weight is added.
fn split<K: Clone, V: Clone>(
    slots: &mut Vec<Slot<K, V>>,
    side: Side,
    weight: &mut u64,
) -> Option<Vec<Slot<K, V>>> {
    if slots.len() <= FULL {
        return None;
    }
    let mut right = slots.split_off(side.kept(slots.len()));
    room::fit(&mut right);
    room::fit(slots);
    *weight += Node::<K, V>::own() + room::weight::<Slot<K, V>>(right.len());
    Some(right)
}

fn short(len: usize) -> u32 {
    u32::try_from(len).expect("a collection has fewer than 2^32 elements")
}
