//! Commands that remove elements of a list by position or value.

use std::ops::Range;

use super::{VISIT, visits};
use crate::collections::kinds::List;
use crate::{CollectionTtl, Command, End, Error, Pace, Place, Received, Slice, Ttl};

/// Removes all elements outside a slice and returns how many are left, or `None` if there is no
/// list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retain<'a> {
    /// The list.
    pub key: &'a [u8],
    /// The positions to keep.
    pub slice: Slice,
    /// Its TTL.
    pub ttl: CollectionTtl,
}

impl Command for Retain<'_> {
    const WRITES: bool = true;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let left = place.reduce(|list: &mut List| {
            let positions = self.slice.of(list.len());
            let removed = [(End::Back, positions.end), (End::Front, positions.len())];
            let removed = removed.map(|(end, len)| list.truncate(end, len));
            (list.len(), removed)
        })?;
        let Some((left, removed)) = left else { return Ok(None) };
        for removed in removed {
            place.discard(removed);
        }
        place.refresh(self.ttl);
        Ok(Some(left))
    }
}

/// Removes ranges and returns how many elements are left, or `None` if there is no list. The ranges
/// are positions before any removal; they may overlap, and positions outside the list are ignored.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Erase<'a, I> {
    /// The list.
    pub key: &'a [u8],
    /// Position of the first element, and how many.
    pub ranges: I,
}

impl<I> Command for Erase<'_, I>
where
    I: IntoIterator<Item = (u32, u32)> + Clone,
{
    const WRITES: bool = true;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn work(&self, place: &Place<'_>) -> usize {
        visits(place)
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let steps = place.pace();
        let mut ranges: Vec<_> = self.ranges.into_iter().map(positions).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut ranges = ranges.into_iter().peekable();
        retain(place, |at, _| {
            steps.work(VISIT);
            while ranges.next_if(|range| range.end <= at as u64).is_some() {}
            !ranges.peek().is_some_and(|range| range.contains(&(at as u64)))
        })
    }
}

/// Removes every element equal to `value` and returns how many elements are left, or `None` if
/// there is no list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoveValue<'a> {
    /// The list.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
}

impl Command for RemoveValue<'_> {
    const WRITES: bool = true;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, [self.value.len()], pace)
    }

    fn work(&self, place: &Place<'_>) -> usize {
        visits(place)
    }

    fn again(&self) -> Option<Self> {
        Some(*self)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let steps = place.pace();
        retain(place, |_, it| {
            steps.work(VISIT);
            it != self.value
        })
    }
}

/// Keeps some elements of the list at a place; how many are left.
fn retain(
    place: &mut Place<'_>,
    keep: impl FnMut(usize, &[u8]) -> bool,
) -> Result<Option<usize>, Error> {
    let kept = place.reduce(|list: &mut List| {
        let before = list.retain(keep);
        (list.len(), before)
    })?;
    let Some((left, before)) = kept else { return Ok(None) };
    place.discard(before);
    Ok(Some(left))
}

fn positions((first, count): (u32, u32)) -> Range<u64> {
    let first = u64::from(first);
    first..first + u64::from(count)
}
