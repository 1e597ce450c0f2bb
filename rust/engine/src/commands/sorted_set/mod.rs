//! Commands on sorted sets: values ordered by score.
//!
//! Values with equal scores are ordered by their bytes; descending order is the exact reverse.
//! Scores are never NaN; 0.0 and -0.0 are the same score, and infinite ones are allowed. Removing
//! the last value deletes the set.

mod fetch;
mod union;

use std::ops::Bound;

use crate::collections::kinds::SortedSet;
use crate::collections::ranking::turned;
use crate::collections::score::Score;
use crate::commands::collection;
use crate::pace::{self, GLANCE, LOOKUP, RANKING};
use crate::{
    CollectionTtl, Command, Error, Looked, Order, Pace, Place, Received, SCORE_BYTES, Ttl,
};

pub use fetch::{FetchByIndex, FetchByScore};
pub use union::{Aggregate, Source, Store};

/// How many elements a sorted set has.
pub type Length<'a> = collection::Length<'a, SortedSet>;
/// Removes a sorted set.
pub type Delete<'a> = collection::Delete<'a, SortedSet>;
/// Removes values of a sorted set.
pub type Remove<'a, I> = collection::RemoveMembers<'a, SortedSet, I>;

/// Writes values with their scores. If a value is given twice, the last score counts.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::NotAScore`] for NaN, [`Error::ElementTooLarge`] and
/// [`Error::ItemTooLarge`]; nothing is written then.
#[derive(Debug, Clone)]
pub struct Put<'a, I> {
    /// The sorted set.
    pub key: &'a [u8],
    /// Values and their scores.
    pub elements: I,
    /// Its TTL.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Put<'a, I>
where
    I: IntoIterator<Item = (&'a [u8], f64)> + Clone,
{
    const WRITES: bool = true;
    type Reply = ();

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        let elements = self.elements.clone().into_iter();
        Received::elements(self.key, elements.map(|(value, _)| value.len() + SCORE_BYTES), pace)
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.elements.clone().into_iter().map(|it| RANKING + pace::of_bytes(it.0.len())))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        let (rules, steps) = (place.rules(), place.pace());
        let values = self.elements.clone().into_iter().map(|it| it.0);
        let mut growth = place.limits().admit_elements(values, steps)?;
        for (_, score) in self.elements.clone() {
            steps.work(GLANCE);
            Score::new(score)?;
            growth += SCORE_BYTES as u64;
        }
        place.extend(self.key, self.ttl, growth, |set: &mut SortedSet| {
            for (value, score) in self.elements {
                steps.work(RANKING + pace::of_bytes(value.len()));
                set.put(value, Score::new(score)?, &rules.hashing);
            }
            Ok(())
        })
    }
}

/// Adds `amount` to the score of a value and returns the sum. A missing value counts as zero.
///
/// # Errors
///
/// [`Error::NotAScore`] if the sum is NaN, and the others of [`Put`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Increment<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// The amount to add; may be negative.
    pub amount: f64,
    /// Its TTL.
    pub ttl: CollectionTtl,
}

impl Command for Increment<'_> {
    const WRITES: bool = true;
    type Reply = f64;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, [self.value.len() + SCORE_BYTES], pace)
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<f64, Error> {
        let rules = place.rules();
        let growth =
            place.limits().admit_elements([self.value], place.pace())? + SCORE_BYTES as u64;
        place.extend(self.key, self.ttl, growth, |set: &mut SortedSet| {
            let score = set.find(self.value, &rules.hashing).map_or(0.0, |(_, score)| score.get());
            let sum = Score::new(score + self.amount)?;
            set.put(self.value, sum, &rules.hashing);
            Ok(sum.get())
        })
    }
}

/// Passes the score of each value to `read`, in the order of `values`, or `None` for missing ones;
/// returns whether there is a sorted set.
///
/// Without one, `read` is not called. If there are few values, it runs under the shard's lock.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct GetScore<'a, I, F> {
    /// The sorted set.
    pub key: &'a [u8],
    /// The values.
    pub values: I,
    /// Receives each score.
    pub read: F,
}

impl<'a, I, F> Command for GetScore<'a, I, F>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
    F: FnMut(Option<f64>),
{
    const WRITES: bool = false;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.values.clone().into_iter().map(<[u8]>::len), pace)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.values.clone().into_iter().map(|_| LOOKUP))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        place.touch();
        let (hashing, steps) = (&place.rules().hashing, place.pace());
        let Some(set) = place.collection::<SortedSet>()? else {
            place.look(Looked::missed(self.values.into_iter().count()));
            return Ok(false);
        };
        let (mut read, mut looked) = (self.read, Looked::default());
        for value in self.values {
            steps.work(LOOKUP);
            let score = set.find(value, hashing).map(|(_, score)| score.get());
            looked += Looked::one(score.map(|_| SCORE_BYTES));
            read(score);
        }
        place.look(looked);
        Ok(true)
    }
}

/// Returns how many members come before a value, or `None` if the value or the sorted set does not
/// exist.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetRank<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// The order of the ranks.
    pub order: Order,
}

impl Command for GetRank<'_> {
    const WRITES: bool = false;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, [self.value.len()], pace)
    }

    fn looked(reply: &Option<usize>, _: &dyn Pace) -> Looked {
        Looked::one(reply.map(|_| 0))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        place.touch();
        let hashing = &place.rules().hashing;
        let Some(set) = place.collection::<SortedSet>()? else { return Ok(None) };
        let found = set.find(self.value, hashing);
        Ok(found.map(|(rank, _)| turned(rank..rank + 1, set.len(), self.order).start))
    }
}

/// Returns the number of members with these scores, or `None` if there is no
/// sorted set.
///
/// # Errors
///
/// [`Error::WrongType`], and [`Error::NotAScore`] if a bound is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LengthByScore<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// The lowest score.
    pub min: Bound<f64>,
    /// The highest score.
    pub max: Bound<f64>,
}

impl Command for LengthByScore<'_> {
    const WRITES: bool = false;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<usize>, _: &dyn Pace) -> Looked {
        Looked::one(reply.map(|_| 0))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let (min, max) = (Score::bound(self.min)?, Score::bound(self.max)?);
        Ok(place.collection::<SortedSet>()?.map(|set| set.between(min, max).len()))
    }
}
