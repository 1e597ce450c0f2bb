//! Entity tags (RFC 9110 §8.8.3): the digest of a value in hexadecimal, in quotes.

/// The bytes of a digest.
const DIGEST: usize = 16;
/// Two digits for each of them, and the quotes.
const BYTES: usize = 2 * DIGEST + 2;

/// The two digits of each byte.
static DIGITS: [[u8; 2]; 256] = digits();

const fn digits() -> [[u8; 2]; 256] {
    let of = b"0123456789abcdef";
    let (mut digits, mut byte) = ([[0; 2]; 256], 0);
    while byte < 256 {
        digits[byte] = [of[byte >> 4], of[byte & 15]];
        byte += 1;
    }
    digits
}

/// The strong entity tag of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntityTag([u8; BYTES]);

impl EntityTag {
    /// That of a value with this digest.
    pub(crate) fn of(digest: [u8; DIGEST]) -> Self {
        let mut text = [b'"'; BYTES];
        for (pair, byte) in text[1..].as_chunks_mut().0.iter_mut().zip(digest) {
            *pair = DIGITS[usize::from(byte)];
        }
        EntityTag(text)
    }

    /// As fields have it: with its quotes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What is between the quotes.
    pub(crate) fn digits(&self) -> &[u8] {
        &self.0[1..BYTES - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_all_digits_of_the_digest_in_quotes() {
        let tag = EntityTag::of([0x00, 1, 0x2a, 0xff, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xf0]);

        assert_eq!(tag.as_bytes(), b"\"00012aff0405060708090a0b0c0d0ef0\"");
        assert_eq!(tag.digits(), b"00012aff0405060708090a0b0c0d0ef0");
    }
}
