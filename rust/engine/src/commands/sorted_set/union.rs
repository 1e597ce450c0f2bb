//! Unions of sorted sets.

use crate::collections::kinds::SortedSet;
use crate::collections::score::Score;
use crate::{Command, Element, Error, Hashing, Members, Place, Ttl};

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

/// Unites sorted sets outside of any lock: fetch the sources one by one, add each, and [`Store`]
/// the result. Each source is a snapshot of its own time.
///
/// Where the arithmetic gives NaN (infinity times zero, infinity minus infinity), the score is
/// zero.
#[derive(Debug, Clone)]
pub struct Union {
    aggregate: Aggregate,
    members: Vec<(Element, Score)>,
}

impl Union {
    /// An empty union.
    pub fn new(aggregate: Aggregate) -> Self {
        Self { aggregate, members: Vec::new() }
    }

    /// Adds a set, its scores multiplied by `weight`.
    pub fn add(&mut self, members: &Members, weight: f32) {
        let weighted = |score: f64| Score::or_zero(score * f64::from(weight));
        let elements = members.elements();
        self.members.extend(elements.map(|(element, score)| (element.clone(), weighted(score))));
    }

    /// The members, in the order of their scores.
    fn sorted(mut self) -> Vec<(Score, Element)> {
        self.members.sort_by(|a, b| a.0.cmp(&b.0));
        let mut sorted: Vec<(Score, Element)> = Vec::with_capacity(self.members.len());
        for (element, score) in self.members {
            match sorted.last_mut().filter(|last| last.1 == element) {
                Some((sum, _)) => *sum = self.aggregate.of(*sum, score),
                None => sorted.push((score, element)),
            }
        }
        sorted.sort();
        sorted
    }
}

/// Replaces any item with a union and returns its number of members. An empty union deletes the
/// item.
///
/// # Errors
///
/// [`Error::ItemTooLarge`]; the item is then unchanged.
#[derive(Debug, Clone)]
pub struct Store<'a> {
    key: &'a [u8],
    sorted: Vec<(Score, Element)>,
    ready: SortedSet,
    ttl: Ttl,
}

impl<'a> Store<'a> {
    /// Sorts the members before any lock is taken.
    pub fn new(key: &'a [u8], union: Union, ttl: Ttl) -> Self {
        Self { key, sorted: union.sorted(), ready: SortedSet::default(), ttl }
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

    fn prepare(&mut self, hashing: &Hashing) {
        self.ready = SortedSet::from_sorted(std::mem::take(&mut self.sorted), hashing);
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let len = self.ready.len();
        place.replace(self.key, self.ready, self.ttl)?;
        Ok(len)
    }
}
