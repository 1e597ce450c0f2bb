//! Several sorted sets made one.

use crate::collections::kinds::SortedSet;
use crate::collections::score::Score;
use crate::{Command, Element, Error, Hashing, Members, Place, Ttl};

/// How scores of one value in several sorted sets become one.
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

/// Sorted sets becoming one, outside of any lock: fetch the sources one by one,
/// add each, and [`Store`] the sum. Each source is seen as it was when it was
/// fetched, not all at one moment.
///
/// Where there is no such number (infinity times zero, infinity less
/// infinity) the score is zero.
#[derive(Debug, Clone)]
pub struct Union {
    aggregate: Aggregate,
    members: Vec<(Element, Score)>,
}

impl Union {
    /// Of no sets yet.
    pub fn new(aggregate: Aggregate) -> Self {
        Self { aggregate, members: Vec::new() }
    }

    /// Adds a set, its scores multiplied by `weight`.
    pub fn add(&mut self, members: &Members, weight: f32) {
        let weighted = |score: f64| Score::or_zero(score * f64::from(weight));
        let elements = members.elements();
        self.members.extend(elements.map(|(element, score)| (element.clone(), weighted(score))));
    }

    /// The members, each once, in the order of their scores.
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

/// Puts a union in the place of whatever the key holds, and returns how many
/// members it has. An empty one removes the item.
///
/// # Errors
///
/// [`Error::ItemTooLarge`]; the item is then as it was.
#[derive(Debug, Clone)]
pub struct Store<'a> {
    key: &'a [u8],
    sorted: Vec<(Score, Element)>,
    ready: SortedSet,
    ttl: Ttl,
}

impl<'a> Store<'a> {
    /// Orders the members here, so that no lock is held meanwhile.
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

    fn prepare(&mut self, hashing: &Hashing) {
        self.ready = SortedSet::from_sorted(std::mem::take(&mut self.sorted), hashing);
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let len = self.ready.len();
        place.replace(self.key, self.ready, self.ttl)?;
        Ok(len)
    }
}
