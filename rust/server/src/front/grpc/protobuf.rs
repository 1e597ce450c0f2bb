//! Just enough of the protobuf wire format to read what is asked most where it lies.
//!
//! Format: <https://protobuf.dev/programming-guides/encoding/>. Fields that we do
//! not know are skipped, and of a repeated field the last one counts, as the
//! format asks of every reader.

use std::ops::Range;

use crate::error::{Error, Result};

const BAD: Error = Error::Malformed("the message is not valid protobuf");
/// A varint of 64 bits takes at most so many bytes.
const LONGEST_VARINT: usize = 10;

/// One field of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A number.
    Varint(u32, u64),
    /// Bytes, by where they are in the message.
    Bytes(u32, Range<usize>),
    /// Eight bytes, in little-endian order.
    Fixed64(u32, u64),
    /// Of another kind, and skipped.
    Other,
}

/// Reads the fields of a message, in order.
pub(super) struct Fields<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of `message`.
    pub(super) fn of(message: &'a [u8]) -> Self {
        Fields { message, at: 0 }
    }

    /// The next field, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`].
    pub(super) fn next(&mut self) -> Result<Option<Field>> {
        if self.at == self.message.len() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number != 0).ok_or(BAD)?;
        Ok(Some(match tag & 7 {
            0 => Field::Varint(number, self.varint()?),
            1 => Field::Fixed64(number, self.fixed64()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| BAD)?;
                let from = self.at;
                self.skip(length)?;
                Field::Bytes(number, from..self.at)
            }
            5 => self.skip(4)?,
            // Groups (3 and 4) are of a version of the format that gRPC never spoke.
            _ => return Err(BAD),
        }))
    }

    fn fixed64(&mut self) -> Result<u64> {
        let bytes = self.message[self.at..].first_chunk().ok_or(BAD)?;
        self.at += bytes.len();
        Ok(u64::from_le_bytes(*bytes))
    }

    fn skip(&mut self, length: usize) -> Result<Field> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.message.len());
        self.at = end.ok_or(BAD)?;
        Ok(Field::Other)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for (i, byte) in self.message[self.at..].iter().take(LONGEST_VARINT).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                self.at += i + 1;
                return Ok(value);
            }
        }
        Err(BAD)
    }
}

/// How many bytes `value` takes as a varint.
pub(super) fn length_of_varint(value: usize) -> usize {
    let bits = usize::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Appends `value` as a varint.
pub(super) fn write_varint(to: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        to.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    to.push(value.to_le_bytes()[0]);
}

/// How many bytes a field of `length` bytes takes, its tag and length included.
pub(super) fn length_of_bytes(length: usize) -> usize {
    1 + length_of_varint(length) + length
}

/// Appends the tag and the length of a field of bytes; `field` is below 16.
pub(super) fn write_head(to: &mut Vec<u8>, field: u8, length: usize) {
    to.push(field << 3 | 2);
    write_varint(to, length);
}

/// Appends a field of bytes.
pub(super) fn write_bytes(to: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    write_head(to, field, bytes.len());
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_as_long_as_they_say() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 5_243_000, usize::MAX] {
            let mut written = Vec::new();
            write_varint(&mut written, value);
            assert_eq!(written.len(), length_of_varint(value));
            assert_eq!(Fields::of(&written).varint(), Ok(value as u64));
        }
    }

    #[test]
    fn unknown_fields_are_skipped() {
        let message = [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4, 0x0a, 1, b'k'];
        let mut fields = Fields::of(&message);
        assert_eq!(fields.next(), Ok(Some(Field::Fixed64(1, 0x0807_0605_0403_0201))));
        assert_eq!(fields.next(), Ok(Some(Field::Other)));
        assert_eq!(fields.next(), Ok(Some(Field::Bytes(1, 16..17))));
        assert_eq!(fields.next(), Ok(None));
    }

    #[test]
    fn what_ends_too_early_is_refused() {
        for message in [
            &[0x0a][..],
            &[0x0a, 5, 1],
            &[0xff; 11],
            &[0x08],
            &[0x09, 1, 2],
            &[0x00, 0x00],
            &[0x0b],
        ] {
            assert_eq!(Fields::of(message).next(), Err(BAD));
        }
    }
}
