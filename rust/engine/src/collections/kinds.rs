//! The types of collections.

use std::cmp::Ordering;

use super::map::Map;
use super::ranking::{Member, Ranking};
use super::sequence::Sequence;
use crate::Element;
use crate::hashing::Hashing;

pub(crate) type Dictionary = Map<Element>;
pub(crate) type Set = Map<()>;
pub(crate) type List = Sequence;
pub(crate) type SortedSet = Ranking<Element>;
pub(crate) type Leaderboard = Ranking<Id>;

impl Member for Element {
    type Name = [u8];

    fn new(name: &[u8]) -> Self {
        name.into()
    }

    fn name(&self) -> &[u8] {
        self
    }

    fn hash(name: &[u8], hashing: &Hashing) -> u32 {
        hashing.of_element(name)
    }

    fn order(&self, name: &[u8]) -> Ordering {
        (**self).cmp(name)
    }

    fn heap(&self) -> u64 {
        Element::heap(self)
    }

    fn bytes(&self) -> u64 {
        self.len() as u64
    }
}

/// The id of a leaderboard member. Ordered as decimal text: 1, 10, 123, 2.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub(crate) u32);

impl Id {
    /// The digits, followed by zeros up to ten places, and the number of digits.
    fn text(id: u32) -> (u64, u32) {
        let digits = id.checked_ilog10().unwrap_or(0);
        (u64::from(id) * 10_u64.pow(9 - digits), digits)
    }
}

impl Member for Id {
    type Name = u32;

    fn new(name: &u32) -> Self {
        Self(*name)
    }

    fn name(&self) -> &u32 {
        &self.0
    }

    fn hash(name: &u32, _: &Hashing) -> u32 {
        *name
    }

    fn order(&self, name: &u32) -> Ordering {
        Self::text(self.0).cmp(&Self::text(*name))
    }

    fn heap(&self) -> u64 {
        0
    }

    fn bytes(&self) -> u64 {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_as_text() {
        let ids = [0, 1, 2, 9, 10, 11, 99, 100, 101, 1000, 12, 123, 1_000_000_000, u32::MAX];
        for a in ids {
            for b in ids {
                assert_eq!(Id(a).order(&b), a.to_string().cmp(&b.to_string()), "{a} {b}");
            }
        }
    }
}
