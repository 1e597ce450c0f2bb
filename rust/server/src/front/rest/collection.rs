//! What requests about collections have in common.

use std::ops::Deref;

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use super::{json, status};
use crate::error::Result;
use crate::gate::Call;

/// Elements as commands take them.
pub(super) fn slices<E: Deref<Target = [u8]>>(
    elements: &[E],
) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
    elements.iter().map(|element| &**element)
}

/// How many bytes elements have together.
pub(super) fn sum_of<'a>(elements: impl Iterator<Item = &'a [u8]>) -> usize {
    elements.map(<[u8]>::len).sum()
}

/// The answer that there is no such collection, which is counted.
pub(super) fn missing(call: &mut Call<'_>) -> Response<Bytes> {
    call.looked(None);
    status::key_not_found()
}

/// The answer to a change that leaves so many elements.
///
/// # Errors
///
/// None in fact: it is short.
pub(super) fn length(length: usize) -> Result<Response<Bytes>> {
    #[derive(Serialize)]
    struct Length {
        length: usize,
    }
    json::reply(&Length { length })
}

/// The answer to who asks for a length, which is counted.
///
/// # Errors
///
/// None in fact: it is short.
pub(super) fn length_found(call: &mut Call<'_>, found: Option<usize>) -> Result<Response<Bytes>> {
    let Some(found) = found else { return Ok(missing(call)) };
    call.looked(Some(0));
    length(found)
}
