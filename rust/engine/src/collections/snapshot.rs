//! Snapshots that fetches return.
//!
//! Reading one takes no lock. It should not be kept for longer than it takes to copy, since its
//! memory is not counted. If nobody shares a large one any more, it is freed in portions.

use super::kinds::{Dictionary, Id, Set};
use super::ranking::Ranks;
use super::sequence::Part;
use crate::Element;
use crate::garbage::Snapshot;
use crate::measure::{ID_BYTES, SCORE_BYTES};
use crate::random::Random;

/// Elements of a list, in order, or of a set, in no particular order.
#[derive(Debug, Clone)]
pub struct Elements(Source);

#[derive(Debug, Clone)]
enum Source {
    List(Snapshot<Part>),
    Set(Snapshot<Set>),
    /// This many random elements of a set.
    Sample(Snapshot<Set>, usize, Random),
}

impl Elements {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Source::List(part) => part.len(),
            Source::Set(set) => set.len(),
            Source::Sample(_, count, _) => *count,
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
        }
    }

    pub(crate) fn sample(set: Snapshot<Set>, count: usize, random: Random) -> Self {
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

impl From<Snapshot<Part>> for Elements {
    fn from(part: Snapshot<Part>) -> Self {
        Self(Source::List(part))
    }
}

impl From<Snapshot<Set>> for Elements {
    fn from(set: Snapshot<Set>) -> Self {
        Self(Source::Set(set))
    }
}

/// Fields of a dictionary and their values, in no particular order.
#[derive(Debug, Clone)]
pub struct Pairs(Snapshot<Dictionary>);

impl Pairs {
    pub(crate) fn new(dictionary: Snapshot<Dictionary>) -> Self {
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
pub struct Members(Snapshot<Ranks<Element>>);

impl Members {
    pub(crate) fn new(ranks: Snapshot<Ranks<Element>>) -> Self {
        Self(ranks)
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
pub struct Ranked(Snapshot<Ranks<Id>>);

impl Ranked {
    pub(crate) fn new(ranks: Snapshot<Ranks<Id>>) -> Self {
        Self(ranks)
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
