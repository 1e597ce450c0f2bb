//! Commands that read members of a sorted set by rank or score.

use std::ops::Bound;

use crate::collections::kinds::SortedSet;
use crate::collections::page;
use crate::collections::ranking::turned;
use crate::collections::score::Score;
use crate::{Command, Error, Looked, Members, Order, Pace, Place, Slice};

/// Returns the members at these ranks, or `None` if there is no sorted set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchByIndex<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// The ranks, in `order`.
    pub slice: Slice,
    /// The order of the ranks.
    pub order: Order,
}

impl Command for FetchByIndex<'_> {
    const WRITES: bool = false;
    type Reply = Option<Members>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Members>, pace: &dyn Pace) -> Looked {
        Looked::collection(reply.as_ref().map(Members::sizes), pace)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Members>, Error> {
        place.touch();
        let set = place.collection::<SortedSet>()?;
        Ok(set.map(|set| {
            Members::new(place.snapshot(set.ranks(self.slice.of(set.len()), self.order)))
        }))
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
    /// The order of the members.
    pub order: Order,
    /// How many members to skip.
    pub offset: usize,
    /// How many members to return at most; `None` for all.
    pub count: Option<usize>,
}

impl Command for FetchByScore<'_> {
    const WRITES: bool = false;
    type Reply = Option<Members>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Members>, pace: &dyn Pace) -> Looked {
        Looked::collection(reply.as_ref().map(Members::sizes), pace)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Members>, Error> {
        place.touch();
        let (min, max) = (Score::bound(self.min)?, Score::bound(self.max)?);
        let Some(set) = place.collection::<SortedSet>()? else { return Ok(None) };
        let ranks = turned(set.between(min, max), set.len(), self.order);
        let ranks = page(ranks, self.offset, self.count.unwrap_or(usize::MAX));
        Ok(Some(Members::new(place.snapshot(set.ranks(ranks, self.order)))))
    }
}
