//! Commands on dictionaries: values by field.
//!
//! A dictionary whose last field goes is gone itself.

use crate::{Access, CollectionTtl, Command, Error, Pairs, Place};

/// Shows the value of each field to `read`, in the order of `fields`, or
/// `None` for one that is not there; returns whether there is a dictionary.
///
/// Without one `read` is not called. It runs under the shard's lock.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Get<'a, I, F> {
    /// The dictionary.
    pub key: &'a [u8],
    /// Which fields.
    pub fields: I,
    /// What to do with each.
    pub read: F,
}

impl<'a, I, F> Command for Get<'a, I, F>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
    F: FnMut(Option<&[u8]>),
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

/// Returns all fields with their values, or `None` if there is no dictionary.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch<'a> {
    /// The dictionary.
    pub key: &'a [u8],
}

impl Command for Fetch<'_> {
    const ACCESS: Access = Access::Read;
    type Reply = Option<Pairs>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Pairs>, Error> {
        let _ = place;
        todo!()
    }
}

/// Writes fields; of two with one name the later stays.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] if a field or a value is, and
/// [`Error::ItemTooLarge`]; nothing is written then.
#[derive(Debug, Clone)]
pub struct Set<'a, I> {
    /// The dictionary.
    pub key: &'a [u8],
    /// Fields and their values.
    pub pairs: I,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Set<'a, I>
where
    I: IntoIterator<Item = (&'a [u8], &'a [u8])> + Clone,
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

/// Adds `amount` to the whole number in a field, and returns the sum, which is
/// stored as decimal text. A missing field counts as zero.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::NotANumber`], [`Error::Overflow`], and the size
/// errors of [`Set`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Increment<'a> {
    /// The dictionary.
    pub key: &'a [u8],
    /// Which field.
    pub field: &'a [u8],
    /// What to add; may be negative.
    pub amount: i64,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl Command for Increment<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = i64;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<i64, Error> {
        let _ = place;
        todo!()
    }
}

/// Removes fields, whether they are there or not; returns whether there was a
/// dictionary.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Remove<'a, I> {
    /// The dictionary.
    pub key: &'a [u8],
    /// Which fields.
    pub fields: I,
}

impl<'a, I> Command for Remove<'a, I>
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

/// Removes the dictionary; returns whether there was one.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoveAll<'a> {
    /// The dictionary.
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

/// Returns the number of fields, or `None` if there is no dictionary.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length<'a> {
    /// The dictionary.
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
