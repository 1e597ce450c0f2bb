//! Answers that handlers of several data types give.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

/// The answer to an increment.
#[derive(Serialize)]
pub(super) struct Number {
    pub(super) value: i64,
}

/// The answer to what was done and leaves nothing to say.
pub(super) fn no_content() -> Response<Bytes> {
    empty(StatusCode::NO_CONTENT, None)
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode, etag: Option<HeaderValue>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
