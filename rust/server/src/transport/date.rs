//! The `date` of answers: worked out once a second and thread (RFC 9110 §5.6.7, §6.6.1).

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use http::header::HeaderValue;

/// The second in words.
pub(super) fn date(epoch_seconds: u64) -> HeaderValue {
    thread_local! {
        static LAST: RefCell<(u64, HeaderValue)> =
            const { RefCell::new((u64::MAX, HeaderValue::from_static(""))) };
    }
    LAST.with_borrow_mut(|last| {
        if last.0 != epoch_seconds {
            let words = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(epoch_seconds));
            let value = HeaderValue::from_str(&words);
            *last = (epoch_seconds, value.unwrap_or(HeaderValue::from_static("")));
        }
        last.1.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_own_words() {
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(784_111_778), "Sun, 06 Nov 1994 08:49:38 GMT");
    }
}
