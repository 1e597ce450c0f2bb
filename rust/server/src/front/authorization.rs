//! `Authorization`: the one place where a front takes a credential from a request's headers.

use http::header::HeaderValue;

use crate::error::{Error, Result};
use crate::message::Headers;

/// RFC 9110 §11.1: the name of a scheme is case-insensitive; §11.4: one or more spaces follow it.
const BEARER: &[u8] = b"bearer";
const TWICE: Error = Error::Malformed("send one `authorization` header");

/// The token in `headers`; `None` if there is no `authorization`.
///
/// The official clients send a bare token, others `Bearer TOKEN`.
///
/// # Errors
///
/// [`Error::Malformed`] if there are two: a proxy or a log may have read the other one.
pub(super) fn token(headers: &Headers) -> Result<Option<&[u8]>> {
    let given = once(headers, "authorization", TWICE)?;
    Ok(given.map(HeaderValue::as_bytes).map(bare))
}

/// The value of a header that may be there once.
///
/// # Errors
///
/// `twice` if it is there more often.
pub(super) fn once(
    headers: &Headers,
    name: impl AsRef<str>,
    twice: Error,
) -> Result<Option<&HeaderValue>> {
    let mut all = headers.get_all(name);
    let first = all.next();
    if all.next().is_some() { Err(twice) } else { Ok(first) }
}

/// The token in `credentials`, with or without the name of its scheme.
///
/// A scheme without a token is still a credential: it is returned as it is and fails verification.
pub(super) fn bare(credentials: &[u8]) -> &[u8] {
    let credentials = credentials.trim_ascii();
    let Some((scheme, rest)) = credentials.split_at_checked(BEARER.len()) else {
        return credentials;
    };
    if rest.first() == Some(&b' ') && scheme.eq_ignore_ascii_case(BEARER) {
        rest.trim_ascii_start()
    } else {
        credentials
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn headers(values: &[&str]) -> Headers {
        let values = values.iter().map(|value| (header::AUTHORIZATION, value.parse().unwrap()));
        values.collect()
    }

    #[test]
    fn a_scheme_is_read_in_any_case_and_with_any_number_of_spaces() {
        for value in
            ["t", "Bearer t", "bearer t", "BEARER t", "bEaReR t", "Bearer   t", "Bearer t "]
        {
            assert_eq!(token(&headers(&[value])), Ok(Some(&b"t"[..])), "{value}");
        }
    }

    #[test]
    fn what_is_no_bearer_is_looked_at_as_it_is() {
        for value in ["Bearer", "Bearert", "Bearer\tt", "Basic t", "Digest t", "Token t", "bear t"]
        {
            assert_eq!(token(&headers(&[value])), Ok(Some(value.as_bytes())), "{value}");
        }
        assert_eq!(token(&headers(&["Bearer Bearer t"])), Ok(Some(&b"Bearer t"[..])));
    }

    #[test]
    fn two_headers_are_refused_even_if_they_are_alike() {
        assert_eq!(token(&headers(&[])), Ok(None));
        assert_eq!(token(&headers(&["t", "t"])), Err(TWICE));
        assert_eq!(token(&headers(&["Bearer t", ""])), Err(TWICE));
    }
}
