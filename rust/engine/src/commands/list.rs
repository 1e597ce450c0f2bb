//! Commands on lists: elements in order, quick at both ends.
//!
//! A list whose last element goes is gone itself.

use std::num::NonZeroU32;

use crate::{Access, CollectionTtl, Command, Element, Elements, End, Error, Place, Slice};

/// Adds values at one end, and returns how long the list is then. The values
/// keep their order at either end.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] and [`Error::ItemTooLarge`]
/// (after truncation); nothing is added then.
#[derive(Debug, Clone)]
pub struct Push<'a, I> {
    /// The list.
    pub key: &'a [u8],
    /// At which end.
    pub at: End,
    /// What to add.
    pub values: I,
    /// To how many elements to cut the list, at the other end.
    pub truncate: Option<NonZeroU32>,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Push<'a, I>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
{
    const ACCESS: Access = Access::Write;
    type Reply = usize;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let _ = place;
        todo!()
    }
}

/// Takes the element at one end off, and returns it and how many are left, or
/// `None` if there is no list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pop<'a> {
    /// The list.
    pub key: &'a [u8],
    /// From which end.
    pub at: End,
}

impl Command for Pop<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = Option<(Element, usize)>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<(Element, usize)>, Error> {
        let _ = place;
        todo!()
    }
}

/// Returns the elements of a slice, or `None` if there is no list or the slice
/// is empty.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch<'a> {
    /// The list.
    pub key: &'a [u8],
    /// Which part.
    pub slice: Slice,
}

impl Command for Fetch<'_> {
    const ACCESS: Access = Access::Read;
    type Reply = Option<Elements>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Elements>, Error> {
        let _ = place;
        todo!()
    }
}

/// Removes all but a slice, and returns how many are left, or `None` if there
/// is no list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retain<'a> {
    /// The list.
    pub key: &'a [u8],
    /// Which part stays.
    pub slice: Slice,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl Command for Retain<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let _ = place;
        todo!()
    }
}

/// Removes ranges, and returns how many elements are left, or `None` if there
/// is no list. The ranges are positions before anything is removed; they may
/// overlap, and what lies outside the list is no matter.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Erase<'a, I> {
    /// The list.
    pub key: &'a [u8],
    /// Position of the first, and how many.
    pub ranges: I,
}

impl<I> Command for Erase<'_, I>
where
    I: IntoIterator<Item = (u32, u32)> + Clone,
{
    const ACCESS: Access = Access::Write;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let _ = place;
        todo!()
    }
}

/// Removes the list; returns whether there was one.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EraseAll<'a> {
    /// The list.
    pub key: &'a [u8],
}

impl Command for EraseAll<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let _ = place;
        todo!()
    }
}

/// Removes every element that is equal to `value`, and returns how many
/// elements are left, or `None` if there is no list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoveValue<'a> {
    /// The list.
    pub key: &'a [u8],
    /// What to remove.
    pub value: &'a [u8],
}

impl Command for RemoveValue<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let _ = place;
        todo!()
    }
}

/// Returns the number of elements, or `None` if there is no list.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length<'a> {
    /// The list.
    pub key: &'a [u8],
}

impl Command for Length<'_> {
    const ACCESS: Access = Access::Read;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let _ = place;
        todo!()
    }
}
