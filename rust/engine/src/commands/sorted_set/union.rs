//! Unions of sorted sets.

use crate::collections::kinds::SortedSet;
use crate::collections::score::Score;
use crate::collections::union::{self, Union};
use crate::{Command, Error, Hashing, Members, Order, Pace, Place, Ttl};

/// How the scores of a value in several sets are combined.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// The lowest.
    Min,
    /// The highest.
    Max,
}

impl Aggregate {
    fn of(self, a: Score, b: Score) -> Score {
        match self {
            Self::Sum => Score::or_zero(a.get() + b.get()),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }
}

/// Returns a snapshot of all members, for a union, or `None` if there is no sorted set. It counts no
/// lookup, so it takes the same time for any number of members.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// The sorted set.
    pub key: &'a [u8],
}

impl Command for Source<'_> {
    const WRITES: bool = false;
    type Reply = Option<Members>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Members>, Error> {
        place.touch();
        let set = place.collection::<SortedSet>()?;
        Ok(set.map(|set| Members::new(place.snapshot(set.ranks(0..set.len(), Order::Ascending)))))
    }
}

/// Replaces any item with the union of sorted sets and returns its number of members. An empty union
/// deletes the item.
///
/// Get the [`Source`]s one by one: each is a snapshot of its own time. They are united outside of any
/// lock. Where the arithmetic gives NaN (infinity times zero, infinity minus infinity), the score is
/// zero.
///
/// # Errors
///
/// [`Error::ItemTooLarge`] and [`Error::NoMemory`]; the item is then unchanged.
#[derive(Debug, Clone)]
pub struct Store<'a> {
    key: &'a [u8],
    sources: Vec<(Members, f32)>,
    aggregate: Aggregate,
    ready: SortedSet,
    ttl: Ttl,
}

impl<'a> Store<'a> {
    /// Of these sources, each with the number by which its scores are multiplied.
    pub fn new(
        key: &'a [u8],
        sources: Vec<(Members, f32)>,
        aggregate: Aggregate,
        ttl: Ttl,
    ) -> Self {
        Self { key, sources, aggregate, ready: SortedSet::default(), ttl }
    }

    /// How many members the sources have together.
    fn members(&self) -> usize {
        self.sources.iter().map(|(members, _)| members.len()).sum()
    }
}

impl Command for Store<'_> {
    const WRITES: bool = true;
    type Reply = usize;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl)
    }

    fn memory(&self) -> u64 {
        union::memory(self.members())
    }

    fn prepare(&mut self, hashing: &Hashing, pace: &dyn Pace) {
        let mut union = Union::new(self.members(), |a, b| self.aggregate.of(a, b));
        for (members, weight) in std::mem::take(&mut self.sources) {
            for (member, score) in members.elements() {
                let score = Score::or_zero(score * f64::from(weight));
                union.add(member.clone(), score, hashing, pace);
            }
        }
        self.ready = union.finish(hashing, pace);
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let len = self.ready.len();
        place.replace(self.key, self.ready, self.ttl)?;
        Ok(len)
    }
}
