//! Commands on lists: ordered elements, with fast access to both ends.
//!
//! Removing the last element deletes the list.

use std::num::NonZeroU32;
use std::ops::Range;

use crate::collections::kinds::List;
use crate::commands::collection;
use crate::{
    CollectionTtl, Command, Element, Elements, End, Error, Looked, Pace, Place, Received, Slice,
    Ttl,
};

/// How many elements a list has.
pub type Length<'a> = collection::Length<'a, List>;
/// Removes a list.
pub type Delete<'a> = collection::Delete<'a, List>;

/// Adds values at one end and returns the new length. The values keep their order at either end.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] and [`Error::ItemTooLarge`] (after truncation);
/// nothing is added then.
#[derive(Debug, Clone)]
pub struct Push<'a, I> {
    /// The list.
    pub key: &'a [u8],
    /// The end.
    pub at: End,
    /// The values.
    pub values: I,
    /// The length to which the list is truncated, at the other end.
    pub truncate: Option<NonZeroU32>,
    /// Its TTL.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Push<'a, I>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
{
    const WRITES: bool = true;
    type Reply = usize;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self) -> Received {
        Received::elements(self.key, self.values.clone().into_iter().map(<[u8]>::len))
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let growth = place.limits().admit_elements(self.values.clone())?;
        let cut = self.truncate.map_or(usize::MAX, |size| size.get() as usize);
        let before = place.collection::<List>()?.filter(|list| list.len() > cut).cloned();
        if let Some(before) = before {
            place.discard(before);
        }
        place.extend(self.key, self.ttl, growth, |list: &mut List| {
            match self.at {
                End::Back => self.values.into_iter().for_each(|it| list.push(End::Back, it.into())),
                End::Front => {
                    let values: Vec<_> = self.values.into_iter().collect();
                    values.into_iter().rev().for_each(|it| list.push(End::Front, it.into()));
                }
            }
            list.truncate(self.at.other(), cut);
            Ok(list.len())
        })
    }
}

/// Removes the element at one end; returns it and how many are left, or `None` if there is no list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pop<'a> {
    /// The list.
    pub key: &'a [u8],
    /// The end.
    pub at: End,
}

impl Command for Pop<'_> {
    const WRITES: bool = true;
    type Reply = Option<(Element, usize)>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<(Element, usize)>, _: &dyn Pace) -> Looked {
        Looked::one(reply.as_ref().map(|(element, _)| element.len()))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<(Element, usize)>, Error> {
        let popped = place.reduce(|list: &mut List| {
            let element = list.pop(self.at);
            element.map(|element| (element, list.len()))
        })?;
        Ok(popped.flatten())
    }
}

/// Returns the elements of a slice, which may be empty, or `None` if there is no list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch<'a> {
    /// The list.
    pub key: &'a [u8],
    /// The positions.
    pub slice: Slice,
}

impl Command for Fetch<'_> {
    const WRITES: bool = false;
    type Reply = Option<Elements>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Elements>, pace: &dyn Pace) -> Looked {
        Looked::collection(reply.as_ref().map(Elements::sizes), pace)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Elements>, Error> {
        place.touch();
        let list = place.collection::<List>()?;
        Ok(list.map(|list| list.part(self.slice.of(list.len())).into()))
    }
}

/// The position of an inserted value, relative to the first element with this value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside<'a> {
    /// In front of it.
    Before(&'a [u8]),
    /// Behind it.
    After(&'a [u8]),
}

impl<'a> Beside<'a> {
    fn element(self) -> &'a [u8] {
        let (Beside::Before(element) | Beside::After(element)) = self;
        element
    }
}

/// The outcome of an [`Insert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// The value was added; the list has this many elements now.
    Length(usize),
    /// There is no list.
    NoList,
    /// No element has the given value.
    NoElement,
}

/// Inserts a value next to an element.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] and [`Error::ItemTooLarge`]; nothing is
/// inserted then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insert<'a> {
    /// The list.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// The position.
    pub beside: Beside<'a>,
    /// The TTL of the list, if a value is inserted.
    pub ttl: CollectionTtl,
}

impl Command for Insert<'_> {
    const WRITES: bool = true;
    type Reply = Inserted;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self) -> Received {
        Received::elements(self.key, [self.value.len(), self.beside.element().len()])
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Inserted, Error> {
        let growth = place.limits().admit_elements([self.value])?;
        let Some(list) = place.collection::<List>()? else { return Ok(Inserted::NoList) };
        let element = self.beside.element();
        let Some(found) = list.part(0..list.len()).iter().position(|it| **it == *element) else {
            return Ok(Inserted::NoElement);
        };
        let at = found + usize::from(matches!(self.beside, Beside::After(_)));
        place.extend(self.key, self.ttl, growth, |list: &mut List| {
            insert(list, at, self.value.into());
            Ok(Inserted::Length(list.len()))
        })
    }
}

/// Inserts an element at a position: removes the elements between it and the nearer end, and adds
/// them again.
fn insert(list: &mut List, at: usize, element: Element) {
    let behind = list.len() - at;
    let (end, count) = if at < behind { (End::Front, at) } else { (End::Back, behind) };
    let taken: Vec<_> = (0..count).filter_map(|_| list.pop(end)).collect();
    list.push(end, element);
    taken.into_iter().rev().for_each(|it| list.push(end, it));
}

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
        let Some(before) = place.collection::<List>()?.cloned() else { return Ok(None) };
        let positions = self.slice.of(before.len());
        place.discard(before);
        let left = place.reduce(|list: &mut List| {
            list.truncate(End::Back, positions.end);
            list.truncate(End::Front, positions.len());
            list.len()
        })?;
        place.refresh(self.ttl);
        Ok(left)
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

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let Some(before) = place.collection::<List>()?.cloned() else { return Ok(None) };
        let mut ranges: Vec<_> = self.ranges.into_iter().map(positions).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        place.discard(before);
        place.reduce(|list: &mut List| {
            let mut ranges = ranges.into_iter().peekable();
            list.retain(|at, _| {
                while ranges.next_if(|range| range.end <= at as u64).is_some() {}
                !ranges.peek().is_some_and(|range| range.contains(&(at as u64)))
            });
            list.len()
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

    fn received(&self) -> Received {
        Received::elements(self.key, [self.value.len()])
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let Some(before) = place.collection::<List>()?.cloned() else { return Ok(None) };
        place.discard(before);
        place.reduce(|list: &mut List| {
            list.retain(|_, it| it != self.value);
            list.len()
        })
    }
}

fn positions((first, count): (u32, u32)) -> Range<u64> {
    let first = u64::from(first);
    first..first + u64::from(count)
}
