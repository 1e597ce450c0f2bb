//! The items: what key number `i` is called, and what its value must be.

use crate::tally::Outcome;

/// Bytes of a key.
pub const KEY_BYTES: usize = 16;

/// The items of a run. A value begins with its own key, so that an answer to the wrong question
/// is noticed.
pub struct Items {
    filler: Vec<u8>,
    /// Bytes of each value.
    pub value_bytes: usize,
    /// How long a Set lives; nothing means as long as the protocol allows.
    pub ttl_seconds: Option<u32>,
}

impl Items {
    /// Items with values of `value_bytes`.
    pub fn new(value_bytes: usize, ttl_seconds: Option<u32>) -> Self {
        let letters = (0..value_bytes.saturating_sub(KEY_BYTES)).map(|i| b'a' + (i * 7 % 26) as u8);
        Self { filler: letters.collect(), value_bytes, ttl_seconds }
    }

    /// How long a Set lives where the protocol wants a time.
    pub fn ttl_or_hour(&self) -> u32 {
        self.ttl_seconds.unwrap_or(3600)
    }

    /// The name of key number `number`: `k` and fifteen digits.
    pub fn key(number: u32) -> [u8; KEY_BYTES] {
        let mut key = *b"k000000000000000";
        let (mut rest, mut at) = (number, KEY_BYTES);
        while rest > 0 {
            at -= 1;
            key[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        key
    }

    /// Appends the value of a key.
    pub fn write_value(&self, number: u32, out: &mut Vec<u8>) {
        let head = self.value_bytes.min(KEY_BYTES);
        out.extend_from_slice(&Self::key(number)[..head]);
        out.extend_from_slice(&self.filler);
    }

    /// What it means that a Get of a key brought `bytes`.
    pub fn check(&self, number: u32, bytes: &[u8]) -> Outcome {
        if self.is_value(number, bytes) { Outcome::Right } else { Outcome::Wrong("value") }
    }

    /// Whether `bytes` are the value of a key, to the last byte.
    fn is_value(&self, number: u32, bytes: &[u8]) -> bool {
        let head = self.value_bytes.min(KEY_BYTES);
        bytes.len() == self.value_bytes
            && bytes[..head] == Self::key(number)[..head]
            && bytes[head..] == self.filler
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_sixteen_bytes_and_its_number() {
        assert_eq!(&Items::key(0), b"k000000000000000");
        assert_eq!(&Items::key(999_999), b"k000000000999999");
        assert_eq!(&Items::key(u32::MAX), b"k000004294967295");
    }

    #[test]
    fn a_value_belongs_to_its_key_alone() {
        let items = Items::new(100, None);
        let mut value = Vec::new();
        items.write_value(7, &mut value);
        assert_eq!(value.len(), 100);
        assert!(items.is_value(7, &value));
        assert!(!items.is_value(8, &value));
        assert!(!items.is_value(7, &value[..99]));
    }

    #[test]
    fn a_value_may_be_shorter_than_its_key() {
        let items = Items::new(3, None);
        let mut value = Vec::new();
        items.write_value(7, &mut value);
        assert_eq!(value, b"k00");
        assert!(items.is_value(7, &value));
    }
}
