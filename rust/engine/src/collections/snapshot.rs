//! Snapshots that fetches return.
//!
//! Reading one takes no lock. It should not be kept for longer than it takes to copy, since its
//! memory is not counted.

use std::ops::Range;

use super::kinds::{Dictionary, Id, Set};
use super::ranking::{Ranking, Ranks};
use super::sequence::Part;
use crate::measure::{ID_BYTES, SCORE_BYTES};
use crate::random::Random;
use crate::{Element, Order};

/// Elements of a list, in order, or of a set, in no particular order.
#[derive(Debug, Clone)]
pub struct Elements(Source);

#[derive(Debug, Clone)]
enum Source {
    List(Part),
    Set(Set),
    /// This many random elements of a set.
    Sample(Set, usize, Random),
    Own(Vec<Element>),
}

impl Elements {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Source::List(part) => part.len(),
            Source::Set(set) => set.len(),
            Source::Sample(_, count, _) => *count,
            Source::Own(elements) => elements.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their sizes, in bytes.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.iter().map(<[u8]>::len)
    }

    /// All elements, in the same order at every call.
    pub fn iter(&self) -> Box<dyn Iterator<Item = &[u8]> + '_> {
        match &self.0 {
            Source::List(part) => Box::new(part.iter().map(|it| &**it)),
            Source::Set(set) => Box::new(set.iter().map(|(name, ())| &**name)),
            Source::Sample(set, count, random) => {
                let mut random = *random;
                let picked = random.distinct(*count, set.len());
                Box::new(picked.into_iter().map(|at| &**set.name(at)))
            }
            Source::Own(elements) => Box::new(elements.iter().map(|it| &**it)),
        }
    }

    pub(crate) fn sample(set: Set, count: usize, random: Random) -> Self {
        if count < set.len() { Self(Source::Sample(set, count, random)) } else { set.into() }
    }
}

impl<'a> IntoIterator for &'a Elements {
    type Item = &'a [u8];
    type IntoIter = Box<dyn Iterator<Item = &'a [u8]> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Part> for Elements {
    fn from(part: Part) -> Self {
        Self(Source::List(part))
    }
}

impl From<Set> for Elements {
    fn from(set: Set) -> Self {
        Self(Source::Set(set))
    }
}

impl From<Vec<Element>> for Elements {
    fn from(elements: Vec<Element>) -> Self {
        Self(Source::Own(elements))
    }
}

/// Fields of a dictionary and their values, in no particular order.
#[derive(Debug, Clone)]
pub struct Pairs(Dictionary);

impl Pairs {
    pub(crate) fn new(dictionary: Dictionary) -> Self {
        Self(dictionary)
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of each field with its value, in bytes.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.iter().map(|(field, value)| field.len() + value.len())
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(field, value)| (&**field, &**value))
    }
}

/// Members of a sorted set and their scores, in the requested order.
#[derive(Debug, Clone)]
pub struct Members(Ranks<Element>);

impl Members {
    pub(crate) fn new(of: &Ranking<Element>, ranks: Range<usize>, order: Order) -> Self {
        Self(of.ranks(ranks, order))
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of each value with its score, in bytes.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.iter().map(|(value, _)| value.len() + SCORE_BYTES)
    }

    /// All values with their scores.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], f64)> {
        self.elements().map(|(value, score)| (&**value, score))
    }

    pub(crate) fn elements(&self) -> impl Iterator<Item = (&Element, f64)> {
        self.0.iter().map(|(_, score, value)| (value, score.get()))
    }
}

/// Members of a leaderboard, in the requested order.
#[derive(Debug, Clone)]
pub struct Ranked(Ranks<Id>);

impl Ranked {
    pub(crate) fn new(of: &Ranking<Id>, ranks: Range<usize>, order: Order) -> Self {
        Self(of.ranks(ranks, order))
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of each id with its score, in bytes.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        std::iter::repeat_n(ID_BYTES + SCORE_BYTES, self.len())
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = RankedMember> {
        self.0.iter().map(|(rank, score, id)| RankedMember { id: id.0, rank, score: score.get() })
    }
}

/// One member of a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedMember {
    /// Its id.
    pub id: u32,
    /// How many members of the whole leaderboard come before it.
    pub rank: usize,
    /// Its score.
    pub score: f64,
}
