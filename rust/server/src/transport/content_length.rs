//! Lengths: the `content-length` of a request (RFC 9110 §8.6), and what a body really takes.

use attimo_engine::allocated_bytes;

/// A whole number in digits only, for Rust's own parser would take a sign; of 18 of them at most.
pub(super) fn decimal(text: &[u8]) -> Option<usize> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + usize::from(digit - b'0'))
    })
}

/// A long value may be kept where it lies, so nothing may lie idle behind it.
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
