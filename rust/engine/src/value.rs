//! Values: as they come in, as they are found, and how they are compared.

use std::fmt;

use bytes::Bytes;
use twox_hash::XxHash3_128;

/// From this many bytes on a value is kept as shared [`Bytes`] and is never
/// copied under a lock.
pub const LARGE_VALUE_BYTES: usize = 16 * 1024;

/// A value that a command brings.
///
/// `From` picks the right form: it borrows what is short, and shares or copies
/// what is [`LARGE_VALUE_BYTES`] before any lock is taken.
#[derive(Debug, Clone)]
pub enum NewValue<'a> {
    /// Is copied into the item under the lock.
    Short(&'a [u8]),
    /// Is kept as it is. It should own little more than the value: the whole
    /// allocation behind it stays for as long as the item does.
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

/// A value that a command found, seen from within the lock.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// Copy it now.
    Short(&'a [u8]),
    /// Clone it now (that shares it), and write it after the lock.
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

    /// The value on its own: long ones shared, short ones copied.
    pub fn to_bytes(self) -> Bytes {
        match self {
            Self::Short(value) => Bytes::copy_from_slice(value),
            Self::Long(value) => value.clone(),
        }
    }
}

/// What kind of item a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemType {
    /// A single value.
    Scalar,
    /// Values by field.
    Dictionary,
    /// Elements that are there once or not at all.
    Set,
    /// Elements in order.
    List,
    /// Values with scores, in the order of the scores.
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
    /// The digest of these bytes; takes about 100 µs for a megabyte.
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
    fn the_digest_stays_what_it_is_from_release_to_release() {
        let empty = 0x99aa_06d3_0147_98d8_6001_c324_468d_497f_u128;

        assert_eq!(ValueHash::of(b""), ValueHash(empty.to_be_bytes()));
        assert_ne!(ValueHash::of(b"a"), ValueHash::of(b"b"));
    }
}
