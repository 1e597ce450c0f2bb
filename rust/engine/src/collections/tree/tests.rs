//! The tree compared with a sorted vector.

use proptest::prelude::*;

use super::*;
use crate::Order;

#[derive(Debug, Clone)]
enum Step {
    Insert(u16),
    Ascend(usize),
    Descend(usize),
    Remove(usize),
    RemoveRun(usize, usize),
    Change(usize),
    Keep,
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..5000_u16).prop_map(Step::Insert),
        1 => (1..400_usize).prop_map(Step::Ascend),
        1 => (1..400_usize).prop_map(Step::Descend),
        10 => any::<usize>().prop_map(Step::Remove),
        1 => (any::<usize>(), 1..500_usize).prop_map(|(at, n)| Step::RemoveRun(at, n)),
        3 => any::<usize>().prop_map(Step::Change),
        1 => Just(Step::Keep),
        1 => Just(Step::Forget),
    ]
}

#[derive(Debug, Clone, Default)]
struct Both {
    tree: Tree<u32, u32, u32>,
    plain: Vec<(u32, u32)>,
}

impl Both {
    fn insert(&mut self, key: u32) {
        // Many keys share a digest, so that some digests fill several leaves.
        let digest = key / 1000;
        let (at, found) = self.tree.seek(digest, |it| *it < key);
        assert_eq!(at, self.plain.partition_point(|it| it.0 < key));
        assert_eq!(found.map(|(_, slot)| slot.key), self.plain.get(at).map(|it| it.0));
        assert!(found.is_none_or(|(digest, slot)| digest == slot.key / 1000));
        self.tree.insert(at, digest, key, 0);
        self.plain.insert(at, (key, 0));
    }

    fn remove(&mut self, at: usize) {
        if !self.plain.is_empty() {
            let at = at % self.plain.len();
            let (_, slot) = self.tree.remove(at);
            assert_eq!((slot.key, slot.value), self.plain.remove(at));
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Insert(key) => self.insert(u32::from(key) + 1000),
            Step::Ascend(count) => {
                let start = self.plain.last().map_or(0, |it| it.0);
                (0..count).for_each(|i| self.insert(start + u32::try_from(i).unwrap()));
            }
            Step::Descend(count) => (0..count).for_each(|_| {
                self.insert(self.plain.first().map_or(9, |it| it.0).saturating_sub(1));
            }),
            Step::Remove(at) => self.remove(at),
            Step::RemoveRun(at, count) => (0..count).for_each(|_| self.remove(at)),
            Step::Change(at) if !self.plain.is_empty() => {
                let at = at % self.plain.len();
                *self.tree.value_mut(at) += 1;
                self.plain[at].1 += 1;
            }
            _ => {}
        }
    }

    fn check(&self) {
        assert_eq!(self.tree.len(), self.plain.len());
        let len = self.plain.len();
        for positions in [0..len, len / 3..len / 2, len..len] {
            let plain = &self.plain[positions.clone()];
            let both = |(_, slot): (u32, &Slot<u32, u32>)| (slot.key, slot.value);
            let up = self.tree.iter(positions.clone(), Order::Ascending).map(both);
            assert!(up.eq(plain.iter().copied()));
            let down = self.tree.iter(positions, Order::Descending).map(both);
            assert!(down.eq(plain.iter().rev().copied()));
        }
        assert!(self.tree.get(len).is_none());
        assert_eq!(self.tree.weight, weighed(&self.tree.root));
    }
}

/// The memory, summed from scratch.
fn weighed(node: &Node<u32, u32, u32>) -> u64 {
    let below = match node {
        Node::Leaf(_) => 0,
        Node::Inner(inner) => inner.nodes.iter().map(|node| weighed(node)).sum(),
    };
    assert!(node.count() <= crate::collections::capacity::FULL);
    node.weight() + below
}

proptest! {
    #[test]
    fn a_tree_matches_a_sorted_vector(steps in prop::collection::vec(step(), 1..300)) {
        let (mut both, mut kept) = (Both::default(), Both::default());
        for step in steps {
            match step {
                Step::Keep => kept = both.clone(),
                Step::Forget => kept = Both::default(),
                step => both.step(step),
            }
        }
        both.check();
        kept.check();
    }
}

#[test]
fn a_large_tree_stays_flat_and_shrinks_again() {
    let mut tree = Tree::default();
    for i in 0..100_000_u32 {
        let key = i.wrapping_mul(0x9e37_79b9);
        let (at, _) = tree.seek(key, |()| false);
        tree.insert(at, key, (), ());
    }
    assert_eq!(depth(&tree.root), 3);
    assert!(tree.weight() < 100_000 * 8);

    for i in 0..99_990 {
        tree.remove(i * 7919 % tree.len());
    }
    assert!(depth(&tree.root) < 3 && tree.weight() < 2000);
}

fn depth<D, K, V>(node: &Node<D, K, V>) -> usize {
    match node {
        Node::Leaf(_) => 1,
        Node::Inner(inner) => 1 + depth(&inner.nodes[0]),
    }
}
