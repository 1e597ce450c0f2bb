//! What a call says in its headers.

use http::header::HeaderValue;

use crate::error::{Error, Result};
use crate::front::authorization;
use crate::message::Headers;

const TWICE: Error = Error::Malformed("send one `cache` header");

/// The token of a request; empty if there is none.
pub(super) fn token(headers: &Headers) -> Result<&[u8]> {
    authorization::token(headers).map(Option::unwrap_or_default)
}

/// The cache that a request names; empty if it names none.
///
/// # Errors
///
/// [`Error::Malformed`] if there are two `cache` headers.
pub(super) fn cache(headers: &Headers) -> Result<&[u8]> {
    let named = authorization::once(headers, "cache", TWICE)?;
    Ok(named.map_or(&b""[..], HeaderValue::as_bytes))
}
