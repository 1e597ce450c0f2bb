//! Increments.

use crate::{Command, Error, Found, KeyValue, Looked, NewValue, Pace, Place, Received, Ttl};

/// Adds `amount` to the integer at `key` and returns the sum.
///
/// A missing key counts as zero. The sum is stored as decimal text, so that `Get` returns what a
/// client would have written with `Set`. The item gets `ttl`, new or not.
///
/// # Errors
///
/// [`Error::WrongType`] if the key holds a collection, [`Error::NotANumber`] if its text is not an
/// integer, [`Error::Overflow`] if the sum does not fit into an `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Increment<'a> {
    /// The item to add to.
    pub key: &'a [u8],
    /// The amount to add; may be negative.
    pub amount: i64,
    /// Its new TTL.
    pub ttl: Ttl,
}

impl Command for Increment<'_> {
    const WRITES: bool = true;
    type Reply = i64;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, _: &dyn Pace) -> Received {
        Received::item(self.key.len() + size_of_val(&self.amount))
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<i64, Error> {
        let sum = add(place.scalar()?.map(Found::as_slice), self.amount)?;
        place.put(self.key, NewValue::Short(sum.to_string().as_bytes()), self.ttl)?;
        Ok(sum)
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(i64, Looked)>, K::Error> {
        if let Some(sum) = key.add(self.amount, self.ttl)? {
            return Ok(Some((sum, Looked::default())));
        }
        let decide = |current: Option<&[u8]>| {
            let sum = add(current, self.amount)?;
            Ok(Some((sum.to_string(), sum)))
        };
        Ok(key.rewrite(self.ttl, decide)?.map(|sum| (sum, Looked::default())))
    }
}

/// The sum of an integer in decimal text, or of zero, and `amount`.
///
/// # Errors
///
/// [`Error::NotANumber`] and [`Error::Overflow`].
pub(crate) fn add(text: Option<&[u8]>, amount: i64) -> Result<i64, Error> {
    let current = text.map_or(Ok(0), whole_number)?;
    current.checked_add(amount).ok_or(Error::Overflow)
}

fn whole_number(text: &[u8]) -> Result<i64, Error> {
    let text = str::from_utf8(text).map_err(|_| Error::NotANumber)?;
    text.parse().map_err(|_| Error::NotANumber)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::scalar::Set;
    use crate::{Config, Engine, Limits, Moment, Namespace};

    const SESSIONS: Namespace = Namespace(1);
    const TTL: Ttl = Ttl(9000);
    const NOON: Moment = Moment(1);

    fn engine() -> Engine {
        Engine::new(Config {
            memory_bytes: 1 << 20,
            shards: 2,
            seed: [1, 2, 3, 4],
            limits: Limits::default(),
        })
    }

    fn increment(engine: &Engine, now: Moment, amount: i64) -> Result<i64, Error> {
        engine.run(SESSIONS, Increment { key: b"n", amount, ttl: TTL }, now)
    }

    #[test]
    fn increment_starts_from_zero_once_the_old_value_expired() {
        let engine = engine();

        assert_eq!(increment(&engine, NOON, 41), Ok(41));
        assert_eq!(increment(&engine, Moment(NOON.0 + TTL.0 - 1), 1), Ok(42));
        assert_eq!(increment(&engine, Moment(NOON.0 + 2 * TTL.0 - 1), 1), Ok(1));
    }

    #[test]
    fn increment_that_overflows_leaves_the_value_as_it_was() {
        let engine = engine();
        assert_eq!(increment(&engine, NOON, i64::MAX), Ok(i64::MAX));

        assert_eq!(increment(&engine, NOON, 1), Err(Error::Overflow));
        assert_eq!(increment(&engine, NOON, 0), Ok(i64::MAX));
    }

    #[test]
    fn increment_refuses_values_that_are_not_numbers() {
        let engine = engine();
        for text in [&b""[..], b"forty-one", b"1.5", b" 1", b"9223372036854775808", b"\xff"] {
            let set = Set { key: b"n", value: text.into(), ttl: TTL };
            assert_eq!(engine.run(SESSIONS, set, NOON), Ok(()));

            assert_eq!(increment(&engine, NOON, 1), Err(Error::NotANumber));
        }
    }
}
