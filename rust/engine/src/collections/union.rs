//! Unions of sorted sets, in short steps and without large allocations.
//!
//! Members go into buckets by their hashes, so that the same ones are together. Each bucket is combined
//! and sorted by score; then the buckets are merged. A bucket has some hundred members, so it is sorted
//! without a pause.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::vec::IntoIter;

use super::kinds::SortedSet;
use super::score::Score;
use crate::hashing::Hashing;
use crate::pace::{ELEMENT, INSERTION};
use crate::{Element, Pace, size};

/// How many members a bucket has on average, and for how many it has room: more come only if many are
/// the same.
const MEMBERS: usize = 400;
const ROOM: usize = 512;
/// How much work it is to put a member into its bucket, to sort it there, and to merge it, in units of
/// [`Pace`].
const PUT: usize = 2 * ELEMENT;
const SORT: usize = ELEMENT;
const MERGE: usize = ELEMENT + INSERTION;
/// The memory of a member in a sorted set, in bytes.
const RESULT_BYTES: usize = 48;

/// A member, until it has its place.
#[derive(Debug)]
struct Entry {
    hash: u32,
    score: Score,
    member: Element,
}

impl Entry {
    fn name(&self) -> (u32, &Element) {
        (self.hash, &self.member)
    }

    fn rank(&self) -> (Score, &Element) {
        (self.score, &self.member)
    }
}

#[derive(Debug, Default)]
struct Bucket {
    entries: Vec<Entry>,
    /// The same members are combined once there are so many.
    most: usize,
}

/// A union of members that were added.
pub(crate) struct Union<F> {
    /// In the order of hashes.
    buckets: Vec<Bucket>,
    /// Combines the scores of a member.
    combine: F,
}

/// The memory that is used for a union of so many members, in bytes, at most.
pub(crate) fn memory(members: usize) -> u64 {
    (members * (size_of::<Entry>() * ROOM / MEMBERS + RESULT_BYTES)) as u64
}

impl<F: Fn(Score, Score) -> Score> Union<F> {
    /// Of at most so many members.
    pub(crate) fn new(members: usize, combine: F) -> Self {
        let buckets = (0..members.div_ceil(MEMBERS)).map(|_| Bucket::default()).collect();
        Self { buckets, combine }
    }

    /// Adds a member. Scores of the same one are combined in the order in which they are added.
    pub(crate) fn add(
        &mut self,
        member: Element,
        score: Score,
        hashing: &Hashing,
        pace: &dyn Pace,
    ) {
        pace.work(PUT);
        let hash = hashing.of_element(&member);
        let at = size::scale(hash, self.buckets.len());
        let bucket = &mut self.buckets[at];
        if bucket.entries.capacity() == 0 {
            bucket.entries.reserve_exact(ROOM);
            bucket.most = ROOM;
        }
        if bucket.entries.len() == bucket.most {
            pace.work(bucket.most * SORT);
            bucket.combine(&self.combine);
            bucket.most = ROOM.max(2 * bucket.entries.len());
        }
        bucket.entries.push(Entry { hash, score, member });
    }

    /// The set of all members.
    pub(crate) fn finish(self, hashing: &Hashing, pace: &dyn Pace) -> SortedSet {
        let mut set = SortedSet::default();
        let mut runs = BinaryHeap::with_capacity(self.buckets.len());
        for mut bucket in self.buckets {
            pace.work(bucket.entries.len() * SORT);
            bucket.combine(&self.combine);
            for entry in &bucket.entries {
                pace.work(INSERTION);
                set.push_hint(entry.hash, entry.score);
            }
            pace.work(bucket.entries.len() * SORT);
            bucket.entries.sort_unstable_by(|a, b| a.rank().cmp(&b.rank()));
            runs.extend(Run::of(bucket.entries));
        }
        while let Some(next) = next_of(&mut runs) {
            pace.work(MERGE);
            set.push(next.score, next.member);
        }
        set.settle(hashing, pace);
        set
    }
}

