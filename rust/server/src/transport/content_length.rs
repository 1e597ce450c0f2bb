//! The `content-length` of a request (RFC 9110 §8.6), and the allocation of a body.

use attimo_engine::allocated_bytes;

/// Parses at most 18 digits. Rust's own parser would also accept a sign.
pub(super) fn decimal(text: &[u8]) -> Option<usize> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + usize::from(digit - b'0'))
    })
}

/// Frees unused capacity of a long value, since it may be stored as it is.
pub(super) fn fitted(mut gathered: Vec<u8>) -> Vec<u8> {
    if allocated_bytes(gathered.capacity()) > allocated_bytes(gathered.len()) {
        gathered.shrink_to_fit();
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_digits() {
        assert_eq!(decimal(b"0012"), Some(12));
        assert_eq!(decimal(&[b'9'; 18]), Some(999_999_999_999_999_999));
        for text in [&b""[..], b"+1", b"-1", b" 1", b"1 ", b"1,1", b"0x1", &[b'1'; 19]] {
            assert_eq!(decimal(text), None, "{text:?}");
        }
    }
}
