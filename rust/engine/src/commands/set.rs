//! Commands on sets of distinct elements.
//!
//! Removing the last element deletes the set.

use crate::collections::kinds::{List, Set};
use crate::commands::collection;
use crate::pace::{self, INSERTION, LOOKUP};
use crate::value_slab::Collection;
use crate::{CollectionTtl, Command, Elements, End, Error, Looked, Pace, Place, Received, Ttl};

/// How many elements a set has.
pub type Length<'a> = collection::Length<'a, Set>;
/// Removes a set.
pub type Delete<'a> = collection::Delete<'a, Set>;
/// Removes elements of a set.
pub type Remove<'a, I> = collection::RemoveMembers<'a, Set, I>;

/// Adds elements; existing ones are unchanged.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] and [`Error::ItemTooLarge`]; nothing is added
/// then.
#[derive(Debug, Clone)]
pub struct Union<'a, I> {
    /// The set.
    pub key: &'a [u8],
    /// The elements.
    pub elements: I,
    /// Its TTL.
    pub ttl: CollectionTtl,
}

impl<'a, I> Command for Union<'a, I>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
{
    const WRITES: bool = true;
    type Reply = ();

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.elements.clone().into_iter().map(<[u8]>::len), pace)
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl.ttl)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.elements.clone().into_iter().map(|it| INSERTION + pace::of_bytes(it.len())))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        let (rules, steps) = (place.rules(), place.pace());
        let growth = place.limits().admit_elements(self.elements.clone(), steps)?;
        place.extend(self.key, self.ttl, growth, |set: &mut Set| {
            for element in self.elements {
                steps.work(INSERTION + pace::of_bytes(element.len()));
                set.insert(element, (), &rules.hashing);
            }
            Ok(())
        })
    }
}

/// Replaces the set with the elements of `elements` that are not in it; returns whether there was
/// one. Without a set, nothing happens.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::ElementTooLarge`] and [`Error::ItemTooLarge`]; the set is
/// unchanged then.
#[derive(Debug, Clone)]
pub struct DifferenceFrom<'a, I> {
    /// The set.
    pub key: &'a [u8],
    /// The elements from which the set is subtracted.
    pub elements: I,
}

impl<'a, I> Command for DifferenceFrom<'a, I>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
{
    const WRITES: bool = true;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.elements.clone().into_iter().map(<[u8]>::len), pace)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.elements.clone().into_iter().map(|it| INSERTION + pace::of_bytes(it.len())))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let (rules, steps) = (place.rules(), place.pace());
        place.limits().admit_elements(self.elements.clone(), steps)?;
        let Some(old) = place.collection::<Set>()?.cloned() else { return Ok(false) };
        let mut new = Set::default();
        for element in self.elements {
            steps.work(INSERTION + pace::of_bytes(element.len()));
            if !old.contains(element, &rules.hashing) {
                new.insert(element, (), &rules.hashing);
            }
        }
        let admitted = place.limits().admit_item(Set::TYPE, self.key, new.bytes());
        let old = match admitted {
            Ok(()) => place.reduce(|set: &mut Set| std::mem::replace(set, new))?,
            Err(_) => Some(new),
        };
        if let Some(old) = old {
            place.discard(old);
        }
        admitted.map(|()| true)
    }
}

/// Calls `read` for each of `elements`, in order, with whether it is in the set; returns whether
/// there is a set. Without one, `read` is not called.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone)]
pub struct Contains<'a, I, F> {
    /// The set.
    pub key: &'a [u8],
    /// The elements.
    pub elements: I,
    /// Receives each result.
    pub read: F,
}

impl<'a, I, F> Command for Contains<'a, I, F>
where
    I: IntoIterator<Item = &'a [u8]> + Clone,
    F: FnMut(bool),
{
    const WRITES: bool = false;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.elements.clone().into_iter().map(<[u8]>::len), pace)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.elements.clone().into_iter().map(|_| LOOKUP))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        place.touch();
        let (hashing, steps) = (&place.rules().hashing, place.pace());
        let Some(set) = place.collection::<Set>()? else {
            place.look(Looked::missed(self.elements.into_iter().count()));
            return Ok(false);
        };
        let (mut read, mut looked) = (self.read, Looked::default());
        for element in self.elements {
            steps.work(LOOKUP);
            let is_in = set.contains(element, hashing);
            looked += Looked::one(is_in.then_some(0));
            read(is_in);
        }
        place.look(looked);
        Ok(true)
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
        let set = place.collection::<Set>()?.cloned();
        Ok(set.map(|set| place.snapshot(set).into()))
    }
}

/// Returns distinct random elements, each choice equally likely, or `None` if there is no set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The set.
    pub key: &'a [u8],
    /// How many at most.
    pub limit: usize,
}

impl Command for Sample<'_> {
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
        let random = place.random();
        let set = place.collection::<Set>()?.cloned();
        Ok(set.map(|set| Elements::sample(place.snapshot(set), self.limit, random)))
    }
}

/// Removes distinct random elements, each choice equally likely, and returns them, or `None` if
/// there is no set.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pop<'a> {
    /// The set.
    pub key: &'a [u8],
    /// How many at most.
    pub count: usize,
}

impl Command for Pop<'_> {
    const WRITES: bool = true;
    type Reply = Option<Elements>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Elements>, pace: &dyn Pace) -> Looked {
        Looked::collection(reply.as_ref().map(Elements::sizes), pace)
    }

    fn work(&self, place: &Place<'_>) -> usize {
        let found = place.collection::<Set>().ok().flatten();
        let some = found.filter(|set| self.count < set.len());
        some.map_or(0, |_| self.count.saturating_mul(INSERTION))
    }

    fn again(&self) -> Option<Self> {
        Some(*self)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Elements>, Error> {
        let (mut random, steps) = (place.random(), place.pace());
        let rest = |set: &Set| self.count < set.len();
        if !place.collection::<Set>()?.is_some_and(rest) {
            let all = place.reduce(|set: &mut Set| std::mem::take(set))?;
            return Ok(all.map(|set| place.snapshot(set).into()));
        }
        let popped = place.reduce(|set: &mut Set| {
            let mut popped = List::default();
            for _ in 0..self.count {
                steps.work(INSERTION);
                popped.push(End::Back, set.remove_at(random.below(set.len())));
            }
            popped.part(0..self.count)
        })?;
        Ok(popped.map(|popped| place.snapshot(popped).into()))
    }
}
