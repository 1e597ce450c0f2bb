//! The `date` header, formatted once a second per thread (RFC 9110 §5.6.7, §6.6.1).

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

/// The length of `Sun, 06 Nov 1994 08:49:37 GMT`.
const LENGTH: usize = 29;

/// Formats a time.
pub(super) fn date(epoch_seconds: u64) -> [u8; LENGTH] {
    thread_local! {
        static LAST: Cell<(u64, [u8; LENGTH])> = const { Cell::new((u64::MAX, [0; LENGTH])) };
    }
    let (second, words) = LAST.get();
    if second == epoch_seconds {
        return words;
    }
    let words = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(epoch_seconds));
    let words = words.as_bytes().try_into().expect("HTTP dates have a fixed length");
    LAST.set((epoch_seconds, words));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_own_date() {
        assert_eq!(&date(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(&date(784_111_778), b"Sun, 06 Nov 1994 08:49:38 GMT");
    }
}
