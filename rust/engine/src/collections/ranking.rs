//! Members ordered by score, for sorted sets and leaderboards.
//!
//! One tree has the members in order. With many members, a second one maps a hash of the member to
//! its score; it does not contain the member, since the first tree shows whether the member has
//! that score.

use std::cmp::Ordering;
use std::ops::{Bound, Range};

use super::score::Score;
use super::tree::{Digest, Slot, Tree};
use crate::hashing::Hashing;
use crate::pace::{ELEMENT, INSERTION};
use crate::remains::{Pile, Removed};
use crate::{Order, Pace, Unpaced};

/// A member of a ranking.
pub trait Member: Clone + Send + Sync + 'static {
    /// The name of a member.
    type Name: ?Sized;

    fn new(name: &Self::Name) -> Self;
    fn name(&self) -> &Self::Name;
    fn hash(name: &Self::Name, hashing: &Hashing) -> u32;
    /// The order of the member relative to this name, if their scores are equal.
    fn order(&self, name: &Self::Name) -> Ordering;
    /// Its heap memory, in bytes.
    fn heap(&self) -> u64;
    /// Its contribution to the size of the item, without its score.
    fn bytes(&self) -> u64;
}

impl Digest for Score {}

/// More members than this have hints; fewer are compared one after the other.
const MANY: usize = 64;

/// The contribution of a score to the size of the item.
pub(crate) const SCORE_BYTES: u64 = 8;

/// Scores, in halves, by hash of the member: both take twelve bytes. Entries with equal hashes are
/// in no order.
type Hints = Tree<u32, (), [u32; 2]>;

type Ordered<M> = Tree<Score, M, ()>;

/// The position of a member.
struct Found {
    /// Ascending.
    rank: usize,
    score: Score,
    /// The position of its hint; meaningless without hints.
    hint: usize,
}

/// The members. A clone is a snapshot, and O(1).
#[derive(Debug, Clone)]
pub struct Ranking<M> {
    order: Ordered<M>,
    hints: Option<Hints>,
    heap: u64,
    bytes: u64,
}

impl<M: Member> Default for Ranking<M> {
    fn default() -> Self {
        Self { order: Tree::default(), hints: None, heap: 0, bytes: 0 }
    }
}

impl<M: Member> Removed for Ranking<M> {
    fn len(&self) -> usize {
        self.len()
    }

    fn piles(self) -> [Option<Pile>; 2] {
        [self.order.pile(self.heap), self.hints.and_then(|hints| hints.pile(0))]
    }
}

impl<M: Member> Ranking<M> {
    /// Adds a member that comes after all others, which has or will have a hint.
    pub(crate) fn push(&mut self, score: Score, member: M) {
        self.count(&member);
        self.order.insert(self.order.len(), score, member, ());
    }

    /// Adds the hint of a member whose hash is not lower than those of all others.
    pub(crate) fn push_hint(&mut self, hash: u32, score: Score) {
        let hints = self.hints.get_or_insert_default();
        hints.insert(hints.len(), hash, (), score.halves());
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether both share all members.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.order.is_same(&other.order)
    }

