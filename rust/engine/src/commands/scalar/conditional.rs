//! Conditional writes by value.

use crate::{Command, Error, Found, KeyValue, Looked, NewValue, Pace, Place, Received, Ttl};

/// The condition under which [`SetIf`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// There is an item.
    Present,
    /// There is no item.
    Absent,
    /// There is an item with this value.
    Equal(&'a [u8]),
    /// There is no item, or it has another value.
    NotEqual(&'a [u8]),
    /// There is an item with another value.
    PresentAndNotEqual(&'a [u8]),
    /// There is no item, or it has this value.
    AbsentOrEqual(&'a [u8]),
}

impl Condition<'_> {
    /// The size of the compared value, in bytes.
    fn bytes(self) -> usize {
        match self {
            Self::Present | Self::Absent => 0,
            Self::Equal(value)
            | Self::NotEqual(value)
            | Self::PresentAndNotEqual(value)
            | Self::AbsentOrEqual(value) => value.len(),
        }
    }

    /// Whether the condition is true for the current value.
    fn holds(self, current: Option<&[u8]>) -> bool {
        match self {
            Self::Present => current.is_some(),
            Self::Absent => current.is_none(),
            Self::Equal(value) => current == Some(value),
            Self::NotEqual(value) => current != Some(value),
            Self::PresentAndNotEqual(value) => current.is_some_and(|it| it != value),
            Self::AbsentOrEqual(value) => current.is_none_or(|it| it == value),
        }
    }
}

/// Writes `value` at `key` if `condition` holds, and returns whether it did.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds a collection, and
/// [`Error::ItemTooLarge`].
#[derive(Debug, Clone)]
pub struct SetIf<'a> {
    /// The item to write.
    pub key: &'a [u8],
    /// The condition.
    pub condition: Condition<'a>,
    /// The new value.
    pub value: NewValue<'a>,
    /// The TTL of the new value; an item that is not written keeps its own.
    pub ttl: Ttl,
}

impl Command for SetIf<'_> {
    const WRITES: bool = true;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, _: &dyn Pace) -> Received {
        Received::item(self.key.len() + self.value.as_slice().len() + self.condition.bytes())
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let stored = self.condition.holds(place.scalar()?.map(Found::as_slice));
        if stored {
            place.put(self.key, self.value, self.ttl)?;
        }
        Ok(stored)
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(bool, Looked)>, K::Error> {
        let new = (self.value.as_slice(), ());
        let decide = |current: Option<&[u8]>| Ok(self.condition.holds(current).then_some(new));
        Ok(Some((key.rewrite(self.ttl, decide)?.is_some(), Looked::default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: conditions; columns: absent, equal, different.
    #[test]
    fn each_condition_matches_its_name() {
        let table = [
            (Condition::Present, [false, true, true]),
            (Condition::Absent, [true, false, false]),
            (Condition::Equal(b"v"), [false, true, false]),
            (Condition::NotEqual(b"v"), [true, false, true]),
            (Condition::PresentAndNotEqual(b"v"), [false, false, true]),
            (Condition::AbsentOrEqual(b"v"), [true, true, false]),
        ];
        for (condition, expected) in table {
            let found = [None, Some(&b"v"[..]), Some(b"")];
            assert_eq!(found.map(|it| condition.holds(it)), expected, "{condition:?}");
        }
    }
}
