//! Answers that handlers of several data types give.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderValue};
use serde::Serialize;

use crate::message::Response;

/// The answer to an increment.
#[derive(Serialize)]
pub(super) struct Number {
    pub(super) value: i64,
}

/// The answer to a success without content.
pub(super) fn no_content() -> Response {
    empty(StatusCode::NO_CONTENT, None)
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode, etag: Option<HeaderValue>) -> Response {
    let mut response = Response::of(status, Bytes::new());
    if let Some(etag) = etag {
        response.headers.insert(header::ETAG, etag);
    }
    response
}
