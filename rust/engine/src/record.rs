//! Records: a header, the length of the key as a varint, the key, the same of the value, and zeros
//! up to a multiple of four bytes.
//!
//! A varint takes one byte below 128, so most items spend 18 bytes beside key and value, and keys
//! may still have megabytes. A record may have some grains to spare: after a value was replaced by
//! a shorter one.

use crate::header::{self, Header, MOST_SPARE};

/// Records start and end at multiples of this many bytes.
pub(crate) const GRAIN: usize = 4;

/// A record may have one part in this many to spare.
const LEAST_PART: usize = 6;

/// A record that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) header: Header,
    pub(crate) key: &'a [u8],
    /// The value, or the index of one that is out of line.
    pub(crate) value: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the start of `bytes`.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let (header, rest) = split_header(bytes);
        let (key_len, rest) = read_varint(rest);
        let (key, rest) = rest.split_at(key_len);
        let (value_len, rest) = read_varint(rest);
        Self { header, key, value: &rest[..value_len] }
    }

    /// The index of a value that is out of line.
    pub(crate) fn aside(&self) -> Option<u32> {
        self.header
            .is_aside()
            .then(|| u32::from_le_bytes(self.value.try_into().expect("an index has four bytes")))
    }

    /// The size of the record, in bytes.
    pub(crate) fn len(&self) -> usize {
        len(self.key, self.value) + grains(self.header.spare()) * GRAIN
    }
}

/// The size of a record with this key and value, in bytes.
pub(crate) fn len(key: &[u8], value: &[u8]) -> usize {
    let lengths = varint_len(key.len()) + varint_len(value.len());
    (header::BYTES + lengths + key.len() + value.len()).next_multiple_of(GRAIN)
}

/// Appends a record to `bytes`.
pub(crate) fn append(bytes: &mut Vec<u8>, header: Header, key: &[u8], value: &[u8]) {
    let start = bytes.len();
    bytes.resize(start + len(key, value), 0);
    let (head, rest) = bytes[start..].split_at_mut(header::BYTES);
    head.copy_from_slice(&header.write());
    let at = write_varint(rest, key.len());
    let (head, rest) = rest[at..].split_at_mut(key.len());
    head.copy_from_slice(key);
    write_value(rest, value);
}

/// Replaces the value in the record at the start of `bytes`, if the record can keep its size without
/// much to spare.
pub(crate) fn replace_value(bytes: &mut [u8], value: &[u8]) -> bool {
    let old = Record::read(bytes);
    let (mut header, all, needed) = (old.header, old.len(), len(old.key, value));
    let Some(spare) = all.checked_sub(needed) else { return false };
    if spare * LEAST_PART > all || spare > grains(MOST_SPARE) * GRAIN {
        return false;
    }
    let start = header::BYTES + varint_len(old.key.len()) + old.key.len();
    write_value(&mut bytes[start..], value);
    let spare = (spare / GRAIN) as u64;
    if header.spare() != spare {
        header.set_spare(spare);
        bytes[..header::BYTES].copy_from_slice(&header.write());
    }
    true
}

fn write_value(bytes: &mut [u8], value: &[u8]) {
    let at = write_varint(bytes, value.len());
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Splits off the header.
pub(crate) fn split_header(bytes: &[u8]) -> (Header, &[u8]) {
    let (header, rest) = bytes.split_first_chunk().expect("a record starts with its header");
    (Header::read(header), rest)
}

fn read_varint(bytes: &[u8]) -> (usize, &[u8]) {
    if bytes[0] < 0x80 {
        return (usize::from(bytes[0]), &bytes[1..]);
    }
    let (mut number, mut at) = (0, 0);
    loop {
        let byte = bytes[at];
        number |= usize::from(byte & 0x7f) << (7 * at);
        at += 1;
        if byte < 0x80 {
            return (number, &bytes[at..]);
        }
    }
}

/// Writes a varint at the start of `bytes`, and returns its length.
fn write_varint(bytes: &mut [u8], mut number: usize) -> usize {
    let mut len = 0;
    while number >= 0x80 {
        bytes[len] = low_bits(number) | 0x80;
        number >>= 7;
        len += 1;
    }
    bytes[len] = low_bits(number);
    len + 1
}

#[expect(clippy::cast_possible_truncation, reason = "there are at most MOST_SPARE")]
fn grains(spare: u64) -> usize {
    spare as usize
}

fn varint_len(number: usize) -> usize {
    (usize::BITS - (number | 1).leading_zeros()).div_ceil(7) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "only the low seven bits are wanted")]
fn low_bits(number: usize) -> u8 {
    number as u8 & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Namespace;
    use crate::time::Deadline;

    const HEADER: fn() -> Header = || Header::new(Namespace(1), 7, Deadline(5));

    #[test]
    fn a_record_is_read_as_it_was_written_at_every_length() {
        for key in [0, 1, 127, 128, 16_383, 16_384, 5_000_000].map(|len| vec![7; len]) {
            for value in [&b""[..], b"v", &[9; 127], &[9; 128], &[9; 16_384]] {
                let mut bytes = Vec::new();
                append(&mut bytes, HEADER(), &key, value);
                let record = Record::read(&bytes);

                assert_eq!((record.key, record.value), (&key[..], value));
                assert_eq!(record.header, HEADER());
                assert_eq!((bytes.len(), record.len()), (len(&key, value), bytes.len()));
            }
        }
    }

    #[test]
    fn a_value_is_replaced_in_place_if_the_record_keeps_its_size() {
        for (old, new, fits) in [
            (100, 100, true),
            (97, 100, true),
            (100, 97, true),
            (101, 86, true),
            (127, 128, false),
            (128, 120, true),
            (9000, 8800, true),
            (9000, 8600, false),
            (100, 60, false),
            (100, 200, false),
        ] {
            let mut bytes = Vec::new();
            append(&mut bytes, HEADER(), b"0123456789", &vec![1; old]);
            let before = bytes.clone();

            assert_eq!(replace_value(&mut bytes, &vec![2; new]), fits, "{old} to {new}");

            let mut record = Record::read(&bytes);
            assert_eq!(record.len(), bytes.len());
            record.header.set_spare(0);
            assert_eq!((record.key, record.header), (&b"0123456789"[..], HEADER()));
            assert!(if fits { record.value == vec![2; new] } else { bytes == before });
            assert!(!fits || replace_value(&mut bytes, &vec![3; old]));
            assert_eq!(Record::read(&bytes).len(), before.len());
        }
    }

    #[test]
    fn most_items_spend_eighteen_bytes_beside_key_and_value() {
        assert_eq!(len(&[0; 16], &[0; 100]), (18_usize + 116).next_multiple_of(GRAIN));
    }
}
