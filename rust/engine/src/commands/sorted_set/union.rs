//! Unions of sorted sets.

use crate::collections::kinds::SortedSet;
use crate::collections::score::Score;
use crate::pace::ELEMENT;
use crate::{Command, Element, Error, Hashing, Members, Order, Pace, Place, Ttl};

/// How much work it is to compare two members, in units of [`Pace`].
const COMPARISON: usize = 1;

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

/// Unites sorted sets outside of any lock: get the [`Source`]s one by one, add each, and [`Store`]
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
    pub fn add(&mut self, members: &Members, weight: f32, pace: &dyn Pace) {
        let weighted = |score: f64| Score::or_zero(score * f64::from(weight));
        let elements = members.elements().inspect(|_| pace.work(ELEMENT));
        self.members.extend(elements.map(|(element, score)| (element.clone(), weighted(score))));
    }

    /// The members, in the order of their scores.
    fn sorted(mut self, pace: &dyn Pace) -> Vec<(Score, Element)> {
        self.members.sort_by(|a, b| {
            pace.work(COMPARISON);
            a.0.cmp(&b.0)
        });
        let mut sorted: Vec<(Score, Element)> = Vec::with_capacity(self.members.len());
        for (element, score) in self.members {
            pace.work(ELEMENT);
            match sorted.last_mut().filter(|last| last.1 == element) {
                Some((sum, _)) => *sum = self.aggregate.of(*sum, score),
                None => sorted.push((score, element)),
            }
        }
        sorted.sort_by(|a, b| {
            pace.work(COMPARISON);
            a.cmp(b)
        });
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
    pub fn new(key: &'a [u8], union: Union, ttl: Ttl, pace: &dyn Pace) -> Self {
        Self { key, sorted: union.sorted(pace), ready: SortedSet::default(), ttl }
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

    fn prepare(&mut self, hashing: &Hashing, pace: &dyn Pace) {
        self.ready = SortedSet::from_sorted(std::mem::take(&mut self.sorted), hashing, pace);
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let len = self.ready.len();
        place.replace(self.key, self.ready, self.ttl)?;
        Ok(len)
    }
}
