//! The request id, which appears in the response and in the log.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{HeaderName, HeaderValue};

use crate::message::Headers;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The id that the client sent, if it is valid, or a new one.
pub(super) fn of(headers: &Headers) -> HeaderValue {
    headers
        .get(&REQUEST_ID)
        .filter(|given| will_do(given.as_bytes()))
        .cloned()
        .unwrap_or_else(fresh)
}

/// Ids are logged unescaped, so few characters are allowed.
fn will_do(given: &[u8]) -> bool {
    let is_fine = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:/+=@-".contains(byte);
    (1..=LONGEST).contains(&given.len()) && given.iter().all(is_fine)
}

fn fresh() -> HeaderValue {
    static KEYS: OnceLock<RandomState> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{:016x}", KEYS.get_or_init(RandomState::new).hash_one(number));
    HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(given: &str) -> HeaderValue {
        of(&Headers::from_iter([(REQUEST_ID, HeaderValue::from_str(given).unwrap())]))
    }

    #[test]
    fn a_name_that_will_do_is_kept() {
        assert_eq!(named("4bf92f35-77b3_4d.a/7:0"), named("4bf92f35-77b3_4d.a/7:0"));
        assert_eq!(named("abc"), "abc");
    }

    #[test]
    fn another_is_made_in_place_of_one_that_will_not_do() {
        for given in ["", "two words", "a\tb", "\"quoted\"", &"x".repeat(LONGEST + 1)] {
            let made = named(given);
            assert_eq!(made.len(), 16, "{given}");
            assert_ne!(made, named(given));
        }
    }
}
