//! Commands on dictionaries: values by field.
//!
//! Removing the last field deletes the dictionary.

use crate::collections::kinds::Dictionary;
use crate::commands::collection;
use crate::commands::scalar::add;
use crate::pace::{self, INSERTION, LOOKUP};
use crate::{CollectionTtl, Command, Error, Looked, Pace, Pairs, Place, Received, Ttl};

/// How many elements a dictionary has.
pub type Length<'a> = collection::Length<'a, Dictionary>;
/// Removes a dictionary.
pub type Delete<'a> = collection::Delete<'a, Dictionary>;
/// Removes fields of a dictionary.
pub type Remove<'a, I> = collection::RemoveMembers<'a, Dictionary, I>;

/// The bytes of the longest number: a sign and nineteen digits.
const LONGEST_NUMBER: u64 = 20;

/// Passes the value of each field to `read`, in the order of `fields`, or `None` for missing ones;
/// returns whether there is a dictionary.
///
/// Without one, `read` is not called. If there are few fields, it runs under the shard's lock.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Get<'a, I, F> {
    /// The dictionary.
    pub key: &'a [u8],
    /// The fields.
    pub fields: I,
    /// Receives each value.
    pub read: F,
}

impl<'a, I, F> Command for Get<'a, I, F>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
    F: FnMut(Option<&[u8]>),
{
    const WRITES: bool = false;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.fields.clone().into_iter().map(<[u8]>::len), pace)
    }

    fn work(&self, place: &Place<'_>) -> usize {
        let found = place.collection::<Dictionary>().ok().flatten();
        let value = found.map_or(0, |it| usize::try_from(it.bytes()).unwrap_or(0) / it.len());
        pace::sum(self.fields.clone().into_iter().map(|_| LOOKUP + pace::of_bytes(value)))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        place.touch();
        let (hashing, steps) = (&place.rules().hashing, place.pace());
        let Some(dictionary) = place.collection::<Dictionary>()? else {
            place.look(Looked::missed(self.fields.into_iter().count()));
            return Ok(false);
        };
        let (mut read, mut looked) = (self.read, Looked::default());
        for field in self.fields {
            let value = dictionary.get(field, hashing).map(|value| &**value);
            steps.work(LOOKUP + pace::of_bytes(value.map_or(0, <[u8]>::len)));
            looked += Looked::one(value.map(<[u8]>::len));
            read(value);
        }
        place.look(looked);
        Ok(true)
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
    const WRITES: bool = false;
    type Reply = Option<Pairs>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Pairs>, pace: &dyn Pace) -> Looked {
        Looked::collection(reply.as_ref().map(Pairs::sizes), pace)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Pairs>, Error> {
        place.touch();
        let dictionary = place.collection::<Dictionary>()?.cloned();
        Ok(dictionary.map(|it| Pairs::new(place.snapshot(it))))
    }
}

/// Writes fields. If a field is given twice, the last value counts.
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
    /// Its TTL.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Set<'a, I>
where
    I: IntoIterator<Item = (&'a [u8], &'a [u8])> + Clone,
{
    const WRITES: bool = true;
    type Reply = ();

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        let pairs = self.pairs.clone().into_iter();
        Received::elements(self.key, pairs.map(|(field, value)| field.len() + value.len()), pace)
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        let insertion = |(_, value): (_, &[u8])| INSERTION + pace::of_bytes(value.len());
        pace::sum(self.pairs.clone().into_iter().map(insertion))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        let (rules, steps) = (place.rules(), place.pace());
        let both = self.pairs.clone().into_iter().flat_map(|(field, value)| [field, value]);
        let growth = place.limits().admit_elements(both, steps)?;
        place.extend(self.key, self.ttl, growth, |dictionary: &mut Dictionary| {
            for (field, value) in self.pairs {
                steps.work(INSERTION + pace::of_bytes(value.len()));
                dictionary.insert(field, value.into(), &rules.hashing);
            }
            Ok(())
        })
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
    /// The field.
    pub field: &'a [u8],
    /// The amount to add; may be negative.
    pub amount: i64,
    /// Its TTL.
    pub ttl: CollectionTtl,
}

impl Command for Increment<'_> {
    const WRITES: bool = true;
    type Reply = i64;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, [self.field.len() + size_of_val(&self.amount)], pace)
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<i64, Error> {
        let rules = place.rules();
        let growth = place.limits().admit_elements([self.field], place.pace())? + LONGEST_NUMBER;
        place.extend(self.key, self.ttl, growth, |dictionary: &mut Dictionary| {
            let value = dictionary.get(self.field, &rules.hashing);
            let sum = add(value.map(|value| &**value), self.amount)?;
            dictionary.insert(self.field, sum.to_string().as_bytes().into(), &rules.hashing);
            Ok(sum)
        })
    }
}
