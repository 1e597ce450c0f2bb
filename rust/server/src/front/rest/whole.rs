//! Whole numbers in JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Unexpected, Visitor};

use super::query::{WHOLE, WHOLE_OF_32};

/// A whole number, 0 or more; JSON knows one kind of number, so `7.0` is one, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Whole<T>(pub(super) T);

/// What a [`Whole`] fits into.
pub(super) trait Counting: TryFrom<u64> {
    /// Which numbers do.
    const ALLOWED: &str;
}

impl Counting for u64 {
    const ALLOWED: &str = WHOLE;
}

impl Counting for u32 {
    const ALLOWED: &str = WHOLE_OF_32;
}

impl<'de, T: Counting> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor(PhantomData)).map(Whole)
    }
}

struct WholeVisitor<T>(PhantomData<T>);

impl<T: Counting> Visitor<'_> for WholeVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::ALLOWED)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<T, E> {
        T::try_from(number).map_err(|_| E::invalid_type(Unexpected::Unsigned(number), &self))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole, not negative, and below 2^53"
    )]
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> std::result::Result<T, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
        if number.fract() == 0.0 && (0.0..EXACT).contains(&number) {
            return self.visit_u64(number as u64);
        }
        Err(E::invalid_type(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::super::body;
    use super::*;
    use crate::error::Result;
    use crate::steps::Steps;

    fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T> {
        body::read(json, &Steps::one())
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for (json, number) in [("7", 7), ("7.0", 7), ("0.0", 0), ("6e1", 60)] {
            assert_eq!(read::<Whole<u64>>(json.as_bytes()), Ok(Whole(number)));
        }
        for json in ["7.5", "-1", "-1.0", "1e300", "\"7\"", "null"] {
            assert!(read::<Whole<u64>>(json.as_bytes()).is_err(), "{json}");
        }
        assert!(read::<Whole<u32>>(b"4294967296").is_err());
    }

    #[test]
    fn what_is_no_whole_number_is_told_which_ones_are() {
        for (json, found) in [
            ("-1", "-1"),
            ("7.5", "7.5"),
            ("4294967296", "4294967296"),
            ("1e300", "1e300"),
            ("\"7\"", "a string"),
            ("null", "null"),
            ("[7]", "an array"),
        ] {
            let words = format!("body: must be {WHOLE_OF_32}, not {found}");
            let error = read::<Whole<u32>>(json.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), words, "{json}");
        }
    }
}
