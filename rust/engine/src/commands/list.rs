//! Commands on lists: ordered elements, with fast access to both ends.
//!
//! Removing the last element deletes the list.

mod removal;

use std::num::NonZeroU32;

use crate::collections::kinds::List;
use crate::commands::collection;
use crate::pace::{self, ELEMENT};
use crate::{
    CollectionTtl, Command, Element, Elements, End, Error, Looked, Pace, Place, Received, Slice,
    Ttl, work_of,
};

pub use self::removal::{Erase, RemoveValue, Retain};

/// How many elements a list has.
pub type Length<'a> = collection::Length<'a, List>;
/// Removes a list.
pub type Delete<'a> = collection::Delete<'a, List>;

/// How much work it is to look at an element and to keep it, in units of [`Pace`].
const VISIT: usize = ELEMENT / 2;

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

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.values.clone().into_iter().map(<[u8]>::len), pace)
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.values.clone().into_iter().map(|it| work_of(it.len())))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let steps = place.pace();
        let growth = place.limits().admit_elements(self.values.clone(), steps)?;
        let cut = self.truncate.map_or(usize::MAX, |size| size.get() as usize);
        let (length, removed) = place.extend(self.key, self.ttl, growth, |list: &mut List| {
            match self.at {
                End::Back => self.values.into_iter().for_each(|it| push(list, self.at, it, steps)),
                End::Front => {
                    let values: Vec<_> = self.values.into_iter().collect();
                    values.into_iter().rev().for_each(|it| push(list, self.at, it, steps));
                }
            }
            let removed = list.truncate(self.at.other(), cut);
            Ok((list.len(), removed))
        })?;
        place.discard(removed);
        Ok(length)
    }
}

fn push(list: &mut List, at: End, value: &[u8], steps: &dyn Pace) {
    steps.work(work_of(value.len()));
    list.push(at, value.into());
}

/// How much work it is to visit all elements of the list at a place.
fn visits(place: &Place<'_>) -> usize {
    place.collection::<List>().ok().flatten().map_or(0, |list| list.len() * VISIT)
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
        let part = list.map(|list| list.part(self.slice.of(list.len())));
        Ok(part.map(|part| place.snapshot(part).into()))
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

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, [self.value.len(), self.beside.element().len()], pace)
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn work(&self, place: &Place<'_>) -> usize {
        visits(place)
    }

    fn again(&self) -> Option<Self> {
        Some(*self)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Inserted, Error> {
        let steps = place.pace();
        let growth = place.limits().admit_elements([self.value], steps)?;
        let Some(list) = place.collection::<List>()? else { return Ok(Inserted::NoList) };
        let element = self.beside.element();
        let all = list.part(0..list.len());
        let Some(found) = all.iter().inspect(|_| steps.work(VISIT)).position(|it| **it == *element)
        else {
            return Ok(Inserted::NoElement);
        };
        let at = found + usize::from(matches!(self.beside, Beside::After(_)));
        place.extend(self.key, self.ttl, growth, |list: &mut List| {
            insert(list, at, self.value.into(), steps);
            Ok(Inserted::Length(list.len()))
        })
    }
}

/// Inserts an element at a position: removes the elements between it and the nearer end, and adds
/// them again.
fn insert(list: &mut List, at: usize, element: Element, steps: &dyn Pace) {
    let behind = list.len() - at;
    let (end, count) = if at < behind { (End::Front, at) } else { (End::Back, behind) };
    let each = (0..count).inspect(|_| steps.work(ELEMENT));
    let taken: Vec<_> = each.filter_map(|_| list.pop(end)).collect();
    list.push(end, element);
    taken.into_iter().rev().for_each(|it| {
        steps.work(ELEMENT);
        list.push(end, it);
    });
}
