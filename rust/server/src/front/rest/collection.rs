//! What requests about collections have in common.

use std::ops::Deref;

use serde::Serialize;

use super::{json, status};
use crate::error::Result;
use crate::message::Response;

/// Elements as commands take them.
pub(super) fn slices<E: Deref<Target = [u8]>>(
    elements: &[E],
) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
    elements.iter().map(|element| &**element)
}

/// The answer to a change that leaves so many elements.
///
/// # Errors
///
/// None in fact: it is short.
pub(super) fn length(length: usize) -> Result<Response> {
    #[derive(Serialize)]
    struct Length {
        length: usize,
    }
    json::reply(&Length { length })
}

/// The answer to a request for a length.
///
/// # Errors
///
/// None in fact: it is short.
pub(super) fn length_found(found: Option<usize>) -> Result<Response> {
    found.map_or_else(|| Ok(status::key_not_found()), length)
}

/// The answer to `HEAD` for a whole collection, which is not read for it.
pub(super) fn head(length: Option<usize>) -> Response {
    length.map_or_else(status::key_not_found, |_| json::head())
}
