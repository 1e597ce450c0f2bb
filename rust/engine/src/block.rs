//! An item's key and value in one heap block: key length, key, value.
//!
//! The length is a varint, so that it takes one byte for keys under 128 bytes
//! and still allows keys of megabytes.

/// Builds the block.
pub(crate) fn join(key: &[u8], value: &[u8]) -> Box<[u8]> {
    let mut block = Vec::with_capacity(varint_len(key.len()) + key.len() + value.len());
    let mut rest = key.len();
    while rest >= 0x80 {
        block.push(low_bits(rest) | 0x80);
        rest >>= 7;
    }
    block.push(low_bits(rest));
    block.extend_from_slice(key);
    block.extend_from_slice(value);
    block.into_boxed_slice()
}

/// Returns the key and the value.
pub(crate) fn split(block: &[u8]) -> (&[u8], &[u8]) {
    let (mut len, mut start) = (0, 0);
    loop {
        let byte = block[start];
        len |= usize::from(byte & 0x7f) << (7 * start);
        start += 1;
        if byte < 0x80 {
            return block[start..].split_at(len);
        }
    }
}

/// The size of a block with this key and value, in bytes.
pub(crate) fn len(key: &[u8], value: &[u8]) -> usize {
    varint_len(key.len()) + key.len() + value.len()
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

    #[test]
    fn a_block_splits_into_key_and_value_at_every_length() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 5_000_000] {
            let key = vec![7; len];
            for value in [&b""[..], b"v"] {
                let block = join(&key, value);

                assert_eq!(split(&block), (&key[..], value));
                assert_eq!(block.len(), super::len(&key, value));
            }
        }
    }
}
