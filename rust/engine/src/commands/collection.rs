//! Commands that all types of collections share.
//!
//! Each data type has aliases for them, such as [`super::set::Length`].

use std::marker::PhantomData;

use crate::collections::kinds::{Leaderboard, SortedSet};
use crate::collections::map::{Beside, Map};
use crate::hashing::Hashing;
use crate::pace::{self, INSERTION};
use crate::value_slab::Collection;
use crate::{Command, Error, ID_BYTES, Looked, Pace, Place, Received, Space};

/// Returns the number of elements, or `None` if there is no such collection.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Length<'a, C> {
    key: &'a [u8],
    of: PhantomData<C>,
}

impl<'a, C> Length<'a, C> {
    /// Of the collection at `key`.
    pub fn new(key: &'a [u8]) -> Self {
        Self { key, of: PhantomData }
    }
}

impl<C: Collection> Command for Length<'_, C> {
    const WRITES: bool = false;
    const SPACE: Space = C::SPACE;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<usize>, _: &dyn Pace) -> Looked {
        Looked::one(reply.map(|_| 0))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        Ok(place.collection::<C>()?.map(C::len))
    }
}

/// Removes the collection; returns whether there was one.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Delete<'a, C> {
    key: &'a [u8],
    of: PhantomData<C>,
}

impl<'a, C> Delete<'a, C> {
    /// The collection at `key`.
    pub fn new(key: &'a [u8]) -> Self {
        Self { key, of: PhantomData }
    }
}

impl<C: Collection> Command for Delete<'_, C> {
    const WRITES: bool = true;
    const SPACE: Space = C::SPACE;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        place.remove_collection::<C>()
    }
}

/// Removes elements by name, whether they exist or not; returns whether there was a collection.
/// Removing its last element deletes the collection.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct RemoveMembers<'a, C, I> {
    key: &'a [u8],
    members: I,
    of: PhantomData<C>,
}

impl<'a, C, I> RemoveMembers<'a, C, I> {
    /// From the collection at `key`: elements, fields, values or ids.
    pub fn new(key: &'a [u8], members: I) -> Self {
        Self { key, members, of: PhantomData }
    }
}

impl<C, I> Command for RemoveMembers<'_, C, I>
where
    C: Named<I::Item>,
    I: IntoIterator + Clone,
{
    const WRITES: bool = true;
    const SPACE: Space = C::SPACE;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.members.clone().into_iter().map(C::name_bytes), pace)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.members.clone().into_iter().map(|_| INSERTION))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let (hashing, steps) = (&place.rules().hashing, place.pace());
        let removed = place.reduce(|collection: &mut C| {
            for name in self.members {
                steps.work(INSERTION);
                collection.remove_named(name, hashing);
            }
        })?;
        Ok(removed.is_some())
    }
}

/// A collection whose elements have names.
pub(crate) trait Named<N>: Collection {
    /// How many bytes of a request a name takes.
    fn name_bytes(name: N) -> usize;
    /// Removes the element of this name, if it is there.
    fn remove_named(&mut self, name: N, hashing: &Hashing);
}

impl<V: Beside> Named<&[u8]> for Map<V>
where
    Self: Collection,
{
    fn name_bytes(name: &[u8]) -> usize {
        name.len()
    }

    fn remove_named(&mut self, name: &[u8], hashing: &Hashing) {
        self.remove(name, hashing);
    }
}

impl Named<&[u8]> for SortedSet {
    fn name_bytes(name: &[u8]) -> usize {
        name.len()
    }

    fn remove_named(&mut self, name: &[u8], hashing: &Hashing) {
        self.remove(name, hashing);
    }
}

impl Named<u32> for Leaderboard {
    fn name_bytes(_: u32) -> usize {
        ID_BYTES
    }

    fn remove_named(&mut self, id: u32, hashing: &Hashing) {
        self.remove(&id, hashing);
    }
}