impl Bucket {
    /// Sorts members by name, and combines the scores of each.
    fn combine(&mut self, combine: impl Fn(Score, Score) -> Score) {
        // It is stable, for sums of floating-point numbers.
        self.entries.sort_by(|a, b| a.name().cmp(&b.name()));
        self.entries.dedup_by(|next, kept| {
            let is_same = next.name() == kept.name();
            if is_same {
                kept.score = combine(kept.score, next.score);
            }
            is_same
        });
        if self.entries.len() < self.entries.capacity() / 2 {
            self.entries.shrink_to_fit();
        }
    }
}

/// The rest of a bucket, in the order of scores.
struct Run {
    first: Entry,
    rest: IntoIter<Entry>,
}

impl Run {
    fn of(entries: Vec<Entry>) -> Option<Self> {
        let mut rest = entries.into_iter();
        rest.next().map(|first| Self { first, rest })
    }
}

/// The first of all.
fn next_of(runs: &mut BinaryHeap<Run>) -> Option<Entry> {
    let mut run = runs.peek_mut()?;
    Some(match run.rest.next() {
        Some(next) => std::mem::replace(&mut run.first, next),
        None => PeekMut::pop(run).first,
    })
}

/// The one whose member comes first is the greatest, as a heap has it first.
impl Ord for Run {
    fn cmp(&self, other: &Self) -> Ordering {
        other.first.rank().cmp(&self.first.rank())
    }
}

impl PartialOrd for Run {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Run {}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::random::Random;
    use crate::{Order, Unpaced};

    fn sum(a: Score, b: Score) -> Score {
        Score::or_zero(a.get() + b.get())
    }

    /// Members by name, and in their order.
    fn check(set: &SortedSet, plain: &BTreeMap<Vec<u8>, f64>, hashing: &Hashing) {
        let mut ordered: Vec<_> = plain.iter().map(|(name, score)| (*score, &name[..])).collect();
        ordered.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        let ranks = set.ranks(0..set.len(), Order::Ascending);
        assert!(ranks.iter().map(|(_, score, name)| (score.get(), &**name)).eq(ordered));
        for (name, score) in plain {
            assert_eq!(set.find(name, hashing).map(|it| it.1.get()), Some(*score));
        }
    }

    #[test]
    fn a_union_has_each_member_once_with_its_combined_score() {
        let (hashing, mut random) = (Hashing::new([1, 2, 3, 4]), Random::new(1));
        for (members, names) in
            [(0, 1), (1, 1), (70, 1000), (500, 20), (5000, 5), (20_000, 100), (30_000, 10_000)]
        {
            let mut union = Union::new(members, sum);
            let mut plain = BTreeMap::new();
            for _ in 0..members {
                let name = random.below(names).to_string().into_bytes();
                let score = f64::from(u32::try_from(random.below(10)).unwrap());
                union.add(Element::from(&name[..]), Score::or_zero(score), &hashing, &Unpaced);
                *plain.entry(name).or_insert(0.0) += score;
            }
            let mut set = union.finish(&hashing, &Unpaced);
            check(&set, &plain, &hashing);
            for name in plain.keys().step_by(2).cloned().collect::<Vec<_>>() {
                set.remove(&name, &hashing);
                plain.remove(&name);
            }
            check(&set, &plain, &hashing);
        }
    }

    #[test]
    fn there_is_little_work_between_two_pauses() {
        struct Watch(Cell<usize>);
        impl Pace for Watch {
            fn work(&self, units: usize) {
                self.0.set(self.0.get().max(units));
            }
        }
        // Many members, and one that is in each of many sets.
        for names in [20_000, 1] {
            let (hashing, watch) = (Hashing::new([1, 2, 3, 4]), Watch(Cell::new(0)));
            let mut union = Union::new(20_000, sum);
            for name in 0..20_000_u32 {
                let name = (name % names).to_le_bytes();
                union.add(Element::from(&name[..]), Score::or_zero(1.0), &hashing, &watch);
            }
            assert!(union.buckets.iter().all(|bucket| bucket.entries.capacity() <= ROOM));
            assert_eq!(union.finish(&hashing, &watch).len(), names as usize);
            assert!(watch.0.get() <= ROOM * SORT);
        }
    }
}
