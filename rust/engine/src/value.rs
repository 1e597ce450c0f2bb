//! Values as commands bring and find them, item types, and digests.

use std::fmt;

use bytes::Bytes;
use twox_hash::XxHash3_128;

/// Values of at least this many bytes are stored as shared [`Bytes`] and never copied under a lock.
pub const LARGE_VALUE_BYTES: usize = 16 * 1024;

/// The value of a write.
///
/// `From` selects the form: it borrows short values, and shares or copies values of at least
/// [`LARGE_VALUE_BYTES`] before any lock is taken.
#[derive(Debug, Clone)]
pub enum NewValue<'a> {
    /// Copied into the item under the lock.
    Short(&'a [u8]),
    /// Stored as it is. It should own little more than the value: its whole allocation stays as
    /// long as the item does.
    Long(Bytes),
}

impl NewValue<'_> {
    /// The bytes themselves.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short(value) => value,
            Self::Long(value) => value,
        }
    }
}

impl<'a> From<&'a [u8]> for NewValue<'a> {
    fn from(value: &'a [u8]) -> Self {
        if value.len() < LARGE_VALUE_BYTES {
            Self::Short(value)
        } else {
            Self::Long(Bytes::copy_from_slice(value))
        }
    }
}

impl<'a> From<&'a Bytes> for NewValue<'a> {
    fn from(value: &'a Bytes) -> Self {
        if value.len() < LARGE_VALUE_BYTES { Self::Short(value) } else { Self::Long(value.clone()) }
    }
}

/// The value of an item, under the lock.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// Must be copied under the lock.
    Short(&'a [u8]),
    /// To be cloned, which shares it, and copied after the lock.
    Long(&'a Bytes),
}

impl<'a> Found<'a> {
    /// The bytes themselves.
    pub fn as_slice(self) -> &'a [u8] {
        match self {
            Self::Short(value) => value,
            Self::Long(value) => value,
        }
    }

    /// An owned value: long ones are shared, short ones copied.
    pub fn to_bytes(self) -> Bytes {
        match self {
            Self::Short(value) => Bytes::copy_from_slice(value),
            Self::Long(value) => value.clone(),
        }
    }
}

/// The type of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemType {
    /// A single value.
    Scalar,
    /// Values by field.
    Dictionary,
    /// Distinct elements.
    Set,
    /// Elements in order.
    List,
    /// Values with scores, ordered by score.
    SortedSet,
    /// Ids with scores, ranked.
    Leaderboard,
}

impl fmt::Display for ItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "a single value",
            Self::Dictionary => "a dictionary",
            Self::Set => "a set",
            Self::List => "a list",
            Self::SortedSet => "a sorted set",
            Self::Leaderboard => "a leaderboard",
        })
    }
}

/// A digest that identifies a value: XXH3, 128 bits, big-endian.
///
/// Equal values have equal digests on every node and in every release. It is
/// not a signature: an attacker can find two values with the same digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ValueHash(pub [u8; 16]);

impl ValueHash {
    /// The digest of `value`; takes about 100 µs per megabyte.
    pub fn of(value: &[u8]) -> Self {
        Self(XxHash3_128::oneshot(value).to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_shared_and_a_short_one_is_borrowed() {
        let (short, long) =
            (Bytes::from(vec![1; LARGE_VALUE_BYTES - 1]), Bytes::from(vec![1; LARGE_VALUE_BYTES]));

        assert!(matches!(NewValue::from(&short), NewValue::Short(_)));
        assert!(
            matches!(NewValue::from(&long), NewValue::Long(kept) if kept.as_ptr() == long.as_ptr())
        );
        assert!(matches!(NewValue::from(&long[..]), NewValue::Long(_)));
    }

    #[test]
    fn the_digest_is_the_same_in_every_release() {
        let empty = 0x99aa_06d3_0147_98d8_6001_c324_468d_497f_u128;

        assert_eq!(ValueHash::of(b""), ValueHash(empty.to_be_bytes()));
        assert_ne!(ValueHash::of(b"a"), ValueHash::of(b"b"));
    }
}
