//! Read members of a sorted set by their ranks or scores.

use std::ops::Bound;

use crate::collections::kinds::SortedSet;
use crate::collections::page;
use crate::collections::ranking::turned;
use crate::collections::score::Score;
use crate::{Command, Error, Looked, Members, Order, Place, Slice};

/// Returns the members at these ranks, or `None` if there is no sorted set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchByIndex<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// Which ranks, in `order`.
    pub slice: Slice,
    /// How ranks are counted.
    pub order: Order,
}

impl Command for FetchByIndex<'_> {
    const WRITES: bool = false;
    type Reply = Option<Members>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Members>) -> Looked {
        Looked::one(reply.as_ref().map(Members::bytes))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Members>, Error> {
        place.touch();
        let set = place.collection::<SortedSet>()?;
        Ok(set.map(|set| Members::new(set, self.slice.of(set.len()), self.order)))
    }
}

/// Returns the members with these scores, or `None` if there is no sorted set.
///
/// # Errors
///
/// [`Error::WrongType`], and [`Error::NotAScore`] if a bound is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FetchByScore<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// The lowest score.
    pub min: Bound<f64>,
    /// The highest score.
    pub max: Bound<f64>,
    /// In which order they come back.
    pub order: Order,
    /// How many of the first to leave out.
    pub offset: usize,
    /// How many to return at most.
    pub count: Option<usize>,
}

impl Command for FetchByScore<'_> {
    const WRITES: bool = false;
    type Reply = Option<Members>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Members>) -> Looked {
        Looked::one(reply.as_ref().map(Members::bytes))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Members>, Error> {
        place.touch();
        let (min, max) = (Score::bound(self.min)?, Score::bound(self.max)?);
        let Some(set) = place.collection::<SortedSet>()? else { return Ok(None) };
        let ranks = turned(set.between(min, max), set.len(), self.order);
        let ranks = page(ranks, self.offset, self.count.unwrap_or(usize::MAX));
        Ok(Some(Members::new(set, ranks, self.order)))
    }
}
