//! Answers that handlers of several data types give.

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use crate::message::{EntityTag, Response};

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
pub(super) fn empty(status: StatusCode, etag: Option<EntityTag>) -> Response {
    Response { etag, ..Response::of(status, Bytes::new()) }
}