    /// Its memory, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        self.order.weight() + self.hints.as_ref().map_or(0, Tree::weight) + self.heap
    }

    /// The size of all members and scores.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The ascending rank and the score of a member.
    pub(crate) fn find(&self, name: &M::Name, hashing: &Hashing) -> Option<(usize, Score)> {
        self.look_up(name, hashing).map(|found| (found.rank, found.score))
    }

    fn look_up(&self, name: &M::Name, hashing: &Hashing) -> Option<Found> {
        let Some(hints) = &self.hints else { return self.look_at_each(name) };
        let hash = M::hash(name, hashing);
        let (mut at, mut hint) = hints.seek(hash, |()| false);
        while let Some((_, found)) = hint.filter(|hint| hint.0 == hash) {
            let score = Score::joined(found.value);
            let (rank, slot) = self.order.seek(score, |it| it.order(name).is_lt());
            if slot.is_some_and(|it| it.0 == score && it.1.key.order(name).is_eq()) {
                return Some(Found { rank, score, hint: at });
            }
            at += 1;
            hint = hints.get(at);
        }
        None
    }

    /// Sets the score of a member, new or not.
    pub(crate) fn put(&mut self, name: &M::Name, score: Score, hashing: &Hashing) {
        match self.look_up(name, hashing) {
            Some(found) if found.score == score => {}
            Some(found) => self.move_to(score, &found, name),
            None => self.add(name, score, hashing),
        }
    }

    fn add(&mut self, name: &M::Name, score: Score, hashing: &Hashing) {
        let member = M::new(name);
        self.count(&member);
        let (rank, _) = self.order.seek(score, |it| it.order(name).is_lt());
        self.order.insert(rank, score, member, ());
        if let Some(hints) = &mut self.hints {
            let hash = M::hash(name, hashing);
            let (at, _) = hints.seek(hash, |()| false);
            hints.insert(at, hash, (), score.halves());
        }
        self.settle(hashing, &Unpaced);
    }

    /// Changes the score of a member, and of its hint.
    fn move_to(&mut self, score: Score, found: &Found, name: &M::Name) {
        let (_, slot) = self.order.remove(found.rank);
        let (rank, _) = self.order.seek(score, |it| it.order(name).is_lt());
        self.order.insert(rank, score, slot.key, ());
        if let Some(hints) = &mut self.hints {
            *hints.value_mut(found.hint) = score.halves();
        }
    }

    pub(crate) fn remove(&mut self, name: &M::Name, hashing: &Hashing) {
        if let Some(found) = self.look_up(name, hashing) {
            let member = self.order.remove(found.rank).1.key;
            self.heap -= member.heap();
            self.bytes -= member.bytes() + SCORE_BYTES;
            if let Some(hints) = &mut self.hints {
                hints.remove(found.hint);
            }
            self.settle(hashing, &Unpaced);
        }
    }

    fn count(&mut self, member: &M) {
        self.heap += member.heap();
        self.bytes += member.bytes() + SCORE_BYTES;
    }

    /// Creates hints if there are many members, and drops them if there are few.
    pub(crate) fn settle(&mut self, hashing: &Hashing, pace: &dyn Pace) {
        if self.len() < MANY / 2 {
            self.hints = None;
        } else if self.len() > MANY && self.hints.is_none() {
            let all = self.order.iter(0..self.len(), Order::Ascending);
            let hint = |(score, slot): (Score, &Slot<M, ()>)| {
                (M::hash(slot.key.name(), hashing), score.halves())
            };
            let all = all.inspect(|_| pace.work(ELEMENT));
            let mut all: Vec<_> = all.map(hint).collect();
            all.sort_unstable_by(|a, b| {
                pace.work(1);
                a.cmp(b)
            });
            let mut hints = Tree::default();
            for (hash, halves) in all {
                pace.work(INSERTION);
                hints.insert(hints.len(), hash, (), halves);
            }
            self.hints = Some(hints);
        }
    }

    /// The ascending ranks of the scores within bounds.
    pub(crate) fn between(&self, min: Bound<Score>, max: Bound<Score>) -> Range<usize> {
        let below = |score: Score| self.order.seek(score, |_| false).0;
        let not_above = |score: Score| self.order.seek(score, |_| true).0;
        let start = match min {
            Bound::Unbounded => 0,
            Bound::Included(min) => below(min),
            Bound::Excluded(min) => not_above(min),
        };
        let end = match max {
            Bound::Unbounded => self.len(),
            Bound::Included(max) => not_above(max),
            Bound::Excluded(max) => below(max),
        };
        start..end.max(start)
    }

    /// A snapshot of the members at these ranks of `order`.
    pub(crate) fn ranks(&self, ranks: Range<usize>, order: Order) -> Ranks<M> {
        Ranks { tree: self.order.clone(), heap: self.heap, positions: ranks, order }
    }

    fn look_at_each(&self, name: &M::Name) -> Option<Found> {
        let mut all = self.order.iter(0..self.len(), Order::Ascending).enumerate();
        let (rank, (score, _)) = all.find(|(_, it)| it.1.key.order(name).is_eq())?;
        Some(Found { rank, score, hint: 0 })
    }
}

/// A snapshot of some members of a ranking.
#[derive(Debug, Clone)]
pub(crate) struct Ranks<M> {
    tree: Ordered<M>,
    heap: u64,
    /// Positions in the order.
    positions: Range<usize>,
    order: Order,
}

impl<M: Member> Removed for Ranks<M> {
    fn len(&self) -> usize {
        self.tree.len()
    }

    fn piles(self) -> [Option<Pile>; 2] {
        [self.tree.pile(self.heap), None]
    }
}

impl<M: Member> Ranks<M> {
    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    /// Rank, score and member of each, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Score, &M)> {
        let positions = turned(self.positions.clone(), self.tree.len(), self.order);
        let slots = self.tree.iter(positions, self.order);
        self.positions.clone().zip(slots).map(|(rank, (score, slot))| (rank, score, &slot.key))
    }
}

/// Converts ranks between `order` and ascending order.
pub(crate) fn turned(ranks: Range<usize>, len: usize, order: Order) -> Range<usize> {
    match order {
        Order::Ascending => ranks,
        Order::Descending => len - ranks.end..len - ranks.start,
    }
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
