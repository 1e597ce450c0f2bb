//! Commands on sets: elements that are there once or not at all.
//!
//! A set whose last element goes is gone itself.

use crate::{Access, CollectionTtl, Command, Elements, Error, Place};

/// Adds elements; those that are there already stay.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] and [`Error::ItemTooLarge`];
/// nothing is added then.
#[derive(Debug, Clone)]
pub struct Union<'a, I> {
    /// The set.
    pub key: &'a [u8],
    /// What to add.
    pub elements: I,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Union<'a, I>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
{
    const ACCESS: Access = Access::Write;
    type Reply = ();

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        let _ = place;
        todo!()
    }
}

/// Removes elements, whether they are there or not; returns whether there was a
/// set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Difference<'a, I> {
    /// The set.
    pub key: &'a [u8],
    /// What to remove.
    pub elements: I,
}

impl<'a, I> Command for Difference<'a, I>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
{
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

/// Makes the set what is in `elements` and was not in the set; returns whether
/// there was one. Without a set nothing happens.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] and [`Error::ItemTooLarge`];
/// the set is as it was then.
#[derive(Debug, Clone)]
pub struct DifferenceFrom<'a, I> {
    /// The set.
    pub key: &'a [u8],
    /// What to subtract the set from.
    pub elements: I,
}

impl<'a, I> Command for DifferenceFrom<'a, I>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
{
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

/// Removes the set; returns whether there was one.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoveAll<'a> {
    /// The set.
    pub key: &'a [u8],
}

impl Command for RemoveAll<'_> {
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

/// Tells `read` of each element whether it is in the set, in the order of
/// `elements`; returns whether there is a set. Without one `read` is not called.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Contains<'a, I, F> {
    /// The set.
    pub key: &'a [u8],
    /// What to look for.
    pub elements: I,
    /// What to do with each answer.
    pub read: F,
}

impl<'a, I, F> Command for Contains<'a, I, F>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
    F: FnMut(bool),
{
    const ACCESS: Access = Access::Read;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let _ = place;
        todo!()
    }
}

/// Returns all elements, or `None` if there is no set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch<'a> {
    /// The set.
    pub key: &'a [u8],
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

/// Returns distinct elements, each choice as likely as any other, or `None` if
/// there is no set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The set.
    pub key: &'a [u8],
    /// How many; all of them if there are fewer.
    pub limit: usize,
}

impl Command for Sample<'_> {
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

/// Removes distinct elements, each choice as likely as any other, and returns
/// them, or `None` if there is no set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pop<'a> {
    /// The set.
    pub key: &'a [u8],
    /// How many; all of them if there are fewer.
    pub count: usize,
}

impl Command for Pop<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = Option<Elements>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Elements>, Error> {
        let _ = place;
        todo!()
    }
}

/// Returns the number of elements, or `None` if there is no set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length<'a> {
    /// The set.
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
