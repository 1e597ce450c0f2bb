//! Commands on sorted sets: values with scores, in the order of the scores.
//!
//! Equal scores are ordered by the bytes of the values; descending order is
//! the exact reverse. Scores are never NaN; 0.0 and -0.0 are one score, and
//! infinite ones are as good as others. A set whose last value goes is gone
//! itself.

use std::ops::Bound;

use crate::{Access, CollectionTtl, Command, Error, Members, Order, Place, Slice, Ttl};

/// Writes values with their scores; of two equal values the later stays.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::NotAScore`] for NaN, [`Error::ElementTooLarge`]
/// and [`Error::ItemTooLarge`]; nothing is written then.
#[derive(Debug, Clone)]
pub struct Put<'a, I> {
    /// The sorted set.
    pub key: &'a [u8],
    /// Values and their scores.
    pub elements: I,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Put<'a, I>
where
    I: IntoIterator<Item = (&'a [u8], f64)> + Clone,
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

/// Adds `amount` to the score of a value, and returns the sum. A missing value
/// counts as zero.
///
/// # Errors
///
/// [`Error::NotAScore`] if the sum is not a number, and the others of [`Put`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Increment<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// Whose score.
    pub value: &'a [u8],
    /// What to add; may be negative.
    pub amount: f64,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl Command for Increment<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = f64;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<f64, Error> {
        let _ = place;
        todo!()
    }
}

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
    const ACCESS: Access = Access::Read;
    type Reply = Option<Members>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Members>, Error> {
        let _ = place;
        todo!()
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
    const ACCESS: Access = Access::Read;
    type Reply = Option<Members>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Members>, Error> {
        let _ = place;
        todo!()
    }
}

/// Shows the score of each value to `read`, in the order of `values`, or `None`
/// for one that is not there; returns whether there is a sorted set.
///
/// Without one `read` is not called. It runs under the shard's lock.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct GetScore<'a, I, F> {
    /// The sorted set.
    pub key: &'a [u8],
    /// Whose scores.
    pub values: I,
    /// What to do with each.
    pub read: F,
}

impl<'a, I, F> Command for GetScore<'a, I, F>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
    F: FnMut(Option<f64>),
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

/// Returns how many members come before a value, or `None` if it or the sorted
/// set is not there.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetRank<'a> {
    /// The sorted set.
    pub key: &'a [u8],
    /// Whose rank.
    pub value: &'a [u8],
    /// How ranks are counted.
    pub order: Order,
}

impl Command for GetRank<'_> {
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

/// Removes values, whether they are there or not; returns whether there was a
/// sorted set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Remove<'a, I> {
    /// The sorted set.
    pub key: &'a [u8],
    /// What to remove.
    pub values: I,
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

/// Removes the sorted set; returns whether there was one.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoveAll<'a> {
    /// The sorted set.
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

/// Returns the number of members, or `None` if there is no sorted set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length<'a> {
    /// The sorted set.
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

/// How scores of one value in several sorted sets become one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// The lowest.
    Min,
    /// The highest.
    Max,
}

/// Sorted sets becoming one, outside of any lock: fetch the sources one by one,
/// add each, and [`Store`] the sum. Each source is seen as it was when it was
/// fetched, not all at one moment.
///
/// Where there is no such number (infinity times zero, infinity less
/// infinity) the score is zero.
#[derive(Debug, Clone)]
pub struct Union {
    aggregate: Aggregate,
}

impl Union {
    /// Of no sets yet.
    pub fn new(aggregate: Aggregate) -> Self {
        Self { aggregate }
    }

    /// Adds a set, its scores multiplied by `weight`.
    pub fn add(&mut self, members: &Members, weight: f32) {
        let _ = (members, weight, self.aggregate);
        todo!()
    }
}

/// Puts a union in the place of whatever the key holds, and returns how many
/// members it has. An empty one removes the item.
///
/// # Errors
///
/// [`Error::ItemTooLarge`]; the item is then as it was.
#[derive(Debug, Clone)]
pub struct Store<'a> {
    key: &'a [u8],
    union: Union,
    ttl: Ttl,
}

impl<'a> Store<'a> {
    /// Orders the members here, so that no lock is held meanwhile.
    pub fn new(key: &'a [u8], union: Union, ttl: Ttl) -> Self {
        Self { key, union, ttl }
    }
}

impl Command for Store<'_> {
    const ACCESS: Access = Access::Write;
    type Reply = usize;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<usize, Error> {
        let _ = (place, self.union, self.ttl);
        todo!()
    }
}
